//! What the real OpenClaw does with the sample connector when everything is set up by hand: the ground the other tests stand on.

use serde_json::{Value, json};

use crate::bench::{HOME, furnished_with_openclaw};

const CONFIG: &str = ".openclaw/openclaw.json";
const DROP_IN: &str = ".config/systemd/user/openclaw-gateway.service.d/override.conf";

#[test]
fn the_proxy_eats_the_second_message_until_the_bypass_is_there() {
    let machine = furnished_with_openclaw();
    assert_eq!(machine.chat_status(), 404);

    machine.shell("systemctl --user stop openclaw-gateway; mkdir -p ~/.openclaw/extensions");
    machine.shell("cp -R ~/payload/dingtalk-connector ~/.openclaw/extensions/");
    let mut config: Value = serde_json::from_slice(&machine.read(CONFIG)).unwrap();
    set_up_by_hand(&mut config);
    machine.write(CONFIG, config.to_string());
    let validation = machine.ask(&[".local/bin/openclaw", "config", "validate", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&validation).unwrap()["valid"], true, "{validation}");

    machine.shell("systemctl --user start openclaw-gateway");
    machine.wait_ready();
    assert_eq!(machine.chat_status(), 400);
    // OpenClaw turns to the proxy at the first run of an agent.
    assert_eq!(machine.message("one")["reply"], "Hello from the model.");
    assert_eq!(machine.message("two")["error"], "fetch failed");
    assert!(machine.read_text("proxy.log").contains("CONNECT 127.0.0.1:18789 403"));

    machine.write(DROP_IN, "[Service]\nEnvironment=no_proxy=127.0.0.1,localhost,::1,[::1]\n");
    machine.shell("systemctl --user daemon-reload; systemctl --user restart openclaw-gateway");
    machine.wait_ready();
    assert_eq!(machine.message("three")["reply"], "Hello from the model.");
    assert_eq!(machine.message("four")["reply"], "Hello from the model.");
}

fn set_up_by_hand(config: &mut Value) {
    let tree = format!("{HOME}/.openclaw/extensions/dingtalk-connector");
    config["models"]["providers"]["openai"]["api"] = json!("openai-completions");
    config["gateway"]["auth"] = json!({"mode": "none"});
    config["gateway"]["http"] = json!({"endpoints": {"chatCompletions": {"enabled": true}}});
    config["channels"] =
        json!({"dingtalk-connector": {"clientId": "id", "clientSecret": "secret"}});
    config["plugins"] = json!({
        "entries": {"dingtalk-connector": {"enabled": true}},
        "installs": {"dingtalk-connector": {"source": "path", "sourcePath": tree, "installPath": tree, "version": "0.6.0"}},
    });
}
