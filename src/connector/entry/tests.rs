//! Names, links and limits: what an entry may be, and what it may not.

use super::*;

#[test]
fn safe_names_are_normalised() {
    for (name, path) in [
        ("package/index.ts", "package/index.ts"),
        ("./a//b/./c/", "a/b/c"),
        ("./", ""),
        ("", ""),
        ("..a/b..", "..a/b.."),
        ("中文/文件", "中文/文件"),
    ] {
        assert_eq!(clean(name.as_bytes()), Ok(path.to_string()), "{name}");
    }
}

#[test]
fn unsafe_names_are_refused() {
    let deep = "d/".repeat(DEPTH_LIMIT + 1);
    let long = "n".repeat(NAME_MAX + 1);
    let longer = format!("{}/", "n".repeat(200)).repeat(11);
    for (name, fault) in [
        (b"/etc/passwd".as_slice(), "payload.absolute-path"),
        (b"../x", "payload.parent-path"),
        (b"a/../b", "payload.parent-path"),
        (b"a/..", "payload.parent-path"),
        (b"a\nb", "payload.control-character"),
        (b"a\0b", "payload.control-character"),
        (b"a\x1b[2Jb", "payload.control-character"),
        (b"a\xffb", "payload.not-utf8"),
        (deep.as_bytes(), "payload.name-too-long"),
        (long.as_bytes(), "payload.name-too-long"),
        (longer.as_bytes(), "payload.name-too-long"),
    ] {
        assert_eq!(clean(name).unwrap_err().code, fault, "{}", shown(name));
    }
}

#[test]
fn a_hostile_name_is_shown_without_its_bite() {
    assert_eq!(shown(b"a\n\x1b[2J\xff\xe4\xb8\xad"), "a\\n\\u{1b}[2J\\xff中");
}

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

const FILE: Kind<'static> = Kind::File { size: 10 };

fn admit_all(entries: &[(&str, Kind<'_>, u32)]) -> Result<(), &'static str> {
    let limits = Limits { total: 100, file: 50, entries: 6 };
    let mut validator = Validator::new(Path::new("/p.tgz"), limits);
    entries.iter().try_for_each(|(name, kind, mode)| {
        let entry = Entry { name: name.as_bytes(), kind: *kind, mode: *mode };
        validator.admit(&entry).map(drop).map_err(|refusal| refusal.code)
    })
}

#[test]
fn an_ordinary_tree_passes() {
    let link = Kind::Symlink { target: b"../which/bin/which" };
    assert_eq!(
        admit_all(&[
            ("./", Kind::Directory, 0o2777),
            ("a/b", FILE, 0o777),
            ("a/", Kind::Directory, 0o755),
            ("a/bin/which", link, 0o777),
            ("world-writable", FILE, 0o666),
        ]),
        Ok(())
    );
}

#[test]
fn what_came_before_decides() {
    let link = Kind::Symlink { target: b"a" };
    let case = "payload.case-collision";
    for (first, second, fault) in [
        (("a", FILE), ("a", FILE), "payload.duplicate"),
        (("a", FILE), ("./a", Kind::Directory), "payload.duplicate"),
        (("a/b", FILE), ("a", link), "payload.duplicate"),
        (("a", Kind::Directory), ("a", Kind::Directory), "payload.duplicate"),
        (("l", link), ("l/x", FILE), "payload.through-symlink"),
        (("f", FILE), ("f/x", FILE), "payload.through-file"),
        (("Readme", FILE), ("README", FILE), case),
        (("lib/a", FILE), ("Lib/b", FILE), case),
        (("stra\u{df}e", FILE), ("STRA\u{1e9e}E", FILE), case),
    ] {
        let entries = [(first.0, first.1, 0o644), (second.0, second.1, 0o644)];
        assert_eq!(admit_all(&entries), Err(fault), "{first:?} {second:?}");
    }
}

#[test]
fn limits_are_judged_by_what_is_declared() {
    let large = Kind::File { size: 50 };
    let many: Vec<_> = ["1", "2", "3", "4", "5", "6", "7"].map(|n| (n, FILE, 0)).into();
    for (entries, fault) in [
        (vec![("a", Kind::File { size: 51 }, 0)], "payload.file-too-large"),
        (vec![("a", large, 0), ("b", large, 0)], ""),
        (
            vec![("a", large, 0), ("b", large, 0), ("c", Kind::File { size: 1 }, 0)],
            "payload.too-large",
        ),
        (many, "payload.too-many-entries"),
        (vec![("a/b/c/d/e/f/g", FILE, 0)], "payload.too-many-entries"),
    ] {
        let expected = if fault.is_empty() { Ok(()) } else { Err(fault) };
        assert_eq!(admit_all(&entries), expected);
    }
}

#[test]
fn setuid_and_setgid_files_are_refused() {
    for mode in [0o4755, 0o2755, 0o6755] {
        assert_eq!(admit_all(&[("a", FILE, mode)]), Err("payload.set-id"));
    }
    assert_eq!(admit_all(&[("a", FILE, 0o1644)]), Ok(()));
}
