//! The language of every user-facing text, chosen once at start, and what an error owes its reader.
//!
//! The English text stands in the code and is the key to its translation in `po/zh_CN.po`, which is
//! part of the program. A test (`tests/messages.rs`) fails on an entry that is missing, unused, or
//! has other placeholders than its English text.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::io::Read;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use serde::Serialize;

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    #[value(name = "en")]
    English,
    /// Simplified Chinese.
    #[value(name = "zh-CN", aliases = ["zh", "zh_CN", "zh-Hans", "cn"])]
    Chinese,
}

thread_local! {
    // of the thread, so that tests of both languages may run side by side
    static CHOSEN: Cell<Language> = const { Cell::new(Language::English) };
    static ADDRESSED: RefCell<Vec<Address>> = const { RefCell::new(Vec::new()) };
}

/// How a program is called for the installation that this run is about: a command that a text names
/// is to be typed as it stands there.
#[derive(Debug, Clone)]
pub struct Address {
    /// The words that begin a command.
    pub program: &'static str,
    /// What may follow; other words belong to a sentence.
    pub commands: Vec<String>,
    /// What stands before the program, with a blank at its end.
    pub before: String,
    /// Its options, with a blank after each.
    pub after: String,
}

impl Address {
    /// From now on this thread's texts name commands so.
    pub fn choose(addresses: Vec<Self>) {
        ADDRESSED.set(addresses);
    }

    /// The text with its commands called so; twice is as once.
    fn within(&self, text: &str) -> String {
        let mut pieces = text.split(self.program);
        let mut addressed = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let word = piece.strip_prefix(' ').unwrap_or_default();
            let word = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next();
            let is_command = self.commands.iter().any(|command| Some(command.as_str()) == word);
            let is_done = !self.before.is_empty() && addressed.ends_with(&self.before);
            if is_command && !is_done {
                addressed.extend([
                    &self.before,
                    self.program,
                    " ",
                    &self.after,
                    piece.trim_start(),
                ]);
            } else {
                addressed.extend([self.program, piece]);
            }
        }
        addressed
    }
}

/// The text with its commands as they have to be typed for this installation.
pub fn addressed(text: &str) -> String {
    let within = |text: String, address: &Address| address.within(&text);
    ADDRESSED.with_borrow(|addresses| addresses.iter().fold(text.to_owned(), within))
}

impl Language {
    /// The language of a locale name such as `zh_CN.UTF-8` or `en-GB`.
    pub fn of_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// The language of the environment (`LANGUAGE`, `LC_ALL`, `LC_MESSAGES`, `LANG`).
    pub fn of_environment() -> Self {
        sys_locale::get_locale().map_or(Self::English, |locale| Self::of_locale(&locale))
    }

    /// From now on this thread's texts are in this language.
    pub fn choose(self) {
        CHOSEN.set(self);
    }

    /// The language that was chosen.
    pub fn chosen() -> Self {
        CHOSEN.get()
    }
}

/// A text for the reader: an English literal, and each name that stands in its braces.
///
/// ```
/// use openclaw_setup::say;
/// let file = "openclaw.json";
/// assert_eq!(say!("{file} is missing", file), "openclaw.json is missing");
/// assert_eq!(say!("{file}: {line}", file, line = 2 + 1), "openclaw.json: 3");
/// ```
#[macro_export]
macro_rules! say {
    (@value $name:ident) => { $name };
    (@value $name:ident, $value:expr) => { $value };
    ($text:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        // never called: the compiler holds the names against the text
        let _ = || format!($text, $($name = $crate::say!(@value $name $(, $value)?)),*);
        $crate::language::fill(
            $crate::language::translated($text),
            &[$((stringify!($name), &$crate::say!(@value $name $(, $value)?))),*],
        )
    }};
}

/// [`say!`] for one and for many: the first text where the count is 1. Both have the same names.
///
/// ```
/// use openclaw_setup::say_count;
/// let count = 1;
/// assert_eq!(say_count!(count, "{count} error", "{count} errors", count), "1 error");
/// ```
#[macro_export]
macro_rules! say_count {
    ($count:expr, $one:literal, $many:literal $(, $argument:ident $(= $value:expr)?)* $(,)?) => {
        if $count == 1 {
            $crate::say!($one $(, $argument $(= $value)?)*)
        } else {
            $crate::say!($many $(, $argument $(= $value)?)*)
        }
    };
}

