//! A machine for a test: a fresh home and a real user manager, gone when the value is dropped.
//!
//! Every test starts its own, so tests run in parallel; it takes about 0.4 s. Making one needs root: `make test` sees to that.
//! Two ways to use it: drive a [`Machine`] from outside, or run a test's body [`inside`] one, as its user.
#![allow(dead_code, reason = "each test binary uses the part it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "where the bench fails, so does the test"
)]

pub(crate) mod limit;
pub(crate) mod outside;
pub(crate) mod program;
pub(crate) mod snapshot;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use openclaw_setup::systemd::Session;
use rustix::process::{Pid, Signal};

use limit::Watchdog;

const USER_MANAGER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/sandbox/user-manager.sh");
const FURNISH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/sandbox/furnish.sh");
const GATEWAY_CLIENT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/sandbox/gateway-client.py");
pub(crate) const BENCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench");
const PROGRAM: &str = env!("CARGO_BIN_EXE_openclaw-setup");
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Ten times what the slowest command took on two busy cores.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Set for a test binary that already runs inside a machine.
const INSIDE: &str = "OPENCLAW_SETUP_TEST_INSIDE";

/// The home of every machine's user, as that user sees it.
pub(crate) const HOME: &str = "/home/tester";

/// The port of every furnished gateway; each machine has a loopback of its own.
pub(crate) const PORT: &str = "18789";

/// Where [`Machine::surround`] puts the corporate proxy.
pub(crate) const PROXY: &str = "http://127.0.0.1:3128";

/// A machine with one user, `tester`, and that user's manager.
pub(crate) struct Machine {
    init: u32,
    keeper: Child,
    started: AtomicU32,
}

