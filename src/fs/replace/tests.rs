//! What stands afterwards, whoever else writes.

use super::{FileState, Place, change, replace};

fn state(bytes: &str, mode: u32) -> FileState {
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    FileState { bytes: Vec::from(bytes).into(), mode, uid, gid }
}

#[test]
fn replaces_creates_and_removes_leaving_nothing_beside() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("openclaw.json");
    replace(&path, Some(&state("one", 0o600)), "t").unwrap();
    replace(&path, Some(&state("two", 0o640)), "t").unwrap();
    assert_eq!(FileState::read(&path).unwrap().unwrap(), state("two", 0o640));
    assert!(!change(&path, None, Some(&state("three", 0o600)), "t").unwrap());
    Place::of(&path, "t").unwrap().sweep().unwrap();
    replace(&path, None, "t").unwrap();
    replace(&path, None, "t").unwrap();
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn what_is_not_as_it_was_known_stays() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("openclaw.json");
    let [known, theirs, ours] = ["known", "theirs", "ours"].map(|text| state(text, 0o600));
    let other_mode = state("known", 0o640);
    let sides = [None, Some(&known), Some(&theirs), Some(&other_mode)];
    for (found, expected) in sides.into_iter().flat_map(|found| sides.map(|side| (found, side))) {
        for wanted in [Some(&ours), None] {
            replace(&path, found, "t").unwrap();
            let changed = change(&path, expected, wanted, "t").unwrap();
            assert_eq!(changed, found == expected);
            let left = if changed { wanted } else { found };
            assert_eq!(FileState::read(&path).unwrap().as_ref(), left);
            let files = std::fs::read_dir(home.path()).unwrap().count();
            assert_eq!(files, usize::from(left.is_some()));
        }
    }
}

/// Strangers write directly after each of the exchanges, whole files as an editor does.
#[test]
fn of_strangers_who_write_one_after_the_other_the_last_one_stays() {
    for strangers in 0..4 {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw.json");
        let [known, ours] = ["known", "ours"].map(|text| state(text, 0o600));
        replace(&path, Some(&state("first stranger", 0o600)), "t").unwrap();
        let place = Place::of(&path, "t").unwrap();
        place.write(&ours).unwrap();
        place.offer().unwrap();
        let mut turn = 0;
        let mut exchange = || {
            place.exchange()?;
            turn += 1;
            if turn <= strangers {
                replace(&path, Some(&state(&format!("stranger {turn}"), 0o600)), "u").unwrap();
            }
            Ok(())
        };
        assert!(!place.exchange_known(&known, Some(&ours), &mut exchange).unwrap());
        let last =
            if strangers == 0 { "first stranger".into() } else { format!("stranger {strangers}") };
        assert_eq!(FileState::read(&path).unwrap().unwrap(), state(&last, 0o600));
        // the one before has perhaps not been seen by the last
        let before = match strangers {
            0 => None,
            1 => Some(state("first stranger", 0o600)),
            _ => Some(state(&format!("stranger {}", strangers - 1), 0o600)),
        };
        assert_eq!(place.read_beside().unwrap(), before);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1 + before.iter().count());
    }
}

#[test]
fn what_takes_the_place_of_a_file_and_is_none_goes_back_to_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("openclaw.json");
    let [known, ours] = ["known", "ours"].map(|text| state(text, 0o600));
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    for wanted in [Some(&ours), None] {
        assert!(!change(&path, Some(&known), wanted, "t").unwrap());
        assert_eq!(path.read_link().unwrap().as_os_str(), "elsewhere");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}

/// The work goes on in the directory that was opened; the link's victim is not even looked at.
#[test]
fn a_link_planted_between_two_renames_costs_nobody_a_file() {
    for found in ["known", "theirs"] {
        let home = tempfile::tempdir().unwrap();
        let [folder, aside] = ["folder", "aside"].map(|name| home.path().join(name));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("f");
        let [known, ours] = ["known", "ours"].map(|text| state(text, 0o600));
        replace(&path, Some(&state(found, 0o600)), "t").unwrap();
        let place = Place::of(&path, "t").unwrap();
        place.write(&ours).unwrap();
        place.offer().unwrap();
        std::fs::rename(&folder, &aside).unwrap();
        std::os::unix::fs::symlink("/nowhere", &folder).unwrap();
        let changed = place.exchange_known(&known, Some(&ours), &mut || place.exchange()).unwrap();
        assert_eq!(changed, found == "known");
        let left = if changed { ours } else { state(found, 0o600) };
        assert_eq!(FileState::read(&aside.join("f")).unwrap().unwrap(), left);
        assert_eq!(std::fs::read_dir(&aside).unwrap().count(), 1);
    }
}

#[test]
fn a_parent_that_is_a_link_is_refused() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("real")).unwrap();
    std::os::unix::fs::symlink("real", home.path().join("link")).unwrap();
    assert!(replace(&home.path().join("link/f"), Some(&state("x", 0o600)), "t").is_err());
    assert_eq!(std::fs::read_dir(home.path().join("real")).unwrap().count(), 0);
}

#[test]
fn an_image_changes_with_content_and_mode() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("f");
    assert!(FileState::read(&path).unwrap().is_none());
    std::fs::write(&path, "secret").unwrap();
    let state = FileState::read(&path).unwrap().unwrap();
    let mut other = state.clone();
    other.mode ^= 0o1;
    assert_ne!(state.image(), other.image());
    assert_ne!(state.image(), state.with_bytes(b"x".to_vec()).image());
    assert!(!format!("{state:?}").contains("secret"));
    let link = home.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(FileState::read(&link).is_err(), "a planted link is not followed");
}
