//! Why a log cannot be shown.

use std::io;
use std::path::PathBuf;

use crate::language::{Explain, list};
use crate::say;

/// What is wrong.
#[derive(Debug)]
pub enum LogError {
    /// Nobody has logged anything.
    Absent {
        /// The unit that the journal was asked for.
        unit: String,
        /// The file or the directories where there is no log either.
        places: Vec<PathBuf>,
    },
    /// journalctl could not be started, or has ended by itself.
    Journal {
        /// What it said, or the system of it.
        complaint: String,
    },
    /// The log files cannot be read, or not be waited for.
    Io {
        /// What the system said.
        cause: io::Error,
    },
    /// The lines cannot be written.
    Written {
        /// What the system said.
        cause: io::Error,
    },
}

impl Explain for LogError {
    fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "logs.absent",
            Self::Journal { .. } => "logs.journal",
            Self::Io { .. } => "logs.read",
            Self::Written { .. } => "logs.write",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Absent { unit, places } => {
                let places: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
                let places = list(&places);
                say!(
                    "there is no log: the journal holds nothing that {unit} has said, and there is no log file of this user's at any of: {places}",
                    unit,
                    places
                )
            }
            Self::Journal { complaint } => {
                say!("journalctl has ended before its time: {complaint}", complaint)
            }
            Self::Io { cause } => say!("the gateway's log cannot be read: {cause}", cause),
            Self::Written { cause } => say!("the lines cannot be written: {cause}", cause),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Absent { .. } => say!(
                "See whether the gateway has ever been started, and run this as its owner: openclaw-setup status"
            ),
            Self::Journal { .. } | Self::Io { .. } => say!("Run the command again."),
            Self::Written { .. } => {
                say!("Make room where the output goes to, or choose another place.")
            }
        }
    }
}
