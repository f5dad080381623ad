//! `plugins`: the entry, the lists, and the record of the installation.

use super::{Draft, Wish};
use crate::language::Problem;
use crate::openclaw::INSTALLS_LEAVE_THE_CONFIG;
use crate::openclaw::document::{Edit, KeyPath, Value};
use crate::plan::error;
use crate::snapshot::paths::CONNECTOR;

pub(super) fn section(draft: &mut Draft<'_>, wish: &Wish<'_>) -> Result<(), Problem> {
    if draft.now(&["plugins", "enabled"]) == Some(&Value::from(false)) {
        return Err(error::plugins_off(wish.file));
    }
    draft.set(&["plugins", "entries", CONNECTOR, "enabled"], true);
    lists(draft);
    if wish.openclaw < INSTALLS_LEAVE_THE_CONFIG {
        install_record(draft, wish);
    }
    Ok(())
}

/// An `allow` list that is missing or empty allows everything: creating one, or filling an empty
/// one, would switch every other plugin off.
fn lists(draft: &mut Draft<'_>) {
    let ours = Value::from(CONNECTOR);
    let list = |name: &str| draft.now(&["plugins", name]).and_then(Value::as_array);
    let allow = list("allow").is_some_and(|list| !list.is_empty() && !list.contains(&ours));
    let deny = list("deny").is_some_and(|list| list.contains(&ours));
    if allow {
        let path = KeyPath::from(["plugins", "allow"]);
        draft.edits.push(Edit::append(path, ours.clone()));
    }
    if deny {
        let path = KeyPath::from(["plugins", "deny"]);
        draft.edits.push(Edit::withdraw(path, ours));
    }
}

/// Exactly this shape survives OpenClaw's upgrades: with another `source`, or another
/// `sourcePath`, `openclaw doctor --fix` of later versions deletes the channel with its secret.
fn install_record(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    let record = ["plugins", "installs", CONNECTOR];
    let tree = wish.connector.to_string_lossy().into_owned();
    let wanted = [
        ("source", Value::from("path")),
        ("sourcePath", Value::from(tree.as_str())),
        ("installPath", Value::from(tree.as_str())),
        ("version", Value::from(wish.connector_version)),
    ];
    let present = draft.now(&record).and_then(Value::as_object);
    let keeps = |(key, value): &(&str, Value)| {
        present.is_some_and(|present| present.get(*key) == Some(value))
    };
    let only_known = present.is_some_and(|present| present.len() == wanted.len() + 1);
    if wanted.iter().all(keeps) && only_known {
        return;
    }
    let mut members: indexmap::IndexMap<String, Value> =
        wanted.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    members.insert("installedAt".to_owned(), Value::from(wish.now));
    draft.set(&record, Value::Object(members));
}
