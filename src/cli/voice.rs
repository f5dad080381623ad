//! How to speak, known before the command line is: even its faults are told in the right language.

use std::ffi::OsString;

use clap::ValueEnum;

use super::Global;
use crate::language::Language;

/// The options that decide how the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// The language that was asked for.
    pub lang: Option<Language>,
    /// One JSON document on stdout instead of text.
    pub json: bool,
    /// When to use colour.
    pub color: Color,
}

impl Voice {
    /// What the arguments of a command line, right or wrong, say about it.
    pub fn overheard(arguments: &[OsString]) -> Self {
        let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        let options: Vec<_> = words.iter().map(AsRef::as_ref).take_while(|w| *w != "--").collect();
        Self {
            lang: value(&options, "--lang"),
            json: options.contains(&"--json"),
            color: value(&options, "--color").unwrap_or(Color::Auto),
        }
    }
}

impl From<&Global> for Voice {
    fn from(global: &Global) -> Self {
        Self { lang: global.lang, json: global.json, color: global.color }
    }
}

/// The value of an option in either of its forms, if it is one of those that the option may have.
fn value<V: ValueEnum>(words: &[&str], option: &str) -> Option<V> {
    let joined = words.iter().find_map(|word| word.strip_prefix(option)?.strip_prefix('='));
    let next = words.windows(2).find(|pair| pair[0] == option).map(|pair| pair[1]);
    V::from_str(joined.or(next)?, true).ok()
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for clap::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Voice;
    use crate::cli::{Cli, Color};
    use crate::language::Language;
    use std::ffi::OsString;

    fn arguments(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn hears_what_parsing_finds() {
        for line in [
            "openclaw-setup status",
            "openclaw-setup --lang zh-CN status",
            "openclaw-setup install --lang=zh --json --color never",
            "openclaw-setup --color=always --lang en verify",
            "openclaw-setup install -- --json",
            "openclaw-setup --lang zh_cn status",
        ] {
            let arguments = arguments(line);
            let cli = Cli::read(&arguments).unwrap();
            assert_eq!(Voice::overheard(&arguments), Voice::from(&cli.global), "{line}");
        }
    }

    #[test]
    fn hears_through_faults() {
        let line = "openclaw-setup --nonsense --lang zh-CN --color sometimes --json";
        let voice = Voice::overheard(&arguments(line));
        assert_eq!(voice, Voice { lang: Some(Language::Chinese), json: true, color: Color::Auto });
    }
}
