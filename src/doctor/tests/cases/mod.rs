//! The faults, one row each: how it is made, how bad it is, whether it has a safe repair, and when
//! it cannot be known.

use serde_json::json;

use super::machine::{Machine, UID, adapted, doubtful, with_other_key};
use crate::doctor::Severity::{self, Error, Info, Warning};
use crate::health::port::Listener;
use crate::health::{ChatAnswer, Readiness};
use crate::openclaw::Version;
use crate::snapshot::files::PrivateFile;
use crate::snapshot::service::OtherUnit;
use crate::snapshot::tree::{Modules, Npm};
use crate::systemd::environment::UnitFile;
use crate::systemd::{ActiveState, LoadState};
use crate::transaction::step::Attributes;

/// One row.
pub(super) struct Case {
    pub(super) check: &'static str,
    pub(super) what: &'static str,
    pub(super) severity: Severity,
    pub(super) repairs: bool,
    pub(super) fault: fn(&mut Machine),
    pub(super) unknown: Option<fn(&mut Machine)>,
}

const NEVER: Option<fn(&mut Machine)> = None;

/// A row in one line.
macro_rules! case {
    ($check:literal, $what:literal, $severity:expr, $repairs:expr, $fault:expr, $unknown:expr) => {
        Case {
            check: $check,
            what: $what,
            severity: $severity,
            repairs: $repairs,
            fault: $fault,
            unknown: $unknown,
        }
    };
}

const BROKEN: Option<fn(&mut Machine)> = Some(Machine::broken_config);
const ABSENT: Option<fn(&mut Machine)> = Some(Machine::no_dingtalk);
const UNMANAGED: Option<fn(&mut Machine)> = Some(Machine::unmanaged);
const UNLOGGED: Option<fn(&mut Machine)> = Some(Machine::no_log);

mod machine;
mod ours;
mod outside;
mod tree;
mod values;

pub(super) use outside::all_is_well_outside;

/// Every row.
pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    let ours = ours::CASES.iter().chain(tree::CASES);
    ours.chain(machine::CASES).chain(outside::CASES).chain(values::CASES)
}

fn private(machine: &mut Machine, mode: u32, shielded: bool) {
    let attributes = Attributes { mode, uid: UID, gid: UID };
    let path = machine.snapshot.installation.paths.config.clone();
    machine.snapshot.private_files = vec![PrivateFile { path, attributes, shielded }];
}

fn own(machine: &mut Machine, uid: u32) {
    machine.tree().examined[0].attributes = Some(Attributes { mode: 0o755, uid, gid: uid });
}

pub(super) fn needs_network(machine: &mut Machine) {
    machine.connector("0.8.20");
    machine.openclaw(Some(Version::of(2026, 7, 35)));
    machine.snapshot.refit = Ok(Some(adapted()));
    machine.snapshot.deviations = Some(Vec::new());
}

fn unreadable_neighbours(machine: &mut Machine) {
    machine.snapshot.other_plugins.unreadable = Some("Permission denied".to_owned());
}

fn answer(machine: &mut Machine, chat: ChatAnswer) {
    machine.snapshot.answers.as_mut().unwrap().chat = chat;
}

fn not_ready(machine: &mut Machine) {
    machine.snapshot.answers.as_mut().unwrap().readiness = Readiness::NoListener;
}

fn hidden(machine: &mut Machine) {
    machine.snapshot.process.as_mut().unwrap().environment = None;
}

fn drop_in(machine: &mut Machine, text: &str) {
    let path = machine.snapshot.installation.paths.drop_in.clone();
    machine.managed().unit_files.push(UnitFile { path, text: text.to_owned() });
}

fn second_unit(machine: &mut Machine, port: Option<u16>, bots: &[&str]) {
    machine.snapshot.other_units.push(OtherUnit {
        path: "/u/clawdbot-gateway.service".into(),
        exec_start: "clawdbot gateway".to_owned(),
        of_system: false,
        port,
        bots: bots.iter().map(|bot| (*bot).to_owned()).collect(),
    });
}

fn elsewhere(machine: &mut Machine) {
    machine.unmanaged();
    machine.snapshot.elsewhere = Some("node (pid 9, openclaw.service, ann)".to_owned());
}
