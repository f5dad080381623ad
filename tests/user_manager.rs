//! The library and a real user manager: every test has one of its own, and may stop or kill it.

#![allow(clippy::unwrap_used, reason = "where the sandbox fails, so does the test")]

#[path = "bench/mod.rs"]
mod bench;

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use openclaw_setup::interrupt::Interrupt;
use openclaw_setup::language::Explain;
use openclaw_setup::systemd::environment::{self, Bypass, Environment, Spelling};
use openclaw_setup::systemd::{
    ActiveState, JobOutcome, LoadState, ManagerError, Session, Unit, UserManager, Verb, drop_in,
};
use openclaw_setup::timeout::Deadline;

const NEVER: fn() -> Interrupt = Interrupt::never;

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

/// The manager over its bus.
fn over_the_bus() -> UserManager {
    let manager = UserManager::connect(&bench::session(), soon(), &NEVER()).unwrap();
    assert!(manager.route().starts_with("unix:path="), "{}", manager.route());
    manager
}

/// The manager through systemctl, as from cron on a machine without a bus.
fn over_systemctl() -> UserManager {
    let session = Session { bus_address: None, ..bench::session() };
    let socket = session.runtime_directory.as_ref().unwrap().join("bus");
    fs::rename(&socket, socket.with_extension("hidden")).unwrap();
    let manager = UserManager::connect(&session, soon(), &NEVER()).unwrap();
    assert!(manager.route().starts_with("systemctl, "), "{}", manager.route());
    manager
}

fn unit_directory() -> PathBuf {
    let directory = Path::new(bench::HOME).join(".config/systemd/user");
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn write_unit(name: &str, text: &str) {
    fs::write(unit_directory().join(name), text).unwrap();
}

fn write_drop_in(unit: &str, name: &str, text: &str) -> PathBuf {
    let directory = unit_directory().join(format!("{unit}.d"));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name), text).unwrap();
    directory.join(name)
}

fn look(manager: &UserManager, unit: &str) -> Unit {
    manager.unit(unit, soon(), &NEVER()).unwrap()
}

fn signal_manager(signal: &str) {
    let pid = fs::read_to_string("/run/sandbox/manager.pid").unwrap();
    assert!(Command::new("kill").args(["-s", signal, pid.trim()]).status().unwrap().success());
}

/// Everything that has to be the same on both routes.
fn the_manager_obeys(manager: &UserManager) {
    assert!(manager.version_and_environment(soon(), &NEVER()).unwrap().0.starts_with('2'));
    assert_eq!(
        manager.version_and_environment(soon(), &NEVER()).unwrap().1.get("HOME"),
        Some(bench::HOME)
    );

    write_unit("a.service", UNIT_A);
    manager.reload(soon(), &NEVER()).unwrap();
    let unit = look(manager, "a.service");
    assert_eq!(
        (&unit.load_state, &unit.active_state),
        (&LoadState::Loaded, &ActiveState::Inactive)
    );
    assert_eq!(unit.fragment_path, Some(unit_directory().join("a.service")));
    assert_eq!(unit.environment.get("A"), Some("b \"c\" %"));
    assert_eq!(unit.environment.get("B"), Some("ä\n"));
    assert_eq!(unit.environment_files.len(), 2);
    assert_eq!(unit.environment_files[1].path, Path::new(bench::HOME).join("e f"));
    assert!(unit.environment_files[0].optional);
    assert_eq!(unit.unset_environment, ["Z", "Y=1"]);
    assert_eq!(unit.exec_start[0].arguments, ["/bin/sleep", "1000"]);
    assert_eq!(unit.restart, Some(Duration::from_millis(65_500)));
    assert_eq!((unit.timeout_start, unit.timeout_stop), (None, Some(Duration::from_secs(7))));
    assert_eq!((unit.main_pid, unit.invocation_id.as_str(), unit.active_enter_usec), (None, "", 0));

    assert_eq!(manager.run(Verb::Start, "a.service", soon(), &NEVER()), Ok(JobOutcome::Done));
    let first = look(manager, "a.service");
    assert_eq!((&first.active_state, first.sub_state.as_str()), (&ActiveState::Active, "running"));
    assert_eq!(first.invocation_id.len(), 32);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let age = now.saturating_sub(Duration::from_micros(first.active_enter_usec));
    assert!(age < Duration::from_secs(20), "{age:?}");
    assert!(first.main_start_usec <= first.active_enter_usec);

    assert_eq!(manager.run(Verb::Stop, "a.service", soon(), &NEVER()), Ok(JobOutcome::Done));
    assert_eq!(manager.run(Verb::Start, "a.service", soon(), &NEVER()), Ok(JobOutcome::Done));
    let second = look(manager, "a.service");
    assert_ne!((first.main_pid, first.invocation_id), (second.main_pid, second.invocation_id));

    assert_eq!(manager.run(Verb::Stop, "a.service", soon(), &NEVER()), Ok(JobOutcome::Done));
    assert_eq!(look(manager, "a.service").active_state, ActiveState::Inactive);
}

