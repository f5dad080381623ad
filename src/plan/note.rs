//! What a plan has to tell beyond its steps.

use std::path::Path;

use semver::Version;

use crate::connector::npm::Pin;
use crate::language::{Localized, Problem, list};

/// A remark of the plan: something it corrects, leaves, or cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A stable id for `--json`.
    pub code: &'static str,
    text: String,
}

impl Localized for Note {
    fn text(&self) -> String {
        self.text.clone()
    }
}

impl Note {
    fn new(code: &'static str, text: String) -> Self {
        Self { code, text }
    }

    /// Keys that the new connector's schema forbids are taken out.
    pub(super) fn keys_taken_out(keys: &[String]) -> Self {
        let text = say!(
            "this connector's schema does not allow {keys}: removed from the channel, kept in the transaction",
            keys = list(keys)
        );
        Self::new("keys-taken-out", text)
    }

    /// What all accounts said alike moves to the channel itself.
    pub(super) fn keys_raised(keys: &[String]) -> Self {
        let text = say!(
            "{keys}: the same in all accounts, and moved to the channel itself, because this connector's schema allows it only there",
            keys = list(keys)
        );
        Self::new("keys-raised", text)
    }

    /// What only an earlier connector needed returns to what it was.
    pub(super) fn given_back(keys: &[String]) -> Self {
        let text = say!(
            "set by openclaw-setup for a connector that called the gateway over HTTP, and no longer needed: {keys} (returns to what it was before)",
            keys = list(keys)
        );
        Self::new("settings-given-back", text)
    }

    /// An earlier connector needed a gateway without auth.
    pub(super) fn auth_unneeded() -> Self {
        let text = say!(
            "this connector no longer needs gateway.auth.mode none, which lets every local user in; to guard the gateway again: openclaw-setup install --gateway-auth token"
        );
        Self::new("auth-unneeded", text)
    }

    /// Rules of access begin to hold.
    pub(super) fn access_heeded(keys: &[String], was: &Version, comes: &Version) -> Self {
        let text = say!(
            "connector {comes} enforces {keys} as it stands in the channel, {was} did not: whom the lists do not name is turned away, and an empty list turns everybody away",
            comes,
            keys = list(keys),
            was
        );
        Self::new("access-heeded", text)
    }

    /// Rules of access cease to hold.
    pub(super) fn access_unheeded(keys: &[String], comes: &Version) -> Self {
        let text = say!(
            "connector {comes} does not enforce {keys} as it stands in the channel: those whom it turned away may use the bot",
            comes,
            keys = list(keys)
        );
        Self::new("access-unheeded", text)
    }

    /// What `DingTalk` says of the bot that was given.
    pub fn bot_refused(refusal: String) -> Self {
        Self::new("bot-refused", refusal)
    }

    /// The damaged one-line drop-in of the page was repaired.
    pub(super) fn drop_in_repaired(file: &Path) -> Self {
        let text = say!(
            "{file} had lost its line breaks (systemd: \"Invalid section header\"): repaired",
            file = file.display()
        );
        Self::new("drop-in-repaired", text)
    }

    /// Paths of the tree were changed by somebody since it was installed.
    pub(super) fn tree_deviates(paths: usize, kept: &Path) -> Self {
        let text = say_count!(
            paths,
            "{paths} path of the installed tree was changed since it was installed; the old tree is kept below {kept}",
            "{paths} paths of the installed tree were changed since it was installed; the old tree is kept below {kept}",
            paths,
            kept = kept.display()
        );
        Self::new("tree-deviates", text)
    }

    /// The tree was not installed by us.
    pub(super) fn tree_unrecorded(kept: &Path) -> Self {
        let text = say!(
            "the present connector was not installed by openclaw-setup; it is kept below {kept}",
            kept = kept.display()
        );
        Self::new("tree-unrecorded", text)
    }

    /// The tree is put back from a payload.
    pub(super) fn tree_renewed(from: &Path) -> Self {
        let text = say!("the connector is installed again from {from}", from = from.display());
        Self::new("tree-renewed", text)
    }

