//! `status`: what is installed, running and effective, on one screen; what is wrong is `doctor`'s.

mod metrics;

use std::time::Duration;

use serde_json::{Value, json};

use super::connector::payloads;
use super::context::Context;
use super::doctor::{live, live_offline, view};
use super::failure::{Exit, Failure};
use super::{history, look, prove};
use crate::cli;
use crate::connector::adaptation::{Adapted, Extent};
use crate::connector::stocked;
use crate::doctor::{CHECKS, Diagnosis, Severity, diagnose};
use crate::health::{ChatAnswer, Proof, Readiness};
use crate::language::Localized;
use crate::language::addressed;
use crate::language::word;
use crate::report::console::Table;
use crate::report::screen::Screen;
use crate::report::{Console, Mark, json};
use crate::snapshot::service::Managed;
use crate::snapshot::{Part, Snapshot};
use crate::systemd::LoadState;
use crate::systemd::environment::{Environment, Routing};
use crate::transaction::journal::Journal;

/// What the screen shows beside the snapshot.
struct Status {
    snapshot: Snapshot,
    diagnosis: Diagnosis,
    proof: Proof,
    environment: Option<Environment>,
    routing: Option<Routing>,
    last: Option<Journal>,
    /// A newer connector that lies ready, and may work with this OpenClaw.
    newer: Option<String>,
    /// Nothing is wrong, as far as was looked.
    ok: bool,
}

pub(super) fn run(context: Context, options: &cli::Status) -> Result<Exit, Failure> {
    if options.live && context.offline {
        return Err(Failure::usage(live_offline()));
    }
    if options.watch {
        return watch(context, options);
    }
    let status = Status::of(&context, options)?;
    let text = status.screen(context.console, options);
    if !text.is_empty() {
        context.console.result(&text);
    }
    context.console.document(&status.document());
    prove::forget(&context, &status.proof);
    Ok(if status.ok { Exit::Done } else { Exit::Problems })
}

/// Shows it anew until Ctrl-C, which is how people leave it: exit code 0.
fn watch(mut context: Context, options: &cli::Status) -> Result<Exit, Failure> {
    let console = Console { line_by_line: true, ..context.console };
    // a bar beside the screen would tear it
    context.console.quiet = true;
    let mut screen = Screen::on(console, context.surroundings.text("TERM").as_deref());
    let (seconds, pause) = (options.interval, Duration::from_secs(options.interval));
    while !context.interrupt.is_raised() {
        let status = match Status::of(&context, options) {
            Err(_) if context.interrupt.is_raised() => break,
            status => status?,
        };
        let now = jiff::Zoned::now();
        let time = now.strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
        let head = say!("{time}, every {seconds} s until Ctrl-C", time, seconds);
        if console.json {
            screen.document(status.document(), &now.timestamp());
        } else {
            screen.text(&head, &status.screen(console, options));
        }
        if screen.reader_leaves(pause, &context.interrupt) {
            break;
        }
    }
    Ok(Exit::Done)
}

fn newer(context: &Context, snapshot: &Snapshot) -> Option<String> {
    let installed = snapshot.connector()?;
    let ready = stocked(&payloads(context)).ok()?.into_iter().map(|(version, _)| version);
    let best = snapshot.installation.catalogue.best(ready, snapshot.openclaw());
    best.filter(|version| *version > installed).map(|version| version.to_string())
}

impl Status {
    /// Looks, and asks whoever is to be asked.
    fn of(context: &Context, options: &cli::Status) -> Result<Self, Failure> {
        let mut snapshot = look::look(context)?;
        let checks: Vec<_> = CHECKS.iter().collect();
        if options.live {
            live::ask(context, &checks, &mut snapshot)?;
        }
        let environment = snapshot.environment();
        let routing = |environment| Routing::of(environment, snapshot.installation.port);
        let diagnosis = diagnose(&checks, &snapshot);
        let mut proof = prove::seen(snapshot.proof(), &diagnosis);
        if options.live {
            proof = prove::ask_now(context, &snapshot, proof);
        }
        let unanswered = options.live && proof.has_failed();
        Ok(Self {
            ok: diagnosis.is_below(Severity::Error) && !unanswered,
            proof,
            diagnosis,
            routing: environment.as_ref().map(routing),
            last: context.records.journals().ok().and_then(|mut journals| journals.pop()),
            newer: newer(context, &snapshot),
            environment,
            snapshot,
        })
    }

    /// What is shown of it: as much as was asked for.
    fn screen(&self, console: Console, options: &cli::Status) -> String {
        match console.quiet {
            _ if options.metrics => metrics::text(self),
            true => view::errors(&self.diagnosis, console),
            false if options.brief => self.brief(),
            false => self.text(console),
        }
    }

    fn document(&self) -> Value {
        json::document("status", self.ok, self.json())
    }

