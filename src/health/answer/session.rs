//! The session that a question leaves in `OpenClaw`, and `OpenClaw`'s own way into the gateway.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Road, one_line, taken};
use crate::child::{Helper, Unfinished};
use crate::fs::replace::replace;
use crate::fs::{FileError, foreign};
use crate::health::channels::{openclaw, reply};
use crate::health::error;
use crate::interrupt::Interrupt;
use crate::language::Problem;
use crate::openclaw::document::Value as Document;
use crate::timeout::Deadline;

/// How long it may take to remove the session: `OpenClaw` waits 15 s for a run to end.
const REMOVING: Duration = Duration::from_secs(60);

/// How often `OpenClaw`'s command line is started where the gateway closes the connection.
const STARTS: usize = 3;

/// How the gateway closes one whose first word it has waited for in vain: 3 s in 2026.3.13, whose
/// command line loads plugins while it connects, for 2 s, on a busy machine for longer. Nothing was
/// asked.
const UNHEARD: &str = "gateway closed (1000";

/// The sections of a config that lead a client to the gateway.
const OF_A_CLIENT: [&str; 3] = ["gateway", "env", "secrets"];

/// How long a run that has failed may take to end.
const ENDING: Duration = Duration::from_secs(1);

/// How long one that was ended may take: `OpenClaw` 2026.3.13 lets it wait first for its next
/// attempt.
const RETRYING: Duration = Duration::from_secs(10);

/// How long one that has answered may take. It says an error of the provider's before it tries again,
/// and again, which took 20 s.
const ANSWERED: Duration = Duration::from_secs(30);

/// How far the run that the question began has come. At its end it lists its session once more,
/// even where that has been removed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// It has answered, and comes to its end.
    Answered,
    /// It has failed, and says no more.
    Failed,
    /// It may go on.
    UnderWay,
}

/// The session that the question leaves in `OpenClaw`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub(super) key: String,
    pub(super) folder: PathBuf,
}

