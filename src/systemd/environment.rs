//! Which environment a unit's next process gets, the files that it comes from, and what that means for
//! loopback requests.

mod bypass;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::Chars;
use std::sync::Arc;

use glob::{MatchOptions, glob_with};

use super::Unit;
use super::drop_in::values_of;
use crate::fs::{FileError, foreign};

pub use bypass::{
    Bypass, LOOPBACK_ENTRIES, LOOPBACK_V4, LOOPBACK_V6, Routing, Spelling, axios_proxy,
    undici_proxy,
};

/// Environment variables. Their values may be secrets, so `Debug` shows the names only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Out of `NAME=value` items, a later one beating an earlier one.
    pub fn of_assignments<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        let mut environment = Self::default();
        for item in items {
            if let Some((name, value)) = item.as_ref().split_once('=') {
                environment.set(name, value);
            }
        }
        environment
    }

    /// Out of `/proc/PID/environ`: NUL-separated, not necessarily UTF-8.
    pub fn of_process(bytes: &[u8]) -> Self {
        Self::of_assignments(bytes.split(|&byte| byte == 0).map(String::from_utf8_lossy))
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        crate::redaction::learn_named(name, value);
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn overlay(&mut self, other: &Self) {
        self.variables.extend(other.variables.clone());
    }

    fn remove(&mut self, name: &str) {
        self.variables.remove(name);
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

/// The server of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'u> {
    /// `https` or `wss`.
    pub secure: bool,
    /// The host as it stands in the URL; an IPv6 address in brackets.
    pub host: &'u str,
    /// The port, the scheme's own where none is named.
    pub port: u16,
}

impl<'u> Target<'u> {
    /// The server that a URL names.
    pub fn of(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let secure = matches!(scheme.to_ascii_lowercase().as_str(), "https" | "wss");
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let own = if secure { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, own),
        };
        (!host.is_empty()).then_some(Self { secure, host, port })
    }
}

/// A proxy that speaks HTTP, under whichever name an environment has it. It may hold a password.
pub fn any_proxy(environment: &Environment) -> Option<&str> {
    let names =
        ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    let speaks_http = |url: &&str| url.starts_with("http://") || url.starts_with("https://");
    names.into_iter().filter_map(|name| environment.get(name)).find(speaks_http)
}

/// A file of variables: an `EnvironmentFile=` of the unit, or a `.env` of OpenClaw's.
#[derive(Debug, Clone)]
pub struct SetFile {
    /// The file.
    pub path: PathBuf,
    /// What it sets.
    pub environment: Environment,
    /// Why it cannot be read, and so sets nothing.
    pub fault: Option<Arc<FileError>>,
    /// The gateway starts without it, too.
    pub optional: bool,
}

impl SetFile {
    /// One of this text.
    pub fn holding(path: PathBuf, text: &str) -> Self {
        Self { path, environment: parsed_file(text), fault: None, optional: false }
    }

    /// Reads it; `None` where it is not there and need not be. A pipe holds up whoever starts the
    /// gateway: systemd itself (measured with 252), or OpenClaw.
    pub fn read(path: &Path, optional: bool, parsed: fn(&str) -> Environment) -> Option<Self> {
        let (environment, fault) = match foreign::read(path, foreign::TEXT_LIMIT) {
            Ok(text) => (parsed(&String::from_utf8_lossy(&text)), None),
            Err(error) if error.is_missing() && optional => return None,
            Err(error) => (Environment::default(), Some(Arc::new(error))),
        };
        let is_pipe = path.metadata().is_ok_and(|found| found.file_type().is_fifo());
        Some(Self { path: path.to_owned(), environment, fault, optional: optional && !is_pipe })
    }
}

/// A file of a unit: its own, or a drop-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFile {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The files that a path with wildcards means, sorted, as systemd finds them (glob(7)); the path
/// itself where it has none, or means nothing.
fn meant(path: &Path) -> Vec<PathBuf> {
    let options = MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..MatchOptions::new()
    };
    // glibc takes `[^a]` for `[!a]`
    let pattern = path.to_str().map(|pattern| pattern.replace("[^", "[!"));
    let found = pattern.map(|pattern| glob_with(&pattern, options));
    let found: Vec<_> = found.into_iter().flatten().flatten().flatten().collect();
    if found.is_empty() { vec![path.to_owned()] } else { found }
}

/// The unit's own file, then its drop-ins by their names, as systemd reads them; those in `folder`
/// also where systemd has not read them yet.
pub fn read_unit_files(unit: &Unit, folder: &Path) -> Vec<UnitFile> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let unread = entries.filter(|path| path.extension().is_some_and(|end| end == "conf"));
    let drop_ins: BTreeMap<_, _> = unit
        .drop_in_paths
        .iter()
        .cloned()
        .chain(unread)
        .map(|path| (path.file_name().map(ToOwned::to_owned), path))
        .collect();
    let paths = unit.fragment_path.iter().cloned().chain(drop_ins.into_values());
    let read = |path: PathBuf| {
        let text = String::from_utf8_lossy(&foreign::glance(&path)?).into_owned();
        Some(UnitFile { path, text })
    };
    paths.filter_map(read).collect()
}

