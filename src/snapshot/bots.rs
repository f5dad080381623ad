//! The bots of the channel, and what guards the gateway, as the connector and `OpenClaw` read them.

use std::collections::BTreeSet;

use super::host::option_of;
use super::paths::CONNECTOR;
use crate::connector::release::{Generation, Habit};
use crate::openclaw::document::{Value, escape_substitution};
use crate::systemd::environment::Environment;

/// Who may talk to the bot alone.
pub const DM_POLICY: &str = "dmPolicy";

/// One bot: the channel's own, or an account that is not switched off.
#[derive(Debug, Clone, Copy)]
pub struct Bot<'v> {
    /// The account's name; `None` for the channel's own.
    pub account: Option<&'v str>,
    block: &'v Value,
    /// What the account has beside its own block.
    inherited: Option<&'v Value>,
}

/// The key through which others than this machine can reach the gateway, and its value. `OpenClaw`
/// itself refuses to start on a bind beyond loopback without auth; Tailscale's serving it allows.
pub fn exposure<'v>(
    config: &'v Value,
    command: &'v [String],
) -> Option<(&'static [&'static str], &'v str)> {
    const BIND: &[&str] = &["gateway", "bind"];
    const TAILSCALE: &[&str] = &["gateway", "tailscale", "mode"];
    let text = |key: &[&str]| config.get(key).and_then(Value::as_str);
    let bind = option_of(command, "--bind").or_else(|| text(BIND));
    let bind = bind.filter(|bind| *bind != "loopback").map(|bind| (BIND, bind));
    let tailscale = || text(TAILSCALE).filter(|mode| *mode != "off").map(|mode| (TAILSCALE, mode));
    bind.or_else(tailscale)
}

/// The channel's bots, as a connector sees them whose accounts have what the channel says beside them, or
/// one whose accounts have not.
pub fn bots(config: &Value, accounts_inherit: bool) -> Vec<Bot<'_>> {
    let Some(channel) = config.get(&["channels", CONNECTOR]) else { return Vec::new() };
    let accounts = channel.get(&["accounts"]).and_then(Value::as_object);
    let Some(accounts) = accounts.filter(|accounts| !accounts.is_empty()) else {
        return vec![Bot { account: None, block: channel, inherited: None }];
    };
    let is_off = |block: &Value| block.get(&["enabled"]).and_then(Value::as_bool) == Some(false);
    let on = accounts.iter().filter(|(_, block)| !is_off(block));
    let inherited = accounts_inherit.then_some(channel);
    on.map(|(name, block)| Bot { account: Some(name), block, inherited }).collect()
}

impl<'v> Bot<'v> {
    /// A value that the connector finds.
    pub fn get(&self, key: &str) -> Option<&'v Value> {
        let is_there = |value: &&Value| **value != Value::Null;
        let own = self.block.get(&[key]).filter(is_there);
        own.or_else(|| self.inherited?.get(&[key]).filter(is_there))
    }

    /// Where the connector looks for a key first, of the places that hold it; else where it belongs.
    pub fn path<'a>(&'a self, key: &'a str) -> Vec<&'a str> {
        let own = self.inherited.is_none() || self.block.get(&[key]).is_some();
        match self.account.filter(|_| own) {
            Some(account) => vec!["channels", CONNECTOR, "accounts", account, key],
            None => vec!["channels", CONNECTOR, key],
        }
    }

    /// The keys that say that only some may talk to it.
    pub fn rules(self) -> impl Iterator<Item = &'static str> + 'v {
        const RULES: [(&str, &[&str]); 2] =
            [(DM_POLICY, &["allowlist"]), ("groupPolicy", &["allowlist", "disabled"])];
        let says = move |key: &str, words: &[&str]| {
            self.get(key).and_then(Value::as_str).is_some_and(|word| words.contains(&word))
        };
        RULES.into_iter().filter(move |(key, words)| says(key, words)).map(|(key, _)| key)
    }

    /// Whether `allowFrom` has an entry.
    pub fn names_somebody(&self) -> bool {
        self.get("allowFrom").and_then(Value::as_array).is_some_and(|names| !names.is_empty())
    }

    /// What the connector shows to the gateway, as it is written: the token, else the password.
    pub fn credential(&self) -> Option<&'v str> {
        let keys = ["gatewayToken", "gatewayPassword"];
        let texts = keys.into_iter().filter_map(|key| self.get(key).and_then(Value::as_str));
        texts.into_iter().find(|text| !text.is_empty())
    }
}

