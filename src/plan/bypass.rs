//! Requests to this machine past any proxy: what the unit's files have to say for that, decided from
//! all that systemd will read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::error;
use crate::fs::replace::FileState;
use crate::language::Problem;
use crate::openclaw::document::Value;
use crate::snapshot::installation::Installation;
use crate::systemd::drop_in;
use crate::systemd::environment::{Bypass, Environment, Routing, SetFile, Spelling, UnitFile};
use crate::transaction::step::{FileStep, Role};

/// What is written, and what holds then.
#[derive(Debug)]
pub struct Outcome {
    /// The files; none where what is there suffices, or nothing would help.
    pub steps: Vec<FileStep>,
    /// What `override.conf` is given.
    pub list: Option<Bypass>,
    /// The text of `override.conf` had lost its line ends.
    pub repaired: bool,
    /// Where requests to this machine go afterwards.
    pub routing: Routing,
    /// Why they go to a proxy all the same.
    pub refusal: Option<Problem>,
    /// Why not all of `also` can be kept.
    pub unkept: Option<Problem>,
}

/// The drop-in's text.
pub(super) fn text((_, state): &(PathBuf, Option<FileState>)) -> Option<String> {
    state.as_ref().map(|state| String::from_utf8_lossy(&state.bytes).into_owned())
}

/// The least that takes requests to this machine past a proxy, and keeps the entries `also` in both
/// variables: nothing where that is so, else `override.conf`, else the drop-in of ours that systemd
/// reads last, else with it a file of variables, which no `Environment=` overrides.
pub fn plan(installation: &Installation, config: Option<&Value>, also: &Bypass) -> Outcome {
    let files = Files::of(installation);
    let named = &installation.drop_in;
    let text_of_named = text(named);
    let is_damaged = text_of_named.as_deref().is_some_and(|text| drop_in::repaired(text).is_some());
    let list = wanted(installation, config, &files, also);
    let merged = |place| drop_in::merged(text(place).as_deref(), &list);
    let [late, variables] = &installation.last_drop_in;
    let led = format!(
        "{}EnvironmentFile=-{}\n",
        merged(late),
        variables.0.display().to_string().replace('%', "%%")
    );
    let attempts: [&[_]; 4] = [
        &[],
        &[(named, merged(named))],
        &[(late, merged(late))],
        &[(variables, as_variables(&list)), (late, led)],
    ];
    let mut outcome = None;
    for attempt in attempts {
        let mut edits = attempt.to_vec();
        if is_damaged && edits.iter().all(|(place, _)| *place != named) {
            edits.insert(0, (named, merged(named)));
        }
        let seen = files.with(installation, &edits);
        let (reached, keeps) = (seen.routing(installation, config), seen.keeps(installation, also));
        let holds = reached.bypasses_loopback() && keeps;
        if holds || outcome.is_none() {
            outcome = Some((edits, reached, keeps));
        }
        if holds {
            break;
        }
    }
    let (edits, routing, keeps) =
        outcome.unwrap_or_else(|| (Vec::new(), files.routing(installation, config), false));
    let (unit, place) = (&installation.paths.unit, files.obstacle(installation));
    Outcome {
        list: edits.iter().any(|(place, _)| *place == named).then_some(list),
        repaired: is_damaged,
        steps: edits.into_iter().filter_map(|edit| step(installation, edit)).collect(),
        refusal: routing.is_broken().then(|| error::bypass_overridden(unit, &place)),
        unkept: (!keeps).then(|| error::no_proxy_overridden(unit, &also.value(), &place)),
        routing,
    }
}

type Edit<'a> = (&'a (PathBuf, Option<FileState>), String);

fn step(installation: &Installation, ((path, state), text): Edit<'_>) -> Option<FileStep> {
    let bytes = text.into_bytes();
    if state.as_ref().is_some_and(|state| *state.bytes == bytes) {
        return None;
    }
    let after = match state {
        Some(state) => state.with_bytes(bytes),
        None => installation.new_file(bytes, 0o644),
    };
    Some(FileStep::new(Role::DropIn, path.clone(), state.clone(), Some(after)))
}

/// Every entry that is effective today, and every entry of our own files, is kept: our assignments
/// replace the earlier values of both names.
fn wanted(
    installation: &Installation,
    config: Option<&Value>,
    files: &Files,
    also: &Bypass,
) -> Bypass {
    let loaded = installation.service.effective_environment();
    let next = files.environment(installation);
    let seen = installation.process_environment(&next, config);
    let [own, last] = [&installation.drop_in, &installation.last_drop_in[0]]
        .map(|place| drop_in::variables(Environment::default(), text(place).as_deref()));
    let lists = [&loaded, &seen, &own, &last];
    let both = |environment: &Environment| {
        Spelling::BOTH.map(|spelling| environment.get(spelling.name()).map(str::to_owned))
    };
    let mut all: Vec<String> = lists.into_iter().flat_map(both).flatten().collect();
    all.push(also.value());
    Bypass::extending(&Environment::of_assignments([format!("no_proxy={}", all.join(","))]))
}

