//! What was ours belongs to somebody else when recovery comes: it ends all the same, once, and the
//! old content lies where it says.

use std::fs;
use std::path::Path;

use super::bench::limit;
use super::home::{Home, PROGRAM, said};
use super::kill::kill;
use super::room::{self, ROOT, shell};
use super::scenario::{Deed, SCENARIOS};
use super::strace::Point;
use super::sweep::{Case, Side, Verdict, sample, sweep};

/// What somebody takes, and where something of ours stays by that.
const PLACES: [(&str, &str); 6] = [
    (CONFIG, CONFIG),
    (".openclaw/extensions", ".openclaw/extensions"),
    (".openclaw/extensions/dingtalk-connector", ".openclaw/extensions"),
    (".config/systemd/user", ".config/systemd"),
    (".config/systemd/user/openclaw-gateway.service.d", ".config/systemd/user"),
    (".config/systemd/user/openclaw-gateway.service.d/override.conf", ".config/systemd/user"),
];
const CONFIG: &str = ".openclaw/openclaw.json";
/// Root could write everything; this one has a name on every machine.
const US: &str = "1";
const SOMEBODY: &str = "2";

#[test]
fn a_recovery_ends_whatever_has_another_owner_since_the_death() {
    room::inside(|| {
        let program = Path::new(ROOT).join("program");
        shell(r#": >"$2"; mount --bind "$1" "$2""#, &[PROGRAM.as_ref(), &program]);
        let is_ours = |deed: &Deed| matches!(deed, Deed::Program(_));
        let scenarios = SCENARIOS.iter().filter(|scenario| scenario.before.iter().all(is_ours));
        for scenario in scenarios {
            let name = format!("reowned-{}", scenario.name.replace(' ', "-"));
            let cases = Case::many(&name, scenario, |place| of_a_user(place, &program));
            let points = cases[0].changes().into_iter();
            let jobs = points.flat_map(|point| PLACES.map(|place| (point.clone(), place)));
            let jobs = sample(jobs.collect(), 19);
            sweep(&format!("re-owned, {}", scenario.name), &cases, &jobs, reowned);
        }
    });
}

/// A home of an ordinary user, as whom the program runs.
fn of_a_user(place: &Path, program: &Path) -> Home {
    let home = Home::furnish(place);
    let as_user = ["setpriv", "--reuid", US, "--regid", US, "--clear-groups"];
    let start = as_user.iter().map(Into::into).chain([program.to_owned()]).collect();
    let reset = format!(r#"{} && chown -R {US}:{US} "$3""#, home.reset);
    Home { reset, start, ..home }
}

fn reowned(case: &Case, (point, (place, around)): &(Point, (&str, &str))) -> Verdict {
    case.arrange();
    let path = case.home.path.join(place);
    let config = fs::read(case.home.path.join(CONFIG)).unwrap();
    kill(case, point)?;
    if !path.exists() {
        return case.recovered().map(drop);
    }
    shell(&format!(r#"chown {SOMEBODY} "$1""#), &[&path]);
    let output = limit::output(&mut case.recovery());
    let [told, again] = [said(&output), said(&limit::output(&mut case.recovery()))];
    if !again.contains("Nothing to recover.") {
        return Err(format!("{told}then: {again}"));
    }
    // an empty folder may have gone, whosever it was
    shell(&format!(r#"[ ! -e "$1" ] || chown {US} "$1""#), &[&path]);
    match output.status.code() {
        Some(0) => case.side().map(drop),
        Some(4) => {
            let kept = told.split("(its old state is kept in ").skip(1);
            let mut kept = kept.filter_map(|rest| Some(rest.split_once(")\n")?.0));
            if kept.clone().any(|kept| !Path::new(kept).exists())
                || *place == CONFIG && !kept.any(|kept| fs::read(kept).is_ok_and(|it| it == config))
            {
                return Err(format!("it is not kept: {told}"));
            }
            let around = case.home.path.join(around);
            case.is_in_but_for(Side::Old, Some(&around)).map_err(|reason| format!("{reason}{told}"))
        }
        _ => Err(told),
    }
}
