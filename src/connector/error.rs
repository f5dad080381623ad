//! What can go wrong between a source and a staged tree. Why an entry is refused, `entry/refusal.rs`
//! says.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use super::checksums::Sha256;
use crate::fs::{Action, FileError};
use crate::language::{Explain, Kind, Problem};

/// What somebody else has to deliver again.
fn get_again(code: &'static str, message: String) -> Problem {
    Problem::new(
        code,
        message,
        say!("Get the payload and its checksums again from their publisher; nothing was written."),
    )
}

/// The operator asked the program to stop.
pub(super) fn interrupted() -> Problem {
    let hint = say!("Run the command again.");
    Problem::new("payload.interrupted", say!("interrupted"), hint).of_kind(Kind::Interrupted)
}

/// Something could not be read, for `map_err`.
pub(super) fn reading<C: Into<io::Error>>(path: impl Into<PathBuf>) -> impl FnOnce(C) -> Problem {
    Action::Read.failed(path)
}

/// The same of a file that we open by our own rules, for `map_err`.
#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn looking(error: FileError) -> Problem {
    error.problem()
}

/// A temporary file could not be written, for `map_err`.
#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn temporary(cause: io::Error) -> Problem {
    let directory = tempfile::env::temp_dir();
    let message = say!(
        "cannot write a temporary file in {directory}: {cause}",
        directory = directory.display(),
        cause
    );
    let hint = say!("Free some space there, or set TMPDIR to a directory that has some.");
    Problem::new("payload.temporary", message, hint)
}

/// Between checking and copying, an entry became another one.
pub fn changed(payload: &Path, entry: &str) -> Problem {
    let message = say!(
        "{payload}: “{entry}” changed while it was being installed",
        payload = payload.display(),
        entry
    );
    let hint =
        say!("Find out who writes to it; copy it to a directory of your own and install that.");
    Problem::new("payload.changed", message, hint)
}

/// The archive ends before its content does.
pub(super) fn truncated(archive: &Path) -> Problem {
    let archive = archive.display();
    let message = say!("{archive} is cut off: it ends before its content does", archive);
    Problem::new("payload.truncated", message, copy_again())
}

/// The archive cannot be decoded.
pub(super) fn corrupt(archive: &Path, cause: impl Display) -> Problem {
    let message = say!("{archive} is damaged: {cause}", archive = archive.display(), cause);
    Problem::new("payload.corrupt", message, copy_again())
}

fn copy_again() -> String {
    say!("Copy or download it again; nothing was written.")
}

/// An archive whose bytes cannot be decoded: cut off, or damaged.
pub(super) fn broken_archive(archive: &Path, cause: &io::Error) -> Problem {
    if ends_early(cause) { truncated(archive) } else { corrupt(archive, cause) }
}