/// The rules of access that a connector heeds: of which bot, and by which key.
pub fn heeded_rules<'v>(
    config: &'v Value,
    connector: &Generation,
) -> BTreeSet<(Option<&'v str>, &'static str)> {
    let heeds = |bot: &Bot<'_>, key: &str| match key {
        DM_POLICY => connector.heeds_dm_policy(bot.names_somebody()),
        _ => connector.has(Habit::HeedsGroupPolicy),
    };
    let of_bot = |bot: Bot<'v>| {
        let heeded = bot.rules().filter(move |key| heeds(&bot, key));
        heeded.map(move |key| (bot.account, key))
    };
    bots(config, connector.has(Habit::AccountsInherit)).into_iter().flat_map(of_bot).collect()
}

/// A secret of the gateway's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Own {
    /// Nowhere.
    #[default]
    Absent,
    /// As it is written where the connector can read it, too: a literal, or a reference.
    Written(String),
    /// Somewhere that leads nowhere from here.
    Elsewhere,
}

impl Own {
    /// As it is written.
    pub fn written(&self) -> Option<&str> {
        if let Self::Written(text) = self { Some(text) } else { None }
    }
}

/// What guards the gateway, by the order of `OpenClaw` 2026.3.13 (`src/gateway/auth.ts`): an option of
/// its command, the config, its environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    /// The mode in force; `None` where nothing says.
    pub mode: Option<String>,
    /// Its token.
    pub token: Own,
    /// Its password.
    pub password: Own,
}

