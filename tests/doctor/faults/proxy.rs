//! Proxies and drop-ins.

use super::{Cure, Fault, go_through, shell};
use crate::patient::{
    document, fix, found, healthy, healthy_behind_a_proxy, new_since, set, speak, start, stop,
};

const DROP_IN: &str = ".config/systemd/user/openclaw-gateway.service.d/override.conf";

#[test]
fn the_proxy_again() {
    go_through(
        &healthy_behind_a_proxy(),
        &[
            Fault {
                name: "the page's own one-line override",
                make: |m| {
                    m.write(DROP_IN, "[Service]Environment=\"no_proxy=127.0.0.1,localhost,::1\"Environment=\"NO_PROXY=127.0.0.1,localhost,::1\"");
                },
                named: &[("proxy.dropin", "error"), ("proxy.loopback", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "an empty no_proxy wins",
                make: |m| {
                    m.write(DROP_IN, "[Service]\nEnvironment=no_proxy=\nEnvironment=NO_PROXY=127.0.0.1,localhost,::1,[::1]\n");
                },
                named: &[("proxy.case-clash", "warning"), ("proxy.loopback", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a later drop-in takes it back",
                make: |m| {
                    m.write(
                        ".config/systemd/user/openclaw-gateway.service.d/zz.conf",
                        "[Service]\nEnvironment=no_proxy=corp.example\n",
                    );
                },
                named: &[("proxy.loopback", "error"), ("proxy.case-clash", "warning")],
                cure: Cure::Fix,
            },
            Fault {
                name: "the proxy comes from .env",
                make: |m| {
                    shell(
                        m,
                        "sed -i /proxy=/d ~/.config/systemd/user/openclaw-gateway.service; rm ~/.config/systemd/user/openclaw-gateway.service.d/override.conf",
                    );
                    m.write(".openclaw/.env", "http_proxy=http://127.0.0.1:9\n");
                    shell(m, "chmod 600 ~/.openclaw/.env");
                },
                named: &[("proxy.loopback", "error")],
                cure: Cure::Fix,
            },
            Fault {
                name: "a SOCKS proxy",
                make: |m| {
                    m.write(
                        ".config/systemd/user/openclaw-gateway.service.d/socks.conf",
                        "[Service]\nEnvironment=https_proxy=socks5://127.0.0.1:1080\n",
                    );
                },
                named: &[("proxy.socks", "warning")],
                cure: Cure::Advice,
            },
        ],
    );
}

/// axios before 1.15 asks the proxy for https addresses without a tunnel: the channel ends with what
/// the proxy says to that, and OpenClaw starts it again for ever.
#[test]
fn a_proxy_that_refuses_the_connector_is_named() {
    let machine = healthy_behind_a_proxy();
    let well = found(&machine);
    machine.shell(
        "sed -i 's/\"version\": \"0.6.0\"/\"version\": \"0.8.3\"/' ~/.openclaw/extensions/dingtalk-connector/package.json; \
         sed -i 's/^Environment=https/Environment=DINGTALK_FORCE_PROXY=true\\n&/' ~/.config/systemd/user/openclaw-gateway.service",
    );
    speak(
        &machine,
        "gateway/channels/dingtalk-connector",
        "[default] channel exited: Request failed with status code 502\n    at settle (/x/axios.js:1)\n    at y",
    );
    stop(&machine);
    start(&machine);
    let named = new_since(&well, &found(&machine));
    assert!(named.contains(&("proxy.dingtalk".to_owned(), "error".to_owned())), "{named:?}");
    assert!(named.iter().all(|(id, _)| id != "plugin.load" && id != "dingtalk.stream"));
    let document = document(&machine, &["proxy.dingtalk"]);
    let told = document["findings"][0].to_string();
    assert!(told.contains("http://127.0.0.1:9") && told.contains("status code 502"), "{told}");
    assert!(!told.contains("at settle"), "{told}");
}

#[test]
fn a_drop_in_that_systemd_has_not_read() {
    let machine = healthy();
    let well = found(&machine);
    machine.write(
        ".config/systemd/user/openclaw-gateway.service.d/more.conf",
        "[Service]\nEnvironment=MORE=1\n",
    );
    assert_eq!(new_since(&well, &found(&machine)), set(&[("proxy.dropin", "error")]));
    fix(&machine, &[]);
    assert_eq!(found(&machine), well);
}
