//! `recover`: takes back what an interrupted run left; every mutating command does this first.

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::fs::exists;
use crate::report::journald::{self, Ending};
use crate::report::json;
use crate::report::screen::Bar;
use crate::transaction::error::Leftover;
use crate::transaction::recover::{Recovery, recover, set_aside_unreadable, sweep};
use crate::transaction::service::GatewayUnit;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    if !exists(context.records.root())? {
        return Ok(report(context, None, &[]));
    }
    if context.dry_run {
        return dry_run(context);
    }
    // a journal that cannot be trusted is refused before even the lock is touched
    if context.records.unreadable()?.is_empty() {
        context.records.pending()?;
    }
    let manager = context.manager()?;
    let _lock = context.lock("recover")?;
    let aside = set_aside(context)?;
    let recovery = pending(context, manager.as_ref())?;
    Ok(report(context, recovery, &aside))
}

fn set_aside(context: &Context) -> Result<Vec<Leftover>, Failure> {
    let left = set_aside_unreadable(&context.records)?;
    if !left.is_empty() {
        context.console.eprint(&say!(
            "An earlier command cannot be undone, since its journal cannot be read; nothing was put back. All that it kept (files/ holds old files, tree/ the other connector) was moved aside. Look at what stands now: openclaw-setup doctor"
        ));
    }
    list(context, &left);
    Ok(left)
}

fn list(context: &Context, left: &[Leftover]) {
    for leftover in left {
        context.console.eprint(&format!("  • {}", leftover.text()));
    }
}

/// Recovers under a lock that the caller holds, and says so if there was anything to recover.
pub(super) fn pending(
    context: &Context,
    manager: Option<&crate::systemd::UserManager>,
) -> Result<Option<Recovery>, Failure> {
    let mut service =
        GatewayUnit::new(manager, &context.paths.unit, context.timeout, &context.interrupt);
    let bar = Bar::on(context.console);
    let recovery = recover(&context.records, &mut service, &bar)?;
    if let Err(error) = sweep(&context.records) {
        context.console.warn(&error);
    }
    if let Some(Recovery { id, command, left }) = &recovery {
        let ending = if left.is_empty() { Ending::Undone } else { Ending::LeftBehind };
        journald::tell(ending, command, id);
        if left.is_empty() {
            context.console.print(&say!(
                "An earlier {command} ({id}) was interrupted; it was undone.",
                command,
                id
            ));
            return Ok(recovery);
        }
        context.console.eprint(&say!(
            "An earlier {command} ({id}) was interrupted; it was undone as far as possible. This could not be undone, and is not tried again:",
            command,
            id
        ));
        list(context, left);
    }
    Ok(recovery)
}

fn dry_run(context: &Context) -> Result<Exit, Failure> {
    let pending = context.records.pending()?;
    let text = if let Some(journal) = &pending {
        let (id, command) = (&journal.intent().id, &journal.intent().command);
        say!("{command} ({id}) would be undone.", command, id)
    } else {
        say!("Nothing to recover.")
    };
    context.console.good_result(&text);
    let body = serde_json::json!({"pending": pending.map(|journal| journal.intent().id.clone())});
    context.console.document(&json::document("recover", true, body));
    Ok(Exit::Done)
}

fn report(context: &Context, recovery: Option<Recovery>, aside: &[Leftover]) -> Exit {
    if recovery.is_none() && aside.is_empty() {
        let text = say!("Nothing to recover.");
        context.console.good_result(&text);
    }
    let undone = recovery.iter().flat_map(|recovery| &recovery.left);
    let left: Vec<_> = aside.iter().chain(undone).map(Leftover::text).collect();
    let exit = if left.is_empty() { Exit::Done } else { Exit::LeftBehind };
    let id = recovery.map(|recovery| recovery.id);
    let body = serde_json::json!({"recovered": id, "left": left});
    context.console.document(&json::document("recover", exit == Exit::Done, body));
    exit
}
