//! The second reading of a payload: into the stage, and only what the inspection saw.

use std::io::Read;
use std::path::Path;

use super::entry::{Entry, Kind, Receiver, clean, shown};
use super::error;
use super::manifest::{Node, ROOT};
use super::payload::Payload;
use super::reading::{HashingReader, Watch};
use crate::fs::stage::Stage;
use crate::language::Problem;

/// Copies entries into a stage and compares each with the inspection.
pub(super) struct Extractor<'a> {
    payload: &'a Payload,
    stage: &'a mut Stage,
    reader: HashingReader<'a>,
    /// Files and links that are still to come.
    outstanding: usize,
}

impl<'a> Extractor<'a> {
    /// Creates the tree's directories; everything else comes as it is read.
    pub(super) fn new(
        payload: &'a Payload,
        stage: &'a mut Stage,
        watch: Watch<'a>,
    ) -> Result<Self, Problem> {
        let mut outstanding = 0;
        for (path, node) in payload.tree.iter() {
            match node {
                Node::Directory { .. } if path == ROOT => {}
                Node::Directory { .. } => stage.directory(Path::new(path))?,
                _ => outstanding += 1,
            }
        }
        let reader = HashingReader::new(payload.store.container(), watch);
        Ok(Self { payload, stage, reader, outstanding })
    }

    /// Ends the copy; everything that the inspection saw must have come.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.outstanding == 0 { Ok(()) } else { Err(self.changed(ROOT.as_bytes())) }
    }

    fn changed(&self, name: &[u8]) -> Problem {
        error::changed(self.payload.origin(), &shown(name))
    }

    /// The path in the tree; empty for what lies above or is the root.
    fn path_of(&self, name: &[u8]) -> Result<String, Problem> {
        let path = clean(name).map_err(|_| self.changed(name))?;
        let Some(prefix) = &self.payload.prefix else { return Ok(path) };
        match path.strip_prefix(prefix.as_str()) {
            Some("") => Ok(String::new()),
            Some(rest) if rest.starts_with('/') => Ok(rest[1..].to_string()),
            // `tar czf c.tgz .` in the directory above begins with `./`
            _ if path.is_empty() => Ok(path),
            _ => Err(self.changed(name)),
        }
    }
}

impl Receiver for Extractor<'_> {
    fn take(&mut self, entry: &Entry<'_>, body: &mut dyn Read) -> Result<(), Problem> {
        let path = self.path_of(entry.name)?;
        if path.is_empty() || self.payload.left_out.contains(&path) {
            return Ok(());
        }
        match (self.payload.tree.get(&path), entry.kind) {
            (Some(Node::Directory { .. }), Kind::Directory) => return Ok(()),
            (Some(Node::Symlink { target }), Kind::Symlink { target: now })
                if target.as_bytes() == now =>
            {
                self.stage.symlink(Path::new(&path), target)?;
            }
            (Some(Node::File { size, sha256, mode }), Kind::File { size: now }) if *size == now => {
                let mut file = self.stage.file(Path::new(&path), mode.executable())?;
                let found = self.reader.read(entry.name, now, body, |piece| file.write(piece))?;
                file.finish();
                if found != *sha256 {
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
