//! Lingering as a step: the disk tells how it is, logind changes it.

use std::path::PathBuf;

use super::error::changed;
use super::service::ServiceError;
use crate::systemd::logind::{lingers, set_linger};

/// Switches it; refused where somebody else has done so since the plan.
pub(super) fn switch(user: &str, uid: u32, on: bool) -> Result<(), ServiceError> {
    if lingers(user) == Some(on) {
        return Err(changed(&note_of(user)).into());
    }
    Ok(set_linger(uid, on)?)
}

/// Switches it back where it is as the step has made it; returns whether it was.
pub(super) fn take_back(user: &str, uid: u32, on: bool) -> Result<bool, ServiceError> {
    if lingers(user) != Some(on) {
        return Ok(false);
    }
    set_linger(uid, !on)?;
    Ok(true)
}

/// Where logind notes it.
pub(super) fn note_of(user: &str) -> PathBuf {
    PathBuf::from("/var/lib/systemd/linger").join(user)
}
