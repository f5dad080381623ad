//! Why a check could not look: the reasons that several checks share.

use super::Verdict;
use crate::language::Language;
use crate::say;

/// It needs a config that can be read.
pub(super) fn unreadable(language: Language) -> Verdict {
    Verdict::Skipped(say!(
        language,
        "the config cannot be read (config.syntax)",
        "配置无法读取（见 config.syntax）"
    ))
}

/// It needs a DingTalk that is set up.
pub(super) fn not_set_up(language: Language) -> Verdict {
    Verdict::Skipped(say!(language, "DingTalk is not set up here", "此处未配置钉钉"))
}

/// It needs the connector's version.
pub(super) fn no_version(language: Language) -> Verdict {
    Verdict::Skipped(say!(language, "the connector's version is not known", "无法得知连接器版本"))
}

/// Only the network can answer it.
pub(super) fn only_live(language: Language) -> Verdict {
    Verdict::Skipped(say!(
        language,
        "it would have to ask the outside world, which only --live does",
        "需要访问外部服务，仅在加 --live 时进行"
    ))
}
