//! The unit and its manager: reachable, enabled, able to start, and not flapping.

use super::{Evidence, Finding, Severity, Snapshot, Verdict};
use crate::health::Readiness;
use crate::language::{Explain, word};
use crate::openclaw::Version;
use crate::plan::repair::Repair;
use crate::snapshot::service::Service;
use crate::systemd::{ActiveState, LoadState};

pub(super) fn bus(snapshot: &Snapshot) -> Verdict {
    if let Some(error) = &snapshot.manager_error {
        return Finding::error(error.message())
            .hint(error.hint())
            .symptom("Failed to connect to bus")
            .into();
    }
    let Service::Unmanaged = snapshot.installation.service else { return Ok(Vec::new()) };
    let account = &snapshot.installation.account;
    let (name, uid) = (&account.name, account.uid);
    Finding::error(say!("no systemd user manager runs for {name} (uid {uid})", name, uid))
        .hint(say!("Start it, now and at every boot: sudo loginctl enable-linger {name}\nAs root for that user: openclaw-setup --user {name} doctor", name))
        .about(format!("/run/user/{uid}"))
        .symptom("Failed to connect to bus: No medium found")
        .read(format!("/run/user/{uid}"), say!("no bus, no systemd/private"))
        .into()
}

pub(super) fn linger(snapshot: &Snapshot) -> Verdict {
    let name = &snapshot.installation.account.name;
    let repair = snapshot.host.may_linger.then_some(Repair::Linger);
    match snapshot.host.lingers {
        Some(true) => Ok(Vec::new()),
        None => Err(say!("this system has no /var/lib/systemd")),
        Some(false) => Finding::warning(say!("lingering is off for {name}: the gateway stops at the last logout and does not start at boot", name))
        .remedied(repair.ok_or_else(|| format!("sudo loginctl enable-linger {name}")))
        .about(format!("/var/lib/systemd/linger/{name}"))
        .symptom(say!("the bot dies after logout"))
        .read(format!("/var/lib/systemd/linger/{name}"), say!("does not exist"))
        .into(),
    }
}

/// As systemd 252 does it: a file without `-` that it cannot read keeps the unit from starting.
pub(super) fn environment_file(snapshot: &Snapshot) -> Verdict {
    let unit = &snapshot.installation.paths.unit;
    let faults = snapshot
        .installation
        .variable_files()
        .filter_map(|file| Some((file, file.fault.as_ref()?)));
    let findings = faults.map(|(file, fault)| {
        let (path, reason) = (file.path.display().to_string(), fault.message());
        let hint =
            say!("Put a regular file there that the gateway's user can read: ls -ld {path}", path);
        let finding = if file.optional {
            Finding::warning(say!(
                "the gateway starts without the variables of {path}: {reason}",
                path,
                reason
            ))
        } else {
            Finding::error(say!("{unit} cannot be started again: {reason}", unit, reason))
        };
        finding.hint(hint).about(path)
    });
    Ok(findings.collect())
}

const REINSTALL: &str = "openclaw gateway install --force";

pub(super) fn unit(snapshot: &Snapshot) -> Verdict {
    let Some(managed) = snapshot.installation.service.managed() else {
        return Err(say!("no user manager answers (service.bus)"));
    };
    let (unit, name) = (&managed.unit, &managed.unit.name);
    let load_state = |finding: Finding| {
        finding.about(name.clone()).read(format!("{name} LoadState"), word(&unit.load_state))
    };
    match unit.load_state {
        LoadState::NotFound => {
            let text = say!("there is no unit {name}", name);
            return load_state(Finding::error(text).hint("openclaw gateway install")).into();
        }
        LoadState::Masked => {
            let text = say!("{name} is masked: nothing can start it", name);
            let hint = format!("systemctl --user unmask {name}");
            return load_state(Finding::error(text).hint(hint)).into();
        }
        LoadState::Loaded | LoadState::Other(_) => {}
        LoadState::BadSetting | LoadState::Error => {
            let why = unit.load_error.as_deref().unwrap_or("–");
            let text = say!("systemd cannot load {name}: {why}", name, why);
            return load_state(Finding::error(text).hint(REINSTALL)).into();
        }
    }
    let mut findings = missing_programs(snapshot, name);
    if unit.unit_file_state == "disabled" {
        findings.push(
            Finding::warning(say!("{name} is not enabled: it does not start at boot, and openclaw gateway restart refuses", name))
                .hint(format!("systemctl --user enable {name}"))
                .about(name.clone())
                .read(format!("{name} UnitFileState"), "disabled"),
        );
    }
    findings.extend(other_version(snapshot, name));
    Ok(findings)
}

