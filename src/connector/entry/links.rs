//! Where the symbolic links of a tree lead, worked out without touching a file system.

use std::path::Path;

use super::refusal;
use crate::connector::manifest::{Node, TreeManifest};
use crate::language::Problem;

/// What Linux follows in one look-up.
const HOPS: usize = 40;
/// Steps for all links together: a few links can be written so that resolving them never ends.
const STEPS: usize = 4_000_000;

/// Refuses a tree in which a symbolic link leads out, be it by way of other links.
///
/// Purely textual normalisation is not enough: with `deep/up -> ..`, the link
/// `out -> deep/up/../x` looks as if it stayed inside.
pub(in crate::connector) fn refuse_escapes(
    tree: &TreeManifest,
    payload: &Path,
) -> Result<(), Problem> {
    let mut steps = 0;
    for (path, node) in tree {
        let Node::Symlink { target } = node else { continue };
        resolve(tree, path, target, &mut steps)
            .map_err(|reason| refusal::of(payload, path.as_bytes(), reason))?;
    }
    Ok(())
}

fn resolve(
    tree: &TreeManifest,
    path: &str,
    target: &str,
    steps: &mut usize,
) -> Result<(), Problem> {
    let escapes = || refusal::symlink_escapes(target);
    let mut place = path.rsplit_once('/').map_or("", |(parent, _)| parent).to_string();
    let mut pending: Vec<&str> = Vec::new();
    let mut hops = 0;
    let mut next = Some(target);
    loop {
        if let Some(link) = next.take() {
            hops += 1;
            if link.starts_with('/') {
                return Err(escapes());
            }
            pending.extend(link.rsplit('/'));
        }
        let Some(part) = pending.pop() else { return Ok(()) };
        *steps += 1;
        if hops > HOPS || *steps > STEPS {
            return Err(refusal::symlink_loop(target));
        }
        match part {
            "" | "." => {}
            ".." if place.is_empty() => return Err(escapes()),
            ".." => place.truncate(place.rfind('/').unwrap_or(0)),
            name => {
                let parent = place.len();
                if parent > 0 {
                    place.push('/');
                }
                place.push_str(name);
                if let Some(Node::Symlink { target }) = tree.get(&place) {
                    next = Some(target);
                    place.truncate(parent);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(links: &[(&str, &str)]) -> Result<(), Problem> {
        let mut tree = TreeManifest::default();
        for (path, target) in links {
            tree.insert((*path).to_string(), Node::Symlink { target: (*target).to_string() });
        }
        refuse_escapes(&tree, Path::new("/p"))
    }

    #[test]
    fn links_inside_the_tree_pass_even_if_nothing_is_there() {
        for links in [
            [("node_modules/.bin/which", "../which/bin/which")].as_slice(),
            &[("a", "b"), ("b", "c/d")],
            &[("a/b", "./../x//y/")],
            &[("d/up", ".."), ("in", "d/up/x")],
            &[("self", ".")],
        ] {
            assert_eq!(judge(links), Ok(()), "{links:?}");
        }
    }

    #[test]
    fn links_out_of_the_tree_are_refused() {
        for (links, culprit) in [
            ([("a", "/etc/passwd")].as_slice(), "a"),
            (&[("a", "..")], "a"),
            (&[("a/b", "../../x")], "a/b"),
            (&[("a/b", "../a/../../x")], "a/b"),
            (&[("deep/up", ".."), ("out", "deep/up/../x")], "out"),
            (&[("a", "z/.."), ("z", "..")], "a"),
        ] {
            let refusal = judge(links).unwrap_err();
            assert_eq!(refusal.code, "payload.symlink-escapes", "{links:?}");
            assert!(refusal.message.contains(&format!("“{culprit}”")), "{refusal:?}");
        }
    }

    #[test]
    fn circles_end() {
        for links in [[("a", "a")].as_slice(), &[("a", "b"), ("b", "a")], &[("a", "a/a/a")]] {
            let refusal = judge(links).unwrap_err();
            assert_eq!(refusal.code, "payload.symlink-loop", "{links:?}");
        }
    }
}
