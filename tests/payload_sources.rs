//! One connector, however it is packed: the same tree, verified, durable and as `OpenClaw` wants it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod payload_corpus;

use std::fs;
use std::io::{Cursor, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use openclaw_setup::connector::{Checks, Payload, Sha256, Source, TreeManifest, Verification};
use openclaw_setup::fs::stage::{Stage, remove_tree, sync_tree};
use openclaw_setup::interrupt::Interrupt;
use openclaw_setup::language::Explain;
use openclaw_setup::progress::Unwatched;
use payload_corpus::{PACKAGE, PLUGIN, Tar, gzip, install, offline, open, trusting};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tar::EntryType;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A connector with everything that a real one has: nested directories, an executable, a link of
/// `node_modules/.bin`, a long name, and modes that must not survive.
fn connector(root: &Path) -> PathBuf {
    let dir = root.join("connector");
    let long = format!("node_modules/long/{}/{}", "d".repeat(90), "f".repeat(120));
    fs::create_dir_all(dir.join("node_modules/.bin")).unwrap();
    fs::create_dir_all(dir.join("node_modules/which/bin")).unwrap();
    fs::create_dir_all(dir.join(&long).parent().unwrap()).unwrap();
    fs::create_dir_all(dir.join("empty")).unwrap();
    fs::write(dir.join("package.json"), PACKAGE).unwrap();
    fs::write(dir.join("openclaw.plugin.json"), PLUGIN).unwrap();
    fs::write(dir.join("index.ts"), "export default {};\n").unwrap();
    fs::write(dir.join("说明.md"), "钉钉\n").unwrap();
    fs::write(dir.join("large.bin"), vec![7; 9_000_000]).unwrap();
    fs::write(dir.join(long), "long").unwrap();
    fs::write(dir.join("node_modules/which/bin/which"), "#!/usr/bin/env node\n").unwrap();
    symlink("../which/bin/which", dir.join("node_modules/.bin/which")).unwrap();
    let mode = |name: &str, mode| {
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("node_modules/which/bin/which", 0o700);
    mode("index.ts", 0o666);
    mode("说明.md", 0o600);
    mode("empty", 0o777);
    dir
}

fn tar_of(directory: &Path, format: &str) -> Vec<u8> {
    let output = Command::new("tar")
        .args(["--create", "--file=-", "--format", format, "--directory"])
        .arg(directory.parent().unwrap())
        .arg(directory.file_name().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// `cd parent; tar cf c.tar .`, where the parent holds nothing else.
fn from_above(directory: &Path) -> Vec<u8> {
    let parent = tempfile::tempdir().unwrap();
    let script = "cp -a \"$0\" \"$1\" && cd \"$1\" && tar cf - .";
    let output =
        Command::new("sh").args(["-c", script]).args([directory, parent.path()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn zip_of(directory: &Path, prefix: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    if !prefix.is_empty() {
        zip.add_directory("./", SimpleFileOptions::default()).unwrap();
    }
    for path in payload_corpus::paths_beneath(directory) {
        let name = format!("{prefix}{}", path.strip_prefix(directory).unwrap().display());
        let metadata = path.symlink_metadata().unwrap();
        let options = SimpleFileOptions::default().unix_permissions(metadata.mode() & 0o777);
        if metadata.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            zip.add_symlink(name, target.to_str().unwrap(), options).unwrap();
        } else if metadata.is_dir() {
            zip.add_directory(name, options).unwrap();
        } else {
            zip.start_file(name, options).unwrap();
            zip.write_all(&fs::read(&path).unwrap()).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn scan(directory: &Path) -> TreeManifest {
    TreeManifest::scan(directory, &Interrupt::never(), &Unwatched).unwrap()
}

#[test]
fn every_packing_installs_the_same_tree() {
    let home = tempfile::tempdir().unwrap();
    let directory = connector(home.path());
    let expected = open(&directory, &trusting()).unwrap();
    let (gnu, pax) = (tar_of(&directory, "gnu"), tar_of(&directory, "pax"));
    let packings = [
        ("c.tar", gnu.clone()),
        ("c-pax.tar", pax.clone()),
        ("c.tgz", gzip(&gnu)),
        ("c.tar.gz", gzip(&pax)),
        ("c.tar.zst", compress_to_vec(gnu.as_slice(), CompressionLevel::Fastest)),
        ("c.zip", zip_of(&directory, "")),
        ("c-above.zip", zip_of(&directory, "./connector/")),
        ("c-above.tgz", gzip(&from_above(&directory))),
    ];
    let mut sources = vec![directory];
    for (name, bytes) in packings {
        fs::write(home.path().join(name), bytes).unwrap();
        sources.push(home.path().join(name));
    }
    for (number, source) in sources.iter().enumerate() {
        let stage = home.path().join(format!("stage-{number}"));
        let payload = install(source, &trusting(), &stage).unwrap();
        let shown = source.display();
        assert_eq!(payload.digest(), expected.digest(), "{shown}");
        assert_eq!(payload.tree.deviations(&scan(&stage)), [], "{shown}");
        assert_eq!(payload.package.version, "1.2.3");
        assert!(payload.brings_node_modules() && !payload.needs_dependencies());
    }
}

#[test]
fn entries_above_the_connector_are_no_change_of_it() {
    let home = tempfile::tempdir().unwrap();
    let archive = ["./", "", "."].iter().fold(Tar::default(), |tar, name| {
        tar.member(name.as_bytes(), EntryType::Directory, 0o755, b"", b"")
    });
    let connector = Tar::connector().end();
    for (name, bytes) in [("c.tar", archive.open_ended()), ("d.tar", Vec::new())] {
        fs::write(home.path().join(name), [bytes, connector.clone()].concat()).unwrap();
    }
    let [one, other] = ["c.tar", "d.tar"].map(|name| {
        install(&home.path().join(name), &trusting(), &home.path().join(name).with_extension("d"))
            .unwrap()
            .digest()
    });
    assert_eq!(one, other);
}

#[test]
fn the_programs_of_the_system_pack_what_we_read() {
    let home = tempfile::tempdir().unwrap();
    let directory = connector(home.path());
    let expected = open(&directory, &trusting()).unwrap().digest();
    let packers = [
        ("c.tar.zst", "zstd", "tar --zstd -cf \"$0\" connector"),
        ("c.zip", "zip", "cd connector && zip -qry \"$0\" ."),
    ];
    for (name, program, script) in packers {
        let there = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        if !there.unwrap().status.success() {
            continue;
        }
        let archive = home.path().join(name);
        let packed = Command::new("sh")
            .args(["-ec", script])
            .arg(&archive)
            .current_dir(home.path())
            .status();
        assert!(packed.unwrap().success());
        assert_eq!(open(&archive, &trusting()).unwrap().digest(), expected, "{name}");
    }
}

#[test]
fn a_pipe_in_an_archives_place_is_refused_at_once() {
    let home = tempfile::tempdir().unwrap();
    let archive = home.path().join("c.tgz");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    for fifo in [&archive, &home.path().join("c.tgz.sha256")] {
        rustix::fs::mkfifoat(rustix::fs::CWD, fifo, mode).unwrap();
        let said = open(&archive, &Checks::default()).unwrap_err().message();
        assert!(said.contains(fifo.to_str().unwrap()) && said.contains("named pipe"), "{said}");
        fs::remove_file(fifo).unwrap();
        fs::write(&archive, "").unwrap();
    }
}

/// Wherever a list lies: a list that was read in part would prove less than it says.
#[test]
fn a_list_of_more_than_32_mib_is_refused_as_such() {
    let home = tempfile::tempdir().unwrap();
    let directory = connector(home.path());
    let archive = home.path().join("c.tgz");
    fs::write(&archive, "").unwrap();
    let given = home.path().join("given");
    for (payload, list) in [
        (&directory, directory.join("SHA256SUMS")),
        (&archive, home.path().join("c.tgz.sha256")),
        (&archive, home.path().join("SHA256SUMS")),
        (&directory, given.clone()),
        (&archive, given.clone()),
    ] {
        fs::File::create(&list).unwrap().set_len(32 * 1024 * 1024 + 1).unwrap();
        let checksums = Some(given.clone()).filter(|given| *given == list);
        let error = open(payload, &Checks { checksums, ..Checks::default() }).unwrap_err();
        let said = error.message();
        let name = list.file_name().unwrap().to_str().unwrap();
        assert!(said.contains(name) && said.contains("larger than"), "{said}");
        fs::remove_file(&list).unwrap();
    }
}

#[test]
fn a_stage_has_the_modes_that_openclaw_accepts_and_becomes_durable() {
    let home = tempfile::tempdir().unwrap();
    let source = connector(home.path());
    fs::hard_link(source.join("index.ts"), source.join("linked.ts")).unwrap();
    let payload = open(&source, &trusting()).unwrap();
    let path = home.path().join("stage");
    let mut stage = Stage::create(&path).unwrap();
    payload.stage(&mut stage, &Interrupt::never(), &Unwatched).unwrap();
    sync_tree(stage.as_fd(), &path, &Interrupt::never()).unwrap();
    for found in payload_corpus::paths_beneath(&path) {
        let metadata = found.symlink_metadata().unwrap();
        let mode = metadata.mode() & 0o7777;
        let executable = found.ends_with("which/bin/which") && metadata.is_file();
        match metadata.file_type() {
            kind if kind.is_dir() => assert_eq!(mode, 0o755, "{found:?}"),
            kind if kind.is_symlink() => {}
            _ => {
                assert_eq!(mode, if executable { 0o755 } else { 0o644 }, "{found:?}");
                assert_eq!(metadata.nlink(), 1, "{found:?}");
            }
        }
    }
}

#[test]
fn the_umask_has_no_say() {
    let home = tempfile::tempdir().unwrap();
    let directory = connector(home.path());
    let expected = open(&directory, &trusting()).unwrap();
    for umask in ["0000", "0077"] {
        let stage = home.path().join(umask);
        let output = Command::new("sh")
            .args(["-c", "umask $1; exec \"$0\" --exact staging_under_the_umask_of_the_caller"])
            .arg(std::env::current_exe().unwrap())
            .arg(umask)
            .env("STAGE_FROM", &directory)
            .env("STAGE_TO", &stage)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(expected.tree.deviations(&scan(&stage)), [], "{umask}");
    }
}

/// The child of [`the_umask_has_no_say`]: a umask belongs to the whole process.
#[test]
fn staging_under_the_umask_of_the_caller() {
    let from = std::env::var_os("STAGE_FROM").map(PathBuf::from);
    let home = tempfile::tempdir().unwrap();
    let from = from.unwrap_or_else(|| connector(home.path()));
    let to = std::env::var_os("STAGE_TO").map_or(home.path().join("stage"), PathBuf::from);
    install(&from, &trusting(), &to).unwrap();
}

#[test]
fn checksums_are_found_where_they_are_expected() {
    let home = tempfile::tempdir().unwrap();
    let archive = home.path().join("c.tgz");
    fs::write(&archive, gzip(&tar_of(&connector(home.path()), "gnu"))).unwrap();
    let digest = Sha256::of(&fs::read(&archive).unwrap());
    let line = format!("{digest}  c.tgz\n");
    let other = format!("{}  c.tgz\n", Sha256::of(b"other"));
    let by = |checks: &Checks| match open(&archive, checks) {
        Ok(payload) => Ok(payload.verification.clone()),
        Err(error) => Err(error.code()),
    };
    let list_at = |name: &str| Verification::Checksums { list: home.path().join(name) };
    let none = Checks::default();
    assert_eq!(by(&none), Err("payload.unverified"));
    assert_eq!(by(&trusting()), Ok(Verification::Nothing));
    let given = Checks { sha256: Some(digest), ..Checks::default() };
    assert_eq!(by(&given), Ok(Verification::Sha256));

    fs::write(home.path().join("SHA256SUMS"), format!("{digest}  elsewhere.tgz\n")).unwrap();
    assert_eq!(by(&none), Err("payload.unverified"));
    fs::write(home.path().join("SHA256SUMS"), &other).unwrap();
    assert_eq!(by(&none), Err("payload.wrong-digest"));
    assert_eq!(by(&trusting()), Err("payload.wrong-digest"));
    fs::write(home.path().join("SHA256SUMS"), &line).unwrap();
    assert_eq!(by(&none), Ok(list_at("SHA256SUMS")));
    // with the byte order mark of an editor on Windows, too
    for mark in ["", "\u{feff}"] {
        for sidecar in [digest.to_string(), line.clone()] {
            fs::write(home.path().join("c.tgz.sha256"), format!("{mark}{sidecar}")).unwrap();
            assert_eq!(by(&none), Ok(list_at("c.tgz.sha256")));
        }
    }
    fs::write(home.path().join("mine"), format!("\u{feff}{digest} *dist/c.tgz\r\n")).unwrap();
    let mine = Checks { checksums: Some(home.path().join("mine")), ..Checks::default() };
    assert_eq!(by(&mine), Ok(list_at("mine")));
    let contradicting = Checks { sha256: Some(Sha256::of(b"other")), ..mine };
    assert_eq!(by(&contradicting), Err("payload.wrong-digest"));
}

#[test]
fn a_directory_is_vouched_for_file_by_file() {
    let home = tempfile::tempdir().unwrap();
    let directory = connector(home.path());
    let code = |checks: &Checks| open(&directory, checks).map_err(|error| error.code());
    assert_eq!(code(&Checks::default()).unwrap_err(), "payload.unverified");
    let sha256 = Checks { sha256: Some(Sha256::of(b"")), ..trusting() };
    assert_eq!(code(&sha256).unwrap_err(), "payload.sha256-needs-archive");

    let list = directory.join("SHA256SUMS");
    let sums = "find . -type f ! -name SHA256SUMS -print0 | xargs -0 sha256sum > SHA256SUMS";
    let write_sums = || {
        let made = Command::new("sh").args(["-c", sums]).current_dir(&directory).status();
        assert!(made.unwrap().success());
    };
    write_sums();
    let payload = code(&Checks::default()).unwrap();
    assert_eq!(payload.verification, Verification::Checksums { list: list.clone() });
    assert!(payload.tree.get("SHA256SUMS").is_none(), "the list is proof, not content");
    let stage = home.path().join("stage");
    install(&directory, &Checks::default(), &stage).unwrap();
    assert_eq!(payload.tree.deviations(&scan(&stage)), []);

    fs::write(directory.join("index.ts"), "changed").unwrap();
    assert_eq!(code(&Checks::default()).unwrap_err(), "payload.wrong-digest");
    assert_eq!(code(&trusting()).unwrap_err(), "payload.wrong-digest");
    write_sums();
    fs::write(directory.join("added.ts"), "").unwrap();
    assert_eq!(code(&Checks::default()).unwrap_err(), "payload.not-listed");
    write_sums();
    fs::remove_file(directory.join("added.ts")).unwrap();
    assert_eq!(code(&Checks::default()).unwrap_err(), "payload.listed-but-missing");
}

#[test]
fn a_payload_that_changes_between_check_and_copy_is_refused() {
    type Change = fn(&Path);
    let changes: [(Change, &str); 6] = [
        (|dir| fs::write(dir.join("index.ts"), "export default 1n;\n").unwrap(), "content"),
        (|dir| fs::write(dir.join("index.ts"), "longer than it was before\n").unwrap(), "length"),
        (|dir| fs::write(dir.join("new.ts"), "").unwrap(), "addition"),
        (|dir| fs::remove_file(dir.join("说明.md")).unwrap(), "removal"),
        (
            |dir| {
                fs::remove_file(dir.join("node_modules/.bin/which")).unwrap();
                symlink("/etc/passwd", dir.join("node_modules/.bin/which")).unwrap();
            },
            "target",
        ),
        (
            |dir| {
                fs::remove_file(dir.join("index.ts")).unwrap();
                symlink("/etc/passwd", dir.join("index.ts")).unwrap();
            },
            "kind",
        ),
    ];
    for (change, what) in changes {
        let home = tempfile::tempdir().unwrap();
        let directory = connector(home.path());
        let payload = open(&directory, &trusting()).unwrap();
        change(&directory);
        let mut stage = Stage::create(&home.path().join("stage")).unwrap();
        let outcome = payload.stage(&mut stage, &Interrupt::never(), &Unwatched);
        assert_eq!(outcome.unwrap_err().code(), "payload.changed", "{what}");
    }
}

#[test]
fn an_archive_that_is_replaced_after_its_check_is_installed_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let archive = home.path().join("c.tgz");
    fs::write(&archive, gzip(&tar_of(&connector(home.path()), "gnu"))).unwrap();
    let payload = open(&archive, &trusting()).unwrap();
    fs::write(&archive, "something else").unwrap();
    let path = home.path().join("stage");
    let mut stage = Stage::create(&path).unwrap();
    payload.stage(&mut stage, &Interrupt::never(), &Unwatched).unwrap();
    assert_eq!(payload.tree.deviations(&scan(&path)), []);
}

#[test]
fn an_interrupt_ends_reading_and_staging() {
    let home = tempfile::tempdir().unwrap();
    let directory = connector(home.path());
    let payload = open(&directory, &trusting()).unwrap();
    let interrupt = Interrupt::never();
    interrupt.raise();
    let mut stage = Stage::create(&home.path().join("stage")).unwrap();
    let staged = payload.stage(&mut stage, &interrupt, &Unwatched);
    assert_eq!(staged.unwrap_err().code(), "payload.interrupted");
    let source = Source::Directory(directory.clone());
    let opened = Payload::open(&source, &trusting(), &offline(), &interrupt, &Unwatched);
    assert_eq!(opened.unwrap_err().code(), "payload.interrupted");
    let scanned = TreeManifest::scan(&directory, &interrupt, &Unwatched);
    assert_eq!(scanned.unwrap_err().code(), "payload.interrupted");
    let synced = sync_tree(stage.as_fd(), stage.path(), &interrupt);
    assert_eq!(synced.unwrap_err().code(), "stage.interrupted");
}

#[test]
fn removal_never_follows_a_link() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept");
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("file"), "").unwrap();
    let doomed = home.path().join("doomed");
    fs::create_dir_all(doomed.join("inner")).unwrap();
    fs::write(doomed.join("inner/file"), "").unwrap();
    symlink(&kept, doomed.join("inner/link")).unwrap();
    symlink(&kept, home.path().join("link")).unwrap();
    let parent = fs::File::open(home.path()).unwrap();
    for name in ["doomed", "link", "never-there"] {
        let path = home.path().join(name);
        remove_tree(parent.as_fd(), Path::new(name), &path).unwrap();
        assert!(path.symlink_metadata().is_err());
    }
    assert!(kept.join("file").exists());
}

#[test]
fn a_stage_writes_nothing_outside_and_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    let mut stage = Stage::create(&home.path().join("stage")).unwrap();
    stage.symlink(Path::new("door"), "..").unwrap();
    stage.file(Path::new("once"), false).unwrap().finish();
    for path in ["../out", "door/out", "/out", "once"] {
        let error = stage.file(Path::new(path), false).unwrap_err();
        assert_eq!(error.code(), "file.write", "{path}");
    }
    assert_eq!(stage.directory(Path::new("door/inner")).unwrap_err().code(), "file.write");
    assert_eq!(Stage::create(stage.path()).unwrap_err().code(), "file.write");
    assert!(!home.path().join("out").exists());
}
