//! The plan of `uninstall`: the mirror of `install`; what is the user's stays.

use std::path::PathBuf;

use super::note::Note;
use super::order::{self, Changes};
use super::{Plan, PlanFailure, bypass};
use crate::connector::installed::Traces;
use crate::fs::replace::FileState;
use crate::openclaw::UNKNOWN_CHANNELS_ARE_TOLERATED;
use crate::openclaw::document::{Document, Edit, Value};
use crate::openclaw::include::ConfigSet;
use crate::openclaw::keys::{self, KeyChange};
use crate::plan::error;
use crate::snapshot::installation::Installation;
use crate::snapshot::paths::CONNECTOR;
use crate::snapshot::tree::LiveTree;
use crate::systemd::drop_in::{self, Assigned};
use crate::systemd::environment::Bypass;
use crate::transaction::step::{FileStep, Role};

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The config with its includes.
    pub config: &'a ConfigSet,
    /// The tree that stands there now.
    pub live: Option<&'a LiveTree>,
    /// Keep the channel block in the config.
    pub keep_config: bool,
    /// Where the old tree will be kept.
    pub transactions: PathBuf,
    /// Our records go, too, and all that is kept in them.
    pub purge: bool,
    /// The time, for the name of a file.
    pub now: &'a str,
}

/// Makes the plan.
pub fn plan(installation: &Installation, request: &Request<'_>) -> Result<Plan, PlanFailure> {
    error::refuse_read_only(installation)?;
    let tolerated = installation
        .program
        .version
        .is_some_and(|version| version >= UNKNOWN_CHANNELS_ARE_TOLERATED);
    if request.keep_config && !tolerated {
        return Err(error::channel_needs_connector().into());
    }
    let mut notes = order::surrounding_notes(installation, request.config);
    let traces =
        installation.record.as_ref().map(|record| record.traces.clone()).unwrap_or_default();
    let (edits, kept) = config_edits(request.config.effective(), &traces, request.keep_config);
    if !kept.is_empty() {
        notes.push(Note::keys_kept(&kept));
    }
    let mut changes = Changes {
        tree: request.live.map(|live| order::tree(installation, Some(live.shown_version()), None)),
        drop_ins: drop_ins(installation, &traces),
        config: order::config_files(installation, request.config, &edits)?,
        models: models(installation, &traces, &mut notes),
        record: record(installation),
        others: Vec::new(),
        directories: directories(installation, &traces),
    };
    if let Some(note) = order::deviation_note(installation, request.live, &request.transactions) {
        notes.push(note);
    }
    let accounts = accounts(request);
    if !accounts.is_empty() {
        let copy = copy_of_channel(installation, request);
        let place = copy.as_ref().map_or(&request.transactions, |copy| &copy.path);
        notes.push(Note::accounts_go(&accounts, place));
        changes.config.extend(copy);
    }
    if installation.record.is_none() && !changes.is_empty() {
        notes.extend(left_of_hand(installation, request.config.effective()));
    }
    Ok(Plan {
        command: "uninstall",
        connector: (request.live.map(LiveTree::shown_version), None),
        unit: order::unit_before(installation),
        steps: order::removal(installation, changes),
        notes,
        ..Plan::default()
    })
}

/// Values that we replaced return to what they were if they still are ours; the channel, the entry
/// and the record of the installation go as they are.
fn config_edits(effective: &Value, traces: &Traces, keep: bool) -> (Vec<Edit>, keys::Kept) {
    let is_own = |key: &&KeyChange| {
        let path: Vec<&str> = key.path.iter().map(String::as_str).collect();
        path.starts_with(&["channels", CONNECTOR])
            || path.starts_with(&["plugins", "entries", CONNECTOR])
            || path.starts_with(&["plugins", "installs", CONNECTOR])
            || path == ["plugins", "allow"]
    };
    let (own, shared): (Vec<_>, Vec<_>) = traces.config.iter().partition(is_own);
    let shared: Vec<KeyChange> = shared.into_iter().cloned().collect();
    let (mut edits, kept) = keys::edits_back(effective, &shared);
    let mut value = edits.iter().fold(effective.clone(), |value, edit| edit.applied_to(&value));
    let blocks: [&[&str]; 3] = [
        &["plugins", "installs", CONNECTOR],
        &["plugins", "entries", CONNECTOR],
        &["channels", CONNECTOR],
    ];
    for block in blocks.into_iter().filter(|block| !(keep && block[0] == "channels")) {
        if value.get(block).is_none() {
            continue;
        }
        let path: Vec<String> = block.iter().map(|segment| (*segment).to_owned()).collect();
        let existing = own
            .iter()
            .filter(|key| key.path.starts_with(&path))
            .map(|key| key.existing)
            .min()
            .unwrap_or(path.len());
        let edit = keys::removal(&value, &path, existing);
        value = edit.applied_to(&value);
        edits.push(edit);
    }
    let allow = ["plugins", "allow"];
    let listed = value.get(&allow).and_then(Value::as_array);
    if listed.is_some_and(|list| list.contains(&Value::from(CONNECTOR))) {
        edits.push(Edit::withdraw(allow, CONNECTOR));
    }
    (edits, kept)
}

