//! The schema of a channel block in a connector's manifest (`channelConfigs.<id>.schema`): which
//! keys it lets be.
//!
//! OpenClaw says only "must NOT have additional properties" of one that it does not, and its
//! gateway does not start.

use serde_json::Value as Json;

use crate::openclaw::document::Value;

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
    use super::{allows, forbidden};
    use crate::openclaw::document::Value;
    use serde_json::json;

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
