//! `upgrade --for-openclaw`: what an upgrade of OpenClaw would mean for the bot. Changes nothing.

use std::path::PathBuf;

use semver::Version as Semver;
use serde_json::{Value, json};

use super::connector::payloads;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::look;
use crate::connector::catalogue::{Answer, Catalogue, Known};
use crate::connector::{DEFAULT_PACKAGE, admits, stocked};
use crate::language::addressed;
use crate::openclaw::version::Version;
use crate::plan::error::nothing_installed;
use crate::report::table::Table;
use crate::report::{Console, Mark, json};
use crate::say;

/// What is installed here.
struct Here<'a> {
    connector: Semver,
    /// The OpenClaw that it was adapted for.
    adapted: Option<Version>,
    /// What lies ready, the newest first.
    stock: Vec<(Semver, PathBuf)>,
    /// The version of the unit's Node.js.
    node: Option<&'a str>,
}

/// What would become of it.
struct Outlook<'a> {
    openclaw: Version,
    connector: Semver,
    known: Option<Known<'a>>,
    /// The newest connector that is known to answer there, and where it is.
    newest: Option<(Semver, String)>,
    /// The range of Node.js that this OpenClaw needs.
    needs: Option<&'a str>,
    node: Option<&'a str>,
    /// What to run after OpenClaw's upgrade.
    command: Option<String>,
}

pub(super) fn run(context: &Context, openclaw: Version) -> Result<Exit, Failure> {
    let snapshot = look::look(context, context.manager())?;
    let connector = snapshot.release().ok_or_else(nothing_installed)?.version;
    let record = snapshot.installation.record.as_ref();
    let here = Here {
        connector,
        adapted: record.and_then(|record| Version::parse(&record.adapted.as_ref()?.openclaw)),
        stock: stocked(&payloads(context))?,
        node: snapshot.host.node.as_deref(),
    };
    let outlook = Outlook::of(&snapshot.installation.catalogue, here, openclaw);
    let (goes_on, console) = (outlook.goes_on(), context.console);
    let lines = outlook.lines(snapshot.openclaw(), console);
    if goes_on {
        console.good_result(&lines.join("\n"));
    } else {
        console.result(&lines.join("\n"));
    }
    console.document(&json::document("upgrade", goes_on, outlook.json(snapshot.openclaw())));
    Ok(if goes_on { Exit::Done } else { Exit::Problems })
}

impl<'a> Outlook<'a> {
    fn of(catalogue: &'a Catalogue, here: Here<'a>, openclaw: Version) -> Self {
        let Here { connector, adapted, stock, node } = here;
        let answers = |version: &Semver| catalogue.answers(version, openclaw);
        let stocked = stock.into_iter().find(|(version, _)| answers(version));
        let stocked = stocked.map(|(version, place)| (version, place.display().to_string()));
        let on_npm = |version: Semver| {
            let place = format!("npm:{DEFAULT_PACKAGE}@{version}");
            (version, place)
        };
        let newest = stocked.or_else(|| catalogue.connectors().filter(answers).max().map(on_npm));
        let known = catalogue.expected(&connector, openclaw);
        let now = adapted.map(|now| catalogue.adaptations(&connector, now)).unwrap_or_default();
        let stays = now == catalogue.adaptations(&connector, openclaw);
        let command = if answers(&connector) {
            (!stays).then(|| "openclaw-setup doctor --fix compat.matrix".to_owned())
        } else {
            newest.as_ref().map(|(version, place)| {
                let older = if *version < connector { " --allow-downgrade" } else { "" };
                format!("openclaw-setup upgrade {place}{older}")
            })
        };
        let needs = catalogue.node_for(openclaw);
        Self { openclaw, connector, known, newest, needs, node, command }
    }

    /// Whether the bot would go on answering: as it is, or after the command.
    fn goes_on(&self) -> bool {
        let answers = self.known.is_some_and(|known| known.answer == Answer::Answers);
        !self.node_is_wrong() && (answers || self.command.is_some())
    }

    fn node_is_wrong(&self) -> bool {
        self.needs.zip(self.node).is_some_and(|(needs, found)| !admits(needs, found))
    }

    fn lines(&self, now: Option<Version>, console: Console) -> Vec<String> {
        let (openclaw, connector) = (self.openclaw, &self.connector);
        let mut table = Table::default();
        let now = now.map_or_else(|| say!("unknown"), |now| now.to_string());
        table.row("OpenClaw", say!("{openclaw} (now {now})", openclaw, now));
        let verdict = self.known.map(|known| known.text(connector, openclaw));
        let unknown = || {
            say!("connector {connector} on OpenClaw {openclaw}: not measured", connector, openclaw)
        };
        table.row(say!("connector"), verdict.unwrap_or_else(unknown));
        if let Some(seen) = self.seen() {
            table.row(say!("one would see"), seen);
        }
        let newest = self.newest.as_ref();
        let newest = newest.map(|(version, place)| format!("{version}  {place}"));
        table.row(say!("newest that answers there"), newest.unwrap_or_else(|| say!("none")));
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
        if self.node_is_wrong() {
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
        let newest = self.newest.as_ref();
        json!({
            "openclaw": {
                "version": now.map(|version| version.to_string()),
                "then": self.openclaw.to_string(),
            },
            "connector": {
                "version": self.connector.to_string(),
                "result": self.known.map(|known| known.answer),
                "adapted": self.known.is_some_and(|known| known.adapted),
                "basis": self.known.map(|known| known.basis),
                "seen": self.seen(),
            },
            "newest": newest.map(|(version, source)| {
                json!({"version": version.to_string(), "source": source})
            }),
            "node": {
                "needed": self.needs,
                "found": self.node,
                "suffices": !self.node_is_wrong(),
            },
            "fixHint": self.command,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(connector: &str, adapted: Option<&str>) -> Here<'static> {
        Here {
            connector: Semver::parse(connector).unwrap(),
            adapted: adapted.and_then(Version::parse),
            stock: Vec::new(),
            node: Some("24.21.0"),
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
            node: Some("22.23.1"),
            ..here("0.7.10", None)
        };
        let outlook = Outlook::of(&catalogue, with_stock, openclaw);
        assert_eq!(outlook.command.as_deref(), Some("openclaw-setup upgrade /stock/0.8.19"));
        assert!(outlook.node_is_wrong() && !outlook.goes_on());
    }
}
