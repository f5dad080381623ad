//! Unit files on the disk: other units that run a gateway.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fs::foreign;

/// Another unit that runs a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherUnit {
    /// Its file.
    pub path: PathBuf,
    /// The `ExecStart=` line.
    pub exec_start: String,
    /// It is one of the system, not of a user.
    pub of_system: bool,
    /// It is wanted by a target, so it starts by itself.
    pub enabled: bool,
}

/// Units of the user and of the system that start `openclaw … gateway`, but for `own`.
#[must_use]
pub fn other_units(unit_dir: &Path, own: &str) -> Vec<OtherUnit> {
    let places = [(unit_dir, false), (Path::new("/etc/systemd/system"), true)];
    places.into_iter().flat_map(|(place, of_system)| gateways(place, of_system, own)).collect()
}

fn gateways(directory: &Path, of_system: bool, own: &str) -> Vec<OtherUnit> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut units: Vec<OtherUnit> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "service"))
        .filter(|path| of_system || path.file_name().is_some_and(|name| name != own))
        .filter_map(|path| {
            let text = String::from_utf8(foreign::glance(&path)?).ok()?;
            let exec_start = gateway_line(&text)?.to_owned();
            let enabled = is_wanted(directory, &path);
            Some(OtherUnit { path, exec_start, of_system, enabled })
        })
        .collect();
    units.sort_by(|a, b| a.path.cmp(&b.path));
    units
}

/// `ExecStart=… openclaw … gateway …`, or the same under one of its former names.
fn gateway_line(text: &str) -> Option<&str> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart="));
    lines
        .filter(|line| line.split_whitespace().any(|word| word == "gateway"))
        .find(|line| ["openclaw", "clawdbot", "moltbot"].iter().any(|name| line.contains(name)))
}

fn is_wanted(directory: &Path, unit: &Path) -> bool {
    let Some(name) = unit.file_name() else { return false };
    let folders = fs::read_dir(directory).into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "wants"))
        .any(|folder| folder.join(name).symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use super::gateway_line;

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
