//! One command in one home, tried many times: how it was before, how it is after, and what is in between.

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::bench::limit;
use super::home::{Home, said};
use super::room;
use super::scenario::{Deed, Scenario};
use super::state::{State, is_condemned};
use super::strace::{self, Point};

/// Whether every point is tried, or a sample.
pub(crate) fn is_full() -> bool {
    std::env::var("OPENCLAW_SETUP_CRASH").is_ok_and(|value| value == "full")
}

/// A scenario in a home of its own, with both states known.
#[derive(Debug)]
pub(crate) struct Case {
    /// The home.
    pub(crate) home: Home,
    scenario: &'static Scenario,
    old: State,
    new: State,
    committed: usize,
}

/// In which of its two states a home is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// As before the command.
    Old,
    /// As after it.
    New,
}

/// What came of a trial; the text says what is bad.
pub(crate) type Verdict = Result<(), String>;

impl Case {
    /// Finds out both states by doing the command once without a fault.
    pub(crate) fn new(home: Home, scenario: &'static Scenario) -> Self {
        let nothing = State::default();
        let mut case = Self { home, scenario, old: nothing.clone(), new: nothing, committed: 0 };
        case.arrange();
        case.old = case.home.state();
        case.committed = case.committed_now().unwrap();
        case.home.ask(scenario.command);
        case.new = case.home.state();
        assert_ne!(case.old, case.new, "{} changes nothing", scenario.name);
        assert_eq!(case.side(), Ok(Side::New), "{}", scenario.name);
        case
    }

    /// The same in as many homes as the machine has cores.
    pub(crate) fn many(
        name: &str,
        scenario: &'static Scenario,
        furnish: impl Fn(&Path) -> Home,
    ) -> Vec<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let place = |number: usize| room::place(&format!("{name}-{number}"));
        (0..cores).map(|number| Self::new(furnish(&place(number)), scenario)).collect()
    }

    /// Makes the old state.
    pub(crate) fn arrange(&self) {
        self.home.reset();
        for deed in self.scenario.before {
            match deed {
                Deed::Program(line) => self.home.prepare(line),
                Deed::Shell(script) => drop(room::shell(script, &[&self.home.path])),
            }
        }
    }

    /// The scenario's command.
    pub(crate) fn command(&self) -> Command {
        self.home.program(self.scenario.command)
    }

    /// Where it changes files.
    pub(crate) fn changes(&self) -> Vec<Point> {
        self.arrange();
        strace::changes(&self.command(), &self.home.log())
    }

    /// `recover`, as a command.
    pub(crate) fn recovery(&self) -> Command {
        self.home.program("recover --lang en")
    }

    /// Recovers, which has to work, and tells which state came of it.
    pub(crate) fn recovered(&self) -> Result<Side, String> {
        self.recovers()?;
        self.side()
    }

    /// After a recovery nothing stands in the way of doing it again.
    pub(crate) fn again(&self) -> Verdict {
        succeeded("the command again", &limit::output(&mut self.command()))?;
        let difference = self.home.state().difference(&self.new);
        if difference.is_empty() { Ok(()) } else { Err(format!("again: {difference:#?}")) }
    }

    /// Every managed file is as that side has it.
    pub(crate) fn is_in(&self, side: Side) -> Verdict {
        self.is_in_but_for(side, None)
    }

    /// The same, but for what lies at that path and below it.
    pub(crate) fn is_in_but_for(&self, side: Side, place: Option<&Path>) -> Verdict {
        let expected = if side == Side::Old { &self.old } else { &self.new };
        let mut difference = self.home.state().difference(expected);
        difference.retain(|line| place.is_none_or(|it| !line.starts_with(&*it.to_string_lossy())));
        if difference.is_empty() { Ok(()) } else { Err(format!("{difference:#?}")) }
    }

    /// Recovers, which has to work.
    pub(crate) fn recovers(&self) -> Verdict {
        succeeded("recover", &limit::output(&mut self.recovery()))
    }

    /// The old state or the new one, wholly; the journal says the same; nothing lies about.
    pub(crate) fn side(&self) -> Result<Side, String> {
        let now = self.home.state();
        let side = match self.committed_now()?.checked_sub(self.committed) {
            Some(0) => Side::Old,
            Some(1) => Side::New,
            other => return Err(format!("{other:?} transactions more than before")),
        };
        let expected = if side == Side::Old { &self.old } else { &self.new };
        let difference = now.difference(expected);
        if !difference.is_empty() {
            let other = if side == Side::Old { &self.new } else { &self.old };
            let is_other = if now == *other { " (it is the other state)" } else { "" };
            return Err(format!("the journal says {side:?}{is_other}: {difference:#?}"));
        }
        let records = fs::read_dir(&self.home.records).into_iter().flatten().flatten();
        let condemned = records.map(|entry| entry.path()).filter(|path| is_condemned(path));
        let left_over: Vec<_> = self.home.left_over().into_iter().chain(condemned).collect();
        if left_over.is_empty() {
            Ok(side)
        } else {
            Err(format!("left lying about: {left_over:?}"))
        }
    }

    /// How many transactions are committed, by the program's own word; none may be open, and what
    /// was undone may not keep its trees and contents.
    fn committed_now(&self) -> Result<usize, String> {
        let output = self.home.run("history --json");
        succeeded("history", &output)?;
        let document: serde_json::Value =
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        let transactions = document["transactions"].as_array().ok_or("no transactions")?;
        for transaction in transactions {
            let (id, state) = (&transaction["id"], &transaction["state"]);
            let bytes = transaction["bytes"].as_u64().unwrap_or_default();
            match state.as_str() {
                Some("committed") => {}
                Some("undone") if bytes < 20_000 && !self.keeps_contents(id) => {}
                _ => return Err(format!("transaction {id} is {state} and keeps {bytes} bytes")),
            }
        }
        let known = transactions.len();
        let there = fs::read_dir(self.home.records.join("transactions")).map_or(0, Iterator::count);
        if known != there {
            return Err(format!("{there} directories for {known} transactions"));
        }
        Ok(transactions.iter().filter(|one| one["state"] == "committed").count())
    }

    fn keeps_contents(&self, id: &serde_json::Value) -> bool {
        let directory = self.home.records.join("transactions").join(id.as_str().unwrap());
        directory.join("tree").exists() || directory.join("files").exists()
    }
}