/// The bots that the user has added, and that go with the channel: we make no account.
fn accounts(request: &Request<'_>) -> Vec<String> {
    let path = ["channels", CONNECTOR, "accounts"];
    let accounts = request.config.effective().get(&path).filter(|_| !request.keep_config);
    accounts.and_then(Value::as_object).into_iter().flat_map(|all| all.keys().cloned()).collect()
}

/// What is not kept in a transaction is kept beside the config.
fn copy_of_channel(installation: &Installation, request: &Request<'_>) -> Option<FileStep> {
    let channel = request.config.effective().get(&["channels", CONNECTOR])?;
    let whole = Value::from([("channels", Value::from([(CONNECTOR, channel.clone())]))]).to_json();
    let bytes = format!("{whole:#}\n").into_bytes();
    let name = format!("{CONNECTOR}-accounts-{}.json", request.now);
    let path = installation.paths.config.with_file_name(name);
    let after = installation.new_file(bytes, 0o600);
    request.purge.then(|| FileStep::new(Role::Config, path, None, Some(after)))
}

/// What the connector's documentation has people set beside the connector itself. Without a record
/// nothing says whether others need it.
fn left_of_hand(installation: &Installation, effective: &Value) -> Vec<Note> {
    let settings: [(&[&str], Value); 2] = [
        (&["gateway", "auth", "mode"], "none".into()),
        (&["gateway", "http", "endpoints", "chatCompletions", "enabled"], true.into()),
    ];
    let set = settings.iter().filter(|(path, value)| effective.get(path) == Some(value));
    let keys: Vec<String> = set.map(|(path, _)| path.join(".")).collect();
    let mut notes = Vec::new();
    if !keys.is_empty() {
        notes.push(Note::keys_of_hand_stay(&installation.paths.config, &keys));
    }
    let (file, _) = &installation.drop_in;
    if bypass::text(&installation.drop_in)
        .is_some_and(|text| drop_in::assigned(&text) != Assigned::default())
    {
        notes.push(Note::bypass_of_hand_stays(file, &installation.paths.unit));
    }
    notes
}

/// `override.conf` loses only our entries, and goes only if nothing else was in it; the files that
/// have our name go.
fn drop_ins(installation: &Installation, traces: &Traces) -> Vec<FileStep> {
    let gone = |(path, state): &(PathBuf, Option<FileState>)| {
        Some(FileStep::new(Role::DropIn, path.clone(), Some(state.clone()?), None))
    };
    let ours = installation.last_drop_in.iter().filter_map(gone);
    drop_in(installation, traces).into_iter().chain(ours).collect()
}

fn drop_in(installation: &Installation, traces: &Traces) -> Option<FileStep> {
    let (path, state) = &installation.drop_in;
    let state = state.as_ref().filter(|_| !traces.bypass.is_empty())?;
    let text = String::from_utf8_lossy(&state.bytes).into_owned();
    let ours = Bypass::of_value(&traces.bypass);
    let left = drop_in::without_bypass(&text, &ours, &traces.drop_in_before);
    if left.as_deref() == Some(text.as_str()) {
        return None;
    }
    let after = left.map(|text| state.with_bytes(text.into_bytes()));
    Some(FileStep::new(Role::DropIn, path.clone(), Some(state.clone()), after))
}

