//! Why an entry of a payload is refused, said in the reader's language.

use std::path::PathBuf;

use crate::language::{Explain, Language};
use crate::say;

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Its name starts at the root of the file system.
    AbsolutePath,
    /// Its name climbs with `..`.
    ParentPath,
    /// Its name is no UTF-8.
    NotUtf8,
    /// Its name holds a NUL, a newline or another control character.
    ControlCharacter,
    /// Its name is longer or deeper than a file system can hold.
    NameTooLong,
    /// The same name came before.
    Duplicate,
    /// Another name differs from it only by case.
    CaseCollision {
        /// The name that came before.
        other: String,
    },
    /// Its name leads through a symbolic link of the same payload.
    ThroughSymlink {
        /// The link.
        link: String,
    },
    /// Its name leads through something that is no directory.
    ThroughFile {
        /// What is there instead.
        file: String,
    },
    /// A symbolic link that leads out of the tree.
    SymlinkEscapes {
        /// Where it leads.
        target: String,
    },
    /// A symbolic link that leads to itself.
    SymlinkLoop {
        /// Where it leads.
        target: String,
    },
    /// A hard link: `OpenClaw` rejects plugins that have some.
    HardLink,
    /// A block or character device.
    Device,
    /// A FIFO or socket.
    Fifo,
    /// A sparse file.
    Sparse,
    /// It is encrypted.
    Encrypted,
    /// A kind of entry that no connector has.
    UnknownKind,
    /// It would run with the rights of its owner or group.
    SetId,
    /// It is larger than one file may be.
    FileTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// With it, the payload becomes larger than it may be.
    PayloadTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// With it, the payload has more entries than it may have.
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
}

/// One entry of a payload, refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The archive or directory, absolute.
    pub payload: PathBuf,
    /// The entry's name as the payload has it; bytes that cannot be shown are escaped.
    pub entry: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Explain for Refusal {
    fn code(&self) -> &'static str {
        match self.fault {
            Fault::AbsolutePath => "payload.absolute-path",
            Fault::ParentPath => "payload.parent-path",
            Fault::NotUtf8 => "payload.not-utf8",
            Fault::ControlCharacter => "payload.control-character",
            Fault::NameTooLong => "payload.name-too-long",
            Fault::Duplicate => "payload.duplicate",
            Fault::CaseCollision { .. } => "payload.case-collision",
            Fault::ThroughSymlink { .. } => "payload.through-symlink",
            Fault::ThroughFile { .. } => "payload.through-file",
            Fault::SymlinkEscapes { .. } => "payload.symlink-escapes",
            Fault::SymlinkLoop { .. } => "payload.symlink-loop",
            Fault::HardLink => "payload.hard-link",
            Fault::Device => "payload.device",
            Fault::Fifo => "payload.fifo",
            Fault::Sparse => "payload.sparse",
            Fault::Encrypted => "payload.encrypted",
            Fault::UnknownKind => "payload.unknown-kind",
            Fault::SetId => "payload.set-id",
            Fault::FileTooLarge { .. } => "payload.file-too-large",
            Fault::PayloadTooLarge { .. } => "payload.too-large",
            Fault::TooManyEntries { .. } => "payload.too-many-entries",
        }
    }

    fn problem(&self, language: Language) -> String {
        let (payload, entry) = (self.payload.display(), &self.entry);
        let why = self.why(language);
        say!(
            language,
            "{payload}: the entry “{entry}” is refused: {why}",
            "{payload}：拒绝条目“{entry}”：{why}"
        )
    }

    fn remedy(&self, language: Language) -> String {
        match self.fault {
            Fault::FileTooLarge { .. }
            | Fault::PayloadTooLarge { .. }
            | Fault::TooManyEntries { .. } => say!(
                language,
                "No connector is that large. Get the payload again from its publisher; nothing was written.",
                "正常的连接器不会如此庞大。请从发布者处重新获取安装包；未写入任何内容。"
            ),
            Fault::Encrypted => say!(
                language,
                "Unpack it yourself and install the directory; nothing was written.",
                "请自行解压后安装该目录；未写入任何内容。"
            ),
            _ => say!(
                language,
                "Do not trust this payload. Get it again from its publisher; nothing was written.",
                "请勿信任此安装包，请从发布者处重新获取；未写入任何内容。"
            ),
        }
    }
}

