//! Everything in a home but our own journal: bytes, modes, owners, link targets.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A home at one moment. Two are equal if nobody could tell them apart but by time stamps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct State {
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    content: Content,
    mode: u32,
    owner: (u32, u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    File(Vec<u8>),
    Directory,
    Link(PathBuf),
}

impl State {
    /// What lies below `roots`; the journal and the lock are left out, our record of what is
    /// installed is not.
    pub(crate) fn of(roots: &[&Path]) -> Self {
        let mut state = Self::default();
        for root in roots {
            state.collect(root);
        }
        state
    }

    fn collect(&mut self, path: &Path) {
        let Ok(attributes) = path.symlink_metadata() else { return };
        let content = if attributes.is_symlink() {
            Content::Link(fs::read_link(path).unwrap())
        } else if attributes.is_dir() {
            Content::Directory
        } else {
            Content::File(without_time(&fs::read(path).unwrap()))
        };
        let is_directory = content == Content::Directory && !is_condemned(path);
        if !is_ours(path) && !is_condemned(path) {
            let mode = attributes.mode() & 0o7777;
            let owner = (attributes.uid(), attributes.gid());
            self.entries.insert(path.to_owned(), Entry { content, mode, owner });
        }
        if is_directory && !path.ends_with("openclaw-setup/transactions") {
            for entry in fs::read_dir(path).unwrap() {
                self.collect(&entry.unwrap().path());
            }
        }
    }

    /// The same, had it lain below `to` instead of `from`.
    pub(crate) fn moved(self, from: &Path, to: &Path) -> Self {
        let moved = |path: PathBuf| match path.strip_prefix(from) {
            Ok(rest) if rest.as_os_str().is_empty() => to.to_owned(),
            Ok(rest) => to.join(rest),
            Err(_) => path,
        };
        let entries = self.entries.into_iter();
        Self { entries: entries.map(|(path, entry)| (moved(path), entry)).collect() }
    }

    /// What is different here from `other`, one line each.
    pub(crate) fn difference(&self, other: &Self) -> Vec<String> {
        let paths = self.entries.keys().chain(other.entries.keys());
        let mut lines: Vec<String> = paths
            .filter_map(|path| {
                let (here, there) = (self.entries.get(path), other.entries.get(path));
                (here != there)
                    .then(|| format!("{}: {}, not {}", path.display(), tell(here), tell(there)))
            })
            .collect();
        lines.sort();
        lines.dedup();
        lines
    }
}

fn tell(entry: Option<&Entry>) -> String {
    let Some(Entry { content, mode, owner }) = entry else { return "missing".to_owned() };
    let content = match content {
        Content::File(bytes) => format!("file of {} bytes", bytes.len()),
        Content::Directory => "directory".to_owned(),
        Content::Link(target) => format!("link to {}", target.display()),
    };
    format!("{content} {mode:o} {owner:?}")
}

/// What is about to be removed: a disk that fails for ever keeps it until the next recovery.
pub(crate) fn is_condemned(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("condemned-")
        && path.parent().is_some_and(|above| above.ends_with("openclaw-setup"))
}

/// The journal tells what happened, so it differs from run to run; other tests look into it.
fn is_ours(path: &Path) -> bool {
    ["openclaw-setup", "openclaw-setup/transactions", "openclaw-setup/lock"]
        .iter()
        .any(|name| path.ends_with(name))
}

/// The same with each time of day (RFC 3339) replaced: two runs happen at two times.
fn without_time(bytes: &[u8]) -> Vec<u8> {
    const FORM: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |window: &[u8]| {
        let fits_at = |(byte, form): (&u8, &u8)| match form {
            b'd' => byte.is_ascii_digit(),
            form => byte == form,
        };
        window.len() == FORM.len() && window.iter().zip(FORM).all(fits_at)
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        if rest.get(..FORM.len()).is_some_and(fits) {
            out.extend_from_slice(b"<time>");
            rest = &rest[FORM.len()..];
            let fraction = rest.iter().take_while(|byte| b".0123456789".contains(byte)).count();
            rest = &rest[fraction..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

/// What tells one interrupted home from another: two that agree are recovered in the same way.
pub(crate) fn fingerprint(roots: &[&Path]) -> Vec<String> {
    let mut lines = vec![format!("{:?}", State::of(roots))];
    for root in roots {
        journal_lines(root, false, &mut lines);
    }
    lines.sort();
    lines
}

/// Journals hold times, process ids and inode numbers: only that a file is complete counts.
fn journal_lines(path: &Path, inside: bool, lines: &mut Vec<String>) {
    let Ok(attributes) = path.symlink_metadata() else { return };
    let inside = inside || path.ends_with("openclaw-setup");
    if attributes.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            journal_lines(&entry.unwrap().path(), inside, lines);
        }
    }
    if inside {
        let told = path.ends_with("state") || path.ends_with("progress");
        let content = if told { fs::read(path).unwrap() } else { Vec::new() };
        let name = without_numbers(path.as_os_str().as_bytes());
        let (mode, empty) = (attributes.mode(), attributes.len() == 0);
        lines.push(format!("{name} {mode:o} {empty} {content:?}"));
    }
}

/// A transaction's id is a time.
fn without_numbers(bytes: &[u8]) -> String {
    let name = String::from_utf8_lossy(bytes);
    let words = name.split('/').map(|word| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        if digits >= 14 {
            word.replace(|c: char| c.is_ascii_digit() || c == '-', "")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join("/")
}

/// Files that a run uses on its way; none may be there after it.
pub(crate) fn left_over(roots: &[&Path]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for root in roots {
        collect_left_over(root, &mut found);
    }
    found
}

fn collect_left_over(path: &Path, found: &mut Vec<PathBuf>) {
    let name = path.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
    if name.ends_with(b".tmp") || name.ends_with(b".aside") || name.ends_with(b".json.lock") {
        found.push(path.to_owned());
    }
    if path.symlink_metadata().is_ok_and(|attributes| attributes.is_dir()) {
        for entry in fs::read_dir(path).unwrap() {
            collect_left_over(&entry.unwrap().path(), found);
        }
    }
}
