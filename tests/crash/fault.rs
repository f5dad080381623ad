//! I2: whatever call that changes a file fails, once or from then on: the old state stays, exit 1,
//! and the message names a path. What cannot be undone while the disk fails is told (exit 4), and
//! undone when it works again. After the commit the new state stays.

use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::home::{Home, said};
use super::room::{self, ROOT};
use super::scenario::{DOCTOR, FIRST, SCENARIOS, Scenario, UPGRADE};
use super::strace::{self, Fate, Point};
use super::sweep::{Case, Side, Verdict, is_full, sample, sweep};

#[test]
fn i2_a_call_that_fails_once_or_for_ever_leaves_the_old_state() {
    room::inside(|| {
        let quick = [FIRST, UPGRADE, DOCTOR];
        let scenarios = if is_full() { SCENARIOS } else { &quick };
        for (number, scenario) in scenarios.iter().enumerate() {
            let cases = Case::many(&format!("fault-{number}"), name_of(scenario), Home::furnish);
            cases[0].arrange();
            let points = strace::changes(&cases[0].command(), &cases[0].home.log());
            let jobs: Vec<_> = points.iter().flat_map(fates).collect();
            assert!(jobs.len() > 500, "only {} faults", jobs.len());
            sweep_faults(&format!("faults, {}", scenario.name), &cases, &sample(jobs, 12));
        }
    });
}

#[test]
fn i2_a_look_that_fails_leaves_the_old_state() {
    room::inside(|| {
        let cases = Case::many("look", &UPGRADE, Home::furnish);
        cases[0].arrange();
        let points = strace::looks(&cases[0].command(), &cases[0].home.log());
        let jobs: Vec<_> = points.iter().flat_map(fates).collect();
        assert!(jobs.len() > 300, "only {} faults", jobs.len());
        sweep_faults("faults while looking, upgrade", &cases, &sample(jobs, 29));
    });
}

/// The scenario as the table has it.
fn name_of(scenario: &Scenario) -> &'static Scenario {
    SCENARIOS.iter().find(|known| known.name == scenario.name).unwrap()
}

/// The errors that a call may give.
fn errors(call: &str) -> &'static [&'static str] {
    match call {
        "write" | "pwrite64" | "ftruncate" => &["ENOSPC", "EIO", "EDQUOT"],
        "fsync" | "fdatasync" | "syncfs" => &["EIO", "ENOSPC", "EDQUOT"],
        "openat" | "open" | "creat" | "openat2" => {
            &["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES", "EMFILE"]
        }
        "unlink" | "unlinkat" | "rmdir" => &["EIO", "EROFS", "EACCES"],
        "chmod" | "fchmod" | "fchmodat" | "fchown" | "fchownat" => &["EIO", "EROFS", "EPERM"],
        "read" | "getdents64" => &["EIO"],
        "statx" | "newfstatat" => &["EIO", "EACCES"],
        _ => &["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES"],
    }
}

fn fates(point: &Point) -> Vec<(Point, Fate)> {
    let errors = errors(&point.call);
    let once = errors.iter().chain(&["EINTR"]).map(|error| Fate::Fails(error));
    let for_ever = errors.iter().map(|error| Fate::FailsForEver(error));
    once.chain(for_ever).map(|fate| (point.clone(), fate)).collect()
}

/// Most faults must have been felt: else the sweep misses what it aims at.
fn sweep_faults(title: &str, cases: &[Case], jobs: &[(Point, Fate)]) {
    let felt = AtomicUsize::new(0);
    sweep(title, cases, jobs, |case, job| failed(case, job, &felt));
    let felt = felt.into_inner();
    println!("  {title}: {felt} of {} ended the command", jobs.len());
    assert!(felt * 2 > jobs.len(), "{title}: only {felt}");
}

fn failed(case: &Case, (point, fate): &(Point, Fate), felt: &AtomicUsize) -> Verdict {
    case.arrange();
    let output = strace::struck(&case.command(), point, *fate, &[]);
    felt.fetch_add(usize::from(!output.status.success()), Ordering::Relaxed);
    // with `write` failing for ever nothing can be said either
    let is_mute = point.call == "write" && matches!(fate, Fate::FailsForEver(_));
    judged(case, &output, is_mute)
}

/// The exit code tells the truth, and a recovery on a disk that works again ends in it, too.
pub(crate) fn judged(case: &Case, output: &Output, is_mute: bool) -> Verdict {
    let says = |side: Side, what: String| format!("{side:?} state after {}: {what}", said(output));
    let code = output.status.code();
    let side = match code {
        Some(0) => Side::New,
        Some(1 | 4) => Side::Old,
        _ => return Err(said(output)),
    };
    if code != Some(4) {
        case.is_in(side).map_err(|what| says(side, what))?;
    }
    if side == Side::Old && !is_mute && !String::from_utf8_lossy(&output.stderr).contains(ROOT) {
        return Err(format!("the message names no path: {}", said(output)));
    }
    match case.recovered().map_err(|what| says(side, what))? {
        found if found == side => Ok(()),
        found => Err(says(side, format!("recovered to {found:?}"))),
    }
}
