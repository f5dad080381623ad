//! Names of entries: which ones are safe to write beneath a directory, and how to show the others.

use super::refusal;
use crate::language::Problem;

/// What Linux file systems hold in one name, in bytes.
const NAME_MAX: usize = 255;
/// Well below `PATH_MAX`, because the tree's own path comes in front.
const PATH_LIMIT: usize = 2048;
/// Each level costs an open descriptor while a tree is walked.
const DEPTH_LIMIT: usize = 128;

/// The path beneath the tree's root, without `.` and doubled slashes. Empty for the root itself.
pub(in crate::connector) fn clean(name: &[u8]) -> Result<String, Problem> {
    let name = text(name)?;
    if name.starts_with('/') {
        return Err(refusal::absolute_path());
    }
    let parts: Vec<&str> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(refusal::parent_path());
    }
    let path = parts.join("/");
    let too_long = path.len() > PATH_LIMIT || parts.iter().any(|part| part.len() > NAME_MAX);
    if too_long || parts.len() > DEPTH_LIMIT {
        return Err(refusal::name_too_long());
    }
    Ok(path)
}

/// The text of a name or of a link's target, which may hold no control character.
pub(in crate::connector) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| refusal::not_utf8())?;
    if text.chars().any(char::is_control) {
        return Err(refusal::control_character());
    }
    Ok(text)
}

/// Any name as text for a message: control characters and stray bytes become escapes, so that a
/// hostile name cannot steer the terminal.
pub(in crate::connector) fn shown(name: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        shown.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    shown
}

#[cfg(test)]
mod tests {
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
}
