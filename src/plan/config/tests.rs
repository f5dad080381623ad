//! Tables: a config, a wish, and what the config means afterwards.

use std::path::Path;

use super::{Wish, edits, models_file_edits, needed, right_api};
use crate::connector::catalogue::Catalogue;
use crate::language::Problem;
use crate::openclaw::Version;
use crate::openclaw::document::{Document, Value};
use crate::openclaw::keys::KeyChange;
use crate::plan::note::Note;
use crate::settings::{Secret, Setting, Settings};
use crate::systemd::environment::Environment;

/// The page's machine before its steps.
const BEFORE: &str = r#"{"meta":{"lastTouchedVersion":"2026.3.13"},
  "agents":{"defaults":{"workspace":"/root/.openclaw/workspace"}},
  "gateway":{"port":18789,"mode":"local","bind":"loopback","tailscale":{"mode":"off"}}}"#;

/// The same after them, with real values for the page's placeholders.
const AFTER: &str = r#"{"meta":{"lastTouchedVersion":"2026.3.13"},
  "models":{"mode":"merge","providers":{"openai":{"apiKey":"sk-1","baseUrl":"https://www.open1.codes",
    "api":"openai-completions","models":[{"id":"gpt-5.4","name":"gpt-5.4"}]}}},
  "agents":{"defaults":{"model":{"primary":"openai/gpt-5.4"},"models":{"openai/gpt-5.4":{}},
    "workspace":"/root/.openclaw/workspace"}},
  "channels":{"dingtalk-connector":{"enabled":true,"clientId":"ding1","clientSecret":"s3cret",
    "gatewayToken":"tok","gatewayUrl":"http://127.0.0.1:18789","sessionTimeout":1800000}},
  "plugins":{"entries":{"dingtalk-connector":{"enabled":true}},"installs":{"dingtalk-connector":{
    "source":"path","sourcePath":"/root/.openclaw/extensions/dingtalk-connector",
    "installPath":"/root/.openclaw/extensions/dingtalk-connector","version":"0.6.0",
    "installedAt":"2026-03-16T00:00:00.000Z"}}},
  "gateway":{"port":18789,"mode":"local","bind":"loopback","auth":{"mode":"none"},
    "http":{"endpoints":{"chatCompletions":{"enabled":true}}},"tailscale":{"mode":"off"}}}"#;

type Given<'a> = &'a [(Setting, &'a str)];

pub(super) struct Case {
    pub(super) settings: Settings,
    pub(super) openclaw: Version,
    pub(super) schema: Option<serde_json::Value>,
    pub(super) connector: &'static str,
    pub(super) standing: Option<semver::Version>,
    pub(super) ours: Vec<KeyChange>,
    pub(super) command: &'static [&'static str],
    pub(super) environment: &'static [&'static str],
}

impl Case {
    fn page() -> Self {
        Self {
            settings: settings(&[
                (Setting::ClientId, "ding1"),
                (Setting::ClientSecret, "s3cret"),
                (Setting::GatewayToken, "tok"),
                (Setting::BaseUrl, "https://www.open1.codes"),
                (Setting::Model, "gpt-5.4"),
                (Setting::ApiKey, "sk-1"),
            ]),
            ..Self::bot_only()
        }
    }

    pub(super) fn bot_only() -> Self {
        Self::with(&[(Setting::ClientId, "ding1"), (Setting::ClientSecret, "s3cret")])
    }

    fn with(given: &[(Setting, &str)]) -> Self {
        Self {
            settings: settings(given),
            openclaw: Version::of(2026, 3, 13),
            schema: None,
            connector: "0.6.0",
            standing: None,
            ours: Vec::new(),
            command: &[],
            environment: &[],
        }
    }

