//! `uninstall`: takes everything out again that `install` brought; the user's other settings stay.

use std::time::Duration;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::install::{judge, live_tree};
use super::undertaking::{Undertaking, undertake};
use crate::cli::Uninstall;
use crate::fs::is_absent;
use crate::health::{Endpoint, Readiness};
use crate::plan::Plan;
use crate::plan::uninstall::{self as planning, Request};
use crate::report::bar::Bar;
use crate::say;
use crate::snapshot::installation::Installation;
use crate::systemd::UserManager;
use crate::transaction::generations;
use crate::transaction::service::ServiceError;

/// How long the gateway's answer may take: it is on loopback.
const PROBE: Duration = Duration::from_secs(3);

pub(super) fn run(context: &Context, options: &Uninstall) -> Result<Exit, Failure> {
    let manager = context.manager()?;
    let mut removal = Removal { context, manager: manager.as_ref(), options };
    undertake(context, manager.as_ref(), &mut removal)
}

/// One run of `uninstall`.
struct Removal<'a> {
    context: &'a Context,
    manager: Option<&'a UserManager>,
    options: &'a Uninstall,
}

/// One look at the machine, and the plan.
struct Prospect {
    installation: Installation,
    plan: Plan,
    /// Whether the gateway was well before.
    was_ready: bool,
}

impl Undertaking for Removal<'_> {
    type Prospect = Prospect;

    fn name(&self) -> &'static str {
        "uninstall"
    }

    fn look(&mut self) -> Result<Prospect, Failure> {
        let (installation, config) = self.context.observe(self.manager)?;
        let live = live_tree(self.context, &installation)?;
        let request = Request {
            config: &config?,
            live: live.as_ref(),
            keep_config: self.options.keep_config,
            transactions: self.context.records.transactions(),
        };
        let plan = planning::plan(&installation, &request)?;
        let owner = installation.owner_of_the_port();
        let readiness = Endpoint::new(installation.port, None, owner)
            .readiness(self.context.patience.at_most(PROBE));
        let was_ready = readiness == Readiness::Ready;
        Ok(Prospect { installation, plan, was_ready })
    }

    fn plan<'p>(&self, prospect: &'p Prospect) -> &'p Plan {
        &prospect.plan
    }

    /// A gateway that was ill before is no reason to keep the connector: that is only told.
    fn verify(&self, prospect: &Prospect, bar: &Bar) -> Result<(), ServiceError> {
        match judge(self.context, self.manager, &prospect.installation, &prospect.plan, bar) {
            Err(error) if !prospect.was_ready && !self.context.interrupt.is_raised() => {
                self.context.console.warn(&*error);
                Ok(())
            }
            verdict => verdict,
        }
    }

    fn nothing_to_do(&self) -> String {
        if self.has_more_to_do() {
            return say!("DingTalk is not set up here; only our records would go.");
        }
        if self.options.purge {
            return say!("Nothing of DingTalk is left here, and no records of ours.");
        }
        say!("Nothing to do: DingTalk is not set up here.")
    }

    fn done(&self, _: &Prospect, id: &str) -> String {
        if self.options.purge {
            return say!("DingTalk is taken out, and our records with it.");
        }
        say!("DingTalk is taken out. To bring it back: openclaw-setup rollback {id}", id)
    }

    fn has_more_to_do(&self) -> bool {
        self.options.purge && !is_absent(self.context.records.root())
    }

    /// `--purge`: the records go last, when nothing needs them any more.
    fn afterwards(&self) -> Result<(), Failure> {
        if self.options.purge {
            generations::discard_all(&self.context.records)?;
        }
        Ok(())
    }
}
