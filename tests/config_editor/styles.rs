//! Each edit in each style of file: the exact text that comes out.

use openclaw_setup::openclaw::document::{Edit, KeyPath, Value};

use crate::{edited, parse};

fn set(path: &[&str], value: impl Into<Value>) -> Edit {
    Edit::set(KeyPath::from(path), value)
}

fn remove(path: &[&str]) -> Edit {
    Edit::remove(KeyPath::from(path))
}

#[track_caller]
fn check(before: &str, edit: &Edit, after: &str) {
    assert_eq!(edited(before, std::slice::from_ref(edit)), after, "from {before:?}");
    // A second time there is nothing left to do.
    assert_eq!(edited(after, std::slice::from_ref(edit)), after, "again");
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    for (before, value, after) in [
        ("{a: 1, b: 2}", Value::from(3), "{a: 3, b: 2}"),
        ("{'a': 'x'}", "y".into(), "{'a': 'y'}"),
        ("{\"a\": 'x', \"b\": \"z\"}", "it's".into(), "{\"a\": 'it\\'s', \"b\": \"z\"}"),
        ("{a /*k*/ : /*v*/ 1 /*e*/, // c\n}", true.into(), "{a /*k*/ : /*v*/ true /*e*/, // c\n}"),
        ("{a: 'one\\\ntwo'}", "x".into(), "{a: 'x'}"),
        ("{a: 1, a: 2}", 3.into(), "{a: 1, a: 3}"),
        ("{\\u0061: 1}", 2.into(), "{\\u0061: 2}"),
        ("{a: [1,\n 2]}", Value::Null, "{a: null}"),
    ] {
        check(before, &set(&["a"], value), after);
    }
}

#[test]
fn an_equal_value_changes_no_byte() {
    for (text, value) in [
        ("{a: 0x1}", Value::from(1)),
        ("{a: +1.0}", 1.into()),
        ("{a: .5}", 0.5.into()),
        ("{a: NaN}", f64::NAN.into()),
        ("{a: -Infinity}", f64::NEG_INFINITY.into()),
        ("{a: '\\x41\\u0042\\\nC'}", "ABC".into()),
        ("{a: {y: 2, 'x': 1 /*c*/,}}", [("x", 1.into()), ("y", 2.into())].into()),
        ("{a: [1,/**/'b',]}", vec![1.into(), "b".into()].into()),
        ("{a: 2, a: 1}", 1.into()),
    ] {
        check(text, &set(&["a"], value), text);
    }
}

#[test]
fn a_new_key_follows_the_style_of_its_neighbours() {
    for (before, after) in [
        // one line
        ("{\"a\": 1}", "{\"a\": 1, \"n\": true}"),
        ("{\"a\":1}", "{\"a\":1,\"n\":true}"),
        ("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"n\":true}"),
        ("{ a : 1 , }", "{ a : 1 , n : true, }"),
        ("{'a':  1, 'b':  2}", "{'a':  1, 'b':  2, 'n':  true}"),
        ("{a: 1 /* c */}", "{a: 1, n: true /* c */}"),
        ("{a: 1 // c\n}", "{a: 1, n: true // c\n}"),
        // several lines
        ("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"n\": true\n}\n"),
        ("{\r\n\t\"a\": 1\r\n}", "{\r\n\t\"a\": 1,\r\n\t\"n\": true\r\n}"),
        ("{\n    a: 1,\n}", "{\n    a: 1,\n    n: true,\n}"),
        ("{\n  a: 1 // c\n}", "{\n  a: 1, // c\n  n: true\n}"),
        ("{\n  a: 1, // c\n}", "{\n  a: 1, // c\n  n: true,\n}"),
        (
            "{\n  a: 1 /* c */ /* d */\n  // e\n}",
            "{\n  a: 1, /* c */ /* d */\n  n: true\n  // e\n}",
        ),
        ("{\n  a: 1\n  , }", "{\n  a: 1\n  ,\n  n: true, }"),
        ("{ b: 0,\n a: 1}", "{ b: 0,\n a: 1,\n n: true}"),
        ("\u{feff}{\n  a: 1\n}", "\u{feff}{\n  a: 1,\n  n: true\n}"),
        ("{频道: 1}", "{频道: 1, n: true}"),
        // nothing in it yet
        ("{}", "{\n  \"n\": true\n}"),
        ("{ }", "{\n  \"n\": true\n}"),
        ("{\n}", "{\n  \"n\": true\n}"),
        ("{\n  // later\n}", "{\n  // later\n  \"n\": true\n}"),
        ("{ // later\n}", "{ // later\n  \"n\": true\n}"),
        ("{ /* later */ }", "{ /* later */ \"n\": true }"),
        // no object yet
        ("", "{\n  \"n\": true\n}\n"),
        ("\u{feff}", "\u{feff}{\n  \"n\": true\n}\n"),
        ("// only\r\n", "// only\r\n{\r\n  \"n\": true\r\n}\r\n"),
        ("/* only */ // and", "/* only */ // and\n{\n  \"n\": true\n}\n"),
    ] {
        check(before, &set(&["n"], true), after);
    }
}

