//! The second reading of a payload: into the stage, and only what the census saw.

use std::io::Read;
use std::path::Path;

use super::entry::{Entry, Kind, clean, shown};
use super::error::PayloadError;
use super::manifest::{Node, ROOT, TreeManifest};
use super::reading::{Content, Origin, Pump, Watch};
use super::receiver::Receiver;
use crate::fs::stage::Stage;

/// What is to be copied.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) origin: &'a Origin,
    pub(super) tree: &'a TreeManifest,
    pub(super) prefix: Option<&'a str>,
    pub(super) left_out: &'a [String],
}

/// Copies entries into a stage and compares each with the census.
pub(super) struct Copier<'a> {
    plan: Plan<'a>,
    stage: &'a mut Stage,
    pump: Pump<'a>,
    /// Files and links that are still to come.
    outstanding: usize,
}

impl<'a> Copier<'a> {
    /// Creates the tree's directories; everything else comes as it is read.
    pub(super) fn new(
        plan: Plan<'a>,
        stage: &'a mut Stage,
        watch: Watch<'a>,
    ) -> Result<Self, PayloadError> {
        let mut outstanding = 0;
        for (path, node) in plan.tree {
            match node {
                Node::Directory { .. } if path == ROOT => {}
                Node::Directory { .. } => stage.directory(Path::new(path))?,
                _ => outstanding += 1,
            }
        }
        Ok(Self { plan, stage, pump: Pump::new(plan.origin, watch), outstanding })
    }

    /// Ends the copy; everything that the census saw must have come.
    pub(super) fn finish(self) -> Result<(), PayloadError> {
        if self.outstanding == 0 { Ok(()) } else { Err(self.changed(ROOT.as_bytes())) }
    }

    fn changed(&self, name: &[u8]) -> PayloadError {
        PayloadError::Changed { payload: self.plan.origin.path().to_path_buf(), entry: shown(name) }
    }

    /// The path in the tree; empty for what lies above or is the root.
    fn path_of(&self, name: &[u8]) -> Result<String, PayloadError> {
        let path = clean(name).map_err(|_| self.changed(name))?;
        let Some(prefix) = self.plan.prefix else { return Ok(path) };
        match path.strip_prefix(prefix) {
            Some("") => Ok(String::new()),
            Some(rest) if rest.starts_with('/') => Ok(rest[1..].to_string()),
            // `tar czf c.tgz .` in the directory above begins with `./`
            _ if path.is_empty() => Ok(path),
            _ => Err(self.changed(name)),
        }
    }

    fn copy_file(
        &mut self,
        path: &str,
        executable: bool,
        content: Content<'_>,
    ) -> Result<super::digest::Sha256, PayloadError> {
        let mut file = self.stage.file(Path::new(path), executable)?;
        let sha256 = self.pump.carry(content, |piece| Ok(file.write(piece)?))?;
        file.finish();
        Ok(sha256)
    }
}

impl Receiver for Copier<'_> {
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), PayloadError> {
        let path = self.path_of(entry.name)?;
        if path.is_empty() || self.plan.left_out.contains(&path) {
            return Ok(());
        }
        match (self.plan.tree.get(&path), entry.kind) {
            (Some(Node::Directory { .. }), Kind::Directory) => return Ok(()),
            (Some(Node::Symlink { target }), Kind::Symlink { target: now })
                if target.as_bytes() == now =>
            {
                self.stage.symlink(Path::new(&path), target)?;
            }
            (Some(Node::File { size, sha256, mode }), Kind::File { size: now }) if *size == now => {
                let content = Content { name: entry.name, size: now, body };
                if self.copy_file(&path, mode.executable(), content)? != *sha256 {
                    return Err(self.changed(entry.name));
                }
            }
            _ => return Err(self.changed(entry.name)),
        }
        // cannot underflow: the stage creates each name once
        self.outstanding -= 1;
        Ok(())
    }
}
