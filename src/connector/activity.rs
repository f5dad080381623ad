//! What takes long with a connector, told while it goes on.

use crate::language::{Language, Localized};
use crate::say;

/// Work on a payload or a tree, by the name of what is worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Activity {
    /// An archive is copied privately and hashed.
    Reading(String),
    /// Every entry is judged.
    Checking(String),
    /// The tree is written into the stage.
    Copying(String),
    /// A tree on disk is hashed.
    Hashing(String),
    /// npm is asked about a package and fetches it.
    Fetching(String),
    /// npm installs dependencies.
    InstallingDependencies,
}

impl Localized for Activity {
    fn text(&self, language: Language) -> String {
        match self {
            Self::Reading(name) => say!(language, "reading {name}", "读取 {name}"),
            Self::Checking(name) => say!(language, "checking {name}", "检查 {name}"),
            Self::Copying(name) => say!(language, "copying {name}", "复制 {name}"),
            Self::Hashing(name) => say!(language, "hashing {name}", "计算 {name} 的哈希"),
            Self::Fetching(name) => say!(language, "fetching {name}", "获取 {name}"),
            Self::InstallingDependencies => {
                say!(language, "installing npm dependencies", "安装 npm 依赖")
            }
        }
    }
}
