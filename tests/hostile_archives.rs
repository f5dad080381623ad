//! Invariant I7: a hostile payload is refused with its own message and writes nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod payload_corpus;

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use openclaw_setup::connector::{Checks, Limits, Sha256};
use openclaw_setup::language::{Explain, Language};
use payload_corpus::{PACKAGE, PLUGIN, Tar, gzip, header, install, open, paths_beneath, trusting};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tar::EntryType;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Installs a payload that must be refused with `code`, by a message that names the payload and
/// `entry` in both languages, and checks that nothing was written anywhere near.
fn refused(file: &str, bytes: &[u8], checks: &Checks, code: &str, entry: &str) {
    let sandbox = tempfile::tempdir().unwrap();
    let payload = sandbox.path().join("in").join(file);
    fs::create_dir(payload.parent().unwrap()).unwrap();
    fs::write(&payload, bytes).unwrap();
    refused_at(sandbox.path(), &payload, checks, code, entry);
}

fn refused_at(sandbox: &Path, payload: &Path, checks: &Checks, code: &str, entry: &str) {
    let before = paths_beneath(sandbox);
    let said = [Language::English, Language::Chinese].map(|language| {
        language.choose();
        let error = install(payload, checks, &sandbox.join("stage")).unwrap_err();
        assert_eq!(error.code(), code, "{entry}: {}", error.message());
        assert_eq!(paths_beneath(sandbox), before, "{entry}");
        let problem = error.message();
        assert!(problem.contains(payload.to_str().unwrap()), "{problem}");
        assert!(problem.contains(entry), "{problem} does not name {entry}");
        assert!(!error.hint().is_empty());
        problem
    });
    Language::English.choose();
    assert_ne!(said[0], said[1]);
}

fn refused_tar(tar: Tar, code: &str, entry: &str) {
    let bytes = tar.end();
    refused("c.tar", &bytes, &trusting(), code, entry);
    refused("c.tgz", &gzip(&bytes), &trusting(), code, entry);
}

#[test]
fn names_that_lead_elsewhere() {
    for (name, code, shown) in [
        (b"/tmp/absolute".as_slice(), "payload.absolute-path", "/tmp/absolute"),
        (b"../climbing", "payload.parent-path", "../climbing"),
        (b"package/../../climbing", "payload.parent-path", "package/../../climbing"),
        (b"package/\xff\xfe", "payload.not-utf8", "package/\\xff\\xfe"),
        (b"package/new\nline", "payload.control-character", "package/new\\nline"),
    ] {
        let tar = Tar::connector().member(name, EntryType::Regular, 0o644, b"", b"x");
        refused_tar(tar, code, shown);
    }
}

#[test]
fn names_hidden_in_extension_headers() {
    let long = format!("package/{}", "d/".repeat(200));
    for (name, code) in [
        ("/tmp/absolute", "payload.absolute-path"),
        ("../climbing", "payload.parent-path"),
        (long.as_str(), "payload.name-too-long"),
    ] {
        let gnu = Tar::connector()
            .member(b"././@LongLink", EntryType::GNULongName, 0, b"", name.as_bytes())
            .file("package/innocent", "x");
        refused_tar(gnu, code, name);
        let record = pax_record(&format!("path={name}"));
        let pax = Tar::connector()
            .member(b"pax", EntryType::XHeader, 0, b"", record.as_bytes())
            .file("package/innocent", "x");
        refused_tar(pax, code, name);
    }
    let record = pax_record("path=package/nul\0byte");
    let nul = Tar::connector()
        .member(b"pax", EntryType::XHeader, 0, b"", record.as_bytes())
        .file("package/innocent", "x");
    refused_tar(nul, "payload.control-character", "package/nul\\u{0}byte");
}

fn pax_record(text: &str) -> String {
    let length = (1..9999).find(|n: &usize| n.to_string().len() + text.len() + 2 == *n).unwrap();
    format!("{length} {text}\n")
}

