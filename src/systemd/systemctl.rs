//! The manager through `systemctl --user`: the road where there is no bus.
//!
//! systemctl reaches the manager's private socket by itself, in cron, sudo and bare ssh sessions.
//! Nothing is decided by its words, only by its exit status and by properties.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::backend::Backend;
use super::properties::Properties;
use super::wait::Bounds;
use super::{JobOutcome, ManagerError, Step, Verb, error};
use crate::child::{Finished, Helper, Unfinished};

/// `systemctl --user` for one runtime directory.
pub(super) struct Systemctl {
    runtime_directory: PathBuf,
}

impl Systemctl {
    /// Makes sure that the manager's socket takes connections.
    pub(super) fn connect(runtime_directory: &Path) -> Result<Self, ManagerError> {
        let systemctl = Self { runtime_directory: runtime_directory.to_path_buf() };
        let place = systemctl.socket();
        match UnixStream::connect(&place) {
            Ok(_) => Ok(systemctl),
            Err(cause) if cause.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(error::refused(&place, &cause))
            }
            Err(error) => Err(ManagerError::Absent {
                uid: rustix::process::geteuid().as_raw(),
                looked: vec![format!("{place}: {error}")],
            }),
        }
    }

    fn socket(&self) -> String {
        self.runtime_directory.join("systemd/private").display().to_string()
    }

    fn run(
        &self,
        arguments: &[&str],
        step: &Step,
        bounds: &Bounds<'_>,
    ) -> Result<Finished, ManagerError> {
        let systemctl = Helper::new("systemctl")
            .args(["--user", "--no-pager", "--no-ask-password"])
            .args(arguments)
            .env("LC_ALL", "C")
            .env("XDG_RUNTIME_DIR", &self.runtime_directory);
        systemctl.run(bounds.deadline, bounds.interrupt).map_err(|why| match why {
            Unfinished::Late => ManagerError::Hung { step: step.clone() },
            Unfinished::Interrupted => ManagerError::Interrupted { step: step.clone() },
            Unfinished::Io(cause) => error::cannot_run("systemctl", &cause),
        })
    }

    /// Runs it and expects success: what we ask here, a manager that is there does not deny.
    fn ask(
        &self,
        arguments: &[&str],
        step: &Step,
        bounds: &Bounds<'_>,
    ) -> Result<String, ManagerError> {
        let finished = self.run(arguments, step, bounds)?;
        if finished.status.success() {
            return Ok(finished.stdout);
        }
        Err(ManagerError::Died { step: step.clone(), reason: finished.complaint() })
    }
}

impl Backend for Systemctl {
    fn road(&self) -> String {
        format!("systemctl, {}", self.socket())
    }

    fn properties(
        &self,
        unit: Option<&str>,
        bounds: &Bounds<'_>,
    ) -> Result<Properties, ManagerError> {
        let mut arguments = vec!["show", "--timestamp=us+utc", "--"];
        arguments.extend(unit);
        let answer = self.ask(&arguments, &Step::reading(unit), bounds)?;
        Ok(Properties::of_lines(&answer))
    }

    fn reload(&self, bounds: &Bounds<'_>) -> Result<(), ManagerError> {
        self.ask(&["daemon-reload"], &Step::reload(), bounds).map(drop)
    }

    fn run(&self, verb: Verb, unit: &str, bounds: &Bounds<'_>) -> Result<JobOutcome, ManagerError> {
        let step = Step::job(verb, unit);
        let finished = self.run(&[verb.name(), "--", unit], &step, bounds)?;
        if finished.status.success() {
            return Ok(JobOutcome::Done);
        }
        let now = self.properties(Some(unit), bounds)?.unit();
        if now.job_queued {
            // it did not hear the job end
            return Err(ManagerError::Died { step, reason: finished.complaint() });
        }
        Ok(match now.result.as_str() {
            _ if verb.is_done(&now) => JobOutcome::Done,
            "success" | "" => JobOutcome::Failed(finished.complaint()),
            result => JobOutcome::Failed(result.to_owned()),
        })
    }

    fn reset_failed(&self, unit: &str, bounds: &Bounds<'_>) -> Result<(), ManagerError> {
        let step = Step::reset_failed(unit);
        self.ask(&["reset-failed", "--", unit], &step, bounds).map(drop)
    }
}
