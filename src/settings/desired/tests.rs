//! What is taken and refused; `tests/schemas.rs` holds it against the schema that ships.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::*;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.path("secret"), "s3cret\n").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, text: &str, mode: u32) -> Result<Desired, Problem> {
        let file = self.path("desired.json5");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let surroundings = Surroundings::of([("KEY", "of-env"), ("MODE", "token")]);
        read(&file, &surroundings, Deadline::after(Duration::from_millis(200)))
    }
}

#[test]
fn takes_what_a_file_describes() {
    let desired = Place::new()
        .read(
            "// mine\n{connector: {version: '0.8.20'}, settings: {clientId: 'ding1', sessionTimeout: 60000,
              clientSecret: {file: 'secret'}, apiKey: {env: 'KEY'}, noProxy: 'a.lan,b.lan'}, start: true, restart: false,
              proof: 'required'}",
            0o644,
        )
        .unwrap();
    let settings = &desired.settings;
    assert_eq!(settings.client_id.as_deref(), Some("ding1"));
    assert_eq!(settings.client_secret.as_ref().unwrap().reveal(), "s3cret");
    assert_eq!(settings.api_key.as_ref().unwrap().reveal(), "of-env");
    assert_eq!(settings.session_timeout, Some(60_000));
    assert_eq!(settings.no_proxy.as_deref(), Some("a.lan,b.lan"));
    assert!(desired.start && !desired.restart && desired.proof == Effort::Required);
    let connector = desired.connector.unwrap();
    assert_eq!(connector.version, Some(Version::new(0, 8, 20)));
    assert!(connector.source.is_none() && connector.sha256.is_none());
}

#[test]
fn what_is_absent_needs_no_secret() {
    let text = "{connector: 'absent', settings: {clientSecret: {file: 'gone'}}}";
    let desired = Place::new().read(text, 0o644).unwrap();
    assert!(desired.connector.is_none() && !desired.start && desired.restart);
}

#[test]
fn a_fault_is_named_with_its_file_line_and_key_and_no_secret() {
    for (text, mode, code, place) in [
        ("{\n connector: {},\n", 0o600, "apply.syntax", "desired.json5"),
        ("{}", 0o600, "apply.value", "desired.json5: connector: "),
        ("{\n konnector: {}}", 0o600, "apply.unknown-key", "desired.json5:2: konnector: "),
        ("{connector:\n {sha256: 'x'}}", 0o600, "apply.value", "json5:2: connector.sha256: "),
        (
            "{connector: {}, settings:\n {apiKey: 's3cret'}}",
            0o600,
            "apply.inline-secret",
            "json5:2: settings.apiKey: ",
        ),
        (
            "{connector: {}, allowInlineSecrets: true, settings:\n {apiKey: 's3cret'}}",
            0o640,
            "apply.readable-secret",
            "json5:2: settings.apiKey: ",
        ),
        (
            "{connector: {}, settings: {apiKey:\n {env: 'NO'}}}",
            0o600,
            "apply.unset",
            "json5:2: settings.apiKey.env: ",
        ),
        (
            "{connector: {}, settings: {apiKey:\n {file: 'gone'}}}",
            0o600,
            "setting.unreadable",
            "json5:2: settings.apiKey.file: ",
        ),
        (
            "{connector: {}, settings: {baseUrl:\n 'www'}}",
            0o600,
            "setting.malformed",
            "json5:1: settings.baseUrl: ",
        ),
        (
            "{connector: {}, settings: {clientId: 'your-id'}}",
            0o600,
            "setting.placeholder",
            "json5:1: settings.clientId: ",
        ),
    ] {
        let problem = Place::new().read(text, mode).unwrap_err();
        assert_eq!(problem.code, code, "{text}: {problem:?}");
        assert!(problem.message.contains(place), "{text}: {problem:?}");
        assert!(
            !problem.hint.is_empty() && !format!("{problem:?}").contains("s3cret"),
            "{problem:?}"
        );
    }
    let text = "{connector: {}, allowInlineSecrets: true, settings: {apiKey: 's3cret'}}";
    let desired = Place::new().read(text, 0o600).unwrap();
    assert_eq!(desired.settings.api_key.unwrap().reveal(), "s3cret");
}

fn schema() -> Json {
    serde_json::from_str(include_str!("../../../packaging/apply.schema.json")).unwrap()
}

fn keys(schema: &Json, at: &str) -> Vec<String> {
    let properties = schema.pointer(at).and_then(|part| part["properties"].as_object()).unwrap();
    properties.keys().cloned().collect()
}

#[test]
fn the_schema_has_the_keys_that_are_read() {
    let schema = schema();
    assert_eq!(keys(&schema, ""), KEYS);
    assert_eq!(keys(&schema, "/properties/connector/anyOf/1"), CONNECTOR);
    assert_eq!(keys(&schema, "/properties/settings"), SETTINGS);
    assert_eq!(keys(&schema, "/$defs/reference"), REFERENCE);
    let words = PROOFS.map(|(word, _)| json!(word));
    assert_eq!(schema["properties"]["proof"]["enum"], json!(words));
}
