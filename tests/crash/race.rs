//! I8: eight at once. One works; the others leave with 5, or come late and find nothing to do.
//!
//! Races against OpenClaw's own writes are in `tests/back/other_writers.rs`, against a planted link
//! in `planted.rs`, against a manager that hangs or dies in `machine.rs` and
//! `tests/systemd/the_manager.rs`.

use super::bench::limit::Limited;
use super::home::{Home, said};
use super::room;
use super::scenario::SCENARIOS;
use super::sweep::{Case, Side, Verdict, sample, sweep};

#[test]
fn i8_of_eight_runs_at_once_one_works_and_none_does_harm() {
    room::inside(|| {
        // a rollback after a rollback is another rollback
        for scenario in SCENARIOS.iter().filter(|known| !known.name.starts_with("rollback")) {
            let cases = Case::many(&scenario.name.replace(' ', "-"), scenario, Home::furnish);
            let rounds = sample((0..200_usize).collect(), 30);
            sweep(&format!("eight at once, {}", scenario.name), &cases, &rounds, |case, _| {
                raced(case)
            });
        }
    });
}

fn raced(case: &Case) -> Verdict {
    case.arrange();
    let running: Vec<_> = (0..8).map(|_| Limited::start(&mut case.command())).collect();
    let ended: Vec<_> = running.into_iter().map(Limited::wait).collect();
    for output in &ended {
        if !matches!(output.status.code(), Some(0 | 5)) {
            return Err(said(output));
        }
    }
    if ended.iter().all(|output| !output.status.success()) {
        return Err("none worked".to_owned());
    }
    match case.side()? {
        Side::New => Ok(()),
        Side::Old => Err("nothing was done".to_owned()),
    }
}