/// Why there is no reply.
pub(super) enum Failure {
    /// None came in time.
    Silent,
    /// The question did not get as far as the model.
    NotAsked(String),
    /// `OpenClaw`'s command line did not get as far as the gateway, which tells nothing of either.
    NoRoad(String),
    /// Something else.
    Other(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl Session {
    /// Takes the session of an answer out of `OpenClaw`'s list, which keeps what was said under
    /// another name; that goes, too.
    pub fn remove(&self, road: &Road, interrupt: &Interrupt) -> Result<(), Problem> {
        self.remove_after(Run::Answered, road, interrupt)
    }

    /// Whoever stops the question still has its session removed, if that does not take long.
    pub(super) fn remove_after(
        &self,
        run: Run,
        road: &Road,
        interrupt: &Interrupt,
    ) -> Result<(), Problem> {
        let (limit, interrupt) = if interrupt.is_raised() {
            (RETRYING, &Interrupt::never())
        } else {
            (REMOVING, interrupt)
        };
        let deadline = Deadline::after(limit);
        let wait_until = |limit: Duration, is_seen: &dyn Fn() -> bool| {
            let deadline = deadline.min(Deadline::after(limit));
            while !deadline.has_passed() && !interrupt.is_raised() && !is_seen() {
                thread::sleep(ENDING / 10);
            }
        };
        let left = |cause: &str| error::session_left(&self.key, cause);
        let id = self.id();
        if run == Run::Answered {
            wait_until(ANSWERED, &|| !self.may_be_listed_again());
        }
        for _ in 0..3 {
            let may_be_listed_again = self.may_be_listed_again();
            // a reply that is lost on a busy machine tells nothing; the list does, where it is read
            let reply = self.delete(road, deadline, interrupt);
            if may_be_listed_again {
                let limit = if run == Run::Failed { ENDING } else { RETRYING };
                wait_until(limit, &|| self.id().is_some());
            }
            if self.id().is_none() && (reply.is_ok() || !self.is_in_a_database()) {
                let forgotten = id.map_or(Ok(()), |id| self.forget(|name| name.starts_with(&id)));
                return forgotten.map_err(|error| left(&io::Error::from(error).to_string()));
            }
            match reply {
                Err(Failure::NotAsked(cause) | Failure::NoRoad(cause)) => return Err(left(&cause)),
                Err(Failure::Other(problem)) => return Err(left(&problem.message)),
                Ok(_) | Err(Failure::Silent) => {}
            }
        }
        Err(left(&say!("OpenClaw did not confirm it in time")))
    }

    /// Has `OpenClaw` remove it, with the transcripts that it names as kept: where it lists its
    /// sessions in a database, nothing else does.
    fn delete(
        &self,
        road: &Road,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Value, Failure> {
        let parameters = json!({"key": self.key});
        let reply = call(road, "sessions.delete", &parameters, &[], deadline, interrupt)?;
        let kept = reply["archived"].as_array().into_iter().flatten();
        let names = kept.filter_map(|path| Path::new(path.as_str()?).file_name()?.to_str());
        let names: Vec<&str> = names.collect();
        let forgotten = self.forget(|name| names.contains(&name));
        forgotten.map_err(|error| Failure::NotAsked(io::Error::from(error).to_string()))?;
        Ok(reply)
    }

    /// Whether the question came as far as this. A database tells it by the removal.
    pub(super) fn is_there(&self, road: &Road, interrupt: &Interrupt) -> bool {
        let deadline = Deadline::after(REMOVING);
        let is_deleted = || {
            let reply = self.delete(road, deadline, interrupt);
            reply.is_ok_and(|reply| reply["deleted"] == true)
        };
        self.id().is_some() || self.is_in_a_database() && is_deleted()
    }

    /// Whether `OpenClaw` lists its sessions there (2026.9.6), which is not read here.
    pub(super) fn is_in_a_database(&self) -> bool {
        self.folder.with_file_name("agent").join("openclaw-agent.sqlite").exists()
    }

    /// Its id, as long as `OpenClaw` lists it.
    pub(super) fn id(&self) -> Option<String> {
        let listed = self.listed()?;
        listed["sessionId"].as_str().filter(|id| !id.is_empty()).map(str::to_owned)
    }

    /// Whether its run has yet to end. What a run writes last has `abortedLastRun` (seen with
    /// 2026.3.13), which 2026.7.35 writes at the start as well, and then `endedAt` beside `startedAt`.
    fn may_be_listed_again(&self) -> bool {
        self.listed().is_some_and(|listed| {
            let has = |key: &str| listed.get(key).is_some();
            !has("abortedLastRun") || (has("startedAt") && !has("endedAt"))
        })
    }

    fn listed(&self) -> Option<Value> {
        let bytes =
            foreign::read(&self.folder.join("sessions.json"), foreign::RECORD_LIMIT).ok()?;
        let mut sessions: Value = serde_json::from_slice(&bytes).ok()?;
        sessions.get_mut(&self.key).map(Value::take)
    }

    /// Removes what was said; a run that ends meanwhile removes its own lock.
    fn forget(&self, is_its: impl Fn(&str) -> bool) -> Result<(), FileError> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let its = entries.filter(|entry| is_its(&entry.file_name().to_string_lossy()));
        its.map(|entry| entry.path()).try_for_each(|path| match replace(&path, None, "") {
            Err(error) if error.is_missing() => Ok(()),
            done => done,
        })
    }
}

/// `openclaw gateway call METHOD`, with the unit's program and in the environment of its process,
/// where it finds the gateway's credential by itself.
pub(super) fn call(
    road: &Road,
    method: &str,
    parameters: &Value,
    options: &[&str],
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Result<Value, Failure> {
    let mut complaint = String::new();
    for start in 1.. {
        if let Some(whose) = road.endpoint.stranger() {
            return Err(taken(road, &whose).into());
        }
        let helper =
            road.exec_start.as_ref().and_then(|command| openclaw(command, &road.environment));
        let helper = helper.ok_or(Failure::Silent)?;
        let call = helper
            .env("OPENCLAW_GATEWAY_PORT", road.endpoint.port().to_string())
            .args(["gateway", "call", method, "--json", "--params", &parameters.to_string()])
            .args(options);
        let (call, config) = if complaint.contains(UNHEARD) {
            without_plugins(call, &road.config)
        } else {
            (call, Vec::new())
        };
        let finished = match call.run_with(&config, deadline, interrupt) {
            Ok(finished) => finished,
            Err(Unfinished::Late) => return Err(Failure::Silent),
            Err(Unfinished::Interrupted) => return Err(error::interrupted().into()),
            Err(Unfinished::Io(cause)) => return Err(Failure::NotAsked(cause.to_string())),
        };
        if let Some(reply) = reply(&finished.stdout) {
            return Ok(reply);
        }
        let told = finished.stderr.split_once("Gateway call failed: ").map(|(_, told)| told);
        complaint = one_line(told.unwrap_or(&finished.stderr));
        if complaint.contains("gateway timeout") {
            return Err(Failure::Silent);
        }
        let is_closed = complaint.contains("gateway closed") && start < STARTS;
        if !is_closed && !complaint.contains(UNHEARD) {
            break;
        }
    }
    Err(Failure::NotAsked(complaint))
}

/// The same with a config that it is given to read, by which it loads none and so speaks at once.
/// The list of models that it would make of that goes nowhere.
fn without_plugins(call: Helper, config: &Document) -> (Helper, Vec<u8>) {
    let sections = OF_A_CLIENT
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), config.get(&[key])?.to_json())));
    let mut sections: Map<String, Value> = sections.collect();
    sections.insert("plugins".to_owned(), json!({"enabled": false}));
    let call = call
        .env("OPENCLAW_CONFIG_PATH", "/proc/self/fd/0")
        .env("OPENCLAW_AGENT_DIR", "/dev/null/none");
    (call, Value::Object(sections).to_string().into_bytes())
}
