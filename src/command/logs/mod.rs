//! `logs`: what the gateway says, and goes on saying, without secrets and without what people wrote.

mod secrets;
mod tell;

use std::os::fd::AsFd;
use std::time::Duration;

use self::secrets::Secrets;
use self::tell::Form;
use super::context::Context;
use super::failure::{Exit, Failure};
use crate::cli::Logs;
use crate::health::{Follower, LogSource, Origin, Redaction, Wanted};
use crate::say;
use crate::snapshot::service::{Managed, Service};
use crate::timeout::Timeout;

/// How many lines are shown where nothing says so.
const LINES: u32 = 100;

/// A log is wanted just when nothing else answers: a hung user manager is not waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Shows the log until its end, or until Ctrl-C.
pub(super) fn run(context: Context, options: &Logs) -> Result<Exit, Failure> {
    let timeout = Timeout::new(Some(context.timeout.span().min(TIMEOUT)));
    let context = Context { timeout, ..context };
    let manager = context.manager().ok().flatten();
    let service =
        context.service(manager.as_ref(), context.deadline()).unwrap_or(Service::Unmanaged);
    // whoever reads an environment learns its secrets
    let _ = service.managed().map(Managed::environment_of_process);
    let started = service.managed().map_or(0, |managed| managed.unit.main_start_usec);
    let mut secrets = Secrets::read(&context);
    let source = LogSource::of(&context.paths.unit, secrets.config());
    let wanted = wanted(options, started);
    let origin = source.origin(wanted.since_usec, context.deadline(), &context.interrupt);
    if context.interrupt.is_raised() {
        return Ok(cut_off(options));
    }
    let origin = origin?;
    introduce(&context, &origin, secrets.config().is_some());

    let form = Form::of(context.console.json);
    let (mut redaction, mut count) = (Redaction::from_anywhere(), 0_u64);
    let stdout = std::io::stdout();
    let mut hear = |line| {
        count += 1;
        secrets.refresh();
        form.line(&redaction.shown(&line)).write_to(&mut stdout.lock())
    };
    let (interrupt, output) = (&context.interrupt, stdout.as_fd());
    Follower { interrupt, output, hear: &mut hear }.read(&origin, &source, wanted)?;
    if context.interrupt.is_raised() {
        return Ok(cut_off(options));
    }
    if count == 0 {
        tell_of_silence(&context, wanted.since_usec);
    }
    Ok(Exit::Done)
}

/// Ctrl-C is how people leave a log that they follow: no script waits for another end of it.
fn cut_off(options: &Logs) -> Exit {
    if options.follow { Exit::Done } else { Exit::Interrupted }
}

/// What was asked for; else the last lines since the gateway's last start.
fn wanted(options: &Logs, started_usec: u64) -> Wanted {
    let since = options.since.map(|since| since.usec);
    let by_default = since.is_none().then_some(LINES);
    Wanted {
        since_usec: since.unwrap_or(started_usec),
        lines: options.lines.or(by_default),
        follow: options.follow,
    }
}

fn introduce(context: &Context, origin: &Origin, secrets_are_known: bool) {
    let console = context.console;
    match origin {
        Origin::Journal if console.verbose => {
            console.print(&say!("from the journal, {unit}", unit = context.paths.unit));
        }
        Origin::Journal => {}
        Origin::Files(path) => console.print(&say!(
            "Not in the journal; from OpenClaw's log file {path}",
            path = path.display()
        )),
    }
    if !secrets_are_known {
        console.print(&say!(
            "The config cannot be read, so secrets are recognised only by the names before them."
        ));
    }
}

fn tell_of_silence(context: &Context, since_usec: u64) {
    let since = tell::local_time(since_usec);
    context.console.print(&say!(
        "Nothing has been logged since {since}. Earlier lines: openclaw-setup logs --since 1d",
        since
    ));
}