#[test]
fn nested_values_are_laid_out_like_their_parent() {
    let value = || Value::from([("x y", "v".into()), ("l", vec![1.into(), 2.into()].into())]);
    for (before, after) in [
        ("{\"p\": {}}", "{\"p\": {\"q\": {\"x y\": \"v\", \"l\": [1, 2]}}}".to_owned()),
        (
            "{\n\t'p': {},\n}",
            "{\n\t'p': {\n\t\t'q': {\n\t\t\t'x y': 'v',\n\t\t\t'l': [\n\t\t\t\t1,\n\t\t\t\t2,\n\t\t\t],\n\t\t},\n\t},\n}"
                .to_owned(),
        ),
        (
            "{p: {a: 1}}",
            "{p: {a: 1, q: {\"x y\": \"v\", l: [1, 2]}}}".to_owned(),
        ),
        (
            "{\n  p: { a: 1 }\n}",
            "{\n  p: { a: 1, q: { \"x y\": \"v\", l: [1, 2] } }\n}".to_owned(),
        ),
        (
            "{\n  a: 1\n}",
            "{\n  a: 1,\n  p: {\n    q: {\n      \"x y\": \"v\",\n      l: [\n        1,\n        2\n      ]\n    }\n  }\n}"
                .to_owned(),
        ),
    ] {
        check(before, &set(&["p", "q"], value()), &after);
    }
}

#[test]
fn an_object_set_onto_an_object_touches_only_what_differs() {
    let value = Value::from([("v", 2.into()), ("keep", 0x10.into()), ("new", "x".into())]);
    check(
        "{i: {\n  v: 1, // version\n  gone: 1,\n  keep: 0x10, // hex\n}}",
        &set(&["i"], value),
        "{i: {\n  v: 2, // version\n  keep: 0x10, // hex\n  new: \"x\",\n}}",
    );
}

#[test]
fn a_removed_key_takes_its_comma_and_its_line() {
    for (before, after) in [
        ("{r: 1}", "{}"),
        ("{ r: 1, }", "{}"),
        ("{\n  r: 1\n}", "{}"),
        ("{ /* c */ r: 1 }", "{ /* c */ }"),
        ("{\n  // c\n  r: 1\n}", "{\n  // c\n}"),
        ("{r: 1, b: 2}", "{b: 2}"),
        ("{ a: 1, r: 1, b: 2 }", "{ a: 1, b: 2 }"),
        ("{ a: 1, r: 1 }", "{ a: 1 }"),
        ("{a:1,r:1,}", "{a:1,}"),
        ("{a: 1, /* r */ r: 1, b: 2}", "{a: 1, /* r */ b: 2}"),
        ("{a: 1, /* r */ r: 1}", "{a: 1 /* r */}"),
        ("{a: 1, r: 1 /* r */, b: 2}", "{a: 1, /* r */ b: 2}"),
        ("{\n  a: 1,\n  r: 1,\n  b: 2\n}", "{\n  a: 1,\n  b: 2\n}"),
        ("{\n  a: 1,\n  r: 1\n}", "{\n  a: 1\n}"),
        ("{\n  a: 1, // a\n  r: 1 \n}", "{\n  a: 1 // a\n}"),
        ("{\r\n\ta: 1,\r\n\r\n\tr: {\r\n\t},\r\n\tb: 2\r\n}", "{\r\n\ta: 1,\r\n\r\n\tb: 2\r\n}"),
        // the user's words stay
        ("{\n  r: 1, // r\n  b: 2\n}", "{\n  // r\n  b: 2\n}"),
        ("{\n  // above\n  r: 1,\n  b: 2\n}", "{\n  // above\n  b: 2\n}"),
        // a line comment must not swallow the bracket
        ("{a: 1, // c\n r: 1}", "{a: 1 // c\n }"),
        ("{a: 1, // c\u{2028}r: 1}", "{a: 1 // c\u{2028}}"),
        ("{a: 1,\n r: 1}", "{a: 1}"),
        ("{\n r: 1, b: 2\n}", "{\n b: 2\n}"),
        // each of them: an earlier one would come to life
        ("{r: 1, a: 1, 'r': 2}", "{a: 1}"),
        ("{r: {r: 1}, b: 2}", "{b: 2}"),
    ] {
        check(before, &remove(&["r"]), after);
    }
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    for text in ["", "{}", "{a: 1}", "{a: {c: 1}}", "{a: [1]}", "// c"] {
        check(text, &remove(&["a", "b"]), text);
    }
}

