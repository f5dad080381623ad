//! `rollback`: returns to the state before the last transaction, or before the one that is named.

use std::path::PathBuf;

use super::connector::live_tree;
use super::context::Context;
use super::execute::{Change, execute};
use super::failure::{Exit, Failure};
use crate::cli::Rollback;
use crate::fs::exchange::Identity;
use crate::fs::replace::FileState;
use crate::plan::error;
use crate::plan::rollback::{self as planning, Past, PastStep, Request};
use crate::systemd::logind::lingers;
use crate::transaction::error::TransactionError;
use crate::transaction::journal::{Journal, Phase};
use crate::transaction::step::{Attributes, Step};

pub(super) fn run(context: &Context, options: &Rollback) -> Result<Exit, Failure> {
    let executed = execute(context, "rollback", &mut || {
        let change = look(context, options.id.as_deref())?;
        Ok(Change { proof: options.proof, ..change })
    })?;
    let nothing = say!("Nothing to do: everything is already as it was then.");
    Ok(executed.report(context, &nothing, |id| {
        say!("Rolled back. To undo this: openclaw-setup rollback {id}", id)
    }))
}

fn look(context: &Context, id: Option<&str>) -> Result<Change<'static>, Failure> {
    let chosen = chosen(context, id)?;
    let (installation, _) = context.observe()?;
    let live = live_tree(context, &installation)?;
    let identity = Identity::of(&installation.paths.connector)?;
    let request = Request {
        past: chosen.iter().map(past).collect::<Result<_, _>>()?,
        current: current(&chosen)?,
        live: identity.zip(live.as_ref()).map(|(identity, live)| (identity, live.shown_version())),
        kept: kept_trees(context)?,
        live_tree: live.as_ref(),
        attributes: attributes(&chosen),
        lingers: lingers(&installation.account.name),
        standing: standing(&chosen),
        transactions: context.records.transactions(),
    };
    let plan = planning::plan(&installation, &request)?;
    // the old state was perhaps not a healthy one
    Ok(Change { tolerates_illness: true, ..Change::of(installation, plan) })
}

/// The committed transactions from the newest down to the one that is named, or the newest.
fn chosen(context: &Context, id: Option<&str>) -> Result<Vec<Journal>, Failure> {
    let mut journals = context.records.journals()?;
    journals.retain(|journal| journal.phase() == Phase::Committed);
    let place = match id {
        Some(id) => journals.iter().position(|journal| journal.intent().id == id),
        None => journals.len().checked_sub(1),
    };
    let place = place.ok_or_else(|| error::no_such_transaction(id))?;
    let mut chosen = journals.split_off(place);
    chosen.reverse();
    chosen.iter().try_for_each(|journal| context.records.accept_journal(journal))?;
    Ok(chosen)
}

/// Every tree that a transaction keeps.
fn kept_trees(context: &Context) -> Result<Vec<(PathBuf, Identity)>, Failure> {
    let mut kept = Vec::new();
    for journal in context.records.journals()? {
        let slot = journal.slot();
        kept.extend(Identity::of(&slot)?.map(|identity| (slot, identity)));
    }
    Ok(kept)
}

fn past(journal: &Journal) -> Result<Past, TransactionError> {
    let intent = journal.intent();
    let past_step = |(number, step): (usize, &Step)| {
        let (before, after) = match step {
            Step::File(file) => (journal.preimage(number, file)?, journal.postimage(number, file)?),
            _ => (None, None),
        };
        let mut step = step.clone();
        if let Step::Move { from, to: to @ None } = &mut step {
            *to = Some(journal.quarantine(from));
        }
        Ok::<_, TransactionError>(PastStep { step, before, after })
    };
    let steps = intent.steps.iter().enumerate().map(past_step).collect::<Result<_, _>>()?;
    Ok(Past { id: intent.id.clone(), connector_before: intent.connector.0.clone(), steps })
}

/// The attributes of everything whose attributes those transactions changed.
fn attributes(chosen: &[Journal]) -> Vec<(PathBuf, Attributes)> {
    let steps = chosen.iter().flat_map(|journal| &journal.intent().steps);
    let read = |step: &Step| match step {
        Step::Attributes { path, .. } => Some((path.clone(), Attributes::of(path).ok()?)),
        _ => None,
    };
    steps.filter_map(read).collect()
}

/// Where something stands of the places between which those transactions moved something.
fn standing(chosen: &[Journal]) -> Vec<PathBuf> {
    let moves = chosen.iter().flat_map(|journal| {
        journal.intent().steps.iter().filter_map(|step| match step {
            Step::Move { from, to } => {
                Some([from.clone(), to.clone().unwrap_or_else(|| journal.quarantine(from))])
            }
            _ => None,
        })
    });
    let mut places: Vec<PathBuf> = moves.flatten().collect();
    places.sort();
    places.dedup();
    places.retain(|place| place.symlink_metadata().is_ok());
    places
}

/// The files that those transactions touched, as they stand now; each once.
fn current(chosen: &[Journal]) -> Result<Vec<(PathBuf, Option<FileState>)>, Failure> {
    let mut files: Vec<(PathBuf, Option<FileState>)> = Vec::new();
    for step in chosen.iter().flat_map(|journal| &journal.intent().steps) {
        if let Step::File(file) = step
            && files.iter().all(|(path, _)| path != &file.path)
        {
            files.push((file.path.clone(), FileState::read(&file.path)?));
        }
    }
    Ok(files)
}