/// Reads the unit's environment files, in order, then those of drop-ins that systemd has not read
/// yet. A specifier (`%h`) is left out: in what systemd has read there is none.
pub fn read_environment_files(unit: &Unit, files: &[UnitFile]) -> Vec<SetFile> {
    let is_unread = |file: &&UnitFile| {
        unit.fragment_path.as_ref() != Some(&file.path) && !unit.drop_in_paths.contains(&file.path)
    };
    let unread = files.iter().filter(is_unread);
    let unread = unread.flat_map(|file| values_of(&file.text, "EnvironmentFile"));
    let unread = unread.map(|value| {
        let path = value.strip_prefix('-');
        (PathBuf::from(path.unwrap_or(&value)), path.is_some())
    });
    let read = unit.environment_files.iter().map(|file| (file.path.clone(), file.optional));
    let named = read
        .chain(unread)
        .filter(|(path, _)| path.is_absolute() && !path.to_string_lossy().contains('%'));
    let files = named
        .flat_map(|(path, optional)| meant(&path).into_iter().map(move |path| (path, optional)));
    files.filter_map(|(path, optional)| SetFile::read(&path, optional, parsed_file)).collect()
}

/// The environment of the unit's next process: the manager's own, then `Environment=`, then the
/// files, less `UnsetEnvironment=` (systemd.exec(5)).
pub fn effective(manager: &Environment, unit: &Unit, files: &[SetFile]) -> Environment {
    let mut environment = manager.clone();
    environment.overlay(&unit.environment);
    for file in files {
        environment.overlay(&file.environment);
    }
    for entry in &unit.unset_environment {
        match entry.split_once('=') {
            Some((name, value)) if environment.get(name) != Some(value) => {}
            Some((name, _)) => environment.remove(name),
            None => environment.remove(entry),
        }
    }
    environment
}

/// The assignments of an environment file; what systemd would skip is skipped.
pub fn parsed_file(text: &str) -> Environment {
    let mut found = Environment::default();
    let mut rest = text.chars();
    while let Some(first) = rest.find(|c| !c.is_ascii_whitespace()) {
        if first == '#' || first == ';' {
            skip_comment(&mut rest);
        } else if let Some(name) = name(first, &mut rest) {
            let value = value(&mut rest);
            if is_name(name.trim_end()) {
                found.set(name.trim_end(), &value);
            }
        }
    }
    found
}

/// A backslash joins the next line to the comment.
fn skip_comment(rest: &mut Chars<'_>) {
    while let Some(c) = rest.next().filter(|c| !is_line_end(*c)) {
        if c == '\\' {
            rest.next();
        }
    }
}

/// All up to the `=`, if there is one in this line.
fn name(first: char, rest: &mut Chars<'_>) -> Option<String> {
    let mut name = String::from(first);
    loop {
        match rest.next()? {
            '=' => return Some(name),
            c if is_line_end(c) => return None,
            c => name.push(c),
        }
    }
}

/// Quoted parts come first, and are joined; in what follows them a quote is like any other
/// character. Outside quotes a backslash takes the next character as it is, and swallows a line end;
/// blanks at the end do not count.
fn value(rest: &mut Chars<'_>) -> String {
    let mut value = String::new();
    let mut solid = 0;
    let mut is_plain = false;
    while let Some(c) = rest.next().filter(|c| !is_line_end(*c)) {
        let taken = match c {
            '"' | '\'' if !is_plain => {
                quoted(c, rest, &mut value);
                solid = value.len();
                continue;
            }
            '\\' => rest.next().filter(|c| !is_line_end(*c)),
            _ if !is_plain && c.is_ascii_whitespace() => continue,
            _ => Some(c),
        };
        is_plain = true;
        value.extend(taken);
        if taken.is_some() && c != ' ' && c != '\t' {
            solid = value.len();
        }
    }
    value.truncate(solid);
    value
}

