//! What every error code and every check means: its cause, what to do, and a command to begin with.
//! Data alone; `tests/messages.rs` holds it against the codes that the program has.

mod checks;
mod errors;
mod gateway;
mod payload;

use crate::language::translated;

/// What is to be said of one code.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// An error's code, or a check's id.
    pub code: &'static str,
    /// What has happened, or was found, in English.
    pub cause: &'static str,
    /// What to do, in English.
    pub remedy: &'static str,
    /// A command, with names that stand for the reader's own.
    pub example: &'static str,
}

const fn entry(
    code: &'static str,
    cause: &'static str,
    remedy: &'static str,
    example: &'static str,
) -> Entry {
    Entry { code, cause, remedy, example }
}

const SOURCE: &str = "SOURCE is a connector's directory, an archive (.tgz .tar.gz .tar.zst .tar .zip), or npm:NAME[@VERSION].";
const GET: &str =
    "Get the payload and its checksums again from their publisher; nothing was written.";
const COPY: &str = "Copy or download it again; nothing was written.";
const AGAIN: &str = "Run the command again.";
const UNTRUSTED: &str =
    "Do not trust this payload. Get it again from its publisher; nothing was written.";
const TOO_MUCH: &str =
    "No connector is that large. Get the payload again from its publisher; nothing was written.";
const PUBLISHER: &str = "Get the connector again from its publisher; nothing was written.";
const DINGTALK: &str = "Give the DingTalk connector as SOURCE; nothing was written.";
const NPM: &str = "Fix what npm reports, then run the command again.";
const STOPPED: &str =
    "The program was asked to stop before it had finished (Ctrl-C, SIGTERM or SIGHUP).";
const FILE: &str = "Remove the cause that the message names (space, quota, mode, owner), then run the command again.";
const LOG: &str = "Correct what the gateway's log names, then run the command again.";
const NODE: &str = "Check that the unit's ExecStart names Node.js 18 or newer.";
const CORRECT: &str = "Correct it and run the command again.";

/// Every entry: the checks first.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    [checks::ENTRIES, errors::ENTRIES, payload::ENTRIES, gateway::ENTRIES].into_iter().flatten()
}

impl Entry {
    /// What has happened, or was found.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        translated(self.cause)
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        translated(self.remedy)
    }

    /// Whether it is the one of this name, or one of the family of this name.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.code == name || self.code.split('.').next() == Some(name)
    }

    /// How near another name comes to the code, or to its part after the dot: 1 is the same.
    fn nearness(&self, name: &str) -> f64 {
        let part = self.code.rsplit('.').next().unwrap_or(self.code);
        strsim::jaro(self.code, name).max(strsim::jaro(part, name))
    }
}

/// The codes that may have been meant, the nearest first.
#[must_use]
pub fn similar(name: &str) -> Vec<&'static str> {
    let mut near: Vec<_> = all().map(|entry| (entry.nearness(name), entry.code)).collect();
    near.retain(|(nearness, _)| *nearness > 0.8);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, code)| code).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn what_is_nearly_a_code_is_recognised() {
        for (name, code) in [
            ("config.sintax", "config.syntax"),
            ("unverified", "payload.unverified"),
            ("gateway.crashloop", "gateway.crash-loop"),
        ] {
            assert_eq!(similar(name).first(), Some(&code), "{name}");
        }
        assert!(similar("rhubarb").is_empty());
    }
}
