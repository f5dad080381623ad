//! `uninstall`: takes everything out again that `install` brought; the user's other settings stay.

use std::time::Duration;

use super::connector::live_tree;
use super::context::Context;
use super::execute::{Change, Executed, execute};
use super::failure::{Exit, Failure};
use crate::cli::Uninstall;
use crate::fs::is_absent;
use crate::health::{Endpoint, Readiness};
use crate::plan::uninstall::{self as planning, Request};

/// How long the gateway's answer may take: it is on loopback.
const PROBE: Duration = Duration::from_secs(3);

pub(super) fn run(context: &Context, options: &Uninstall) -> Result<Exit, Failure> {
    let executed = carry_out(context, options)?;
    Ok(executed.report(context, &nothing_to_do(context, options.purge), |id| {
        if options.purge {
            return say!("DingTalk was removed, and openclaw-setup's records with it.");
        }
        say!("DingTalk was removed. To bring it back: openclaw-setup rollback {id}", id)
    }))
}

/// The same for whoever says the end in other words.
pub(super) fn carry_out(context: &Context, options: &Uninstall) -> Result<Executed, Failure> {
    execute(context, "uninstall", &mut || look(context, options))
}

fn look(context: &Context, options: &Uninstall) -> Result<Change<'static>, Failure> {
    let (installation, config) = context.observe()?;
    let live = live_tree(context, &installation)?;
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let request = Request {
        config: &config?,
        live: live.as_ref(),
        keep_config: options.keep_config,
        transactions: context.records.transactions(),
        purge: options.purge,
        now: &now,
    };
    let plan = planning::plan(&installation, &request)?;
    let endpoint = Endpoint::new(installation.port, None, installation.owner_of_the_port());
    let readiness = endpoint.readiness(context.timeout.at_most(PROBE));
    Ok(Change {
        // a gateway that was ill before is no reason to keep the connector
        tolerates_illness: readiness != Readiness::Ready,
        purges: options.purge,
        ..Change::of(installation, plan)
    })
}

fn nothing_to_do(context: &Context, purges: bool) -> String {
    match (purges, is_absent(context.records.root())) {
        (true, false) => {
            say!("DingTalk is not set up here; only openclaw-setup's records would be removed.")
        }
        (true, true) => {
            say!("DingTalk is not set up here, and openclaw-setup has no records here.")
        }
        (false, _) => say!("Nothing to do: DingTalk is not set up here."),
    }
}
