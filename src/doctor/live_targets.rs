//! Whom `--live` asks, as the config and the gateway's environment name them.

use std::time::Duration;

use super::{Snapshot, proxy};
use crate::openclaw::document::{Value, substituted};
use crate::outside::Route;
use crate::outside::dingtalk::Bot;
use crate::outside::provider::Provider;
use crate::plan::config::provider_of;
use crate::redaction::learn;
use crate::settings::{Settings, is_placeholder};
use crate::snapshot::Reason;
use crate::systemd::environment::{Environment, Target, any_proxy, undici_proxy};

/// What is asked, seen from the environment of the gateway's process.
#[derive(Debug)]
pub struct LiveTargets<'e> {
    snapshot: &'e Snapshot,
    environment: Environment,
}

impl<'e> LiveTargets<'e> {
    /// As the gateway sees it; without a gateway and a unit, as if nothing were set.
    pub fn of(snapshot: &'e Snapshot) -> Self {
        let environment = proxy::environment(snapshot).unwrap_or_default();
        Self { snapshot, environment }
    }

    /// The environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// A proxy that could be taken, whether or not it is.
    pub fn proxy(&self) -> Option<&str> {
        any_proxy(&self.environment)
    }

    /// The provider of the default model.
    pub fn provider(&self, timeout: Duration) -> Result<Provider, Reason> {
        let effective = self.snapshot.effective().ok_or(Reason::NotConfigured)?;
        let wanted = provider_of(effective, &Settings::default());
        let entry = effective.get(&["models", "providers", &wanted.id]);
        let entry = entry.ok_or(Reason::NotConfigured)?;
        let base_url = self.text_of(entry.get(&["baseUrl"])).ok_or(Reason::NotConfigured)?;
        let target = Target::of(&base_url).ok_or(Reason::NotConfigured)?;
        let proxied = undici_proxy(&self.environment, &target);
        let route = if proxied.is_some() { Route::Proxied } else { Route::Direct };
        let proxy = proxied.or_else(|| self.proxy()).map(str::to_owned);
        let models = entry.get(&["models"]).and_then(Value::as_array).unwrap_or_default();
        let first = models.first().and_then(|model| model.get(&["id"])).and_then(Value::as_str);
        let model = wanted.model.or_else(|| first.map(str::to_owned));
        let id_of = |entry: &&Value| entry.get(&["id"]).and_then(Value::as_str) == model.as_deref();
        let own = models.iter().find(id_of).and_then(|model| model.get(&["api"]));
        let api = own.or_else(|| entry.get(&["api"])).and_then(Value::as_str).unwrap_or("–");
        let key = self.key(&wanted.id, entry);
        if let Some(key) = &key {
            learn(key);
        }
        Ok(Provider { api: api.to_owned(), base_url, model, key, proxy, route, timeout })
    }

    /// The key that the gateway asks with: the config's, and what `models.json` holds only where
    /// that has none.
    fn key(&self, id: &str, entry: &Value) -> Option<String> {
        let generated = || self.snapshot.models.as_ref()?.get(&["providers", id, "apiKey"]);
        self.text_of(entry.get(&["apiKey"]))
            .or_else(|| self.text_of(generated()).filter(|text| !is_marker(text)))
    }

    /// The bots of the channel: its own, or one for each account.
    pub fn bots(&self) -> Result<Vec<Bot>, Reason> {
        let found = self.snapshot.bots();
        let mut named: Vec<_> = found
            .iter()
            .map(|bot| {
                (bot.account.map(str::to_owned), bot.get("clientId"), bot.get("clientSecret"))
            })
            .collect();
        named.retain(|(_, id, secret)| id.is_some() && secret.is_some());
        if named.is_empty() {
            return Err(Reason::NotConfigured);
        }
        let bots = named.into_iter().filter_map(|(account, id, secret)| {
            let (client_id, client_secret) = (self.text_of(id)?, self.text_of(secret)?);
            learn(&client_secret);
            Some(Bot { account, client_id, client_secret })
        });
        let bots: Vec<Bot> = bots.collect();
        if bots.is_empty() { Err(Reason::SecretElsewhere) } else { Ok(bots) }
    }

    /// A text, its references resolved; a number as its digits; a secret that is kept in a variable
    /// (`{source: "env", id: "NAME"}`). Nothing for a placeholder, or for what is kept elsewhere.
    fn text_of(&self, value: Option<&Value>) -> Option<String> {
        let variable = |name: &str| self.environment.get(name).map(str::to_owned);
        let text = match value? {
            Value::String(text) => substituted(text, variable)?,
            Value::Number(digits) => digits.to_string(),
            kept @ Value::Object(_) => {
                let text = |key: &str| kept.get(&[key]).and_then(Value::as_str);
                variable(text("id").filter(|_| text("source") == Some("env"))?)?
            }
            _ => return None,
        };
        (!is_placeholder(&text)).then_some(text)
    }
}

/// The name of a variable, which OpenClaw writes into `models.json` instead of a secret.
pub fn is_marker(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
