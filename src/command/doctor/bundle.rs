//! `doctor --bundle FILE`: what others need to know to help, and nothing that is nobody's business.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::view;
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::doctor::Diagnosis;
use crate::fs::{Action, FileError};
use crate::openclaw::include::ConfigSet;
use crate::redaction::{MASK, masked, masked_arguments};
use crate::report::{Console, Mark};
use crate::snapshot::Snapshot;

/// One file of the archive.
struct Part {
    name: String,
    text: String,
    what: String,
}

/// Lists what the archive will hold, then writes it (mode 0600). An existing file is not replaced.
pub(super) fn write(
    context: &Context,
    snapshot: &Snapshot,
    diagnosis: &Diagnosis,
    file: &Path,
) -> Result<(), Failure> {
    let console = context.console;
    let parts = parts(snapshot, diagnosis, console);
    let shown = file.display();
    console.print(&say!("{shown} will hold, with every secret and every message masked:", shown));
    for part in &parts {
        console.print(&format!("  {:<18} {}", part.name, part.what));
    }
    if context.dry_run {
        return Ok(());
    }
    let archive = archive(&parts).map_err(FileError::at(Action::Write, file))?;
    written_whole(&archive, file).map_err(FileError::at(Action::Write, file))?;
    console.print_marked(Mark::Good, &say!("written: {shown}", shown));
    Ok(())
}

/// Under its name stands a whole archive or none: the half of one would be in the way of the next.
fn written_whole(archive: &[u8], file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut named = OsString::from(".");
    named.push(file.file_name().unwrap_or_default());
    // mode 0600
    let mut draft = tempfile::Builder::new()
        .prefix(&named)
        .suffix(".tmp")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    draft.write_all(archive)?;
    draft.as_file().sync_all()?;
    draft.persist_noclobber(file)?;
    Ok(())
}

fn archive(parts: &[Part]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for part in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(part.text.len() as u64);
        header.set_mode(0o600);
        tar.append_data(
            &mut header,
            format!("openclaw-setup-doctor/{}", part.name),
            part.text.as_bytes(),
        )?;
    }
    tar.into_inner()?.finish()
}

fn parts(snapshot: &Snapshot, diagnosis: &Diagnosis, console: Console) -> Vec<Part> {
    let json = |value: &serde_json::Value| format!("{value:#}\n");
    let mut parts = vec![
        Part {
            name: "findings.txt".to_owned(),
            text: view::text(diagnosis, console),
            what: say!("the findings, as shown"),
        },
        Part {
            name: "findings.json".to_owned(),
            text: json(&view::findings_json(diagnosis)),
            what: say!("the findings, as data"),
        },
        Part {
            name: "versions.json".to_owned(),
            text: json(&versions(snapshot)),
            what: say!("versions of all programs"),
        },
        Part {
            name: "unit.json".to_owned(),
            text: json(&unit(snapshot)),
            what: say!("the unit's properties; of its variables only names, proxies and PATH"),
        },
        Part {
            name: "log.txt".to_owned(),
            text: snapshot.log.tail.join("\n") + "\n",
            what: say!("the gateway's last log lines"),
        },
    ];
    parts.extend(configs(snapshot).into_iter().map(|(name, text)| Part {
        what: say!("a config file, values of secret keys masked"),
        name,
        text,
    }));
    for part in &mut parts {
        part.text = masked(&part.text);
    }
    parts
}

fn configs(snapshot: &Snapshot) -> Vec<(String, String)> {
    let files = snapshot.config.iter().flat_map(ConfigSet::files);
    let mut texts: Vec<(String, String)> = files
        .enumerate()
        .map(|(number, (_, document))| {
            (format!("config-{number}.json5"), document.masked(&|_| false))
        })
        .collect();
    let models = snapshot.models.as_ref();
    texts.extend(models.map(|models| ("models.json".to_owned(), models.masked(&|_| false))));
    texts
}

fn versions(snapshot: &Snapshot) -> serde_json::Value {
    let managed = snapshot.installation.service.managed();
    json!({
        "openclaw-setup": env!("CARGO_PKG_VERSION"),
        "openclaw": snapshot.openclaw().map(|version| version.to_string()),
        "connector": snapshot.connector().map(|version| version.to_string()),
        "node": snapshot.host.node,
        "systemd": managed.map(|managed| &managed.version),
        "kernel": rustix::system::uname().release().to_string_lossy(),
    })
}

fn unit(snapshot: &Snapshot) -> serde_json::Value {
    let Some(managed) = snapshot.unit() else { return serde_json::Value::Null };
    let unit = &managed.unit;
    let shown = |name: &str| name == "PATH" || name.to_lowercase().ends_with("_proxy");
    let environment = managed.effective_environment();
    let variables: serde_json::Map<String, serde_json::Value> = environment
        .iter()
        .map(|(name, value)| {
            let value = if shown(name) { masked(value) } else { MASK.to_owned() };
            (name.to_owned(), value.into())
        })
        .collect();
    json!({
        "name": unit.name,
        "activeState": unit.active_state,
        "subState": unit.sub_state,
        "result": unit.result,
        "unitFileState": unit.unit_file_state,
        "restarts": unit.n_restarts,
        "dropIns": unit.drop_in_paths,
        "environmentFiles": unit.environment_files.iter().map(|file| &file.path).collect::<Vec<_>>(),
        "needDaemonReload": unit.need_daemon_reload,
        "execStart": unit.exec_start.first().map(|command| masked_arguments(&command.arguments)),
        "nextEnvironment": variables,
    })
}
