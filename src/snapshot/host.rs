//! The machine around the gateway: which OpenClaw runs here, found from its unit, else on the PATH, without
//! starting it; lingering, Node.js, ffprobe, space, time.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::account::Surroundings;
use crate::child::Helper;
use crate::fs::foreign;
use crate::interrupt::Interrupt;
use crate::openclaw::Version;
use crate::systemd::logind;
use crate::timeout::Deadline;

/// How long a program may take to tell its version.
const LONGEST: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// Whether the user's manager runs without a login; `None`: this system has no such folder.
    pub lingers: Option<bool>,
    /// Whether logind lets this process change that; asked only where it could help.
    pub may_linger: bool,
    /// The programs of the unit's `ExecStart=` that are not there.
    pub missing_programs: Vec<PathBuf>,
    /// The version that the unit's Node.js tells of itself.
    pub node: Option<String>,
    /// Where `ffprobe` is on the service's PATH.
    pub ffprobe: Option<PathBuf>,
    /// The PATH of the service, where it is known.
    pub path: Option<String>,
    /// Free bytes for this user on the file system of the state directory.
    pub free: Option<u64>,
    /// The time, in µs since 1970.
    pub now_usec: u64,
}

impl Host {
    /// Looks around. `command` is the unit's; `path` the PATH of its process.
    pub fn look(
        user: &str,
        state_dir: &Path,
        command: &[String],
        path: Option<String>,
        (deadline, interrupt): (Deadline, &Interrupt),
    ) -> Self {
        let node = command.first().map(PathBuf::from).filter(|program| names_node(program));
        let lingers = logind::lingers(user);
        Self {
            may_linger: lingers == Some(false) && logind::may_set_linger(deadline, interrupt),
            lingers,
            missing_programs: missing_programs(command),
            node: node.and_then(|node| version_of(&node, deadline, interrupt)),
            ffprobe: path.as_deref().and_then(|path| on_path(path.as_ref(), "ffprobe")),
            free: free(state_dir),
            now_usec: now_usec(),
            path,
        }
    }
}

fn now_usec() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The program and the script that it is to run.
fn missing_programs(command: &[String]) -> Vec<PathBuf> {
    let paths = command.iter().take_while(|word| *word != "gateway").map(PathBuf::from);
    paths.filter(|path| path.is_absolute() && !path.exists()).collect()
}

fn version_of(node: &Path, deadline: Deadline, interrupt: &Interrupt) -> Option<String> {
    let deadline = deadline.min(Deadline::after(LONGEST));
    let told = Helper::new(node).arg("--version").run(deadline, interrupt);
    let finished = told.ok()?;
    let version = finished.stdout.trim().trim_start_matches('v').to_owned();
    finished.status.success().then_some(version).filter(|version| !version.is_empty())
}

fn on_path(path: &OsStr, program: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn free(directory: &Path) -> Option<u64> {
    let place = directory.ancestors().find(|above| above.exists())?;
    let found = rustix::fs::statvfs(place).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

/// The OpenClaw program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// Its version, if any place tells it.
    pub version: Option<Version>,
    /// The directory of its npm package, if it was found.
    pub package: Option<PathBuf>,
    /// The Node.js that the unit runs it with.
    pub node: Option<PathBuf>,
    /// Another one, of another version, that the command `openclaw` starts.
    pub other: Option<(PathBuf, Version)>,
}

impl Program {
    /// Looks at the unit's command (`node …/openclaw/dist/index.js gateway --port N`), then for
    /// `openclaw` on the PATH, then at the unit's `OPENCLAW_SERVICE_VERSION`, then at the version
    /// that last wrote the config (`meta.lastTouchedVersion`).
    pub fn find(
        command: &[String],
        service_version: Option<&str>,
        last_touched: Option<&str>,
        surroundings: &Surroundings,
    ) -> Self {
        let node = command.first().map(PathBuf::from).filter(|program| names_node(program));
        let mut of_unit = command.iter().map(Path::new).filter(|argument| argument.is_absolute());
        let of_unit = of_unit.find_map(package_of);
        let of_path =
            surroundings.path("PATH").and_then(|path| on_path(path.as_os_str(), "openclaw"));
        let of_path = of_path.and_then(|program| package_of(&program));
        let other = of_unit.as_ref().zip(of_path.clone()).and_then(|(unit, path)| {
            Some((path.0, path.1.filter(|version| unit.1.is_some() && unit.1 != Some(*version))?))
        });
        let told =
            || [service_version, last_touched].into_iter().flatten().find_map(Version::parse);
        let (package, version) = of_unit.or(of_path).unzip();
        Self { version: version.flatten().or_else(told), package, node, other }
    }
}

/// Whether a command begins with Node.js.
fn names_node(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == "node" || name == "nodejs")
}

