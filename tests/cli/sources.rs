//! Where the connector may come from, and what has to vouch for it.

use super::terminal::{GONE, exit_code, of_columns};
use crate::bench::program::{CONNECTOR, SECRET, assert_exit, assert_says, json as document};
use crate::bench::{HOME, Machine, Order};

fn install<'a>(machine: &'a Machine, arguments: &[&str]) -> Order<'a> {
    machine
        .setup(&[&["install"], arguments].concat())
        .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
        .env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET)
}

fn assert_installed(machine: &Machine) {
    for file in ["package.json", "openclaw.plugin.json", "plugin.ts"] {
        let installed = machine.read(format!("{CONNECTOR}/{file}"));
        assert!(installed == machine.read(format!("payload/dingtalk-connector/{file}")), "{file}");
    }
    assert_exit(&machine.setup(&["verify"]).run(), 0);
}

#[test]
fn a_directory_with_its_list() {
    let machine = Machine::only_a_home();
    assert_exit(&install(&machine, &["payload/dingtalk-connector"]).run(), 0);
    assert_installed(&machine);
}

#[test]
fn an_archive_with_a_list_beside_it() {
    let machine = Machine::only_a_home();
    assert_exit(&install(&machine, &["payload/dingtalk-connector-0.6.0.tgz"]).run(), 0);
    assert_installed(&machine);
}

#[test]
fn an_archive_with_its_digest_on_the_command_line() {
    let machine = Machine::only_a_home();
    machine.shell("mv payload/dingtalk-connector-0.6.0.tgz alone.tar.gz");
    let digest = machine.shell("sha256sum alone.tar.gz | cut -d' ' -f1");
    assert_exit(&install(&machine, &["alone.tar.gz", "--sha256", &digest]).run(), 0);
    assert_installed(&machine);
}

#[test]
fn a_plain_tar_with_a_sidecar() {
    let machine = Machine::only_a_home();
    machine.shell(
        "gunzip <payload/dingtalk-connector-0.6.0.tgz >c.tar; sha256sum c.tar >c.tar.sha256",
    );
    assert_exit(&install(&machine, &["c.tar"]).run(), 0);
    assert_installed(&machine);
}

#[test]
fn a_zstd_archive_with_a_list_from_elsewhere() {
    let machine = Machine::only_a_home();
    machine.shell("gunzip <payload/dingtalk-connector-0.6.0.tgz >c.tar");
    machine.write("c.tar.zst", in_a_zstd_frame(&machine.read("c.tar")));
    machine.shell("mkdir lists; sha256sum c.tar.zst >lists/mine");
    assert_exit(&install(&machine, &["c.tar.zst", "--checksums", "lists/mine"]).run(), 0);
    assert_installed(&machine);
}

/// One frame of uncompressed blocks: making one needs no program (RFC 8878, 3.1.1).
fn in_a_zstd_frame(bytes: &[u8]) -> Vec<u8> {
    const RAW: u32 = 0;
    let blocks: Vec<&[u8]> = bytes.chunks(100_000).collect();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for (number, block) in blocks.iter().enumerate() {
        let last = u32::from(number + 1 == blocks.len());
        let header = last | RAW << 1 | u32::try_from(block.len()).unwrap() << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.extend(*block);
    }
    frame
}

#[test]
fn a_zip_with_a_sidecar() {
    let machine = Machine::only_a_home();
    machine.shell(
        "cd payload; python3 -m zipfile -c ../c.zip dingtalk-connector; cd; sha256sum c.zip >c.zip.sha256",
    );
    assert_exit(&install(&machine, &["c.zip"]).run(), 0);
    assert_installed(&machine);
}

#[test]
fn the_newest_version_of_the_payload_folder_is_taken_when_nothing_is_named() {
    let machine = Machine::only_a_home();
    machine.shell(
        r"
        for version in 0.5.9 0.6.0; do
          mkdir -p payloads/dingtalk-connector
          cp -R payload/dingtalk-connector payloads/dingtalk-connector/$version
        done
        cd payloads/dingtalk-connector/0.5.9
        sed -i 's/0\.6\.0/0.5.9/' package.json
        sha256sum package.json openclaw.plugin.json plugin.ts >SHA256SUMS",
    );
    let payloads = format!("{HOME}/payloads");
    assert_exit(&install(&machine, &[]).env("OPENCLAW_SETUP_PAYLOADS", &payloads).run(), 0);
    assert_installed(&machine);
}

