//! `doctor --live`: who is asked is said beforehand, then they are asked, and their answers become
//! part of the snapshot.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::Doctor;
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::doctor::Check;
use crate::doctor::live_targets::LiveTargets;
use crate::language::{Kind, Problem};
use crate::outside::Probe;
use crate::outside::dingtalk::{self, Bot};
use crate::outside::provider::Provider;
use crate::redaction::masked;
use crate::snapshot::host::Program;
use crate::snapshot::{Live, Outside, Reason, Snapshot};

/// How long a completion may take, where `--timeout` allows as much.
const COMPLETION: Duration = Duration::from_secs(60);

/// Asks the outside world what the chosen checks want to know. With `--dry-run` it is only said,
/// unless a plan of repairs is to be shown, which needs the answers.
pub(super) fn ask_for(
    context: &Context,
    options: &Doctor,
    checks: &[&'static Check],
    snapshot: &mut Snapshot,
) -> Result<(), Failure> {
    let is_only_said = context.dry_run && !options.fix;
    ask_unless(is_only_said, context, checks, snapshot)
}

/// Asks the outside world what these checks want to know.
pub(in crate::command) fn ask(
    context: &Context,
    checks: &[&'static Check],
    snapshot: &mut Snapshot,
) -> Result<(), Failure> {
    ask_unless(false, context, checks, snapshot)
}

fn ask_unless(
    is_only_said: bool,
    context: &Context,
    checks: &[&'static Check],
    snapshot: &mut Snapshot,
) -> Result<(), Failure> {
    let wants = |ids: &[&str]| {
        checks.iter().any(|check| ids.contains(&check.family()) || ids.contains(&check.id))
    };
    let targets = LiveTargets::of(snapshot);
    let timeout = context.timeout.at_most(COMPLETION);
    let provider = wants(&["llm"]).then(|| targets.provider(timeout));
    let bots = wants(&["dingtalk", "proxy.dingtalk", "proxy.socks"]).then(|| targets.bots());
    announce(
        context,
        provider.iter().flatten().next(),
        bots.iter().flatten().flatten(),
        targets.proxy(),
    );
    if is_only_said {
        return Ok(());
    }
    let node = node(context, &snapshot.installation.program, snapshot.host.path.as_deref());
    let probe = Probe::new(node, targets.environment(), context.timeout, &context.interrupt);
    let proxy = targets.proxy();
    let outside = Outside {
        provider: answered(provider, |provider| provider.ask(&probe))?,
        dingtalk: answered(bots, |bots| dingtalk::ask(&bots, proxy, &probe))?,
    };
    snapshot.outside = outside;
    Ok(())
}

/// Only an interrupt ends the command: that nobody could be asked is told by the checks.
fn answered<T, A>(
    target: Live<T>,
    ask: impl FnOnce(T) -> Result<A, Problem>,
) -> Result<Live<A>, Problem> {
    let answers = target.map(|found| found.and_then(|target| ask(target).map_err(Reason::Probe)));
    match answers {
        Some(Err(Reason::Probe(problem))) if problem.kind == Kind::Interrupted => Err(problem),
        answers => Ok(answers),
    }
}

/// The unit's Node.js, else the first on the PATH of the service or on ours.
pub(in crate::command) fn node(
    context: &Context,
    program: &Program,
    path: Option<&str>,
) -> Option<PathBuf> {
    let own = program.node.clone().filter(|node| node.is_file());
    let paths = path.map(Into::into).into_iter().chain(context.surroundings.path("PATH"));
    own.or_else(|| {
        let folders =
            paths.flat_map(|path: PathBuf| std::env::split_paths(&path).collect::<Vec<_>>());
        folders.map(|folder| folder.join("node")).find(|node| node.is_absolute() && node.is_file())
    })
}

/// Says who is asked for what, before anybody is.
fn announce<'a>(
    context: &Context,
    provider: Option<&Provider>,
    bots: impl Iterator<Item = &'a Bot>,
    proxy: Option<&str>,
) {
    let mut lines = Vec::new();
    if let Some(provider) = provider {
        let base = masked(&provider.base_url);
        lines.push(if let Ok((_, model)) = provider.completion_question() {
            say!(
                "Asking the provider at {base} for one completion of a few tokens (model {model}).",
                base,
                model
            )
        } else {
            say!("Checking whether the provider at {base} can be reached.", base)
        });
    }
    for bot in bots {
        let id = &bot.client_id;
        lines.push(say!("Asking DingTalk for a token and a Stream connection for bot {id}.", id));
    }
    if let Some(proxy) = proxy.filter(|_| !lines.is_empty()) {
        let proxy = masked(proxy);
        lines.push(say!("Each directly, and through the proxy {proxy}.", proxy));
    }
    for line in &lines {
        context.console.print(line);
    }
}