    /// The screen: a table, then what is wrong.
    fn text(&self, console: Console) -> String {
        let installation = &self.snapshot.installation;
        let mut table = Table::default();
        table.row("OpenClaw", self.version());
        table.row(say!("state dir"), installation.paths.state_dir.display().to_string());
        table.row(say!("config"), installation.paths.config.display().to_string());
        table.row(say!("connector"), self.connector());
        if let Some(compatibility) = self.compatibility() {
            table.row(say!("compatibility"), compatibility);
        }
        table.row(say!("unit"), self.unit());
        table.row(say!("proxy bypass"), self.bypass());
        table.row(say!("gateway"), self.gateway());
        if self.proof != Proof::default() {
            table.row(say!("proof"), self.proof());
        }
        table.row(say!("last transaction"), self.last());
        let mut lines = vec![table.text()];
        lines.extend(view::brief(&self.diagnosis, console));
        lines.extend(self.newer.as_ref().map(|version| {
            let hint = say!(
                "connector {version} is available; to upgrade: openclaw-setup upgrade",
                version
            );
            console.marked(Mark::Hint, &hint)
        }));
        lines.join("\n")
    }

    /// Five lines, and the next command.
    fn brief(&self) -> String {
        let [version, connector, unit] = [self.version(), self.connector(), self.unit()];
        let of = |severity| self.diagnosis.count(severity);
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let home = self.snapshot.installation.paths.state_dir.display();
        let mut table = Table::default();
        table.row("OpenClaw", format!("{version}  {home}"));
        table.row(say!("connector"), connector.lines().next().unwrap_or_default());
        table.row(say!("gateway"), unit);
        table.row(
            say!("proof"),
            Some(self.proof()).filter(|text| !text.is_empty()).unwrap_or_else(|| say!("none")),
        );
        let problems = [
            say_count!(errors, "{errors} error", "{errors} errors", errors),
            say_count!(warnings, "{warnings} warning", "{warnings} warnings", warnings),
        ];
        table.row(say!("problems"), problems.join(&say!(", ")));
        let next = match () {
            () if errors > 0 => "doctor",
            () if !self.is_there() => "install",
            () if self.newer.is_some() => "upgrade",
            () if warnings > 0 => "doctor",
            () => "status --live",
        };
        let command = addressed(&format!("openclaw-setup {next}"));
        let next = say!("Next: {command} (all commands: --help)", command);
        format!("{}\n{next}", table.text())
    }

    fn version(&self) -> String {
        let version = self.snapshot.installation.program.version;
        version.map_or_else(unknown, |version| version.to_string())
    }

    fn is_there(&self) -> bool {
        self.snapshot.tree.is_some() || self.snapshot.installation.record.is_some()
    }

    fn connector(&self) -> String {
        let snapshot = &self.snapshot;
        if !self.is_there() {
            return say!("not installed");
        }
        let version = snapshot.connector().map_or_else(unknown, |version| version.to_string());
        let state = match snapshot.deviations.as_deref() {
            None => say!("not installed by openclaw-setup"),
            Some([]) => say!("tree as installed"),
            Some(deviations) => {
                let count = deviations.len();
                say_count!(
                    count,
                    "{count} path changed since",
                    "{count} paths changed since",
                    count
                )
            }
        };
        let adapted = self.adapted().map(|extent| format!("\n{}", extent.text()));
        let place = snapshot.installation.paths.connector.display();
        format!("{version}  {state}\n{place}{}", adapted.unwrap_or_default())
    }

    /// What is known of the connector on this OpenClaw, and whence.
    fn compatibility(&self) -> Option<String> {
        let (release, openclaw) = (self.snapshot.release()?, self.snapshot.openclaw()?);
        let known = self.snapshot.installation.catalogue.expected_of(&release, openclaw);
        let text = known.map(|known| known.text(&release.version, openclaw));
        let predicted =
            || Some(self.snapshot.prediction.as_ref()?.text(&release.version, openclaw));
        Some(release.told(&text.or_else(predicted)?))
    }

    /// How our record says that the tree was adapted.
    fn adapted(&self) -> Option<Extent> {
        self.snapshot.installation.record.as_ref()?.adapted.as_ref().map(Adapted::extent)
    }

    fn unit(&self) -> String {
        match self.snapshot.installation.service.managed() {
            None => say!("no systemd user manager"),
            Some(managed) if managed.unit.load_state == LoadState::NotFound => {
                let name = &managed.unit.name;
                say!("{name} does not exist", name)
            }
            Some(Managed { unit, .. }) => {
                let (name, active, sub) = (&unit.name, word(&unit.active_state), &unit.sub_state);
                let pid = unit.main_pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
                let count = unit.n_restarts;
                let flaps = match count {
                    0 => String::new(),
                    _ => say_count!(
                        count,
                        ", {count} automatic restart",
                        ", {count} automatic restarts",
                        count
                    ),
                };
                format!("{name}  {active} ({sub}{pid}{flaps})")
            }
        }
    }

    /// The value of `no_proxy` that the gateway goes by.
    fn no_proxy(&self) -> Option<&str> {
        let environment = self.environment.as_ref()?;
        environment.get("no_proxy").or_else(|| environment.get("NO_PROXY"))
    }

