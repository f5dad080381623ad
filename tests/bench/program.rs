//! `openclaw-setup` at work in a machine: started with what it needs, watched, judged by how it ends.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStderr, Output};

use serde_json::Value;

use super::{HOME, Machine, Order, Running, said};

/// The gateway's unit.
pub(crate) const UNIT: &str = "openclaw-gateway.service";
/// OpenClaw's config, below the home.
pub(crate) const CONFIG: &str = ".openclaw/openclaw.json";
/// OpenClaw's agent model file, below the home.
pub(crate) const MODELS: &str = ".openclaw/agents/main/agent/models.json";
/// The drop-in, below the home.
pub(crate) const DROP_IN: &str = ".config/systemd/user/openclaw-gateway.service.d/override.conf";
/// Where the connector lives, below the home.
pub(crate) const CONNECTOR: &str = ".openclaw/extensions/dingtalk-connector";
/// The sample connector, below the home.
pub(crate) const PAYLOAD: &str = "payload/dingtalk-connector";
/// The bot's secret in every test: no output may hold it.
pub(crate) const SECRET: &str = "Cl13nt-S3cret-never-shown";
/// The gateway stand-in's fault of starting with DingTalk and never being ready: the health gate watches it till the end.
pub(crate) const NEVER_READY: &str = r#"{"only_with_connector": true, "never_ready": true}"#;
/// The bypass where nothing else was effective.
pub(crate) const BYPASS: &str = "127.0.0.1,localhost,::1,[::1]";

impl Machine {
    /// `openclaw-setup` with these arguments.
    pub(crate) fn setup(&self, arguments: &[&str]) -> Order<'_> {
        self.command(&[&["openclaw-setup"], arguments].concat())
    }

    /// `openclaw-setup install` of the sample connector with the settings of a bot, and what else is given.
    pub(crate) fn install(&self, more: &[&str]) -> Order<'_> {
        let payload = format!("{HOME}/{PAYLOAD}");
        self.setup(&[&["install", payload.as_str()], more].concat())
            .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
            .env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET)
    }

    /// A furnished machine whose unit is restarted at once: the health gate watches a gateway for longer than `RestartSec=`.
    pub(crate) fn brisk() -> Self {
        Self::brisk_with(&[], "", &[])
    }

    /// The same, with options of `user-manager.sh`, with faults of the gateway, with options of `furnish.sh`.
    pub(crate) fn brisk_with(options: &[&str], faults: &str, furnishing: &[&str]) -> Self {
        let machine = Self::start_with(options);
        machine.write(
            ".config/systemd/user/openclaw-gateway.service.d/10-brisk.conf",
            "[Service]\nRestartSec=100ms\n",
        );
        machine.let_the_gateway(faults);
        machine.furnish(furnishing);
        machine
    }

    /// An installation that has come as far as the health gate.
    #[track_caller]
    pub(crate) fn install_up_to_the_gate(&self) -> Watched<'_> {
        let mut running = self.install(&[]).watch();
        running.until("start openclaw-gateway");
        running
    }

    /// A furnished machine on which DingTalk has been set up.
    pub(crate) fn set_up() -> Self {
        let machine = Self::brisk();
        assert_exit(&machine.install(&[]).run(), 0);
        machine
    }

    /// A furnished home without a user manager: for whatever does not concern the unit.
    pub(crate) fn only_a_home() -> Self {
        let machine = Self::start_with(&["--no-manager", "--no-journal"]);
        machine.furnish(&["--no-start"]);
        machine
    }

    /// The sample connector in another version, with its SHA256SUMS; returns the directory.
    pub(crate) fn connector(&self, version: &str) -> String {
        self.altered_connector(version, ":")
    }

    /// The same after one more deed in its directory.
    pub(crate) fn altered_connector(&self, version: &str, alteration: &str) -> String {
        let place = format!("payloads/{version}");
        self.shell(&format!(
            "mkdir -p payloads; cp -R payload/dingtalk-connector {place}; cd {place}
             sed -i 's/\"0\\.6\\.0\"/\"{version}\"/' package.json openclaw.plugin.json; {alteration}
             sha256sum *.json plugin.ts >SHA256SUMS"
        ));
        place
    }

    /// A sample connector that imports what the real one of that version does (`connectors/make.py`); returns the directory.
    pub(crate) fn sample(&self, version: &str) -> String {
        let place = format!("samples/{version}");
        let make = format!("{}/connectors/make.py", super::BENCH);
        self.ask(&["/usr/bin/python3", &make, version, &place]);
        place
    }

    /// Goes back to the state before: exit code 3 if that state was seen not to work, and only then.
    #[track_caller]
    pub(crate) fn roll_back(&self) {
        let done = self.setup(&["rollback", "--yes", "--timeout", "15", "--json"]).run();
        let document = json(&done);
        let proof = &document["proof"];
        let has_failed = !proof["next"].is_null() && proof["chosen"] == false;
        assert_eq!(document["ok"], !has_failed, "{document:#}");
        assert_exit(&done, if has_failed { 3 } else { 0 });
    }

    /// The config, which has to be plain JSON.
    pub(crate) fn config(&self) -> Value {
        serde_json::from_slice(&self.read(CONFIG)).unwrap()
    }

    /// What the unit's process has in its environment.
    pub(crate) fn variable_of_the_gateway(&self, name: &str) -> Option<String> {
        let process = self.property(UNIT, "MainPID");
        let environment = self.shell(&format!("tr '\\0' '\\n' </proc/{process}/environ"));
        let mut lines = environment.lines();
        lines.find_map(|line| line.strip_prefix(&format!("{name}=")).map(str::to_owned))
    }

    /// Waits until the shell condition holds.
    pub(crate) fn wait_until(&self, condition: &str) {
        self.ask(&[
            "timeout",
            "60",
            "bash",
            "-c",
            &format!("until {condition}; do sleep 0.02; done"),
        ]);
    }

    /// Waits until the unit is in this state.
    pub(crate) fn wait_for_state(&self, state: &str) {
        self.wait_until(&format!(
            "[ \"$(systemctl --user show --value -p ActiveState {UNIT})\" = {state} ]"
        ));
    }

    /// The ids of the transactions that the program has kept.
    pub(crate) fn transactions(&self) -> Vec<Value> {
        let document = json(&self.setup(&["history", "--json"]).run());
        document["transactions"].as_array().unwrap().clone()
    }

    /// Fails unless the gateway runs as on a machine without DingTalk.
    #[track_caller]
    pub(crate) fn assert_old_gateway_runs(&self) {
        assert_eq!(self.property(UNIT, "ActiveState"), "active");
        self.wait_ready();
        assert_eq!(self.chat_status(), 404);
    }
}

