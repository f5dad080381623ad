//! Builds payloads for tests: a small connector, as any archive, with any hostile member.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use openclaw_setup::connector::npm::Registry;
use openclaw_setup::connector::{Checks, Format, Payload, Source};
use openclaw_setup::fs::stage::Stage;
use openclaw_setup::interrupt::Interrupt;
use openclaw_setup::language::Problem;
use openclaw_setup::progress::Unwatched;
use openclaw_setup::timeout::Deadline;
use tar::{EntryType, Header};

/// A plugin manifest that `OpenClaw` accepts.
pub(crate) const PLUGIN: &str = r#"{"id":"dingtalk-connector","channels":["dingtalk-connector"],"configSchema":{"type":"object"}}"#;
/// A `package.json` without dependencies.
pub(crate) const PACKAGE: &str =
    r#"{"name":"test-connector","version":"1.2.3","openclaw":{"extensions":["./index.ts"]}}"#;

/// A tar archive in the making.
#[derive(Clone, Default)]
pub(crate) struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    /// The members of a good connector, in npm's `package/`.
    pub(crate) fn connector() -> Self {
        Self::default()
            .file("package/package.json", PACKAGE)
            .file("package/openclaw.plugin.json", PLUGIN)
            .file("package/index.ts", "export default {};\n")
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.member(name.as_bytes(), EntryType::Regular, 0o644, b"", content.as_bytes())
    }

    pub(crate) fn link(self, name: &str, kind: EntryType, target: &str) -> Self {
        self.member(name.as_bytes(), kind, 0o777, target.as_bytes(), b"")
    }

    /// A member whose header says whatever the test wants it to say.
    pub(crate) fn member(
        self,
        name: &[u8],
        kind: EntryType,
        mode: u32,
        target: &[u8],
        data: &[u8],
    ) -> Self {
        self.claiming(name, kind, mode, target, data, data.len() as u64)
    }

    pub(crate) fn claiming(
        mut self,
        name: &[u8],
        kind: EntryType,
        mode: u32,
        target: &[u8],
        data: &[u8],
        size: u64,
    ) -> Self {
        self.bytes.extend_from_slice(&header(name, kind, mode, target, size));
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// The archive with its end marker.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }

    /// The archive without an end marker.
    pub(crate) fn open_ended(self) -> Vec<u8> {
        self.bytes
    }
}

pub(crate) fn header(
    name: &[u8],
    kind: EntryType,
    mode: u32,
    target: &[u8],
    size: u64,
) -> [u8; 512] {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
    header.set_cksum();
    *header.as_bytes()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Checks that accept a payload for which nothing vouches.
pub(crate) fn trusting() -> Checks {
    Checks { allow_unverified: true, ..Checks::default() }
}

/// A registry that must not be asked for anything.
pub(crate) fn offline() -> Registry {
    Registry::new([], None, true, Deadline::after(std::time::Duration::from_secs(60)))
}

pub(crate) fn open(source: &Path, checks: &Checks) -> Result<Payload, Problem> {
    let source = match Format::of_name(source) {
        Some(format) if !source.is_dir() => Source::Archive { path: source.to_path_buf(), format },
        _ => Source::Directory(source.to_path_buf()),
    };
    Payload::open(&source, checks, &offline(), &Interrupt::never(), &Unwatched)
}

/// Opens and stages, as an installation does.
pub(crate) fn install(source: &Path, checks: &Checks, stage: &Path) -> Result<Payload, Problem> {
    let payload = open(source, checks)?;
    let mut stage = Stage::create(stage)?;
    payload.stage(&mut stage, &Interrupt::never(), &Unwatched)?;
    Ok(payload)
}

/// Every path beneath `root`, sorted; links are not followed.
pub(crate) fn paths_beneath(root: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut pending = vec![root.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                pending.push(entry.path());
            }
            paths.push(entry.path());
        }
    }
    paths.sort();
    paths
}
