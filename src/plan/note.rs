//! What a plan has to tell beyond its steps.

use std::path::PathBuf;

use crate::connector::npm::Pin;
use crate::language::Localized;
use crate::say;

/// A remark of the plan: something it corrects, leaves, or cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The provider spoke the responses API to somebody who does not.
    ApiCorrected {
        /// Id of the provider.
        provider: String,
        /// The file in which it is corrected.
        file: PathBuf,
    },
    /// Keys that the new connector's schema forbids are taken out.
    KeysTakenOut {
        /// Their names.
        keys: Vec<String>,
    },
    /// A key stands twice in one object; the last one counts.
    DuplicateKey {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// Line of the last one.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// The agent model file is no JSON; OpenClaw replaces it at the next agent run.
    ModelsUnreadable {
        /// The file.
        file: PathBuf,
    },
    /// The damaged one-line drop-in of the page was repaired.
    DropInRepaired {
        /// The file.
        file: PathBuf,
    },
    /// There is no user manager to talk to.
    NoManager {
        /// Login name, for `loginctl enable-linger`.
        user: String,
    },
    /// The unit does not exist: a drop-in alone has no effect.
    NoUnit {
        /// Name of the unit.
        unit: String,
    },
    /// The gateway does not run and is not started.
    NotRunning {
        /// Name of the unit.
        unit: String,
    },
    /// The gateway may take longer to stop than anything else that is waited for.
    SlowToStop {
        /// Name of the unit.
        unit: String,
        /// Its `TimeoutStopSec=`.
        seconds: u64,
    },
    /// Keys of a set-up made by hand, which may serve others than the connector.
    KeysOfHandStay {
        /// The config.
        file: PathBuf,
        /// Their names.
        keys: Vec<String>,
    },
    /// The bypass of a set-up made by hand.
    BypassOfHandStays {
        /// The drop-in.
        file: PathBuf,
        /// The unit to which it belongs.
        unit: String,
    },
    /// npm dependencies will be fetched.
    Dependencies {
        /// What is not left to npm's choice.
        pins: Vec<Pin>,
    },
    /// The payload was verified by nothing.
    Unverified,
    /// The gateway's HTTP interface needs no token.
    AuthNone,
    /// The answers file can be read by others.
    AnswersReadable {
        /// The file.
        file: PathBuf,
    },
    /// The tree was changed by somebody since it was installed.
    TreeDeviates {
        /// How many paths.
        paths: usize,
        /// Where the old tree is kept.
        kept: PathBuf,
    },
    /// The tree was not installed by us.
    TreeUnrecorded {
        /// Where the old tree is kept.
        kept: PathBuf,
    },
    /// The tree is put back from a payload.
    TreeRenewed {
        /// The payload.
        from: PathBuf,
    },
    /// A symbolic link to the tree gives way to a copy of what it leads to.
    LinkReplaced {
        /// The link.
        link: PathBuf,
    },
    /// The connector is led to the OpenClaw that runs it.
    HostLinked {
        /// The link.
        link: PathBuf,
        /// OpenClaw's package.
        host: PathBuf,
    },
    /// Keys that somebody else has changed since were left.
    KeysKept {
        /// Their names.
        keys: Vec<String>,
    },
    /// Keys that somebody else has changed since went all the same.
    KeysGoWithConnector {
        /// Their names.
        keys: Vec<String>,
    },
    /// A file that somebody else has changed since was left.
    FileKept {
        /// The file.
        file: PathBuf,
    },
    /// What an earlier `doctor --fix` moved is no longer kept, so it cannot come back.
    MovePruned {
        /// Where it was.
        from: PathBuf,
        /// Where it was kept.
        kept: PathBuf,
    },
    /// OpenClaw's version could not be found out.
    VersionUnknown,
}

impl Note {
    /// A stable id for `--json`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ApiCorrected { .. } => "api-corrected",
            Self::KeysTakenOut { .. } => "keys-taken-out",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::ModelsUnreadable { .. } => "models-unreadable",
            Self::DropInRepaired { .. } => "drop-in-repaired",
            Self::NoManager { .. } => "no-manager",
            Self::NoUnit { .. } => "no-unit",
            Self::NotRunning { .. } => "not-running",
            Self::SlowToStop { .. } => "slow-to-stop",
            Self::KeysOfHandStay { .. } => "keys-of-hand-stay",
            Self::BypassOfHandStays { .. } => "bypass-of-hand-stays",
            Self::Dependencies { .. } => "dependencies",
            Self::Unverified => "unverified",
            Self::AuthNone => "auth-none",
            Self::AnswersReadable { .. } => "answers-readable",
            Self::TreeDeviates { .. } => "tree-deviates",
            Self::TreeUnrecorded { .. } => "tree-unrecorded",
            Self::TreeRenewed { .. } => "tree-renewed",
            Self::LinkReplaced { .. } => "link-replaced",
            Self::HostLinked { .. } => "host-linked",
            Self::KeysKept { .. } => "keys-kept",
            Self::KeysGoWithConnector { .. } => "keys-go-with-connector",
            Self::FileKept { .. } => "file-kept",
            Self::MovePruned { .. } => "move-pruned",
            Self::VersionUnknown => "version-unknown",
        }
    }
}

