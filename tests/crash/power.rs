//! I12: a power cut. What the disk has at that moment is a copy of the backing file of a
//! loop-mounted file system, made without any sync: what was not made durable is not in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::bench::limit;
use super::home::Home;
use super::kill::kill;
use super::room::{self, shell};
use super::scenario::{DOCTOR, FIRST, SCENARIOS, Scenario, UPGRADE};
use super::strace::{self, Fate, Point};
use super::sweep::{Case, Side, Verdict, is_full, sample, sweep};

/// `$FS` is put in front.
const NEW_DISK: &str = r#"
leave "$3"
mkdir -p "$3"
rm -f "$2/disk.img"
truncate -s 320M "$2/disk.img"
case $FS in ext4) mkfs.ext4 -q -F "$2/disk.img" ;; xfs) mkfs.xfs -q -f "$2/disk.img" ;; btrfs) mkfs.btrfs -q -f "$2/disk.img" ;; esac
mount -o loop "$2/disk.img" "$3"
cp -a "$1/." "$3"
sync -f "$3""#;
const CUT: &str = r#"
cp --sparse=always "$1/disk.img" "$1/cut.img"
leave "$2"
mv "$1/cut.img" "$1/disk.img"
mount -o loop "$1/disk.img" "$2""#;
/// What the kernel says it has not written yet, which decides how a tree becomes durable.
const MEMINFO: &str = r#"
printf 'Dirty: %s kB\nWriteback: 0 kB\n' "$2" >"$1"
mountpoint -q /proc/meminfo || mount --bind "$1" /proc/meminfo"#;
const FILE_SYSTEMS: [&str; 3] = ["ext4", "xfs", "btrfs"];

#[test]
fn i12_a_power_cut_at_any_sync_leaves_the_old_state_or_the_new_one() {
    room::inside(|| {
        let quick =
            vec![(&FIRST, Flush::Whole), (&UPGRADE, Flush::EachFile), (&DOCTOR, Flush::EachFile)];
        let both = |scenario| [(scenario, Flush::Whole), (scenario, Flush::EachFile)];
        let tried = if is_full() { SCENARIOS.iter().flat_map(both).collect() } else { quick };
        for (number, (scenario, flush)) in tried.into_iter().enumerate() {
            let scenario = SCENARIOS.iter().find(|known| known.name == scenario.name).unwrap();
            for system in FILE_SYSTEMS.into_iter().filter(|system| is_there(system)) {
                cut_everywhere(&format!("{system}-{number}"), system, scenario, flush);
            }
        }
    });
}

/// How a tree becomes durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// All of its file system.
    Whole,
    /// Each of its files, because others have much to write.
    EachFile,
}

impl Flush {
    /// Makes the program choose this one.
    pub(crate) fn arrange(self) {
        let kib = if self == Self::Whole { "0" } else { "9999999" };
        shell(MEMINFO, &[&Path::new(room::ROOT).join("meminfo"), kib.as_ref()]);
    }
}

fn cut_everywhere(name: &str, system: &'static str, scenario: &'static Scenario, flush: Flush) {
    flush.arrange();
    let furnish =
        |place: &Path| Home { reset: format!("FS={system}\n{NEW_DISK}"), ..Home::furnish(place) };
    let cases = Case::many(name, scenario, furnish);
    let case = &cases[0];
    case.arrange();
    let log: PathBuf = case.home.log();
    let points = strace::changes(&case.command(), &log);
    let commit = points.iter().rfind(|point| point.call == "renameat").unwrap().clone();
    let syncs = syncs(points);
    let whole = syncs.iter().filter(|point| point.call == "syncfs").count();
    let of_tree = syncs.iter().filter(|point| point.shown.contains("/tree")).count();
    case.arrange();
    kill(case, &commit).unwrap();
    let again = self::syncs(strace::changes(&case.recovery(), &log));
    assert!(syncs.len() >= 15 && again.len() >= 5, "{} and {} syncs", syncs.len(), again.len());
    assert_eq!(whole, usize::from(flush == Flush::Whole && of_tree == 1), "{syncs:#?}");
    assert!(flush == Flush::Whole || of_tree != 1, "{syncs:#?}");
    let step = if system == "ext4" { 2 } else { 8 };
    let title = |what: &str| format!("power cut on {system} ({flush:?}), {what} {}", scenario.name);
    sweep(&title("during"), &cases, &sample(syncs, step), cut);
    let recoveries: Vec<_> = again.into_iter().map(|point| (commit.clone(), point)).collect();
    sweep(&title("during recovery of"), &cases, &sample(recoveries, step), cut_in_recovery);
    sweep(&title("after"), &cases, &[()], |case, ()| {
        case.arrange();
        if !limit::output(&mut case.command()).status.success() {
            return Err("the command failed".to_owned());
        }
        lose_power(case);
        if case.side()? == Side::New { Ok(()) } else { Err("what was done is lost".to_owned()) }
    });
}

fn syncs(points: Vec<Point>) -> Vec<Point> {
    points.into_iter().filter(|point| point.call.contains("sync")).collect()
}

fn cut(case: &Case, point: &Point) -> Verdict {
    case.arrange();
    settle(case);
    kill(case, point)?;
    lose_power(case);
    if case.recovered()? == Side::Old { case.again() } else { Ok(()) }
}

fn cut_in_recovery(case: &Case, (first, second): &(Point, Point)) -> Verdict {
    case.arrange();
    settle(case);
    kill(case, first)?;
    strace::struck(&case.recovery(), second, Fate::Death, &[]);
    lose_power(case);
    case.recovered().map(drop)
}

/// The old state is on the disk already.
fn settle(case: &Case) {
    shell(r#"sync -f "$1""#, &[&case.home.path]);
}

fn lose_power(case: &Case) {
    shell(CUT, &[&case.home.place, &case.home.path]);
}

/// Whether this kernel mounts such a file system, and its tools are here.
fn is_there(system: &str) -> bool {
    let known = Command::new("modprobe").arg(system).output();
    drop(known);
    let kernel = std::fs::read_to_string("/proc/filesystems").unwrap();
    let tool = format!("mkfs.{system}");
    let is_there = kernel.split_whitespace().any(|word| word == system)
        && ["/sbin", "/usr/sbin"].iter().any(|place| Path::new(place).join(&tool).exists());
    if !is_there {
        println!(
            "  power cut on {system}: SKIPPED, no {tool} or no such file system in the kernel"
        );
    }
    assert!(is_there || system != "ext4", "ext4 and e2fsprogs are needed");
    is_there
}
