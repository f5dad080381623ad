//! Values that somebody forgot to fill in.

/// Whether a value is a placeholder: `你的…`, `your-…`, `<…>`, `xxx`, or nothing at all.
///
/// The page's `gatewayToken: "你的gatewayToken"`, left as it is, makes the connector fail with
/// "Cannot convert argument to a `ByteString`".
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_lowercase();
    value.is_empty()
        || value.starts_with("你的")
        || value.starts_with("您的")
        || lower.starts_with("your-")
        || lower.starts_with("your_")
        || (value.starts_with('<') && value.ends_with('>'))
        || lower.chars().all(|c| c == 'x')
        || lower.chars().all(|c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn tells_placeholders_from_values() {
        for placeholder in [
            "你的钉钉clientId",
            "your-api-key",
            "YOUR_TOKEN",
            "<token>",
            "xxx",
            "XXXX",
            "****",
            " ",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for value in ["dingabc123", "sk-xxx1", "yourself", "${DINGTALK_SECRET}", "x1"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
