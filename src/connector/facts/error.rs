//! What is wrong with a payload's description of itself.

use std::path::PathBuf;

use super::CONNECTOR_ID;
use crate::language::{Explain, Language};
use crate::say;

/// One flaw of a fact file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The file is not there.
    Missing,
    /// It starts with a byte order mark, which `OpenClaw` cannot parse.
    ByteOrderMark,
    /// It is no JSON.
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// The parser's reason.
        cause: String,
    },
    /// A key is missing or has a value of the wrong kind.
    WrongValue {
        /// The key, with dots; empty for the document itself.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The plugin is another one.
    WrongId {
        /// The id that was found.
        found: String,
    },
    /// The plugin does not offer the channel.
    NoChannel,
    /// A file that the plugin starts from is not in the payload.
    EntryMissing {
        /// The file, as `package.json` names it.
        entry: String,
    },
}

/// A payload's description of itself is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsError {
    /// The archive or directory, absolute.
    pub payload: PathBuf,
    /// The file, relative to the connector's root.
    pub file: &'static str,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl Explain for FactsError {
    fn code(&self) -> &'static str {
        match self.flaw {
            Flaw::Missing => "payload.manifest-missing",
            Flaw::ByteOrderMark => "payload.manifest-bom",
            Flaw::Syntax { .. } => "payload.manifest-syntax",
            Flaw::WrongValue { .. } => "payload.manifest-value",
            Flaw::WrongId { .. } => "payload.wrong-id",
            Flaw::NoChannel => "payload.no-channel",
            Flaw::EntryMissing { .. } => "payload.entry-missing",
        }
    }

    fn problem(&self, language: Language) -> String {
        let (payload, file) = (self.payload.display(), self.file);
        match &self.flaw {
            Flaw::Missing => {
                say!(language, "{payload} has no {file}", "{payload} 中缺少 {file}")
            }
            Flaw::ByteOrderMark => say!(
                language,
                "{payload}: {file} starts with a byte order mark, which OpenClaw cannot read",
                "{payload}：{file} 以字节顺序标记（BOM）开头，OpenClaw 无法读取"
            ),
            // serde_json's reason ends with the line and column
            Flaw::Syntax { cause, .. } => say!(
                language,
                "{payload}: {file} is not valid JSON: {cause}",
                "{payload}：{file} 不是有效的 JSON：{cause}"
            ),
            Flaw::WrongValue { key, expected } => say!(
                language,
                "{payload}: in {file}, “{key}” must be {expected}",
                "{payload}：{file} 中的“{key}”取值有误（应为 {expected}）"
            ),
            Flaw::WrongId { found } => say!(
                language,
                "{payload}: {file} has the id “{found}”; the DingTalk connector's is “{CONNECTOR_ID}”",
                "{payload}：{file} 的 id 为“{found}”，而钉钉连接器的 id 是“{CONNECTOR_ID}”"
            ),
            Flaw::NoChannel => say!(
                language,
                "{payload}: {file} does not list “{CONNECTOR_ID}” in “channels”, so OpenClaw would call its configuration invalid",
                "{payload}：{file} 的“channels”中没有“{CONNECTOR_ID}”，OpenClaw 会判定配置无效"
            ),
            Flaw::EntryMissing { entry } => say!(
                language,
                "{payload}: {file} names the entry {entry}, which is not in the payload",
                "{payload}：{file} 声明了入口 {entry}，但安装包中没有该文件"
            ),
        }
    }

    fn remedy(&self, language: Language) -> String {
        match self.flaw {
            Flaw::EntryMissing { .. } => say!(
                language,
                "Install the published package; a copy of the sources may still have to be built.",
                "请安装已发布的软件包；源代码可能需要先构建。"
            ),
            Flaw::WrongId { .. } | Flaw::NoChannel => say!(
                language,
                "Give the DingTalk connector as SOURCE; nothing was written.",
                "请将钉钉连接器作为 SOURCE；未写入任何内容。"
            ),
            _ => say!(
                language,
                "Get the connector again from its publisher; nothing was written.",
                "请从发布者处重新获取连接器；未写入任何内容。"
            ),
        }
    }
}
