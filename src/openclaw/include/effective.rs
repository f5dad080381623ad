//! What a config with its includes amounts to, merged as OpenClaw merges.

use super::load::{INCLUDE, Loaded, at};
use crate::openclaw::document::{Cause, ConfigError, KeyPath, Value};

/// What OpenClaw makes of `file` and everything below it, `${VAR}` left as it is.
pub(super) fn effective(file: &Loaded) -> Result<Value, ConfigError> {
    expand(file, file.document.value(), &KeyPath::default())
}

fn expand(file: &Loaded, value: &Value, path: &KeyPath) -> Result<Value, ConfigError> {
    match value {
        Value::Array(elements) => {
            let parts = elements.iter().enumerate();
            let expanded =
                parts.map(|(index, part)| expand(file, part, &path.child(index.to_string())));
            Ok(Value::Array(expanded.collect::<Result<_, _>>()?))
        }
        Value::Object(members) => {
            let others = members.iter().filter(|(name, _)| *name != INCLUDE);
            let expanded = others.map(|(name, part)| {
                Ok((name.clone(), expand(file, part, &path.child(name.as_str()))?))
            });
            let own = Value::Object(expanded.collect::<Result<_, ConfigError>>()?);
            match file.included_at(path).filter(|_| members.contains_key(INCLUDE)) {
                Some(files) => over_included(file, own, files, members.len() > 1, path),
                None => Ok(own),
            }
        }
        scalar => Ok(scalar.clone()),
    }
}

fn over_included(
    file: &Loaded,
    own: Value,
    files: &[Loaded],
    has_siblings: bool,
    path: &KeyPath,
) -> Result<Value, ConfigError> {
    // An array of includes is merged from an empty object upward; a single one stands for itself.
    let included = match (files, file.document.get(path.child(INCLUDE).segments())) {
        ([only], Some(Value::String(_))) => effective(only)?,
        _ => files.iter().try_fold(Value::object(), |below, file| {
            Ok::<_, ConfigError>(merge(below, effective(file)?))
        })?,
    };
    match included {
        included if !has_siblings => Ok(included),
        included @ Value::Object(_) => Ok(merge(included, own)),
        _ => {
            let key = path.child(INCLUDE);
            Err(ConfigError::at(
                file.document.path(),
                at(&file.document, &key),
                Cause::IncludesNoObject(key),
            ))
        }
    }
}

/// Keys that OpenClaw drops from the upper layer (they would reach into JavaScript's prototypes).
const BLOCKED: [&str; 3] = ["__proto__", "prototype", "constructor"];

/// `upper` over `lower`: objects merge deeply, arrays are joined (lower first), else upper wins
/// (`deepMerge` of OpenClaw 2026.3.13).
fn merge(lower: Value, upper: Value) -> Value {
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
