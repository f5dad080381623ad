//! How OpenClaw lays an including object over what it includes.

use crate::openclaw::document::Value;

/// Keys that OpenClaw drops from the upper layer (they would reach into JavaScript's prototypes).
const BLOCKED: [&str; 3] = ["__proto__", "prototype", "constructor"];

/// `upper` over `lower`: objects merge deeply, arrays are joined (lower first), else upper wins
/// (`deepMerge` of OpenClaw 2026.3.13).
pub(super) fn merge(lower: Value, upper: Value) -> Value {
    match (lower, upper) {
        (Value::Array(mut lower), Value::Array(upper)) => {
            lower.extend(upper);
            Value::Array(lower)
        }
        (Value::Object(mut lower), Value::Object(upper)) => {
            for (key, value) in upper.into_iter().filter(|(key, _)| !BLOCKED.contains(&&**key)) {
                match lower.get_mut(&key) {
                    Some(below) => *below = merge(std::mem::replace(below, Value::Null), value),
                    None => {
                        lower.insert(key, value);
                    }
                }
            }
            Value::Object(lower)
        }
        (_, upper) => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::merge;
    use crate::openclaw::document::Value;

    #[test]
    fn layers_merge_as_in_openclaw() {
        let value =
            |json: &str| Value::from(serde_json::from_str::<serde_json::Value>(json).unwrap());
        for (lower, upper, merged) in [
            (r#"{"a":1,"b":{"c":1}}"#, r#"{"b":{"d":2},"a":3}"#, r#"{"a":3,"b":{"c":1,"d":2}}"#),
            (r#"{"l":[1]}"#, r#"{"l":[1,2]}"#, r#"{"l":[1,1,2]}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":[1]}"#, r#"{"a":null,"__proto__":{}}"#, r#"{"a":null}"#),
            ("[1]", "{}", "{}"),
        ] {
            assert_eq!(merge(value(lower), value(upper)), value(merged));
        }
    }
}
