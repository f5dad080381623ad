//! The environment that a unit's next process gets, and who undoes our part of it.

use std::path::PathBuf;

use super::{Bypass, Environment, Spelling, parsed_file};
use crate::fs::foreign;
use crate::systemd::{Unit, drop_in};

/// An `EnvironmentFile=` that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFile {
    /// The file.
    pub path: PathBuf,
    /// What it sets.
    pub environment: Environment,
}

/// Reads the unit's environment files, in order. One that cannot be read sets nothing; one whose
/// path holds wildcards is left out, as only the running process can tell what they matched.
#[must_use]
pub fn read_environment_files(unit: &Unit) -> Vec<SetFile> {
    let files = unit.environment_files.iter();
    files
        .filter_map(|file| {
            let text = foreign::glance(&file.path)?;
            let environment = parsed_file(&String::from_utf8_lossy(&text));
            Some(SetFile { path: file.path.clone(), environment })
        })
        .collect()
}

/// The environment of the unit's next process: the manager's own, then `Environment=`, then the
/// files, less `UnsetEnvironment=` (systemd.exec(5)).
#[must_use]
pub fn effective(manager: &Environment, unit: &Unit, files: &[SetFile]) -> Environment {
    let mut environment = manager.clone();
    environment.overlay(&unit.environment);
    for file in files {
        environment.overlay(&file.environment);
    }
    for entry in &unit.unset_environment {
        match entry.split_once('=') {
            Some((name, value)) if environment.get(name) != Some(value) => {}
            Some((name, _)) => environment.remove(name),
            None => environment.remove(entry),
        }
    }
    environment
}

/// Who gave a variable a value that lacks our entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Override {
    /// An `EnvironmentFile=`, which beats every `Environment=`.
    EnvironmentFile(PathBuf),
    /// A drop-in that systemd applies after ours.
    DropIn(PathBuf),
    /// An `UnsetEnvironment=` somewhere in the unit.
    UnsetEnvironment,
    /// Not found: the drop-in is not loaded yet, or the value comes from elsewhere.
    Unknown,
}

/// A spelling whose effective value lacks our entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// Which variable.
    pub spelling: Spelling,
    /// Its effective value; `None` if it is not set.
    pub value: Option<String>,
    /// Whose doing it is.
    pub culprit: Override,
}

/// Compares the effective environment after a `Reload` with what our drop-in says.
#[must_use]
pub fn undone(
    manager: &Environment,
    unit: &Unit,
    files: &[SetFile],
    ours: &std::path::Path,
    wanted: &Bypass,
) -> Vec<Overridden> {
    let effective = effective(manager, unit, files);
    let lacking = Spelling::BOTH.into_iter().filter_map(|spelling| {
        let value = effective.get(spelling.name()).map(str::to_owned);
        let covered = value.as_deref().is_some_and(|value| Bypass::of_value(value).covers(wanted));
        (!covered).then_some((spelling, value))
    });
    lacking
        .map(|(spelling, value)| {
            let culprit = culprit(spelling, unit, files, ours);
            Overridden { spelling, value, culprit }
        })
        .collect()
}

fn culprit(spelling: Spelling, unit: &Unit, files: &[SetFile], ours: &std::path::Path) -> Override {
    let name = spelling.name();
    let unset =
        |entry: &String| entry.split_once('=').map_or(entry.as_str(), |(key, _)| key) == name;
    if unit.unset_environment.iter().any(unset) {
        return Override::UnsetEnvironment;
    }
    let sets = |file: &&SetFile| file.environment.get(name).is_some();
    if let Some(file) = files.iter().rev().find(sets) {
        return Override::EnvironmentFile(file.path.clone());
    }
    let later = unit.drop_in_paths.iter().rev().take_while(|path| path.as_path() != ours);
    let touching = |path: &&PathBuf| {
        let text = foreign::glance(path).unwrap_or_default();
        drop_in::touches(&String::from_utf8_lossy(&text), spelling)
    };
    later.clone().find(touching).cloned().map_or(Override::Unknown, Override::DropIn)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn unit(environment: &[&str], unset: &[&str]) -> Unit {
        Unit {
            environment: Environment::of_assignments(environment),
            unset_environment: unset.iter().map(|&entry| entry.to_owned()).collect(),
            ..Unit::default()
        }
    }

    #[test]
    fn files_beat_the_unit_and_the_unit_beats_the_manager() {
        let manager = Environment::of_assignments(["A=manager", "B=manager", "C=manager"]);
        let unit = unit(&["B=unit", "C=unit", "D=unit", "E=unit"], &["D", "E=other"]);
        let files = [SetFile { path: "/f".into(), environment: parsed_file("C=file\n") }];
        let found = effective(&manager, &unit, &files);
        let found: Vec<_> = found.iter().collect();
        assert_eq!(found, [("A", "manager"), ("B", "unit"), ("C", "file"), ("E", "unit")]);
    }

    #[test]
    fn the_culprit_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let ours = directory.path().join("override.conf");
        let later = directory.path().join("zz.conf");
        fs::write(&ours, "").unwrap();
        fs::write(&later, "[Service]\nEnvironment=no_proxy=corp\n").unwrap();
        let wanted = Bypass::extending(&Environment::default());
        let both = format!("NO_PROXY={}", wanted.value());
        let mut unit = unit(&["no_proxy=corp", &both], &[]);
        let none = Environment::default();
        unit.drop_in_paths = vec![ours.clone(), later.clone()];

        let found = undone(&none, &unit, &[], &ours, &wanted);
        let by_drop_in = Overridden {
            spelling: Spelling::Lower,
            value: Some("corp".to_owned()),
            culprit: Override::DropIn(later),
        };
        assert_eq!(found, [by_drop_in]);

        let file = SetFile { path: "/f".into(), environment: parsed_file("no_proxy=x") };
        let found = undone(&none, &unit, &[file], &ours, &wanted);
        assert_eq!(found[0].culprit, Override::EnvironmentFile("/f".into()));

        unit.unset_environment = vec!["no_proxy".to_owned()];
        let found = undone(&none, &unit, &[], &ours, &wanted);
        assert_eq!(
            (found[0].value.as_ref(), &found[0].culprit),
            (None, &Override::UnsetEnvironment)
        );
    }
}