fn missing_programs(snapshot: &Snapshot, unit: &str) -> Vec<Finding> {
    let missing = snapshot.host.missing_programs.iter();
    missing
        .map(|path| {
            let path = path.display().to_string();
            Finding::error(say!("{unit} starts {path}, which does not exist", unit, path))
                .hint(REINSTALL)
                .about(path.clone())
                .symptom("status=203/EXEC")
                .read(format!("{unit} ExecStart"), path)
        })
        .collect()
}

/// OpenClaw's own doctor asks for the same after an upgrade.
fn other_version(snapshot: &Snapshot, unit: &str) -> Option<Finding> {
    let told = snapshot.installation.service.variable("OPENCLAW_SERVICE_VERSION")?;
    let package = snapshot.installation.program.package.as_ref()?;
    let installed = snapshot.openclaw()?;
    let differs = Version::parse(&told).is_some_and(|version| version != installed);
    differs.then(|| {
        Finding::info(say!(
            "{unit} was written by OpenClaw {told}, but {installed} is installed",
            unit,
            told,
            installed
        ))
        .hint(REINSTALL)
        .about(unit.to_owned())
        .read(format!("{unit} OPENCLAW_SERVICE_VERSION"), told.clone())
        .read(package.join("package.json").display().to_string(), format!("version {installed}"))
    })
}

/// From here on automatic restarts are no coincidence: OpenClaw restarts itself once or twice when
/// its config changes.
const FLAPS: u32 = 3;

pub(super) fn crashloop(snapshot: &Snapshot) -> Verdict {
    let Some(managed) = snapshot.unit() else {
        return Err(say!("the gateway's unit is not known"));
    };
    let unit = &managed.unit;
    let name = &unit.name;
    let evidence = [
        Evidence { place: format!("{name} NRestarts"), fact: unit.n_restarts.to_string() },
        Evidence { place: format!("{name} Result"), fact: unit.result.clone() },
        Evidence {
            place: format!("{name} ExecMainStatus"),
            fact: unit.exec_main_status.to_string(),
        },
    ];
    let log = &snapshot.log;
    // where OpenClaw has said why, what it says after that is only how it says it
    let said = if log.refused_config.is_empty() { log.tail.len().min(5) } else { 0 };
    let tail = log.tail[log.tail.len() - said..].iter();
    let tail = tail.map(|line| Evidence { place: log.source.clone(), fact: line.clone() });
    // OpenClaw ends itself with 0 when its config changes, and waits to be started again
    let ended_badly = unit.result != "success" || unit.exec_main_status != 0;
    let waits = unit.sub_state == "auto-restart" && (ended_badly || unit.n_restarts >= FLAPS);
    let loops = waits || unit.n_restarts >= FLAPS;
    let (restarts, result) = (unit.n_restarts, &unit.result);
    let text = if unit.active_state == ActiveState::Failed {
        say!("{name} has failed ({result})", name, result)
    } else if waits {
        say!(
            "{name} does not stay up: systemd waits to start it again (restarts so far: {restarts})",
            name,
            restarts
        )
    } else if loops {
        say!(
            "{name} was restarted automatically {restarts} times since it was started",
            name,
            restarts
        )
    } else {
        return Ok(Vec::new());
    };
    let is_ready =
        snapshot.answers.as_ref().is_some_and(|found| found.readiness == Readiness::Ready);
    let down = unit.active_state == ActiveState::Failed || !is_ready;
    let severity = if down { Severity::Error } else { Severity::Warning };
    let text = match &log.refused_start {
        Some(reason) => say!("{text}: {reason}", text, reason),
        None => text,
    };
    Finding::of(severity, text)
        .hint(say!("All that it says: openclaw-setup logs. To stop it meanwhile: systemctl --user stop {name}", name))
        .about(name.clone())
        .symptom(say!("the bot does not answer: the gateway does not stay up"))
        .evidence(evidence)
        .evidence(tail)
        .into()
}
