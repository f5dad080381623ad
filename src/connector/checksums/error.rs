//! Why a payload's checksums do not convince.

use std::path::PathBuf;

use crate::connector::digest::Sha256;
use crate::language::{Explain, Language};
use crate::say;

/// A checksum is missing, unreadable or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChecksumError {
    /// Nothing vouches for the payload.
    Unverified {
        /// The archive or directory, absolute.
        payload: PathBuf,
    },
    /// A file has other content than it should.
    Wrong {
        /// The file, absolute.
        file: PathBuf,
        /// The digest it should have.
        expected: Sha256,
        /// The digest it has.
        found: Sha256,
        /// The list that says so; `None` for the command line.
        said_by: Option<PathBuf>,
    },
    /// A list names a file that is not there.
    Absent {
        /// The list, absolute.
        list: PathBuf,
        /// The file, absolute.
        file: PathBuf,
    },
    /// A list does not name a file that is there.
    Unlisted {
        /// The list, absolute.
        list: PathBuf,
        /// The file, absolute.
        file: PathBuf,
    },
    /// A line of a list is not in sha256sum(1)'s format, or contradicts another.
    BadLine {
        /// The list, absolute.
        list: PathBuf,
        /// From 1.
        line: usize,
    },
    /// `--sha256` was given for a directory.
    NeedsArchive {
        /// The directory, absolute.
        payload: PathBuf,
    },
}

impl Explain for ChecksumError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unverified { .. } => "payload.unverified",
            Self::Wrong { .. } => "payload.wrong-digest",
            Self::Absent { .. } => "payload.listed-but-missing",
            Self::Unlisted { .. } => "payload.not-listed",
            Self::BadLine { .. } => "payload.bad-checksum-line",
            Self::NeedsArchive { .. } => "payload.sha256-needs-archive",
        }
    }

    fn problem(&self, language: Language) -> String {
        match self {
            Self::Unverified { payload } => {
                let payload = payload.display();
                say!(language, "no checksum vouches for {payload}", "{payload} 没有任何校验和")
            }
            Self::Wrong { file, expected, found, said_by } => {
                let file = file.display();
                let source = said_by
                    .as_ref()
                    .map_or_else(|| "--sha256".to_string(), |list| list.display().to_string());
                say!(
                    language,
                    "{file} has the wrong SHA-256: {found}, but {source} says {expected}",
                    "{file} 的 SHA-256 不符：实际为 {found}，而 {source} 要求 {expected}"
                )
            }
            Self::Absent { list, file } => {
                let (list, file) = (list.display(), file.display());
                say!(
                    language,
                    "{list} names {file}, but there is no such file",
                    "{list} 列出了 {file}，但该文件不存在"
                )
            }
            Self::Unlisted { list, file } => {
                let (list, file) = (list.display(), file.display());
                say!(language, "{list} does not name {file}", "{list} 中没有列出 {file}")
            }
            Self::BadLine { list, line } => {
                let list = list.display();
                say!(
                    language,
                    "{list}:{line}: not a line of sha256sum(1), or a second digest for one name",
                    "{list}:{line}：不是 sha256sum(1) 的格式，或同一文件有两个不同的校验和"
                )
            }
            Self::NeedsArchive { payload } => {
                let payload = payload.display();
                say!(
                    language,
                    "--sha256 is the digest of an archive, but {payload} is a directory",
                    "--sha256 只能用于归档文件，而 {payload} 是目录"
                )
            }
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self {
            Self::Unverified { .. } => say!(
                language,
                "Give --sha256 HEX or --checksums FILE, or put SHA256SUMS beside it; if you trust it as it is, --allow-unverified.",
                "请使用 --sha256 十六进制值 或 --checksums 文件，或在旁边放置 SHA256SUMS；若确信可信，可加 --allow-unverified。"
            ),
            Self::BadLine { .. } => say!(
                language,
                "Write the list with sha256sum, then run the command again.",
                "请用 sha256sum 重新生成清单后重试。"
            ),
            Self::NeedsArchive { .. } => say!(
                language,
                "Give --checksums FILE, or a SHA256SUMS at the root of the directory.",
                "请使用 --checksums 文件，或在目录根部放置 SHA256SUMS。"
            ),
            Self::Wrong { .. } | Self::Absent { .. } | Self::Unlisted { .. } => say!(
                language,
                "Get the payload and its checksums again from their publisher; nothing was written.",
                "请从发布者处重新获取安装包及其校验和；未写入任何内容。"
            ),
        }
    }
}