    pub(super) fn run(&self, config: &str) -> Result<(Value, Vec<Note>), Problem> {
        let file = Path::new("/root/.openclaw/openclaw.json");
        let document = Document::parse(file, config.as_bytes()).unwrap();
        let wish = Wish {
            settings: &self.settings,
            openclaw: self.openclaw,
            migrates: false,
            connector: Path::new("/root/.openclaw/extensions/dingtalk-connector"),
            connector_version: self.connector,
            release: self.connector.parse().ok(),
            catalogue: &Catalogue::built_in(),
            standing: self.standing.clone(),
            ours: &self.ours,
            channel_schema: self.schema.as_ref(),
            port: 18789,
            command: &self.command.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(),
            environment: &Environment::of_assignments(self.environment),
            fresh_token: &Secret::new("fresh"),
            now: "2026-03-16T00:00:00.000Z",
            file,
        };
        let draft = edits(document.value(), &wish)?;
        let edited = document.edit(&draft.edits).unwrap();
        Ok((edited.value().clone(), draft.notes))
    }

    fn value(&self, config: &str) -> Value {
        self.run(config).unwrap().0
    }
}

fn settings(given: &[(Setting, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (setting, text) in given {
        settings.accept(*setting, text).unwrap();
    }
    settings
}

fn meaning(text: &str) -> Value {
    Document::parse(Path::new("/expected"), text.as_bytes()).unwrap().value().clone()
}

fn text_at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    value.get(path).and_then(Value::as_str)
}

const TOKEN_IN_CHANNEL: [&str; 3] = ["channels", "dingtalk-connector", "gatewayToken"];

#[test]
fn the_pages_machine_becomes_the_pages_config() {
    assert_eq!(Case::page().value(BEFORE).to_json(), meaning(AFTER).to_json());
}

#[test]
fn a_second_time_changes_nothing() {
    let file = Path::new("/c");
    let document = Document::parse(file, AFTER.as_bytes()).unwrap();
    let case = Case::page();
    let (value, _) = case.run(AFTER).unwrap();
    assert_eq!(&value, document.value());
}

#[test]
fn what_the_user_has_is_kept() {
    let config = r#"{"channels":{"dingtalk-connector":{"clientId":123,"clientSecret":"${SECRET}",
        "sessionTimeout":5,"debug":true}}}"#;
    let value = Case::with(&[]).value(config);
    let channel = value.get(&["channels", "dingtalk-connector"]).unwrap().to_json();
    assert_eq!(channel["clientId"], 123);
    assert_eq!(channel["clientSecret"], "${SECRET}");
    assert_eq!(channel["sessionTimeout"], 5);
    assert_eq!(channel["debug"], true);
    assert_eq!(channel["enabled"], true);
    assert_eq!(value.get(&["models"]), None, "no provider was asked for");
}

#[test]
fn a_secret_that_looks_like_a_reference_is_escaped() {
    let case = Case::with(&[(Setting::ClientId, "d"), (Setting::ClientSecret, "a${HOME}b")]);
    let value = case.value("{}");
    let secret = text_at(&value, &["channels", "dingtalk-connector", "clientSecret"]);
    assert_eq!(secret, Some("a$${HOME}b"));
}

