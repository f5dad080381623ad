//! `upgrade --for-openclaw`: what an upgrade of OpenClaw would mean for the bot. Changes nothing.

use std::path::PathBuf;

use semver::Version as Semver;
use serde_json::{Value, json};

use super::connector::payloads;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::look;
use crate::connector::catalogue::{Answer, Basis, Catalogue, Known};
use crate::connector::{DEFAULT_PACKAGE, Release, stocked};
use crate::doctor::{CHECKS, Severity};
use crate::language::{Localized, addressed};
use crate::openclaw::Version;
use crate::plan::error::nothing_installed;
use crate::report::console::Table;
use crate::report::{Console, Mark, json};
use crate::snapshot::Snapshot;

/// What is installed here.
struct Here<'a> {
    connector: Release,
    /// The OpenClaw that it was adapted for.
    adapted: Option<Version>,
    /// What lies ready, the newest first.
    stock: Vec<(Semver, PathBuf)>,
    /// The version of the unit's Node.js.
    node: Option<&'a str>,
    /// That Node.js would not do.
    node_is_wrong: bool,
    /// Why that OpenClaw would not take the config with this connector.
    config: Option<String>,
}

/// What would become of it.
struct Outlook<'a> {
    openclaw: Version,
    connector: Release,
    known: Option<Known<'a>>,
    /// The best connector that is known to answer there, where it is, and whence that is known.
    best: Option<(Semver, String, Basis)>,
    /// The range of Node.js that this OpenClaw needs.
    needs: Option<&'a str>,
    node: Option<&'a str>,
    node_is_wrong: bool,
    config: Option<String>,
    /// What to run after OpenClaw's upgrade.
    command: Option<String>,
}

pub(super) fn run(context: &Context, openclaw: Version) -> Result<Exit, Failure> {
    let mut snapshot = look::look(context)?;
    let connector = snapshot.release().ok_or_else(nothing_installed)?;
    let now = snapshot.openclaw();
    // the checks judge the machine as it would be
    snapshot.installation.program.version = Some(openclaw);
    let record = snapshot.installation.record.as_ref();
    let here = Here {
        connector,
        adapted: record.and_then(|record| Version::parse(&record.adapted.as_ref()?.openclaw)),
        stock: stocked(&payloads(context))?,
        node: snapshot.host.node.as_deref(),
        node_is_wrong: error_of("host.node", &snapshot).is_some(),
        config: error_of("config.legacy-keys", &snapshot),
    };
    let outlook = Outlook::of(&snapshot.installation.catalogue, here, openclaw);
    let (goes_on, console) = (outlook.goes_on(), context.console);
    let lines = outlook.lines(now, console);
    if goes_on {
        console.good_result(&lines.join("\n"));
    } else {
        console.result(&lines.join("\n"));
    }
    console.document(&json::document("upgrade", goes_on, outlook.json(now)));
    Ok(if goes_on { Exit::Done } else { Exit::Problems })
}

/// The error that a check finds.
fn error_of(id: &str, snapshot: &Snapshot) -> Option<String> {
    let check = CHECKS.iter().find(|check| check.id == id)?;
    let found = check.verdict(snapshot).unwrap_or_default().into_iter();
    let mut errors = found.filter(|finding| finding.severity == Severity::Error);
    errors.next().map(|finding| finding.message)
}

impl<'a> Outlook<'a> {
    fn of(catalogue: &'a Catalogue, here: Here<'a>, openclaw: Version) -> Self {
        let Here { connector, adapted, stock, node, node_is_wrong, config } = here;
        let version = &connector.version;
        let best = best(catalogue, stock, openclaw);
        let known = catalogue.expected_of(&connector, openclaw);
        let answers = known.is_some_and(|known| known.answer == Answer::Answers);
        let now = adapted.map(|now| catalogue.adaptations(version, now)).unwrap_or_default();
        let stays = now == catalogue.adaptations(version, openclaw);
        // an upgrade of the connector brings the config in order itself
        let config = config.filter(|_| answers);
        let checks = [
            (!stays).then_some(" compat.matrix"),
            config.is_some().then_some(" config.legacy-keys"),
        ];
        let checks: String = checks.into_iter().flatten().filter(|_| answers).collect();
        let command = if answers {
            (!checks.is_empty()).then(|| format!("openclaw-setup doctor --fix{checks}"))
        } else {
            best.as_ref().map(|(better, place, _)| {
                let older = if better < version { " --allow-downgrade" } else { "" };
                format!("openclaw-setup upgrade {place}{older}")
            })
        };
        let needs = catalogue.node_for(openclaw);
        Self { openclaw, connector, known, best, needs, node, node_is_wrong, config, command }
    }