impl Localized for Note {
    fn text(&self) -> String {
        match self {
            Self::ApiCorrected { provider, file } => {
                let file = file.display();
                say!(
                    "provider {provider} in {file}: api openai-responses becomes openai-completions (its base URL is not OpenAI's own)",
                    provider,
                    file
                )
            }
            Self::KeysTakenOut { keys } => {
                let keys = keys.join(", ");
                say!(
                    "this connector's schema forbids {keys}: taken out of the channel, kept in the transaction",
                    keys
                )
            }
            Self::DropInRepaired { file } => {
                let file = file.display();
                say!(
                    "{file} had lost its line breaks (systemd: \"Invalid section header\"): repaired",
                    file
                )
            }
            Self::TreeDeviates { paths, kept } => {
                let kept = kept.display();
                say!(
                    "{paths} paths of the installed tree were changed since it was installed; the old tree is kept below {kept}",
                    paths,
                    kept
                )
            }
            Self::TreeUnrecorded { kept } => {
                let kept = kept.display();
                say!(
                    "the connector that stands there was not installed by openclaw-setup; it is kept below {kept}",
                    kept
                )
            }
            Self::TreeRenewed { from } => {
                let from = from.display();
                say!("the connector's tree is put back from {from}", from)
            }
            Self::LinkReplaced { link } => {
                let link = link.display();
                say!(
                    "{link} becomes a directory of its own, copied from what the link leads to; the link is kept in the transaction",
                    link
                )
            }
            Self::HostLinked { link, host } => {
                let (link, host) = (link.display(), host.display());
                say!("{link} will lead to {host}", link, host)
            }
            Self::KeysKept { keys } => {
                let keys = keys.join(", ");
                say!("changed by somebody else since, and therefore left as they are: {keys}", keys)
            }
            Self::KeysGoWithConnector { keys } => {
                let keys = keys.join(", ");
                say!(
                    "changed by somebody else since, and taken out all the same, because OpenClaw refuses it without the connector; kept in the transaction: {keys}",
                    keys
                )
            }
            Self::FileKept { file } => {
                let file = file.display();
                say!("{file} was changed by somebody else since, and is left as it is", file)
            }
            Self::KeysOfHandStay { .. } | Self::BypassOfHandStays { .. } => {
                self.about_a_set_up_by_hand()
            }
            Self::MovePruned { from, kept } => {
                let (from, kept) = (from.display(), kept.display());
                say!(
                    "{from} does not come back: {kept} is no longer there (of what doctor moved out of sight only the last three are kept)",
                    from,
                    kept
                )
            }
            _ => self.about_the_machine(),
        }
    }
}

impl Note {
    /// Remarks on what no record of ours says is ours to take out.
    fn about_a_set_up_by_hand(&self) -> String {
        match self {
            Self::KeysOfHandStay { file, keys } => {
                let (file, names) = (file.display(), keys.join(", "));
                let commands: Vec<_> =
                    keys.iter().map(|key| format!("openclaw config unset {key}")).collect();
                let commands = commands.join("; ");
                say!(
                    "set by hand, perhaps for others too, and therefore left in {file}: {names}. If nothing needs them: {commands}",
                    file,
                    names,
                    commands
                )
            }
            Self::BypassOfHandStays { file, unit } => {
                let file = file.display();
                say!(
                    "set by hand, perhaps for others too, and therefore left in {file}: no_proxy and NO_PROXY. If nothing needs them, take both lines out (systemctl --user edit {unit}), then: systemctl --user restart {unit}",
                    file,
                    unit
                )
            }
            _ => String::new(),
        }
    }

    /// Remarks on what was found, not on what is changed.
    fn about_the_machine(&self) -> String {
        match self {
            Self::DuplicateKey { file, key, line, column } => {
                let file = file.display();
                say!(
                    "{file}:{line}:{column}: {key} stands more than once; OpenClaw reads the last one, and that one is edited",
                    file,
                    line,
                    column,
                    key
                )
            }
            Self::ModelsUnreadable { file } => {
                let file = file.display();
                say!(
                    "{file} is not valid JSON and is left alone; OpenClaw writes it anew at the next agent run",
                    file
                )
            }
            Self::NoManager { user } => say!(
                "no systemd user manager runs for {user}: the files take effect at the next login. To let the gateway run without one: sudo loginctl enable-linger {user}",
                user
            ),
            Self::NoUnit { unit } => say!(
                "there is no unit {unit}: a drop-in alone has no effect. Create it with: openclaw gateway install",
                unit
            ),
            Self::NotRunning { unit } => say!(
                "{unit} does not run and is not started (use --start, or: systemctl --user start {unit})",
                unit
            ),
            Self::SlowToStop { unit, seconds } => say!(
                "{unit} may take up to {seconds} s to stop (its TimeoutStopSec); it is waited for that long unless --timeout says otherwise",
                unit,
                seconds
            ),
            Self::Dependencies { pins } if pins.is_empty() => {
                say!("npm dependencies will be fetched")
            }
            Self::Dependencies { pins } => {
                let pins: Vec<_> =
                    pins.iter().map(super::super::language::Localized::text).collect();
                let pins = pins.join("; ");
                say!("npm dependencies will be fetched; {pins}", pins)
            }
            Self::Unverified => {
                say!("the payload was checked against nothing (--allow-unverified)")
            }
            Self::AuthNone => say!(
                "gateway.auth.mode is none: every local user and process may use the gateway; --gateway-auth token is the safer way"
            ),
            Self::AnswersReadable { file } => {
                let file = file.display();
                say!("{file} may be read by others; protect it: chmod 600 {file}", file)
            }
            Self::VersionUnknown => {
                say!("OpenClaw's version could not be found out; the rules of 2026.3.13 are used")
            }
            _ => String::new(),
        }
    }
}
