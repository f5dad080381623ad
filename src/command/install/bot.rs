//! The bot of an installation: made by a QR code, and what `DingTalk` says of one that was given.

use std::thread;
use std::time::Duration;

use crate::command::context::Context;
use crate::command::doctor::live::node;
use crate::interrupt::Interrupt;
use crate::language::{Kind, Problem};
use crate::openclaw::document::Value;
use crate::outside::dingtalk::{Bot, refusal_of};
use crate::outside::registration::{BASE_VARIABLE, Invitation, Registrar, SOURCE_VARIABLE};
use crate::outside::{self, Probe};
use crate::progress::Progress;
use crate::report::Mark;
use crate::report::screen::{Bar, qr_code};
use crate::settings::prompt;
use crate::snapshot::installation::Installation;
use crate::systemd::environment::{Environment, any_proxy};
use crate::timeout::Deadline;

/// How long trouble may last until it is taken for lasting, as in the connector's installer.
const TROUBLE: Duration = Duration::from_secs(120);

/// How often the wait looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// `DingTalk`, as it is asked from here.
pub(super) struct DingTalk<'a> {
    context: &'a Context,
    environment: Environment,
    probe: Probe<'a>,
}

impl<'a> DingTalk<'a> {
    /// As the gateway will see it.
    pub(super) fn new(context: &'a Context, installation: &Installation, config: &Value) -> Self {
        let environment = installation.next_environment(config);
        let node = node(context, &installation.program, environment.get("PATH"));
        let probe = Probe::new(node, &environment, context.timeout, &context.interrupt);
        Self { context, environment, probe }
    }

    /// Why `DingTalk` does not take a bot; nothing where it takes it, or cannot be asked.
    pub(super) fn refusal(&self, bot: &Bot) -> Result<Option<String>, Problem> {
        let bar = Bar::on(self.context.console);
        bar.begin(&say!("asking DingTalk"), None);
        match refusal_of(bot, any_proxy(&self.environment), &self.probe) {
            Err(problem) if problem.kind == Kind::Interrupted => Err(problem),
            told => Ok(told.unwrap_or_default()),
        }
    }

    /// Offers to make a bot by a QR code; nothing where that is not wanted, or does not come about.
    pub(super) fn new_bot(&self) -> Result<Option<Bot>, Problem> {
        let context = self.context;
        context.console.eprint(&say!(
            "The bot's client id and secret are needed. A QR code, scanned with DingTalk, makes a new bot and brings both; else they can be typed."
        ));
        if !prompt::is_wanted(&say!("Show the QR code?"), true, &context.interrupt)? {
            return Ok(None);
        }
        let variable = |name| context.surroundings.text(name);
        let (base, source) = (variable(BASE_VARIABLE), variable(SOURCE_VARIABLE));
        // a bot that is just being made is heard of, whatever signal comes
        let never = Interrupt::never();
        let patient = self.probe.ended_by(&never);
        let [asking, polling] = [&self.probe, &patient].map(|probe| {
            Registrar::new(probe, any_proxy(&self.environment), base.clone(), source.clone())
        });
        let bar = Bar::on(context.console);
        bar.begin(&say!("asking DingTalk"), None);
        let invited = asking.invite();
        bar.end();
        let made = invited.and_then(|invitation| {
            self.show(&invitation);
            // from here on a bot may be made, and whoever ended us at once would never hear of it
            context.interrupt.hold();
            self.wait_for(&polling, &invitation, &bar)
        });
        bar.end();
        match made {
            Ok(bot) => {
                let text = say!("DingTalk has made the bot {id}.", id = &bot.client_id);
                context.console.print_marked(Mark::Good, &text);
                Ok(Some(bot))
            }
            Err(problem) if problem.kind == Kind::Interrupted => Err(problem),
            Err(problem) => {
                context.console.warn(&problem);
                Ok(None)
            }
        }
    }

    fn show(&self, invitation: &Invitation) {
        let console = self.context.console;
        let link = &invitation.link;
        if let Some(code) = qr_code(link) {
            console.picture(&code);
            console.eprint(&say!("Scan it with DingTalk, or open {link}", link));
        } else {
            console.eprint(&say!("Open with DingTalk: {link}", link));
        }
    }

    fn wait_for(
        &self,
        registrar: &Registrar<'_>,
        invitation: &Invitation,
        bar: &Bar,
    ) -> Result<Bot, Problem> {
        let Context { interrupt, timeout, .. } = self.context;
        let end = Deadline::after(invitation.expires_in);
        let mut trouble: Option<(Deadline, String)> = None;
        bar.begin(&waiting(end, None), None);
        while !end.has_passed() {
            let next = Deadline::after(invitation.interval);
            while !next.has_passed() && !interrupt.is_raised() {
                bar.tell(&waiting(end, trouble.as_ref().map(|(_, what)| what)));
                thread::sleep(LOOK);
            }
            if interrupt.is_raised() {
                bar.tell(&say!("asking DingTalk"));
            }
            match registrar.bot_of(invitation) {
                Ok(Some(bot)) => return Ok(bot),
                _ if interrupt.is_raised() => return Err(outside::interrupted()),
                Ok(None) => trouble = None,
                Err(problem) => {
                    let until = trouble.map(|(until, _)| until);
                    let until = until.unwrap_or_else(|| Deadline::after(timeout.at_most(TROUBLE)));
                    if until.has_passed() {
                        return Err(problem);
                    }
                    trouble = Some((until, problem.message));
                }
            }
        }
        Err(outside::registration::expired())
    }
}

/// What becomes of a bot whose secret goes with this run.
pub(super) fn lost(id: &str) -> String {
    say!(
        "DingTalk has made the bot {id}, and it stays there. openclaw-setup has not kept its secret: to see it, or to delete the bot, open DingTalk's developer console (open-dev.dingtalk.com).",
        id
    )
}

fn waiting(end: Deadline, trouble: Option<&String>) -> String {
    let seconds = end.remaining().as_secs();
    let left = format!("{}:{:02}", seconds / 60, seconds % 60);
    trouble.map_or_else(
        || say!("waiting for the scan, {left} left; Ctrl-C ends it", left),
        |trouble| say!("{trouble}; still waiting, {left} left", trouble, left),
    )
}