    /// Whether the bot would go on answering: as it is, or after the command.
    fn goes_on(&self) -> bool {
        let answers = self.known.is_some_and(|known| known.answer == Answer::Answers);
        !self.node_is_wrong && (answers || self.command.is_some())
    }

    fn lines(&self, now: Option<Version>, console: Console) -> Vec<String> {
        let (openclaw, connector) = (self.openclaw, &self.connector.version);
        let mut table = Table::default();
        let now = now.map_or_else(|| say!("unknown"), |now| now.to_string());
        table.row("OpenClaw", say!("{openclaw} (now {now})", openclaw, now));
        let verdict = self.known.map(|known| known.text(connector, openclaw));
        let unknown = || {
            say!("connector {connector} on OpenClaw {openclaw}: not measured", connector, openclaw)
        };
        table.row(say!("connector"), self.connector.told(&verdict.unwrap_or_else(unknown)));
        if let Some(seen) = self.seen() {
            table.row(say!("one would see"), seen);
        }
        let best = self.best.as_ref().map(|(version, place, basis)| {
            let basis = basis.text();
            format!("{version}  {place}  ({basis})")
        });
        table.row(say!("best for it"), best.unwrap_or_else(|| say!("none known")));
        if let Some(config) = &self.config {
            table.row(say!("config"), config.clone());
        }
        if let Some(needs) = self.needs {
            let found = self.node.map_or_else(|| say!("unknown"), str::to_owned);
            let text = say!("{needs}; the unit starts {found}", needs, found);
            table.row("Node.js", text);
        }
        let mut lines = vec![table.text()];
        let command = self.command.as_deref().map(addressed);
        let one_command = |command: String| {
            say!("one command is needed after OpenClaw's upgrade: {command}", command)
        };
        if !self.goes_on() {
            let text = say!("the bot is not known to answer after OpenClaw's upgrade");
            lines.push(console.marked(Mark::Bad, &text));
        } else if command.is_none() {
            let text = say!("the bot is expected to answer after OpenClaw's upgrade");
            lines.push(console.marked(Mark::Good, &text));
        }
        lines.extend(command.map(|command| console.marked(Mark::Hint, &one_command(command))));
        if self.node_is_wrong {
            let text = say!(
                "Install that Node.js, and let the unit use it after OpenClaw's upgrade: openclaw gateway install --force"
            );
            lines.push(console.marked(Mark::Hint, &text));
        }
        lines
    }

    /// What the connector as it stands would show there.
    fn seen(&self) -> Option<&str> {
        self.known
            .filter(|_| self.command.is_some() || !self.goes_on())
            .map(|known| known.seen)
            .filter(|seen| !seen.is_empty())
    }

    fn json(&self, now: Option<Version>) -> Value {
        let best = self.best.as_ref();
        json!({
            "openclaw": {
                "version": now.map(|version| version.to_string()),
                "then": self.openclaw.to_string(),
            },
            "connector": {
                "version": self.connector.version.to_string(),
                "result": self.known.map(|known| known.answer),
                "adapted": self.known.is_some_and(|known| known.adapted),
                "basis": self.known.map(|known| known.basis),
                "seen": self.seen(),
            },
            "newest": best.map(|(version, source, basis)| {
                json!({"version": version.to_string(), "source": source, "basis": basis})
            }),
            "config": self.config,
            "node": {
                "needed": self.needs,
                "found": self.node,
                "suffices": !self.node_is_wrong,
            },
            "fixHint": self.command,
        })
    }
}

