//! The world outside a machine, for `doctor --live`: DingTalk's cloud behind TLS, a model provider, and names for both. Their
//! certificate is signed by an authority of the test's own, which the gateway's unit trusts as it would a company's.

use super::Machine;
use super::program::UNIT;

/// What the cloud has been asked, below the home; one line "METHOD PATH STATUS" each.
const CLOUD_LOG: &str = "cloud.log";
/// What the provider has been asked; one JSON document each.
const PROVIDER_LOG: &str = "provider.log";

/// Where DingTalk's names lead where it cannot be reached: nobody listens there.
pub(crate) const NOWHERE: &str = "127.0.0.9";

const NAMES: &str = "api.dingtalk.com oapi.dingtalk.com wss-open-connection.dingtalk.com";

/// `$1` is an address of the loopback network, `$2` the names that lead there.
const NAME: &str = r#"
hosts=/run/sandbox/hosts
[ -e $hosts ] || { cp /etc/hosts $hosts; cp /etc/hosts $hosts.plain; mount --bind $hosts /etc/hosts; }
{ cat $hosts.plain; echo "$1 $2"; echo "127.0.0.1 model.example"; } >$hosts"#;

/// `$1`: the cloud's program; `$2`: the home.
const CLOUD: &str = r#"
mkdir -m 755 /run/sandbox/cloud
cd /run/sandbox/cloud
names=subjectAltName=DNS:api.dingtalk.com,DNS:oapi.dingtalk.com,DNS:wss-open-connection.dingtalk.com
quietly() { "$@" 2>said || { cat said >&2; exit 1; }; }
quietly openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
quietly openssl req -newkey rsa:2048 -nodes -subj /CN=cloud -keyout key -out request
quietly openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile <(echo $names) -out certificate
/usr/bin/python3 "$1" 127.0.0.1 certificate key "$2/cloud.log" "$2/cloud.json" >log 2>&1 &
until (: </dev/tcp/127.0.0.1/443) 2>/dev/null; do kill -0 $! && sleep 0.02; done"#;

impl Machine {
    /// Puts DingTalk and the provider `model.example:8080` into the world, and lets the gateway trust them.
    pub(crate) fn surround_with_dingtalk(&self) {
        self.dingtalk_leads_to("127.0.0.1");
        let cloud = format!("{}/dingtalk-cloud.py", super::BENCH);
        self.command(&["bash", "-euc", CLOUD, "cloud", &cloud, super::HOME]).by_root().ask();
        self.serve(8080, &["model-provider.py", "8080", PROVIDER_LOG, "provider.json"]);
        self.serve_proxy(3128, "model.example=127.0.0.1:8080");
        self.write(
            ".config/systemd/user/openclaw-gateway.service.d/20-authority.conf",
            "[Service]\nEnvironment=NODE_EXTRA_CA_CERTS=/run/sandbox/cloud/ca.pem\n",
        );
        self.shell(&format!("systemctl --user daemon-reload; systemctl --user restart {UNIT}"));
        self.wait_ready();
    }

    /// Lets DingTalk's names lead to an address.
    pub(crate) fn dingtalk_leads_to(&self, address: &str) {
        self.command(&["bash", "-euc", NAME, "name", address, NAMES]).by_root().ask();
    }

    /// Starts a proxy that leads to one server only: `NAME=HOST:PORT`.
    pub(crate) fn serve_proxy(&self, port: u16, server: &str) {
        self.serve(port, &["proxy.py", &port.to_string(), &format!("proxy-{port}.log"), server]);
    }

    /// What DingTalk refuses from now on: `{"token": 400}`.
    pub(crate) fn let_dingtalk(&self, faults: &str) {
        self.write("cloud.json", faults);
    }

    /// What the provider does wrong from now on: `{"status": 401}`.
    pub(crate) fn let_the_provider(&self, faults: &str) {
        self.write("provider.json", faults);
    }

    /// What DingTalk and the provider have been asked since the last time.
    pub(crate) fn asked_outside(&self) -> (String, String) {
        let take = |log: &str| {
            let script =
                format!("cd {}; [ ! -e {log} ] || {{ cat {log}; : >{log}; }}", super::HOME);
            self.command(&["bash", "-euc", &script]).by_root().ask()
        };
        (take(CLOUD_LOG), take(PROVIDER_LOG))
    }
}
