//! The same screen for Prometheus, in its text format: what an alert is made of.

use std::fmt::Write;

use super::super::history;
use super::Status;
use crate::doctor::Severity;
use crate::health::{Connection, Rung};
use crate::language::word;

const SEVERITIES: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Info];

type Labels<'a> = Vec<(&'a str, &'a str)>;

/// Whose samples they are: several users of one machine end in one file.
struct Metrics<'a> {
    of: Labels<'a>,
    text: String,
}

impl Metrics<'_> {
    fn gauge<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, bool)>,
    ) {
        self.family(name, help, samples.into_iter().map(|(labels, is)| (labels, usize::from(is))));
    }

    fn family<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, usize)>,
    ) {
        let name = format!("openclaw_setup_{name}");
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (labels, value) in samples {
            let labels = self.of.iter().chain(&labels);
            let labels: Vec<_> =
                labels.map(|(key, of)| format!("{key}=\"{}\"", escaped(of))).collect();
            let _ = writeln!(self.text, "{name}{{{}}} {value}", labels.join(","));
        }
    }
}

/// A value between quotes. Of control characters the format knows one.
fn escaped(value: &str) -> String {
    let escape = |c| match c {
        '\\' => "\\\\".to_owned(),
        '"' => "\\\"".to_owned(),
        '\n' => "\\n".to_owned(),
        c if char::is_control(c) => '\u{fffd}'.to_string(),
        c => c.to_string(),
    };
    value.chars().map(escape).collect()
}

pub(super) fn text(status: &Status) -> String {
    let (snapshot, proof) = (&status.snapshot, &status.proof);
    let (user, unit) = (&snapshot.installation.account.name, &snapshot.installation.paths.unit);
    let of = vec![("user", user.as_str()), ("unit", unit.as_str())];
    let mut metrics = Metrics { of, text: String::new() };

    let version = |version: Option<String>| version.unwrap_or_default();
    let openclaw = version(snapshot.openclaw().map(|version| version.to_string()));
    let connector = version(snapshot.connector().map(|version| version.to_string()));
    let program = env!("CARGO_PKG_VERSION");
    let info = vec![("version", program), ("openclaw", &openclaw), ("connector", &connector)];
    metrics.gauge("info", "Versions; empty where there is none.", [(info, true)]);

    let seen = |rung| proof.reached.is_some_and(|reached| reached >= rung);
    let words = Rung::ALL.map(word);
    let rungs = Rung::ALL.into_iter().zip(&words);
    let rungs = rungs.map(|(rung, word)| (vec![("rung", word.as_str())], seen(rung)));
    metrics.gauge("rung", "Whether the bot was seen to work up to this rung.", rungs);

    let accounts = proof.accounts.iter().filter(|(_, state)| *state != Connection::Unseen);
    let accounts = accounts
        .map(|(name, state)| (vec![("account", name.as_str())], *state == Connection::Open));
    metrics.gauge(
        "account_connected",
        "Whether the account is connected to DingTalk; no sample where the log does not say.",
        accounts,
    );

    let words = SEVERITIES.map(word);
    let findings = SEVERITIES.into_iter().zip(&words).map(|(severity, word)| {
        (vec![("severity", word.as_str())], status.diagnosis.count(severity))
    });
    metrics.family("problems", "Findings of doctor.", findings);

    let last = status.last.as_ref().map(history::as_json);
    let told = |key: &str| last.as_ref().and_then(|last| last[key].as_str()).unwrap_or_default();
    let labels = ["id", "command", "state"].map(|key| (key, told(key))).to_vec();
    let last = last.is_some().then_some((labels, true));
    metrics.gauge(
        "last_transaction_info",
        "The last transaction: open, committed or undone.",
        last,
    );
    let pending = [(Vec::new(), snapshot.pending.is_some())];
    metrics.gauge(
        "recovery_pending",
        "Whether a transaction was cut off and not recovered.",
        pending,
    );
    metrics.text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_label_holds_what_the_format_can_hold() {
        assert_eq!(escaped("a\\b\"c\nd\u{1b}e钉"), "a\\\\b\\\"c\\nd\u{fffd}e钉");
    }
}
