//! The two languages of every user-facing text, and what an error owes its reader.

use std::fmt::Debug;

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, the default.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// The language of a locale name such as `zh_CN.UTF-8` or `en-GB`.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// The language of the environment (`LANGUAGE`, `LC_ALL`, `LC_MESSAGES`, `LANG`).
    #[must_use]
    pub fn of_environment() -> Self {
        sys_locale::get_locale().map_or(Self::English, |locale| Self::of_locale(&locale))
    }
}

/// Formats one text in the reader's language. Both texts stand side by side, so a missing
/// translation does not compile.
///
/// ```
/// use openclaw_setup::{language::Language, say};
/// let file = "openclaw.json";
/// assert_eq!(say!(Language::Chinese, "{file} is missing", "缺少 {file}"), "缺少 openclaw.json");
/// ```
#[macro_export]
macro_rules! say {
    ($language:expr, $english:literal, $chinese:literal $(, $argument:expr)* $(,)?) => {
        match $language {
            $crate::language::Language::English => format!($english $(, $argument)*),
            $crate::language::Language::Chinese => format!($chinese $(, $argument)*),
        }
    };
}

/// A text that exists in both languages.
pub trait Localized: Debug {
    /// The text, in `language`, one sentence without a final newline.
    fn text(&self, language: Language) -> String;
}

/// An error as an operator reads it at 2 a.m.: what went wrong and where, then what to do now.
///
/// No text of an error may hold a secret.
pub trait Explain: Debug + Send + Sync {
    /// A stable id for scripts, such as `config.syntax`; never translated.
    fn code(&self) -> &'static str;

    /// What went wrong, with the absolute path, the place and the cause.
    fn problem(&self, language: Language) -> String;

    /// What to do now; the last line may be a command to type.
    fn remedy(&self, language: Language) -> String;

    /// Evidence below the message, line by line: a program's own words.
    fn evidence(&self) -> &[String] {
        &[]
    }
}

impl<E: Explain + 'static> From<E> for Box<dyn Explain> {
    fn from(error: E) -> Self {
        Box::new(error)
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn locale_names_choose_the_language() {
        for (locale, language) in [
            ("zh_CN.UTF-8", Language::Chinese),
            ("zh-Hans-CN", Language::Chinese),
            ("en_US.UTF-8", Language::English),
            ("C", Language::English),
            ("de_DE", Language::English),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
