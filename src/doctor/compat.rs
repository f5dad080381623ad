//! Which connector works on which OpenClaw: measured, or read in both programs' code.

use semver::Version as Semver;

use super::{Finding, Severity, Snapshot, Verdict};
use crate::openclaw::version::Version;
use crate::say;

/// Why a pair does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clash {
    /// `/v1/chat/completions` refuses the connector's model name from 2026.3.24 on.
    InvalidModel,
    /// The SDK lacks what the connector asks for; it refuses to load, or its entry cannot be read.
    HostTooOld,
    /// It loads, and the first message kills the gateway.
    KillsTheGateway,
    /// The host has dropped a part of the SDK.
    HostTooNew,
    /// Reports say so; not measured.
    Reported,
}

const MODEL_IS_CHECKED: Version = Version::of(2026, 3, 24);
const SETUP_EXISTS: Version = Version::of(2026, 3, 22);
const NEW_LOADER: Version = Version::of(2026, 3, 23);
const RUNTIME_IS_GONE: Version = Version::of(2026, 9, 6);

/// A pair's verdict, by 0.`minor`.`patch` of the connector.
fn clash(connector: &Semver, openclaw: Version) -> Option<Clash> {
    let version = (connector.minor, connector.patch);
    if connector.major != 0 {
        return None;
    }
    match version {
        (..=7, _) => (openclaw >= MODEL_IS_CHECKED).then_some(Clash::InvalidModel),
        (8, 0..=3) => (openclaw >= SETUP_EXISTS).then_some(Clash::Reported),
        (8, 6..=7) if openclaw < NEW_LOADER => Some(Clash::KillsTheGateway),
        (8, 17..=20) if openclaw < NEW_LOADER => Some(Clash::HostTooOld),
        (8, 6..=7 | 17..=20) => (openclaw >= RUNTIME_IS_GONE).then_some(Clash::HostTooNew),
        (8, 4..=5 | 8..=16) => (openclaw < SETUP_EXISTS).then_some(Clash::HostTooOld),
        _ => None,
    }
}

/// Whether nothing is known against a pair.
#[must_use]
pub fn may_work(connector: &Semver, openclaw: Option<Version>) -> bool {
    openclaw.is_none_or(|openclaw| clash(connector, openclaw).is_none())
}

/// The newest of these connectors that is newer than the installed one, and that nothing is known
/// against.
pub fn newer(
    ready: impl IntoIterator<Item = Semver>,
    installed: &Semver,
    openclaw: Option<Version>,
) -> Option<Semver> {
    let fits = |version: &Semver| version > installed && may_work(version, openclaw);
    ready.into_iter().filter(fits).max()
}

/// The newest connector that was seen to work on an OpenClaw.
fn working(openclaw: Version) -> &'static str {
    if openclaw < MODEL_IS_CHECKED { "0.8.3" } else { "0.8.13" }
}

pub(super) fn matrix(snapshot: &Snapshot) -> Verdict {
    let Some(connector) = snapshot.connector() else { return Ok(Vec::new()) };
    let Some(openclaw) = snapshot.openclaw() else {
        return Err(say!("OpenClaw's version is not known"));
    };
    let Some(clash) = clash(&connector, openclaw) else { return Ok(Vec::new()) };
    let severity = if clash == Clash::Reported { Severity::Warning } else { Severity::Error };
    let better = working(openclaw);
    let why = reason(clash);
    let package = snapshot.tree.as_ref().map(|tree| tree.path.join("package.json"));
    let program = snapshot.installation.program.package.as_ref();
    Finding::of(severity, say!("connector {connector} does not work on OpenClaw {openclaw}: {why}", connector, openclaw, why))
        .hint(say!("On OpenClaw {openclaw} connector {better} works: openclaw-setup upgrade npm:@dingtalk-real-ai/dingtalk-connector@{better} (with --allow-downgrade, if that is older)", openclaw, better))
        .symptom(symptom(clash))
        .read(
            package.map(|path| path.display().to_string()).unwrap_or_default(),
            format!("version {connector}"),
        )
        .read(
            program.map_or_else(|| "OpenClaw".to_owned(), |path| path.display().to_string()),
            format!("version {openclaw}"),
        )
        .into()
}