const UNIT_A: &str = r#"
[Service]
Environment="A=b \"c\" %%" "B=ä\n"
EnvironmentFile=-/nonexistent
EnvironmentFile=-%h/e f
UnsetEnvironment=Z Y=1
ExecStart=/bin/sleep 1000
RestartSec=1min 5s 500ms
TimeoutStartSec=infinity
TimeoutStopSec=7
"#;

/// The ways in which a start goes wrong, on both routes, with the outcomes that the route tells: of
/// a start that fails, of one that takes too long, of one that waits for a unit that fails.
fn failures_are_told_apart(manager: &UserManager, outcomes: [&str; 3]) {
    write_unit("fails.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
    write_unit(
        "late.service",
        "[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 9\n",
    );
    write_unit(
        "needy.service",
        "[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nExecStart=/bin/sleep 9\n",
    );
    write_unit("broken.service", "[Service]\nExecStart=relative/path\n");
    symlink("/dev/null", unit_directory().join("masked.service")).unwrap();
    manager.reload(soon(), &NEVER()).unwrap();
    let start = |unit: &str| manager.run(Verb::Start, unit, soon(), &NEVER());

    let [failed, late, needy] = outcomes.map(|word| Ok(JobOutcome::Failed(word.to_owned())));
    assert_eq!(start("fails.service"), failed);
    let unit = look(manager, "fails.service");
    assert_eq!((&unit.active_state, unit.result.as_str()), (&ActiveState::Failed, "exit-code"));
    assert_eq!(unit.exec_main_status, 1);
    assert_eq!(start("late.service"), late);
    assert_eq!(start("needy.service"), needy);

    let unit = look(manager, "nowhere.service");
    assert_eq!(unit.load_state, LoadState::NotFound);
    assert!(unit.load_error.unwrap().contains("nowhere.service"));
    assert_eq!(start("nowhere.service").unwrap_err().code(), "systemd.no-such-unit");

    assert_eq!(look(manager, "masked.service").load_state, LoadState::Masked);
    assert_eq!(start("masked.service").unwrap_err().code(), "systemd.unit-masked");

    assert_eq!(look(manager, "broken.service").load_state, LoadState::BadSetting);
    assert_eq!(start("broken.service").unwrap_err().code(), "systemd.unit-broken");
}

#[test]
fn the_manager_obeys_over_the_bus() {
    bench::inside(|| the_manager_obeys(&over_the_bus()));
}

#[test]
fn the_manager_obeys_through_systemctl() {
    bench::inside(|| the_manager_obeys(&over_systemctl()));
}

#[test]
fn failures_are_told_apart_over_the_bus() {
    bench::inside(|| {
        failures_are_told_apart(&over_the_bus(), ["failed", "failed", "dependency"]);
    });
}

#[test]
fn failures_are_told_apart_through_systemctl() {
    bench::inside(|| {
        let words = "A dependency job for needy.service failed. See 'journalctl -xe' for details.";
        failures_are_told_apart(&over_systemctl(), ["exit-code", "timeout", words]);
    });
}

#[test]
fn an_argument_with_a_space_stays_whole_over_the_bus() {
    bench::inside(|| {
        write_unit("spaced.service", "[Service]\nExecStart=/bin/echo \"a b\" c\n");
        let unit = look(&over_the_bus(), "spaced.service");
        assert_eq!(unit.exec_start[0].arguments, ["/bin/echo", "a b", "c"]);
    });
}

#[test]
fn the_merged_drop_in_takes_effect_after_a_reload() {
    let options = ["--manager-env", "NO_PROXY=corp.example"];
    bench::inside_with(&options, || {
        let manager = over_the_bus();
        write_unit("g.service", "[Service]\nEnvironment=no_proxy=100%%\nExecStart=/bin/sleep 9\n");
        let damaged = "[Service]Environment=\"no_proxy=x y\"Environment=\"NO_PROXY=z\"";
        let path = write_drop_in("g.service", "override.conf", damaged);
        let inherited = manager.version_and_environment(soon(), &NEVER()).unwrap().1;
        let before = look(&manager, "g.service");
        assert_eq!(before.environment.get("no_proxy"), Some("100%"), "systemd cannot read it");

        let effective = environment::effective(&inherited, &before, &[]);
        let bypass = Bypass::extending(&effective);
        assert_eq!(bypass.value(), "100%,corp.example,127.0.0.1,localhost,::1,[::1]");
        let merged = drop_in::merged(Some(damaged), &bypass);
        fs::write(&path, &merged).unwrap();
        manager.reload(soon(), &NEVER()).unwrap();

        let after = look(&manager, "g.service");
        assert_eq!(after.drop_in_paths, std::slice::from_ref(&path));
        for spelling in Spelling::BOTH {
            assert_eq!(after.environment.get(spelling.name()), Some(bypass.value().as_str()));
        }
    });
}

#[test]
fn systemd_reads_back_every_entry_that_we_write() {
    bench::inside(|| {
        let odd = Bypass::of_value("100%,%h,a\"b,c'd,e\\f,\u{4f60},$HOME,`g`,[::1]");
        write_unit("q.service", "[Service]\nExecStart=/bin/sleep 9\n");
        write_drop_in("q.service", "override.conf", &drop_in::merged(None, &odd));
        let unit = look(&over_the_bus(), "q.service");
        assert_eq!(unit.environment.get("no_proxy"), Some(odd.value().as_str()));
        let unit = look(&over_systemctl(), "q.service");
        assert_eq!(unit.environment.get("NO_PROXY"), Some(odd.value().as_str()));
    });
}

/// The order of drop-ins from several folders, what resets a list, and what beats every `Environment=`: as systemd does it.
#[test]
fn what_the_files_of_a_unit_make_of_its_environment_is_what_systemd_makes_of_it() {
    bench::inside(|| {
        let manager = over_the_bus();
        write_unit("u.service", "[Service]\nExecStart=/bin/sleep 9\nEnvironment=A=1 B=1 C=1%%\n");
        let folder = write_drop_in("u.service", "override.conf", "[Service]\nEnvironment=A=2\n");
        let folder = folder.parent().unwrap();
        write_drop_in(
            "u.service",
            "10-early.conf",
            "[Service]\nEnvironment=\nEnvironment=A=3 D=3\n",
        );
        write_drop_in("u.service", "zz.conf", "[Service]\nEnvironment=\"D=4 5\"\n");
        let before = look(&manager, "u.service");
        manager.reload(soon(), &NEVER()).unwrap();
        for unit in [before, look(&manager, "u.service")] {
            let files = environment::read_unit_files(&unit, folder);
            let texts = files.iter().map(|file| file.text.as_str());
            let read = drop_in::variables(Environment::default(), texts);
            assert_eq!(read.iter().collect::<Vec<_>>(), [("A", "2"), ("D", "4 5")]);
        }
        let unit = look(&manager, "u.service");
        assert_eq!(unit.environment.iter().collect::<Vec<_>>(), [("A", "2"), ("D", "4 5")]);
    });
}

#[test]
fn the_effective_environment_is_what_the_process_gets() {
    let options = ["--manager-env", "M=manager", "--manager-env", "U=manager"];
    bench::inside_with(&options, || {
        let manager = over_the_bus();
        let file = Path::new(bench::HOME).join("file");
        fs::write(&file, "# comment\nF=file \nQ='a b'\\\n c\nE=\"x\\$y\\z\"\n").unwrap();
        // exec: the job is done when the process has its own environment, not the manager's
        let text = "[Service]\nType=exec\nEnvironment=U=unit F=unit GONE=1\nEnvironmentFile=%h/file\n\
                    UnsetEnvironment=GONE\nExecStart=/bin/sleep 1000\n";
        write_unit("e.service", text);
        assert_eq!(manager.run(Verb::Start, "e.service", soon(), &NEVER()), Ok(JobOutcome::Done));
        let unit = look(&manager, "e.service");
        let inherited = manager.version_and_environment(soon(), &NEVER()).unwrap().1;
        let files = environment::read_environment_files(&unit, &[]);
        let expected = environment::effective(&inherited, &unit, &files);
        let pid = unit.main_pid.unwrap();
        let process = fs::read(format!("/proc/{pid}/environ")).unwrap();
        let process = Environment::of_process(&process);
        for name in ["M", "U", "F", "Q", "E", "GONE", "HOME"] {
            assert_eq!(process.get(name), expected.get(name), "{name}");
        }
        assert_eq!((process.get("F"), process.get("GONE")), (Some("file"), None));
    });
}

#[test]
fn a_start_waits_for_somebody_elses_job() {
    bench::inside(|| {
        let manager = over_the_bus();
        let text = "[Service]\nExecStartPre=/bin/sleep 1\n\
                    ExecStart=/bin/sh -c 'echo ran >>%h/runs; exec sleep 1000'\n";
        write_unit("s.service", text);
        let no_block = ["--user", "start", "--no-block", "s.service"];
        assert!(Command::new("systemctl").args(no_block).status().unwrap().success());
        assert!(look(&manager, "s.service").job_queued);
        assert_eq!(manager.run(Verb::Start, "s.service", soon(), &NEVER()), Ok(JobOutcome::Done));
        let runs = Path::new(bench::HOME).join("runs");
        assert_eq!(fs::read_to_string(&runs).unwrap_or_default(), "ran\n", "theirs, and ours");
    });
}

#[test]
fn a_job_that_somebody_cancels_is_told() {
    bench::inside(|| {
        write_unit("c.service", "[Service]\nType=notify\nExecStart=/bin/sleep 1000\n");
        let starting =
            thread::spawn(|| over_the_bus().run(Verb::Start, "c.service", soon(), &NEVER()));
        let manager = over_the_bus();
        let until = Instant::now() + Duration::from_secs(10);
        while !look(&manager, "c.service").job_queued {
            assert!(Instant::now() < until, "the job never came");
        }
        assert!(Command::new("systemctl").args(["--user", "cancel"]).status().unwrap().success());
        assert_eq!(starting.join().unwrap(), Ok(JobOutcome::Failed("canceled".to_owned())));
    });
}

/// A call that must end at its deadline, with grace for a busy machine.
fn ends_in_time<T: std::fmt::Debug>(
    call: impl FnOnce(Deadline) -> Result<T, ManagerError>,
) -> ManagerError {
    let start = Instant::now();
    let error = call(Deadline::after(Duration::from_millis(500))).unwrap_err();
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(500) && took < Duration::from_millis(1500), "{took:?}");
    error
}

