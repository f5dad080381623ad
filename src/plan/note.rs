//! What a plan has to tell beyond its steps.

use std::path::PathBuf;

use crate::connector::npm::Pin;
use crate::language::{Language, Localized};
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
    fn text(&self, language: Language) -> String {
        match self {
            Self::ApiCorrected { provider, file } => {
                let file = file.display();
                say!(
                    language,
                    "provider {provider} in {file}: api openai-responses becomes openai-completions (its base URL is not OpenAI's own)",
                    "{file} 中的供应商 {provider}：api 由 openai-responses 改为 openai-completions（其地址不是 OpenAI 官方地址）"
                )
            }
            Self::KeysTakenOut { keys } => {
                let keys = keys.join(", ");
                say!(
                    language,
                    "this connector's schema forbids {keys}: taken out of the channel, kept in the transaction",
                    "此版本连接器不接受 {keys}：已从频道配置移除，并保存在事务记录中"
                )
            }
            Self::DropInRepaired { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file} had lost its line breaks (systemd: \"Invalid section header\"): repaired",
                    "{file} 丢失了换行（systemd 报 \"Invalid section header\"）：已修复"
                )
            }
            Self::TreeDeviates { paths, kept } => {
                let kept = kept.display();
                say!(
                    language,
                    "{paths} paths of the installed tree were changed since it was installed; the old tree is kept below {kept}",
                    "已安装的目录中有 {paths} 处被改动过；旧目录保存在 {kept} 下"
                )
            }
            Self::TreeUnrecorded { kept } => {
                let kept = kept.display();
                say!(
                    language,
                    "the connector that stands there was not installed by openclaw-setup; it is kept below {kept}",
                    "现有连接器不是由 openclaw-setup 安装的；将保存在 {kept} 下"
                )
            }
            Self::TreeRenewed { from } => {
                let from = from.display();
                say!(
                    language,
                    "the connector's tree is put back from {from}",
                    "连接器目录将从 {from} 恢复"
                )
            }
            Self::LinkReplaced { link } => {
                let link = link.display();
                say!(
                    language,
                    "{link} becomes a directory of its own, copied from what the link leads to; the link is kept in the transaction",
                    "{link} 将成为独立目录，内容复制自链接目标；原链接保存在事务中"
                )
            }
            Self::HostLinked { link, host } => {
                let (link, host) = (link.display(), host.display());
                say!(language, "{link} will lead to {host}", "{link} 将指向 {host}")
            }
            Self::KeysKept { keys } => {
                let keys = keys.join(", ");
                say!(
                    language,
                    "changed by somebody else since, and therefore left as they are: {keys}",
                    "以下键已被他人修改，保持不变：{keys}"
                )
            }
            Self::KeysGoWithConnector { keys } => {
                let keys = keys.join(", ");
                say!(
                    language,
                    "changed by somebody else since, and taken out all the same, because OpenClaw refuses it without the connector; kept in the transaction: {keys}",
                    "以下键已被他人修改，但没有连接器时 OpenClaw 会拒绝它们，因此一并移除，并保存在事务记录中：{keys}"
                )
            }
            Self::FileKept { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file} was changed by somebody else since, and is left as it is",
                    "{file} 已被他人修改，保持不变"
                )
            }
            Self::KeysOfHandStay { .. } | Self::BypassOfHandStays { .. } => {
                self.about_a_set_up_by_hand(language)
            }
            Self::MovePruned { from, kept } => {
                let (from, kept) = (from.display(), kept.display());
                say!(
                    language,
                    "{from} does not come back: {kept} is no longer there (of what doctor moved out of sight only the last three are kept)",
                    "{from} 无法恢复：{kept} 已不存在（doctor 移走的内容只保留最近三次）"
                )
            }
            _ => self.about_the_machine(language),
        }
    }
}