#[test]
fn set_then_remove_restores_the_bytes() {
    for text in [
        "{}",
        "{\"a\": 1}",
        "{\"a\":1,\"b\":2}",
        "{ a: 1, }",
        "{a: 1 // c\n}",
        "{\n  a: 1\n}",
        "{\n  a: 1,\n}",
        "{\r\n\ta: 1, // c\r\n\t// d\r\n}",
        "{ b: 0,\n a: 1}",
        "{\n  // c\n}",
    ] {
        assert_eq!(edited(text, &[set(&["n", "m"], 1), remove(&["n"])]), text);
    }
}

#[test]
fn elements_come_and_go() {
    let (add, take) = (Edit::append(["l"], "n"), Edit::withdraw(["l"], "n"));
    for (without, with) in [
        ("{l: []}", "{l: [\"n\"]}"),
        ("{l: ['a']}", "{l: ['a', 'n']}"),
        ("{l: ['a','b',]}", "{l: ['a','b','n',]}"),
        ("{\n  l: [\n    'a' // a\n  ]\n}", "{\n  l: [\n    'a', // a\n    'n'\n  ]\n}"),
        ("{k: 'absent'}", "{k: 'absent'}"),
    ] {
        check(without, &add, with);
        check(with, &take, without);
    }
    check("{l: ['n', 'a', 'n']}", &take, "{l: ['a']}");
    check("{l: [{a: 1}]}", &set(&["l", "0", "a"], 2), "{l: [{a: 2}]}");
    assert_eq!(edited("{l: [1, 1, 2]}", &[remove(&["l", "0"])]), "{l: [1, 2]}");
}

#[test]
fn the_pages_one_line_config_stays_one_line() {
    let page = r#"{"meta": {"v": "1","at": "2"},"channels": {},"gateway": {"port": 18789,"auth": {"mode": "token"}}}"#;
    let edits = [
        set(&["gateway", "auth", "mode"], "none"),
        set(&["gateway", "http", "endpoints", "chatCompletions", "enabled"], true),
        set(&["channels", "dingtalk-connector", "sessionTimeout"], 1_800_000),
    ];
    assert_eq!(
        edited(page, &edits),
        r#"{"meta": {"v": "1","at": "2"},"channels": {"dingtalk-connector": {"sessionTimeout": 1800000}},"gateway": {"port": 18789,"auth": {"mode": "none"},"http": {"endpoints": {"chatCompletions": {"enabled": true}}}}}"#
    );
}

#[test]
fn what_json5_allows_survives_beside_an_edit() {
    let text = "\u{feff}// é 频道\u{2028}{\n  \u{a0}hex: 0xFF, big: 12345678901234567890, nan: NaN, plus: +1, half: .5,\n  five: 5., 'q': 'don\\'t', ref: \"${DINGTALK}\",\n  line: 'a\\\n    b', true_y: 1, ಠ_ಠ: '\u{2028}', $include: './x.json5',\n  n: 0 /* 备注 */,\n}\n// end";
    assert_eq!(edited(text, &[set(&["n"], 1)]), text.replace("n: 0 /*", "n: 1 /*"));
}

#[test]
fn duplicate_keys_are_reported() {
    let document = parse("{\n  a: {k: 1, 'k': 2},\n  \"a\": {k: 3}, a: {k: 4}\n}");
    let seen: Vec<String> = document
        .warnings()
        .iter()
        .map(|found| format!("{} {} -> {}", found.key, found.overruled, found.effective))
        .collect();
    assert_eq!(seen, ["a 2:3 -> 3:16", "a.k 2:7 -> 2:13", "a 3:3 -> 3:16"]);
    assert_eq!(document.get(&["a", "k"]), Some(&Value::from(4)));
    assert_eq!(document.place_of(&["a", "k"]).unwrap().to_string(), "3:20");
}

#[test]
fn an_impossible_edit_names_the_place() {
    use openclaw_setup::language::{Explain, Language};
    let text = "{\n  gateway: 'none', l: [1],\n}";
    for (edit, problem) in [
        (
            set(&["gateway", "auth", "mode"], 1),
            "/home/user/.openclaw/openclaw.json, line 2, column 12: “gateway” is not an object",
        ),
        (
            set(&["l", "7"], 1),
            "/home/user/.openclaw/openclaw.json, line 2, column 23: the array has no element “l.7”",
        ),
        (
            Edit::append(["gateway"], 1),
            "/home/user/.openclaw/openclaw.json, line 2, column 12: “gateway” is not an array",
        ),
        (
            set(&[], 1),
            "/home/user/.openclaw/openclaw.json: the whole configuration cannot be removed or replaced by a single value",
        ),
    ] {
        let error = parse(text).edit(&[edit]).unwrap_err();
        assert_eq!(error.message(), problem);
        Language::Chinese.choose();
        assert_ne!(error.message(), problem);
        Language::English.choose();
    }
}

#[test]
fn no_debug_output_holds_a_secret() {
    let document = parse("{clientSecret: 'hunter2'}");
    let edit = set(&["clientSecret"], "hunter3");
    let shown = format!("{document:?} {:?} {edit:?}", document.value());
    assert!(!shown.contains("hunter"), "{shown}");
}
