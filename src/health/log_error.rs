//! Why a log cannot be shown.

use std::io;
use std::path::PathBuf;

use crate::language::{Explain, Language};
use crate::say;

/// What is wrong.
#[derive(Debug)]
pub enum LogError {
    /// Nobody has logged anything.
    Absent {
        /// The unit that the journal was asked for.
        unit: String,
        /// The file or the directories where there is no log either.
        places: Vec<PathBuf>,
    },
    /// journalctl could not be started, or has ended by itself.
    Journal {
        /// What it said, or the system of it.
        complaint: String,
    },
    /// The log files cannot be read, or not be waited for.
    Io {
        /// What the system said.
        cause: io::Error,
    },
    /// The lines cannot be written.
    Written {
        /// What the system said.
        cause: io::Error,
    },
}

impl Explain for LogError {
    fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "logs.absent",
            Self::Journal { .. } => "logs.journal",
            Self::Io { .. } => "logs.read",
            Self::Written { .. } => "logs.write",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::Absent { unit, places } => {
                let places: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
                let (english, chinese) = (places.join(" or "), places.join(" 与 "));
                say!(
                    language,
                    "there is no log: the journal holds nothing that {unit} has said, and there is no log file of this user's at {english}",
                    "没有日志：journal 中没有 {unit} 的输出，{chinese} 中也没有当前用户的日志文件"
                )
            }
            Self::Journal { complaint } => say!(
                language,
                "journalctl has ended before its time: {complaint}",
                "journalctl 意外结束：{complaint}"
            ),
            Self::Io { cause } => {
                say!(
                    language,
                    "the gateway's log cannot be read: {cause}",
                    "无法读取网关日志：{cause}"
                )
            }
            Self::Written { cause } => {
                say!(language, "the lines cannot be written: {cause}", "无法写出日志行：{cause}")
            }
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Absent { .. } => say!(
                language,
                "See whether the gateway has ever been started, and run this as its owner: openclaw-setup status",
                "请以网关所有者的身份运行，并查看网关是否启动过：openclaw-setup status"
            ),
            Self::Journal { .. } | Self::Io { .. } => {
                say!(language, "Run the command again.", "请重新运行本命令。")
            }
            Self::Written { .. } => say!(
                language,
                "Make room where the output goes to, or choose another place.",
                "请为输出位置腾出空间，或换一个位置。"
            ),
        }
    }
}
