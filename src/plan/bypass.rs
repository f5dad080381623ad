//! The unit's drop-in with the proxy bypass, merged into what stands there.

use super::note::Note;
use crate::snapshot::installation::Installation;
use crate::snapshot::service::Managed;
use crate::systemd::drop_in;
use crate::systemd::environment::{Bypass, Environment};
use crate::transaction::step::{FileStep, Role};

/// The drop-in's text.
pub(super) fn text(installation: &Installation) -> Option<String> {
    let (_, state) = &installation.drop_in;
    state.as_ref().map(|state| String::from_utf8_lossy(&state.bytes).into_owned())
}

/// The step that puts the loopback names, and the entries `also` beside them, into the drop-in; no
/// step where they are there. With it the list that is effective then.
pub(super) fn step(
    installation: &Installation,
    also: &str,
    notes: &mut Vec<Note>,
) -> (Option<FileStep>, Bypass) {
    let (path, state) = &installation.drop_in;
    let text = text(installation);
    let bypass = wanted(installation, text.as_deref(), also);
    let merged = drop_in::merged(text.as_deref(), &bypass);
    if merged.repaired {
        notes.push(Note::drop_in_repaired(path));
    }
    let step = merged.changed.then(|| {
        let bytes = merged.text.into_bytes();
        let after = match state {
            Some(state) => state.with_bytes(bytes),
            None => installation.new_file(bytes, 0o644),
        };
        FileStep::new(Role::DropIn, path.clone(), state.clone(), Some(after))
    });
    (step, bypass)
}

/// Every entry that is effective today, and every entry of the file itself, is kept: our two
/// assignments replace the earlier values of both names.
fn wanted(installation: &Installation, text: Option<&str>, also: &str) -> Bypass {
    let effective =
        installation.service.managed().map(Managed::effective_environment).unwrap_or_default();
    let own = drop_in::assigned(text.unwrap_or_default());
    let lists = [
        effective.get("no_proxy"),
        effective.get("NO_PROXY"),
        own.lower.as_deref(),
        own.upper.as_deref(),
        Some(also),
    ];
    let all = lists.into_iter().flatten().collect::<Vec<_>>().join(",");
    Bypass::extending(&Environment::of_assignments([format!("no_proxy={all}")]))
}
