//! The faults, one row each: how it is made, how bad it is, whether it has a safe repair, and when
//! it cannot be known.

use serde_json::json;

use super::patient::{Patient, UID, with_other_key};
use crate::doctor::Severity::{self, Error, Info, Warning};
use crate::doctor::examination::files::PrivateFile;
use crate::doctor::examination::port::Listener;
use crate::doctor::examination::supply::Npm;
use crate::doctor::examination::units::{DropInFile, OtherUnit};
use crate::health::{ChatAnswer, Readiness};
use crate::openclaw::version::Version;
use crate::plan::repair::Modules;
use crate::systemd::{ActiveState, LoadState};
use crate::transaction::step::Attributes;

/// One row.
pub(super) struct Case {
    pub(super) check: &'static str,
    pub(super) what: &'static str,
    pub(super) severity: Severity,
    pub(super) repairs: bool,
    pub(super) fault: fn(&mut Patient),
    pub(super) unknown: Option<fn(&mut Patient)>,
}

const NEVER: Option<fn(&mut Patient)> = None;

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

const BROKEN: Option<fn(&mut Patient)> = Some(Patient::broken_config);
const ABSENT: Option<fn(&mut Patient)> = Some(Patient::no_dingtalk);
const UNMANAGED: Option<fn(&mut Patient)> = Some(Patient::unmanaged);
const UNLOGGED: Option<fn(&mut Patient)> = Some(Patient::no_log);

mod machine;
mod ours;
mod outside;
mod tree;

pub(super) use outside::all_is_well_outside;

/// Every row.
pub(super) fn cases() -> impl Iterator<Item = &'static Case> {
    let ours = ours::CASES.iter().chain(tree::CASES);
    ours.chain(machine::CASES).chain(outside::CASES)
}

fn private(patient: &mut Patient, mode: u32, shielded: bool) {
    let attributes = Attributes { mode, uid: UID, gid: UID };
    let path = patient.examination.picture.paths.config.clone();
    patient.examination.private_files = vec![PrivateFile { path, attributes, shielded }];
}

fn own(patient: &mut Patient, uid: u32) {
    patient.tree().examined[0].attributes = Some(Attributes { mode: 0o755, uid, gid: uid });
}

fn unreadable_neighbours(patient: &mut Patient) {
    patient.examination.neighbours.unreadable = Some("Permission denied".to_owned());
}

fn answer(patient: &mut Patient, chat: ChatAnswer) {
    patient.examination.answers.as_mut().unwrap().chat = chat;
}

fn not_ready(patient: &mut Patient) {
    patient.examination.answers.as_mut().unwrap().readiness = Readiness::NoListener;
}

fn hidden(patient: &mut Patient) {
    patient.examination.process.as_mut().unwrap().environment = None;
}

fn drop_in(patient: &mut Patient, text: &str) {
    let path = patient.examination.picture.paths.drop_in.clone();
    let file = DropInFile { path, text: text.to_owned(), modified_usec: 0 };
    patient.examination.drop_ins = vec![file];
}