#[test]
fn nothing_vouches_for_it() {
    let machine = Machine::only_a_home();
    machine.shell("rm payload/SHA256SUMS payload/dingtalk-connector/SHA256SUMS");
    let before = machine.home();
    for source in ["payload/dingtalk-connector", "payload/dingtalk-connector-0.6.0.tgz"] {
        let refused = install(&machine, &[source]).run();
        assert_exit(&refused, 1);
        assert_says(&refused, &[&format!("{HOME}/{source}"), "--allow-unverified"]);
        before.assert_same(&machine.home());
    }
    let allowed = install(&machine, &["payload/dingtalk-connector", "--allow-unverified"]).run();
    assert_exit(&allowed, 0);
    assert_says(&allowed, &["the payload was not verified"]);
    assert_installed(&machine);
}

#[test]
fn a_payload_that_is_not_what_its_list_says() {
    let machine = Machine::only_a_home();
    machine.shell(
        "echo >>payload/dingtalk-connector/plugin.ts; echo >>payload/dingtalk-connector-0.6.0.tgz",
    );
    let before = machine.home();
    for (source, named) in [
        ("payload/dingtalk-connector", "plugin.ts"),
        ("payload/dingtalk-connector-0.6.0.tgz", "dingtalk-connector-0.6.0.tgz"),
    ] {
        for more in [&[][..], &["--allow-unverified"]] {
            let refused = install(&machine, &[&[source], more].concat()).run();
            assert_exit(&refused, 1);
            assert_says(&refused, &[named, "SHA256SUMS"]);
            before.assert_same(&machine.home());
        }
    }
}

#[test]
fn a_file_that_the_list_does_not_name() {
    let machine = Machine::only_a_home();
    machine.write("payload/dingtalk-connector/extra.js", "1");
    let before = machine.home();
    let refused = install(&machine, &["payload/dingtalk-connector"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["extra.js"]);
    before.assert_same(&machine.home());
}

#[test]
fn a_source_that_is_not_there_or_no_connector() {
    let machine = Machine::only_a_home();
    machine.shell("mkdir empty; echo text >connector.txt");
    let before = machine.home();
    for source in ["nowhere.tgz", "empty", "connector.txt"] {
        let refused = install(&machine, &[source]).run();
        assert_exit(&refused, 1);
        assert_says(&refused, &[&format!("{HOME}/{source}")]);
        before.assert_same(&machine.home());
    }
}

/// A connector that brings none of its dependencies.
const BARE: &str = r#"cp -R payload/dingtalk-connector bare; cd bare; sed -i '0,/{/s//{"dependencies": {"slow": "1.0.0"},/' package.json; sha256sum *.json plugin.ts >SHA256SUMS"#;

/// The machine has no network. npm alone would take minutes to say so of a registry that is silent.
#[test]
fn a_registry_that_nobody_reaches_is_named_before_anything_is_asked() {
    let machine = Machine::only_a_home();
    let [_, cache] = machine.hold_the_registry();
    machine.shell(BARE);
    let before = machine.home();
    for (source, registry, why) in [
        ("npm:@dingtalk-real-ai/dingtalk-connector", "https://registry.npmjs.org/", "EAI_AGAIN"),
        ("npm:@dingtalk-real-ai/dingtalk-connector", "http://127.0.0.1:4873/silent/", "ETIMEDOUT"),
        ("bare", "http://127.0.0.1:1/", "ECONNREFUSED"),
    ] {
        let variables = [cache, ("npm_config_registry", registry)];
        let mut terminal = of_columns(&machine, 200, &["install", source], &variables);
        let shown = terminal.exp_string(GONE).unwrap();
        let sentence = format!("npm's registry {registry} cannot be reached: {why}");
        for told in
            [&sentence, "openclaw-connector-dingtalk", "npm config get registry", "https_proxy"]
        {
            assert!(shown.contains(told), "{told}: {shown}");
        }
        assert!(!shown.contains("AppKey"), "{shown}");
        assert_eq!(exit_code(&machine), "1\n");
        before.assert_same(&machine.home());
    }
}

/// What is lacking is said in npm's own words, of the package before credentials are missed.
#[test]
fn offline_the_dependencies_come_from_npms_cache_where_that_suffices() {
    let machine = Machine::only_a_home();
    machine.shell(BARE);
    machine.shell(
        r#"mkdir package; echo '{"name": "slow", "version": "1.0.0"}' >package/package.json; tar -czf slow.tgz package; mkdir elsewhere"#,
    );
    let variables = machine.registry(&["slow.tgz"]);
    let in_its_world = |order: Order<'_>| {
        variables.iter().fold(order, |order, (name, value)| order.env(name, value)).run()
    };
    let npm = |more: &str| {
        let line = format!("cd elsewhere; npm install --loglevel=error slow@1.0.0 {more}");
        assert_exit(&in_its_world(machine.command(&["bash", "-euc", &line])), 0);
    };
    let before = machine.home();
    let mut terminal = of_columns(&machine, 200, &["install", "bare", "--offline"], &variables);
    let shown = terminal.exp_string(GONE).unwrap();
    assert!(shown.contains("ENOTCACHED") && shown.contains("/slow failed"), "{shown}");
    assert!(shown.contains("payload.npm-offline") && !shown.contains("AppKey"), "{shown}");
    assert_eq!(exit_code(&machine), "1\n");
    before.assert_same(&machine.home());

    npm("--dry-run");
    let before = machine.home();
    let refused = in_its_world(install(&machine, &["bare", "--offline"]));
    assert_exit(&refused, 1);
    assert_says(&refused, &["ENOTCACHED", "slow-1.0.0.tgz", "payload.npm-offline"]);
    before.assert_same(&machine.home());
    npm("");
    let asked = machine.read_text("asked");
    assert_exit(&in_its_world(install(&machine, &["bare", "--offline"])), 0);
    assert_eq!(machine.read_text("asked"), asked);
    assert!(machine.has(format!("{CONNECTOR}/node_modules/slow/package.json")));
    assert_exit(&machine.setup(&["verify"]).run(), 0);
}

