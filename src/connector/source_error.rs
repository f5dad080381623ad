//! Why what the operator named is no source of a connector.

use std::path::PathBuf;

use crate::language::{Explain, Language};
use crate::say;

/// What was named is no source of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// There is nothing at the given path.
    NotFound {
        /// The path, absolute.
        path: PathBuf,
    },
    /// A file, but none of the archives that we read.
    UnknownFormat {
        /// The file, absolute.
        path: PathBuf,
    },
    /// A directory that is neither a connector nor a folder of connector versions.
    NoPayload {
        /// The directory, absolute.
        path: PathBuf,
    },
    /// `npm:…` that names no package.
    BadNpmName {
        /// What was given.
        given: String,
    },
}

impl Explain for SourceError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "payload.not-found",
            Self::UnknownFormat { .. } => "payload.unknown-format",
            Self::NoPayload { .. } => "payload.none",
            Self::BadNpmName { .. } => "payload.npm-name",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::NotFound { path } => {
                let path = path.display();
                say!(language, "there is no {path}", "{path} 不存在")
            }
            Self::UnknownFormat { path } => {
                let path = path.display();
                say!(
                    language,
                    "{path} is no archive that can be read here",
                    "无法识别 {path} 的归档格式"
                )
            }
            Self::NoPayload { path } => {
                let path = path.display();
                say!(
                    language,
                    "{path} is neither a connector (no openclaw.plugin.json) nor a folder of connector versions",
                    "{path} 既不是连接器（缺少 openclaw.plugin.json），也不是存放各版本连接器的目录"
                )
            }
            Self::BadNpmName { given } => {
                say!(language, "“{given}” names no npm package", "“{given}”不是 npm 包名")
            }
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::NotFound { .. } => {
                say!(language, "Check the path, then run the command again.", "请检查路径后重试。")
            }
            Self::UnknownFormat { .. } | Self::NoPayload { .. } | Self::BadNpmName { .. } => say!(
                language,
                "SOURCE is a connector's directory, an archive (.tgz .tar.gz .tar.zst .tar .zip), or npm:NAME[@VERSION].",
                "SOURCE 应为连接器目录、归档文件（.tgz .tar.gz .tar.zst .tar .zip）或 npm:名称[@版本]。"
            ),
        }
    }
}
