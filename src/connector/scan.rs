//! Reading an installed tree back into a manifest, as it is and without judging it.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, readlinkat};

use super::activity::Activity;
use super::entry::shown;
use super::error::PayloadError;
use super::manifest::{Node, Permissions, ROOT, TreeManifest};
use super::reading::name_of;
use super::reading::{Content, Origin, Pump, Watch};
use crate::fs::beneath::{self, Listed};
use crate::interrupt::Interrupt;
use crate::progress::Progress;

const PERMISSION_BITS: u32 = 0o7777;

impl TreeManifest {
    /// Hashes the tree at `directory`. No symbolic link beneath it is followed; names that are
    /// not UTF-8 are noted with escapes.
    pub fn scan(
        directory: &Path,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<Self, PayloadError> {
        let path = std::path::absolute(directory).map_err(PayloadError::reading(directory))?;
        let root = beneath::open_directory(&path).map_err(PayloadError::reading(&path))?;
        Self::scan_at(root.as_fd(), &path, interrupt, progress)
    }

    /// Hashes the tree of an open directory; `path` is its absolute path, for messages.
    pub fn scan_at(
        root: BorrowedFd<'_>,
        path: &Path,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<Self, PayloadError> {
        let watch = Watch { interrupt, progress };
        let origin = Origin::Directory(path.to_path_buf());
        let mut scan = Scan { path, pump: Pump::new(&origin, watch), tree: Self::default() };
        let stat = fstat(root).map_err(PayloadError::reading(path))?;
        let mode = Permissions(stat.st_mode & PERMISSION_BITS);
        scan.tree.insert(ROOT.to_string(), Node::Directory { mode });
        watch.during(&Activity::Hashing(name_of(path)), None, || scan.descend(root, ""))?;
        Ok(scan.tree)
    }
}

struct Scan<'a> {
    path: &'a Path,
    pump: Pump<'a>,
    tree: TreeManifest,
}

impl Scan<'_> {
    fn descend(&mut self, directory: BorrowedFd<'_>, name: &str) -> Result<(), PayloadError> {
        let listed =
            beneath::list(directory).map_err(PayloadError::reading(self.path.join(name)))?;
        for listed in listed {
            let here = shown(listed.name.as_bytes());
            let inner = if name.is_empty() { here } else { format!("{name}/{here}") };
            let node = self.node(directory, &listed, &inner)?;
            self.tree.insert(inner, node);
        }
        Ok(())
    }

    fn node(
        &mut self,
        directory: BorrowedFd<'_>,
        listed: &Listed,
        name: &str,
    ) -> Result<Node, PayloadError> {
        let here = Path::new(&listed.name);
        let path = self.path.join(name);
        let open = |flags| -> Result<_, PayloadError> {
            let file = beneath::open(directory, here, flags, Mode::empty())
                .map_err(PayloadError::reading(&path))?;
            let stat = fstat(&file).map_err(PayloadError::reading(&path))?;
            Ok((file, stat))
        };
        match listed.kind {
            FileType::Directory => {
                let (below, stat) = open(OFlags::RDONLY | OFlags::DIRECTORY)?;
                self.descend(below.as_fd(), name)?;
                Ok(Node::Directory { mode: Permissions(stat.st_mode & PERMISSION_BITS) })
            }
            FileType::RegularFile => {
                let (file, stat) = open(OFlags::RDONLY | OFlags::NONBLOCK)?;
                let size = u64::try_from(stat.st_size).unwrap_or(0);
                let mut body = File::from(file);
                let content = Content { name: name.as_bytes(), size, body: &mut body };
                let sha256 = self.pump.carry(content, |_| Ok(()))?;
                let mode = Permissions(stat.st_mode & PERMISSION_BITS);
                Ok(Node::File { size, sha256, mode })
            }
            FileType::Symlink => {
                let target = readlinkat(directory, here, Vec::new())
                    .map_err(PayloadError::reading(&path))?;
                Ok(Node::Symlink { target: shown(target.as_bytes()) })
            }
            _ => Ok(Node::Special),
        }
    }
}