impl Note {
    /// Remarks on what no record of ours says is ours to take out.
    fn about_a_set_up_by_hand(&self, language: Language) -> String {
        match self {
            Self::KeysOfHandStay { file, keys } => {
                let (file, names) = (file.display(), keys.join(", "));
                let commands: Vec<_> =
                    keys.iter().map(|key| format!("openclaw config unset {key}")).collect();
                let commands = commands.join("; ");
                say!(
                    language,
                    "set by hand, perhaps for others too, and therefore left in {file}: {names}. If nothing needs them: {commands}",
                    "以下键是手动设置的，可能另有用途，保留在 {file} 中：{names}。如不再需要：{commands}"
                )
            }
            Self::BypassOfHandStays { file, unit } => {
                let file = file.display();
                say!(
                    language,
                    "set by hand, perhaps for others too, and therefore left in {file}: no_proxy and NO_PROXY. If nothing needs them, take both lines out (systemctl --user edit {unit}), then: systemctl --user restart {unit}",
                    "no_proxy 和 NO_PROXY 是手动设置的，可能另有用途，保留在 {file} 中。如不再需要，请删除这两行（systemctl --user edit {unit}），然后执行：systemctl --user restart {unit}"
                )
            }
            _ => String::new(),
        }
    }

    /// Remarks on what was found, not on what is changed.
    fn about_the_machine(&self, language: Language) -> String {
        match self {
            Self::DuplicateKey { file, key, line, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}:{line}:{column}: {key} stands more than once; OpenClaw reads the last one, and that one is edited",
                    "{file}:{line}:{column}：{key} 重复出现；OpenClaw 以最后一个为准，本程序也只改最后一个"
                )
            }
            Self::ModelsUnreadable { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file} is not valid JSON and is left alone; OpenClaw writes it anew at the next agent run",
                    "{file} 不是有效的 JSON，不作改动；OpenClaw 下次运行代理时会重新生成"
                )
            }
            Self::NoManager { user } => say!(
                language,
                "no systemd user manager runs for {user}: the files take effect at the next login. To let the gateway run without one: sudo loginctl enable-linger {user}",
                "{user} 没有正在运行的 systemd 用户管理器：文件将在下次登录时生效。如需免登录运行：sudo loginctl enable-linger {user}"
            ),
            Self::NoUnit { unit } => say!(
                language,
                "there is no unit {unit}: a drop-in alone has no effect. Create it with: openclaw gateway install",
                "不存在单元 {unit}，仅有 drop-in 不会生效。请创建：openclaw gateway install"
            ),
            Self::NotRunning { unit } => say!(
                language,
                "{unit} does not run and is not started (use --start, or: systemctl --user start {unit})",
                "{unit} 未运行，本命令不会启动它（可加 --start，或执行：systemctl --user start {unit}）"
            ),
            Self::SlowToStop { unit, seconds } => say!(
                language,
                "{unit} may take up to {seconds} s to stop (its TimeoutStopSec); it is waited for that long unless --timeout says otherwise",
                "停止 {unit} 最多可能需要 {seconds} 秒（其 TimeoutStopSec）；除非指定 --timeout，否则会一直等待"
            ),
            Self::Dependencies { pins } if pins.is_empty() => {
                say!(language, "npm dependencies will be fetched", "将通过 npm 获取依赖")
            }
            Self::Dependencies { pins } => {
                let pins: Vec<_> = pins.iter().map(|pin| pin.text(language)).collect();
                let pins = pins.join("; ");
                say!(
                    language,
                    "npm dependencies will be fetched; {pins}",
                    "将通过 npm 获取依赖；{pins}"
                )
            }
            Self::Unverified => say!(
                language,
                "the payload was checked against nothing (--allow-unverified)",
                "载荷未经任何校验（--allow-unverified）"
            ),
            Self::AuthNone => say!(
                language,
                "gateway.auth.mode is none: every local user and process may use the gateway; --gateway-auth token is the safer way",
                "gateway.auth.mode 为 none：本机任何用户和进程都能使用网关；更安全的做法是 --gateway-auth token"
            ),
            Self::AnswersReadable { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file} may be read by others; protect it: chmod 600 {file}",
                    "{file} 可被其他用户读取，请保护：chmod 600 {file}"
                )
            }
            Self::VersionUnknown => say!(
                language,
                "OpenClaw's version could not be found out; the rules of 2026.3.13 are used",
                "无法确定 OpenClaw 版本，按 2026.3.13 的规则处理"
            ),
            _ => String::new(),
        }
    }
}
