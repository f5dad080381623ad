//! What `make release` makes: for which architectures, and the install script of the static program, which takes away what it has
//! put in place.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/release/install.sh");

fn run(script: &Path, arguments: &[&str]) -> Output {
    Command::new(script).args(arguments).output().unwrap()
}

/// Makes a program, in another process: what we write ourselves is also open in a child that another test is just starting,
/// and cannot be executed for so long.
fn program(text: &Path, path: &Path) {
    assert!(Command::new("install").args([text, path]).status().unwrap().success());
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
    program(Path::new(SCRIPT), &script);
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

/// What `release.sh` builds on a machine of that architecture with these stds of Rust and these programs, and what it says.
fn targets(own: &str, stds: &[&str], programs: &[&str]) -> (String, String) {
    let room = tempfile::tempdir().unwrap();
    let (bin, sysroot) = (room.path().join("bin"), room.path().join("sysroot"));
    fs::create_dir(&bin).unwrap();
    for std in stds {
        fs::create_dir_all(sysroot.join("lib/rustlib").join(std).join("lib")).unwrap();
    }
    for tool in ["dirname", "readlink"] {
        std::os::unix::fs::symlink(format!("/usr/bin/{tool}"), bin.join(tool)).unwrap();
    }
    let answers = [("dpkg", own), ("rustc", sysroot.to_str().unwrap())];
    for (name, answer) in answers.into_iter().chain(programs.iter().map(|name| (*name, ""))) {
        let text = room.path().join("text");
        fs::write(&text, format!("#!/bin/sh\necho {answer}\n")).unwrap();
        program(&text, &bin.join(name));
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/release/release.sh");
    let said = Command::new(script).arg("--targets").env("PATH", &bin).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&said.stdout), text(&said.stderr))
}

#[test]
fn a_release_is_for_each_architecture_that_the_toolchain_can_make() {
    const AMD64: &str = "x86_64-unknown-linux-gnu";
    const ARM64: &str = "aarch64-unknown-linux-gnu";
    let arm64_musl = "aarch64-unknown-linux-musl";
    let gcc = "aarch64-linux-gnu-gcc";
    for (own, stds, programs, built, left_out) in [
        (
            "amd64",
            &[AMD64][..],
            &[gcc][..],
            "amd64 x86_64-unknown-linux-gnu\n",
            "arm64, because rustc",
        ),
        ("amd64", &[AMD64, ARM64], &[], "amd64 x86_64-unknown-linux-gnu\n", gcc),
        (
            "amd64",
            &[AMD64, ARM64],
            &[gcc],
            "amd64 x86_64-unknown-linux-gnu\narm64 aarch64-unknown-linux-gnu\n",
            "",
        ),
        (
            "arm64",
            &[ARM64, arm64_musl],
            &[],
            "arm64 aarch64-unknown-linux-musl\n",
            "amd64, because",
        ),
    ] {
        let (named, said) = targets(own, stds, programs);
        assert_eq!(named, built, "{own} {stds:?} {programs:?}");
        assert!(said.contains(left_out) && said.is_empty() == left_out.is_empty(), "{said}");
    }
}
