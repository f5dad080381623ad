//! A bypass that somebody else's setting takes away again, told with the culprit's name.

use crate::language::{Explain, Language};
use crate::say;
use crate::systemd::environment::{Culprit, Undone};

/// The drop-in is in force, and still the unit's environment lacks our entries.
#[derive(Debug)]
pub struct BypassUndone {
    /// The unit.
    pub unit: String,
    /// What lacks them, and whose doing it is.
    pub undone: Vec<Undone>,
}

impl BypassUndone {
    fn culprit(&self, language: Language) -> String {
        match self.undone.first().map(|undone| &undone.culprit) {
            Some(Culprit::EnvironmentFile(path)) => {
                let path = path.display();
                say!(
                    language,
                    "{path}, an EnvironmentFile of the unit, which beats every drop-in",
                    "{path}（该单元的 EnvironmentFile，优先于任何 drop-in）"
                )
            }
            Some(Culprit::DropIn(path)) => {
                let path = path.display();
                say!(
                    language,
                    "{path}, a drop-in that systemd reads after ours",
                    "{path}（systemd 在本程序的 drop-in 之后读取的 drop-in）"
                )
            }
            Some(Culprit::UnsetEnvironment) => say!(
                language,
                "UnsetEnvironment= in the unit or one of its drop-ins",
                "单元或其 drop-in 中的 UnsetEnvironment="
            ),
            Some(Culprit::Unknown) | None => {
                say!(language, "a setting that could not be found", "未能定位的设置")
            }
        }
    }
}

impl Explain for BypassUndone {
    fn code(&self) -> &'static str {
        "gateway.bypass-undone"
    }

    fn problem(&self, language: Language) -> String {
        let names: Vec<_> = self.undone.iter().map(|undone| undone.spelling.name()).collect();
        let (unit, names, culprit) = (&self.unit, names.join(", "), self.culprit(language));
        say!(
            language,
            "{unit}: {names} would not bypass the proxy for loopback, because of {culprit}",
            "{unit}：{names} 无法让本地地址绕过代理，原因是 {culprit}"
        )
    }

    fn remedy(&self, language: Language) -> String {
        say!(
            language,
            "Add 127.0.0.1,localhost,::1,[::1] to no_proxy and NO_PROXY there, or take them out there, and run the command again.",
            "请在该处的 no_proxy 与 NO_PROXY 中加入 127.0.0.1,localhost,::1,[::1]，或删除这两个变量，然后重试。"
        )
    }
}
