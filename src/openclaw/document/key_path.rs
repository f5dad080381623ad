//! The way from a document's root to a value, and how it is written for a person.

use std::fmt;

/// Keys from the root downward; inside an array a segment is the element's index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct KeyPath(Vec<String>);

impl KeyPath {
    /// The segments from the root downward.
    #[must_use]
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The path of `segment` inside the value at this path.
    #[must_use]
    pub fn child(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }
}

impl fmt::Display for KeyPath {
    /// `channels.dingtalk-connector.clientId`, `agents.defaults.models["openai/gpt-5.4"]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("(root)");
        }
        for (position, segment) in self.0.iter().enumerate() {
            match (is_plain(segment), position) {
                (true, 0) => formatter.write_str(segment)?,
                (true, _) => write!(formatter, ".{segment}")?,
                (false, _) => write!(formatter, "[{segment:?}]")?,
            }
        }
        Ok(())
    }
}

fn is_plain(segment: &str) -> bool {
    !segment.is_empty() && segment.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c))
}

impl<S: AsRef<str>> From<&[S]> for KeyPath {
    fn from(segments: &[S]) -> Self {
        Self(segments.iter().map(|segment| segment.as_ref().to_owned()).collect())
    }
}

impl<S: AsRef<str>, const N: usize> From<[S; N]> for KeyPath {
    fn from(segments: [S; N]) -> Self {
        Self::from(segments.as_slice())
    }
}

impl<S: AsRef<str>, const N: usize> From<&[S; N]> for KeyPath {
    fn from(segments: &[S; N]) -> Self {
        Self::from(segments.as_slice())
    }
}

impl From<Vec<String>> for KeyPath {
    fn from(segments: Vec<String>) -> Self {
        Self(segments)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyPath;

    #[test]
    fn keys_that_are_no_words_are_bracketed() {
        let path = KeyPath::from(["agents", "models", "openai/gpt-5.4", "频道"]);
        assert_eq!(path.to_string(), r#"agents.models["openai/gpt-5.4"].频道"#);
        assert_eq!(KeyPath::default().to_string(), "(root)");
    }
}