/// The text in the chosen language; the text itself where there is no translation.
pub fn translated(english: &str) -> &str {
    match Language::chosen() {
        Language::English => english,
        Language::Chinese => chinese().get(english).map_or(english, String::as_str),
    }
}

/// What serde calls a variant: the word that programs and files have for it, never translated.
pub fn word(variant: impl Serialize) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(word)) => word,
        // it has fields: those have no word
        _ => String::new(),
    }
}

/// Several things in one sentence.
pub fn list<T: AsRef<str>>(things: &[T]) -> String {
    let things: Vec<_> = things.iter().map(AsRef::as_ref).collect();
    things.join(match Language::chosen() {
        Language::English => ", ",
        Language::Chinese => "、",
    })
}

/// Puts the values where their names stand in braces; `{{` and `}}` are braces themselves.
///
/// A value has one line, whatever somebody has written into a version or a file's name: none begins
/// a line of ours. Only one whose name ends with `lines` may have several.
pub fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let text = addressed(text);
    let mut filled = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let name = rest[at + 1..].split('}').next().unwrap_or_default();
        let value = values.iter().find(|(known, _)| *known == name);
        match value {
            Some((name, value)) if rest[at..].starts_with('{') => {
                let value = value.to_string();
                let is_long = name.ends_with("lines");
                filled += &if is_long { value } else { value.replace('\n', "\\n") };
            }
            // a doubled brace
            _ => filled.push_str(&rest[at..=at]),
        }
        let taken = if value.is_some() { name.len() + 2 } else { 2 };
        rest = rest.get(at + taken..).unwrap_or_default();
    }
    filled + rest
}

/// The Chinese texts by their English ones.
fn chinese() -> &'static HashMap<String, String> {
    static TEXTS: OnceLock<HashMap<String, String>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let texts = unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/zh_CN.po.gz")));
        read_po(&texts).into_iter().collect()
    })
}

/// A text that `build.rs` has packed.
pub(crate) fn unpacked(packed: &[u8]) -> String {
    let mut text = String::new();
    // what was packed can be unpacked; else nothing is told, or all stays English
    let _ = GzDecoder::new(packed).read_to_string(&mut text);
    text
}

/// The entries of a file in gettext's PO format: `msgid` and `msgstr`, in lines of C strings.
pub fn read_po(text: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut in_translation = false;
    for line in text.lines() {
        let (keyword, string) = line.split_at(line.find('"').unwrap_or(line.len()));
        match keyword.trim_end() {
            "msgid" => entries.push(Default::default()),
            "msgstr" | "" => {}
            // a comment
            _ => continue,
        }
        in_translation = match keyword.trim_end() {
            "" => in_translation,
            keyword => keyword == "msgstr",
        };
        // the escapes of C that occur are those of JSON
        let string: String = serde_json::from_str(string).unwrap_or_default();
        if let Some((english, translation)) = entries.last_mut() {
            *if in_translation { translation } else { english } += &string;
        }
    }
    entries.retain(|(english, _)| !english.is_empty());
    entries
}

/// A text that exists in every language.
pub trait Localized: Debug {
    /// The text: one sentence without a final newline.
    fn text(&self) -> String;
}

/// What kind of failure it is, for whoever decides by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The operator asked the program to stop.
    Interrupted,
    /// The operator said no.
    Cancelled,
    /// Another run is at work.
    Busy,
    /// A transaction is unfinished.
    Unfinished,
    /// Somebody else has changed the subject meanwhile.
    Changed,
    /// The same may succeed later: a full disk, a missing right, a manager that does not answer.
    Passing,
    /// Any other; to try it again does not help.
    Lasting,
}

/// An error as an operator reads it at 2 a.m.: what went wrong and where, then what to do now.
///
/// No text of an error may hold a secret.
pub trait Explain: Debug + Send + Sync {
    /// All that is to be said of it.
    fn problem(&self) -> Problem;

    /// A stable id for scripts, such as `config.syntax`; never translated.
    fn code(&self) -> &'static str {
        self.problem().code
    }

    /// What kind of failure it is.
    fn kind(&self) -> Kind {
        self.problem().kind
    }

    /// What went wrong, with the absolute path, the place and the cause.
    fn message(&self) -> String {
        self.problem().message
    }

    /// What to do now; the last line may be a command to type.
    fn hint(&self) -> String {
        self.problem().hint
    }

    /// Evidence below the message, line by line: a program's own words.
    fn evidence(&self) -> Vec<String> {
        self.problem().evidence
    }
}

