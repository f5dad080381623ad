//! Every point of the engine, in this process: each call that changes a file and each to the user
//! manager is the last one, or fails, or a signal comes there. The sweeps of `tests/crash` do the
//! same to the whole program.

mod room;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

use room::{Room, SCENARIOS, Scenario, State};
use rustix::io::Errno;

use super::generations;
use super::journal::Phase;
use crate::fs::{Fate, Killed, await_fate};

/// Fewer would mean that the sweep looks past what the engine does.
const FEWEST: usize = 60;

/// A scenario's two states, and at how many points it may be struck.
struct Case {
    scenario: &'static Scenario,
    old: State,
    new: State,
    points: usize,
    /// The transactions before.
    known: usize,
}

/// In which of them an installation is.
#[derive(Debug, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

fn cases() -> impl Iterator<Item = Case> {
    SCENARIOS.iter().map(|scenario| {
        let mut room = Room::before(scenario);
        let (old, known) = (room.state(), room.records().ids().unwrap().len());
        await_fate(Fate::Nothing, 0);
        room.run(scenario).unwrap().unwrap();
        let points = await_fate(Fate::Nothing, 0);
        let case = Case { scenario, old, new: room.state(), points, known };
        assert!(points >= FEWEST && case.old != case.new, "{}: {points}", scenario.name);
        assert_eq!(case.side(&mut room, "unharmed"), Side::New);
        case
    })
}

impl Case {
    /// Recovers what is left open. Then the state is the old one or the new one, the newest journal
    /// says the same, and the gateway runs that state.
    fn side(&self, room: &mut Room, what: &str) -> Side {
        let name = self.scenario.name;
        await_fate(Fate::Nothing, 0);
        let recovered = room.recover();
        let recovered = recovered.unwrap_or_else(|error| panic!("{name}, {what}: {error:?}"));
        let left = recovered.map(|recovery| recovery.left).unwrap_or_default();
        assert!(left.is_empty(), "{name}, {what}: {left:?}");
        let journals = room.records().journals().unwrap();
        let newest = journals.get(self.known).map(super::journal::Journal::phase);
        let (side, expected) = match newest {
            Some(Phase::Committed) => (Side::New, &self.new),
            None | Some(Phase::Undone) => (Side::Old, &self.old),
            Some(Phase::Open) => panic!("{name}, {what}: it is still open"),
        };
        assert_eq!(room.state(), *expected, "{name}, {what}: not the {side:?} state");
        assert!(
            room.gateway.runs_what_is_there(),
            "{name}, {what}: the gateway runs another state"
        );
        let nothing: [PathBuf; 0] = [];
        assert_eq!(room.left_over(), nothing, "{name}, {what}: left lying about");
        side
    }
}

/// Does it, until it is over or killed; returns whether it was killed.
fn killed(deed: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(deed)) {
        Ok(()) => false,
        Err(payload) if payload.is::<Killed>() => true,
        Err(payload) => resume_unwind(payload),
    }
}

#[test]
fn a_death_at_any_point_leaves_the_old_state_or_the_new_one() {
    for case in cases() {
        let mut committed = 0;
        for point in 0..case.points {
            let mut room = Room::before(case.scenario);
            await_fate(Fate::Death, point);
            assert!(killed(|| drop(room.run(case.scenario))), "{point}");
            committed +=
                usize::from(case.side(&mut room, &format!("dead at {point}")) == Side::New);
        }
        assert!((1..=8).contains(&committed), "{}: {committed} committed", case.scenario.name);
    }
}

#[test]
fn a_death_in_recovery_is_recovered_too() {
    for case in cases() {
        for first in (0..case.points).step_by(4) {
            for second in 0.. {
                let mut room = Room::before(case.scenario);
                await_fate(Fate::Death, first);
                assert!(killed(|| drop(room.run(case.scenario))), "{first}");
                await_fate(Fate::Death, second);
                let was_killed = killed(|| drop(room.recover()));
                case.side(&mut room, &format!("dead at {first}, in recovery at {second}"));
                if !was_killed {
                    break;
                }
            }
        }
    }
}

