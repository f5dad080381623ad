//! The schemas that ship, against what they describe: the catalogue is as its schema says, and that of
//! the file of `apply` takes what the program takes.

#![allow(clippy::unwrap_used, reason = "a missing file fails the test as loudly as it should")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use openclaw_setup::settings::desired;
use openclaw_setup::snapshot::account::Surroundings;
use openclaw_setup::timeout::Deadline;
use serde_json::{Value, json};

/// A file of `packaging/`.
fn shipped(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(format!("packaging/{name}.json")).unwrap()).unwrap()
}

/// Where a value is not as its schema says. As much of JSON Schema as ours use; any other word of it
/// fails the test.
fn faults(schema: &Value, value: &Value, place: &str, root: &Value) -> Vec<String> {
    let Some(rules) = schema.as_object() else {
        return if *schema == Value::Bool(true) { Vec::new() } else { vec![place.to_owned()] };
    };
    let mut found = Vec::new();
    for (word, rule) in rules {
        let within = |key: &str, schema: &Value, value: &Value| {
            faults(schema, value, &format!("{place}/{key}"), root)
        };
        let members = value.as_object().into_iter().flatten();
        match word.as_str() {
            "$ref" => {
                let named = root.pointer(&rule.as_str().unwrap()[1..]).unwrap();
                found.extend(faults(named, value, place, root));
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                found.extend(items.flat_map(|(at, item)| within(&at.to_string(), rule, item)));
            }
            "properties" => found.extend(
                members.filter_map(|(key, it)| Some(within(key, rule.get(key)?, it))).flatten(),
            ),
            "additionalProperties" => found.extend(
                members
                    .filter(|(key, _)| schema["properties"].get(key).is_none())
                    .flat_map(|(key, it)| within(key, rule, it)),
            ),
            "anyOf" => {
                let mut all = rule.as_array().unwrap().iter();
                let fits = all.any(|one| faults(one, value, place, root).is_empty());
                found.extend((!fits).then(|| format!("{place}: anyOf")));
            }
            _ if holds(word, rule, value) => {}
            _ => found.push(format!("{place}: {word} {rule}")),
        }
    }
    found
}

/// Whether what one word says of the value itself is so.
fn holds(word: &str, rule: &Value, value: &Value) -> bool {
    let keys = |rule: &Value| -> Vec<String> { serde_json::from_value(rule.clone()).unwrap() };
    let has_all = |rule: &Value| keys(rule).iter().all(|key| value.get(key).is_some());
    let size = value.as_object().map_or(0, |members| members.len() as u64);
    match word {
        "$schema" | "title" | "description" | "format" | "default" | "$defs" => true,
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            other => panic!("{other}"),
        },
        "pattern" => {
            let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "minProperties" => !value.is_object() || size >= rule.as_u64().unwrap(),
        "maxProperties" => !value.is_object() || size <= rule.as_u64().unwrap(),
        "required" => !value.is_object() || has_all(rule),
        "dependentRequired" => {
            let mut rules = rule.as_object().unwrap().iter();
            rules.all(|(key, needed)| value.get(key).is_none() || has_all(needed))
        }
        other => panic!("{other}: {rule}"),
    }
}

#[test]
fn the_catalogue_is_as_its_schema_says() {
    let (schema, mut catalogue) = (shipped("compatibility.schema"), shipped("compatibility"));
    let judge = |catalogue: &Value| faults(&schema, catalogue, "", &schema);
    assert_eq!(judge(&catalogue), [""; 0]);
    catalogue["cells"][3]["result"] = "perhaps".into();
    catalogue["rules"][0]["sources"] = "".into();
    catalogue["node"][1]["openclaw"] = 1.into();
    catalogue["adaptations"][0]["imports"][0]["to"]["x"] = "".into();
    catalogue.as_object_mut().unwrap().shift_remove("date");
    let places = judge(&catalogue).join("\n");
    for place in
        ["/cells/3/result", "/rules/0/sources", "/node/1/openclaw", "/imports/0/to/x", "required"]
    {
        assert!(places.contains(place), "{place}: {places}");
    }
}

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";

/// One change of a good file of `apply`, whether the program takes it; the schema has to judge alike.
#[test]
fn the_file_of_apply_is_taken_where_its_schema_takes_it() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("desired.json5");
    fs::write(place.path().join("secret"), "s3cret").unwrap();
    let surroundings = Surroundings::of([("KEY", "of-env"), ("MODE", "token")]);
    let (schema, reference) = (shipped("apply.schema"), json!({"file": "secret"}));
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
    for (at, value, taken) in cases {
        let mut wish = good.clone();
        let (parent, key) = at.rsplit_once('/').unwrap();
        wish.pointer_mut(parent).unwrap()[key] = value;
        fs::write(&file, wish.to_string()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let read = desired::read(&file, &surroundings, Deadline::after(Duration::from_millis(200)));
        assert_eq!(read.is_ok(), taken, "{wish}: {read:?}");
        let found = faults(&schema, &wish, "", &schema);
        assert_eq!(found.is_empty(), taken, "{wish}: {found:?}");
    }
}