/// Both names, as a file of variables has them.
fn as_variables(list: &Bypass) -> String {
    let escape = |c: char| if "\"\\`$".contains(c) { format!("\\{c}") } else { c.to_string() };
    let value: String = list.value().chars().map(escape).collect();
    Spelling::BOTH.map(|spelling| format!("{}=\"{value}\"\n", spelling.name())).concat()
}

/// What systemd reads for the gateway's next start.
struct Files {
    unit: Vec<UnitFile>,
    /// Ours, where the unit is led to it.
    variables: Option<SetFile>,
}

impl Files {
    fn of(installation: &Installation) -> Self {
        let managed = installation.service.managed();
        let unit = managed.map(|managed| managed.unit_files.clone()).unwrap_or_default();
        let files = Self { unit, variables: None };
        let ours = [&installation.drop_in, &installation.last_drop_in[0]];
        let standing: Vec<Edit<'_>> =
            ours.into_iter().filter_map(|place| Some((place, text(place)?))).collect();
        files.with(installation, &standing)
    }

    /// The same after these edits; systemd knows a drop-in by its name.
    fn with(&self, installation: &Installation, edits: &[Edit<'_>]) -> Self {
        let mut files = Self { unit: self.unit.clone(), variables: self.variables.clone() };
        for ((path, _), text) in edits {
            if *path == installation.last_drop_in[1].0 {
                files.variables = Some(SetFile::holding(path.clone(), text));
                continue;
            }
            let is_it = |file: &&mut UnitFile| file.path.file_name() == path.file_name();
            match files.unit.iter_mut().find(is_it) {
                Some(file) => file.text.clone_from(text),
                None => files.unit.push(UnitFile { path: path.clone(), text: text.clone() }),
            }
        }
        files.unit.sort_by_key(|file| {
            is_drop_in(file).then(|| file.path.file_name().map(ToOwned::to_owned))
        });
        files
    }

    fn environment(&self, installation: &Installation) -> Environment {
        let variables = self.variables.as_ref().filter(|_| self.beaten_by(installation).is_none());
        installation.service.environment_with(&self.unit, variables)
    }

    /// The place of a file of variables that systemd reads after ours, and that may say otherwise.
    fn beaten_by(&self, installation: &Installation) -> Option<(&UnitFile, usize)> {
        let managed = installation.service.managed()?;
        let is_harmless = |value: &str| {
            managed.files.iter().any(|read| {
                read.path.file_name() == Path::new(value).file_name()
                    && Spelling::BOTH.iter().all(|name| read.environment.get(name.name()).is_none())
            })
        };
        self.unit.iter().filter(|file| comes_after_ours(file)).find_map(|file| {
            let line =
                drop_in::line_of(&file.text, "EnvironmentFile", |value| !is_harmless(value))?;
            Some((file, line))
        })
    }

    fn routing(&self, installation: &Installation, config: Option<&Value>) -> Routing {
        let environment = self.environment(installation);
        let own = Routing::of(&environment, installation.port);
        let seen = installation.process_environment(&environment, config);
        // whose proxy it is does not matter; the list has to be the unit's own, which beats others
        Routing { not_bypassed: own.not_bypassed, ..Routing::of(&seen, installation.port) }
    }

    fn keeps(&self, installation: &Installation, also: &Bypass) -> bool {
        let environment = self.environment(installation);
        Spelling::BOTH.iter().all(|spelling| {
            Bypass::of_value(environment.get(spelling.name()).unwrap_or_default()).covers(also)
        })
    }

    /// Names the line that no file of ours overrides.
    fn obstacle(&self, installation: &Installation) -> String {
        let concerns = |value: &str| Spelling::BOTH.iter().any(|name| value.contains(name.name()));
        let unset = self.unit.iter().find_map(|file| {
            Some((file, drop_in::line_of(&file.text, "UnsetEnvironment", concerns)?))
        });
        unset.or_else(|| self.beaten_by(installation)).map_or_else(
            || installation.paths.unit.clone(),
            |(file, line)| format!("{}:{line}", file.path.display()),
        )
    }
}

fn is_drop_in(file: &UnitFile) -> bool {
    file.path.extension().is_some_and(|end| end == "conf")
}

/// Whether systemd reads it after the last of our drop-ins.
fn comes_after_ours(file: &UnitFile) -> bool {
    is_drop_in(file) && file.path.file_name() > Some(OsStr::new(drop_in::LAST[0]))
}
