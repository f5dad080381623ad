//! What the catalogue says of pairs, and what becomes of one that cannot be used.

use super::*;
use crate::connector::release::Habit;

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

/// The table in either README tells, for every `OpenClaw` that was measured, what `install` chooses.
#[test]
fn the_readmes_table_is_what_is_chosen() {
    let catalogue = Catalogue::built_in();
    let (english, chinese) =
        (include_str!("../../../README.md"), include_str!("../../../README.zh-CN.md"));
    for (text, adapted) in [(english, "adapted"), (chinese, "适配")] {
        let rows = text.lines().filter(|line| line.starts_with("| 2026."));
        let mut checked = 0;
        for row in rows {
            let [range, connector, how]: [&str; 3] =
                row.split('|').skip(1).take(3).collect::<Vec<_>>().try_into().unwrap();
            let ends: Vec<Version> = range.split_whitespace().filter_map(Version::parse).collect();
            let is_one = range.trim() == ends[0].to_string();
            let until = ends.get(1).copied().or(is_one.then_some(ends[0]));
            let measured = catalogue
                .cells
                .iter()
                .map(|cell| Version::parse(&cell.openclaw.to_string()).unwrap())
                .chain(ends.iter().copied())
                .filter(|openclaw| {
                    *openclaw >= ends[0] && until.is_none_or(|end| *openclaw <= end)
                });
            for openclaw in measured {
                let best = catalogue.best(catalogue.connectors(), Some(openclaw)).unwrap();
                let known = catalogue.expected(&best, openclaw).unwrap();
                assert_eq!(best.to_string(), connector.trim(), "{row}: {openclaw}");
                assert_eq!(known.adapted, how.contains(adapted), "{row}: {openclaw}");
                checked += 1;
            }
        }
        assert!(checked > 60, "only {checked}");
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

/// The table as the bench wrote it down: each row is a cell, each cell a row, and what could not be measured
/// is none.
#[test]
fn the_cells_are_what_was_measured() {
    let catalogue = Catalogue::built_in();
    let mut rows = 0;
    for line in include_str!("measured.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap();
        let cell =
            catalogue.cell(&text("connector").parse().unwrap(), &text("openclaw").parse().unwrap());
        let told = match &row["adapted"] {
            serde_json::Value::Bool(true) => {
                cell.and_then(|cell| cell.adapted.as_ref()).map(|adapted| adapted.result)
            }
            _ => cell.map(|cell| cell.result),
        };
        let measured = match text("result") {
            "answers" => Some(Answer::Answers),
            "fails" => Some(Answer::Fails),
            "does not start without a network" => Some(Answer::NeedsNetwork),
            _ => None,
        };
        assert_eq!(told, measured, "{line}");
        rows += usize::from(told.is_some());
    }
    let adapted = catalogue.cells.iter().filter(|cell| cell.adapted.is_some()).count();
    assert_eq!(rows, catalogue.cells.len() + adapted);
}

#[test]
fn what_is_chosen_has_answered() {
    let catalogue = Catalogue::newest_of(&[]);
    for (openclaw, best) in [
        ("2026.3.13", Some("0.8.3")),
        ("2026.3.24", Some("0.8.20")),
        ("2026.4.9", Some("0.8.20")),
        ("2026.5.7", Some("0.8.20")),
        // adapted, 0.8.20 answers there by rule alone
        ("2026.7.1", Some("0.8.13")),
        ("2026.7.2", Some("0.8.20")),
        ("2026.7.35", Some("0.8.20")),
        ("2026.8.2", Some("0.8.20")),
        ("2026.9.6", Some("0.8.20")),
    ] {
        let chosen = catalogue.best(catalogue.connectors(), Version::parse(openclaw));
        assert_eq!(chosen.map(|v| v.to_string()).as_deref(), best, "{openclaw}");
    }
    let clash =
        catalogue.clash(&Release::named(Semver::new(0, 8, 20)), Version::of(2026, 9, 6), None);
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
    let newest = catalogue
        .clash(&Release::named(Semver::new(0, 8, 20)), Version::of(2026, 9, 6), None)
        .unwrap();
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
        let payload = Release::named(Semver::new(0, 7, 10));
        let openclaw = Version::of(2026, 4, 9);
        let clash = catalogue.clash(&payload, openclaw, standing.as_ref()).unwrap();
        assert!(clash.hint.contains(command), "{}", clash.hint);
    }
}

/// What was not seen to answer is not said to fit, and what is refused is not named.
#[test]
fn what_fits_instead_is_named_with_whence_that_is_known() {
    let catalogue = Catalogue::newest_of(&[]);
    for (refused, openclaw, told) in [
        ("0.8.13", "2026.3.13", "Connector 0.8.3 fits OpenClaw 2026.3.13 (measured): "),
        ("0.8.3", "2026.8.3", "Connector 0.8.20 fits OpenClaw 2026.8.3 (by rule; "),
        ("0.8.20", "2026.2.1", "Nothing is known against connector 0.8.3 on OpenClaw 2026.2.1: "),
        ("0.8.20", "2026.8.2", "Connector 0.8.3 fits OpenClaw 2026.8.2 (by rule; "),
    ] {
        let openclaw = Version::parse(openclaw).unwrap();
        let hint = catalogue.instead(openclaw, None, &Semver::parse(refused).unwrap());
        assert!(hint.starts_with(told), "{hint}");
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
        let lists = ["rules", "cells", "generations", "keys", "pins", "programs"];
        let lists = lists.map(|list| format!(r#""{list}": []"#)).join(", ");
        format!(r#"{{"schemaVersion": 1, "date": "{date}", {lists}}}"#)
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

/// One line for each habit; a pre-release is what it becomes, and an unknown version lacks nothing.
#[test]
fn what_a_connector_needs_heeds_and_does() {
    use Habit::{
        AccountsInherit, AsksForTheDefault, ForbidsTls, HeedsAllowFrom, HeedsDmPolicy,
        HeedsGroupPolicy, IgnoresProxies, NamesItsAgent, NeedsBypass, NeedsEndpoint, NeedsHostLink,
        NeedsToken, NeedsUsualPort, RoutesByBindings, StaysStarted,
    };
    let catalogue = Catalogue::built_in();
    let has = |connector: Option<&str>, habit| {
        let version = connector.map(|connector| Semver::parse(connector).unwrap());
        catalogue.generation(version.as_ref()).has(habit)
    };
    for (habits, since, until) in [
        (&[NeedsEndpoint, NeedsToken, NeedsBypass][..], None, Some("0.8.0")),
        (&[AsksForTheDefault], None, Some("0.7.0")),
        (&[NamesItsAgent], Some("0.6.1"), Some("0.8.0")),
        (&[RoutesByBindings], Some("0.7.3"), None),
        (&[NeedsUsualPort], None, Some("0.7.6")),
        (&[ForbidsTls], None, Some("0.7.7")),
        (&[HeedsAllowFrom], Some("0.7.1"), None),
        (&[StaysStarted], Some("0.7.5"), None),
        (&[AccountsInherit], Some("0.7.7"), None),
        (&[HeedsDmPolicy, HeedsGroupPolicy], Some("0.8.0"), None),
        (&[IgnoresProxies], Some("0.8.0"), Some("0.8.13")),
        (&[NeedsHostLink], Some("0.8.17"), None),
    ] {
        let versions = [
            "0.6.0", "0.6.1", "0.7.0", "0.7.1", "0.7.2", "0.7.3", "0.7.4", "0.7.5", "0.7.6",
            "0.7.7", "0.7.10",
        ];
        let later =
            ["0.8.0-beta", "0.8.3", "0.8.12", "0.8.13", "0.8.16", "0.8.17", "0.8.20", "1.0.0"];
        for version in versions.into_iter().chain(later) {
            let number = Semver::parse(version).map(|version| released(&version)).unwrap();
            let is_before = |border: &str| number < Semver::parse(border).unwrap();
            let expected = !since.is_some_and(is_before) && until.is_none_or(is_before);
            for habit in habits {
                assert_eq!(has(Some(version), *habit), expected, "{version} {habit:?}");
            }
        }
    }
    let lacks_nothing = [NeedsEndpoint, NeedsToken, NeedsBypass, AccountsInherit];
    assert!(lacks_nothing.into_iter().all(|habit| has(None, habit)));
    assert!(!has(None, NeedsUsualPort) && !has(None, NeedsHostLink));
}

#[test]
fn which_keys_a_connector_does_not_read() {
    let catalogue = Catalogue::built_in();
    for (connector, unread) in [
        ("0.6.0", &["gatewayBaseUrl", "botDingUid"][..]),
        ("0.6.1", &["gatewayBaseUrl"]),
        ("0.7.4", &["gatewayBaseUrl", "botDingUid"]),
        ("0.7.5", &["gatewayBaseUrl", "sessionTimeout", "botDingUid"]),
        ("0.7.10", &["sessionTimeout", "botDingUid"]),
        (
            "0.8.0",
            &["gatewayBaseUrl", "gatewayToken", "gatewayPassword", "sessionTimeout", "botDingUid"],
        ),
    ] {
        assert_eq!(
            catalogue.unread_keys(&Semver::parse(connector).unwrap()),
            unread,
            "{connector}"
        );
    }
}

/// Several programs call themselves 0.6.0; of one, it is known that it was measured.
#[test]
fn a_program_is_known_by_its_code() {
    const MEASURED: &str = "43e21c5806fa835df0ca7aa47aeb64faed4eb79808c3240c5ec1c48098b4e213";
    let catalogue = Catalogue::built_in();
    let release = |says: &str, sha256: Option<Sha256>| {
        let digest = |path: &str| sha256.filter(|_| path == "plugin.ts");
        catalogue.release(says, digest).unwrap()
    };
    let known = |says: &str, source: &str| {
        let fits = |program: &&Program| program.source.contains(source);
        release(says, Some(catalogue.programs.iter().find(fits).unwrap().sha256))
    };
    for (found, version, is_known, remark) in [
        (release("0.6.0", MEASURED.parse().ok()), "0.6.0", true, None),
        (known("0.6.0", "d35d6e5"), "0.6.0", true, Some("code is that of commit d35d6e5")),
        (release("0.6.0", Some(Sha256::of(b"patched"))), "0.6.0", false, Some("is not that of")),
        (
            known("0.6.1", "v0.7.0"),
            "0.7.0",
            true,
            Some("calls itself 0.6.1; its code is that of 0.7.0"),
        ),
        (known("0.7.1", "v0.7.2"), "0.7.2", true, Some("calls itself 0.7.1")),
        // one program under two versions
        (known("0.7.8", "v0.7.7"), "0.7.8", true, None),
        (release("0.8.3", None), "0.8.3", false, None),
    ] {
        assert_eq!((found.version.to_string(), found.is_known), (version.to_owned(), is_known));
        let told = found.remark.as_deref();
        let expected = remark.is_none_or(|remark| told.is_some_and(|told| told.contains(remark)));
        assert!(expected && told.is_some() == remark.is_some(), "{version}: {told:?}");
        // only what was measured itself is said to have been
        let is_namesake = remark.is_some() && version == "0.6.0";
        assert_eq!(found.is_namesake, is_namesake, "{version}");
        let openclaw = Version::of(2026, 3, 13);
        let basis = catalogue.expected_of(&found, openclaw).map(|known| known.basis);
        let expected = match version {
            "0.6.0" if is_namesake => Some(Basis::Namesake),
            "0.6.0" | "0.8.3" => Some(Basis::Measured),
            _ => None,
        };
        assert_eq!(basis, expected, "{version}");
    }
    let patched = release("0.6.0", None);
    let (known, clash) = (
        catalogue.expected_of(&patched, Version::of(2026, 3, 13)).unwrap(),
        catalogue.clash(&patched, Version::of(2026, 4, 9), None).unwrap(),
    );
    let text = patched.told(&known.text(&patched.version, Version::of(2026, 3, 13)));
    assert!(text.contains("(measured with another program of this version); its code"), "{text}");
    assert!(clash.message.ends_with("(measured with another program of this version)"));
    assert_eq!(catalogue.release("latest", |_| None), None);
}