impl Machine {
    /// A machine with a user manager, a bus and a journal; `openclaw-setup` is on the PATH.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with options of `user-manager.sh`: `--no-manager`, `--manager-env http_proxy=…`, `--show DIR`, `--uid 0` ….
    pub(crate) fn start_with(options: &[&str]) -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "this test starts a user manager of its own, which needs root: run `make test`, or let packaging/sandbox/as-root.sh be cargo's runner"
        );
        let test_binary = std::env::current_exe().unwrap();
        let mut keeper = Command::new(USER_MANAGER)
            .process_group(0)
            .args(["--hold", "--program", PROGRAM, "--show"])
            .arg(test_binary.parent().unwrap())
            .args(options)
            .env("PATH", SYSTEM_PATH)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        let watchdog = over_the_keeper(&keeper);
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        assert!(!watchdog.call_off(), "the machine was not up after {TIMEOUT:?}");
        let init = greeting
            .trim()
            .strip_prefix("ready ")
            .expect("the machine did not start; its reason is above");
        Self { init: init.parse().unwrap(), keeper, started: AtomicU32::new(0) }
    }

    /// A machine on which the gateway stand-in runs and DingTalk has not been set up.
    pub(crate) fn furnished() -> Self {
        let machine = Self::start();
        machine.furnish(&[]);
        machine
    }

    /// Puts the world around the machine: a model provider named `model.example:8080`, which only the proxy at [`PROXY`] can
    /// reach, and the proxy, which refuses loopback and writes every request to `proxy.log` in the home.
    pub(crate) fn surround(&self) {
        self.serve(8080, &["model-provider.py", "8080", "provider.log", "provider.json"]);
        self.serve(3128, &["proxy.py", "3128", "proxy.log", "model.example=127.0.0.1:8080"]);
    }

    /// Starts an npm registry whose downloads never end; its settings for npm are returned. Who has begun one finds the file
    /// `asked` in the home.
    pub(crate) fn hold_the_registry(&self) -> [(&'static str, &'static str); 2] {
        self.registry(&[])
    }

    /// The same, but with an archive in `giving` it is what every download brings.
    pub(crate) fn registry(&self, giving: &[&str]) -> [(&'static str, &'static str); 2] {
        self.serve(4873, &[&["registry.py", "4873", "asked"], giving].concat());
        [("npm_config_registry", "http://127.0.0.1:4873/"), ("npm_config_cache", "/tmp/npm-cache")]
    }

    fn serve(&self, port: u16, line: &[&str]) {
        let script = r#"
            /usr/bin/python3 "${@:2}" >server-$1.log 2>&1 &
            until (: </dev/tcp/127.0.0.1/$1) 2>/dev/null; do kill -0 $! || exit; sleep 0.02; done"#;
        let program = format!("{BENCH}/{}", line[0]);
        let port = port.to_string();
        self.ask(&[&["bash", "-euc", script, "serve", &port, &program], &line[1..]].concat());
    }

    /// Runs `furnish.sh` with its options; `["--no-start"]` where there is no manager.
    pub(crate) fn furnish(&self, options: &[&str]) {
        self.ask(&[&[FURNISH], options].concat());
    }

    /// A command for the user of the machine, to be completed and started.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, line: &[S]) -> Order<'_> {
        let line = line.iter().map(|word| word.as_ref().to_owned()).collect();
        Order { machine: self, options: Vec::new(), line, input: Vec::new() }
    }

    /// Runs a command as the user and waits for it.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, line: &[S]) -> Output {
        self.command(line).run()
    }

    /// Runs a command that has to succeed, and returns its standard output without the last line break.
    pub(crate) fn ask<S: AsRef<OsStr>>(&self, line: &[S]) -> String {
        self.command(line).ask()
    }

    /// Runs a shell script that has to succeed, as the user.
    pub(crate) fn shell(&self, script: &str) -> String {
        self.ask(&["bash", "-euc", script])
    }

    /// Where a file of the machine lies for us; relative paths start at the home.
    pub(crate) fn outside(&self, path: impl AsRef<Path>) -> PathBuf {
        let inside = Path::new(HOME).join(path);
        Path::new("/proc")
            .join(self.init.to_string())
            .join("root")
            .join(inside.strip_prefix("/").unwrap())
    }

    /// The bytes of a file of the machine.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Vec<u8> {
        let place = self.outside(path);
        fs::read(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
    }

    /// The text of a file of the machine.
    pub(crate) fn read_text(&self, path: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(path)).unwrap()
    }

    /// Whether there is anything at the path.
    pub(crate) fn has(&self, path: impl AsRef<Path>) -> bool {
        self.outside(path).symlink_metadata().is_ok()
    }

    /// Writes a file as the user (its umask, its ownership), with the folders above it.
    pub(crate) fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let script = r#"mkdir -p "$(dirname "$1")" && cat >"$1""#;
        let line = [
            OsStr::new("bash"),
            "-euc".as_ref(),
            script.as_ref(),
            "write".as_ref(),
            path.as_ref().as_os_str(),
        ];
        self.command(&line).input(bytes).ask();
    }

    /// What the gateway stand-in shall do wrong from its next start on; see `packaging/sandbox/gateway/index.py`.
    pub(crate) fn let_the_gateway(&self, faults: &str) {
        self.write(".openclaw/stand-in.json", faults);
    }

    /// The status of `POST /v1/chat/completions` with `{}`: 400 is what a gateway that is set up answers.
    pub(crate) fn chat_status(&self) -> u16 {
        self.ask(&["/usr/bin/python3", GATEWAY_CLIENT, "chat", PORT]).parse().unwrap()
    }

    /// Waits until the gateway is ready.
    pub(crate) fn wait_ready(&self) {
        self.ask(&["/usr/bin/python3", GATEWAY_CLIENT, "ready", PORT]);
    }

    /// Sends a message to the bot as a DingTalk user would; `{"reply": …}` or `{"error": …}` comes back.
    pub(crate) fn message(&self, text: &str) -> serde_json::Value {
        serde_json::from_str(&self.ask(&["/usr/bin/python3", GATEWAY_CLIENT, "message", text]))
            .unwrap()
    }

    /// A property of a user unit, as `systemctl --user show` prints it.
    pub(crate) fn property(&self, unit: &str, name: &str) -> String {
        self.ask(&["systemctl", "--user", "show", "--value", "--property", name, unit])
    }

    /// Sends a signal (`"STOP"`, `"CONT"`, `"KILL"`) to the user manager itself.
    pub(crate) fn signal_manager(&self, signal: &str) {
        let manager = fs::read_to_string(self.outside("/run/sandbox/manager.pid")).unwrap();
        self.signal(manager.trim(), signal);
    }

    /// Sends a signal to the user's bus daemon.
    pub(crate) fn signal_bus(&self, signal: &str) {
        let daemon = self.property("dbus.service", "MainPID");
        self.signal(&daemon, signal);
    }

    /// Takes the bus away and leaves the manager's private socket, as cron and bare ssh sessions find it.
    pub(crate) fn remove_bus(&self) {
        self.shell(
            "systemctl --user stop dbus.socket dbus.service; rm -f \"$XDG_RUNTIME_DIR/bus\"",
        );
    }

    fn signal(&self, process: &str, signal: &str) {
        // bash's own `kill`: the command is in a package that a small machine lacks
        let script = r#"kill -s "$1" "$2""#;
        self.command(&["bash", "-euc", script, "signal", signal, process]).by_root().ask();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _watchdog = over_the_keeper(&self.keeper);
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A machine that does not come, or does not go, is ended.
fn over_the_keeper(keeper: &Child) -> Watchdog {
    let group = limit::pid_of(keeper);
    Watchdog::over(TIMEOUT, move || {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    })
}

/// A command on its way to a machine.
pub(crate) struct Order<'a> {
    machine: &'a Machine,
    options: Vec<OsString>,
    line: Vec<OsString>,
    input: Vec<u8>,
}