fn a_stopped_manager_is_waited_for_no_longer_than_allowed(manager: &UserManager) {
    write_unit("h.service", "[Service]\nExecStart=/bin/sleep 1000\n");
    signal_manager("STOP");
    let error = ends_in_time(|deadline| manager.version_and_environment(deadline, &NEVER()));
    assert_eq!(error.code(), "systemd.hung");
    let error = ends_in_time(|deadline| manager.unit("h.service", deadline, &NEVER()));
    assert_eq!(error.code(), "systemd.hung");
    let error = ends_in_time(|deadline| manager.reload(deadline, &NEVER()));
    assert_eq!(error.code(), "systemd.hung");
    let error = ends_in_time(|deadline| manager.run(Verb::Start, "h.service", deadline, &NEVER()));
    assert_eq!(error.code(), "systemd.hung");
    signal_manager("CONT");
    assert_eq!(manager.run(Verb::Start, "h.service", soon(), &NEVER()), Ok(JobOutcome::Done));
}

#[test]
fn a_stopped_manager_is_not_waited_for_over_the_bus() {
    bench::inside(|| a_stopped_manager_is_waited_for_no_longer_than_allowed(&over_the_bus()));
}

#[test]
fn a_stopped_manager_is_not_waited_for_through_systemctl() {
    bench::inside(|| a_stopped_manager_is_waited_for_no_longer_than_allowed(&over_systemctl()));
}

