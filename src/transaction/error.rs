//! What can go wrong with a transaction.

use std::path::PathBuf;

use crate::fs::FileError;
use crate::language::{Explain, Language};
use crate::say;
use crate::systemd::Verb;

/// The code of [`TransactionError::ChangedMeanwhile`].
pub(super) const CHANGED_MEANWHILE: &str = "transaction.changed-meanwhile";

/// A transaction that did not go through.
#[derive(Debug)]
pub enum TransactionError {
    /// Another run holds the lock.
    Busy {
        /// What that run wrote about itself.
        holder: String,
    },
    /// A file operation failed.
    File(FileError),
    /// A file is no longer as it was when the plan was made.
    ChangedMeanwhile {
        /// The file.
        path: PathBuf,
    },
    /// The journal was written by a newer program.
    NewerFormat {
        /// The journal.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The journal cannot be read.
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The operator asked to stop.
    Interrupted,
    /// The connector's place and our records are on two file systems.
    OtherFileSystem {
        /// The connector's place.
        live: PathBuf,
        /// The transaction's directory.
        records: PathBuf,
    },
    /// A job of the unit ended otherwise than well.
    Job {
        /// What was asked.
        verb: Verb,
        /// Of which unit.
        unit: String,
        /// How it ended, in systemd's word.
        outcome: String,
    },
    /// An earlier transaction is unfinished and could not be taken back.
    Unrecovered {
        /// Its id.
        id: String,
        /// What stands in the way.
        left: Vec<Leftover>,
    },
}

/// Something that undo could not put back.
#[derive(Debug)]
pub struct Leftover {
    /// The file, tree or unit.
    pub subject: String,
    /// Where its old state is kept, if it is a file or tree.
    pub kept: Option<PathBuf>,
    /// Why.
    pub cause: Box<dyn Explain>,
}

impl Leftover {
    /// One line for the report.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let (subject, cause) = (&self.subject, self.cause.problem(language));
        match &self.kept {
            Some(kept) => {
                let kept = kept.display();
                say!(
                    language,
                    "{subject}: {cause} (its old state is kept in {kept})",
                    "{subject}：{cause}（旧状态保存在 {kept}）"
                )
            }
            None => say!(language, "{subject}: {cause}", "{subject}：{cause}"),
        }
    }
}

impl From<FileError> for TransactionError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl Explain for TransactionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "transaction.busy",
            Self::File(error) => error.code(),
            Self::ChangedMeanwhile { .. } => CHANGED_MEANWHILE,
            Self::NewerFormat { .. } => "transaction.newer-format",
            Self::Damaged { .. } => "transaction.damaged",
            Self::Interrupted => "transaction.interrupted",
            Self::OtherFileSystem { .. } => "transaction.other-file-system",
            Self::Job { .. } => "transaction.job",
            Self::Unrecovered { .. } => "transaction.unrecovered",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::Busy { holder } => say!(
                language,
                "another openclaw-setup is at work here ({holder})",
                "另一个 openclaw-setup 正在运行（{holder}）"
            ),
            Self::File(error) => error.problem(language),
            Self::ChangedMeanwhile { path } => {
                let path = path.display();
                say!(
                    language,
                    "{path} was changed by somebody else while this command was at work",
                    "本命令运行期间，{path} 被其他程序修改"
                )
            }
            Self::NewerFormat { path, format } => {
                let path = path.display();
                say!(
                    language,
                    "{path} has format {format}, written by a newer openclaw-setup",
                    "{path} 的格式为 {format}，由更新版本的 openclaw-setup 写入"
                )
            }
            Self::Damaged { path, reason } => {
                let path = path.display();
                say!(language, "{path} cannot be read: {reason}", "无法读取 {path}：{reason}")
            }
            Self::Interrupted => say!(language, "interrupted", "已中断"),
            Self::OtherFileSystem { live, records } => {
                let (live, records) = (live.display(), records.display());
                say!(
                    language,
                    "{live} is on another file system than {records}, so the tree cannot be swapped in one step",
                    "{live} 与 {records} 不在同一文件系统上，无法一步替换目录"
                )
            }
            Self::Job { verb, unit, outcome } => {
                let verb = verb.name();
                say!(
                    language,
                    "systemd's job to {verb} {unit} ended with: {outcome}",
                    "systemd 对 {unit} 执行 {verb} 的任务结果为：{outcome}"
                )
            }
            Self::Unrecovered { id, left } => {
                let left: Vec<_> = left.iter().map(|leftover| leftover.text(language)).collect();
                let left = left.join("; ");
                say!(
                    language,
                    "transaction {id} is unfinished and could not be taken back: {left}",
                    "事务 {id} 未完成且无法撤销：{left}"
                )
            }
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Busy { .. } => say!(
                language,
                "Wait until it has finished, then run the command again.",
                "请等待其结束后重试。"
            ),
            Self::File(error) => error.remedy(language),
            Self::ChangedMeanwhile { .. } => say!(
                language,
                "Nothing of theirs was overwritten. Run the command again.",
                "对方的修改没有被覆盖。请重新运行本命令。"
            ),
            Self::NewerFormat { .. } => say!(
                language,
                "Nothing was touched. Update openclaw-setup and run the command again: sudo apt install --only-upgrade openclaw-setup",
                "没有改动任何内容。请升级 openclaw-setup 后重试：sudo apt install --only-upgrade openclaw-setup"
            ),
            Self::Damaged { .. } => say!(
                language,
                "Nothing was touched. Keep the directory that holds it and ask for help with it.",
                "没有改动任何内容。请保留其所在目录并寻求帮助。"
            ),
            Self::Interrupted => {
                say!(language, "Run the command again when you like.", "可随时重新运行本命令。")
            }
            Self::OtherFileSystem { live, .. } => {
                let live = live.parent().unwrap_or(live).display();
                say!(
                    language,
                    "Let {live} be a directory of the same file system as OpenClaw's state directory: findmnt -T {live}",
                    "请让 {live} 与 OpenClaw 状态目录位于同一文件系统：findmnt -T {live}"
                )
            }
            Self::Job { unit, .. } => say!(
                language,
                "Look at its log: journalctl --user -u {unit} -n 50",
                "请查看日志：journalctl --user -u {unit} -n 50"
            ),
            Self::Unrecovered { .. } => say!(
                language,
                "Remove the cause named above, then run: openclaw-setup recover",
                "请排除上述原因，然后运行：openclaw-setup recover"
            ),
        }
    }
}
