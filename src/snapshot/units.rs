//! Unit files on the disk: other units that run a gateway.

use std::fs;
use std::path::{Path, PathBuf};

use super::bots::bots;
use super::program::option_of;
use crate::fs::foreign;
use crate::openclaw::document::Value;
use crate::openclaw::include::ConfigSet;
use crate::systemd::environment::{Environment, parsed_file};

/// Another unit that runs a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherUnit {
    /// Its file.
    pub path: PathBuf,
    /// The `ExecStart=` line.
    pub exec_start: String,
    /// It is one of the system, not of a user.
    pub of_system: bool,
    /// The port that its unit or its config names.
    pub port: Option<u16>,
    /// The client ids in its config, where that can be read.
    pub bots: Vec<String>,
}

/// The units of the user and of the system, but for `own`, that start `openclaw … gateway`.
#[must_use]
pub fn other_units(unit_dir: &Path, own: &str, home: &Path) -> Vec<OtherUnit> {
    let places = [(unit_dir, false), (Path::new("/etc/systemd/system"), true)];
    let all = places.into_iter().flat_map(|(place, of_system)| gateways(place, of_system, home));
    all.filter(|unit| unit.of_system || !unit.path.ends_with(own)).collect()
}

fn gateways(directory: &Path, of_system: bool, home: &Path) -> Vec<OtherUnit> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut units: Vec<OtherUnit> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "service"))
        .filter_map(|path| {
            let text = String::from_utf8(foreign::glance(&path)?).ok()?;
            let exec_start = gateway_line(&text)?.to_owned();
            let set = assignments(&text);
            // the home of a unit of the system is another user's
            let config = config_of(&set, (!of_system).then_some(home));
            let config = config.and_then(|path| ConfigSet::load(&path).ok());
            let config = config.as_ref().map(ConfigSet::effective);
            let port = port_of(&exec_start, &set, config);
            let bots = config.map(bots_of).unwrap_or_default();
            Some(OtherUnit { path, exec_start, of_system, port, bots })
        })
        .collect();
    units.sort_by(|a, b| a.path.cmp(&b.path));
    units
}

fn assignments(text: &str) -> Environment {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("Environment="));
    parsed_file(&lines.map(|line| line.trim_matches('"')).collect::<Vec<_>>().join("\n"))
}

/// Where the gateway of such a unit has its config, as OpenClaw looks for it.
fn config_of(set: &Environment, home: Option<&Path>) -> Option<PathBuf> {
    let state_dir = || set.get("OPENCLAW_STATE_DIR").map(PathBuf::from);
    let of_profile = || {
        let suffix = set.get("OPENCLAW_PROFILE").map(|name| format!("-{name}"));
        Some(home?.join(format!(".openclaw{}", suffix.unwrap_or_default())))
    };
    let named = set.get("OPENCLAW_CONFIG_PATH").map(PathBuf::from);
    named.or_else(|| Some(state_dir().or_else(of_profile)?.join("openclaw.json")))
}

fn port_of(exec_start: &str, set: &Environment, config: Option<&Value>) -> Option<u16> {
    let words: Vec<String> = exec_start.split_whitespace().map(str::to_owned).collect();
    let told = option_of(&words, "--port").or_else(|| set.get("OPENCLAW_GATEWAY_PORT"));
    let configured = || Some(config?.get(&["gateway", "port"])?.to_json().to_string());
    told.map(str::to_owned).or_else(configured)?.parse().ok()
}

/// The client ids of a config's channel and its accounts.
#[must_use]
pub fn bots_of(config: &Value) -> Vec<String> {
    let all = bots(config, None).into_iter();
    all.filter_map(|bot| Some(bot.get("clientId")?.as_str()?.to_owned())).collect()
}

/// `ExecStart=… openclaw … gateway …`, or the same under one of its former names.
fn gateway_line(text: &str) -> Option<&str> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart="));
    lines
        .filter(|line| line.split_whitespace().any(|word| word == "gateway"))
        .find(|line| ["openclaw", "clawdbot", "moltbot"].iter().any(|name| line.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::{gateway_line, other_units};

    #[test]
    fn a_units_port_and_bot_are_read_from_it_and_its_config() {
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let unit = |more: &str| format!("[Service]\n{more}ExecStart=/usr/bin/openclaw gateway\n");
        write(
            ".openclaw-work/openclaw.json",
            "{gateway: {port: 19000}, channels: {'dingtalk-connector': {clientId: 'a', accounts: {x: {clientId: 'b'}}}}}",
        );
        write("units/openclaw-gateway-work.service", &unit("Environment=OPENCLAW_PROFILE=work\n"));
        write("units/other.service", &unit("Environment=\"OPENCLAW_GATEWAY_PORT=18790\"\n"));
        write("units/own.service", &unit(""));
        let found = other_units(&home.path().join("units"), "own.service", home.path());
        let found = found.iter().filter(|unit| !unit.of_system);
        let told: Vec<_> = found.map(|unit| (unit.port, unit.bots.len())).collect();
        assert_eq!(told, [(Some(19000), 1), (Some(18790), 0)]);
    }

    #[test]
    fn gateways_are_told_from_other_services() {
        for (text, is_gateway) in [
            ("[Service]\nExecStart=/usr/bin/node /x/openclaw/dist/index.js gateway --port 1", true),
            ("ExecStart=/usr/bin/clawdbot gateway", true),
            ("ExecStart=/usr/bin/node /x/openclaw/dist/index.js node run", false),
            ("ExecStart=/usr/sbin/api gateway", false),
            ("Description=openclaw gateway", false),
        ] {
            assert_eq!(gateway_line(text).is_some(), is_gateway, "{text}");
        }
    }
}
