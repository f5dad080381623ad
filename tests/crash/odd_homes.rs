//! I1 in homes that are not a plain directory on one plain file system; and those in which the
//! command cannot work: it says so and touches nothing.

use std::path::Path;

use super::bench::limit;
use super::home::{Home, said};
use super::kill::kill;
use super::room::{self, ROOT, shell};
use super::scenario::{FIRST, SCENARIOS, Scenario, UPGRADE};
use super::strace::{self, Fate, Point};
use super::sweep::{Case, Side, Verdict, sample, sweep};

/// OpenClaw's directory lies on another file system, and a link leads there.
const LINKED: &str = r#"
rm -rf "$3"; cp -a "$1" "$3"; mkdir -p "$2/other"
leave "$2/other"
mount -t tmpfs tmpfs "$2/other"
mv "$3/.openclaw" "$2/other/state"
ln -s "$2/other/state" "$3/.openclaw""#;
/// The config alone is a link, as in a dotfiles repository.
const LINKED_CONFIG: &str = r#"
rm -rf "$3"; cp -a "$1" "$3"; mkdir "$3/dotfiles"
mv "$3/.openclaw/openclaw.json" "$3/dotfiles/"
ln -s ../dotfiles/openclaw.json "$3/.openclaw/openclaw.json""#;
/// As in a container: the home comes from the image.
const OVERLAY: &str = r#"
leave "$3"
rm -rf "$2/upper" "$2/work"; mkdir -p "$2/upper" "$2/work" "$3"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$3""#;
const OTHER_STATE: &str = r#"rm -rf "$3"; cp -a "$1" "$3"; mv "$3/.openclaw" "$3/other state""#;
const PROFILE: &str = r#"rm -rf "$3"; cp -a "$1" "$3"; mv "$3/.openclaw" "$3/.openclaw-work""#;
/// An exchange is answered so on old kernels and some network file systems: three renames do it.
const NO_EXCHANGE: &str = "inject=renameat2:error=EINVAL";

type Furnish = fn(&Path) -> Home;
const HOMES: [(&str, Furnish); 6] = [
    ("a link to another file system", |place| Home {
        reset: LINKED.to_owned(),
        elsewhere: vec![place.join("other")],
        ..Home::furnish(place)
    }),
    ("a config that is a link", |place| with_reset(place, LINKED_CONFIG)),
    ("overlayfs", |place| with_reset(place, OVERLAY)),
    ("a path with blanks, 中文 and a line break", |place| {
        Home::named(place, "a home, 中文\n'two'".as_ref())
    }),
    ("OPENCLAW_STATE_DIR", |place| {
        let home = with_reset(place, OTHER_STATE);
        let state = home.path.join("other state");
        let records = state.join("openclaw-setup");
        Home { environment: vec![("OPENCLAW_STATE_DIR".to_owned(), state)], records, ..home }
    }),
    ("a profile", |place| {
        let home = with_reset(place, PROFILE);
        let records = home.path.join(".openclaw-work/openclaw-setup");
        Home { options: &["--profile", "work"], records, ..home }
    }),
];

fn with_reset(place: &Path, reset: &str) -> Home {
    Home { reset: reset.to_owned(), ..Home::furnish(place) }
}

#[test]
fn i1_holds_in_odd_homes() {
    room::inside(|| {
        for (number, (name, furnish)) in HOMES.into_iter().enumerate() {
            for scenario in of_table(&[FIRST, UPGRADE]) {
                let cases =
                    Case::many(&format!("odd-{number}-{}", scenario.name), scenario, furnish);
                cases[0].arrange();
                let points = strace::changes(&cases[0].command(), &cases[0].home.log());
                assert!(points.len() > 50, "only {} points", points.len());
                let title = format!("kill, {} in {name}", scenario.name);
                sweep(&title, &cases, &sample(points, 12), |case, point| {
                    case.arrange();
                    kill(case, point)?;
                    if case.recovered()? == Side::Old { case.again() } else { Ok(()) }
                });
            }
        }
    });
}

#[test]
fn i1_holds_where_trees_cannot_be_exchanged() {
    room::inside(|| {
        for scenario in of_table(&[FIRST, UPGRADE]) {
            let cases = Case::many(&format!("renames-{}", scenario.name), scenario, Home::furnish);
            let (command, log) = (|| cases[0].command(), cases[0].home.log());
            cases[0].arrange();
            let points = strace::changes_with(&command(), &log, &[NO_EXCHANGE]);
            assert!(points.iter().any(|point| point.shown.contains("EINVAL")), "{points:#?}");
            let title = format!("kill, {} without exchange", scenario.name);
            sweep(&title, &cases, &sample(points, 6), killed_without_exchange);
        }
    });
}

fn killed_without_exchange(case: &Case, point: &Point) -> Verdict {
    case.arrange();
    strace::struck(&case.command(), point, Fate::Death, &[NO_EXCHANGE]);
    if case.recovered()? == Side::Old { case.again() } else { Ok(()) }
}

fn of_table(wanted: &[Scenario]) -> impl Iterator<Item = &'static Scenario> {
    let names: Vec<_> = wanted.iter().map(|scenario| scenario.name).collect();
    SCENARIOS.iter().filter(move |known| names.contains(&known.name))
}

/// What is done to the home before the command, and what it takes to end that.
const REFUSALS: [(&str, &str, &str); 3] = [
    (
        "a read-only home",
        r#"mount --bind "$1" "$1" && mount -o remount,bind,ro "$1""#,
        r#"leave "$1""#,
    ),
    (
        "extensions on another file system",
        r#"e=$1/.openclaw/extensions; cp -a "$e" "$e.copy"; mount -t tmpfs -o mode=755 tmpfs "$e"; cp -a "$e.copy/." "$e"; rm -rf "$e.copy""#,
        r#"e=$1/.openclaw/extensions; cp -a "$e" "$e.copy"; leave "$e"; rm -rf "$e"; mv "$e.copy" "$e""#,
    ),
    (
        "an immutable state directory",
        r#"mount --bind "$1/.openclaw" "$1/.openclaw" && mount -o remount,bind,ro "$1/.openclaw""#,
        r#"leave "$1/.openclaw""#,
    ),
];

#[test]
fn i2_a_home_in_which_nothing_can_be_done_is_not_touched() {
    room::inside(|| {
        for (number, (name, before, after)) in REFUSALS.into_iter().enumerate() {
            let scenario = of_table(&[UPGRADE]).next().unwrap();
            let case =
                Case::new(Home::furnish(&room::place(&format!("refused-{number}"))), scenario);
            case.arrange();
            shell(before, &[&case.home.path]);
            let output = limit::output(&mut case.command());
            println!("  {name}: {}", said(&output).replace('\n', " | "));
            shell(after, &[&case.home.path]);
            assert_eq!(output.status.code(), Some(1), "{name}: {}", said(&output));
            assert!(said(&output).contains(ROOT), "{name}: {}", said(&output));
            assert_eq!(case.side(), Ok(Side::Old), "{name}");
        }
    });
}