/// Inside double quotes only the shell's own four characters can be escaped, and a line end.
fn quoted(quote: char, rest: &mut Chars<'_>, value: &mut String) {
    while let Some(c) = rest.next().filter(|c| *c != quote) {
        match c {
            '\\' if quote == '"' => match rest.next() {
                Some('\n') | None => {}
                Some(c @ ('"' | '\\' | '`' | '$')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
}

fn is_line_end(c: char) -> bool {
    c == '\n' || c == '\r'
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(plain) && name.starts_with(|c: char| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systemd::EnvironmentFile;

    #[test]
    fn a_process_environment_is_read_and_not_shown() {
        let environment = Environment::of_process(b"A=b=c\0TOKEN=hush\0\0junk\0B=\xff\0");
        assert_eq!(environment.get("A"), Some("b=c"));
        assert_eq!(environment.get("B"), Some("\u{fffd}"));
        assert_eq!(environment.get("junk"), None);
        assert_eq!(format!("{environment:?}"), r#"{"A", "B", "TOKEN"}"#);
    }

    #[test]
    fn the_server_of_a_url() {
        let target = |secure, host, port| Some(Target { secure, host, port });
        for (url, expected) in [
            ("https://api.example/v1", target(true, "api.example", 443)),
            ("http://me:pw@h:8080?x", target(false, "h", 8080)),
            ("WSS://[::1]:9/x", target(true, "[::1]", 9)),
            ("http://[fe80::1]", target(false, "[fe80::1]", 80)),
            ("api.example", None),
            ("http://h:99999", None),
            ("http://", None),
        ] {
            assert_eq!(Target::of(url), expected, "{url}");
        }
    }

    #[test]
    fn a_proxy_that_speaks_http_is_found() {
        let environment =
            Environment::of_assignments(["https_proxy=socks5://a", "ALL_PROXY=http://b:1"]);
        assert_eq!(any_proxy(&environment), Some("http://b:1"));
        assert_eq!(any_proxy(&Environment::default()), None);
    }

    fn unit(environment: &[&str], unset: &[&str]) -> Unit {
        Unit {
            environment: Environment::of_assignments(environment),
            unset_environment: unset.iter().map(|&entry| entry.to_owned()).collect(),
            ..Unit::default()
        }
    }

    #[test]
    fn a_path_means_what_is_there() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in ["b/1.env", "a/2.env", "a/1.env", "a/1.txt", "a/.3.env", ".c/1.env"] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "").unwrap();
        }
        for (pattern, expected) in [
            ("*/*.env", vec!["a/1.env", "a/2.env", "b/1.env"]),
            ("[!a]/?.env", vec!["b/1.env"]),
            ("[^a]/?.env", vec!["b/1.env"]),
            ("?/none", vec!["?/none"]),
            ("a/1.env", vec!["a/1.env"]),
            ("a/none", vec!["a/none"]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(at).collect();
            assert_eq!(meant(&at(pattern)), expected);
        }
    }

    #[test]
    fn the_files_of_a_drop_in_that_systemd_has_not_read_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["read.env", "unread.env"] {
            std::fs::write(at(name), format!("WHO={name}")).unwrap();
        }
        let text = |name: &str| format!("[Service]\nEnvironmentFile=-{}\n", at(name).display());
        let files = ["a.conf", "b.conf"].map(|name| UnitFile {
            path: at(name),
            text: text(if name == "a.conf" { "read.env" } else { "unread.env" }),
        });
        let known = EnvironmentFile { path: at("read.env"), optional: true };
        let mut unit = Unit {
            drop_in_paths: vec![at("a.conf")],
            environment_files: vec![known],
            ..Unit::default()
        };
        let who = |unit: &Unit| -> Vec<String> {
            let read = read_environment_files(unit, &files).into_iter();
            read.filter_map(|file| file.environment.get("WHO").map(str::to_owned)).collect()
        };
        assert_eq!(who(&unit), ["read.env", "unread.env"]);
        unit.drop_in_paths.push(at("b.conf"));
        assert_eq!(who(&unit), ["read.env"], "what systemd has read it tells itself");
    }

    #[test]
    fn files_beat_the_unit_and_the_unit_beats_the_manager() {
        let manager = Environment::of_assignments(["A=manager", "B=manager", "C=manager"]);
        let unit = unit(&["B=unit", "C=unit", "D=unit", "E=unit"], &["D", "E=other"]);
        let files = [SetFile::holding("/f".into(), "C=file\n")];
        let found = effective(&manager, &unit, &files);
        let found: Vec<_> = found.iter().collect();
        assert_eq!(found, [("A", "manager"), ("B", "unit"), ("C", "file"), ("E", "unit")]);
    }

    #[test]
    fn environment_files_are_read_as_systemd_reads_them() {
        for (text, expected) in [
            ("A=b\nC=d", vec![("A", "b"), ("C", "d")]),
            ("# A=b\n; C=d\n  E = f  \n", vec![("E", "f")]),
            ("A=\"b c\" \n", vec![("A", "b c")]),
            ("A='b \"c\" '\n", vec![("A", "b \"c\" ")]),
            ("A=b\\\nc\n", vec![("A", "bc")]),
            ("A=\"b\\\nc\\n\\$d\"\n", vec![("A", "bc\\n$d")]),
            ("A=b\\ \n", vec![("A", "b ")]),
            ("A=\r\nB=c\r\n", vec![("A", ""), ("B", "c")]),
            ("no equals\nA=b # kept\n", vec![("A", "b # kept")]),
            ("1A=b\nexport B=c\nC=d\n", vec![("C", "d")]),
            ("A=b\nA=c\n", vec![("A", "c")]),
            ("# comment \\\nA=b\nC=d\n", vec![("C", "d")]),
            ("A=\"open\nB=c", vec![("A", "open\nB=c")]),
            ("A='b' \"c\"d'e \nB= \\f\n", vec![("A", "bcd'e"), ("B", "f")]),
            ("A=b \\", vec![("A", "b")]),
            ("A\n=B\nC=d", vec![("C", "d")]),
            ("=A=b\n#", vec![]),
        ] {
            let found = parsed_file(text);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
