//! From one generation of the connector to another: what only the earlier one needed, what
//! moves, what becomes of the rules of access; and which keys of the channel the schema in its manifest
//! (`channelConfigs.<id>.schema`) lets be.
//!
//! OpenClaw says only "must NOT have additional properties" of one that it does not, and its gateway does
//! not start.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::gateway::{ENDPOINT, MODE};
use super::{Draft, Wish};
use crate::connector::release::Habit;
use crate::openclaw::document::{Edit, KeyPath, Value};
use crate::openclaw::keys::{KeyChange, edits_back};
use crate::plan::note::Note;
use crate::snapshot::bots::heeded_rules;
use crate::snapshot::paths::CONNECTOR;

pub(super) fn section(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    if !wish.generation().has(Habit::NeedsEndpoint) {
        give_back(draft, wish);
    }
    access(draft, wish);
}

/// What we set for a connector that calls over HTTP returns to what it was, if it still has our value.
/// A gateway that had no auth at all would then make itself a token, behind the back of its other
/// clients: that is only offered.
fn give_back(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    let is_free = wish.settings.gateway_auth.is_none();
    let opened = |key: &KeyChange| {
        is_free && key.path == MODE && key.after.as_ref().is_some_and(|mode| mode == "none")
    };
    let is_due = |key: &&KeyChange| key.path == ENDPOINT || opened(key) && key.before.is_some();
    let due: Vec<_> = wish.ours.iter().filter(is_due).cloned().collect();
    let (edits, _) = edits_back(draft.effective, &due);
    if !edits.is_empty() {
        let keys = due.iter().filter(|key| draft.effective.get(&key.path).is_some());
        let keys: Vec<_> = keys.map(|key| KeyPath::from(key.path.clone()).to_string()).collect();
        draft.notes.push(Note::given_back(&keys));
    }
    for edit in edits {
        draft.push(edit);
    }
    let stays = |key: &KeyChange| opened(key) && key.before.is_none();
    if wish.ours.iter().any(stays) && draft.now(&MODE) == Some(&Value::from("none")) {
        draft.notes.push(Note::auth_unneeded());
    }
}

const TIMEOUT: [&str; 3] = ["channels", CONNECTOR, "sessionTimeout"];

/// OpenClaw's own rule in its place, for this channel.
const IDLE: [&str; 3] = ["session", "resetByChannel", CONNECTOR];

fn idle(ms: f64) -> (Value, f64) {
    let minutes = (ms / 60_000.0).ceil().max(1.0);
    (Value::from(json!({"mode": "idle", "idleMinutes": minutes})), minutes)
}

/// What ends conversations by the channel, in milliseconds, unless OpenClaw has rules for that already.
fn unruled(config: &Value) -> Option<f64> {
    let has_rules = ["reset", "resetByType", "resetByChannel", "idleMinutes"]
        .iter()
        .any(|rule| config.get(&["session", rule]).is_some());
    config.get(&TIMEOUT).filter(|_| !has_rules).and_then(Value::as_f64)
}

/// How long a conversation lasts without a word: connectors from 0.7.5 on leave that to OpenClaw. Its
/// rule for this channel takes over what was in force, or what the schema forbids (`forbidden`), unless
/// it has rules already, and what is given.
pub(super) fn timeout(draft: &mut Draft<'_>, wish: &Wish<'_>, forbidden: Option<f64>) {
    let is_read = |by| wish.is_read(TIMEOUT[2], by);
    if is_read(wish.release.as_ref()) && forbidden.is_none() {
        return;
    }
    let was_read = wish.standing.is_some() && is_read(wish.standing.as_ref());
    let was = unruled(draft.effective).filter(|_| was_read).or(forbidden);
    let Some(ms) = wish.settings.session_timeout.map(f64::from).or(was) else { return };
    let (rule, minutes) = idle(ms);
    draft.set(&IDLE, rule);
    if was_read && draft.now(&TIMEOUT).is_some() {
        draft.push(Edit::remove(TIMEOUT));
    }
    draft.notes.push(Note::timeout_moved(&KeyPath::from(&IDLE).to_string(), minutes));
}