    /// A symbolic link to the tree gives way to a copy of what it leads to.
    pub(super) fn link_replaced(link: &Path) -> Self {
        let text = say!(
            "{link} becomes a directory, copied from the link's target; the link is kept in the transaction",
            link = link.display()
        );
        Self::new("link-replaced", text)
    }

    /// The connector is led to the OpenClaw that runs it.
    pub(super) fn host_linked(link: &Path, host: &Path) -> Self {
        let (link, host) = (link.display(), host.display());
        Self::new("host-linked", say!("{link} will point to {host}", link, host))
    }

    /// Keys that somebody else has changed since were left.
    pub(super) fn keys_kept(keys: &[String]) -> Self {
        let keys = list(keys);
        Self::new("keys-kept", say!("changed by others since, so left as they are: {keys}", keys))
    }

    /// Keys that somebody else has changed since went all the same.
    pub(super) fn keys_go_with_connector(keys: &[String]) -> Self {
        let text = say!(
            "changed by others since, but removed, because OpenClaw rejects them without the connector; kept in the transaction: {keys}",
            keys = list(keys)
        );
        Self::new("keys-go-with-connector", text)
    }

    /// Accounts that somebody has added go with the channel.
    pub(super) fn accounts_go(accounts: &[String], kept: &Path) -> Self {
        let text = say!(
            "the channel goes with the accounts that were added to it, id and secret: {accounts}; a copy is kept: {kept}",
            accounts = list(accounts),
            kept = kept.display()
        );
        Self::new("accounts-go", text)
    }

    /// A file that somebody else has changed since was left.
    pub(super) fn file_kept(file: &Path) -> Self {
        let file = file.display();
        Self::new("file-kept", say!("{file} was changed by others since; left as it is", file))
    }

    /// What an earlier `doctor --fix` moved is no longer kept, so it cannot come back.
    pub(super) fn move_pruned(from: &Path, kept: &Path) -> Self {
        let text = say!(
            "{from} cannot be restored: {kept} no longer exists (doctor keeps only the last three things it moved away)",
            from = from.display(),
            kept = kept.display()
        );
        Self::new("move-pruned", text)
    }

    /// Keys of a set-up made by hand, which may serve others than the connector.
    pub(super) fn keys_of_hand_stay(file: &Path, keys: &[String]) -> Self {
        let commands: Vec<_> =
            keys.iter().map(|key| format!("openclaw config unset {key}")).collect();
        let text = say!(
            "set by hand and perhaps used by others, so left in {file}: {names}. If nothing needs them: {commands}",
            file = file.display(),
            names = list(keys),
            commands = commands.join("; ")
        );
        Self::new("keys-of-hand-stay", text)
    }

    /// The bypass of a set-up made by hand.
    pub(super) fn bypass_of_hand_stays(file: &Path, unit: &str) -> Self {
        let text = say!(
            "set by hand and perhaps used by others, so left in {file}: no_proxy and NO_PROXY. If nothing needs them, delete both lines (systemctl --user edit {unit}), then: systemctl --user restart {unit}",
            file = file.display(),
            unit
        );
        Self::new("bypass-of-hand-stays", text)
    }

    /// A key stands twice in one object; the last one, at `place`, counts.
    pub(super) fn duplicate_key(file: &Path, place: (usize, usize), key: &str) -> Self {
        let text = say!(
            "{file}:{line}:{column}: duplicate key {key}; OpenClaw uses the last one, so that one is edited",
            file = file.display(),
            line = place.0,
            column = place.1,
            key
        );
        Self::new("duplicate-key", text)
    }

    /// The agent model file is no JSON; OpenClaw replaces it at the next agent run.
    pub(super) fn models_unreadable(file: &Path) -> Self {
        let text = say!(
            "{file} is not valid JSON and is left alone; OpenClaw writes it again at the next agent run",
            file = file.display()
        );
        Self::new("models-unreadable", text)
    }