/// Decoders wrap the end of input in errors of their own.
fn ends_early(cause: &io::Error) -> bool {
    let mut link: Option<&(dyn Error + 'static)> = Some(cause);
    while let Some(error) = link {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            if io.kind() == io::ErrorKind::UnexpectedEof {
                return true;
            }
            link = io.get_ref().map(|inner| inner as &(dyn Error + 'static));
        } else {
            link = error.source();
        }
    }
    false
}

/// There is nothing at the path that was given; `package` names one of npm's, if that was meant.
pub(super) fn not_found(path: &Path, package: Option<&str>) -> Problem {
    let hint = package.map_or_else(
        || say!("Check the path, then run the command again."),
        |package| say!("Check the path; if the npm package is meant: npm:{package}", package),
    );
    Problem::new("payload.not-found", say!("there is no {path}", path = path.display()), hint)
}

/// An address of the web.
pub(super) fn is_url(given: &str) -> Problem {
    let file = given.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let file = file.split(['?', '#']).next().unwrap_or_default();
    let hint = say!(
        "Download it, then give the file with its checksum: openclaw-setup install {file} --sha256 HEX",
        file
    );
    Problem::new("payload.url", say!("{given} is a URL, which is not fetched", given), hint)
}

fn no_source(code: &'static str, message: String) -> Problem {
    let hint = say!(
        "SOURCE is a connector's directory, an archive (.tgz .tar.gz .tar.zst .tar .zip), or npm:NAME[@VERSION]."
    );
    Problem::new(code, message, hint)
}

/// A file, but none of the archives that we read.
pub(super) fn unknown_format(path: &Path) -> Problem {
    let message = say!("{path} is not a supported archive", path = path.display());
    no_source("payload.unknown-format", message)
}

/// A directory that is neither a connector nor a folder of connector versions.
pub(super) fn no_payload(path: &Path) -> Problem {
    let message = say!(
        "{path} is neither a connector (no openclaw.plugin.json) nor a folder of connector versions",
        path = path.display()
    );
    no_source("payload.none", message)
}

/// `npm:…` that names no package.
pub(super) fn bad_npm_name(given: &str) -> Problem {
    no_source("payload.npm-name", say!("“{given}” is not the name of an npm package", given))
}

/// There is no checksum to hold against the payload.
pub(super) fn unverified(payload: &Path) -> Problem {
    let message = say!("there is no checksum to verify {payload}", payload = payload.display());
    let hint = say!(
        "Give --sha256 HEX or --checksums FILE, or put SHA256SUMS beside it; if you trust it as it is, --allow-unverified."
    );
    Problem::new("payload.unverified", message, hint)
}

/// A file has other content than it should; `list` says so, else the command line.
pub(super) fn wrong_digest(
    file: &Path,
    found: Sha256,
    expected: Sha256,
    list: Option<&Path>,
) -> Problem {
    let (file, source) = (file.display(), list.unwrap_or(Path::new("--sha256")).display());
    let message = say!(
        "{file} has the wrong SHA-256: {found}, but {source} says {expected}",
        file,
        found,
        source,
        expected
    );
    get_again("payload.wrong-digest", message)
}

/// A list names a file that is not there.
pub(super) fn listed_but_missing(list: &Path, file: &Path) -> Problem {
    let (list, file) = (list.display(), file.display());
    let message = say!("{list} lists {file}, but there is no such file", list, file);
    get_again("payload.listed-but-missing", message)
}

/// A list does not name a file that is there.
pub(super) fn not_listed(list: &Path, file: &Path) -> Problem {
    let (list, file) = (list.display(), file.display());
    get_again("payload.not-listed", say!("{list} does not list {file}", list, file))
}

/// A line of a list, counted from 1, is not in sha256sum(1)'s format, or contradicts another.
pub(super) fn bad_checksum_line(list: &Path, line: usize) -> Problem {
    let message = say!(
        "{list}:{line}: not a line of sha256sum(1), or a second digest for one name",
        list = list.display(),
        line
    );
    let hint = say!("Write the list with sha256sum, then run the command again.");
    Problem::new("payload.bad-checksum-line", message, hint)
}

/// `--sha256` was given for a directory.
pub(super) fn sha256_needs_archive(payload: &Path) -> Problem {
    let message = say!(
        "--sha256 is the digest of an archive, but {payload} is a directory",
        payload = payload.display()
    );
    let hint = say!("Give --checksums FILE, or a SHA256SUMS at the root of the directory.");
    Problem::new("payload.sha256-needs-archive", message, hint)
}

/// There is no npm.
pub(super) fn npm_missing() -> Problem {
    let message =
        say!("npm is needed, but it is neither beside the gateway's node nor on the PATH");
    let hint = say!("Install npm, or use a payload that includes its node_modules.");
    Problem::new("payload.npm-missing", message, hint)
}

/// `--offline` was given, and something would have to be fetched.
pub(super) fn npm_offline(needed: &str) -> Problem {
    let message =
        say!("{needed} would have to be fetched with npm, but --offline was given", needed);
    let hint = say!("Use a payload that includes its node_modules, or omit --offline.");
    Problem::new("payload.npm-offline", message, hint)
}

/// `--offline` was given, and npm's cache does not suffice.
pub(super) fn npm_not_cached(last_lines: &str) -> Problem {
    let message = say!(
        "npm's cache lacks something that the connector depends on, and --offline was given; npm says:\n{last_lines}",
        last_lines
    );
    let hint = say!(
        "Use a payload that includes its node_modules, or omit --offline. npm config get cache shows where the cache is."
    );
    Problem::new("payload.npm-offline", message, hint)
}

/// Nobody answers at npm's registry.
pub(super) fn npm_unreachable(address: &str, why: &str) -> Problem {
    let message = say!("npm's registry {address} cannot be reached: {why}", address, why);
    let hint = say!(
        "Without a network: install the package openclaw-connector-dingtalk, or give an archive that includes its node_modules.\nA mirror: npm config set registry URL (npm config get registry shows the one in use).\nA proxy: export https_proxy=http://HOST:PORT. A slow network: --timeout SECONDS"
    );
    Problem::new("payload.npm-unreachable", message, hint)
}

fn see_npm(code: &'static str, message: String) -> Problem {
    Problem::new(code, message, say!("Fix what npm reports, then run the command again."))
}

/// npm could not be started.
pub(super) fn npm_not_started(program: &Path, cause: &io::Error) -> Problem {
    let program = program.display();
    see_npm("payload.npm-not-started", say!("cannot start {program}: {cause}", program, cause))
}

/// npm ended with an error.
pub(super) fn npm_failed(command: &str, last_lines: &str) -> Problem {
    let message = say!("“{command}” failed; its last lines:\n{last_lines}", command, last_lines);
    see_npm("payload.npm-failed", message)
}

/// npm's answer is not what was asked for.
pub(super) fn npm_answer(command: &str, cause: &str) -> Problem {
    let message = say!("the output of “{command}” cannot be understood: {cause}", command, cause);
    see_npm("payload.npm-answer", message)
}

/// npm did not end in time.
pub(super) fn npm_timed_out(command: &str) -> Problem {
    let hint = say!("Check the network and npm's registry (npm ping), or raise --timeout.");
    let message = say!("“{command}” did not finish in time", command);
    Problem::new("payload.npm-timed-out", message, hint)
}

/// The download of a package is not what the registry says it is.
pub(super) fn npm_wrong_integrity(package: &str, found: &str, expected: &str) -> Problem {
    let message = say!(
        "the download of {package} has the integrity {found}, but the registry says {expected}",
        package,
        found,
        expected
    );
    let hint =
        say!("Do not use it; a mirror or a proxy may have altered it. Nothing was installed.");
    Problem::new("payload.npm-wrong-integrity", message, hint)
}

/// The registry says nothing by which the download of a package could be checked.
pub(super) fn npm_no_integrity(package: &str) -> Problem {
    let message = say!("the registry has no SHA-512 integrity for {package}", package);
    let hint = say!("Download the package yourself and give it as SOURCE with --sha256.");
    Problem::new("payload.npm-no-integrity", message, hint)
}
