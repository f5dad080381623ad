//! `gateway.auth` and `gateway.http.endpoints.chatCompletions`.

use super::{Draft, Wish};
use crate::connector::release::Habit;
use crate::language::{Problem, word};
use crate::openclaw::document::{KeyPath, escape_substitution, substituted};
use crate::plan::error;
use crate::plan::note::Note;
use crate::settings::{GatewayAuth, Secret, is_placeholder};
use crate::snapshot::bots::{Guard, Own, exposure};
use crate::snapshot::host::option_of;

pub(super) const MODE: [&str; 3] = ["gateway", "auth", "mode"];
const TOKEN: [&str; 3] = ["gateway", "auth", "token"];
pub(super) const ENDPOINT: [&str; 5] =
    ["gateway", "http", "endpoints", "chatCompletions", "enabled"];

/// What the connector shows to the gateway, as it is written into the config: a literal, or the
/// `${VAR}` that the gateway's own key holds.
pub(super) enum Credential {
    Token(String),
    Password(String),
}

impl Credential {
    pub(super) fn channel_key(&self) -> &'static str {
        match self {
            Self::Token(_) => "gatewayToken",
            Self::Password(_) => "gatewayPassword",
        }
    }

    pub(super) fn as_written(&self) -> &str {
        match self {
            Self::Token(text) | Self::Password(text) => text,
        }
    }
}

/// What the connector shows to the gateway. One that lives inside the gateway shows nothing, and
/// needs neither the endpoint nor another mode.
pub(super) fn section(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
) -> Result<Option<Credential>, Problem> {
    let guard = Guard::of(draft.effective, wish.environment, wish.command);
    let generation = wish.generation();
    if generation.has(Habit::NeedsEndpoint) {
        draft.set(&ENDPOINT, true);
    }
    let wanted = wish.settings.gateway_auth;
    let by_unit = option_of(wish.command, "--auth");
    if wanted.is_some_and(|wanted| by_unit.is_some_and(|unit| unit != word(wanted))) {
        return Err(error::decided_by_the_unit("--auth"));
    }
    let credential = match (wanted, guard.mode.as_deref()) {
        (None, _) if !generation.has(Habit::NeedsToken) => None,
        (Some(GatewayAuth::None), _) | (None, None | Some("none")) => without_token(draft, wish)?,
        (Some(GatewayAuth::Token), _) | (None, Some("token")) => Some(token(draft, wish, &guard)?),
        (None, Some("password")) => {
            Some(Credential::Password(as_it_is(wish, &guard.password, "gateway.auth.password")?))
        }
        (None, Some(mode)) => return Err(error::auth_mode(mode)),
    };
    Ok(credential.filter(|_| generation.has(Habit::NeedsToken)))
}

fn without_token(draft: &mut Draft<'_>, wish: &Wish<'_>) -> Result<Option<Credential>, Problem> {
    if let Some((key, value)) = exposure(draft.effective, wish.command) {
        return Err(error::exposed(&KeyPath::from(key).to_string(), value));
    }
    draft.set(&MODE, "none");
    draft.notes.push(Note::auth_none());
    Ok(given(wish).map(Credential::Token))
}

/// The gateway's own, or, where it has none or another one is asked for, a new one. One that is
/// only in the gateway's environment or command is never replaced behind the back of others.
fn token(draft: &mut Draft<'_>, wish: &Wish<'_>, guard: &Guard) -> Result<Credential, Problem> {
    let is_wanted = wish.settings.gateway_auth.is_some();
    let given = given(wish);
    let is_nobodys = match &guard.token {
        Own::Absent => true,
        Own::Written(own) => is_placeholder(own) && (is_wanted || given.is_some()),
        Own::Elsewhere => false,
    };
    if is_wanted {
        draft.set(&MODE, "token");
    }
    if !is_nobodys && (given.is_none() || !is_wanted) {
        return as_it_is(wish, &guard.token, "gateway.auth.token").map(Credential::Token);
    }
    let made = given.unwrap_or_else(|| escape_substitution(wish.fresh_token.reveal()));
    if option_of(wish.command, "--token").is_some_and(|unit| escape_substitution(unit) != made) {
        return Err(error::decided_by_the_unit("--token"));
    }
    draft.set(&TOKEN, made.as_str());
    Ok(Credential::Token(made))
}

/// The gateway's own secret as it is written, which what was given must not contradict; or what was
/// given for one that cannot be read.
fn as_it_is(wish: &Wish<'_>, own: &Own, key: &str) -> Result<String, Problem> {
    let Own::Written(own) = own else { return given(wish).ok_or_else(error::token_unreadable) };
    let meaning = substituted(own, |name| wish.environment.get(name).map(str::to_owned));
    let conflicts = |given: &Secret| meaning.is_some_and(|own| own != given.reveal());
    if wish.settings.gateway_token.as_ref().is_some_and(conflicts) {
        return Err(error::token_conflict(key));
    }
    if is_placeholder(own) {
        return Err(error::token_placeholder(key));
    }
    Ok(own.clone())
}

fn given(wish: &Wish<'_>) -> Option<String> {
    wish.settings.gateway_token.as_ref().map(|token| escape_substitution(token.reveal()))
}