fn signal_bus(signal: &str) {
    let show = ["--user", "show", "--value", "--property=MainPID", "dbus.service"];
    let daemon = Command::new("systemctl").args(show).output().unwrap().stdout;
    let daemon = String::from_utf8(daemon).unwrap();
    assert!(Command::new("kill").args(["-s", signal, daemon.trim()]).status().unwrap().success());
}

/// One that is stopped takes connections and never answers.
#[test]
fn a_stopped_bus_does_not_hold_up_connecting() {
    bench::inside(|| {
        drop(over_the_bus());
        signal_bus("STOP");
        let manager = UserManager::connect(&bench::session(), soon(), &NEVER()).unwrap();
        assert!(manager.route().starts_with("systemctl, "), "{}", manager.route());

        let socket = Path::new("/run/user/1000/systemd/private");
        fs::rename(socket, socket.with_extension("hidden")).unwrap();
        let error = ends_in_time(|deadline| {
            UserManager::connect(&bench::session(), deadline, &NEVER()).map(|_| ())
        });
        assert_eq!(error.code(), "systemd.hung");
    });
}

/// Others wait already that a manager which is stopped takes their connection.
#[test]
fn a_socket_that_takes_no_more_does_not_hold_up_connecting() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    bench::inside_with(&["--no-manager"], || {
        fs::create_dir_all("/run/user/1000/systemd").unwrap();
        for place in ["/run/user/1000/systemd/private", "/run/user/1000/bus"] {
            let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
            bind(&socket, &SocketAddrUnix::new(place).unwrap()).unwrap();
            listen(&socket, 0).unwrap();
            let _waits = UnixStream::connect(place).unwrap();
            let error = ends_in_time(|deadline| {
                UserManager::connect(&bench::session(), deadline, &NEVER()).map(drop)
            });
            assert_eq!(error.code(), "systemd.hung");
        }
    });
}

