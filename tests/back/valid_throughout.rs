//! At no moment is a config on disk that OpenClaw, with the connector beside it, would refuse.

use super::room::steps;
use crate::bench::program::assert_exit;
use crate::bench::{Machine, said};

/// A watcher that judges the config again and again with OpenClaw's own rules, and counts only what it saw while config and
/// tree stood still; it ends when the file `stop` comes.
const WATCHER: &str = r"
import os, sys
sys.path.insert(0, os.path.expanduser('~/.local/lib/node_modules/openclaw/dist'))
import config
tree = os.path.expanduser('~/.openclaw/extensions/dingtalk-connector')
def state():
    with open(config.path(), 'rb') as file: text = file.read()
    try: return text, os.stat(tree).st_ino
    except FileNotFoundError: return text, None
looks = 0
print('watching', flush=True)
while not os.path.exists('stop'):
    before = state()
    try: problems = config.load()[1]
    except FileNotFoundError as error: problems = repr(error)
    if problems and state() == before:
        print(problems, flush=True)
    looks += 1
print('looked', looks)
";

/// Does what `story` does while the watcher looks, which must see nothing wrong.
fn watched(machine: &Machine, story: impl FnOnce()) {
    let watcher = machine.command(&["/usr/bin/python3", "-c", WATCHER]).start();
    story();
    machine.write("stop", "");
    let output = watcher.wait();
    assert!(output.status.success(), "{}", said(&output));
    let seen = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines.len(), 2, "{seen}");
    let looks: u32 = lines[1].strip_prefix("looked ").unwrap().parse().unwrap();
    assert!(looks > 100, "{looks} looks are too few");
}

#[test]
fn on_the_way_there_and_back() {
    let machine = Machine::only_a_home();
    let newer = machine.connector("0.7.0");
    watched(&machine, || {
        assert_exit(&machine.install(&[]).run(), 0);
        for arguments in [
            &["upgrade", &newer][..],
            &["rollback"],
            &["uninstall"],
            &["rollback"],
            &["rollback"],
            &["uninstall"],
        ] {
            machine.setup(arguments).run();
        }
    });
}

/// From 2026.3.28 on OpenClaw enforces the schema that a connector brings: what one connector wants, another may forbid.
#[test]
fn between_connectors_that_forbid_each_others_keys() {
    let machine = Machine::only_a_home();
    let package = ".local/lib/node_modules/openclaw/package.json";
    machine.edit(package, "2026.3.13", "2026.3.28");
    let (open, strict) = ("payload/dingtalk-connector", machine.strict_connector("0.8.0"));
    watched(&machine, || {
        // the sample has a number of its own, and no quarrel with this OpenClaw
        let forced = ["--force-incompatible"];
        assert_exit(&machine.install(&forced).run(), 0);
        let (config_first, tree_first) = (["config", "tree"], ["tree", "config"]);
        for (arguments, order) in [
            (&["upgrade", &strict][..], config_first),
            // its way back brings keys that the strict one forbids
            (&["rollback"], tree_first),
            (&["upgrade", &strict], config_first),
            (&["upgrade", open, "--allow-downgrade"], tree_first),
            (&["rollback"], config_first),
        ] {
            let more = if arguments[0] == "upgrade" { &forced[..] } else { &[] };
            let arguments = [arguments, more].concat();
            let planned = machine.setup(&[&arguments[..], &["--dry-run", "--json"]].concat()).run();
            assert_eq!(steps(&planned)[..2], order, "{arguments:?}");
            assert_exit(&machine.setup(&arguments).run(), 0);
            machine.assert_config_valid();
        }
        assert_exit(&machine.setup(&["uninstall"]).run(), 0);
    });
}
