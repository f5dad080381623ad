//! Why nobody outside could be asked.

use std::path::PathBuf;

use crate::language::{Explain, Language};
use crate::say;

/// Why nobody outside could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutsideError {
    /// There is no Node.js to ask with.
    NoNode,
    /// Node.js could not be started.
    NotStarted {
        /// Which one.
        node: PathBuf,
        /// The system's reason.
        cause: String,
    },
    /// Node.js ended without an answer.
    NoAnswer {
        /// Which one.
        node: PathBuf,
        /// How it ended.
        cause: String,
    },
    /// The operator's interrupt.
    Interrupted,
}

impl Explain for OutsideError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoNode => "outside.no-node",
            Self::NotStarted { .. } => "outside.not-started",
            Self::NoAnswer { .. } => "outside.no-answer",
            Self::Interrupted => "interrupted",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::NoNode => say!(
                language,
                "the gateway's Node.js, with which the world outside is asked, was not found",
                "未找到网关的 Node.js，无法用它探测外部服务"
            ),
            Self::NotStarted { node, cause } => {
                let node = node.display();
                say!(language, "{node} could not be started: {cause}", "无法启动 {node}：{cause}")
            }
            Self::NoAnswer { node, cause } => {
                let node = node.display();
                say!(
                    language,
                    "{node} brought no answer ({cause})",
                    "{node} 没有带回结果（{cause}）"
                )
            }
            Self::Interrupted => say!(language, "interrupted", "已中断"),
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::NoNode | Self::NotStarted { .. } | Self::NoAnswer { .. } => say!(
                language,
                "Look whether the unit's ExecStart names a Node.js of version 18 or newer: openclaw-setup doctor host.node",
                "请确认服务单元的 ExecStart 指向 18 或更新版本的 Node.js：openclaw-setup doctor host.node"
            ),
            Self::Interrupted => {
                say!(language, "Nothing was changed.", "未做任何改动。")
            }
        }
    }
}
