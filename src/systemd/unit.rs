//! A service unit as the manager sees it: a plain installation, read in one go.
//!
//! The properties that systemd tells of a unit or of itself, and the unit's picture out of them.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zbus::{OwnedVariant, Variant};

use super::drop_in::words;
use super::environment::Environment;

/// Whether systemd could load the unit file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadState {
    /// Loaded.
    Loaded,
    /// There is no such unit file.
    #[default]
    NotFound,
    /// The unit file has a line that makes the whole unit unusable.
    BadSetting,
    /// Reading the unit file failed.
    Error,
    /// The unit is masked.
    Masked,
    /// Another word of systemd's, such as `stub` or `merged`.
    #[serde(untagged)]
    Other(String),
}

/// Whether the unit runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActiveState {
    /// It runs.
    Active,
    /// It runs and re-reads its configuration.
    Reloading,
    /// It is stopped.
    #[default]
    Inactive,
    /// It failed and stays down.
    Failed,
    /// It starts, or waits for its next automatic restart.
    Activating,
    /// It stops.
    Deactivating,
    /// Another word of systemd's.
    #[serde(untagged)]
    Other(String),
}

/// A line `EnvironmentFile=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFile {
    /// The file, specifiers resolved; may hold wildcards.
    pub path: PathBuf,
    /// Written with `-`: systemd does not mind when it is missing.
    pub optional: bool,
}

/// A command with its arguments; an argument may be a secret, so `Debug` shows the program only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CommandLine {
    /// `argv`, the program first. Over the `systemctl` fallback an argument with a space comes in
    /// pieces: `systemctl show` prints it without quotes.
    pub arguments: Vec<String>,
}

impl CommandLine {
    /// Its secrets are shown nowhere from now on.
    pub(super) fn of(arguments: Vec<String>) -> Self {
        crate::redaction::learn_arguments(&arguments);
        Self { arguments }
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.arguments.first().map_or("", String::as_str);
        write!(formatter, "{program} and {} arguments", self.arguments.len().saturating_sub(1))
    }
}

/// A service unit at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// Its full name, with `.service`.
    pub name: String,
    /// Whether the unit file could be loaded.
    pub load_state: LoadState,
    /// Why not, in systemd's words.
    pub load_error: Option<String>,
    /// Whether it runs.
    pub active_state: ActiveState,
    /// The finer state, such as `running` or `auto-restart`.
    pub sub_state: String,
    /// How the service ended last: `success`, `exit-code`, `signal`, `start-limit-hit`, …
    pub result: String,
    /// `enabled`, `disabled`, `static`, `masked`, …; empty where there is no file.
    pub unit_file_state: String,
    /// The unit file itself.
    pub fragment_path: Option<PathBuf>,
    /// Its drop-ins, in the order in which systemd applies them.
    pub drop_in_paths: Vec<PathBuf>,
    /// A known unit file has changed since it was read. False for a first drop-in: systemd 252
    /// does not look for new ones.
    pub need_daemon_reload: bool,
    /// All `Environment=` lines together, specifiers resolved.
    pub environment: Environment,
    /// All `EnvironmentFile=` lines; their values beat `environment`.
    pub environment_files: Vec<EnvironmentFile>,
    /// All `UnsetEnvironment=` entries; they beat both. An entry is a name or `name=value`.
    pub unset_environment: Vec<String>,
    /// The first `ExecStart=`; a service that goes on running has but one.
    pub exec_start: Vec<CommandLine>,
    /// The main process, while there is one.
    pub main_pid: Option<u32>,
    /// Automatic restarts since the unit was last started by hand.
    pub n_restarts: u32,
    /// The id of this run of the unit, in hexadecimal; empty if it never ran.
    pub invocation_id: String,
    /// `RestartSec=`; `None` means infinity.
    pub restart: Option<Duration>,
    /// `TimeoutStartSec=`; `None` means infinity.
    pub timeout_start: Option<Duration>,
    /// `TimeoutStopSec=`; `None` means infinity.
    pub timeout_stop: Option<Duration>,
    /// When it last became active, in µs since 1970; 0 if never.
    pub active_enter_usec: u64,
    /// When its main process was last started, in µs since 1970; 0 if never.
    pub main_start_usec: u64,
    /// How the main process ended last: an exit status, or a signal's number.
    pub exec_main_status: i32,
    /// Another job waits on this unit.
    pub job_queued: bool,
}

impl Unit {
    /// Whether it runs, or is about to.
    pub fn is_up(&self) -> bool {
        matches!(
            self.active_state,
            ActiveState::Active | ActiveState::Reloading | ActiveState::Activating
        )
    }
}

/// Each as the words that it is made of, whether D-Bus has delivered or `systemctl show` has
/// printed it. One that this systemd does not have has none.
pub(super) struct Properties(HashMap<String, Vec<String>>);