/// The nearest directory above a file of OpenClaw's whose `package.json` is OpenClaw's own.
fn package_of(file: &Path) -> Option<(PathBuf, Option<Version>)> {
    let file = file.canonicalize().ok()?;
    file.ancestors().skip(1).take(4).find_map(|directory| {
        let package = foreign::json(&directory.join("package.json"))?;
        (package["name"] == "openclaw").then(|| {
            let version = package["version"].as_str().and_then(Version::parse);
            (directory.to_owned(), version)
        })
    })
}

/// The value of an option in a command line: `--port 18789` or `--port=18789`.
pub fn option_of<'a>(command: &'a [String], name: &str) -> Option<&'a str> {
    command.iter().enumerate().find_map(|(place, argument)| {
        let rest = argument.strip_prefix(name)?;
        if rest.is_empty() {
            return command.get(place + 1).map(String::as_str);
        }
        rest.strip_prefix('=')
    })
}

#[cfg(test)]
mod tests {
    use super::{Program, option_of};
    use crate::openclaw::Version;
    use crate::snapshot::account::Surroundings;

    fn command(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn the_units_command_tells_more_than_the_path() {
        let home = tempfile::tempdir().unwrap();
        let package = home.path().join("lib/node_modules/openclaw");
        std::fs::create_dir_all(package.join("dist")).unwrap();
        std::fs::write(package.join("dist/index.js"), "").unwrap();
        std::fs::write(
            package.join("package.json"),
            r#"{"name":"openclaw","version":"2026.3.13"}"#,
        )
        .unwrap();
        let entry = package.join("dist/index.js").display().to_string();
        let command = command(&["/usr/bin/node", &entry, "gateway", "--port", "18790"]);
        let program = Program::find(&command, Some("2026.1.1"), None, &Surroundings::default());
        assert_eq!(program.version, Some(Version::of(2026, 3, 13)));
        assert_eq!(program.package, Some(package.canonicalize().unwrap()));
        assert_eq!(program.node.as_deref(), Some("/usr/bin/node".as_ref()));
        // another one on the PATH
        let newer = home.path().join("newer");
        std::fs::create_dir_all(newer.join("bin")).unwrap();
        std::fs::write(newer.join("package.json"), r#"{"name":"openclaw","version":"2026.5.7"}"#)
            .unwrap();
        std::fs::write(newer.join("bin/openclaw"), "").unwrap();
        let path = newer.join("bin").display().to_string();
        let both = Program::find(&command, None, None, &Surroundings::of([("PATH", &path)]));
        assert_eq!(both.version, Some(Version::of(2026, 3, 13)));
        assert_eq!(both.other.unwrap().1, Version::of(2026, 5, 7));
        assert_eq!(option_of(&command, "--port"), Some("18790"));
    }

    #[test]
    fn without_a_package_the_unit_or_the_config_tells_the_version() {
        let none = Surroundings::default();
        let told = Program::find(&[], Some("2026.4.9"), Some("2026.3.13"), &none);
        assert_eq!(told.version, Some(Version::of(2026, 4, 9)));
        let touched = Program::find(&[], None, Some("2026.3.13"), &none);
        assert_eq!(touched.version, Some(Version::of(2026, 3, 13)));
        assert_eq!(option_of(&command(&["x", "--bind=lan"]), "--bind"), Some("lan"));
    }
}
