//! `gateway.auth` and `gateway.http.endpoints.chatCompletions`.

use super::{Draft, Wish};
use crate::language::Problem;
use crate::openclaw::document::{Value, escape_substitution};
use crate::plan::error;
use crate::plan::note::Note;
use crate::settings::GatewayAuth;
use crate::settings::placeholder::is_placeholder;

const MODE: [&str; 3] = ["gateway", "auth", "mode"];
const TOKEN: [&str; 3] = ["gateway", "auth", "token"];
const PASSWORD: [&str; 3] = ["gateway", "auth", "password"];
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

pub(super) fn section(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
) -> Result<Option<Credential>, Problem> {
    draft.set(&ENDPOINT, true);
    match (wish.settings.gateway_auth, current_mode(draft)) {
        (Some(GatewayAuth::None), _) | (None, None | Some("none")) => without_token(draft, wish),
        (Some(GatewayAuth::Token), _) => with_wanted_token(draft, wish).map(Some),
        (None, Some("token")) => with_token_as_it_is(draft, wish).map(Some),
        (None, Some("password")) => password_as_it_is(draft).map(Some),
        (None, Some(mode)) => Err(error::auth_mode(mode)),
    }
}

/// The mode in force: OpenClaw infers it from a token or password where none is written.
fn current_mode<'a>(draft: &Draft<'a>) -> Option<&'a str> {
    draft
        .text(&MODE)
        .or_else(|| draft.now(&TOKEN).map(|_| "token"))
        .or_else(|| draft.now(&PASSWORD).map(|_| "password"))
}

fn without_token(draft: &mut Draft<'_>, wish: &Wish<'_>) -> Result<Option<Credential>, Problem> {
    refuse_exposure(draft, wish)?;
    draft.set(&MODE, "none");
    draft.notes.push(Note::auth_none());
    Ok(given(wish).map(Credential::Token))
}

/// OpenClaw itself refuses to start on a non-loopback bind without auth; `tailscale.mode=serve` it
/// allows, and so would expose the agent.
fn refuse_exposure(draft: &Draft<'_>, wish: &Wish<'_>) -> Result<(), Problem> {
    let bind = wish.bind_option.or_else(|| draft.text(&["gateway", "bind"]));
    if let Some(bind) = bind.filter(|bind| *bind != "loopback") {
        let (key, value) = ("gateway.bind".to_owned(), bind.to_owned());
        return Err(error::exposed(&key, &value));
    }
    let tailscale = draft.text(&["gateway", "tailscale", "mode"]);
    if let Some(mode) = tailscale.filter(|mode| *mode != "off") {
        let (key, value) = ("gateway.tailscale.mode".to_owned(), mode.to_owned());
        return Err(error::exposed(&key, &value));
    }
    Ok(())
}

/// Token mode was asked for: the given token, else the gateway's own, else a new one.
fn with_wanted_token(draft: &mut Draft<'_>, wish: &Wish<'_>) -> Result<Credential, Problem> {
    draft.set(&MODE, "token");
    if let Some(token) = given(wish) {
        draft.set(&TOKEN, token.as_str());
        return Ok(Credential::Token(token));
    }
    if draft.now(&TOKEN).is_some() || wish.token_in_unit {
        return with_token_as_it_is(draft, wish);
    }
    let token = escape_substitution(wish.fresh_token.reveal());
    draft.set(&TOKEN, token.as_str());
    Ok(Credential::Token(token))
}

fn with_token_as_it_is(draft: &Draft<'_>, wish: &Wish<'_>) -> Result<Credential, Problem> {
    let own = match draft.now(&TOKEN) {
        Some(Value::String(token)) if !is_placeholder(token) => Some(token.clone()),
        None if wish.token_in_unit => Some("${OPENCLAW_GATEWAY_TOKEN}".to_owned()),
        _ => None,
    };
    match (own, given(wish)) {
        (Some(own), Some(given)) if own != given && !own.contains("${") => {
            Err(error::token_conflict())
        }
        (Some(own), _) => Ok(Credential::Token(own)),
        (None, Some(given)) => Ok(Credential::Token(given)),
        (None, None) => Err(error::token_unreadable()),
    }
}

fn password_as_it_is(draft: &Draft<'_>) -> Result<Credential, Problem> {
    let password = draft.text(&PASSWORD).filter(|text| !is_placeholder(text));
    password
        .map(|text| Credential::Password(text.to_owned()))
        .ok_or_else(|| error::auth_mode("password"))
}

fn given(wish: &Wish<'_>) -> Option<String> {
    wish.settings.gateway_token.as_ref().map(|token| escape_substitution(token.reveal()))
}