/// Of what lies ready, else of npm's, the best that is known to answer.
fn best(
    catalogue: &Catalogue,
    stock: Vec<(Semver, PathBuf)>,
    openclaw: Version,
) -> Option<(Semver, String, Basis)> {
    let answers = |version: &Semver| catalogue.answers(version, openclaw);
    let ready = stock.iter().map(|(version, _)| version.clone()).filter(answers);
    let ready = catalogue.best(ready, Some(openclaw));
    let version =
        ready.or_else(|| catalogue.best(catalogue.connectors().filter(answers), Some(openclaw)))?;
    let place = stock.into_iter().find(|(ready, _)| *ready == version);
    let place = place.map_or_else(
        || format!("npm:{DEFAULT_PACKAGE}@{version}"),
        |(_, place)| place.display().to_string(),
    );
    let basis = catalogue.expected(&version, openclaw)?.basis;
    Some((version, place, basis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(connector: &str, adapted: Option<&str>) -> Here<'static> {
        Here {
            connector: Release::named(Semver::parse(connector).unwrap()),
            adapted: adapted.and_then(Version::parse),
            stock: Vec::new(),
            node: Some("24.21.0"),
            node_is_wrong: false,
            config: None,
        }
    }

    #[test]
    fn what_follows_from_what_is_known() {
        let catalogue = Catalogue::built_in();
        let fix = Some("doctor --fix compat.matrix");
        for (connector, adapted, openclaw, goes_on, command) in [
            ("0.8.20", None, "2026.6.35", true, None),
            ("0.8.20", None, "2026.9.6", true, fix),
            ("0.8.20", Some("2026.8.2"), "2026.9.6", true, None),
            ("0.8.20", Some("2026.7.35"), "2026.9.6", true, fix),
            ("0.8.20", Some("2026.9.6"), "2026.4.9", true, fix),
            ("0.8.20", None, "2026.3.13", true, Some("@0.8.3 --allow-downgrade")),
            ("0.8.3", None, "2026.9.6", true, fix),
            ("0.7.10", None, "2026.9.6", true, Some("@0.8.20")),
            ("0.8.0", None, "2026.3.13", true, Some("@0.8.3")),
            ("0.9.0", None, "2026.2.1", false, None),
        ] {
            let openclaw = Version::parse(openclaw).unwrap();
            let outlook = Outlook::of(&catalogue, here(connector, adapted), openclaw);
            let pair = (connector, openclaw);
            assert_eq!(outlook.goes_on(), goes_on, "{pair:?}");
            let found = outlook.command.as_deref();
            assert_eq!(found.is_some(), command.is_some(), "{pair:?}: {found:?}");
            assert!(found.unwrap_or_default().ends_with(command.unwrap_or_default()), "{found:?}");
        }
    }

    #[test]
    fn what_lies_ready_comes_first_and_an_old_node_says_no() {
        let catalogue = Catalogue::built_in();
        let openclaw = Version::of(2026, 9, 6);
        let stock = |version: &str| {
            (Semver::parse(version).unwrap(), PathBuf::from("/stock").join(version))
        };
        let with_stock = Here {
            stock: vec![stock("0.9.0"), stock("0.8.19"), stock("0.8.13")],
            node_is_wrong: true,
            ..here("0.7.10", None)
        };
        let outlook = Outlook::of(&catalogue, with_stock, openclaw);
        assert_eq!(outlook.command.as_deref(), Some("openclaw-setup upgrade /stock/0.8.19"));
        assert!(!outlook.goes_on());
    }

    /// Nothing is said to have been measured that was not, and a measured one comes first.
    #[test]
    fn what_is_best_is_told_with_whence_it_is_known() {
        let catalogue = Catalogue::built_in();
        for (openclaw, version, basis) in [
            (Version::of(2026, 7, 1), "0.8.13", "measured"),
            (Version::of(2026, 7, 2), "0.8.20", "rule"),
            (Version::of(2026, 9, 6), "0.8.20", "measured"),
            (Version::of(2026, 10, 1), "0.8.20", "rule"),
        ] {
            let outlook = Outlook::of(&catalogue, here("0.6.0", None), openclaw);
            let newest = &outlook.json(None)["newest"];
            assert_eq!((&newest["version"], &newest["basis"]), (&json!(version), &json!(basis)));
        }
        let patched = Release { is_namesake: true, ..here("0.6.0", None).connector };
        let here = Here { connector: patched, ..here("0.6.0", None) };
        let outlook = Outlook::of(&catalogue, here, Version::of(2026, 3, 13));
        assert_eq!(outlook.json(None)["connector"]["basis"], "namesake");
    }

    #[test]
    fn a_config_that_would_be_refused_is_one_command_away() {
        let catalogue = Catalogue::built_in();
        let keys = "config.legacy-keys";
        for (connector, openclaw, command) in [
            ("0.8.13", "2026.3.28", "doctor --fix config.legacy-keys"),
            ("0.8.20", "2026.9.6", "doctor --fix compat.matrix config.legacy-keys"),
            ("0.7.10", "2026.4.9", "@0.8.20"),
        ] {
            let here = Here { config: Some(keys.to_owned()), ..here(connector, None) };
            let outlook = Outlook::of(&catalogue, here, Version::parse(openclaw).unwrap());
            assert!(outlook.goes_on(), "{connector}");
            assert!(outlook.command.unwrap().ends_with(command), "{connector}");
        }
    }
}
