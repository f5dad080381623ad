//! `doctor --live`: who is asked is said beforehand, then they are asked, and their answers become
//! part of the snapshot.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::Doctor;
use crate::command::context::Context;
use crate::command::failure::Failure;
use crate::doctor::Check;
use crate::doctor::whom::Outlook;
use crate::outside::dingtalk::{self, Bot};
use crate::outside::provider::{Provider, ProviderAnswers};
use crate::outside::{Answer, Messenger, OutsideError};
use crate::redaction::masked;
use crate::say;
use crate::snapshot::Snapshot;
use crate::snapshot::outside::{Asked, Outside, Reason};

/// How long a completion may take, where `--timeout` allows as much.
const COMPLETION: Duration = Duration::from_secs(60);

/// Asks the outside world what the chosen checks want to know. With `--dry-run` it is only said,
/// unless a plan of repairs is to be shown, which needs the answers.
pub(super) fn ask(
    context: &Context,
    options: &Doctor,
    checks: &[&'static Check],
    snapshot: &mut Snapshot,
) -> Result<(), Failure> {
    let wants = |ids: &[&str]| {
        checks.iter().any(|check| ids.contains(&check.family()) || ids.contains(&check.id))
    };
    let outlook = Outlook::of(snapshot);
    let provider = wants(&["llm"])
        .then(|| outlook.provider(context.patience.at_most(COMPLETION)))
        .map_or(Err(None), |found| found.map_err(Some));
    let bots = wants(&["dingtalk", "proxy.dingtalk", "proxy.socks"])
        .then(|| outlook.bots())
        .map_or(Err(None), |found| found.map_err(Some));
    announce(context, provider.as_ref().ok(), bots.as_deref().unwrap_or_default(), &outlook);
    if context.dry_run && !options.fix {
        return Ok(());
    }
    let answers = asked(context, snapshot, &outlook, provider, bots)?;
    snapshot.outside = answers;
    Ok(())
}

/// Somebody to ask, or why not; no reason where nobody wanted it.
type Whom<T> = Result<T, Option<Reason>>;

fn asked(
    context: &Context,
    snapshot: &Snapshot,
    outlook: &Outlook<'_>,
    provider: Whom<Provider>,
    bots: Whom<Vec<Bot>>,
) -> Result<Outside, Failure> {
    let mask = |text: &str| masked(text);
    let node = node(context, snapshot);
    let messenger =
        node.map(|node| Messenger::new(node, outlook.environment(), &context.interrupt));
    let messenger = messenger.ok_or(OutsideError::NoNode);
    let base_url = provider.as_ref().map(|provider| mask(&provider.base_url)).unwrap_or_default();
    let mut outside = Outside { base_url, ..Outside::default() };
    outside.provider = answer(provider, &messenger, |provider, messenger| provider.ask(messenger))?;
    outside.dingtalk = answer(bots, &messenger, |bots, messenger| {
        dingtalk::ask(&bots, outlook.proxy(), messenger)
    })?;
    for answer in answers_in(&mut outside) {
        answer.mask(&mask);
    }
    if let Asked::Answered(ProviderAnswers { completion: Ok(completion), .. }) =
        &mut outside.provider
    {
        completion.mask_addresses(&mask);
    }
    Ok(outside)
}

/// Only an interrupt ends the command: that nobody could be asked is told by the checks.
fn answer<W, A>(
    whom: Whom<W>,
    messenger: &Result<Messenger<'_>, OutsideError>,
    ask: impl FnOnce(W, &Messenger<'_>) -> Result<A, OutsideError>,
) -> Result<Asked<A>, Failure> {
    let whom = match whom {
        Ok(whom) => whom,
        Err(None) => return Ok(Asked::No),
        Err(Some(reason)) => return Ok(Asked::Unable(reason)),
    };
    let answers =
        messenger.as_ref().map_err(Clone::clone).and_then(|messenger| ask(whom, messenger));
    match answers {
        Ok(answers) => Ok(Asked::Answered(answers)),
        Err(OutsideError::Interrupted) => Err(OutsideError::Interrupted.into()),
        Err(error) => Ok(Asked::Unable(Reason::Messenger(error))),
    }
}

fn answers_in(outside: &mut Outside) -> Vec<&mut Answer> {
    let mut all = Vec::new();
    if let Asked::Answered(provider) = &mut outside.provider {
        all.extend(provider.reach.iter_mut().map(|(_, answer)| answer));
        all.extend(provider.completion.iter_mut().map(|completion| &mut completion.answer));
    }
    if let Asked::Answered(bots) = &mut outside.dingtalk {
        all.extend(
            bots.iter_mut().flat_map(|bot| [&mut bot.token, &mut bot.open, &mut bot.stream]),
        );
    }
    all
}

/// The unit's Node.js, else the first on the PATH of the service or on ours.
fn node(context: &Context, snapshot: &Snapshot) -> Option<PathBuf> {
    let own = snapshot.installation.program.node.clone().filter(|node| node.is_file());
    let of_service = snapshot.host.path.clone().map(Into::into);
    let paths = of_service.into_iter().chain(context.surroundings.path("PATH"));
    own.or_else(|| {
        let folders =
            paths.flat_map(|path: PathBuf| std::env::split_paths(&path).collect::<Vec<_>>());
        folders.map(|folder| folder.join("node")).find(|node| node.is_absolute() && node.is_file())
    })
}

fn announce(context: &Context, provider: Option<&Provider>, bots: &[Bot], outlook: &Outlook<'_>) {
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
            say!("Looking whether the provider at {base} can be reached.", base)
        });
    }
    for bot in bots {
        let id = &bot.client_id;
        lines.push(say!("Asking DingTalk for a token and a Stream connection of bot {id}.", id));
    }
    if let Some(proxy) = outlook.proxy().filter(|_| !lines.is_empty()) {
        let proxy = masked(proxy);
        lines.push(say!("Each directly, and through the proxy {proxy}.", proxy));
    }
    for line in &lines {
        context.console.tell(line);
    }
}
