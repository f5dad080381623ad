//! The environment that the gateway's process really has.

use std::fs;
use std::path::Path;

use crate::fs::foreign;
use crate::systemd::environment::{Environment, SetFile, parsed_file};

/// The main process of the gateway's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its environment at its start; `None`: it may not be read.
    pub environment: Option<Environment>,
    /// Its user.
    pub uid: Option<u32>,
}

impl Process {
    /// Looks at a process.
    pub fn look(pid: u32) -> Self {
        let bytes = foreign::glance(Path::new(&format!("/proc/{pid}/environ")));
        let environment = bytes.filter(|bytes| !bytes.is_empty());
        let uid = fs::metadata(format!("/proc/{pid}")).ok();
        Self {
            pid,
            environment: environment.map(|bytes| Environment::of_process(&bytes)),
            uid: uid.map(|found| std::os::unix::fs::MetadataExt::uid(&found)),
        }
    }
}

/// The `.env` below a directory, as OpenClaw reads it (`src/infra/dotenv.ts`): it never overrides a
/// variable that is there, not even an empty one.
pub fn dotenv(directory: &Path) -> Option<SetFile> {
    SetFile::read(&directory.join(".env"), true, |text| {
        // dotenv knows a leading `export`, which systemd's format does not
        let lines = text.lines().map(str::trim_start);
        let lines: Vec<_> =
            lines.map(|line| line.strip_prefix("export ").unwrap_or(line)).collect();
        parsed_file(&lines.join("\n"))
    })
}
