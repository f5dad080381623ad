//! What is taken and refused, and that the schema which ships says the same.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::*;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";

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

/// One change of a good file, whether it is taken; the schema has to judge each alike.
#[test]
fn the_schema_takes_what_is_taken_and_refuses_what_is_refused() {
    let reference = json!({"file": "secret"});
    let good =
        json!({"connector": {}, "settings": {"clientId": "ding1", "clientSecret": reference}});
    let cases = [
        ("/connector", json!("absent"), true),
        ("/connector", json!("present"), false),
        ("/connector", json!(null), false),
        ("/connector", json!({"version": "0.8.20"}), true),
        ("/connector", json!({"version": "0.8.20-beta.1"}), true),
        ("/connector", json!({"version": "latest"}), false),
        ("/connector", json!({"version": 8}), false),
        ("/connector", json!({"source": "npm:x"}), true),
        ("/connector", json!({"source": "/srv/x.tgz", "sha256": DIGEST}), true),
        ("/connector", json!({"source": "x.tgz"}), false),
        ("/connector", json!({"source": "/srv/x.tgz", "sha256": "12"}), false),
        ("/connector", json!({"sha256": DIGEST}), false),
        ("/connector", json!({"digest": DIGEST}), false),
        ("/settings", json!({}), true),
        ("/settings", json!([]), false),
        ("/settings/clientId", json!(7), false),
        ("/settings/clientId", json!({"env": "KEY"}), true),
        ("/settings/clientSecret", json!({"env": "KEY", "file": "secret"}), false),
        ("/settings/clientSecret", json!({"path": "secret"}), false),
        ("/settings/clientSecret", json!({"file": 1}), false),
        ("/settings/clientSecret", json!({}), false),
        ("/settings/clientSecret", json!(["s"]), false),
        ("/settings/gatewayAuth", json!("none"), true),
        ("/settings/gatewayAuth", json!({"env": "MODE"}), true),
        ("/settings/gatewayAuth", json!("password"), false),
        ("/settings/sessionTimeout", json!(60_000), true),
        ("/settings/sessionTimeout", json!(1_800_000.0), true),
        ("/settings/sessionTimeout", json!(59_999), false),
        ("/settings/sessionTimeout", json!(4_294_967_296_u64), false),
        ("/settings/sessionTimeout", json!(70_000.5), false),
        ("/settings/sessionTimeout", json!("60000"), false),
        ("/settings/clientid", json!("x"), false),
        ("/start", json!(true), true),
        ("/start", json!("yes"), false),
        ("/restart", json!(false), true),
        ("/restart", json!("never"), false),
        ("/settings/noProxy", json!("a.lan,b.lan"), true),
        ("/settings/noProxy", json!({"env": "KEY"}), true),
        ("/settings/noProxy", json!(["a.lan"]), false),
        ("/proof", json!("not-asked"), true),
        ("/proof", json!("none"), false),
        ("/proof", json!(true), false),
        ("/allowInlineSecrets", json!(false), true),
        ("/allowInlineSecrets", json!(1), false),
        ("/$schema", json!("x"), true),
        ("/$schema", json!({}), false),
        ("/version", json!("1"), false),
    ];
    let (place, schema) = (Place::new(), schema());
    for (at, value, taken) in cases {
        let mut file = good.clone();
        let (parent, key) = at.rsplit_once('/').unwrap();
        file.pointer_mut(parent).unwrap()[key] = value;
        let read = place.read(&file.to_string(), 0o600);
        assert_eq!(read.is_ok(), taken, "{file}: {read:?}");
        assert_eq!(fits(&file, &schema, &schema), taken, "{file}");
    }
}

/// Whether a value fits a schema, as far as this one uses the language of schemas.
fn fits(value: &Json, schema: &Json, root: &Json) -> bool {
    schema.as_object().unwrap().iter().all(|(word, with)| match word.as_str() {
        "$ref" => fits(value, root.pointer(&with.as_str().unwrap()[1..]).unwrap(), root),
        "anyOf" => with.as_array().unwrap().iter().any(|one| fits(value, one, root)),
        "const" => value == with,
        "enum" => with.as_array().unwrap().contains(value),
        "type" => match with.as_str().unwrap() {
            "object" => value.is_object(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            other => panic!("{other}"),
        },
        "pattern" => value.as_str().is_none_or(|text| matches(text, with.as_str().unwrap())),
        "minimum" => value.as_f64().is_none_or(|number| number >= with.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= with.as_f64().unwrap()),
        "minProperties" => {
            value.as_object().is_none_or(|it| it.len() as u64 >= with.as_u64().unwrap())
        }
        "maxProperties" => {
            value.as_object().is_none_or(|it| it.len() as u64 <= with.as_u64().unwrap())
        }
        "required" => {
            with.as_array().unwrap().iter().all(|key| !value[key.as_str().unwrap()].is_null())
        }
        "dependentRequired" => with.as_object().unwrap().iter().all(|(key, needed)| {
            value.get(key).is_none() || value.get(needed[0].as_str().unwrap()).is_some()
        }),
        "properties" => value.as_object().is_none_or(|members| {
            members.iter().all(|(key, it)| with.get(key).is_none_or(|one| fits(it, one, root)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|members| {
            members.keys().all(|key| schema["properties"].get(key).is_some())
        }),
        "$schema" | "$defs" | "title" | "description" | "default" => true,
        other => panic!("{other}"),
    })
}

/// The patterns of the schema, each by what it says.
fn matches(text: &str, pattern: &str) -> bool {
    match pattern {
        "^(npm:|/)" => text.starts_with("npm:") || text.starts_with('/'),
        "^[0-9A-Fa-f]{64}$" => text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit()),
        version if version.starts_with("^(0|[1-9][0-9]*)\\.") => Version::parse(text).is_ok(),
        other => panic!("{other}"),
    }
}
