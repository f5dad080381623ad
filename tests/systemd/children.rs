//! What a program of the user's choice gets when we start it: no terminal, no descriptor, no variable and no right of root's. And whoever
//! listens in the gateway's place: no token.

use rexpect::session::spawn_command;
use serde_json::Value;

use crate::bench::program::{UNIT, assert_exit, assert_says, json};
use crate::bench::{HOME, Machine, PORT};

/// A Node.js, and an npm beside it, that is after the terminal of whoever starts it, and writes down what else it was given.
const GREEDY: &str = r#"#!/usr/bin/python3
import fcntl, json, os, sys, termios
folder = "/proc/self/fd"
fds = os.listdir(folder)
seen = {
    "line": [os.path.basename(sys.argv[0])] + sys.argv[1:],
    "stat": open("/proc/self/stat").read().rsplit(")", 1)[1].split(),
    "pid": os.getpid(),
    "variables": dict(v.split("=", 1) for v in open("/proc/self/environ").read().split("\0") if v),
    "descriptors": sorted(int(fd) for fd in fds if os.path.lexists(f"{folder}/{fd}")),
    "rights": [line.split() for line in open("/proc/self/status") if line.startswith(("Uid", "Gid", "CapInh", "CapPrm", "CapEff", "CapAmb"))],
    "strange_groups": [group for group in os.getgroups() if group != 1000],
    "terminals": [fd for fd in range(3) if os.isatty(fd)],
}
try:
    terminal = os.open("/dev/tty", os.O_RDWR)
    seen["terminal"] = "opened"
    for byte in b"pushed\n":
        fcntl.ioctl(terminal, termios.TIOCSTI, bytes([byte]))
except OSError as error:
    seen["terminal"] = error.strerror
if sys.argv[1:2] == ["--version"]:
    print("v22.16.0")
elif "gateway" in sys.argv:
    os.execv("/usr/bin/python3", ["python3"] + sys.argv[1:])
with open(f"/tmp/seen/{os.getpid()}", "w") as file:
    json.dump(seen, file)
"#;

/// Variables that root has, and the user's programs may not see.
const OF_ROOT: [(&str, &str); 7] = [
    ("npm_config_registry", "http://of-root.invalid/"),
    ("npm_config__authToken", "of-root"),
    ("OPENCLAW_STATE_DIR", "/root/of-root"),
    ("OPENCLAW_SYSTEMD_UNIT", "of-root.service"),
    ("NODE_OPTIONS", "--require=/root/of-root.js"),
    ("TMPDIR", "/root/of-root"),
    ("https_proxy", "http://joe:of-root@127.0.0.1:1/"),
];

fn with_a_greedy_node() -> Machine {
    let machine = Machine::brisk();
    machine.write("bin/node", GREEDY);
    machine.write("bin/npm", GREEDY);
    let index = format!("{HOME}/.local/lib/node_modules/openclaw/dist/index.js");
    machine.write(
        format!(".config/systemd/user/{UNIT}.d/20-node.conf"),
        format!("[Service]\nExecStart=\nExecStart={HOME}/bin/node {index} gateway --port {PORT}\n"),
    );
    machine.shell(&format!(
        "mkdir /tmp/seen; chmod 755 bin/*; systemctl --user daemon-reload; systemctl --user restart {UNIT}"
    ));
    machine.wait_ready();
    machine
}

/// Runs the program's commands on a terminal, with a descriptor more than it should have; returns what they said.
fn on_a_terminal(machine: &Machine, user: &str, by_root: bool) -> String {
    let script = format!(
        "exec 7</etc/passwd; tty; cd {HOME}
         openclaw-setup {user} doctor --live; openclaw-setup {user} install npm:no-such --client-id ding1
         read -t 1 line </dev/tty; echo \"line=<$line>\"; echo 'All is ''over.'"
    );
    let order = machine.command(&["bash", "-c", &script]);
    let mut order = order.env("OPENCLAW_SETUP_CLIENT_SECRET", "of-root");
    if by_root {
        order = OF_ROOT
            .into_iter()
            .fold(order.by_root(), |order, (name, value)| order.env(name, value));
    }
    let mut terminal = spawn_command(order.on_this_side(), Some(60_000)).unwrap();
    terminal.exp_string("All is over.").unwrap()
}