#[test]
fn links() {
    use EntryType::{Link, Symlink};
    for (name, kind, target, code) in [
        ("package/out", Symlink, "/etc/passwd", "payload.symlink-escapes"),
        ("package/out", Symlink, "../../etc", "payload.symlink-escapes"),
        // inside the archive, but outside what is left once `package/` is stripped
        ("package/out", Symlink, "../package", "payload.symlink-escapes"),
        ("package/circle", Symlink, "circle", "payload.symlink-loop"),
        ("package/hard", Link, "package/index.ts", "payload.hard-link"),
        ("package/hard", Link, "/etc/passwd", "payload.hard-link"),
    ] {
        let shown = name.trim_start_matches("package/");
        refused_tar(Tar::connector().link(name, kind, target), code, shown);
    }
    let through =
        Tar::connector().link("package/door", Symlink, "/tmp").file("package/door/written", "x");
    refused_tar(through, "payload.through-symlink", "package/door/written");
    let replaced =
        Tar::connector().file("package/door/inside", "x").link("package/door", Symlink, "/tmp");
    refused_tar(replaced, "payload.duplicate", "package/door");
    let by_way_of_another = Tar::connector().link("package/deep/up", Symlink, "..").link(
        "package/out",
        Symlink,
        "deep/up/../x",
    );
    refused_tar(by_way_of_another, "payload.symlink-escapes", "out");
}

#[test]
fn kinds_that_no_connector_has() {
    for (kind, code) in [
        (EntryType::Char, "payload.device"),
        (EntryType::Block, "payload.device"),
        (EntryType::Fifo, "payload.fifo"),
        (EntryType::GNUSparse, "payload.sparse"),
        (EntryType::new(b'V'), "payload.unknown-kind"),
    ] {
        let tar = Tar::connector().member(b"package/odd", kind, 0o644, b"", b"");
        refused_tar(tar, code, "package/odd");
    }
    for mode in [0o4755, 0o2755, 0o6777] {
        let tar = Tar::connector().member(b"package/su", EntryType::Regular, mode, b"", b"x");
        refused_tar(tar, "payload.set-id", "package/su");
    }
    let record = pax_record("GNU.sparse.major=1");
    let sparse = Tar::connector()
        .member(b"pax", EntryType::XHeader, 0, b"", record.as_bytes())
        .file("package/holes", "x");
    refused_tar(sparse, "payload.sparse", "package/holes");
}

#[test]
fn names_that_collide() {
    let twice = Tar::connector().file("package/index.ts", "other");
    refused_tar(twice, "payload.duplicate", "package/index.ts");
    let dotted = Tar::connector().file("./package//index.ts", "other");
    refused_tar(dotted, "payload.duplicate", "./package//index.ts");
    let case = Tar::connector().file("package/Index.ts", "other");
    refused_tar(case, "payload.case-collision", "package/Index.ts");
    let directory = Tar::connector().file("Package/more.ts", "other");
    refused_tar(directory, "payload.case-collision", "Package/more.ts");
    let through = Tar::connector().file("package/index.ts/more", "other");
    refused_tar(through, "payload.through-file", "package/index.ts/more");
}

/// Ten million zeros as one gzip member, a thousand times over: 10 GB that take 10 MB.
fn ten_gigabytes_of_zeros() -> Vec<u8> {
    gzip(&vec![0; 10_000_000]).repeat(1000)
}

#[test]
fn ten_gigabytes_of_zeros_are_refused_by_what_they_claim() {
    let claim = header(b"package/zeros", EntryType::Regular, 0o644, b"", 10_000_000_000);
    let mut archive = gzip(&[Tar::connector().open_ended(), claim.to_vec()].concat());
    archive.extend(ten_gigabytes_of_zeros());
    refused("c.tgz", &archive, &trusting(), "payload.file-too-large", "package/zeros");
}

#[test]
fn many_files_below_the_limit_for_one_are_limited_together() {
    let checks = Checks { limits: Limits { total: 25_000_000, ..Limits::default() }, ..trusting() };
    let mut archive = gzip(&Tar::connector().open_ended());
    for number in 0..10 {
        let name = format!("package/zeros-{number}");
        // 512 × 19,531 bytes: no padding
        let file = [
            header(name.as_bytes(), EntryType::Regular, 0o644, b"", 9_999_872).to_vec(),
            vec![0; 9_999_872],
        ];
        archive.extend(gzip(&file.concat()));
    }
    refused("c.tgz", &archive, &checks, "payload.too-large", "package/zeros-2");
}

#[test]
fn zeros_behind_the_end_are_not_read_for_ever() {
    let mut archive = gzip(&Tar::connector().end());
    archive.extend(ten_gigabytes_of_zeros());
    refused("c.tgz", &archive, &trusting(), "payload.corrupt", "c.tgz");
}

#[test]
fn a_long_name_of_gigabytes_is_not_held_in_memory() {
    let claim = header(b"././@LongLink", EntryType::GNULongName, 0, b"", 5_000_000_000);
    let mut archive = gzip(&claim);
    archive.extend(ten_gigabytes_of_zeros());
    refused("c.tgz", &archive, &trusting(), "payload.corrupt", "c.tgz");
}

