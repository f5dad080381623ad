//! What can go wrong with npm.

use std::io;
use std::path::PathBuf;

use crate::language::{Explain, Language};
use crate::say;

/// npm could not do what was asked of it.
#[derive(Debug)]
pub enum NpmError {
    /// There is no npm.
    NotInstalled,
    /// `--offline` was given, and something would have to be fetched.
    Offline {
        /// What: a package, or the dependencies of one.
        needed: String,
    },
    /// npm could not be started.
    NotStarted {
        /// The program.
        program: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// npm ended with an error.
    Failed {
        /// The command, as it would be typed.
        command: String,
        /// The last lines that npm said.
        last_lines: String,
    },
    /// npm did not end in time.
    TimedOut {
        /// The command, as it would be typed.
        command: String,
    },
    /// npm's answer is not what was asked for.
    Answer {
        /// The command, as it would be typed.
        command: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The download is not what the registry says it is.
    WrongIntegrity {
        /// The package with its version.
        package: String,
        /// The registry's value.
        expected: String,
        /// The value of what was downloaded.
        found: String,
    },
    /// The registry says nothing by which the download could be checked.
    NoIntegrity {
        /// The package with its version.
        package: String,
    },
    /// The operator asked the program to stop; npm was ended.
    Interrupted,
}

impl Explain for NpmError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled => "payload.npm-missing",
            Self::Offline { .. } => "payload.npm-offline",
            Self::NotStarted { .. } => "payload.npm-not-started",
            Self::Failed { .. } => "payload.npm-failed",
            Self::TimedOut { .. } => "payload.npm-timed-out",
            Self::Answer { .. } => "payload.npm-answer",
            Self::WrongIntegrity { .. } => "payload.npm-wrong-integrity",
            Self::NoIntegrity { .. } => "payload.npm-no-integrity",
            Self::Interrupted => "payload.interrupted",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::NotInstalled => say!(
                language,
                "npm is needed, but it is neither beside the gateway's node nor on the PATH",
                "需要 npm，但在网关所用 node 的旁边和 PATH 中都没有找到"
            ),
            Self::Offline { needed } => say!(
                language,
                "{needed} would have to be fetched with npm, but --offline was given",
                "需要用 npm 获取 {needed}，但指定了 --offline"
            ),
            Self::NotStarted { program, cause } => {
                let program = program.display();
                say!(language, "cannot start {program}: {cause}", "无法启动 {program}：{cause}")
            }
            Self::Failed { command, last_lines } => say!(
                language,
                "“{command}” failed; its last lines:\n{last_lines}",
                "“{command}”失败，其最后的输出：\n{last_lines}"
            ),
            Self::TimedOut { command } => {
                say!(language, "“{command}” did not end in time", "“{command}”未能按时结束")
            }
            Self::Answer { command, cause } => say!(
                language,
                "“{command}” gave an answer that is not understood: {cause}",
                "无法理解“{command}”的输出：{cause}"
            ),
            Self::WrongIntegrity { package, expected, found } => say!(
                language,
                "the download of {package} has the integrity {found}, but the registry says {expected}",
                "下载的 {package} 完整性校验值为 {found}，而软件源声明的是 {expected}"
            ),
            Self::NoIntegrity { package } => say!(
                language,
                "the registry has no SHA-512 integrity for {package}",
                "软件源没有提供 {package} 的 SHA-512 完整性校验值"
            ),
            Self::Interrupted => say!(language, "interrupted", "已中断"),
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::NotInstalled => say!(
                language,
                "Install npm, or give a payload that brings its node_modules along.",
                "请安装 npm，或使用自带 node_modules 的安装包。"
            ),
            Self::Offline { .. } => say!(
                language,
                "Give a payload that brings its node_modules along, or leave --offline out.",
                "请使用自带 node_modules 的安装包，或去掉 --offline。"
            ),
            Self::TimedOut { .. } => say!(
                language,
                "Check the network and npm's registry (npm ping), or raise --timeout.",
                "请检查网络和 npm 软件源（npm ping），或增大 --timeout。"
            ),
            Self::WrongIntegrity { .. } => say!(
                language,
                "Do not use it; a mirror or a proxy may have altered it. Nothing was installed.",
                "请勿使用；它可能被镜像或代理改动过。未安装任何内容。"
            ),
            Self::NoIntegrity { .. } => say!(
                language,
                "Download the package yourself and give it as SOURCE with --sha256.",
                "请自行下载该软件包，并以 SOURCE 加 --sha256 的方式安装。"
            ),
            Self::Interrupted => say!(language, "Run the command again.", "请重新运行该命令。"),
            Self::NotStarted { .. } | Self::Failed { .. } | Self::Answer { .. } => say!(
                language,
                "Remove the cause that npm names, then run the command again.",
                "请排除 npm 指出的原因后重试。"
            ),
        }
    }
}