    /// There is no user manager to talk to.
    pub(super) fn no_manager(user: &str) -> Self {
        let text = say!(
            "no systemd user manager runs for {user}: the files take effect at the next login. To run the gateway without a login: sudo loginctl enable-linger {user}",
            user
        );
        Self::new("no-manager", text)
    }

    /// The unit does not exist: a drop-in alone has no effect.
    pub(super) fn no_unit(unit: &str) -> Self {
        let text = say!(
            "there is no unit {unit}: a drop-in alone has no effect. Create it with: openclaw gateway install",
            unit
        );
        Self::new("no-unit", text)
    }

    /// The gateway does not run and is not started.
    pub(super) fn not_running(unit: &str) -> Self {
        let text = say!(
            "{unit} is not running and is not started (use --start, or: systemctl --user start {unit})",
            unit
        );
        Self::new("not-running", text)
    }

    /// The gateway may take longer to stop than anything else that is waited for.
    pub(super) fn slow_to_stop(unit: &str, seconds: u64) -> Self {
        let text = say!(
            "{unit} may take up to {seconds} s to stop (its TimeoutStopSec); openclaw-setup waits that long unless --timeout says otherwise",
            unit,
            seconds
        );
        Self::new("slow-to-stop", text)
    }

    /// npm dependencies will be fetched; `pins` are not left to npm's choice.
    pub(super) fn dependencies(pins: &[Pin]) -> Self {
        let pins: Vec<_> = pins.iter().map(Localized::text).collect();
        let text = if pins.is_empty() {
            say!("npm dependencies will be fetched")
        } else {
            say!("npm dependencies will be fetched; {pins}", pins = pins.join("; "))
        };
        Self::new("dependencies", text)
    }

    /// What is expected of a connector that nobody has tried on this OpenClaw.
    pub fn predicted(text: String) -> Self {
        Self::new("predicted", text)
    }

    /// Why what is installed all the same could not be adapted.
    pub fn not_adapted(why: String) -> Self {
        Self::new("not-adapted", why)
    }

    /// OpenClaw ends the bot's conversations in the connector's stead.
    pub(super) fn timeout_moved(key: &str, minutes: f64) -> Self {
        let text = say!(
            "this connector does not read sessionTimeout; OpenClaw ends the bot's conversations instead, after {minutes} min without a word: {key}",
            minutes,
            key
        );
        Self::new("timeout-moved", text)
    }

    /// Its code is another's than it says, or than that of the program that was measured.
    pub(super) fn other_release(remark: String) -> Self {
        Self::new("other-release", remark)
    }

    /// A catalogue that cannot be used.
    pub(super) fn catalogue_unusable(fault: Problem) -> Self {
        Self::new("catalogue-unusable", fault.message)
    }

    /// The payload was verified by nothing.
    pub(super) fn unverified() -> Self {
        Self::new("unverified", say!("the payload was not verified (--allow-unverified)"))
    }

    /// The gateway's HTTP interface needs no token.
    pub(super) fn auth_none() -> Self {
        let text = say!(
            "gateway.auth.mode is none: every local user and process can use the gateway; --gateway-auth token is safer"
        );
        Self::new("auth-none", text)
    }

    /// The proof at the end costs something.
    pub fn asks_the_model() -> Self {
        let text = say!(
            "at the end the model is asked one question the way the bot asks it, which costs a few tokens (not with --no-ask)"
        );
        Self::new("asks-the-model", text)
    }

    /// A real run of `apply` would refuse to stop the gateway.
    pub fn restart_refused() -> Self {
        let text = say!(
            "restart: false forbids to stop the gateway for this; as long as it runs, a real run refuses it"
        );
        Self::new("restart-refused", text)
    }

    /// The answers file can be read by others.
    pub fn answers_readable(file: &Path) -> Self {
        let text = say!(
            "{file} can be read by others; protect it: chmod 600 {file}",
            file = file.display()
        );
        Self::new("answers-readable", text)
    }

    /// OpenClaw's version could not be found out.
    pub(super) fn version_unknown() -> Self {
        let text = say!("OpenClaw's version is unknown; the rules of 2026.3.13 are used");
        Self::new("version-unknown", text)
    }
}
