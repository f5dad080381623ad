//! The install script of the static program: what it puts in place it takes away again.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/release/install.sh");

fn run(script: &Path, arguments: &[&str]) -> Output {
    Command::new(script).args(arguments).output().unwrap()
}

#[test]
fn the_script_installs_and_removes_what_it_brings_and_nothing_else() {
    let room = tempfile::tempdir().unwrap();
    let (tree, prefix) = (room.path().join("tree"), room.path().join("a prefix"));
    for (file, text) in [("bin/openclaw-setup", "program"), ("share/man/man1/x.1", "manual")] {
        let path = tree.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let script = tree.join("install.sh");
    fs::copy(SCRIPT, &script).unwrap();
    fs::create_dir_all(prefix.join("bin")).unwrap();
    fs::write(prefix.join("bin/of-others"), "").unwrap();
    let to = ["--prefix", prefix.to_str().unwrap()];

    for _ in 0..2 {
        let installed = run(&script, &to);
        assert!(installed.status.success(), "{installed:?}");
        assert!(String::from_utf8_lossy(&installed.stdout).contains("is not on your PATH"));
    }
    let program = prefix.join("bin/openclaw-setup");
    assert_eq!(fs::read_to_string(&program).unwrap(), "program");
    assert_eq!(program.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(fs::read_to_string(prefix.join("share/man/man1/x.1")).unwrap(), "manual");

    let removed = run(&script, &[&to[..], &["--remove"]].concat());
    assert!(removed.status.success(), "{removed:?}");
    assert!(!program.exists() && !prefix.join("share/man/man1/x.1").exists());
    assert!(prefix.join("bin/of-others").exists());
    assert_eq!(run(&script, &["--nonsense"]).status.code(), Some(2));
}