impl<'a> Order<'a> {
    /// Sets a variable; apart from these the environment is that of a fresh login.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.options.extend(["--env".into(), format!("{name}={value}").into()]);
        self
    }

    /// As the machine's root instead of as its user.
    pub(crate) fn by_root(mut self) -> Self {
        self.options.push("--root".into());
        self
    }

    /// What the command reads from its standard input; nothing otherwise.
    pub(crate) fn input(mut self, bytes: impl AsRef<[u8]>) -> Self {
        bytes.as_ref().clone_into(&mut self.input);
        self
    }

    /// The command as one for this side, for a terminal of `rexpect` for instance.
    pub(crate) fn on_this_side(&self) -> Command {
        let mut command = Command::new(USER_MANAGER);
        command
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .arg("--enter")
            .arg(self.machine.init.to_string());
        command.args(&self.options).arg("--").args(&self.line);
        command
    }

    /// Runs the command and waits for it.
    pub(crate) fn run(self) -> Output {
        self.start().wait()
    }

    /// Runs the command, which has to succeed, and returns its standard output without the last line break.
    pub(crate) fn ask(self) -> String {
        let line = self.line.clone();
        let output = self.run();
        assert!(
            output.status.success(),
            "{line:?} ended with {}\n{}",
            output.status,
            said(&output)
        );
        String::from_utf8(output.stdout).unwrap().trim_end_matches('\n').to_owned()
    }

    /// Starts the command and lets it run.
    pub(crate) fn start(mut self) -> Running<'a> {
        let number = self.machine.started.fetch_add(1, Ordering::Relaxed);
        let pid_file = PathBuf::from(format!("/run/sandbox/command-{number}.pid"));
        self.options.extend(["--pid-file".into(), pid_file.clone().into()]);
        let mut command = self.on_this_side();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let bytes = self.input;
        // A command that does not read what it was given is no failure of the test bench.
        std::thread::spawn(move || input.write_all(&bytes).ok());
        let init = Pid::from_raw(self.machine.init.cast_signed()).unwrap();
        let watchdog = Watchdog::over(TIMEOUT, move || {
            let _ = rustix::process::kill_process(init, Signal::KILL);
        });
        Running { machine: self.machine, line: self.line, child, pid_file, watchdog }
    }
}

/// A command at work in a machine.
pub(crate) struct Running<'a> {
    machine: &'a Machine,
    line: Vec<OsString>,
    /// Its standard output and error are pipes, to be read while it works.
    pub(crate) child: Child,
    pid_file: PathBuf,
    /// A command that does not end takes the whole machine with it.
    watchdog: Watchdog,
}

