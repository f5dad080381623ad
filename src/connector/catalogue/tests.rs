//! What the catalogue says of pairs, and what becomes of one that cannot be used.

use super::*;

fn known(connector: &str, openclaw: &str) -> Option<(Answer, bool)> {
    let catalogue = Catalogue::newest_of(&[]);
    let connector = Semver::parse(connector).unwrap();
    let known = catalogue.known(&connector, Version::parse(openclaw).unwrap());
    known.map(|known| (known.answer, known.basis == Basis::Measured))
}

#[test]
fn a_cell_beats_a_rule_and_a_rule_fills_the_gaps() {
    use Answer::{Answers, Fails, NeedsNetwork};
    for (connector, openclaw, expected) in [
        ("0.6.0", "2026.3.13", Some((Answers, true))),
        ("0.6.0", "2026.4.9", Some((Fails, true))),
        ("0.7.5", "2026.4.9", Some((Fails, false))),
        ("0.8.0", "2026.3.13", None),
        ("0.8.3", "2026.3.28", Some((Fails, true))),
        ("0.8.3", "2026.5.28", Some((Answers, true))),
        ("0.8.6", "2026.3.13", Some((Fails, false))),
        ("0.8.13", "2026.5.7", Some((Fails, true))),
        ("0.8.20", "2026.5.7", Some((Answers, true))),
        ("0.8.20", "2026.7.35", Some((NeedsNetwork, true))),
        ("0.8.24", "2026.9.6", Some((Fails, false))),
        ("0.8.21-beta.0", "2026.3.1", Some((Fails, false))),
        ("0.9.0", "2026.9.6", None),
    ] {
        assert_eq!(known(connector, openclaw), expected, "{connector} on {openclaw}");
    }
}

/// Rules that contradict what was measured would mislead between the cells.
#[test]
fn rules_agree_with_the_cells_that_they_speak_of() {
    let catalogue = Catalogue::newest_of(&[]);
    assert!(catalogue.cells.len() > 60);
    let ids: Vec<_> = catalogue.adaptations.iter().map(|adaptation| &adaptation.id).collect();
    let named = catalogue.cells.iter().filter_map(|cell| cell.adapted.as_ref());
    assert!(named.clone().count() > 10 && named.clone().all(|cell| ids.contains(&&cell.by)));
    let rules_alone = Catalogue { cells: Vec::new(), ..catalogue.clone() };
    for cell in &catalogue.cells {
        let openclaw = Version::parse(&cell.openclaw.to_string()).unwrap();
        if let Some(known) = rules_alone.known(&cell.connector, openclaw) {
            let pair = (&cell.connector, &cell.openclaw);
            assert_eq!(known.answer, cell.result, "{pair:?}");
        }
    }
}

#[test]
fn what_is_chosen_has_answered() {
    let catalogue = Catalogue::newest_of(&[]);
    for (openclaw, best) in [
        ("2026.3.13", Some("0.8.3")),
        ("2026.3.24", Some("0.8.20")),
        ("2026.4.9", Some("0.8.20")),
        ("2026.5.7", Some("0.8.20")),
        ("2026.7.1", Some("0.8.20")),
        ("2026.7.35", Some("0.8.20")),
        ("2026.8.2", Some("0.8.20")),
        ("2026.9.6", Some("0.8.20")),
    ] {
        let chosen = catalogue.best(catalogue.connectors(), Version::parse(openclaw));
        assert_eq!(chosen.map(|v| v.to_string()).as_deref(), best, "{openclaw}");
    }
    let clash = catalogue.clash(&Semver::new(0, 8, 20), Version::of(2026, 9, 6), None);
    assert_eq!(clash, None);
}

/// What was measured to fail adapted is none; `--no-adapt` judges as it comes.
#[test]
fn what_is_not_to_be_adapted_is_judged_as_it_comes() {
    let mut catalogue = Catalogue::newest_of(&[]);
    let connector = Semver::new(0, 8, 20);
    let adaptations = |catalogue: &Catalogue, openclaw| {
        let found = catalogue.adaptations(&connector, Version::parse(openclaw).unwrap());
        found.into_iter().map(|adaptation| adaptation.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(adaptations(&catalogue, "2026.4.9"), [""; 0]);
    assert_eq!(adaptations(&catalogue, "2026.7.1"), ["no-install-metadata"]);
    assert_eq!(adaptations(&catalogue, "2026.9.6"), ["channel-runtime"]);
    let cell = catalogue
        .cells
        .iter_mut()
        .find(|cell| cell.connector == connector && cell.openclaw == Semver::new(2026, 9, 6));
    cell.unwrap().adapted.as_mut().unwrap().result = Answer::Fails;
    assert_eq!(adaptations(&catalogue, "2026.9.6"), [""; 0]);
    let mut catalogue = Catalogue::newest_of(&[]);
    catalogue.take_them_as_they_come();
    let newest = catalogue.clash(&Semver::new(0, 8, 20), Version::of(2026, 9, 6), None).unwrap();
    assert!(newest.hint.contains("is 2026.7.35, with connector 0.8.13."), "{}", newest.hint);
    assert!(newest.hint.contains("omit --no-adapt"), "{}", newest.hint);
}

/// `upgrade` refuses where nothing stands, and an older connector unless told.
#[test]
fn the_command_that_is_named_works_here() {
    let catalogue = Catalogue::newest_of(&[]);
    for (standing, command) in [
        (None, " install npm:"),
        (Some(Semver::new(0, 6, 0)), " upgrade npm:"),
        (Some(Semver::new(0, 8, 24)), " upgrade --allow-downgrade npm:"),
    ] {
        let (payload, openclaw) = (Semver::new(0, 7, 10), Version::of(2026, 4, 9));
        let clash = catalogue.clash(&payload, openclaw, standing.as_ref()).unwrap();
        assert!(clash.hint.contains(command), "{}", clash.hint);
    }
}

#[test]
fn the_newest_readable_catalogue_counts() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let empty = |date: &str| {
        format!(r#"{{"schemaVersion": 1, "date": "{date}", "rules": [], "cells": []}}"#)
    };
    let (old, new) = (write("old", &empty("2020-01-01")), write("new", &empty("2099-01-01")));
    let other = write("other", &empty("2099-02-02").replace("1,", "2,"));
    let (broken, absent) = (write("broken", "{"), folder.path().join("absent"));
    let places = [&*old, &*new, &*other, &*broken, &*absent];
    assert_eq!(Catalogue::newest_of(&places).date, "2099-01-01");
    assert_ne!(Catalogue::newest_of(&places[..1]).date, "2020-01-01");
    let undated = write("undated", &empty("soon"));
    let places = [&*other, &*broken, &*absent, &*undated, folder.path()];
    let faults: Vec<_> = Catalogue::newest_of(&places).faults().collect();
    let causes = ["schemaVersion is 2", "line 1 column 1", "“soon”", "directory"];
    assert_eq!(faults.len(), causes.len(), "{faults:?}");
    for (fault, cause) in faults.iter().zip(causes) {
        assert!(fault.message.contains(cause), "{cause}: {fault:?}");
    }
    assert!(faults[1].message.contains(&broken.display().to_string()));
}
