//! The wished-for config as edits of the keys we own; pure, one file per section.

mod channel;
mod gateway;
mod plugins;
mod provider;
pub(super) mod schema;

use std::path::Path;

use super::note::Note;
use crate::language::Problem;
use crate::openclaw::document::{Edit, Value};
use crate::openclaw::version::Version;
use crate::settings::{Secret, Setting, Settings};

pub use provider::{
    COMPLETIONS, Provider, RESPONSES, apis, models_file_edits, provider_of, right_api,
};

/// Everything that decides how the config should read.
#[derive(Debug)]
pub struct Wish<'a> {
    /// What the operator gave.
    pub settings: &'a Settings,
    /// OpenClaw's version; its rules differ.
    pub openclaw: Version,
    /// Keys that the connector's schema forbids are taken out even where this OpenClaw does not
    /// enforce it.
    pub migrates: bool,
    /// The live connector tree.
    pub connector: &'a Path,
    /// The connector's version, as its `package.json` says.
    pub connector_version: &'a str,
    /// The schema of the channel block, if the connector's manifest has one.
    pub channel_schema: Option<&'a serde_json::Value>,
    /// The gateway's port.
    pub port: u16,
    /// The gateway's `--bind` option, where its unit has one.
    pub bind_option: Option<&'a str>,
    /// The unit's environment holds `OPENCLAW_GATEWAY_TOKEN`.
    pub token_in_unit: bool,
    /// Used where a new gateway token is needed.
    pub fresh_token: &'a Secret,
    /// The time of installation, RFC 3339 with milliseconds.
    pub now: &'a str,
    /// The config file, for messages.
    pub file: &'a Path,
}

/// Edits and remarks, gathered section by section.
#[derive(Debug)]
pub struct Draft<'a> {
    effective: &'a Value,
    /// The edits, in order.
    pub edits: Vec<Edit>,
    /// The remarks.
    pub notes: Vec<Note>,
}

impl<'a> Draft<'a> {
    fn of(effective: &'a Value) -> Self {
        Self { effective, edits: Vec::new(), notes: Vec::new() }
    }

    fn now(&self, path: &[&str]) -> Option<&'a Value> {
        self.effective.get(path)
    }

    fn text(&self, path: &[&str]) -> Option<&'a str> {
        self.now(path).and_then(Value::as_str)
    }

    /// An edit only where the value differs: an equal one changes no byte.
    fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        let value = value.into();
        if self.now(path) != Some(&value) {
            self.edits.push(Edit::set(path, value));
        }
    }
}

/// The edits that bring the effective config to what `install` wants.
pub fn edits<'a>(effective: &'a Value, wish: &Wish<'_>) -> Result<Draft<'a>, Problem> {
    let mut draft = Draft::of(effective);
    provider::section(&mut draft, wish);
    let token = gateway::section(&mut draft, wish)?;
    channel::section(&mut draft, wish, token.as_ref());
    plugins::section(&mut draft, wish)?;
    Ok(draft)
}

/// The settings that are needed and neither given nor in the config.
#[must_use]
pub fn needed(effective: &Value, settings: &Settings) -> Vec<Setting> {
    let mut needed = channel::needed(effective, settings);
    needed.extend(provider::needed(effective, settings));
    needed
}

#[cfg(test)]
mod tests;