impl Running<'_> {
    /// Sends a signal (`"INT"`, `"KILL"`) to the command; wait first for a sign that it has begun.
    pub(crate) fn signal(&self, signal: &str) {
        let process = fs::read_to_string(self.machine.outside(&self.pid_file))
            .expect("the command has not begun yet");
        self.machine.signal(process.trim(), signal);
    }

    /// Sends a signal twice; the command may have ended by the second one.
    pub(crate) fn signal_twice(&self, signal: &str) {
        let pid_file = self.pid_file.to_str().unwrap();
        let script = r#"kill -s "$1" "$(<"$2")"; kill -s "$1" "$(<"$2")" || true"#;
        let line = ["bash", "-euc", script, "signal", signal, pid_file];
        self.machine.command(&line).by_root().ask();
    }

    /// Waits for its end.
    pub(crate) fn wait(self) -> Output {
        let output = self.child.wait_with_output().unwrap();
        let said = said(&output);
        let hung = self.watchdog.call_off();
        assert!(!hung, "no end of {:?} after {TIMEOUT:?}; it said:\n{said}", self.line);
        output
    }
}

/// What a command said on both its outputs, for the message of an assertion.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A machine behind the proxy on which the real OpenClaw runs and DingTalk has not been set up.
pub(crate) fn furnished_with_openclaw() -> Machine {
    let openclaw = real_openclaw();
    let machine = behind_a_proxy(&[&openclaw]);
    machine.furnish(&["--openclaw", &openclaw, "--proxy", PROXY]);
    machine
}

/// A machine behind the proxy, not furnished yet, that sees these directories.
pub(crate) fn behind_a_proxy(shown: &[&str]) -> Machine {
    // later ones no longer write the proxy into their unit
    let proxies = ["http", "https"].map(|scheme| format!("{scheme}_proxy={PROXY}"));
    let shown = shown.iter().flat_map(|place| ["--show", place]);
    let options: Vec<_> =
        shown.chain(proxies.iter().flat_map(|proxy| ["--manager-env", proxy])).collect();
    let machine = Machine::start_with(&options);
    machine.surround();
    machine
}

/// Where `tests/bench/openclaw.sh` has put the real OpenClaw.
pub(crate) fn real_openclaw() -> String {
    std::env::var("OPENCLAW_SETUP_TEST_OPENCLAW")
        .expect("OPENCLAW_SETUP_TEST_OPENCLAW is not set: run `make test`, or tests/bench/openclaw.sh DIR and name that DIR in it")
}

/// Its version.
pub(crate) fn openclaw_version() -> String {
    let package = Path::new(&real_openclaw()).join("node_modules/openclaw/package.json");
    let package: serde_json::Value = serde_json::from_slice(&fs::read(package).unwrap()).unwrap();
    package["version"].as_str().unwrap().to_owned()
}

/// Runs the body of a test in a machine of its own, as its user: for tests that call the library instead of the program.
///
/// The test binary starts itself again inside, with this one test: `#[test] fn name() { bench::inside(|| …) }`.
pub(crate) fn inside<F: FnOnce()>(body: F) {
    inside_with(&[], body);
}

/// The same, with options of `user-manager.sh`.
pub(crate) fn inside_with<F: FnOnce()>(options: &[&str], body: F) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let test = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    let test = test.split_once("::").expect("a closure is called after its function").1;
    let machine = Machine::start_with(options);
    let this = std::env::current_exe().unwrap();
    let line = [this.as_os_str(), "--exact".as_ref(), test.as_ref(), "--nocapture".as_ref()];
    let output = machine.command(&line).env(INSIDE, "yes").env("RUST_BACKTRACE", "1").run();
    assert!(
        output.status.success() && said(&output).contains("1 passed"),
        "inside the machine: {}",
        said(&output)
    );
}

/// The session of the user in whose machine a test's body runs.
pub(crate) fn session() -> Session {
    Session {
        bus_address: std::env::var("DBUS_SESSION_BUS_ADDRESS").ok(),
        runtime_directory: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
        ..Session::of_user(rustix::process::geteuid().as_raw())
    }
}
