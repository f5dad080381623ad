//! Why no plan can be made: nothing has been touched.

use std::path::Path;

use semver::Version;

use crate::connector::release::{Generation, Habit, USUAL_PORT};
use crate::language::Problem;
use crate::openclaw::document::Value;
use crate::snapshot::installation::Installation;

/// A config that something else manages is not edited.
pub(super) fn refuse_read_only(installation: &Installation) -> Result<(), Problem> {
    installation.read_only.map_or(Ok(()), |variable| Err(read_only(variable)))
}

/// The config is managed by something else; `variable` says so.
fn read_only(variable: &str) -> Problem {
    let message = say!(
        "{variable} is set: OpenClaw's config is managed by something else and must not be edited",
        variable
    );
    let hint =
        say!("Make the change where the config is managed; --dry-run on another machine shows it.");
    Problem::new("config.read-only", message, hint)
}

/// `--gateway-auth none` on a gateway that others can reach, through this key or option.
pub(super) fn exposed(key: &str, value: &str) -> Problem {
    let message = say!(
        "the gateway can be reached from outside ({key} = {value}); without a token anybody could run the agent",
        key,
        value
    );
    Problem::new("gateway.exposed", message, say!("Use: --gateway-auth token"))
}

/// Plugins are switched off as a whole.
pub(super) fn plugins_off(file: &Path) -> Problem {
    let file = file.display();
    let message = say!("{file}: plugins.enabled is false, so no plugin is loaded at all", file);
    let hint = say!("Switch them on: openclaw config set plugins.enabled true");
    Problem::new("config.plugins-off", message, hint)
}

/// The gateway's auth mode is none that the connector can speak.
pub(super) fn auth_mode(mode: &str) -> Problem {
    let message = say!("gateway.auth.mode is {mode}, which the connector does not support", mode);
    let hint = say!("Choose one: --gateway-auth token, or --gateway-auth none");
    Problem::new("gateway.auth-mode", message, hint)
}

/// The gateway's token is kept where the connector cannot read it.
pub(super) fn token_unreadable() -> Problem {
    let message = say!(
        "the gateway's token or password is not in the config as text or ${{VAR}}, so it cannot be handed to the connector"
    );
    let hint = say!("Give it with --gateway-token-file, or choose --gateway-auth none.");
    Problem::new("gateway.token-unreadable", message, hint)
}

/// What is asked for is said otherwise by an option of the gateway's command, which wins.
pub(super) fn decided_by_the_unit(option: &str) -> Problem {
    let message = say!(
        "the gateway's unit starts it with another {option}, which outweighs the config",
        option
    );
    let hint =
        say!("Take {option} out of the unit's ExecStart, or choose what it says there.", option);
    Problem::new("gateway.decided-by-unit", message, hint)
}

/// The gateway's own secret is a placeholder.
pub(super) fn token_placeholder(key: &str) -> Problem {
    let message = say!("{name} still holds a placeholder", name = key);
    let hint = say!("To have a token made for the gateway and the connector: --gateway-auth token");
    Problem::new("gateway.token-placeholder", message, hint)
}

/// What was given is not the gateway's own.
pub(super) fn token_conflict(key: &str) -> Problem {
    let message = say!("the token that was given is not the gateway's own ({key})", key);
    let hint =
        say!("Omit the token to use the gateway's, or say --gateway-auth token to change both.");
    Problem::new("gateway.token-conflict", message, hint)
}

/// There is no connector to upgrade.
pub fn nothing_installed() -> Problem {
    let hint = say!("Install one: openclaw-setup install");
    Problem::new("connector.not-installed", say!("no DingTalk connector is installed here"), hint)
}

/// The payload is older than what is installed.
pub(super) fn downgrade(from: &str, to: &str) -> Problem {
    let message = say!("connector {to} is older than the installed {from}", to, from);
    let hint = say!(
        "If that is what you want: --allow-downgrade. To go back to an earlier state: openclaw-setup rollback"
    );
    Problem::new("connector.downgrade", message, hint)
}