impl Guard {
    /// Reads it; `environment` is what the gateway's process sees.
    pub fn of(config: &Value, environment: &Environment, command: &[String]) -> Self {
        let auth = |key: &'static str| config.get(&["gateway", "auth", key]);
        // OpenClaw then takes what is missing from the user's login shell
        let asks_the_shell = config.get(&["env", "shellEnv", "enabled"]) == Some(&true.into())
            || environment.get("OPENCLAW_LOAD_SHELL_ENV").is_some_and(|value| value != "0");
        let own = |option: &str, key: &'static str, variable: &str| {
            let is_set = environment.get(variable).is_some_and(|value| !value.trim().is_empty());
            match (option_of(command, option), auth(key)) {
                (Some(literal), _) => Own::Written(escape_substitution(literal)),
                (None, Some(Value::String(text))) if !text.trim().is_empty() => {
                    Own::Written(text.clone())
                }
                (None, Some(Value::Object(_))) => Own::Elsewhere,
                _ if is_set => Own::Written(format!("${{{variable}}}")),
                _ if asks_the_shell => Own::Elsewhere,
                _ => Own::Absent,
            }
        };
        let token = own("--token", "token", "OPENCLAW_GATEWAY_TOKEN");
        let password = own("--password", "password", "OPENCLAW_GATEWAY_PASSWORD");
        let written = option_of(command, "--auth").or_else(|| auth("mode").and_then(Value::as_str));
        let inferred = || match (&password, &token) {
            (Own::Absent, Own::Absent) => None,
            (Own::Written(_), _) | (Own::Elsewhere, Own::Absent) => Some("password"),
            _ => Some("token"),
        };
        let mode = written.or_else(inferred).map(str::to_owned);
        Self { mode, token, password }
    }

    /// What is asked of whoever calls.
    pub fn credential(&self) -> Option<&str> {
        match self.mode.as_deref()? {
            "token" => self.token.written(),
            "password" => self.password.written(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openclaw::document::Document;

    fn meaning(text: &str) -> Value {
        Document::parse(std::path::Path::new("/c"), text.as_bytes()).unwrap().value().clone()
    }

    #[test]
    fn each_account_has_what_its_connector_reads() {
        let config = meaning(
            "{channels: {'dingtalk-connector': {gatewayToken: 'top', clientId: 'x', accounts: {
              a: {gatewayToken: 'own', clientId: 1}, b: {clientId: null}, off: {enabled: false}}}}}",
        );
        for (inherit, of_b, path_of_b) in [
            (false, None, "channels dingtalk-connector accounts b gatewayToken"),
            (true, Some("top"), "channels dingtalk-connector gatewayToken"),
        ] {
            let found = bots(&config, inherit);
            let names: Vec<_> = found.iter().filter_map(|bot| bot.account).collect();
            assert_eq!(names, ["a", "b"], "{inherit}");
            assert_eq!(found[0].credential(), Some("own"));
            assert_eq!(found[1].credential(), of_b, "{inherit}");
            assert_eq!(found[1].path("gatewayToken").join(" "), path_of_b, "{inherit}");
            assert_eq!(found[1].get("clientId").is_some(), of_b.is_some(), "{inherit}");
        }
        let single = meaning("{channels: {'dingtalk-connector': {accounts: {}, clientId: 'x'}}}");
        assert_eq!(bots(&single, true)[0].path("clientId"), ["channels", CONNECTOR, "clientId"]);
    }

    #[test]
    fn rules_hold_where_the_connector_heeds_them_for_that_bot() {
        use crate::connector::catalogue::Catalogue;
        let (a, b) = (Some("a"), Some("b"));
        let nobody = "dmPolicy: 'allowlist'";
        let me = "dmPolicy: 'allowlist', allowFrom: ['me'], groupPolicy: 'disabled'";
        let accounts = "dmPolicy: 'allowlist', allowFrom: ['me'], accounts: {
            a: {allowFrom: []}, b: {}, c: {dmPolicy: 'open'}, d: {enabled: false}}";
        let own = "accounts: {a: {dmPolicy: 'allowlist', allowFrom: ['me']}, b: {}}";
        for (channel, version, expected) in [
            (nobody, "0.7.10", &[][..]),
            (nobody, "0.8.3", &[(None, "dmPolicy")]),
            (me, "0.7.0", &[]),
            (me, "0.7.10", &[(None, "dmPolicy")]),
            (me, "0.8.3", &[(None, "dmPolicy"), (None, "groupPolicy")]),
            (accounts, "0.7.6", &[]),
            (accounts, "0.7.10", &[(b, "dmPolicy")]),
            (accounts, "0.8.3", &[(a, "dmPolicy"), (b, "dmPolicy")]),
            (own, "0.7.6", &[(a, "dmPolicy")]),
        ] {
            let config = meaning(&format!("{{channels: {{'{CONNECTOR}': {{{channel}}}}}}}"));
            let connector = Catalogue::built_in().generation(version.parse().ok().as_ref());
            let found: Vec<_> = heeded_rules(&config, &connector).into_iter().collect();
            assert_eq!(found, expected, "{version}: {channel}");
        }
    }

    #[test]
    fn the_gateways_own_credential_is_found_wherever_openclaw_looks() {
        let none = Environment::default();
        let both = Environment::of_assignments([
            "OPENCLAW_GATEWAY_TOKEN=t",
            "OPENCLAW_GATEWAY_PASSWORD=p",
        ]);
        let token = Environment::of_assignments(["OPENCLAW_GATEWAY_TOKEN=t"]);
        let reference = "${OPENCLAW_GATEWAY_TOKEN}";
        for (config, environment, command, mode, credential) in [
            ("{}", &none, "", None, None),
            ("{}", &token, "", Some("token"), Some(reference)),
            ("{}", &both, "", Some("password"), Some("${OPENCLAW_GATEWAY_PASSWORD}")),
            ("{env: {shellEnv: {enabled: true}}}", &none, "", Some("token"), None),
            ("{env: {shellEnv: {enabled: true}}}", &token, "", Some("token"), Some(reference)),
            ("{gateway: {auth: {mode: 'token'}}}", &both, "", Some("token"), Some(reference)),
            ("{gateway: {auth: {mode: 'none'}}}", &both, "", Some("none"), None),
            ("{gateway: {auth: {token: 'pre-${X}'}}}", &token, "", Some("token"), Some("pre-${X}")),
            ("{gateway: {auth: {token: {source: 'exec'}}}}", &token, "", Some("token"), None),
            (
                "{gateway: {auth: {mode: 'none'}}}",
                &none,
                "--auth=token --token x",
                Some("token"),
                Some("x"),
            ),
        ] {
            let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
            let guard = Guard::of(&meaning(config), environment, &command);
            assert_eq!(guard.mode.as_deref(), mode, "{config}");
            assert_eq!(guard.credential(), credential, "{config}");
        }
    }
}
