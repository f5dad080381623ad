//! `channels.dingtalk-connector`.

use super::gateway::Credential;
use super::migration::{Forbidden, allows};
use super::{Draft, Wish, is_filled, migration};
use crate::connector::release::Habit;
use crate::openclaw::CHANNEL_SCHEMA_IS_ENFORCED;
use crate::openclaw::document::{Edit, Value, escape_substitution};
use crate::plan::note::Note;
use crate::settings::{Setting, Settings, is_placeholder};
use crate::snapshot::bots::bots;
use crate::snapshot::paths::CONNECTOR;

/// Half an hour, as on the page.
const DEFAULT_SESSION_TIMEOUT: u32 = 1_800_000;

const CHANNEL: [&str; 2] = ["channels", CONNECTOR];

/// Nothing where the bots are accounts: which of them would be meant?
pub(super) fn needed(effective: &Value, settings: &Settings) -> Vec<Setting> {
    let accounts = effective.get(&[CHANNEL[0], CHANNEL[1], "accounts"]).and_then(Value::as_object);
    if accounts.is_some_and(|accounts| !accounts.is_empty()) {
        return Vec::new();
    }
    let given = [
        (Setting::ClientId, "clientId", settings.client_id.is_some()),
        (Setting::ClientSecret, "clientSecret", settings.client_secret.is_some()),
    ];
    let missing = |(_, key, given): &(Setting, &str, bool)| {
        !given && !is_filled(effective.get(&[CHANNEL[0], CHANNEL[1], key]))
    };
    given.into_iter().filter(missing).map(|(setting, ..)| setting).collect()
}

pub(super) fn section(draft: &mut Draft<'_>, wish: &Wish<'_>, credential: Option<&Credential>) {
    if draft.now(&CHANNEL).is_none() {
        let members = members(draft, wish, credential);
        draft.set(&CHANNEL, Value::Object(members.into_iter().collect()));
        migration::timeout(draft, wish, None);
        return;
    }
    for (key, value) in members(draft, wish, None) {
        draft.set(&[CHANNEL[0], CHANNEL[1], &key], value);
    }
    match credential {
        Some(credential) => hand_on(draft, wish, credential),
        None => forget_placeholders(draft, wish),
    }
    let mut forbidden = forbidden(draft, wish);
    migration::timeout(draft, wish, forbidden.timeout.take());
    take_out(draft, forbidden);
}

/// Each bot is given the gateway's credential where this connector reads it.
fn hand_on(draft: &mut Draft<'_>, wish: &Wish<'_>, credential: &Credential) {
    let key = credential.channel_key();
    if !allows(wish.channel_schema, key) {
        return;
    }
    for bot in bots(draft.effective, wish.generation().has(Habit::AccountsInherit)) {
        // a token would be shown in place of the password
        if key != "gatewayToken" && bot.get("gatewayToken").is_some() {
            draft.push(Edit::remove(bot.path("gatewayToken").as_slice()));
        }
        draft.set(&bot.path(key), credential.as_written());
    }
}

/// The keys that we set, in the page's order, as far as the connector's schema knows them.
fn members(
    draft: &Draft<'_>,
    wish: &Wish<'_>,
    credential: Option<&Credential>,
) -> Vec<(String, Value)> {
    let settings = wish.settings;
    let absent = |key: &str| draft.now(&[CHANNEL[0], CHANNEL[1], key]).is_none();
    let escaped = |text: &str| Value::from(escape_substitution(text));
    let timeout =
        settings.session_timeout.or(absent("sessionTimeout").then_some(DEFAULT_SESSION_TIMEOUT));
    let timeout = timeout.filter(|_| wish.is_read("sessionTimeout", wish.release.as_ref()));
    let url = format!("http://127.0.0.1:{}", wish.port);
    let secret = |key: &str| {
        credential
            .filter(|credential| credential.channel_key() == key)
            .map(|credential| Value::from(credential.as_written()))
    };
    [
        ("enabled", Some(Value::from(true))),
        ("clientId", settings.client_id.as_deref().map(escaped)),
        ("clientSecret", settings.client_secret.as_ref().map(|text| escaped(text.reveal()))),
        ("gatewayToken", secret("gatewayToken")),
        ("gatewayPassword", secret("gatewayPassword")),
        ("gatewayUrl", Some(Value::from(url))),
        ("sessionTimeout", timeout.map(Value::from)),
    ]
    .into_iter()
    .filter(|(key, _)| allows(wish.channel_schema, key))
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}

/// A token that nobody asks for and nobody has filled in: the connector could not even send it.
fn forget_placeholders(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    for bot in bots(draft.effective, wish.generation().has(Habit::AccountsInherit)) {
        let token = bot.get("gatewayToken").and_then(Value::as_str);
        if token.is_some_and(|token| !token.is_empty() && is_placeholder(token)) {
            draft.push(Edit::remove(bot.path("gatewayToken").as_slice()));
        }
    }
}

/// What the connector's schema forbids, where that matters.
fn forbidden(draft: &Draft<'_>, wish: &Wish<'_>) -> Forbidden {
    let matters = wish.openclaw >= CHANNEL_SCHEMA_IS_ENFORCED || wish.migrates;
    let schema = wish.channel_schema.filter(|_| matters);
    schema.map(|schema| Forbidden::of(schema, draft.effective)).unwrap_or_default()
}

fn take_out(draft: &mut Draft<'_>, mut forbidden: Forbidden) {
    for edit in forbidden.edits() {
        draft.push(edit);
    }
    let raised = forbidden.raised;
    if !raised.is_empty() {
        let keys: Vec<_> = raised.keys().cloned().collect();
        draft.notes.push(Note::keys_raised(&keys));
    }
    forbidden.keys.retain(|path| path.last().is_none_or(|key| !raised.contains_key(key)));
    if !forbidden.keys.is_empty() {
        let keys: Vec<_> = forbidden.keys.iter().map(|path| path.join(".")).collect();
        draft.notes.push(Note::keys_taken_out(&keys));
    }
}
