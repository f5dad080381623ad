//! `gateway.auth` and `gateway.http.endpoints.chatCompletions`.

use super::{Draft, Wish};
use crate::language::Problem;
use crate::openclaw::document::{KeyPath, escape_substitution, substituted};
use crate::plan::error;
use crate::plan::note::Note;
use crate::settings::placeholder::is_placeholder;
use crate::settings::{GatewayAuth, Secret};
use crate::snapshot::bots::{Guard, Own, exposure};

const MODE: [&str; 3] = ["gateway", "auth", "mode"];
const TOKEN: [&str; 3] = ["gateway", "auth", "token"];
const ENDPOINT: [&str; 5] = ["gateway", "http", "endpoints", "chatCompletions", "enabled"];

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
    let speaks_http = wish.speaks_http();
    if speaks_http {
        draft.set(&ENDPOINT, true);
    }
    let credential = match (wish.settings.gateway_auth, guard.mode.as_deref()) {
        (None, _) if !speaks_http => None,
        (Some(GatewayAuth::None), _) | (None, None | Some("none")) => without_token(draft, wish)?,
        (Some(GatewayAuth::Token), _) => Some(with_wanted_token(draft, wish, &guard)?),
        (None, Some("token")) => Some(with_token_as_it_is(draft, wish, &guard)?),
        (None, Some("password")) => Some(password_as_it_is(&guard)?),
        (None, Some(mode)) => return Err(error::auth_mode(mode)),
    };
    Ok(credential.filter(|_| speaks_http))
}

fn without_token(draft: &mut Draft<'_>, wish: &Wish<'_>) -> Result<Option<Credential>, Problem> {
    if let Some((key, value)) = exposure(draft.effective, wish.command) {
        return Err(error::exposed(&KeyPath::from(key).to_string(), value));
    }
    draft.set(&MODE, "none");
    draft.notes.push(Note::auth_none());
    Ok(given(wish).map(Credential::Token))
}

/// Token mode was asked for: the given token, else the gateway's own, else a new one.
fn with_wanted_token(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    guard: &Guard,
) -> Result<Credential, Problem> {
    draft.set(&MODE, "token");
    match given(wish) {
        Some(token) => Ok(made(draft, token)),
        None => with_token_as_it_is(draft, wish, guard),
    }
}

/// Where nobody has a token yet, not even OpenClaw's other clients, the given or a new one is set.
fn with_token_as_it_is(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    guard: &Guard,
) -> Result<Credential, Problem> {
    let given = given(wish);
    match (&guard.token, &wish.settings.gateway_token) {
        (Own::Written(own), token) if !is_placeholder(own) => {
            let meaning = substituted(own, |name| wish.environment.get(name).map(str::to_owned));
            let conflicts = |token: &&Secret| meaning.is_some_and(|own| own != token.reveal());
            match token.as_ref().filter(conflicts) {
                Some(_) => Err(error::token_conflict()),
                None => Ok(Credential::Token(own.clone())),
            }
        }
        (Own::Absent, _) => {
            let fresh = || escape_substitution(wish.fresh_token.reveal());
            Ok(made(draft, given.unwrap_or_else(fresh)))
        }
        (_, None) => Err(error::token_unreadable()),
        (_, Some(_)) => given.map(Credential::Token).ok_or_else(error::token_unreadable),
    }
}

fn made(draft: &mut Draft<'_>, token: String) -> Credential {
    draft.set(&TOKEN, token.as_str());
    Credential::Token(token)
}

fn password_as_it_is(guard: &Guard) -> Result<Credential, Problem> {
    let password = guard.password.written().filter(|text| !is_placeholder(text));
    password.map(|text| Credential::Password(text.to_owned())).ok_or_else(error::token_unreadable)
}

fn given(wish: &Wish<'_>) -> Option<String> {
    wish.settings.gateway_token.as_ref().map(|token| escape_substitution(token.reveal()))
}
