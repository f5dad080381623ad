//! The manager through `systemctl --user`: the route where there is no bus.
//!
//! systemctl reaches the manager's private socket by itself, in cron, sudo and bare ssh sessions.
//! Nothing is decided by its words, only by its exit status and by properties.

use std::path::{Path, PathBuf};

use rustix::net::SocketAddrUnix;

use super::route::{Route, Wait};
use super::unit::Properties;
use super::{JobOutcome, ManagerError, Verb, error, session};
use crate::child::{Finished, Helper, Unfinished};
use crate::fs::own;
use crate::language::Explain;

/// How often a job is asked for that leaves no trace in its unit: where the manager is executed anew
/// while systemctl speaks to it, there is none, and where it refuses, none either.
const ATTEMPTS: usize = 20;

/// `systemctl --user` for one runtime directory.
pub(super) struct Systemctl {
    runtime_directory: PathBuf,
}

impl Systemctl {
    /// Makes sure that the manager's socket takes connections, and that it is ours; and so is the
    /// directory, for systemctl makes a connection of its own, each time.
    pub(super) fn connect(runtime_directory: &Path, wait: &Wait) -> Result<Self, ManagerError> {
        let real = runtime_directory.canonicalize();
        let runtime_directory = real.unwrap_or_else(|_| runtime_directory.to_path_buf());
        let systemctl = Self { runtime_directory };
        let place = systemctl.socket();
        let address = SocketAddrUnix::new(place.as_str());
        let address = address.map_err(|cause| error::unopened(&place, &cause.into()))?;
        session::connect(&place, &address, wait)?;
        let directory = systemctl.runtime_directory.as_path();
        let proof = own::place(directory).and_then(|()| own::directory(directory));
        proof.map_err(|error| error::foreign(error.problem().message))?;
        Ok(systemctl)
    }

    fn socket(&self) -> String {
        self.runtime_directory.join("systemd/private").display().to_string()
    }

    /// What nobody answers in time, or is interrupted, is an error; a refusal is not yet one.
    fn tell(&self, arguments: &[&str], wait: &Wait) -> Result<Finished, ManagerError> {
        let systemctl = Helper::new("systemctl")
            .args(["--user", "--no-pager", "--no-ask-password"])
            .args(arguments)
            .env("LC_ALL", "C")
            .env("XDG_RUNTIME_DIR", &self.runtime_directory);
        systemctl.run(wait.deadline, &wait.interrupt).map_err(|why| match why {
            Unfinished::Late => ManagerError::Hung { step: wait.step.clone() },
            Unfinished::Interrupted => ManagerError::Interrupted { step: wait.step.clone() },
            Unfinished::Io(cause) => error::cannot_run("systemctl", &cause),
        })
    }

    /// Expects success: what we ask here, a manager that is there does not deny.
    fn ask(&self, arguments: &[&str], wait: &Wait) -> Result<String, ManagerError> {
        let finished = self.tell(arguments, wait)?;
        let succeeded = finished.status.success();
        succeeded.then_some(()).ok_or_else(|| wait.died(&finished.complaint()))?;
        Ok(finished.stdout)
    }
}

impl Route for Systemctl {
    fn name(&self) -> String {
        format!("systemctl, {}", self.socket())
    }

    fn properties(&self, unit: Option<&str>, wait: &Wait) -> Result<Properties, ManagerError> {
        let mut arguments = vec!["show", "--timestamp=us+utc", "--"];
        arguments.extend(unit);
        self.ask(&arguments, wait).map(|answer| Properties::of_lines(&answer))
    }

    fn reload(&self, wait: &Wait) -> Result<(), ManagerError> {
        self.ask(&["daemon-reload"], wait).map(drop)
    }

    fn run(&self, verb: Verb, unit: &str, wait: &Wait) -> Result<JobOutcome, ManagerError> {
        let mut attempts = 1..ATTEMPTS;
        loop {
            let finished = self.tell(&[verb.name(), "--", unit], wait)?;
            if finished.status.success() {
                return Ok(JobOutcome::Done);
            }
            let now = self.properties(Some(unit), wait)?.unit();
            match now.result.as_str() {
                // it did not hear the job end
                _ if now.job_queued => return Err(wait.died(&finished.complaint())),
                _ if verb.is_done(&now) => return Ok(JobOutcome::Done),
                "success" | "" if attempts.next().is_some() => wait.pause()?,
                "success" | "" => return Ok(JobOutcome::Failed(finished.complaint())),
                result => return Ok(JobOutcome::Failed(result.to_owned())),
            }
        }
    }

    fn reset_failed(&self, unit: &str, wait: &Wait) -> Result<(), ManagerError> {
        self.ask(&["reset-failed", "--", unit], wait).map(drop)
    }
}
