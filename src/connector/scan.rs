//! Reading an installed tree back into a manifest, as it is and without judging it.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::fstat;

use super::entry::{Entry, Kind, Receiver, shown};
use super::manifest::{Node, Permissions, ROOT, TreeManifest};
use super::reading::{Container, HashingReader, Watch, name_of};
use super::{directory, error};
use crate::fs::beneath;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::progress::Progress;
use crate::say;

impl TreeManifest {
    /// Hashes the tree at `directory`. No symbolic link beneath it is followed; names that are
    /// not UTF-8 are noted with escapes.
    pub fn scan(
        directory: &Path,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<Self, Problem> {
        let path = std::path::absolute(directory).map_err(error::reading(directory))?;
        let root = beneath::open_directory(&path).map_err(error::reading(&path))?;
        Self::scan_at(root.as_fd(), &path, interrupt, progress)
    }

    /// Hashes the tree of an open directory; `path` is its absolute path, for messages.
    pub fn scan_at(
        root: BorrowedFd<'_>,
        path: &Path,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<Self, Problem> {
        let watch = Watch { interrupt, progress };
        let reader = HashingReader::new(Container::Directory(path), watch);
        let mut scan = Scan { reader, tree: Self::default() };
        let mode = fstat(root).map_err(error::reading(path))?.st_mode;
        scan.tree.insert(ROOT.to_string(), Node::Directory { mode: Permissions::of_raw(mode) });
        watch.during(&say!("hashing {name}", name = name_of(path)), None, || {
            directory::read(root, path, &mut scan, watch)
        })?;
        Ok(scan.tree)
    }
}

struct Scan<'a> {
    reader: HashingReader<'a>,
    tree: TreeManifest,
}

impl Receiver for Scan<'_> {
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), Problem> {
        let mode = Permissions::of_raw(entry.mode);
        let node = match entry.kind {
            Kind::Directory => Node::Directory { mode },
            Kind::File { size } => {
                let sha256 = self.reader.read(entry.name, size, body, |_| Ok(()))?;
                Node::File { size, sha256, mode }
            }
            Kind::Symlink { target } => Node::Symlink { target: shown(target) },
            Kind::Forbidden(_) => Node::Special,
        };
        self.tree.insert(shown(entry.name), node);
        Ok(())
    }
}
