//! What `systemctl show` and `systemctl start` print, under `LC_ALL=C`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::environment::Environment;
use super::unit::{ActiveState, CommandLine, EnvironmentFile, LoadState, Unit};
use super::words::words;
use super::{JobOutcome, time_span};

/// What the installation of a unit is made of.
pub(super) const PROPERTIES: [&str; 24] = [
    "Id",
    "LoadState",
    "LoadError",
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "Environment",
    "EnvironmentFiles",
    "UnsetEnvironment",
    "ExecStart",
    "MainPID",
    "NRestarts",
    "InvocationID",
    "RestartUSec",
    "TimeoutStartUSec",
    "TimeoutStopUSec",
    "ActiveEnterTimestamp",
    "ExecMainStartTimestamp",
    "ExecMainStatus",
    "Job",
];

/// The value of a property; empty if it is not printed, as empty ones are not.
pub(super) fn value<'a>(answer: &'a str, property: &str) -> &'a str {
    values(answer, property).next().unwrap_or_default()
}

/// Some properties have a line for each item.
fn values<'a>(answer: &'a str, property: &str) -> impl Iterator<Item = &'a str> {
    answer.lines().filter_map(move |line| line.strip_prefix(property)?.strip_prefix('='))
}

/// The unit's installation.
pub(super) fn installation(answer: &str) -> Unit {
    let text = |property| value(answer, property).to_owned();
    let list = |property| words(value(answer, property)).into_iter().map(|word| word.value);
    Unit {
        name: text("Id"),
        load_state: LoadState::of_name(value(answer, "LoadState")),
        load_error: load_error(value(answer, "LoadError")),
        active_state: ActiveState::of_name(value(answer, "ActiveState")),
        sub_state: text("SubState"),
        result: text("Result"),
        unit_file_state: text("UnitFileState"),
        fragment_path: Some(text("FragmentPath")).filter(|path| !path.is_empty()).map(Into::into),
        drop_in_paths: list("DropInPaths").map(Into::into).collect(),
        need_daemon_reload: value(answer, "NeedDaemonReload") == "yes",
        environment: Environment::of_assignments(list("Environment")),
        environment_files: values(answer, "EnvironmentFiles")
            .filter_map(environment_file)
            .collect(),
        unset_environment: list("UnsetEnvironment").collect(),
        exec_start: values(answer, "ExecStart").filter_map(command_line).collect(),
        main_pid: value(answer, "MainPID").parse().ok().filter(|&pid| pid != 0),
        n_restarts: value(answer, "NRestarts").parse().unwrap_or_default(),
        invocation_id: text("InvocationID"),
        restart: time_span::parsed(value(answer, "RestartUSec")),
        timeout_start: time_span::parsed(value(answer, "TimeoutStartUSec")),
        timeout_stop: time_span::parsed(value(answer, "TimeoutStopUSec")),
        active_enter_usec: usec(value(answer, "ActiveEnterTimestamp")),
        main_start_usec: usec(value(answer, "ExecMainStartTimestamp")),
        exec_main_status: value(answer, "ExecMainStatus").parse().unwrap_or_default(),
        job_queued: !matches!(value(answer, "Job"), "" | "0"),
    }
}

/// `error.name "text"`.
fn load_error(value: &str) -> Option<String> {
    let (_, text) = value.split_once(' ')?;
    Some(text.trim_matches('"').to_owned()).filter(|text| !text.is_empty())
}

/// `/path (ignore_errors=yes)`; the path is not quoted.
fn environment_file(value: &str) -> Option<EnvironmentFile> {
    let (path, rest) = value.rsplit_once(" (ignore_errors=")?;
    Some(EnvironmentFile { path: path.into(), optional: rest == "yes)" })
}

/// `{ path=/bin/sleep ; argv[]=/bin/sleep 100 ; ignore_errors=no ; … }`.
fn command_line(value: &str) -> Option<CommandLine> {
    let (_, rest) = value.split_once(" argv[]=")?;
    let (arguments, _) = rest.split_once(" ; ignore_errors=").or(rest.split_once(" ; flags="))?;
    Some(CommandLine { arguments: arguments.split(' ').map(str::to_owned).collect() })
}

/// `Sun 2026-11-22 10:41:01.692979 UTC`, as µs since 1970.
fn usec(value: &str) -> u64 {
    let mut parts = value.split(' ').skip(1);
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else { return 0 };
    let moment = format!("{date}T{time}").parse::<DateTime>().ok();
    let moment = moment.and_then(|moment| TimeZone::UTC.to_timestamp(moment).ok());
    moment.and_then(|moment| u64::try_from(moment.as_microsecond()).ok()).unwrap_or_default()
}

/// The result of a job out of systemctl's complaint about it; `None` for other complaints.
pub(super) fn outcome(complaint: &str) -> Option<JobOutcome> {
    if complaint.starts_with("A dependency job for ") {
        return Some(JobOutcome::Dependency);
    }
    let what = complaint.strip_prefix("Job for ")?;
    Some(match () {
        () if what.ends_with(" canceled.") => JobOutcome::Canceled,
        () if what.ends_with(" timed out.") => JobOutcome::Timeout,
        () => JobOutcome::Failed,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
        let unit = installation(ANSWER);
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
    fn complaints_about_jobs_are_outcomes() {
        for (complaint, outcome) in [
            ("Job for f.service failed because a timeout was exceeded.", Some(JobOutcome::Failed)),
            ("Job for f.service canceled.", Some(JobOutcome::Canceled)),
            ("A dependency job for f.service failed.", Some(JobOutcome::Dependency)),
            ("Failed to start nope.service: Unit nope.service not found.", None),
        ] {
            assert_eq!(super::outcome(complaint), outcome, "{complaint}");
        }
    }
}