impl Properties {
    pub(super) fn of_variants(variants: &HashMap<String, OwnedVariant>) -> Self {
        let each = variants.iter().map(|(name, value)| {
            let mut words = Vec::new();
            match (name.as_str(), &**value) {
                ("ExecStart", commands) => arguments(commands, &mut words),
                (_, value) => flatten(value, &mut words),
            }
            (name.clone(), words)
        });
        Self(each.collect())
    }

    /// What `systemctl show --timestamp=us+utc` prints: a line for each property, or for each item
    /// of one.
    pub(super) fn of_lines(answer: &str) -> Self {
        let mut properties: HashMap<_, Vec<String>> = HashMap::new();
        for (name, value) in answer.lines().filter_map(|line| line.split_once('=')) {
            let known = properties.entry(name.to_owned()).or_default();
            match name {
                "Environment" | "UnsetEnvironment" | "DropInPaths" | "LoadError" => {
                    known.extend(words(value).into_iter().map(|word| word.value));
                }
                "EnvironmentFiles" => {
                    // `/path (ignore_errors=yes)`; the path is not quoted
                    let file = value.strip_suffix(')').unwrap_or(value);
                    let file = file.rsplit_once(" (ignore_errors=");
                    known.extend(file.into_iter().flat_map(<[&str; 2]>::from).map(str::to_owned));
                }
                "ExecStart" if known.is_empty() => known.extend(printed_arguments(value)),
                _ => known.push(value.to_owned()),
            }
        }
        Self(properties)
    }

