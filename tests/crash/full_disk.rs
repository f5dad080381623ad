//! I2: a disk that is really full, of bytes or of inodes, at every possible degree.

use std::path::Path;

use super::bench::limit;
use super::fault::judged;
use super::home::{Home, said};
use super::power::Flush;
use super::room::{self, shell};
use super::scenario::{FIRST, SCENARIOS};
use super::sweep::{Case, Side, Verdict, sample, sweep};

/// The home is a file system of its own with plenty of room.
const ROOMY: &str = r#"
leave "$3"
mkdir -p "$3"
mount -t tmpfs -o size=64m,nr_inodes=100000 tmpfs "$3"
cp -a "$1/." "$3""#;
/// Leaves `$2` units of what is free.
const NARROW_BYTES: &str = r#"used=$(df --output=used --block-size=4096 "$1" | tail -n 1); mount -o "remount,size=$(((used + $2) * 4096))" "$1""#;
const NARROW_INODES: &str = r#"used=$(df --output=iused "$1" | tail -n 1); mount -o "remount,nr_inodes=$((used + $2))" "$1""#;
const WIDE: &str = r#"mount -o remount,size=64m,nr_inodes=100000 "$1""#;

#[test]
fn i2_a_full_disk_leaves_the_old_state() {
    room::inside(|| {
        for (number, scenario) in SCENARIOS.iter().enumerate() {
            let cases = Case::many(&format!("full-{number}"), scenario, furnish);
            let bytes = (1..=30).map(|free| (NARROW_BYTES, free));
            let inodes = (1..=45).map(|free| (NARROW_INODES, free));
            let jobs = sample(bytes.chain(inodes).collect(), 5);
            sweep(&format!("full disks, {}", scenario.name), &cases, &jobs, filled);
        }
    });
}

fn furnish(place: &Path) -> Home {
    Home { reset: ROOMY.to_owned(), ..Home::furnish(place) }
}

fn filled(case: &Case, (narrow, free): &(&str, u32)) -> Verdict {
    case.arrange();
    let home = case.home.path.as_path();
    shell(narrow, &[home, free.to_string().as_ref()]);
    let output = limit::output(&mut case.command());
    // nothing of ours lies about, though there is no room
    let expected = if output.status.success() { Side::New } else { Side::Old };
    let state = case.is_in(expected).and_then(|()| case.side());
    shell(WIDE, &[home]);
    let wrong = |what: &dyn std::fmt::Debug| format!("while full: {} {what:?}", said(&output));
    if state.as_ref() != Ok(&expected) {
        return Err(wrong(&state));
    }
    judged(case, &output, false)
}

/// Removing our records needs no room: 1 is said only before the commit.
#[test]
fn i2_a_purge_on_a_full_disk_removes_all_or_nothing() {
    room::inside(|| {
        let home = furnish(&room::place("purge"));
        let live = home.path.join(".openclaw/extensions/dingtalk-connector");
        let (mut done, mut refused) = (0, 0);
        let bytes = (0..30).map(|free| (NARROW_BYTES, free));
        let inodes = (0..45).map(|free| (NARROW_INODES, free));
        for (narrow, free) in sample(bytes.chain(inodes).collect(), 3) {
            home.reset();
            home.prepare(FIRST.command);
            let old = home.state();
            shell(narrow, &[&home.path, free.to_string().as_ref()]);
            let output = home.run("uninstall --purge --yes --lang en");
            let what = format!("{narrow} {free}: {}", said(&output));
            if output.status.success() {
                done += 1;
                assert!(!live.exists() && !home.records.exists(), "{what}");
            } else {
                refused += 1;
                assert_eq!(output.status.code(), Some(1), "{what}");
                assert_eq!(home.state().difference(&old), [] as [String; 0], "{what}");
            }
            home.ask("recover");
        }
        assert!(done > 0 && refused > 0, "{done} done, {refused} refused");
    });
}

/// A run that died while it staged has filled the disk: that is no reason to stay so.
#[test]
fn i2_what_fills_the_disk_and_is_ours_is_swept_without_room() {
    room::inside(|| {
        let home = furnish(&room::place("swept"));
        home.reset();
        home.prepare(FIRST.command);
        let stale = home.records.join("transactions/20990101-000000");
        shell(FILL, &[&stale]);
        home.ask("recover");
        assert!(!stale.exists());
    });
}

/// A preparation that has taken all that there was.
const FILL: &str = r#"
mkdir -p "$1/tree"
chmod -R go= "$1"
echo prepared >"$1/state"
chmod 600 "$1/state"
! cat /dev/zero >"$1/tree/large" 2>/dev/null"#;

/// The home is an ext4 whose own disk is smaller than it says.
const HOLLOW: &str = r#"
leave "$3"
leave "$2/disk"
mkdir -p "$3" "$2/disk"
mount -t tmpfs -o size=48m tmpfs "$2/disk"
truncate -s 320M "$2/disk/image"
mkfs.ext4 -q -F "$2/disk/image"
mount -o loop "$2/disk/image" "$3"
cp -a "$1/." "$3"
head -c 16M /dev/urandom >"$3/payload/0.6.0/large"
(cd "$3/payload/0.6.0" && sha256sum large >>SHA256SUMS)
sync -f "$3"
dd if=/dev/zero of="$2/disk/filler" bs=64k 2>/dev/null || true
truncate --size=-6M "$2/disk/filler""#;
const LARGE_ENOUGH: &str = r#"
rm "$1/disk/filler"
leave "$2"
mount -o loop "$1/disk/image" "$2""#;

#[test]
fn i2_what_a_disk_loses_after_it_was_written_is_told_by_either_flush() {
    room::inside(|| {
        for flush in [Flush::Whole, Flush::EachFile] {
            flush.arrange();
            let place = room::place(&format!("hollow-{flush:?}"));
            let home = Home { reset: HOLLOW.to_owned(), ..Home::furnish(&place) };
            home.reset();
            let output = home.run(FIRST.command);
            let what = said(&output);
            assert_eq!(output.status.code(), Some(1), "{flush:?}: {what}");
            assert!(
                what.contains("cannot make durable") && what.contains("/tree"),
                "{flush:?}: {what}"
            );
            shell(LARGE_ENOUGH, &[&place, &home.path]);
            home.ask("recover");
            let live = home.path.join(".openclaw/extensions/dingtalk-connector");
            assert!(!live.exists(), "{flush:?}");
        }
    });
}
