//! The keys and tokens that OpenClaw keeps for each agent, `agents/<any>/agent/auth-profiles.json`:
//! only read, so that none is shown.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fs::foreign;
use crate::redaction::{is_secret_name, learn};

/// Their names, beside those that are a secret's anywhere.
const NAMES: [&str; 3] = ["key", "access", "refresh"];

/// Learns what stands there; returns which files they are.
pub fn learn_all(state_dir: &Path) -> Vec<PathBuf> {
    let agents = std::fs::read_dir(state_dir.join("agents")).into_iter().flatten().flatten();
    let files: Vec<_> = agents.map(|agent| agent.path().join("agent/auth-profiles.json")).collect();
    for bytes in files.iter().filter_map(|file| foreign::glance(file)) {
        let store: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let profiles = store["profiles"].as_object().into_iter().flatten();
        for (name, value) in profiles.filter_map(|(_, profile)| profile.as_object()).flatten() {
            if is_secret_name(name) || NAMES.contains(&name.as_str()) {
                value.as_str().into_iter().for_each(learn);
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::learn_all;
    use crate::redaction::guarded;

    #[test]
    fn what_an_agent_has_is_shown_nowhere() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("agents/main/agent");
        std::fs::create_dir_all(&folder).unwrap();
        let profiles = r#"{"version": 1, "profiles": {
            "a:default": {"type": "api_key", "provider": "a-provider", "key": "a-k3y-of-it"},
            "b:me": {"type": "oauth", "access": "an-acc3ss", "refresh": "a-r3fresh", "email": "joe@example"},
            "c:me": {"type": "token", "token": "a-t0ken-of-it"}, "d": 1}}"#;
        std::fs::write(folder.join("auth-profiles.json"), profiles).unwrap();
        assert_eq!(learn_all(home.path()), [folder.join("auth-profiles.json")]);
        assert_eq!(
            guarded("a-provider a-k3y-of-it an-acc3ss a-r3fresh a-t0ken-of-it joe@example"),
            "a-provider *** *** *** *** joe@example"
        );
    }
}
