//! The diagnosis as a screen and as JSON.

use serde_json::{Value, json};

use crate::doctor::{Check, Diagnosis, Finding, Severity};
use crate::language::Localized;
use crate::report::console::Table;
use crate::report::{Console, Mark};
use crate::snapshot::Snapshot;

/// The screen: findings, worst first, and one line that sums it up; with `-v` also what is well, and
/// what could not be looked at.
pub(super) fn text(diagnosis: &Diagnosis, console: Console) -> String {
    let mut lines: Vec<String> = diagnosis
        .findings
        .iter()
        .map(|(check, finding)| of_finding(check, finding, console))
        .collect();
    if console.verbose {
        let passed = diagnosis.passed.iter();
        lines.extend(
            passed.map(|check| {
                console.marked(Mark::Good, &format!("{} {}", check.id, check.title()))
            }),
        );
        lines.extend(skipped(diagnosis));
    }
    lines.push(summary(diagnosis, console));
    lines.join("\n")
}

/// Of a quiet run: the errors, a line each.
pub(in crate::command) fn errors(diagnosis: &Diagnosis, console: Console) -> String {
    let errors = diagnosis.findings.iter();
    let errors = errors.filter(|(_, finding)| finding.severity == Severity::Error);
    errors.map(|(check, finding)| head(check, finding, console)).collect::<Vec<_>>().join("\n")
}

/// The findings that are problems, a line each with what to do; notes only with `-v`.
pub(in crate::command) fn brief(diagnosis: &Diagnosis, console: Console) -> Vec<String> {
    let least = if console.verbose { Severity::Info } else { Severity::Warning };
    let shown = diagnosis.findings.iter().filter(|(_, finding)| finding.severity >= least);
    shown
        .map(|(check, finding)| {
            let hint = finding.hint.lines().map(|line| format!("\n    → {line}"));
            head(check, finding, console) + &hint.collect::<String>()
        })
        .collect()
}

/// How long each stage of each question took; nothing where nobody outside was asked.
pub(super) fn measured(snapshot: &Snapshot) -> Option<String> {
    let answers = snapshot.outside.answers();
    let mut table = Table::default();
    for answer in &answers {
        table.row(&answer.subject, format!("{}: {answer}", answer.route.text()));
    }
    (!answers.is_empty()).then(|| table.text())
}

/// A finding with its symptom, evidence and hint.
pub(super) fn of_finding(check: &Check, finding: &Finding, console: Console) -> String {
    let mut lines = vec![head(check, finding, console)];
    if let Some(symptom) = &finding.symptom {
        lines.push(say!("    symptom: {symptom}", symptom));
    }
    let evidence = finding.evidence.iter();
    lines.extend(evidence.map(|evidence| format!("    | {}  {}", evidence.place, evidence.fact)));
    lines.extend(finding.hint.lines().map(|line| format!("    → {line}")));
    lines.join("\n")
}

fn head(check: &Check, finding: &Finding, console: Console) -> String {
    let mark = match finding.severity {
        Severity::Error => Mark::Bad,
        Severity::Warning | Severity::Info => Mark::Hint,
    };
    let word = severity_word(finding.severity);
    console.marked(mark, &format!("{} [{word}] {}", check.id, finding.message))
}

fn severity_word(severity: Severity) -> String {
    match severity {
        Severity::Error => say!("error"),
        Severity::Warning => say!("warning"),
        Severity::Info => say!("note"),
    }
}

/// One line for each reason.
fn skipped(diagnosis: &Diagnosis) -> Vec<String> {
    let mut reasons: Vec<(&String, Vec<&str>)> = Vec::new();
    for (check, why) in &diagnosis.skipped {
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, ids)) => ids.push(check.id),
            None => reasons.push((why, vec![check.id])),
        }
    }
    let line = |(why, ids): (&String, Vec<&str>)| {
        let ids = ids.join(", ");
        say!("– skipped: {ids}: {why}", ids, why)
    };
    reasons.into_iter().map(line).collect()
}

fn summary(diagnosis: &Diagnosis, console: Console) -> String {
    let (errors, warnings, notes) = (
        diagnosis.count(Severity::Error),
        diagnosis.count(Severity::Warning),
        diagnosis.count(Severity::Info),
    );
    let (run, skipped) = (diagnosis.run, diagnosis.skipped.len());
    let text = [
        say_count!(errors, "{errors} error", "{errors} errors", errors),
        say_count!(warnings, "{warnings} warning", "{warnings} warnings", warnings),
        say_count!(notes, "{notes} note", "{notes} notes", notes),
        say!("{run} checks run, {skipped} skipped", run, skipped),
    ];
    let text = text.join(&say!(", "));
    let mark = match (errors, warnings) {
        (0, 0) => Mark::Good,
        (0, _) => Mark::Hint,
        _ => Mark::Bad,
    };
    let mut lines = vec![console.marked(mark, &text)];
    if !diagnosis.repairs().is_empty() {
        lines.push(say!(
            "  Safe repairs, as one transaction: openclaw-setup doctor --fix (-n shows the plan)"
        ));
    }
    lines.join("\n")
}

/// The body of the JSON document, in the shape of `openclaw doctor --lint --json`.
pub(super) fn json(diagnosis: &Diagnosis, snapshot: &Snapshot) -> Value {
    let skipped = diagnosis.skipped.iter();
    let skipped: Vec<Value> =
        skipped.map(|(check, why)| json!({"checkId": check.id, "reason": why})).collect();
    json!({
        "checksRun": diagnosis.run,
        "checksSkipped": skipped.len(),
        "findings": findings_json(diagnosis),
        "skipped": skipped,
        "openclaw": snapshot.openclaw().map(|version| version.to_string()),
        "connector": snapshot.connector().map(|version| version.to_string()),
        "measurements": snapshot.outside.answers(),
    })
}

/// The findings alone.
pub(in crate::command) fn findings_json(diagnosis: &Diagnosis) -> Value {
    let findings = diagnosis.findings.iter().map(|(check, finding)| {
        json!({
            "checkId": check.id,
            "severity": finding.severity,
            "message": finding.message,
            "path": finding.path,
            "fixHint": finding.hint,
            "symptom": finding.symptom,
            "fixable": !finding.repairs.is_empty(),
            "evidence": finding.evidence,
        })
    });
    findings.collect()
}

/// The catalogue as a table.
pub(super) fn list(checks: &[&'static Check]) -> String {
    let mut table = Table::default();
    for check in checks {
        let word = severity_word(check.severity);
        table.row(check.id, format!("[{word}] {}", check.title()));
    }
    table.text()
}

/// The catalogue as data.
pub(super) fn list_json(checks: &[&'static Check]) -> Value {
    let checks = checks.iter().map(
        |check| json!({"checkId": check.id, "severity": check.severity, "title": check.title()}),
    );
    json!({"checks": checks.collect::<Vec<_>>()})
}