/// Rules of access that one of the two connectors heeds and the other does not.
fn access(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    let (Some(was), Some(comes)) = (&wish.standing, &wish.release) else { return };
    let [earlier, later] = [was, comes]
        .map(|version| heeded_rules(draft.effective, &wish.catalogue.generation(Some(version))));
    let only_in = |rules: &BTreeSet<_>, others| {
        let keys = rules.difference(others).map(|(_, key): &(_, &str)| (*key).to_owned());
        keys.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let (begins, ends) = (only_in(&later, &earlier), only_in(&earlier, &later));
    draft.notes.extend((!begins.is_empty()).then(|| Note::access_heeded(&begins, was, comes)));
    draft.notes.extend((!ends.is_empty()).then(|| Note::access_unheeded(&ends, comes)));
}

/// What a connector's schema forbids in its channel, and what of it has a place elsewhere.
#[derive(Debug, Default)]
pub struct Forbidden {
    /// The keys, as paths below the channel.
    pub keys: Vec<Vec<String>>,
    /// Those that move to the channel itself, with their values.
    pub(super) raised: BTreeMap<String, Value>,
    /// What ended conversations, in milliseconds, and moves to OpenClaw's own rule.
    pub(super) timeout: Option<f64>,
}

impl Forbidden {
    /// Looks for it.
    pub fn of(schema: &Json, config: &Value) -> Self {
        let Some(channel) = config.get(&TIMEOUT[..2]) else { return Self::default() };
        let keys = forbidden(schema, channel);
        let raised = raised(schema, channel, &keys);
        let timeout = unruled(config).filter(|_| keys.iter().any(|key| key[..] == TIMEOUT[2..]));
        Self { keys, raised, timeout }
    }

    /// The edits that take it out: nothing that has a place elsewhere is lost.
    pub fn edits(&self) -> Vec<Edit> {
        let channel = || KeyPath::from(&TIMEOUT[..2]);
        let raise =
            |(key, value): (&String, &Value)| Edit::set(channel().child(key), value.clone());
        let take_out = |path: &Vec<String>| {
            Edit::remove(path.iter().fold(channel(), |path, key| path.child(key)))
        };
        let rule = self.timeout.map(|ms| Edit::set(IDLE, idle(ms).0));
        let moved = self.raised.iter().map(raise).chain(rule);
        moved.chain(self.keys.iter().map(take_out)).collect()
    }
}

/// What all accounts say alike, and only the channel itself may say now (`systemPrompt` from 0.8.0
/// on), with its value.
fn raised(schema: &Json, channel: &Value, forbidden: &[Vec<String>]) -> BTreeMap<String, Value> {
    let accounts = channel.get(&["accounts"]).and_then(Value::as_object);
    let of_all = |path: &Vec<String>| {
        let [list, _, key] = &path[..] else { return None };
        let is_free =
            list == "accounts" && allows(Some(schema), key) && channel.get(&[key]).is_none();
        let mut values = accounts.filter(|_| is_free)?.values().map(|account| account.get(&[key]));
        let first = values.next()??;
        values.all(|value| value == Some(first)).then(|| (key.clone(), first.clone()))
    };
    forbidden.iter().filter_map(of_all).collect()
}

/// Whether the schema lets a key of the block itself be.
pub(super) fn allows(schema: Option<&Json>, key: &str) -> bool {
    schema.is_none_or(|schema| member(schema, key) != Member::Forbidden)
}

/// The keys in `block`, at any depth, that the schema forbids: the accounts of a channel have
/// schemas of their own.
pub(in crate::plan) fn forbidden(schema: &Json, block: &Value) -> Vec<Vec<String>> {
    let Some(members) = block.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in members {
        match member(schema, key) {
            Member::Forbidden => found.push(vec![key.clone()]),
            Member::Free => {}
            Member::Ruled(inner) => found.extend(forbidden(inner, value).into_iter().map(|path| {
                let mut whole = vec![key.clone()];
                whole.extend(path);
                whole
            })),
        }
    }
    found
}

#[derive(PartialEq)]
enum Member<'a> {
    Forbidden,
    Free,
    Ruled(&'a Json),
}

fn member<'a>(schema: &'a Json, key: &str) -> Member<'a> {
    if let Some(inner) = schema.get("properties").and_then(|known| known.get(key)) {
        return Member::Ruled(inner);
    }
    match schema.get("additionalProperties") {
        Some(Json::Bool(false)) => Member::Forbidden,
        Some(inner @ Json::Object(_)) => Member::Ruled(inner),
        _ => Member::Free,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::tests::Case;
    use super::{allows, forbidden};
    use crate::openclaw::Version;
    use crate::openclaw::document::Value;
    use crate::openclaw::keys::KeyChange;

    fn codes(case: &Case, config: &Json) -> (Json, Vec<&'static str>) {
        let (value, notes) = case.run(&config.to_string()).unwrap();
        (value.to_json(), notes.into_iter().map(|note| note.code).collect())
    }

    fn key(path: &str, before: Option<Json>, after: Json) -> KeyChange {
        let path: Vec<_> = path.split('.').map(str::to_owned).collect();
        KeyChange { path, before, after: Some(after), existing: 1 }
    }

    #[test]
    fn what_we_set_for_http_goes_back_and_what_others_set_stays() {
        const ENDPOINT: &str = "gateway.http.endpoints.chatCompletions.enabled";
        let config = json!({"gateway": {"port": 1, "auth": {"mode": "none", "token": "t"},
            "http": {"endpoints": {"chatCompletions": {"enabled": true}}}}});
        let was_token = key("gateway.auth.mode", Some("token".into()), "none".into());
        let was_nothing = key("gateway.auth.mode", None, "none".into());
        let endpoint = key(ENDPOINT, None, true.into());
        let back = json!({"port": 1, "auth": {"mode": "token", "token": "t"}});
        let offered = json!({"port": 1, "auth": {"mode": "none", "token": "t"}});
        for (connector, ours, gateway, told) in [
            (
                "0.8.3",
                vec![endpoint.clone(), was_token.clone()],
                &back,
                &["settings-given-back"][..],
            ),
            (
                "0.8.3",
                vec![endpoint, was_nothing],
                &offered,
                &["settings-given-back", "auth-unneeded"],
            ),
            ("0.8.3", vec![], &config["gateway"], &[]),
            ("0.7.10", vec![was_token], &config["gateway"], &["auth-none"]),
        ] {
            let case = Case { connector, ours, ..Case::bot_only() };
            let (value, notes) = codes(&case, &config);
            assert_eq!((&value["gateway"], &notes[..]), (gateway, told), "{connector}");
        }
    }

    #[test]
    fn rules_of_access_that_begin_or_cease_to_hold_are_told() {
        let (enforced, open) = (&["access-heeded"][..], &["access-unheeded"][..]);
        let names = json!({"dmPolicy": "allowlist", "allowFrom": ["a"]});
        let inherited = json!({"dmPolicy": "allowlist", "allowFrom": ["a"], "accounts": {"x": {}}});
        for (was, comes, block, told) in [
            ("0.6.0", "0.8.3", json!({"dmPolicy": "allowlist"}), enforced),
            ("0.7.10", "0.8.3", json!({"dmPolicy": "allowlist"}), enforced),
            ("0.7.10", "0.8.3", names.clone(), &[]),
            ("0.8.3", "0.7.10", names.clone(), &[]),
            ("0.6.0", "0.7.10", names.clone(), enforced),
            ("0.8.3", "0.6.0", names, open),
            ("0.7.6", "0.7.10", inherited, enforced),
            ("0.8.3", "0.7.10", json!({"accounts": {"x": {"groupPolicy": "disabled"}}}), open),
            ("0.6.0", "0.8.3", json!({"dmPolicy": "open", "groupPolicy": "open"}), &[]),
        ] {
            let case = Case { connector: comes, standing: was.parse().ok(), ..Case::bot_only() };
            let (_, notes) = codes(&case, &json!({"channels": {"dingtalk-connector": block}}));
            let notes: Vec<_> =
                notes.into_iter().filter(|code| code.starts_with("access")).collect();
            assert_eq!(notes, told, "{was} to {comes}: {block}");
        }
    }

    #[test]
    fn what_all_accounts_say_alike_moves_to_the_channel() {
        let account = json!({"additionalProperties": false, "properties": {"clientId": {}}});
        let schema = json!({"additionalProperties": false, "properties": {"enabled": {},
            "clientId": {}, "clientSecret": {}, "systemPrompt": {}, "enableMediaUpload": {},
            "accounts": {"additionalProperties": account}}});
        let config = json!({"channels": {"dingtalk-connector": {"accounts": {
            "a": {"clientId": "1", "systemPrompt": "p", "enableMediaUpload": true},
            "b": {"clientId": "2", "systemPrompt": "p", "enableMediaUpload": false}}}}});
        let openclaw = Version::of(2026, 4, 9);
        let case = Case { connector: "0.8.13", schema: Some(schema), openclaw, ..Case::bot_only() };
        let (value, notes) = codes(&case, &config);
        let channel = &value["channels"]["dingtalk-connector"];
        assert_eq!(channel["systemPrompt"], "p");
        assert_eq!(channel.get("enableMediaUpload"), None, "they say different things");
        assert_eq!(channel["accounts"], json!({"a": {"clientId": "1"}, "b": {"clientId": "2"}}));
        assert_eq!(notes, ["keys-raised", "keys-taken-out"]);
    }

    /// Connectors up to 0.7.4 end conversations themselves; OpenClaw's own rules stay.
    #[test]
    fn what_ended_conversations_moves_to_openclaws_rule_for_this_channel() {
        use crate::settings::Settings;
        let ruled = json!({"reset": {"mode": "daily"}});
        let strict = json!({"additionalProperties": false, "properties": {"enabled": {}}});
        for (was, comes, session, given, schema, minutes, told) in [
            ("0.6.0", "0.8.3", json!({}), None, None, Some(30), &["timeout-moved"][..]),
            ("0.6.0", "0.8.13", json!({}), None, Some(&strict), Some(30), &["timeout-moved"]),
            ("0.7.5", "0.8.3", json!({}), None, None, None, &[]),
            ("0.7.5", "0.8.13", json!({}), None, Some(&strict), Some(30), &["timeout-moved"]),
            ("0.6.0", "0.7.4", json!({}), None, None, None, &[]),
            ("0.6.0", "0.8.3", ruled.clone(), None, None, None, &[]),
            ("0.7.5", "0.8.3", ruled, Some(90_000), None, Some(2), &["timeout-moved"]),
        ] {
            let mut case =
                Case { connector: comes, standing: was.parse().ok(), ..Case::bot_only() };
            case.settings = Settings { session_timeout: given, ..case.settings };
            case.schema = schema.cloned();
            case.openclaw = Version::of(2026, 4, 9);
            let channel = json!({"enabled": true, "sessionTimeout": 1_800_000});
            let config = json!({"session": session, "channels": {"dingtalk-connector": channel}});
            let (value, notes) = codes(&case, &config);
            let rule = value.pointer("/session/resetByChannel/dingtalk-connector");
            let expected = minutes.map(|minutes| json!({"mode": "idle", "idleMinutes": minutes}));
            assert_eq!(rule, expected.as_ref(), "{was} to {comes}: {session}");
            let stays = value.pointer("/channels/dingtalk-connector/sessionTimeout").is_some();
            assert_eq!(stays, given.is_some() || minutes.is_none(), "{was} to {comes}");
            let notes: Vec<_> =
                notes.into_iter().filter(|code| code.starts_with("timeout")).collect();
            assert_eq!(notes, told, "{was} to {comes}");
        }
    }

    #[test]
    fn keys_are_forbidden_at_every_depth() {
        let account = json!({"additionalProperties": false, "properties": {"clientId": {}}});
        let schema = json!({"additionalProperties": false, "properties": {
            "clientId": {"type": "string"}, "tools": {},
            "accounts": {"additionalProperties": account}}});
        let block = Value::from(json!({"clientId": "a", "gatewayToken": "t", "tools": {"x": 1},
            "accounts": {"one": {"clientId": "b", "sessionTimeout": 1}}}));
        let expected = vec![vec!["gatewayToken"], vec!["accounts", "one", "sessionTimeout"]];
        assert_eq!(forbidden(&schema, &block), expected);
        assert!(!allows(Some(&schema), "gatewayUrl"));
        assert!(allows(Some(&json!({"properties": {}})), "anything"));
        assert!(allows(None, "anything"));
    }
}
