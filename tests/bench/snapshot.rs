//! A home at one moment, whole: so that "left no trace" and "byte for byte as before" are checks and not hopes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Machine;

/// What the gateway itself writes while it runs: the sample connector's two folders, Python's compiled modules.
const OF_THE_GATEWAY: [&str; 2] = [".openclaw/dingtalk", "__pycache__"];

/// The program's own records, below the home.
pub(crate) const RECORDS: &str = ".openclaw/openclaw-setup";

/// Everything in a home but what the gateway writes.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Entry>);

/// One file, directory or link.
#[derive(Debug, Clone)]
struct Entry {
    /// The type in the mode's upper bits, the permissions in its lower ones.
    mode: u32,
    owner: (u32, u32),
    /// A file's bytes, a link's target.
    content: Vec<u8>,
    /// Inode and time of the last change: a file written anew with the same bytes differs in these.
    written: (u64, i64, i64),
}

impl Entry {
    fn is_like(&self, other: &Self) -> bool {
        (self.mode, self.owner, &self.content) == (other.mode, other.owner, &other.content)
    }

    fn text(&self) -> String {
        let content = String::from_utf8_lossy(&self.content);
        let (uid, gid) = self.owner;
        format!("{:o} {uid}:{gid} {:?} {content}", self.mode, self.written)
    }
}

impl Machine {
    /// The home as it stands.
    pub(crate) fn home(&self) -> Snapshot {
        let mut entries = BTreeMap::new();
        let root = self.outside("");
        gather(&root, &root, &mut entries);
        Snapshot(entries)
    }
}

fn gather(root: &Path, place: &Path, entries: &mut BTreeMap<PathBuf, Entry>) {
    let path = place.strip_prefix(root).unwrap().to_owned();
    if OF_THE_GATEWAY.iter().any(|theirs| path.ends_with(theirs)) {
        return;
    }
    let attributes = place.symlink_metadata().unwrap();
    let content = if attributes.is_file() {
        fs::read(place).unwrap()
    } else if attributes.is_symlink() {
        fs::read_link(place).unwrap().as_os_str().as_bytes().to_vec()
    } else {
        Vec::new()
    };
    let entry = Entry {
        mode: attributes.mode(),
        owner: (attributes.uid(), attributes.gid()),
        content,
        written: (attributes.ino(), attributes.mtime(), attributes.mtime_nsec()),
    };
    entries.insert(path, entry);
    if attributes.is_dir() {
        for below in fs::read_dir(place).unwrap() {
            gather(root, &below.unwrap().path(), entries);
        }
    }
}

impl Snapshot {
    /// The same without what lies at `path` and below.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.0.retain(|place, _| !place.starts_with(path));
        self
    }

    /// The paths of it, for a look at which files there are.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Who owns each path.
    pub(crate) fn owners(&self) -> impl Iterator<Item = (&Path, u32)> {
        self.0.iter().map(|(path, entry)| (path.as_path(), entry.owner.0))
    }

    /// Fails unless `later` is the same: bytes, mode, owner, type, link target.
    #[track_caller]
    pub(crate) fn assert_same(&self, later: &Self) {
        self.assert(later, Entry::is_like);
    }

    /// Fails if anything was so much as written anew.
    #[track_caller]
    pub(crate) fn assert_untouched(&self, later: &Self) {
        self.assert(later, |old, new| old.is_like(new) && old.written == new.written);
    }

    #[track_caller]
    fn assert(&self, later: &Self, equal: fn(&Entry, &Entry) -> bool) {
        let mut difference = String::new();
        for (path, old) in &self.0 {
            match later.0.get(path) {
                Some(new) if equal(old, new) => {}
                Some(new) => {
                    let (path, old, new) = (path.display(), old.text(), new.text());
                    writeln!(difference, "{path} was\n{old}\nand is\n{new}").unwrap();
                }
                None => writeln!(difference, "{} is gone", path.display()).unwrap(),
            }
        }
        for path in later.0.keys().filter(|path| !self.0.contains_key(*path)) {
            writeln!(difference, "{} has come", path.display()).unwrap();
        }
        assert!(difference.is_empty(), "the home is not as it was:\n{difference}");
    }
}