#[test]
fn what_is_needed_is_named() {
    let table: [(&str, Given<'_>, &[Setting]); 6] = [
        ("{}", &[], &[Setting::ClientId, Setting::ClientSecret]),
        (
            r#"{"channels":{"dingtalk-connector":{"clientId":"你的钉钉clientId","clientSecret":"s"}}}"#,
            &[],
            &[Setting::ClientId],
        ),
        (
            r#"{"channels":{"dingtalk-connector":{"clientId":1,"clientSecret":{"source":"env"}}}}"#,
            &[],
            &[],
        ),
        (
            "{}",
            &[(Setting::ClientId, "a"), (Setting::ClientSecret, "b"), (Setting::Model, "m")],
            &[Setting::BaseUrl, Setting::ApiKey],
        ),
        (
            r#"{"models":{"providers":{"openai":{"apiKey":"k"}}}}"#,
            &[(Setting::ClientId, "a"), (Setting::ClientSecret, "b")],
            &[Setting::BaseUrl, Setting::Model],
        ),
        (
            r#"{"models":{"providers":{"openai":{"baseUrl":"https://x"}}},"agents":{"defaults":{"model":"openai/m"}}}"#,
            &[(Setting::ClientId, "a"), (Setting::ClientSecret, "b")],
            &[],
        ),
    ];
    for (config, given, expected) in table {
        assert_eq!(needed(&meaning(config), &settings(given)), expected, "{config}");
    }
}

#[test]
fn an_interface_that_the_config_names_stays_and_wrong_words_have_right_ones() {
    let config = r#"{"models":{"providers":{"openai":{"baseUrl":"https://x","api":"openai-responses",
        "models":[{"id":"m","name":"m","api":"openai-responses"}]}}}}"#;
    let (value, _) = Case::bot_only().run(config).unwrap();
    let provider = &value.to_json()["models"]["providers"]["openai"];
    assert_eq!(provider["api"], "openai-responses");
    assert_eq!(provider["models"][0]["api"], "openai-responses");
    for (word, right) in [
        ("openai", Some("openai-completions")),
        ("openai-completion", Some("openai-completions")),
        ("openai-chat-completions", Some("openai-completions")),
        ("OpenAI_Completions", Some("openai-completions")),
        ("openai-response", Some("openai-responses")),
        ("anthropic", Some("anthropic-messages")),
        ("openai-completions", None),
        ("openai-responses", None),
        ("ollama", None),
        ("something-new", None),
    ] {
        assert_eq!(right_api(word), right, "{word}");
    }
}

#[test]
fn a_provider_is_completed_and_a_model_added() {
    let config = r#"{"models":{"providers":{"openai":{"baseUrl":"https://x","apiKey":"k","models":[
        {"id":"old","name":"old"}]}}},"agents":{"defaults":{"model":"openai/old"}}}"#;
    let json = Case::with(&[
        (Setting::ClientId, "a"),
        (Setting::ClientSecret, "b"),
        (Setting::Model, "deepseek-ai/DeepSeek-V3"),
    ])
    .value(config)
    .to_json();
    let provider = &json["models"]["providers"]["openai"];
    assert_eq!(provider["api"], "openai-completions");
    assert_eq!(provider["models"][0]["id"], "old");
    assert_eq!(provider["models"][1]["id"], "deepseek-ai/DeepSeek-V3");
    assert_eq!(json["agents"]["defaults"]["model"], "openai/deepseek-ai/DeepSeek-V3");
    assert!(json["agents"]["defaults"].get("models").is_none(), "no list is begun");
}

