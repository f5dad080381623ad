//! The meaning of a config once all its includes are laid under it.

use super::load::{INCLUDE, Loaded, at};
use super::merge::merge;
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