/// Of each transaction all is there, or it is none any more; what the death leaves is swept.
#[test]
fn a_death_while_all_is_discarded_leaves_whole_transactions() {
    for point in 0.. {
        let mut room = Room::before(&SCENARIOS[3]);
        let records = room.records();
        await_fate(Fate::Death, point);
        let was_killed = killed(|| drop(generations::discard_all(&records)));
        await_fate(Fate::Nothing, 0);
        room.recover().unwrap();
        for journal in records.journals().unwrap() {
            assert!(journal.directory().join("files").is_dir(), "{point}");
        }
        let names = fs::read_dir(records.root()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(names.into_iter().all(|name| !name.to_string_lossy().contains('-')), "{point}");
        if !was_killed {
            break;
        }
    }
}

/// What could not be taken back while calls fail is told, and taken back when they work again.
#[test]
fn a_call_that_fails_once_or_for_ever_leaves_the_old_state() {
    for case in cases() {
        for point in 0..case.points {
            for error in [Errno::NOSPC, Errno::IO, Errno::ROFS, Errno::ACCESS] {
                for for_ever in [false, true] {
                    failed(&case, point, error, for_ever);
                }
            }
        }
    }
}

fn failed(case: &Case, point: usize, error: Errno, for_ever: bool) {
    let what = format!("{error} at {point}, for ever: {for_ever}");
    let mut room = Room::before(case.scenario);
    await_fate(Fate::Fails(error, for_ever), point);
    let outcome = room.run(case.scenario);
    await_fate(Fate::Nothing, 0);
    let expected = match &outcome {
        Ok(Ok(_)) => Side::New,
        Ok(Err(failure)) if !failure.left.is_empty() => {
            assert!(for_ever, "{}, {what}: {:?}", case.scenario.name, failure.left);
            Side::Old
        }
        _ => {
            // the exit code promises it, before anybody recovers
            assert_eq!(room.state(), case.old, "{}, {what}", case.scenario.name);
            assert!(room.gateway.runs_what_is_there(), "{}, {what}", case.scenario.name);
            Side::Old
        }
    };
    assert_eq!(case.side(&mut room, &what), expected, "{}, {what}", case.scenario.name);
}

#[test]
fn a_signal_at_any_point_once_or_again_and_again_brings_everything_back() {
    for case in cases() {
        for point in 0..case.points {
            for again in [false, true] {
                let what = format!("{}, signal at {point}, again: {again}", case.scenario.name);
                let mut room = Room::before(case.scenario);
                await_fate(Fate::Signal(room.interrupt.clone(), again), point);
                let outcome = room.run(case.scenario).unwrap();
                await_fate(Fate::Nothing, 0);
                let expected = match outcome {
                    Ok(_) => Side::New,
                    Err(failure) => {
                        assert!(failure.interrupted && failure.left.is_empty(), "{what}");
                        assert_eq!(room.state(), case.old, "{what}");
                        Side::Old
                    }
                };
                assert_eq!(case.side(&mut room, &what), expected, "{what}");
            }
        }
    }
}

/// What somebody writes between two of our renames, directly before we die, is in its place after
/// the recovery, or kept and named.
#[test]
fn what_a_stranger_writes_just_before_a_death_is_not_lost() {
    const THEIRS: &str = "{\"port\": 1, \"theirs\": true}";
    for case in cases() {
        for (point, later) in (0..case.points).flat_map(|point| (1..5).map(move |n| (point, n))) {
            let what = format!("{}: {point}, {later} later", case.scenario.name);
            let mut room = Room::before(case.scenario);
            await_fate(Fate::Stranger(room.config(), THEIRS, later), point);
            killed(|| drop(room.run(case.scenario)));
            await_fate(Fate::Nothing, 0);
            let recovery = room.recover().unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let left = recovery.map(|recovery| recovery.left).unwrap_or_default();
            let kept = left.iter().filter_map(|left| left.kept.as_ref());
            let config = room.config();
            let mut texts = kept.chain([&config]).map(fs::read_to_string);
            let is_there = texts.any(|text| text.is_ok_and(|text| text.contains("theirs")));
            assert!(is_there, "{what}: {left:?} {:?}", fs::read_to_string(&config));
            assert_eq!(room.left_over(), Vec::<PathBuf>::new(), "{what}");
        }
    }
}
