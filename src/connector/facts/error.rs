//! What is wrong with a payload's description of itself.

use std::path::PathBuf;

use super::CONNECTOR_ID;
use crate::language::Explain;
use crate::say;

/// One flaw of a fact file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The file is not there.
    Missing,
    /// It starts with a byte order mark, which `OpenClaw` cannot parse.
    ByteOrderMark,
    /// It is no JSON.
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// The parser's reason.
        cause: String,
    },
    /// A key is missing or has a value of the wrong kind.
    WrongValue {
        /// The key, with dots; empty for the document itself.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The plugin is another one.
    WrongId {
        /// The id that was found.
        found: String,
    },
    /// The plugin does not offer the channel.
    NoChannel,
    /// A file that the plugin starts from is not in the payload.
    EntryMissing {
        /// The file, as `package.json` names it.
        entry: String,
    },
}

/// A payload's description of itself is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsError {
    /// The archive or directory, absolute.
    pub payload: PathBuf,
    /// The file, relative to the connector's root.
    pub file: &'static str,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl Explain for FactsError {
    fn problem(&self) -> crate::language::Problem {
        crate::language::Problem::new(self.code(), self.message(), self.hint())
    }

    fn code(&self) -> &'static str {
        match self.flaw {
            Flaw::Missing => "payload.manifest-missing",
            Flaw::ByteOrderMark => "payload.manifest-bom",
            Flaw::Syntax { .. } => "payload.manifest-syntax",
            Flaw::WrongValue { .. } => "payload.manifest-value",
            Flaw::WrongId { .. } => "payload.wrong-id",
            Flaw::NoChannel => "payload.no-channel",
            Flaw::EntryMissing { .. } => "payload.entry-missing",
        }
    }

    fn message(&self) -> String {
        let (payload, file) = (self.payload.display(), self.file);
        match &self.flaw {
            Flaw::Missing => say!("{payload} has no {file}", payload, file),
            Flaw::ByteOrderMark => say!(
                "{payload}: {file} starts with a byte order mark, which OpenClaw cannot read",
                payload,
                file
            ),
            // serde_json's reason ends with the line and column
            Flaw::Syntax { cause, .. } => {
                say!("{payload}: {file} is not valid JSON: {cause}", payload, file, cause)
            }
            Flaw::WrongValue { key, expected } => say!(
                "{payload}: in {file}, “{key}” must be {expected}",
                payload,
                file,
                key,
                expected
            ),
            Flaw::WrongId { found } => say!(
                "{payload}: {file} has the id “{found}”; the DingTalk connector's is “{CONNECTOR_ID}”",
                payload,
                file,
                found,
                CONNECTOR_ID
            ),
            Flaw::NoChannel => say!(
                "{payload}: {file} does not list “{CONNECTOR_ID}” in “channels”, so OpenClaw would call its configuration invalid",
                payload,
                file,
                CONNECTOR_ID
            ),
            Flaw::EntryMissing { entry } => say!(
                "{payload}: {file} names the entry {entry}, which is not in the payload",
                payload,
                file,
                entry
            ),
        }
    }

    fn hint(&self) -> String {
        match self.flaw {
            Flaw::EntryMissing { .. } => say!(
                "Install the published package; a copy of the sources may still have to be built."
            ),
            Flaw::WrongId { .. } | Flaw::NoChannel => {
                say!("Give the DingTalk connector as SOURCE; nothing was written.")
            }
            _ => say!("Get the connector again from its publisher; nothing was written."),
        }
    }
}