#[test]
fn a_million_entries() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&Tar::connector().open_ended()).unwrap();
    for number in 0..1_000_000 {
        let name = format!("package/{number}");
        let empty = header(name.as_bytes(), EntryType::Regular, 0o644, b"", 0);
        encoder.write_all(&empty).unwrap();
    }
    let archive = encoder.finish().unwrap();
    // the directory `package` and the connector's three files are entries as well
    refused("c.tgz", &archive, &trusting(), "payload.too-many-entries", "package/199996");
}

#[test]
fn truncated_and_damaged_archives() {
    let tar = Tar::connector().end();
    let whole = gzip(&tar);
    for cut in [1, 10, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        refused("c.tgz", &whole[..cut], &trusting(), "payload.truncated", "c.tgz");
    }
    refused("c.tgz", b"", &trusting(), "payload.truncated", "c.tgz");
    // within a header, within a file, and between two members
    let open_ended = Tar::connector().open_ended();
    for cut in [100, 530, 1024, open_ended.len()] {
        refused("c.tar", &tar[..cut], &trusting(), "payload.truncated", "c.tar");
    }
    let frame = ruzstd::encoding::compress_to_vec(
        tar.as_slice(),
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    for cut in [2, 9, frame.len() / 2] {
        refused("c.tar.zst", &frame[..cut], &trusting(), "payload.truncated", "c.tar.zst");
    }
    let mut other = frame;
    *other.last_mut().unwrap() ^= 1;
    refused("c.tar.zst", &other, &trusting(), "payload.corrupt", "c.tar.zst");
    let mut flipped = whole.clone();
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 1;
    refused("c.tgz", &flipped, &trusting(), "payload.corrupt", "c.tgz");
    refused("c.zip", &whole, &trusting(), "payload.corrupt", "c.zip");
    refused("c.tar.zst", &whole, &trusting(), "payload.corrupt", "c.tar.zst");
    let size = Tar::connector()
        .member(b"pax", EntryType::XHeader, 0, b"", pax_record("size=4").as_bytes())
        .file("package/two-sizes", "xxxxxxxx");
    refused("c.tar", &size.end(), &trusting(), "payload.corrupt", "c.tar");
}

#[test]
fn wrong_and_absent_digests() {
    let archive = gzip(&Tar::connector().end());
    let wrong = Checks { sha256: Some(Sha256::of(b"other")), ..Checks::default() };
    refused("c.tgz", &archive, &wrong, "payload.wrong-digest", "c.tgz");
    refused("c.tgz", &archive, &Checks::default(), "payload.unverified", "c.tgz");
    let sums = format!("{}  index.ts\n", Sha256::of(b"other"));
    let inner = Tar::connector().file("package/SHA256SUMS", &sums);
    refused_tar(inner, "payload.wrong-digest", "index.ts");
}

#[test]
fn what_the_payload_says_about_itself() {
    let with = |plugin: &str| {
        Tar::default()
            .file("package/package.json", PACKAGE)
            .file("package/index.ts", "")
            .file("package/openclaw.plugin.json", plugin)
    };
    let missing = Tar::default().file("package/package.json", PACKAGE).file("package/index.ts", "");
    refused_tar(missing, "payload.manifest-missing", "openclaw.plugin.json");
    let bom = format!("\u{feff}{PLUGIN}");
    refused_tar(with(&bom), "payload.manifest-bom", "openclaw.plugin.json");
    let json5 = format!("// comment\n{PLUGIN}");
    refused_tar(with(&json5), "payload.manifest-syntax", "line 1 column 1");
    let id = PLUGIN.replacen("dingtalk-connector", "dingtalk", 1);
    refused_tar(with(&id), "payload.wrong-id", "“dingtalk”");
    refused_tar(with(r#"{"id":"dingtalk-connector"}"#), "payload.no-channel", "channels");
    let unbuilt = Tar::default()
        .file("package/package.json", &PACKAGE.replace("index.ts", "dist/index.mjs"))
        .file("package/openclaw.plugin.json", PLUGIN);
    refused_tar(unbuilt, "payload.entry-missing", "./dist/index.mjs");
}

/// A zip of the connector with one more member, which has the given Unix mode.
fn zip_with(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let connector = [("package.json", PACKAGE), ("openclaw.plugin.json", PLUGIN), ("index.ts", "")];
    for (name, content) in connector {
        zip.start_file(name, plain).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.start_file(name, plain).unwrap();
    zip.write_all(content).unwrap();
    with_last_mode(zip.finish().unwrap().into_inner(), mode)
}

/// The library writes no special files, so the mode is put into the central directory by hand.
fn with_last_mode(mut zip: Vec<u8>, mode: u32) -> Vec<u8> {
    let last = zip.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    zip[last + 5] = 3;
    zip[last + 38..last + 42].copy_from_slice(&(mode << 16).to_le_bytes());
    zip
}

#[test]
fn zips_are_judged_by_the_same_rules() {
    let file = 0o100_644;
    for (name, mode, content, code) in [
        ("/tmp/absolute", file, "x", "payload.absolute-path"),
        ("../climbing", file, "x", "payload.parent-path"),
        ("new\nline", file, "x", "payload.control-character"),
        ("Index.ts", file, "x", "payload.case-collision"),
        ("index.ts/more", file, "x", "payload.through-file"),
        ("out", 0o120_777, "/etc/passwd", "payload.symlink-escapes"),
        ("out", 0o120_777, "../x", "payload.symlink-escapes"),
        ("pipe", 0o010_644, "", "payload.fifo"),
        ("device", 0o020_644, "", "payload.device"),
        ("su", 0o104_755, "x", "payload.set-id"),
    ] {
        let shown = name.replace('\n', "\\n");
        refused("c.zip", &zip_with(name, mode, content.as_bytes()), &trusting(), code, &shown);
    }
    let whole = zip_with("more", file, b"more");
    for cut in [10, whole.len() / 2, whole.len() - 1] {
        refused("c.zip", &whole[..cut], &trusting(), "payload.corrupt", "c.zip");
    }
}

#[test]
fn zips_cannot_repeat_a_name_hide_a_password_or_lie_about_a_size() {
    let file = 0o100_644;
    let mut twice = zip_with("index.tx", file, b"x");
    for place in positions(&twice, b"index.tx") {
        twice[place + 7] = b's';
    }
    refused("c.zip", &twice, &trusting(), "payload.duplicate", "index.ts");

    let mut encrypted = zip_with("secret", file, b"x");
    for place in positions(&encrypted, b"PK\x01\x02").into_iter().chain([]) {
        encrypted[place + 8] |= 1;
    }
    for place in positions(&encrypted, b"PK\x03\x04") {
        encrypted[place + 6] |= 1;
    }
    refused("c.zip", &encrypted, &trusting(), "payload.encrypted", "package.json");

    let zeros = vec![0; 3_000_000];
    let limits = Limits { file: 2_000_000, ..Limits::default() };
    let checks = Checks { limits, ..trusting() };
    let large = zip_with("zeros", file, &zeros);
    refused("c.zip", &large, &checks, "payload.file-too-large", "zeros");
    let mut lying = large;
    for (signature, offset) in [(b"PK\x01\x02", 24), (b"PK\x03\x04", 22)] {
        let last = *positions(&lying, signature).last().unwrap();
        lying[last + offset..last + offset + 4].copy_from_slice(&100_u32.to_le_bytes());
    }
    refused("c.zip", &lying, &checks, "payload.corrupt", "c.zip");
}

fn positions(bytes: &[u8], pattern: &[u8]) -> Vec<usize> {
    (0..bytes.len() - pattern.len()).filter(|at| bytes[*at..].starts_with(pattern)).collect()
}

#[test]
fn directories_are_judged_by_the_same_rules() {
    type Spoil = fn(&Path);
    let cases: [(Spoil, &str, &str); 5] = [
        (|dir| symlink("/etc/passwd", dir.join("out")).unwrap(), "payload.symlink-escapes", "out"),
        (|dir| symlink("../x", dir.join("out")).unwrap(), "payload.symlink-escapes", "out"),
        (
            |dir| mknodat(CWD, dir.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap(),
            "payload.fifo",
            "pipe",
        ),
        (
            |dir| {
                fs::set_permissions(dir.join("index.ts"), fs::Permissions::from_mode(0o4755))
                    .unwrap();
            },
            "payload.set-id",
            "index.ts",
        ),
        (|dir| fs::write(dir.join("INDEX.ts"), "").unwrap(), "payload.case-collision", "index.ts"),
    ];
    for (spoil, code, entry) in cases {
        let sandbox = tempfile::tempdir().unwrap();
        let payload = sandbox.path().join("payload");
        fs::create_dir(&payload).unwrap();
        fs::write(payload.join("package.json"), PACKAGE).unwrap();
        fs::write(payload.join("openclaw.plugin.json"), PLUGIN).unwrap();
        fs::write(payload.join("index.ts"), "").unwrap();
        assert!(open(&payload, &trusting()).is_ok());
        spoil(&payload);
        refused_at(sandbox.path(), &payload, &trusting(), code, entry);
    }
}
