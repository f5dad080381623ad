//! A second copy of a tree that is installed, in a stage: what stands there now, and all of it ours.

use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::activity::Activity;
use super::directory;
use super::entry::{Entry, ForbiddenKind, Kind, shown};
use super::error::PayloadError;
use super::reading::{Content, Origin, Pump, Watch, name_of};
use super::receiver::Receiver;
use super::{Fault, Refusal};
use crate::fs::beneath;
use crate::fs::stage::Stage;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// What is copied, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Replica<'a> {
    /// The directory, which may be reached through a symbolic link.
    pub source: &'a Path,
    /// Its place in the stage, relative to the stage's root; empty for the root itself.
    pub place: &'a Path,
    /// Paths of the source that stay behind, with all beneath them.
    pub left_out: &'a [&'a str],
    /// The copy will stand elsewhere than the source: a relative link that leads out of the source
    /// is made absolute, so that it still leads to the same thing.
    pub moves: bool,
}

impl Replica<'_> {
    /// Copies. Directories and programs get the mode 0755, other files 0644, and of these modes
    /// only the owner's part where nobody else could read them: the modes that OpenClaw accepts. No file is hard-linked.
    pub fn stage(
        &self,
        stage: &mut Stage,
        interrupt: &Interrupt,
        progress: &dyn Progress,
    ) -> Result<(), PayloadError> {
        let watch = Watch { interrupt, progress };
        let source = self.source.canonicalize().map_err(PayloadError::reading(self.source))?;
        let root = beneath::open_directory(&source).map_err(PayloadError::reading(&source))?;
        let origin = Origin::Directory(source.clone());
        if !self.place.as_os_str().is_empty() {
            stage.directory(self.place)?;
        }
        let pump = Pump::new(&origin, watch);
        let mut copier = Copier { replica: *self, source: &source, stage, pump };
        watch.during(&Activity::Copying(name_of(self.source)), None, || {
            directory::read(root.as_fd(), &source, &mut copier, watch)
        })
    }
}

struct Copier<'a> {
    replica: Replica<'a>,
    source: &'a Path,
    stage: &'a mut Stage,
    pump: Pump<'a>,
}

impl Copier<'_> {
    fn stays_behind(&self, path: &Path) -> bool {
        self.replica.left_out.iter().any(|left| path.starts_with(left))
    }

    fn link(&mut self, path: &Path, target: &[u8]) -> Result<(), PayloadError> {
        let target = Path::new(OsStr::from_bytes(target));
        let target = if self.replica.moves && leads_out(path, target) {
            self.source.join(path).parent().unwrap_or(self.source).join(target)
        } else {
            target.to_owned()
        };
        let place = self.replica.place.join(path);
        Ok(self.stage.symlink(&place, &target)?)
    }
}

/// Whether a relative link leads above the root of its tree.
fn leads_out(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            _ => {}
        }
    }
    false
}

impl Receiver for Copier<'_> {
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), PayloadError> {
        let path = PathBuf::from(OsStr::from_bytes(entry.name));
        if self.stays_behind(&path) {
            return Ok(());
        }
        let place = self.replica.place.join(&path);
        match entry.kind {
            Kind::Directory => Ok(self.stage.directory(&place)?),
            Kind::Symlink { target } => self.link(&path, target),
            Kind::File { size } => {
                let mut file = self.stage.file(&place, entry.mode & 0o111 != 0)?;
                if entry.mode & 0o044 == 0 {
                    file.keep_private()?;
                }
                let content = Content { name: entry.name, size, body };
                self.pump.carry(content, |piece| Ok(file.write(piece)?))?;
                file.finish();
                Ok(())
            }
            Kind::Forbidden(kind) => {
                let fault =
                    if kind == ForbiddenKind::Device { Fault::Device } else { Fault::UnknownKind };
                let payload = self.source.to_owned();
                Err(Refusal { payload, entry: shown(entry.name), fault }.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::progress::Unwatched;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_replica_is_the_same_tree_with_the_modes_of_a_stage() {
        let home = tempfile::tempdir().unwrap();
        let tree = home.path().join("deep/tree");
        fs::create_dir_all(tree.join("node_modules/openclaw")).unwrap();
        fs::create_dir_all(tree.join("bin")).unwrap();
        fs::write(home.path().join("deep/beside"), "").unwrap();
        let files = [("bin/run", 0o777), ("bin/own", 0o700), ("plain", 0o666), ("secret", 0o600)];
        for (name, bits) in files {
            fs::write(tree.join(name), name).unwrap();
            fs::set_permissions(tree.join(name), fs::Permissions::from_mode(bits)).unwrap();
        }
        fs::hard_link(tree.join("plain"), home.path().join("twin")).unwrap();
        symlink("../plain", tree.join("bin/in")).unwrap();
        symlink("../../beside", tree.join("bin/out")).unwrap();
        let link = home.path().join("link");
        symlink("deep/tree", &link).unwrap();
        let copy = home.path().join("copy");
        let replica = Replica {
            source: &link,
            place: Path::new(""),
            left_out: &["node_modules/openclaw"],
            moves: true,
        };
        let mut stage = Stage::create(&copy).unwrap();
        replica.stage(&mut stage, &Interrupt::never(), &Unwatched).unwrap();
        let copied = [("bin/run", 0o755), ("bin/own", 0o700), ("plain", 0o644), ("secret", 0o600)];
        for (name, bits) in [("", 0o755), ("bin", 0o755)].into_iter().chain(copied) {
            assert_eq!(mode(&copy.join(name)), bits, "{name}");
        }
        assert_eq!(fs::read(copy.join("plain")).unwrap(), b"plain");
        assert!(copy.join("node_modules").is_dir() && !copy.join("node_modules/openclaw").exists());
        assert_eq!(fs::read_link(copy.join("bin/in")).unwrap(), Path::new("../plain"));
        let beside = copy.join("bin/out").canonicalize().unwrap();
        assert_eq!(beside, home.path().join("deep/beside").canonicalize().unwrap());
    }

    #[test]
    fn a_part_of_a_tree_finds_its_place() {
        let home = tempfile::tempdir().unwrap();
        let tree = home.path().join("tree");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("file"), "1").unwrap();
        let replica = Replica {
            source: &tree,
            place: Path::new("node_modules"),
            left_out: &[],
            moves: false,
        };
        let mut stage = Stage::create(&home.path().join("stage")).unwrap();
        replica.stage(&mut stage, &Interrupt::never(), &Unwatched).unwrap();
        assert_eq!(fs::read(home.path().join("stage/node_modules/file")).unwrap(), b"1");
    }
}
