//! Which npm dependencies are fetched otherwise than the connector declares, and why.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::connector::facts::Package;
use crate::connector::range::admits;
use crate::language::Localized;
use crate::say;

const STREAM: &str = "dingtalk-stream";
/// 2.1.5 opens no connection, and connector 0.6/0.7's `^2.1.4` resolves to it.
const STREAM_VERSION: &str = "2.1.4";
/// What the gateway itself provides.
pub(super) const HOST: &str = "openclaw";

/// What is done instead of what is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// Exactly this version is installed.
    Exactly(String),
    /// It is not installed at all.
    LeftOut,
}

/// One dependency that is not left to npm's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// The package.
    pub name: String,
    /// The range that `package.json` declares.
    pub declared: String,
    /// What is done instead.
    pub resolution: Resolution,
}

impl Localized for Pin {
    fn text(&self) -> String {
        let (name, declared) = (&self.name, &self.declared);
        match &self.resolution {
            Resolution::Exactly(version) => say!(
                "{name} {version} instead of {declared}: the newer 2.1.5 cannot connect to DingTalk",
                name,
                version,
                declared
            ),
            Resolution::LeftOut => say!(
                "{name} is left out ({declared} declared): the gateway itself provides it",
                name,
                declared
            ),
        }
    }
}

/// What would be fetched otherwise than declared. Pure: for the plan as well as for the deed.
#[must_use]
pub fn pins(package: &Package) -> Vec<Pin> {
    let ranges = package.dependencies.iter().chain(&package.optional_dependencies);
    ranges
        .filter_map(|(name, declared)| {
            let resolution = match name.as_str() {
                // connectors 0.8.0 to 0.8.7 list the host itself: 37,332 files for nothing
                HOST => Resolution::LeftOut,
                STREAM if declared != STREAM_VERSION && admits(declared, STREAM_VERSION) => {
                    Resolution::Exactly(STREAM_VERSION.to_string())
                }
                _ => return None,
            };
            Some(Pin { name: name.clone(), declared: declared.clone(), resolution })
        })
        .collect()
}

/// `ranges` of `package` with the pins applied.
pub(in crate::connector) fn pinned(
    package: &Package,
    ranges: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut ranges = ranges.clone();
    for pin in pins(package) {
        match pin.resolution {
            Resolution::LeftOut => drop(ranges.remove(&pin.name)),
            Resolution::Exactly(version) => {
                ranges.entry(pin.name).and_modify(|range| *range = version);
            }
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn package(dependencies: &str) -> Package {
        let text = format!(r#"{{"name":"c","version":"1.0.0","dependencies":{dependencies}}}"#);
        Package::parse(Some(text.as_bytes()), Path::new("/p")).unwrap()
    }

    #[test]
    fn the_stream_client_is_pinned_and_the_host_left_out() {
        let declared = r#"{"axios":"^1.6.0","dingtalk-stream":"^2.1.4","openclaw":"^2026.3.0"}"#;
        let package = package(declared);
        let resolutions: Vec<_> = pins(&package)
            .into_iter()
            .map(|pin| (pin.name, pin.declared, pin.resolution))
            .collect();
        assert_eq!(
            resolutions,
            [
                (
                    "dingtalk-stream".to_string(),
                    "^2.1.4".to_string(),
                    Resolution::Exactly("2.1.4".to_string())
                ),
                ("openclaw".to_string(), "^2026.3.0".to_string(), Resolution::LeftOut),
            ]
        );
        let wanted: Vec<_> = pinned(&package, &package.dependencies).into_iter().collect();
        assert_eq!(
            wanted,
            [
                ("axios".to_string(), "^1.6.0".to_string()),
                ("dingtalk-stream".to_string(), "2.1.4".to_string())
            ]
        );
    }

    #[test]
    fn what_the_connector_already_fixes_needs_no_pin() {
        for declared in [r#"{"dingtalk-stream":"2.1.4"}"#, r#"{"dingtalk-stream":"^2.2.0"}"#] {
            assert_eq!(pins(&package(declared)), [], "{declared}");
        }
    }
}