/// What went wrong, and what to do now. It is an error itself where nobody decides by more than its
/// kind: made by a small function where the reason is known, and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable id.
    pub code: &'static str,
    /// What kind of failure it is.
    pub kind: Kind,
    /// What went wrong.
    pub message: String,
    /// What to do now.
    pub hint: String,
    /// A program's own words about it.
    pub evidence: Vec<String>,
}

impl Problem {
    /// A problem to which trying again does not help.
    pub fn new(code: &'static str, message: String, hint: String) -> Self {
        Self { code, kind: Kind::Lasting, message, hint, evidence: Vec::new() }
    }

    /// The same of another kind.
    #[must_use]
    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }
}

impl Explain for Problem {
    fn problem(&self) -> Problem {
        self.clone()
    }
}

impl<E: Explain + 'static> From<E> for Box<dyn Explain> {
    fn from(error: E) -> Self {
        Box::new(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Language, fill, list, read_po, word};

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

    #[test]
    fn a_command_in_a_text_is_the_one_for_this_installation() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let address = |program, commands: &[&str], before: &str, after: &str| Address {
            program,
            commands: words(commands),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let both = [
            address("openclaw-setup", &["doctor", "install"], "", "--profile work "),
            address("openclaw", &["config"], "sudo -iu ann ", "--profile work "),
        ];
        Address::choose(both.to_vec());
        for (text, expected) in [
            (
                "Or: openclaw-setup doctor --fix, openclaw-setup install.",
                "Or: openclaw-setup --profile work doctor --fix, openclaw-setup --profile work install.",
            ),
            ("openclaw-setup has no records", "openclaw-setup has no records"),
            ("openclaw config set a b", "sudo -iu ann openclaw --profile work config set a b"),
            ("~/.openclaw/openclaw-setup/x", "~/.openclaw/openclaw-setup/x"),
            ("用 openclaw-setup doctor：", "用 openclaw-setup --profile work doctor："),
        ] {
            assert_eq!(fill(text, &[]), expected);
            assert_eq!(super::addressed(expected), expected, "twice is as once");
        }
        Address::choose(Vec::new());
        assert_eq!(fill("openclaw-setup doctor", &[]), "openclaw-setup doctor");
    }

    #[test]
    fn values_stand_where_their_names_do() {
        let values: &[(&str, &dyn std::fmt::Display)] =
            &[("file", &"{a}"), ("line", &3), ("version", &"1\n✓ a"), ("last_lines", &"a\nb")];
        for (text, filled) in [
            ("{file}, line {line}", "{a}, line 3"),
            ("{line}：{file}", "3：{a}"),
            ("{{file}} {{}}", "{file} {}"),
            ("none", "none"),
            ("{version}", "1\\n✓ a"),
            ("says:\n{last_lines}", "says:\na\nb"),
        ] {
            assert_eq!(fill(text, values), filled);
        }
    }

    #[test]
    fn a_po_file_is_read() {
        let text = "# a comment\nmsgid \"\"\nmsgstr \"Language: zh_CN\\n\"\n\n#: src/a.rs\nmsgid \"\"\n\
                    \"one \"\n\"line\\n\"\nmsgstr \"“一”\\\"\"\n";
        let entry = ("one line\n".to_owned(), "“一”\"".to_owned());
        assert_eq!(read_po(text), [entry]);
    }

    #[test]
    fn a_variant_is_called_as_serde_calls_it() {
        use crate::outside::Route;
        use crate::systemd::{ActiveState, LoadState};
        use crate::transaction::journal::Phase;
        assert_eq!(word(Route::Proxied), "proxy");
        assert_eq!(word(Phase::Committed), "committed");
        assert_eq!(word(LoadState::NotFound), "not-found");
        assert_eq!(word(ActiveState::Other("maintenance".to_owned())), "maintenance");
    }

    #[test]
    fn things_are_listed_as_the_language_does() {
        assert_eq!(list(&["a", "b"]), "a, b");
        Language::Chinese.choose();
        assert_eq!(list(&["a", "b"]), "a、b");
    }
}
