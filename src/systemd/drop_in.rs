//! The text of a unit drop-in: read as systemd reads it, changed without touching another byte.

mod document;
mod merge;

pub use merge::{Assigned, assigned, line_of, merged, values_of, variables, without_bypass};

/// The names of our drop-in that systemd reads last, and of the file of variables that it names: for
/// what `override.conf` cannot do.
pub const LAST: [&str; 2] = ["zz-openclaw-setup.conf", "zz-openclaw-setup.env"];

/// Section names of a service's unit file.
const SECTIONS: [&str; 3] = ["[Unit]", "[Service]", "[Install]"];

/// The text with the lost line ends put back, or `None` if none are missing.
pub fn repaired(text: &str) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut changed = false;
    let mut result = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let pieces = pieces(line);
        changed |= pieces.len() > 1;
        result.push_str(&pieces.join(end));
    }
    changed.then_some(result)
}

/// A physical line, cut where a line end must have been.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    let indent = line.len() - line.trim_start().len();
    if rest[indent..].starts_with(['#', ';']) {
        return vec![line];
    }
    while let Some(cut) = next_cut(rest) {
        pieces.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start_matches([' ', '\t']);
    }
    pieces.push(rest);
    pieces
}

/// Where the first lost line end was.
fn next_cut(text: &str) -> Option<usize> {
    let indent = text.len() - text.trim_start().len();
    let after_header = SECTIONS.iter().find_map(|section| {
        let rest = text[indent..].strip_prefix(section)?;
        starts_assignment(rest.trim_start()).then_some(indent + section.len())
    });
    after_header.or_else(|| after_quote(text))
}

/// Right after a closing quote of an `Environment=` line, where another one begins. Glued to the
/// quote, the name cannot be meant as part of the value.
fn after_quote(text: &str) -> Option<usize> {
    let start = text.find("Environment=")?;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip_while(|&(at, _)| at < start) {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => {
                quote = None;
                let rest = &text[at + 1..];
                if starts_assignment(rest) || SECTIONS.iter().any(|name| rest.starts_with(name)) {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether `text` starts with a directive that a service drop-in may hold.
fn starts_assignment(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default().trim_end();
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric());
    text.contains('=') && is_name && name.starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::repaired;

    const WHOLE: &str = "[Service]\nEnvironment=\"no_proxy=127.0.0.1,localhost,::1\"\n\
                         Environment=\"NO_PROXY=127.0.0.1,localhost,::1\"";

    #[test]
    fn the_documented_text_on_one_line_gets_its_line_ends_back() {
        let damaged = WHOLE.replace('\n', "");
        assert_eq!(repaired(&damaged).as_deref(), Some(WHOLE));
        let with_end = format!("{damaged}\n");
        assert_eq!(repaired(&with_end), Some(format!("{WHOLE}\n")));
    }

    #[test]
    fn every_partial_damage_is_seen() {
        for (damaged, whole) in [
            ("[Service]Environment=A=b\n", Some("[Service]\nEnvironment=A=b\n")),
            ("[Service] Environment=A=b\n", Some("[Service]\nEnvironment=A=b\n")),
            (
                "[Service]\nEnvironment=\"A=b\"Environment=\"C=d\"\n",
                Some("[Service]\nEnvironment=\"A=b\"\nEnvironment=\"C=d\"\n"),
            ),
            (
                "[Unit]After=x.service\r\n[Service]\r\n",
                Some("[Unit]\r\nAfter=x.service\r\n[Service]\r\n"),
            ),
            (
                "[Service]Environment='A=b'[Install]WantedBy=default.target",
                Some("[Service]\nEnvironment='A=b'\n[Install]\nWantedBy=default.target"),
            ),
            ("# [Service]Environment=A=b\n", None),
            ("[Service]\nEnvironment=\"A=b\" \"C=Environment=d\"\n", None),
            ("[Service]\nEnvironment=\"A=\\\"Environment=d\"\n", None),
            ("[Service]\nExecStart=/bin/echo \"x\"Environment=y\n", None),
            ("[Service]\n", None),
            ("", None),
        ] {
            assert_eq!(repaired(damaged).as_deref(), whole, "{damaged:?}");
        }
    }
}