    fn bypass(&self) -> String {
        let value = self.no_proxy().map_or_else(|| say!("none"), str::to_owned);
        let proxies = self.routing.as_ref().map(|routing| routing.proxies_set.join(", "));
        let proxies = proxies.filter(|names| !names.is_empty());
        let proxies = proxies
            .map_or_else(|| say!("no proxy is set"), |names| say!("proxy set by {names}", names));
        format!("{value}\n{proxies}")
    }

    fn auth_mode(&self) -> Option<String> {
        self.snapshot.guard()?.mode
    }

    fn gateway(&self) -> String {
        let port = self.snapshot.installation.port;
        let auth = self.auth_mode().unwrap_or_else(|| "–".to_owned());
        let auth = say!("auth {auth}", auth);
        let Some(answers) = &self.snapshot.answers else {
            return format!("{}  {auth}", say!("not running (port {port})", port));
        };
        let ready = match &answers.readiness {
            Readiness::Ready => say!("ready"),
            Readiness::NotReady { failing } => {
                let failing = failing.join(", ");
                say!("not ready: {failing}", failing)
            }
            Readiness::NoListener => say!("nothing listens on port {port}", port),
            Readiness::Foreign { whose } => say!("the port is held by {whose}", whose),
            Readiness::Odd { what } => what.clone(),
        };
        let chat = match &answers.chat {
            ChatAnswer::Open => say!("open"),
            ChatAnswer::Unauthorised => say!("refuses the token (401)"),
            ChatAnswer::Disabled => say!("off (404)"),
            ChatAnswer::NotAllowed => say!("off (405)"),
            ChatAnswer::RateLimited => say!("rate limited (429)"),
            ChatAnswer::Foreign { whose: what } | ChatAnswer::Odd { what } => what.clone(),
        };
        format!("127.0.0.1:{port}  {ready}  chatCompletions {chat}  {auth}")
    }

    fn proof(&self) -> String {
        let text = prove::text(&self.proof);
        self.proof.accounts_text().map_or(text.clone(), |accounts| format!("{text}\n{accounts}"))
    }

    fn last(&self) -> String {
        let Some(journal) = &self.last else {
            let is_hidden = self.snapshot.is_hidden(Part::Records);
            return if is_hidden { unknown() } else { say!("none") };
        };
        let (intent, state) = (journal.intent(), history::state(journal.phase()));
        format!("{}  {}  {state}", intent.id, intent.command)
    }

    /// The errors alone, a sentence each: what readers of schema version 1 rely on.
    fn problems(&self) -> Vec<&str> {
        let findings = self.diagnosis.findings.iter();
        let errors = findings.filter(|(_, finding)| finding.severity == Severity::Error);
        errors.map(|(_, finding)| finding.message.as_str()).collect()
    }

    /// The body of the JSON document.
    fn json(&self) -> Value {
        let (snapshot, installation) = (&self.snapshot, &self.snapshot.installation);
        let managed = installation.service.managed();
        json!({
            "openclaw": {
                "version": installation.program.version.map(|version| version.to_string()),
                "package": installation.program.package,
                "stateDir": installation.paths.state_dir,
                "config": installation.paths.config,
                "configReadable": snapshot.config.is_ok(),
            },
            "connector": self.is_there().then(|| json!({
                "version": snapshot.connector().map(|version| version.to_string()),
                "path": installation.paths.connector,
                "recorded": snapshot.deviations.is_some(),
                "deviations": snapshot.deviations,
                "adapted": self.adapted(),
                "compatibility": self.compatibility(),
                "upgrade": self.newer,
            })),
            "unit": managed.map(|managed| json!({
                "name": managed.unit.name,
                "exists": managed.has_unit(),
                "activeState": managed.unit.active_state,
                "subState": managed.unit.sub_state,
                "mainPid": managed.unit.main_pid,
                "restarts": managed.unit.n_restarts,
                "result": managed.unit.result,
                "dropIns": managed.unit.drop_in_paths,
                "needDaemonReload": managed.unit.need_daemon_reload,
                "systemd": managed.version,
                "bus": managed.route,
            })),
            "bypass": {
                "effective": self.no_proxy(),
                "proxyVariables": self.routing.as_ref().map(|routing| &routing.proxies_set),
                "notBypassed": self.routing.as_ref().map(|routing| {
                    routing.not_bypassed.clone()
                }),
            },
            "gateway": {
                "port": installation.port,
                "authMode": self.auth_mode(),
                "readiness": snapshot.answers.as_ref().map(|answers| answers.readiness.word()),
                "chatCompletions": snapshot.answers.as_ref().map(|answers| answers.chat.word()),
            },
            "proof": prove::as_json(&self.proof),
            "lastTransaction": self.last.as_ref().map(history::as_json),
            "pendingRecovery": snapshot.pending,
            "findings": view::findings_json(&self.diagnosis),
            "problems": self.problems(),
        })
    }
}

fn unknown() -> String {
    say!("unknown")
}
