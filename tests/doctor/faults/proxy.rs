//! Proxies and drop-ins.

use super::{Cure, Fault, go_through, shell};
use crate::patient::{fix, found, healthy, healthy_behind_a_proxy, new_since, set};

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