impl Refusal {
    fn why(&self, language: Language) -> String {
        match &self.fault {
            Fault::AbsolutePath
            | Fault::ParentPath
            | Fault::NotUtf8
            | Fault::ControlCharacter
            | Fault::NameTooLong => self.why_name(language),
            Fault::Duplicate
            | Fault::CaseCollision { .. }
            | Fault::ThroughSymlink { .. }
            | Fault::ThroughFile { .. } => self.why_place(language),
            Fault::SymlinkEscapes { target } => say!(
                language,
                "it is a symbolic link to {target}, out of the connector's tree",
                "它是指向 {target} 的符号链接，超出了连接器目录"
            ),
            Fault::SymlinkLoop { target } => say!(
                language,
                "it is a symbolic link to {target}, which leads round in a circle",
                "它是指向 {target} 的符号链接，形成了循环"
            ),
            Fault::FileTooLarge { limit } => say!(
                language,
                "it is larger than {limit} bytes, the limit for one file",
                "它超过了单个文件的上限 {limit} 字节"
            ),
            Fault::PayloadTooLarge { limit } => say!(
                language,
                "with it the payload unpacks to more than {limit} bytes",
                "加上它之后，解包总量超过 {limit} 字节"
            ),
            Fault::TooManyEntries { limit } => say!(
                language,
                "it comes after {limit} entries, the limit",
                "条目数量超过上限 {limit}"
            ),
            _ => self.why_kind(language),
        }
    }

    fn why_name(&self, language: Language) -> String {
        match self.fault {
            Fault::AbsolutePath => say!(language, "its path is absolute", "路径是绝对路径"),
            Fault::ParentPath => say!(language, "its path climbs with “..”", "路径含有“..”"),
            Fault::NotUtf8 => say!(language, "its name is not UTF-8", "名称不是 UTF-8 编码"),
            Fault::ControlCharacter => say!(
                language,
                "its name holds a control character (NUL, newline …)",
                "名称含有控制字符（NUL、换行等）"
            ),
            _ => say!(language, "its path is too long or too deep", "路径过长或层级过深"),
        }
    }

    fn why_place(&self, language: Language) -> String {
        match &self.fault {
            Fault::CaseCollision { other } => say!(
                language,
                "its name differs only by case from “{other}”",
                "名称与“{other}”仅大小写不同"
            ),
            Fault::ThroughSymlink { link } => say!(
                language,
                "it would be written through the symbolic link “{link}”",
                "它会穿过符号链接“{link}”写入"
            ),
            Fault::ThroughFile { file } => say!(
                language,
                "“{file}” in its path is not a directory",
                "其路径中的“{file}”不是目录"
            ),
            _ => say!(language, "the same name came before", "同名条目已出现过"),
        }
    }

    fn why_kind(&self, language: Language) -> String {
        match self.fault {
            Fault::HardLink => say!(
                language,
                "it is a hard link, which OpenClaw rejects",
                "它是硬链接，OpenClaw 不接受硬链接"
            ),
            Fault::Device => say!(language, "it is a device", "它是设备文件"),
            Fault::Fifo => say!(language, "it is a FIFO or a socket", "它是 FIFO 或套接字"),
            Fault::Sparse => say!(language, "it is a sparse file", "它是稀疏文件"),
            Fault::Encrypted => say!(language, "it is encrypted", "它已加密"),
            Fault::SetId => {
                say!(language, "it has the setuid or setgid bit", "它带有 setuid 或 setgid 位")
            }
            _ => say!(
                language,
                "it is neither file, directory nor symbolic link",
                "它不是文件、目录或符号链接"
            ),
        }
    }
}
