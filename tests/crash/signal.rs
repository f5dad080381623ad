//! A signal at any step, and another at each one after it: the exit code of an interrupt promises
//! that everything is as it was.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::home::{Home, said};
use super::room;
use super::scenario::{FIRST, SCENARIOS, UPGRADE};
use super::strace::{self, Fate, Point};
use super::sweep::{Case, Side, is_full, sample, sweep};

/// The signals by which an operator, a terminal and a service manager ask, and their exit codes.
const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("HUP", 129), ("TERM", 143)];

#[test]
fn signals_at_any_step_and_each_after_it_leave_the_old_state_or_the_new_one() {
    room::inside(|| {
        let quick = [FIRST.name, UPGRADE.name];
        let is_tried = |name: &str| is_full() || quick.contains(&name);
        for scenario in SCENARIOS.iter().filter(|known| is_tried(known.name)) {
            let name = format!("signal-{}", scenario.name.replace(' ', "-"));
            let cases = Case::many(&name, scenario, Home::furnish);
            let points = sample(cases[0].changes(), 4).into_iter().enumerate();
            // each signal gets its share of the points, and all of them in a full sweep
            let jobs = points.flat_map(|(number, point)| {
                let signals = SIGNALS.into_iter().enumerate();
                let mine = signals.filter(move |(turn, _)| is_full() || number % 3 == *turn);
                mine.map(move |(_, signal)| (point.clone(), signal))
            });
            let jobs: Vec<_> = jobs.collect();
            assert!(jobs.len() >= 30, "only {} signals", jobs.len());
            let felt = AtomicUsize::new(0);
            sweep(&format!("signals, {}", scenario.name), &cases, &jobs, |case, job| {
                felt.fetch_add(usize::from(signalled(case, job)? == Side::Old), Ordering::Relaxed);
                Ok(())
            });
            let felt = felt.into_inner();
            assert!(felt * 2 > jobs.len(), "only {felt} of {} ended it", jobs.len());
        }
    });
}

fn signalled(
    case: &Case,
    (point, (signal, code)): &(Point, (&'static str, i32)),
) -> Result<Side, String> {
    case.arrange();
    let output = strace::struck(&case.command(), point, Fate::Signals(signal), &[]);
    let expected = match output.status.code() {
        Some(0) => Side::New,
        Some(found) if found == *code || found == 4 => Side::Old,
        _ => return Err(said(&output)),
    };
    if output.status.code() != Some(4) {
        case.is_in(expected).map_err(|what| format!("{} {what}", said(&output)))?;
    }
    match case.recovered()? {
        found if found == expected => Ok(found),
        found => Err(format!("recovered to {found:?} after {}", said(&output))),
    }
}
