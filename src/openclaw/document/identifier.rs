//! Unquoted keys: ECMAScript's `IdentifierName`, with its `\uXXXX` escapes.

/// The name that an unquoted key spells, or nothing if it is no identifier.
pub(super) fn decode(word: &str) -> Option<String> {
    let name = unescape(word)?;
    is_identifier(&name).then_some(name)
}

/// Whether `name` may stand as a key without quotes.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(may_begin) && characters.all(may_continue)
}

fn may_begin(c: char) -> bool {
    matches!(c, '$' | '_') || unicode_ident::is_xid_start(c)
}

fn may_continue(c: char) -> bool {
    matches!(c, '$' | '\u{200c}' | '\u{200d}') || unicode_ident::is_xid_continue(c)
}

fn unescape(word: &str) -> Option<String> {
    let mut name = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(escape) = rest.find('\\') {
        name.push_str(&rest[..escape]);
        let digits = rest[escape..].strip_prefix("\\u")?.get(..4)?;
        name.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = &rest[escape + "\\uXXXX".len()..];
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn unquoted_keys() {
        for (word, name) in [
            ("$schema", Some("$schema")),
            ("频道", Some("频道")),
            ("\\u0061b", Some("ab")),
            ("null_x", Some("null_x")),
            ("a-b", None),
            ("1a", None),
            ("\\u002d", None),
            ("\\u00", None),
            ("", None),
        ] {
            assert_eq!(decode(word).as_deref(), name, "{word}");
        }
    }
}