/// The catalogue knows that this pair does not answer.
pub fn incompatible(problem: Problem) -> Problem {
    let anyway = say!("To install it all the same: --force-incompatible");
    let hint = format!("{}\n{anyway}", problem.hint);
    Problem { hint, ..problem }
}

/// The connector that is to stay does not answer here as it stands.
pub fn ill_adapted() -> Problem {
    let message = say!("the installed connector is not adapted to this OpenClaw as it has to be");
    let hint = say!("Adapt it first: openclaw-setup doctor --fix compat.matrix");
    Problem::new("compat.matrix", message, hint)
}

/// The channel block cannot stay without the connector.
pub(super) fn channel_needs_connector() -> Problem {
    let message = say!(
        "this OpenClaw refuses a config that names a channel without its connector, so the channel block cannot stay"
    );
    let hint = say!("Omit --keep-config; openclaw-setup rollback brings the block back whole.");
    Problem::new("config.channel-needs-connector", message, hint)
}

/// The gateway runs, and the file of `apply` says that it is not to be stopped.
pub fn restart_refused() -> Problem {
    let message = say!(
        "the gateway runs and would have to be stopped for this, which restart: false forbids"
    );
    let hint = say!(
        "Run it again with restart: true in the file when the bot may be away for a moment, or while the gateway is stopped. What would change: apply --check --diff"
    );
    Problem::new("apply.restart", message, hint)
}

/// There is no transaction of that id, or none at all.
pub fn no_such_transaction(id: Option<&str>) -> Problem {
    let message = id.map_or_else(
        || say!("there is no transaction to roll back"),
        |id| say!("there is no completed transaction {id}", id),
    );
    Problem::new("history.no-such-transaction", message, say!("List them: openclaw-setup history"))
}

/// The tree from before that transaction is no longer kept.
pub(super) fn tree_pruned(id: &str) -> Problem {
    let message =
        say!("the connector tree from before {id} is no longer kept (only the last three are)", id);
    let hint =
        say!("Choose a later one (openclaw-setup history), or install that connector again.");
    Problem::new("history.tree-pruned", message, hint)
}

/// The connector calls another port than the gateway's.
pub fn port_missed(connector: &Version, does: &Generation, port: u16) -> Option<Problem> {
    let misses = port != USUAL_PORT && does.has(Habit::NeedsUsualPort);
    let version = connector;
    let message = say!(
        "connector {version} always calls port 18789, and the gateway is on {port}",
        version,
        port
    );
    let hint = say!(
        "Move the gateway (openclaw gateway install --force --port 18789) or take connector 0.7.10 or later"
    );
    misses.then(|| Problem::new("gateway.port", message, hint))
}

/// The connector speaks plain HTTP to a gateway that speaks TLS.
pub fn tls_missed(connector: &Version, does: &Generation, tls: Option<&Value>) -> Option<Problem> {
    let misses = tls == Some(&Value::from(true)) && does.has(Habit::ForbidsTls);
    let version = connector;
    let message =
        say!("the gateway speaks TLS, and connector {version} speaks plain HTTP only", version);
    let hint = "openclaw config set gateway.tls.enabled false".to_owned();
    misses.then(|| Problem::new("gateway.port", message, hint))
}

/// What no drop-in of ours overrides takes entries out of `no_proxy` that are asked for.
pub(super) fn no_proxy_overridden(unit: &str, hosts: &str, place: &str) -> Problem {
    let message = say!(
        "{unit}: no_proxy cannot be given {hosts}, because of {place}, which overrides any drop-in of openclaw-setup",
        unit,
        hosts,
        place
    );
    let hint = say!("Add the hosts there, or leave them out here.");
    Problem::new("proxy.overridden", message, hint)
}

/// What no drop-in of ours overrides sends requests to this machine to a proxy.
pub(super) fn bypass_overridden(unit: &str, place: &str) -> Problem {
    let message = say!(
        "{unit}: requests to this machine would go to the proxy, because of {place}, which overrides any drop-in of openclaw-setup",
        unit,
        place
    );
    let hint = say!(
        "Add 127.0.0.1,localhost,::1,[::1] to no_proxy and NO_PROXY there, or remove both variables there, then run the command again."
    );
    Problem::new("proxy.overridden", message, hint)
}