fn models(installation: &Installation, traces: &Traces, notes: &mut Vec<Note>) -> Option<FileStep> {
    let (path, state) = installation.models.as_ref()?;
    let document = Document::parse(path, &state.bytes).ok()?;
    let (edits, kept) = keys::edits_back(document.value(), &traces.models);
    if !kept.is_empty() {
        notes.push(Note::keys_kept(&kept));
    }
    let edited = document.edit(&edits).ok()?;
    order::rewritten(Role::Models, path, state, edited.bytes())
}

/// Those above the connector or the drop-in: others would be of an installation that has moved.
fn directories(installation: &Installation, traces: &Traces) -> Vec<PathBuf> {
    let places = [&installation.paths.extensions, &installation.drop_in.0];
    let is_above = |directory: &&PathBuf| places.iter().any(|place| place.starts_with(directory));
    traces.directories.iter().filter(is_above).cloned().collect()
}

fn record(installation: &Installation) -> Option<FileStep> {
    let state = installation.record_file.clone()?;
    Some(FileStep::new(Role::Record, installation.record_path.clone(), Some(state), None))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::config_edits;
    use crate::connector::installed::Traces;
    use crate::openclaw::document::{Document, Edit, Value};
    use crate::openclaw::keys;

    const CHANNEL: [&str; 2] = ["channels", "dingtalk-connector"];

    fn document(text: &str) -> Document {
        Document::parse(Path::new("/c"), text.as_bytes()).unwrap()
    }

    /// What is left of `theirs`, and the keys that are named, where our edits had been made in
    /// `before`.
    fn left(before: &str, ours: &[Edit], theirs: &str, keep: bool) -> (String, Vec<String>) {
        let config = keys::changes(document(before).value(), ours);
        let traces = Traces { config, ..Traces::default() };
        let theirs = document(theirs);
        let (edits, kept) = config_edits(theirs.value(), &traces, keep);
        let bytes = theirs.edit(&edits).unwrap().bytes().to_vec();
        (String::from_utf8(bytes).unwrap(), kept)
    }

    #[test]
    fn ours_goes_what_we_replaced_returns_theirs_stays() {
        let ours = [
            Edit::set(["gateway", "auth", "mode"], "none"),
            Edit::set(["api"], "completions"),
            Edit::set(CHANNEL, Value::from([("clientId", Value::from("a"))])),
            Edit::set(["plugins", "entries", "dingtalk-connector", "enabled"], true),
        ];
        let before = "{api: 'responses'}";
        let whole = document(before).edit(&ours).unwrap();
        let whole = std::str::from_utf8(whole.bytes()).unwrap();
        let with = |old: &str, new: &str| {
            assert!(whole.contains(old), "{whole}");
            whole.replace(old, new)
        };
        for (theirs, expected, named) in [
            (whole.to_owned(), before, &[][..]),
            (with("'a'", "'b', more: 1"), before, &[]),
            (
                with("api: 'completions'", "/* mine */ api: 'completions'"),
                "{/* mine */ api: 'responses'}",
                &[],
            ),
            (with("'completions'", "'ollama'"), "{api: 'ollama'}", &["api"]),
            (
                with("'none'", "'token'"),
                "{api: 'responses', gateway: {auth: {mode: 'token'}}}",
                &["gateway.auth.mode"],
            ),
        ] {
            let (text, kept) = left(before, &ours, &theirs, false);
            let meaning = |text: &str| document(text).value().to_json();
            assert_eq!(meaning(&text), meaning(expected), "{theirs} became {text}");
            assert_eq!(text.contains("/* mine */"), theirs.contains("/* mine */"));
            assert_eq!(kept, named, "{theirs}");
        }
    }

    #[test]
    fn what_was_made_by_hand_goes_too_and_the_empty_places_stay() {
        let by_hand = "{channels: {'dingtalk-connector': {}, irc: {}}, plugins: {allow: ['x', 'dingtalk-connector'], installs: {'dingtalk-connector': {}}}}";
        let (text, kept) = left("{}", &[], by_hand, false);
        assert_eq!(text, "{channels: {irc: {}}, plugins: {allow: ['x'], installs: {}}}");
        assert!(kept.is_empty());
        let (text, _) = left("{}", &[], by_hand, true);
        assert!(text.contains("channels: {'dingtalk-connector': {}, irc: {}}"), "{text}");
    }
}
