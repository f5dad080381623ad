//! npm, narrowly: fetching a package, and adding the dependencies of a staged connector. It is found where
//! the gateway's node is, runs in an environment without our secrets, and is ended with all its children
//! when it must not go on.

mod dependencies;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha512};

use crate::child::{Finished, Helper, Unfinished};
use crate::connector::error;
use crate::connector::reading::Watch;
use crate::connector::source::NpmSpec;
use crate::fs::foreign;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::timeout::Deadline;

pub(super) use dependencies::{HOST, Pinned, pins};
pub use dependencies::{Pin, Resolution, admits, expect_cached, install_dependencies};

/// What is shown of npm's complaints.
const LAST_LINES: usize = 15;

/// What npm ends with where nobody answers; whatever else it says, a registry has been reached.
const NOBODY: [&str; 9] = [
    "EAI_AGAIN",
    "ENOTFOUND",
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ETIMEDOUT",
    "ERR_SOCKET_TIMEOUT",
    "FETCH_ERROR",
];

/// What npm ends with where its cache, with `--offline`, lacks a package or the version wanted.
const NOT_CACHED: [&str; 2] = ["ENOTCACHED", "ETARGET"];

/// Variables that npm needs to do its work as the caller would; beside these, `npm_config_*`.
const PASSED_ON: [&str; 16] = [
    "HOME",
    "PATH",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// The npm registry, as it can be reached from here. Not `Debug`: the environment may hold an npm
/// token or a proxy's password.
pub struct Registry {
    environment: Vec<(OsString, OsString)>,
    node: Option<PathBuf>,
    offline: bool,
    deadline: Deadline,
}

impl Registry {
    /// A registry that npm reaches with the caller's `environment`, of which only what npm needs
    /// is kept: paths, proxies, certificates and npm's own settings.
    ///
    /// `node` is the gateway's node: an npm beside it is preferred to the one on the `PATH`,
    /// because with nvm and the like the `PATH` of a service is not the shell's.
    pub fn new(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        node: Option<&Path>,
        offline: bool,
        deadline: Deadline,
    ) -> Self {
        let environment = environment.into_iter().filter(|(name, _)| is_passed_on(name)).collect();
        Self { environment, node: node.map(Path::to_path_buf), offline, deadline }
    }

    /// Whether it may be asked at all: not with `--offline`.
    pub fn is_allowed(&self) -> bool {
        !self.offline
    }

    /// Whether there is an npm to ask it with.
    pub fn has_npm(&self) -> bool {
        self.locate().is_some()
    }

    /// An error if `needed` may not be fetched.
    fn expect_online(&self, needed: &str) -> Result<(), Problem> {
        if self.offline { Err(error::npm_offline(needed)) } else { Ok(()) }
    }

    /// An error if `needed` cannot be fetched because nobody answers within `patience`: npm itself
    /// would ask again and again, for minutes.
    pub fn expect_reachable(
        &self,
        needed: &str,
        patience: Duration,
        interrupt: &Interrupt,
    ) -> Result<(), Problem> {
        self.expect_online(needed)?;
        let scratch = tempfile::tempdir().map_err(error::temporary)?;
        let begun = Instant::now();
        let address = self.npm(&["config", "get", "registry"], scratch.path(), interrupt)?;
        // npm has to start, and on a slow machine that alone takes seconds
        let late = self.deadline.min(Deadline::after(patience + begun.elapsed()));
        let ping = ["ping", "--loglevel=error", "--fetch-retries=0"];
        let pinged = self.run(&ping, scratch.path(), late, interrupt)?;
        let why = match &pinged {
            Some(pinged) => complaint(&pinged.stderr).filter(|code| NOBODY.contains(code)),
            None => Some("ETIMEDOUT"),
        };
        why.map_or(Ok(()), |why| Err(error::npm_unreachable(address.trim(), why)))
    }

    /// Runs npm in `directory` and returns what it wrote to its standard output.
    fn npm(
        &self,
        arguments: &[&str],
        directory: &Path,
        interrupt: &Interrupt,
    ) -> Result<String, Problem> {
        let line = format!("npm {}", arguments.join(" "));
        match self.run(arguments, directory, self.deadline, interrupt)? {
            Some(finished) if finished.status.success() => Ok(finished.stdout),
            Some(Finished { stderr, .. }) => {
                let lacks = complaint(&stderr).is_some_and(|code| NOT_CACHED.contains(&code));
                let last_lines = last_lines(&stderr);
                Err(if self.offline && lacks {
                    error::npm_not_cached(&last_lines)
                } else {
                    error::npm_failed(&line, &last_lines)
                })
            }
            None => Err(error::npm_timed_out(&line)),
        }
    }

    /// Nothing where it did not end in time.
    fn run(
        &self,
        arguments: &[&str],
        directory: &Path,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Option<Finished>, Problem> {
        let program = self.locate().ok_or_else(error::npm_missing)?;
        let npm = Helper::new(&program)
            .args(arguments)
            .current_dir(directory)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", self.path_with_node())
            // the user's own npm logs are neither added to nor pruned (`logs-max=0` deletes them)
            .env("npm_config_logs_dir", directory.join(".npm-logs"))
            .env("npm_config_update_notifier", "false")
            // npm's own switch: the user's cache, wherever npm keeps it, and no network
            .envs(self.offline.then_some(("npm_config_offline", "true")));
        match npm.run(deadline, interrupt) {
            Ok(finished) => Ok(Some(finished)),
            Err(Unfinished::Late) => Ok(None),
            Err(Unfinished::Io(cause)) => Err(error::npm_not_started(&program, &cause)),
            Err(Unfinished::Interrupted) => Err(error::interrupted()),
        }
    }

    fn locate(&self) -> Option<PathBuf> {
        let beside = self.node.as_deref().and_then(Path::parent).map(|bin| bin.join("npm"));
        let on_path = std::env::split_paths(self.path()).map(|bin| bin.join("npm"));
        beside.into_iter().chain(on_path).find(|npm| npm.is_absolute() && is_executable(npm))
    }

    fn path(&self) -> &OsStr {
        let path = self.environment.iter().find(|(name, _)| name == "PATH");
        path.map_or(OsStr::new(""), |(_, value)| value)
    }

    /// npm starts with `#!/usr/bin/env node`: the gateway's node comes first.
    fn path_with_node(&self) -> OsString {
        let bin = self.node.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        let all = bin.into_iter().chain(std::env::split_paths(self.path()));
        std::env::join_paths(all).unwrap_or_else(|_| self.path().to_os_string())
    }
}

fn is_passed_on(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    PASSED_ON.contains(&name) || name.to_ascii_lowercase().starts_with("npm_config_")
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The word behind `npm error code`, which older npms begin with `npm ERR!`.
fn complaint(output: &str) -> Option<&str> {
    output.lines().find_map(|line| line.split_once(" code ")).map(|(_, code)| code.trim())
}

/// Without the line that names npm's log: it is gone by then.
fn last_lines(output: &str) -> String {
    let is_said = |line: &&str| !line.trim().is_empty() && !line.contains("A complete log of");
    let lines: Vec<&str> = output.lines().filter(is_said).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

const SHA512: &str = "sha512-";

/// A package that was fetched and proven.
#[derive(Debug)]
pub(super) struct Fetched {
    /// The `.tgz`.
    pub(super) archive: PathBuf,
    /// The version that `spec` came to.
    pub(super) version: String,
    /// The registry's value, `sha512-…`.
    pub(super) integrity: String,
}

/// Fetches `spec` into the directory `into`, and checks the download's SHA-512 against the
/// registry's `dist.integrity`; npm's own word for it is not enough.
pub(super) fn fetch(
    spec: &NpmSpec,
    into: &Path,
    registry: &Registry,
    watch: Watch<'_>,
) -> Result<Fetched, Problem> {
    registry.expect_online(&format!("npm:{spec}"))?;
    let wanted = spec.to_string();
    let pack = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--", &wanted];
    let answer =
        watch.during(&say!("fetching {name}", name = format!("npm:{spec}")), None, || {
            registry.npm(&pack, into, watch.interrupt)
        })?;
    let command = format!("npm {}", pack.join(" "));
    let version =
        packed_version(&answer).ok_or_else(|| error::npm_answer(&command, "no version in it"))?;
    let archive =
        only_archive(into).ok_or_else(|| error::npm_answer(&command, "no archive came"))?;
    let package = format!("{}@{version}", spec.name);
    let expected = published_integrity(&package, into, registry, watch)?;
    let found = integrity_of(&archive)?;
    if expected.split_whitespace().all(|value| value != found) {
        return Err(error::npm_wrong_integrity(&package, &found, &expected));
    }
    Ok(Fetched { archive, version, integrity: found })
}

fn published_integrity(
    package: &str,
    directory: &Path,
    registry: &Registry,
    watch: Watch<'_>,
) -> Result<String, Problem> {
    let view = ["view", "--json", "--loglevel=error", "--", package, "dist.integrity"];
    let answer = registry.npm(&view, directory, watch.interrupt)?;
    match serde_json::from_str(&answer) {
        Ok(Value::String(integrity)) if integrity.contains(SHA512) => Ok(integrity),
        _ => Err(error::npm_no_integrity(package)),
    }
}

/// `npm pack --json` answers with a list of packages.
fn packed_version(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    Some(answer.get(0)?.get("version")?.as_str()?.to_string())
}

/// The one archive in the directory. Its name in npm's answer is wrong for scoped packages in
/// some versions of npm, so it is not relied upon.
fn only_archive(directory: &Path) -> Option<PathBuf> {
    let mut archives = fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "tgz"));
    archives.next().filter(|_| archives.next().is_none())
}

fn integrity_of(archive: &Path) -> Result<String, Problem> {
    let mut file = foreign::open(archive).map_err(error::looking)?;
    let mut hash = Sha512::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece).map_err(error::reading(archive))? {
            0 => return Ok(format!("{SHA512}{}", STANDARD.encode(hash.finalize()))),
            read => hash.update(&piece[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn registry(home: &Path, script: &str, timeout: Duration) -> Registry {
        let npm = home.join("npm");
        let text = home.join("text");
        fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
        // what we write ourselves is also open in a child that another test is just starting, and
        // cannot be executed for so long
        let install = Helper::new("install").args([&text, &npm]);
        let installed = install.run(Deadline::after(LONG), &Interrupt::never()).unwrap();
        assert!(installed.status.success());
        let environment = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/nonexistent"),
            ("npm_config_registry", "mirror"),
            ("https_proxy", "proxy"),
            ("OPENCLAW_SETUP_CLIENT_SECRET", "secret"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let environment = environment.map(|(name, value)| (name.into(), value.into()));
        Registry::new(environment, Some(&home.join("node")), false, Deadline::after(timeout))
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn npm_gets_what_it_needs_and_no_secret() {
        let home = tempfile::tempdir().unwrap();
        let registry = registry(home.path(), "env", LONG);
        let output = registry.npm(&[], home.path(), &Interrupt::never()).unwrap();
        for expected in ["HOME=/nonexistent", "npm_config_registry=mirror", "https_proxy=proxy"] {
            assert!(output.contains(expected), "{output}");
        }
        assert!(!output.contains("secret"), "{output}");
    }

    #[test]
    fn a_failure_carries_npms_last_lines() {
        let home = tempfile::tempdir().unwrap();
        let registry = registry(home.path(), "echo 'npm error code E404' >&2; exit 1", LONG);
        let outcome = registry.npm(&["view", "x"], home.path(), &Interrupt::never());
        let message = outcome.unwrap_err().message;
        assert_eq!(message, "“npm view x” failed; its last lines:\nnpm error code E404");
    }

    #[test]
    fn a_registry_that_cannot_be_reached_is_told_from_one_that_answers() {
        let home = tempfile::tempdir().unwrap();
        let reach = |script: &str, patience| {
            let script = format!("[ $1 = ping ] || exec echo http://mirror/; {script}");
            let registry = registry(home.path(), &script, LONG);
            registry.expect_reachable("x", patience, &Interrupt::never())
        };
        for answers in ["exit 0", "echo 'npm error code E404' >&2; exit 1"] {
            assert_eq!(reach(answers, LONG), Ok(()), "{answers}");
        }
        for (silent, patience, code) in [
            ("echo 'npm ERR! code EAI_AGAIN' >&2; exit 1", LONG, "EAI_AGAIN"),
            ("exec sleep 600", Duration::ZERO, "ETIMEDOUT"),
        ] {
            let message = reach(silent, patience).unwrap_err().message;
            assert!(message.contains("http://mirror/") && message.contains(code), "{message}");
        }
    }

    #[test]
    fn the_deadline_ends_npm() {
        let home = tempfile::tempdir().unwrap();
        let registry = registry(home.path(), "exec sleep 600", Duration::ZERO);
        let outcome = registry.npm(&[], home.path(), &Interrupt::never());
        assert_eq!(outcome.unwrap_err().code, "payload.npm-timed-out");
    }

    #[test]
    fn an_interrupt_ends_npm_with_its_children() {
        let home = tempfile::tempdir().unwrap();
        let script = "sleep 600 & echo $! > pid && mv pid child; wait";
        let registry = registry(home.path(), script, LONG);
        let interrupt = Interrupt::never();
        let child = home.path().join("child");
        thread::scope(|scope| {
            scope.spawn(|| {
                until(|| child.exists());
                interrupt.raise();
            });
            let outcome = registry.npm(&[], home.path(), &interrupt);
            assert_eq!(outcome.unwrap_err().code, "payload.interrupted");
        });
        let stat = format!("/proc/{}/stat", fs::read_to_string(&child).unwrap().trim());
        // whoever adopted the killed child may still have to reap it
        until(|| fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")));
    }

    fn until(come: impl Fn() -> bool) {
        let deadline = Deadline::after(LONG);
        while !come() {
            assert!(!deadline.has_passed(), "it never came");
            thread::yield_now();
        }
    }
}