/// Fails unless the program ended with this code.
#[track_caller]
pub(crate) fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
}

/// Fails unless the program said all of this.
#[track_caller]
pub(crate) fn assert_says(output: &Output, texts: &[&str]) {
    let said = said(output);
    for text in texts {
        assert!(said.contains(text), "{text:?} is missing in:\n{said}");
    }
}

/// The one JSON document on the program's standard output.
#[track_caller]
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}:\n{}", said(output)))
}

/// A command whose lines on standard error are read while it works.
pub(crate) struct Watched<'a> {
    running: Running<'a>,
    lines: BufReader<ChildStderr>,
    told: String,
}

impl<'a> Order<'a> {
    /// Starts the command, to be watched.
    pub(crate) fn watch(self) -> Watched<'a> {
        let mut running = self.start();
        let lines = BufReader::new(running.child.stderr.take().unwrap());
        Watched { running, lines, told: String::new() }
    }
}

impl Watched<'_> {
    /// Waits for a line that holds `text`.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) {
        loop {
            let begin = self.told.len();
            let length = self.lines.read_line(&mut self.told).unwrap();
            assert!(length > 0, "it ended without {text:?}:\n{}", self.told);
            if self.told[begin..].contains(text) {
                return;
            }
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        self.running.signal(signal);
    }

    /// Sends a signal twice.
    pub(crate) fn signal_twice(&self, signal: &str) {
        self.running.signal_twice(signal);
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Output {
        self.lines.read_to_string(&mut self.told).unwrap();
        let mut output = self.running.wait();
        output.stderr = self.told.into_bytes();
        output
    }
}
