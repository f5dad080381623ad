//! I1: killed at any system call that changes a file, then `recover`: the old state or the new one,
//! and the journal knows which. Recovery may be killed at each of its own points, too.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::Mutex;

use super::home::{Home, said};
use super::room;
use super::scenario::{REPAIRS, SCENARIOS, Scenario};
use super::strace::{self, Fate, Point};
use super::sweep::{Case, Side, Verdict, is_full, sample, sweep};

/// Fewer would mean that the sweep looks past what the program does.
const FEWEST: usize = 50;

#[test]
fn i1_a_kill_at_any_system_call_leaves_the_old_state_or_the_new_one() {
    room::inside(|| {
        for (number, scenario) in SCENARIOS.iter().enumerate() {
            let (cases, points) = prepared("kill", scenario);
            assert!(points.len() >= FEWEST, "only {} points", points.len());
            // the first is always tried wholly
            let points = if number == 0 { points } else { sample(points, 5) };
            sweep(&format!("kill, {}", scenario.name), &cases, &points, killed_once);
        }
    });
}

#[test]
fn i1_a_repair_killed_at_any_system_call_leaves_the_old_state_or_the_new_one() {
    room::inside(|| {
        for scenario in REPAIRS {
            let name = format!("repair-{}", scenario.name.replace(' ', "-"));
            let cases = Case::many(&name, scenario, with_openclaw_on_the_path);
            let points = cases[0].changes();
            assert!(points.len() >= FEWEST, "only {} points", points.len());
            let points = sample(points, 6);
            sweep(&format!("kill, {}", scenario.name), &cases, &points, killed_once);
        }
    });
}

#[test]
fn i1_a_kill_during_recovery_is_recovered_too() {
    room::inside(|| {
        for scenario in SCENARIOS.iter().step_by(if is_full() { 1 } else { 2 }) {
            let (cases, points) = prepared("twice", scenario);
            let points = distinct(&cases, &sample(points, 5));
            let pairs = pairs(&cases, &points);
            assert!(pairs.len() >= FEWEST, "only {} points", pairs.len());
            let pairs = sample(pairs, 9);
            sweep(&format!("kill twice, {}", scenario.name), &cases, &pairs, killed_twice);
        }
    });
}

/// A home in which the program finds OpenClaw's package without a unit.
fn with_openclaw_on_the_path(place: &Path) -> Home {
    let mut home = Home::furnish(place);
    let folder = home.path.join(".local/lib/node_modules/openclaw/dist");
    let path = format!("/usr/bin:/bin:{}", folder.display());
    home.environment.push(("PATH".to_owned(), path.into()));
    home
}

/// Homes for a scenario, and where it changes files.
fn prepared(name: &str, scenario: &'static Scenario) -> (Vec<Case>, Vec<Point>) {
    let name = format!("{name}-{}", scenario.name.replace(' ', "-"));
    let cases = Case::many(&name, scenario, Home::furnish);
    let points = cases[0].changes();
    (cases, points)
}

/// Kills the command there.
pub(crate) fn kill(case: &Case, point: &Point) -> Verdict {
    let output = strace::struck(&case.command(), point, Fate::Death, &[]);
    was_killed(&output)
}

fn was_killed(output: &std::process::Output) -> Verdict {
    if output.status.signal() == Some(9) {
        Ok(())
    } else {
        Err(format!("not killed: {}", said(output)))
    }
}

fn killed_once(case: &Case, point: &Point) -> Verdict {
    case.arrange();
    kill(case, point)?;
    if case.recovered()? == Side::Old { case.again() } else { Ok(()) }
}

fn killed_twice(case: &Case, (first, second): &(Point, Point)) -> Verdict {
    case.arrange();
    kill(case, first)?;
    was_killed(&strace::struck(&case.recovery(), second, Fate::Death, &[]))?;
    case.recovered().map(drop)
}

/// One point for each state that a kill can leave: many system calls change nothing that counts.
fn distinct(cases: &[Case], points: &[Point]) -> Vec<Point> {
    let seen = Mutex::new(BTreeSet::new());
    let found = Mutex::new(Vec::new());
    sweep("kill twice, first kills", cases, points, |case, point| {
        case.arrange();
        kill(case, point)?;
        let home = case.home.path.display().to_string();
        let fingerprint: Vec<String> =
            case.home.fingerprint().iter().map(|line| line.replace(&home, "~")).collect();
        if seen.lock().unwrap().insert(fingerprint) {
            found.lock().unwrap().push(point.clone());
        }
        Ok(())
    });
    found.into_inner().unwrap()
}

/// Each of the first kills with each point of the recovery that follows it.
fn pairs(cases: &[Case], points: &[Point]) -> Vec<(Point, Point)> {
    let found = Mutex::new(Vec::new());
    sweep("kill twice, recoveries", cases, points, |case, point| {
        case.arrange();
        kill(case, point)?;
        let seconds = strace::changes(&case.recovery(), &case.home.log());
        let pairs = seconds.into_iter().map(|second| (point.clone(), second));
        found.lock().unwrap().extend(pairs);
        case.side().map(drop)
    });
    let mut pairs = found.into_inner().unwrap();
    pairs.sort_by(|a, b| (&a.0.shown, &a.1.shown).cmp(&(&b.0.shown, &b.1.shown)));
    pairs
}
