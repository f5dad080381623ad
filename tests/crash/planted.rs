//! I8: a symbolic link planted in the way while the program works. Whatever it leads to is never
//! written, and once the link is gone, all is old or all is new, but for what the link kept from
//! being undone: that is named.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::home::{Home, said};
use super::room::{self, shell};
use super::scenario::SCENARIOS;
use super::state::State;
use super::strace::{self, Point};
use super::sweep::{Case, Side, Verdict, sample, sweep};

/// Where it is planted.
const PLACES: [&str; 4] = [
    ".openclaw/extensions",
    ".config/systemd/user/openclaw-gateway.service.d",
    ".config/systemd",
    ".openclaw/openclaw.json",
];

#[test]
fn i8_what_a_planted_link_leads_to_is_never_written() {
    room::inside(|| {
        for scenario in sample(SCENARIOS.iter().collect(), 2) {
            let name = format!("planted-{}", scenario.name.replace(' ', "-"));
            let cases = Case::many(&name, scenario, Home::furnish);
            let jobs = sample(jobs(cases[0].changes()), 23);
            let came = AtomicUsize::new(0);
            sweep(&format!("a link planted, {}", scenario.name), &cases, &jobs, |case, job| {
                came.fetch_add(usize::from(planted(case, &job.0, job.1)?), Ordering::Relaxed);
                Ok(())
            });
            let came = came.into_inner();
            assert!(came * 10 >= jobs.len() * 9, "only {came} of {}", jobs.len());
        }
    });
}

/// Each place behind each change from the transaction's directory on: a link that is there
/// earlier, when the plan is made, is the operator's own and is followed.
fn jobs(points: Vec<Point>) -> Vec<(Point, &'static str)> {
    let is_first =
        |point: &Point| point.call.starts_with("mkdir") && point.shown.contains("/transactions/");
    let points = points.into_iter().skip_while(|point| !is_first(point));
    points.flat_map(|point| PLACES.map(|place| (point.clone(), place))).collect()
}

/// Returns whether it came to that.
fn planted(case: &Case, point: &Point, place: &str) -> Result<bool, String> {
    case.arrange();
    let link = Link::new(&case.home, place);
    let output = strace::paused(&case.command(), point, || link.plant());
    let said = said(&output);
    if !link.victim.exists() {
        return if output.status.success() { Ok(false) } else { Err(said) };
    }
    match output.status.code() {
        Some(0) => {}
        Some(1 | 4) if said.contains(&link.path.display().to_string()) => {}
        _ => return Err(said),
    }
    let touched = link.touched();
    link.take_away()?;
    // what the link kept from being undone was named, and is the operator's from then on
    let recovered = if output.status.code() == Some(4) {
        case.recovers().and_then(|()| case.is_in_but_for(Side::Old, Some(&link.path)))
    } else {
        case.recovered().map(drop)
    };
    recovered.map_err(|reason| format!("{reason}\n{said}"))?;
    if touched.is_empty() { Ok(true) } else { Err(format!("victim: {touched:#?}\n{said}")) }
}

/// A link in the place of a file or directory, to a victim that looks just like it.
struct Link {
    path: PathBuf,
    aside: PathBuf,
    victim: PathBuf,
}

impl Link {
    fn new(home: &Home, place: &str) -> Self {
        let [aside, victim] = ["aside", "victim"].map(|name| home.place.join(name));
        shell(r#"rm -rf "$1" "$2" "$2.before""#, &[&aside, &victim]);
        Self { path: home.path.join(place), aside, victim }
    }

    fn plant(&self) {
        shell(
            r#"if [ -e "$1" ]; then cp -a "$1" "$2"; else mkdir "$2"; fi; cp -a "$2" "$2.before""#,
            &[&self.path, &self.victim],
        );
        if self.path.exists() {
            fs::rename(&self.path, &self.aside).unwrap();
        }
        symlink(&self.victim, &self.path).unwrap();
    }

    /// What has become of the victim.
    fn touched(&self) -> Vec<String> {
        let before = self.victim.with_extension("before");
        let was = State::of(&[&before]).moved(&before, &self.victim);
        State::of(&[&self.victim]).difference(&was)
    }

    fn take_away(&self) -> Verdict {
        fs::remove_file(&self.path).map_err(|error| format!("the link is gone: {error}"))?;
        if self.aside.exists() {
            fs::rename(&self.aside, &self.path).unwrap();
        }
        Ok(())
    }
}