fn reason(clash: Clash) -> String {
    match clash {
        Clash::InvalidModel => say!(
            "since 2026.3.24 the gateway refuses the model name that connectors before 0.8.0 send"
        ),
        Clash::HostTooOld => say!("it needs a plugin SDK that this OpenClaw does not have yet"),
        Clash::KillsTheGateway => {
            say!("its account does not start, and the first message ends the gateway")
        }
        Clash::HostTooNew => {
            say!("this OpenClaw has dropped the part of the plugin SDK that it uses")
        }
        Clash::Reported => say!("users report so (not measured)"),
    }
}

fn symptom(clash: Clash) -> String {
    match clash {
        Clash::InvalidModel => "Gateway error: 400 Invalid `model`".to_owned(),
        Clash::HostTooOld => {
            "SDK 版本过低 / Cannot find module / Cannot use 'import.meta'".to_owned()
        }
        Clash::KillsTheGateway => say!("the gateway dies at the first message"),
        Clash::HostTooNew => "Package subpath is not defined by \"exports\"".to_owned(),
        Clash::Reported => say!("the bot is silent"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_newer_and_may_work_is_an_upgrade() {
        let [old, new] = ["2026.3.13", "2026.4.9"].map(Version::parse);
        for (installed, openclaw, upgrade) in [
            ("0.6.0", old, Some("0.8.3")),
            ("0.8.3", old, None),
            ("0.8.13", new, Some("0.8.20")),
            ("0.8.20-beta.1", new, Some("0.8.20")),
            ("0.8.20", new, None),
            ("0.10.0", None, None),
        ] {
            let ready = ["0.6.0", "0.8.3", "0.8.20"].map(|version| Semver::parse(version).unwrap());
            let newer = newer(ready, &Semver::parse(installed).unwrap(), openclaw);
            assert_eq!(
                newer.map(|v| v.to_string()).as_deref(),
                upgrade,
                "{installed} {openclaw:?}"
            );
        }
    }

    #[test]
    fn pairs_are_judged_as_they_were_measured() {
        let (old, april, new) =
            (Version::of(2026, 3, 13), Version::of(2026, 4, 9), Version::of(2026, 9, 6));
        for (connector, openclaw, expected) in [
            ("0.6.0", old, None),
            ("0.6.0", april, Some(Clash::InvalidModel)),
            ("0.6.0", new, Some(Clash::InvalidModel)),
            ("0.7.10", old, None),
            ("0.7.10", april, Some(Clash::InvalidModel)),
            ("0.8.0", old, None),
            ("0.8.3", old, None),
            ("0.8.3", april, Some(Clash::Reported)),
            ("0.8.4", old, Some(Clash::HostTooOld)),
            ("0.8.6", old, Some(Clash::KillsTheGateway)),
            ("0.8.7", april, None),
            ("0.8.7", new, Some(Clash::HostTooNew)),
            ("0.8.13", old, Some(Clash::HostTooOld)),
            ("0.8.13", april, None),
            ("0.8.13", new, None),
            ("0.8.20", old, Some(Clash::HostTooOld)),
            ("0.8.20", april, None),
            ("0.8.20", new, Some(Clash::HostTooNew)),
            ("0.9.0", new, None),
        ] {
            let found = clash(&Semver::parse(connector).unwrap(), openclaw);
            assert_eq!(found, expected, "{connector} on {openclaw}");
        }
    }

    #[test]
    fn what_is_recommended_works() {
        for openclaw in [Version::of(2026, 3, 13), Version::of(2026, 4, 9), RUNTIME_IS_GONE] {
            let better = Semver::parse(working(openclaw)).unwrap();
            assert_eq!(clash(&better, openclaw), None, "{openclaw}");
        }
    }
}