fn succeeded(what: &str, output: &Output) -> Verdict {
    if output.status.success() { Ok(()) } else { Err(format!("{what}: {}", said(output))) }
}

/// After so many bad states a sweep ends: each may have taken as long as a program may.
const ENOUGH: usize = 12;

/// Tries every job in one of the homes, and prints how many there were. None may be bad.
pub(crate) fn sweep<T: Sync + std::fmt::Debug>(
    title: &str,
    cases: &[Case],
    jobs: &[T],
    trial: impl Fn(&Case, &T) -> Verdict + Sync,
) {
    let next = AtomicUsize::new(0);
    let bad = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // a program that hangs, or a script that fails, is a bad state of its point
                    let verdict = catch_unwind(AssertUnwindSafe(|| trial(case, job)));
                    if let Err(reason) = verdict.unwrap_or_else(|panic| Err(reason_of(&*panic))) {
                        bad.lock().unwrap().push(format!("{job:?}\n    {reason}"));
                    }
                    if bad.lock().unwrap().len() >= ENOUGH {
                        break;
                    }
                }
            });
        }
    });
    let bad = bad.into_inner().unwrap();
    assert!(!jobs.is_empty(), "{title}: nothing was tried");
    let (failed, bad): (Vec<_>, Vec<_>) =
        bad.into_iter().partition(|reason| reason.contains(room::NOT_ARRANGED));
    println!("  {title}: {} points, {} bad states", jobs.len(), bad.len());
    assert!(bad.is_empty(), "{title}: {} bad: {}", bad.len(), bad.join("\n"));
    assert!(failed.is_empty(), "{title}: {}", failed.join("\n"));
}

fn reason_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Every `step`-th, or all in a full sweep.
pub(crate) fn sample<T>(jobs: Vec<T>, step: usize) -> Vec<T> {
    jobs.into_iter().step_by(if is_full() { 1 } else { step }).collect()
}