/// The kernel refuses the program more than 24 MiB for its data; the payload is six times that.
#[test]
fn i11_memory_does_not_grow_with_the_payload() {
    let machine = Machine::only_a_home();
    machine.shell(
        "cp -R payload/dingtalk-connector big; cd big; head -c 150M /dev/zero >blob; \
         sha256sum package.json openclaw.plugin.json plugin.ts blob >SHA256SUMS; \
         tar -C .. -czf ../big.tgz big; cd ..; sha256sum big.tgz >big.tgz.sha256; rm -r big",
    );
    let install = ["prlimit", "--data=25165824", "openclaw-setup", "install", "big.tgz", "--yes"];
    let order = machine
        .command(&install)
        .env("OPENCLAW_SETUP_CLIENT_ID", "ding-test-id")
        .env("OPENCLAW_SETUP_CLIENT_SECRET", SECRET);
    assert_exit(&order.run(), 0);
    assert_exit(
        &machine.command(&["prlimit", "--data=25165824", "openclaw-setup", "verify"]).run(),
        0,
    );
}

/// Whoever changes a setting does not want another connector with it; one that was changed by hand
/// is not taken for what was installed.
#[test]
fn without_a_source_the_installed_connector_stays() {
    let machine = Machine::only_a_home();
    assert_exit(&install(&machine, &["payload/dingtalk-connector"]).run(), 0);
    let tree = || machine.shell(&format!("stat -c '%n %i %Y' {CONNECTOR} {CONNECTOR}/*"));
    let kept = tree();
    let again = machine.setup(&["install", "--offline"]).run();
    assert_exit(&again, 0);
    assert_says(&again, &["Nothing to do"]);
    let changed = ["install", "--offline", "--base-url", "https://other.example/v1"];
    assert_exit(&machine.setup(&changed).run(), 0);
    assert!(machine.read_text(".openclaw/openclaw.json").contains("https://other.example/v1"));
    assert_eq!(tree(), kept);
    assert_exit(&machine.setup(&["verify"]).run(), 0);

    machine.shell(&format!("echo >>{CONNECTOR}/plugin.ts"));
    let (patched, verified) = (tree(), machine.setup(&["verify", "--json"]).run());
    let again = ["install", "--offline", "--base-url", "https://third.example/v1"];
    assert_exit(&machine.setup(&again).run(), 0);
    assert!(machine.read_text(".openclaw/openclaw.json").contains("https://third.example/v1"));
    assert_eq!(tree(), patched);
    let verify = machine.setup(&["verify", "--json"]).run();
    assert_exit(&verify, 3);
    assert_eq!(document(&verify)["findings"], document(&verified)["findings"]);
    let refused = machine.setup(&["install", "--offline"]).run();
    assert_exit(&refused, 1);
    assert_says(&refused, &["--offline"]);
    let upgrade = machine.setup(&["upgrade", "--offline"]).run();
    assert_exit(&upgrade, 1);
}
