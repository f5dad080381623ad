//! `recover`: takes back what an interrupted run left; every mutating command does this first.

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::fs::exists;
use crate::report::{bar::Bar, json};
use crate::say;
use crate::transaction::recover::{Recovery, recover};
use crate::transaction::service::GatewayUnit;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    if !exists(context.records.root())? {
        return Ok(report(context, None));
    }
    if context.dry_run {
        return dry_run(context);
    }
    // a journal that cannot be read is refused before even the lock is touched
    context.records.journals()?;
    let manager = context.manager()?;
    let _lock = context.records.lock("recover")?;
    let recovery = pending(context, manager.as_ref())?;
    Ok(report(context, recovery))
}

/// Recovers under a lock that the caller holds, and says so if there was anything to recover.
pub(super) fn pending(
    context: &Context,
    manager: Option<&crate::systemd::UserManager>,
) -> Result<Option<Recovery>, Failure> {
    let mut service =
        GatewayUnit::new(manager, &context.paths.unit, context.patience, &context.interrupt);
    let bar = Bar::on(context.console);
    let recovery = recover(&context.records, &mut service, &bar)?;
    if let Some(Recovery { id, command, left }) = &recovery {
        let language = context.console.language;
        context.console.tell(&say!(
            language,
            "An earlier {command} ({id}) had been cut off; it was undone.",
            "之前的 {command}（{id}）被中断，已撤销。"
        ));
        for leftover in left {
            context.console.tell(&format!("  • {}", leftover.text(language)));
        }
    }
    Ok(recovery)
}

fn dry_run(context: &Context) -> Result<Exit, Failure> {
    let language = context.console.language;
    let pending = context.records.pending()?;
    let text = match &pending {
        Some(journal) => {
            let (id, command) = (&journal.intent().id, &journal.intent().command);
            say!(language, "{command} ({id}) would be undone.", "将撤销 {command}（{id}）。")
        }
        None => say!(language, "Nothing to recover.", "没有需要恢复的内容。"),
    };
    context.console.result(&text);
    let mut body = serde_json::Map::new();
    let id = pending.map(|journal| journal.intent().id.clone());
    body.insert("pending".to_owned(), id.into());
    context.console.document(&json::document("recover", true, body));
    Ok(Exit::Done)
}

fn report(context: &Context, recovery: Option<Recovery>) -> Exit {
    let language = context.console.language;
    if recovery.is_none() {
        let text = say!(language, "Nothing to recover.", "没有需要恢复的内容。");
        context.console.result(&text);
    }
    let left: Vec<_> = recovery
        .iter()
        .flat_map(|recovery| &recovery.left)
        .map(|leftover| leftover.text(language))
        .collect();
    let exit = if left.is_empty() { Exit::Done } else { Exit::LeftBehind };
    let mut body = serde_json::Map::new();
    body.insert("recovered".to_owned(), recovery.map(|recovery| recovery.id).into());
    body.insert("left".to_owned(), left.into());
    context.console.document(&json::document("recover", exit == Exit::Done, body));
    exit
}
