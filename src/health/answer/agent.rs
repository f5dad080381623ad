//! Which agent answers the bot.

use crate::connector::release::{Generation, Habit};
use crate::openclaw::document::Value;

/// The agent that answers the bot, as the connector itself finds it.
pub fn agent_of(config: &Value, account: Option<&str>, connector: &Generation) -> String {
    const MAIN: &str = "main";
    if !connector.has(Habit::RoutesByBindings) {
        let named = account.filter(|_| connector.has(Habit::NamesItsAgent));
        return named.unwrap_or(MAIN).to_lowercase();
    }
    let over_http = connector.has(Habit::NeedsEndpoint);
    let account = account.unwrap_or("__default__");
    let bindings = config.get(&["bindings"]).and_then(Value::as_array);
    let fitting = |binding: &&Value| is_bound(binding, account);
    let mut bindings: Vec<_> = bindings.into_iter().flatten().filter(fitting).collect();
    if over_http {
        bindings.sort_by_key(|binding| binding.get(&["match", "accountId"]).is_none());
    }
    let bound = bindings.first().and_then(|binding| binding.get(&["agentId"])?.as_str());
    let unbound = if over_http && account != "__default__" { account } else { MAIN };
    bound.unwrap_or(unbound).to_lowercase()
}

/// Whether a binding is for anybody who writes to the account.
fn is_bound(binding: &Value, account: &str) -> bool {
    let is = |path: &[&str], wanted: &str| {
        let told = binding.get(path).and_then(Value::as_str);
        told.is_none_or(|told| told == wanted)
    };
    is(&["match", "channel"], "dingtalk-connector")
        && is(&["match", "accountId"], account)
        && is(&["match", "peer", "kind"], "direct")
        && is(&["match", "peer", "id"], "*")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::agent_of;
    use crate::connector::catalogue::Catalogue;
    use crate::openclaw::document::Document;

    #[test]
    fn the_agent_is_the_one_that_the_connector_asks() {
        let config = r#"{"bindings": [
            {"agentId": "other", "match": {"channel": "telegram"}},
            {"agentId": "group", "match": {"channel": "dingtalk-connector", "peer": {"kind": "group"}}},
            {"agentId": "all", "match": {"channel": "dingtalk-connector"}},
            {"agentId": "Nova", "match": {"channel": "dingtalk-connector", "accountId": "work"}},
        ]}"#;
        for (config, account, connector, agent) in [
            ("{}", None, "0.6.0", "main"),
            ("{}", Some("work"), "0.6.0", "main"),
            ("{}", Some("work"), "0.7.1", "work"),
            ("{}", Some("work"), "0.7.10", "work"),
            ("{}", Some("work"), "0.8.3", "main"),
            (config, None, "0.6.0", "main"),
            (config, None, "0.7.10", "all"),
            (config, Some("work"), "0.7.10", "nova"),
            (config, Some("work"), "0.8.3", "all"),
        ] {
            let document = Document::parse(Path::new("openclaw.json"), config.as_bytes()).unwrap();
            let generation = Catalogue::built_in().generation(connector.parse().ok().as_ref());
            let found = agent_of(document.value(), account, &generation);
            assert_eq!(found, agent, "{connector} {account:?}");
        }
    }
}