#[test]
fn a_bus_that_is_killed_is_found_again_for_any_question() {
    bench::inside(|| {
        let manager = over_the_bus();
        write_unit("k.service", "[Service]\nExecStart=/bin/sleep 1000\n");
        signal_bus("KILL");
        manager.reload(soon(), &NEVER()).unwrap();
        signal_bus("KILL");
        assert_eq!(manager.run(Verb::Start, "k.service", soon(), &NEVER()), Ok(JobOutcome::Done));
        signal_bus("KILL");
        assert!(look(&manager, "k.service").is_up());
        signal_bus("KILL");
        assert_eq!(manager.run(Verb::Stop, "k.service", soon(), &NEVER()), Ok(JobOutcome::Done));
        assert!(!look(&manager, "k.service").is_up());
        assert!(manager.route().starts_with("unix:path="), "{}", manager.route());
    });
}

/// Starts, and stops, units that take their time, while this is done to the way to the manager;
/// whatever becomes of it, each outcome is the right one.
fn a_job_is_judged_though(deed: fn()) {
    write_unit(
        "good.service",
        "[Service]\nExecStartPre=/bin/sleep 1\nExecStart=/bin/sleep 1000\nExecStop=/bin/sleep 1\n",
    );
    write_unit("bad.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'sleep 1; exit 7'\n");
    let in_the_middle = |job: &dyn Fn(&UserManager) -> Result<JobOutcome, ManagerError>| {
        let manager = UserManager::connect(&bench::session(), soon(), &NEVER()).unwrap();
        let doing = thread::spawn(move || {
            let queued = "systemctl --user list-jobs --no-legend | grep -q service";
            let mut shell = Command::new("bash");
            shell.args(["-c", &format!("until {queued}; do sleep 0.02; done")]);
            assert!(shell.status().unwrap().success());
            deed();
        });
        let outcome = job(&manager);
        doing.join().unwrap();
        outcome
    };
    let start = |unit: &'static str| {
        in_the_middle(&move |manager| manager.run(Verb::Start, unit, soon(), &NEVER()))
    };
    assert_eq!(start("good.service"), Ok(JobOutcome::Done));
    let failed = start("bad.service");
    assert!(
        matches!(&failed, Ok(JobOutcome::Failed(word)) if word == "failed" || word == "exit-code"),
        "{failed:?}"
    );
    let stopped =
        in_the_middle(&|manager| manager.run(Verb::Stop, "good.service", soon(), &NEVER()));
    assert_eq!(stopped, Ok(JobOutcome::Done));
    let manager = UserManager::connect(&bench::session(), soon(), &NEVER()).unwrap();
    assert!(!look(&manager, "good.service").is_up());
}

#[test]
fn a_job_is_judged_though_the_bus_is_killed() {
    bench::inside(|| a_job_is_judged_though(|| signal_bus("KILL")));
}

