//! The manager through `systemctl --user`: the road where there is no bus.
//!
//! systemctl reaches the manager's private socket by itself, in cron, sudo and bare ssh sessions.

use std::path::{Path, PathBuf};

use super::backend::Backend;
use super::environment::Environment;
use super::wait::Bounds;
use super::{JobOutcome, ManagerError, Step, Unit, Verb, show, words};
use crate::child::{Finished, Helper, Unfinished};

/// `systemctl --user` for one runtime directory.
pub(super) struct Systemctl {
    runtime_directory: PathBuf,
}

impl Systemctl {
    pub(super) fn new(runtime_directory: &Path) -> Self {
        Self { runtime_directory: runtime_directory.to_path_buf() }
    }

    fn run_with(
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
        systemctl.run(bounds.deadline, bounds.interrupt).map_err(|error| match error {
            Unfinished::Late => ManagerError::Hung { step: step.clone() },
            Unfinished::Interrupted => ManagerError::Interrupted { step: step.clone() },
            Unfinished::Io(error) => ManagerError::CannotRun {
                program: "systemctl".to_owned(),
                reason: error.to_string(),
            },
        })
    }

    /// Runs it and expects success.
    fn ask(
        &self,
        arguments: &[&str],
        step: &Step,
        bounds: &Bounds<'_>,
    ) -> Result<String, ManagerError> {
        let finished = self.run_with(arguments, step, bounds)?;
        if finished.status.success() {
            Ok(finished.stdout)
        } else {
            Err(self.explained(&finished, step))
        }
    }

    /// What systemctl's complaint means. Its words are stable under `LC_ALL=C`.
    fn explained(&self, finished: &Finished, step: &Step) -> ManagerError {
        let reason = finished.complaint();
        let place = || self.runtime_directory.join("systemd/private").display().to_string();
        let unit = match step {
            Step::Job(_, unit) | Step::ReadUnit(unit) | Step::ResetFailed(unit) => unit.clone(),
            _ => String::new(),
        };
        let says = |words: &str| reason.contains(words);
        if says("Failed to connect to") && says("ermi") {
            return ManagerError::Refused { place: place(), reason };
        }
        if says("Failed to connect to") {
            let looked = vec![format!("{}: {reason}", place())];
            return ManagerError::Absent { uid: rustix::process::geteuid().as_raw(), looked };
        }
        if says("not found") || says("not loaded") {
            return ManagerError::NoSuchUnit { unit };
        }
        if says("is masked") {
            return ManagerError::UnitMasked { unit };
        }
        if says("bad unit file setting") || says("failed to load properly") {
            return ManagerError::UnitBroken { unit, reason };
        }
        if says("Connection reset") || says("Broken pipe") || says("Transport endpoint") {
            return ManagerError::Died { step: step.clone(), reason };
        }
        ManagerError::Rejected { step: step.clone(), reason }
    }
}

impl Backend for Systemctl {
    fn version(&self, bounds: &Bounds<'_>) -> Result<String, ManagerError> {
        let answer = self.ask(&["show", "--property=Version"], &Step::AskManager, bounds)?;
        Ok(show::value(&answer, "Version").to_owned())
    }

    fn environment(&self, bounds: &Bounds<'_>) -> Result<Environment, ManagerError> {
        let answer = self.ask(&["show", "--property=Environment"], &Step::AskManager, bounds)?;
        let items = words::words(show::value(&answer, "Environment"));
        Ok(Environment::of_assignments(items.into_iter().map(|word| word.value)))
    }

    fn unit(&self, name: &str, bounds: &Bounds<'_>) -> Result<Unit, ManagerError> {
        let step = Step::ReadUnit(name.to_owned());
        let properties = format!("--property={}", show::PROPERTIES.join(","));
        let answer =
            self.ask(&["show", "--timestamp=us+utc", &properties, "--", name], &step, bounds)?;
        Ok(show::installation(&answer))
    }

    fn reload(&self, bounds: &Bounds<'_>) -> Result<(), ManagerError> {
        self.ask(&["daemon-reload"], &Step::Reload, bounds).map(|_| ())
    }

    fn run(&self, verb: Verb, unit: &str, bounds: &Bounds<'_>) -> Result<JobOutcome, ManagerError> {
        let step = Step::Job(verb, unit.to_owned());
        let finished = self.run_with(&[verb.name(), "--", unit], &step, bounds)?;
        if finished.status.success() {
            return Ok(JobOutcome::Done);
        }
        show::outcome(&finished.complaint()).ok_or_else(|| self.explained(&finished, &step))
    }

    fn reset_failed(&self, unit: &str, bounds: &Bounds<'_>) -> Result<(), ManagerError> {
        let step = Step::ResetFailed(unit.to_owned());
        match self.ask(&["reset-failed", "--", unit], &step, bounds) {
            Ok(_) | Err(ManagerError::NoSuchUnit { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