    fn words(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    fn first(&self, name: &str) -> &str {
        self.words(name).first().map_or("", String::as_str)
    }

    fn number<T: std::str::FromStr + Default>(&self, name: &str) -> T {
        self.first(name).parse().unwrap_or_default()
    }

    fn state<T: DeserializeOwned + Default>(&self, name: &str) -> T {
        serde_json::from_value(self.first(name).into()).unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.words(name).concat()
    }

    pub(super) fn environment(&self) -> Environment {
        Environment::of_assignments(self.words("Environment").iter().cloned())
    }

    /// The unit whose properties these are.
    pub(super) fn unit(&self) -> Unit {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let files = self.words("EnvironmentFiles").chunks_exact(2);
        let command = Some(self.words("ExecStart")).filter(|words| !words.is_empty());
        Unit {
            name: self.text("Id"),
            load_state: self.state("LoadState"),
            load_error: self.words("LoadError").get(1).and_then(|text| filled(text)),
            active_state: self.state("ActiveState"),
            sub_state: self.text("SubState"),
            result: self.text("Result"),
            unit_file_state: self.text("UnitFileState"),
            fragment_path: filled(self.first("FragmentPath")).map(Into::into),
            drop_in_paths: self.words("DropInPaths").iter().map(Into::into).collect(),
            need_daemon_reload: self.first("NeedDaemonReload") == "yes",
            environment: self.environment(),
            environment_files: files
                .map(|file| EnvironmentFile { path: (&file[0]).into(), optional: file[1] == "yes" })
                .collect(),
            unset_environment: self.words("UnsetEnvironment").to_vec(),
            exec_start: command.map(|words| CommandLine::of(words.to_vec())).into_iter().collect(),
            main_pid: Some(self.number("MainPID")).filter(|&pid| pid != 0),
            n_restarts: self.number("NRestarts"),
            invocation_id: self.text("InvocationID"),
            restart: span(self.first("RestartUSec")),
            timeout_start: span(self.first("TimeoutStartUSec")),
            timeout_stop: span(self.first("TimeoutStopUSec")),
            active_enter_usec: moment(self.first("ActiveEnterTimestamp")),
            main_start_usec: moment(self.first("ExecMainStartTimestamp")),
            exec_main_status: self.number("ExecMainStatus"),
            job_queued: !matches!(self.first("Job"), "" | "0"),
        }
    }
}

/// The words of a value, those of arrays and structures one after the other.
fn flatten(value: &Variant<'_>, words: &mut Vec<String>) {
    match value {
        Variant::Str(text) => words.push(text.to_string()),
        Variant::ObjectPath(path) => words.push(path.to_string()),
        Variant::Bool(yes) => words.push(if *yes { "yes" } else { "no" }.to_owned()),
        Variant::U8(byte) => words.push(format!("{byte:02x}")),
        Variant::I32(number) => words.push(number.to_string()),
        Variant::U32(number) => words.push(number.to_string()),
        Variant::U64(number) => words.push(number.to_string()),
        Variant::Array(items) => flatten_all(items.inner(), words),
        Variant::Structure(structure) => flatten_all(structure.fields(), words),
        // of these no property that we read is made
        _ => {}
    }
}

fn flatten_all(values: &[Variant<'_>], words: &mut Vec<String>) {
    for value in values {
        flatten(value, words);
    }
}

/// `argv` of the first command: `ExecStart` is an array of (path, argv, …).
fn arguments(commands: &Variant<'_>, words: &mut Vec<String>) {
    if let Variant::Array(commands) = commands
        && let Some(Variant::Structure(first)) = commands.inner().first()
        && let Some(arguments) = first.fields().get(1)
    {
        flatten(arguments, words);
    }
}

/// The same of `{ path=/bin/sleep ; argv[]=/bin/sleep 100 ; ignore_errors=no ; … }`.
fn printed_arguments(value: &str) -> Vec<String> {
    let arguments = value.split_once(" argv[]=").and_then(|(_, rest)| {
        rest.split_once(" ; ignore_errors=").or_else(|| rest.split_once(" ; flags="))
    });
    arguments.map_or(Vec::new(), |(words, _)| words.split(' ').map(str::to_owned).collect())
}

/// A span of time such as `1min 30s`, or in µs; `None` for `infinity`, and for what is none.
fn span(text: &str) -> Option<Duration> {
    match text.parse() {
        // D-Bus' infinity
        Ok(u64::MAX) => None,
        Ok(usec) => Some(Duration::from_micros(usec)),
        Err(_) => {
            let days = SpanRelativeTo::days_are_24_hours();
            let span = text.parse::<Span>().ok()?.to_duration(days).ok()?;
            span.try_into().ok()
        }
    }
}

/// `Sun 2026-11-22 10:41:01.692979 UTC`, or a number, as µs since 1970; 0 for none.
fn moment(text: &str) -> u64 {
    let printed = || {
        let moment = DateTime::strptime("%a %Y-%m-%d %H:%M:%S%.f UTC", text).ok()?;
        let moment = TimeZone::UTC.to_timestamp(moment).ok()?;
        u64::try_from(moment.as_microsecond()).ok()
    };
    text.parse().ok().or_else(printed).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systemd::ActiveState;

    /// Printed by systemctl 252 for a unit in `auto-restart`.
    const ANSWER: &str = r#"Restart=always
RestartUSec=1min 5s
TimeoutStartUSec=1min 30s
TimeoutStopUSec=infinity
MainPID=0
Result=exit-code
NRestarts=2
ExecMainStatus=1
ExecMainStartTimestamp=Sun 2026-11-22 10:41:01.692589 UTC
ExecStart={ path=/bin/sleep ; argv[]=/bin/sleep 10 1 ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
Environment="A=b c" "B=x\"y" "C=it's" "D=\$home" "N=a\nb" P=50%
EnvironmentFiles=/nonexistent (ignore_errors=yes)
EnvironmentFiles=/home/oct/e f (ignore_errors=no)
Id=t.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
FragmentPath=/home/oct/.config/systemd/user/t.service
UnitFileState=static
ActiveEnterTimestamp=Sun 2026-11-22 10:41:01.692979 UTC
NeedDaemonReload=no
InvocationID=3309099afefb41648a8c87e717f03c4e
Job=12
LoadError=org.freedesktop.systemd1.NoSuchUnit "Unit t.service not found."
"#;

    #[test]
    fn a_unit_is_read_out_of_the_answer() {
        let unit = Properties::of_lines(ANSWER).unit();
        assert_eq!(unit.name, "t.service");
        assert_eq!(unit.active_state, ActiveState::Activating);
        assert_eq!(unit.environment.get("B"), Some("x\"y"));
        assert_eq!(unit.environment.get("D"), Some("$home"));
        assert_eq!(unit.environment.get("N"), Some("a\nb"));
        assert_eq!(unit.environment_files[1].path.to_str(), Some("/home/oct/e f"));
        assert!(unit.environment_files[0].optional && !unit.environment_files[1].optional);
        assert_eq!(unit.exec_start[0].arguments, ["/bin/sleep", "10", "1"]);
        assert_eq!((unit.main_pid, unit.n_restarts, unit.exec_main_status), (None, 2, 1));
        assert_eq!(unit.restart, Some(Duration::from_secs(65)));
        assert_eq!(unit.timeout_stop, None);
        assert_eq!(unit.active_enter_usec, 1_795_344_061_692_979);
        assert_eq!(unit.load_error.as_deref(), Some("Unit t.service not found."));
        assert!(unit.job_queued);
    }

    #[test]
    fn spans_and_moments_are_read_as_either_route_tells_them() {
        for (text, expected) in [
            ("5s", Some(Duration::from_secs(5))),
            ("1min 30s", Some(Duration::from_secs(90))),
            ("100ms", Some(Duration::from_millis(100))),
            ("5min 30.500s", Some(Duration::from_millis(330_500))),
            ("0", Some(Duration::ZERO)),
            ("2d 1h", Some(Duration::from_secs(3_600 + 172_800))),
            ("5000000", Some(Duration::from_secs(5))),
            ("18446744073709551615", None),
            ("infinity", None),
            ("", None),
            ("5 apples", None),
        ] {
            assert_eq!(span(text), expected, "{text}");
        }
        assert_eq!([moment("1795344061692979"), moment("n/a")], [1_795_344_061_692_979, 0]);
    }
}