#[test]
fn a_token_is_kept_handed_on_or_made() {
    let config = |auth: &str| format!(r#"{{"gateway":{{"auth":{auth}}}}}"#);
    let kept = Case::bot_only().value(&config(r#"{"mode":"token","token":"${GW}"}"#));
    assert_eq!(text_at(&kept, &TOKEN_IN_CHANNEL), Some("${GW}"), "as a reference, never resolved");
    let inferred = Case::bot_only().value(&config(r#"{"token":"t"}"#));
    assert_eq!(text_at(&inferred, &TOKEN_IN_CHANNEL), Some("t"));
    assert_eq!(inferred.get(&["gateway", "auth", "mode"]), None);
    for auth in [r#"{"mode":"token"}"#, "{}"] {
        let in_unit = Case { environment: &["OPENCLAW_GATEWAY_TOKEN=t"], ..Case::bot_only() };
        let value = in_unit.value(&config(auth));
        assert_eq!(text_at(&value, &TOKEN_IN_CHANNEL), Some("${OPENCLAW_GATEWAY_TOKEN}"), "{auth}");
        assert_eq!(text_at(&value, &["gateway", "auth", "token"]), None, "nobody's is replaced");
    }
    let nobodys = Case::bot_only().value(&config(r#"{"mode":"token"}"#));
    assert_eq!(text_at(&nobodys, &["gateway", "auth", "token"]), Some("fresh"));
    let password = Case { environment: &["OPENCLAW_GATEWAY_PASSWORD=p"], ..Case::bot_only() };
    let stale = r#"{"channels":{"dingtalk-connector":{"gatewayToken":"old"}}}"#;
    let channel = password.value(stale).to_json()["channels"]["dingtalk-connector"].clone();
    assert_eq!(channel["gatewayPassword"], "${OPENCLAW_GATEWAY_PASSWORD}");
    assert_eq!(channel.get("gatewayToken"), None, "it would be shown instead");
    let mut wanted = Case::bot_only();
    wanted.settings.accept(Setting::GatewayAuth, "token").unwrap();
    let made = wanted.value("{}");
    assert_eq!(text_at(&made, &["gateway", "auth", "token"]), Some("fresh"));
    assert_eq!(text_at(&made, &TOKEN_IN_CHANNEL), Some("fresh"));
    let mut none = Case::bot_only();
    none.settings.accept(Setting::GatewayAuth, "none").unwrap();
    let switched = none.value(&config(r#"{"mode":"token","token":"t"}"#));
    assert_eq!(text_at(&switched, &["gateway", "auth", "mode"]), Some("none"));
}

/// 0.6.0 reads an account's own block alone, 0.7.10 what stands beside it, too; 0.8 needs no token, and no endpoint.
#[test]
fn each_account_is_given_the_token_where_its_connector_reads_it() {
    let config = r#"{"gateway":{"auth":{"mode":"token","token":"pre-${X}"}},"channels":{"dingtalk-connector":{
        "accounts":{"a":{"clientId":1,"clientSecret":"s"},"b":{"clientId":2,"clientSecret":"s","gatewayToken":"old"},
        "off":{"enabled":false}}}}}"#;
    assert_eq!(needed(&meaning(config), &Settings::default()), []);
    let token = "pre-${X}";
    for (connector, top, of_a, of_b) in [
        ("0.6.0", None, Some(token), Some(token)),
        ("0.7.10", Some(token), None, Some(token)),
        ("0.8.3", None, None, Some("old")),
    ] {
        let value = Case { connector, ..Case::with(&[]) }.value(config);
        let channel = value.get(&["channels", "dingtalk-connector"]).unwrap();
        let found = |path: &[&str]| channel.get(path).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(found(&["gatewayToken"]).as_deref(), top, "{connector}");
        assert_eq!(found(&["accounts", "a", "gatewayToken"]).as_deref(), of_a, "{connector}");
        assert_eq!(found(&["accounts", "b", "gatewayToken"]).as_deref(), of_b, "{connector}");
        assert_eq!(found(&["accounts", "off", "gatewayToken"]), None);
        assert_eq!(found(&["clientId"]), None, "nothing is asked for");
        let endpoint = ["gateway", "http", "endpoints", "chatCompletions", "enabled"];
        assert_eq!(value.get(&endpoint).is_some(), connector < "0.8", "{connector}");
        let again = Case { connector, ..Case::with(&[]) }.value(&value.to_json().to_string());
        assert_eq!(again.to_json(), value.to_json(), "{connector}");
    }
    let fresh = Case { connector: "0.8.20", ..Case::bot_only() }.value("{}");
    assert_eq!(fresh.get(&["gateway"]), None, "neither mode nor endpoint");
}

#[test]
fn what_cannot_be_is_refused() {
    let refusal = |case: Case, config: &str| case.run(config).unwrap_err();
    let bind = r#"{"gateway":{"bind":"lan"}}"#;
    assert_eq!(refusal(Case::bot_only(), bind).code, "gateway.exposed");
    let option = Case { command: &["gateway", "--bind", "lan"], ..Case::bot_only() };
    assert_eq!(refusal(option, "{}").code, "gateway.exposed");
    let serve = r#"{"gateway":{"tailscale":{"mode":"serve"}}}"#;
    assert_eq!(refusal(Case::bot_only(), serve).code, "gateway.exposed");
    let off = r#"{"plugins":{"enabled":false}}"#;
    assert_eq!(refusal(Case::bot_only(), off).code, "config.plugins-off");
    let proxy = r#"{"gateway":{"auth":{"mode":"trusted-proxy"}}}"#;
    assert_eq!(refusal(Case::bot_only(), proxy).code, "gateway.auth-mode");
    let hidden = r#"{"gateway":{"auth":{"mode":"token","token":{"source":"exec"}}}}"#;
    assert_eq!(refusal(Case::bot_only(), hidden).code, "gateway.token-unreadable");
    let other = r#"{"gateway":{"auth":{"mode":"token","token":"theirs"}}}"#;
    assert_eq!(refusal(Case::page(), other).code, "gateway.token-conflict");
    let referred = r#"{"gateway":{"auth":{"mode":"token","token":"to${X}"}}}"#;
    let case = |environment| Case { environment, ..Case::page() };
    assert_eq!(refusal(case(&["X=y"]), referred).code, "gateway.token-conflict");
    assert_eq!(
        case(&["X=k"]).run(referred).unwrap().0.to_json()["channels"]["dingtalk-connector"]["gatewayToken"],
        "to${X}"
    );
}

/// What the operator asks for and what stands there contradict each other: said, not half done.
#[test]
fn a_wish_that_would_not_hold_is_refused_in_the_plan() {
    let asking = |given: Given<'_>| {
        let bot = [(Setting::ClientId, "d"), (Setting::ClientSecret, "s")];
        Case::with(&[&bot[..], given].concat())
    };
    let (token, none) = ((Setting::GatewayToken, "tok"), (Setting::GatewayAuth, "none"));
    let wanted = (Setting::GatewayAuth, "token");
    let auth = |auth: &str| format!(r#"{{"gateway":{{"auth":{auth}}}}}"#);
    let placeholder = auth(r#"{"mode":"token","token":"你的token"}"#);
    let password = auth(r#"{"mode":"password","password":"p"}"#);
    let hidden = auth(r#"{"mode":"password","password":{"source":"exec"}}"#);
    let (by_token, with_token) = (&["gateway", "--auth=token"][..], &["--token", "t"][..]);
    for (given, command, config, expected) in [
        (&[none][..], by_token, "{}", Err("gateway.decided-by-unit")),
        (&[wanted], &["--auth", "none"], "{}", Err("gateway.decided-by-unit")),
        (&[wanted, token], with_token, "{}", Err("gateway.decided-by-unit")),
        (&[token], with_token, "{}", Err("gateway.token-conflict")),
        (&[token], &[], &password, Err("gateway.token-conflict")),
        (&[token], &[], &hidden, Ok(("gatewayPassword", "tok"))),
        (&[], &[], &hidden, Err("gateway.token-unreadable")),
        (&[], &[], &placeholder, Err("gateway.token-placeholder")),
        (&[token], &[], &placeholder, Ok(("gatewayToken", "tok"))),
        (&[wanted], &[], &placeholder, Ok(("gatewayToken", "fresh"))),
        (&[wanted, none], &[], &auth(r#"{"token":"t"}"#), Ok(("sessionTimeout", ""))),
    ] {
        let case = Case { command, ..asking(given) };
        let told = case.run(config).map(|(value, _)| value).map_err(|problem| problem.code);
        match expected {
            Err(code) => assert_eq!(told.err(), Some(code), "{config} {command:?}"),
            Ok((key, text)) => {
                let value = told.unwrap();
                let found = text_at(&value, &["channels", "dingtalk-connector", key]);
                assert_eq!(found.unwrap_or_default(), text, "{config}");
                let own = text_at(&value, &["gateway", "auth", "token"]);
                assert!(key != "gatewayToken" || own == Some(text), "the gateway has it, too");
            }
        }
    }
}

/// The page's own placeholder: nobody is asked for a token that nobody wants.
#[test]
fn a_placeholder_that_nobody_needs_goes() {
    let config = r#"{"channels":{"dingtalk-connector":{"clientId":"d","clientSecret":"s",
        "gatewayToken":"你的gatewayToken"}}}"#;
    assert_eq!(needed(&meaning(config), &Settings::default()), []);
    for connector in ["0.6.0", "0.8.3"] {
        let value = Case { connector, ..Case::with(&[]) }.value(config);
        assert_eq!(value.get(&TOKEN_IN_CHANNEL), None, "{connector}");
    }
}

#[test]
fn the_lists_of_plugins_are_extended_never_begun() {
    let json = |config: &str| Case::bot_only().value(config).to_json();
    let listed = json(r#"{"plugins":{"allow":["a"],"deny":["dingtalk-connector","b"]}}"#);
    assert_eq!(listed["plugins"]["allow"], serde_json::json!(["a", "dingtalk-connector"]));
    assert_eq!(listed["plugins"]["deny"], serde_json::json!(["b"]));
    // OpenClaw 2026.9.6's own uninstallation leaves the entry there, switched off
    let off = json(r#"{"plugins":{"entries":{"dingtalk-connector":{"enabled":false}}}}"#);
    assert_eq!(off["plugins"]["entries"]["dingtalk-connector"]["enabled"], true);
    let empty = json(r#"{"plugins":{"allow":[]}}"#);
    assert_eq!(empty["plugins"]["allow"], serde_json::json!([]));
    assert!(json("{}")["plugins"].get("allow").is_none());
}

#[test]
fn the_install_record_is_gated_by_the_version() {
    let newer = Case { openclaw: Version::of(2026, 4, 25), ..Case::bot_only() };
    assert_eq!(newer.value("{}").get(&["plugins", "installs"]), None);
    let older = Case { openclaw: Version::of(2026, 4, 24), ..Case::bot_only() };
    assert!(older.value("{}").get(&["plugins", "installs", "dingtalk-connector"]).is_some());
}

#[test]
fn keys_that_the_schema_forbids_are_neither_written_nor_left() {
    let schema = serde_json::json!({"additionalProperties": false,
        "properties": {"enabled": {}, "clientId": {}, "clientSecret": {}}});
    let config = r#"{"channels":{"dingtalk-connector":{"clientId":"a","clientSecret":"b",
        "gatewayUrl":"http://127.0.0.1:18789","sessionTimeout":1}}}"#;
    let strict = Case {
        openclaw: Version::of(2026, 4, 9),
        schema: Some(schema.clone()),
        ..Case::bot_only()
    };
    let (value, notes) = strict.run(config).unwrap();
    let channel = value.get(&["channels", "dingtalk-connector"]).unwrap();
    let keys: Vec<_> = channel.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["clientId", "clientSecret", "enabled"]);
    let gone = vec!["gatewayUrl".to_owned(), "sessionTimeout".to_owned()];
    assert!(notes.contains(&Note::keys_taken_out(&gone)));
    // OpenClaw 2026.3.13 does not look at the schema: what the user has there stays
    let lenient = Case { schema: Some(schema), ..Case::bot_only() };
    let channel = lenient.value(config).to_json();
    assert_eq!(channel["channels"]["dingtalk-connector"]["sessionTimeout"], 1);
}

#[test]
fn a_rotated_key_reaches_models_json() {
    let generated = meaning(
        r#"{"providers":{"openai":{"baseUrl":"https://www.open1.codes","apiKey":"OLD",
        "api":"openai-responses","models":[{"id":"m","api":"openai-responses"}]}}}"#,
    );
    let settings = Case::page().settings;
    let edits = models_file_edits(&generated, &meaning(BEFORE), &settings);
    let value = edits.iter().fold(generated.clone(), |value, edit| edit.applied_to(&value));
    let provider = &value.to_json()["providers"]["openai"];
    assert_eq!(provider["apiKey"], "sk-1");
    assert_eq!(provider["api"], "openai-responses");
    assert!(models_file_edits(&value, &meaning(AFTER), &settings).is_empty());
}