/// What each child has written down, by what it was asked: `--version`, `-`, or npm's command.
fn seen(machine: &Machine) -> Vec<Value> {
    let texts = machine.shell("cd /tmp/seen; for file in *; do cat $file; echo; done; rm -f *");
    texts.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// As the kernel tells of a process that is the user's and nothing else, and has no capability.
fn rights() -> Value {
    let none = "0000000000000000";
    serde_json::json!([
        ["Uid:", "1000", "1000", "1000", "1000"],
        ["Gid:", "1000", "1000", "1000", "1000"],
        ["CapInh:", none],
        ["CapPrm:", none],
        ["CapEff:", none],
        ["CapAmb:", none],
    ])
}

#[test]
fn a_node_of_the_users_has_no_terminal_and_nothing_of_roots() {
    let machine = with_a_greedy_node();
    for (user, by_root) in [("--user tester", true), ("", false)] {
        let screen = on_a_terminal(&machine, user, by_root);
        assert!(screen.contains("/dev/pts/") && screen.contains("line=<>"), "{screen}");
        let children = seen(&machine);
        for asked in [&["node", "--version"][..], &["node", "-"], &["npm", "pack"]] {
            let line = |child: &&Value| {
                let words =
                    child["line"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
                words.take(2).eq(asked.iter().copied())
            };
            let child = children.iter().find(line).unwrap_or_else(|| panic!("{asked:?}: {screen}"));
            assert_eq!(child["terminal"], "No such device or address", "{child}");
            assert_eq!(child["terminals"], serde_json::json!([]), "{child}");
            assert_eq!(child["descriptors"], serde_json::json!([0, 1, 2]), "{child}");
            // state, parent, group, session, terminal
            let pid = child["pid"].to_string();
            assert_eq!(child["stat"].as_array().unwrap()[2..5], [&pid, &pid, "0"], "{child}");
            assert!(!child.to_string().contains("of-root"), "{child}");
            assert_eq!(child["rights"], rights(), "{child}");
            assert_eq!(child["strange_groups"], serde_json::json!([]), "{child}");
            let variables = child["variables"].as_object().unwrap();
            let expected: &[&str] = match asked[0] {
                "npm" => {
                    &["HOME", "LC_ALL", "PATH", "npm_config_logs_dir", "npm_config_update_notifier"]
                }
                _ => &["PATH", "LC_CTYPE"],
            };
            let names: Vec<&String> = variables.keys().collect();
            assert!(names.iter().all(|name| expected.contains(&name.as_str())), "{names:?}");
        }
    }
}

/// Another user's listener, which says that it is ready and writes down all that it is told.
const THIEF: &str = r#"
import http.server
class Thief(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/tmp/told", "a") as file:
            file.write(f"{self.requestline}\n{self.headers}\n")
        body = b'{"ready": true, "failing": []}'
        self.send_response(200 if self.command == "GET" else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
http.server.ThreadingHTTPServer(("127.0.0.1", 18789), Thief).serve_forever()
"#;

#[test]
fn a_listener_in_the_gateways_place_is_told_no_token() {
    let machine = Machine::brisk();
    assert_exit(&machine.install(&["--gateway-auth", "token"]).run(), 0);
    // the gateway runs, and does not listen
    machine.let_the_gateway(r#"{"listen_after": 600}"#);
    machine.shell(&format!("systemctl --user stop {UNIT}"));
    machine.write("/tmp/thief.py", THIEF);
    let script = format!(
        "setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 /tmp/thief.py >/dev/null 2>&1 &
         until (: </dev/tcp/127.0.0.1/{PORT}) 2>/dev/null; do sleep 0.02; done"
    );
    machine.command(&["bash", "-euc", &script]).by_root().ask();
    machine.shell(&format!("systemctl --user start {UNIT}"));

    let status = json(&machine.setup(&["status", "--json"]).run());
    assert_eq!(status["gateway"]["chatCompletions"], "foreign", "{status}");
    assert_says(&machine.setup(&["status"]).run(), &["nobody"]);
    assert_says(&machine.setup(&["doctor"]).run(), &["18789", "nobody"]);
    let failed = machine.install(&["--session-timeout", "600000", "--timeout", "15"]).run();
    assert_exit(&failed, 1);
    assert_says(&failed, &["nobody", "ss -ltnp"]);
    assert!(!machine.has("/tmp/told"), "{}", machine.read_text("/tmp/told"));
}