#[test]
fn a_job_is_judged_though_the_bus_hangs() {
    bench::inside(|| a_job_is_judged_though(|| signal_bus("STOP")));
}

#[test]
fn a_job_is_judged_though_the_bus_goes_for_good() {
    bench::inside(|| {
        a_job_is_judged_though(|| {
            let away = "systemctl --user stop dbus.socket dbus.service; rm -f /run/user/1000/bus";
            assert!(Command::new("bash").args(["-c", away]).status().unwrap().success());
        });
    });
}

/// As an update of systemd's package does to it.
fn execute_anew() {
    let line = ["--user", "daemon-reexec"];
    assert!(Command::new("systemctl").args(line).status().unwrap().success());
}

#[test]
fn a_job_is_judged_though_the_manager_is_executed_anew() {
    bench::inside(|| a_job_is_judged_though(execute_anew));
}

#[test]
fn a_job_is_judged_though_the_manager_is_executed_anew_without_a_bus() {
    bench::inside(|| {
        drop(over_systemctl());
        a_job_is_judged_though(execute_anew);
    });
}

#[test]
fn an_interrupt_ends_every_wait() {
    bench::inside(|| {
        let manager = over_the_bus();
        write_unit("i.service", "[Service]\nType=notify\nExecStart=/bin/sleep 1000\n");
        let interrupt = Interrupt::never();
        let raiser = interrupt.clone();
        thread::spawn(move || {
            let watcher = over_the_bus();
            while !look(&watcher, "i.service").job_queued {}
            raiser.raise();
        });
        let error = manager.run(Verb::Start, "i.service", soon(), &interrupt).unwrap_err();
        assert_eq!(error.code(), "systemd.interrupted");
        assert_eq!(manager.run(Verb::Stop, "i.service", soon(), &NEVER()), Ok(JobOutcome::Done));
    });
}

#[test]
fn a_manager_that_dies_during_a_job_is_told() {
    bench::inside(|| {
        let manager = over_the_bus();
        write_unit("d.service", "[Service]\nType=notify\nExecStart=/bin/sleep 1000\n");
        thread::spawn(|| {
            let watcher = over_the_bus();
            while !look(&watcher, "d.service").job_queued {}
            signal_manager("KILL");
        });
        let start = Instant::now();
        let error = manager.run(Verb::Start, "d.service", soon(), &NEVER()).unwrap_err();
        assert_eq!(error.code(), "systemd.died");
        // it is waited for 10 s, in case it comes back
        assert!(start.elapsed() < Duration::from_secs(15), "well before the deadline");
    });
}

#[test]
fn without_a_manager_it_is_absent() {
    bench::inside_with(&["--no-manager"], || {
        let error = UserManager::connect(&bench::session(), soon(), &NEVER()).unwrap_err();
        assert_eq!(error.code(), "systemd.absent");
    });
}

#[test]
fn a_bus_without_systemd_counts_as_absent() {
    bench::inside_with(&["--no-manager"], || {
        let print = ["--session", "--fork", "--print-address"];
        let daemon = Command::new("dbus-daemon").args(print).output().unwrap();
        let address = String::from_utf8(daemon.stdout).unwrap().trim().to_owned();
        let session = Session { bus_address: Some(address), ..bench::session() };
        let error = UserManager::connect(&session, soon(), &NEVER()).unwrap_err();
        assert_eq!(error.code(), "systemd.absent");
    });
}

#[test]
fn a_stale_address_in_the_environment_is_passed_over() {
    bench::inside(|| {
        let stale = Some("unix:path=/run/user/1000/gone".to_owned());
        let session = Session { bus_address: stale, ..bench::session() };
        let manager = UserManager::connect(&session, soon(), &NEVER()).unwrap();
        assert_eq!(manager.route(), "unix:path=/run/user/1000/bus");
    });
}

#[test]
fn a_socket_that_may_not_be_opened_refuses() {
    bench::inside(|| {
        let socket = Path::new("/run/user/1000/bus");
        fs::set_permissions(socket, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
        let session = Session {
            runtime_root: "/nonexistent".into(),
            runtime_directory: None,
            ..bench::session()
        };
        let error = UserManager::connect(&session, soon(), &NEVER()).unwrap_err();
        assert_eq!(error.code(), "systemd.refused");
    });
}
