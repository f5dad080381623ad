//! Texts that OpenClaw cannot read: where, why, and what the reader sees.

use std::path::Path;

use openclaw_setup::language::{Explain, Language};
use openclaw_setup::openclaw::document::{Cause, ConfigError, Document};

use crate::PATH;

fn error(bytes: &[u8]) -> ConfigError {
    Document::parse(Path::new(PATH), bytes).unwrap_err()
}

#[test]
fn the_cause_and_the_place_are_named() {
    for (text, cause, place) in [
        ("{\n  a: 1\n  b: 2\n}", Cause::MissingComma, "2:7"),
        ("{a: [1 2]}", Cause::MissingComma, "1:7"),
        ("{a 1}", Cause::MissingColon, "1:4"),
        ("{a: }", Cause::MissingValue, "1:5"),
        ("{a:\n", Cause::MissingValue, "1:4"),
        ("{a: 1", Cause::Unclosed { opened: '{' }, "1:1"),
        ("{\n a: [1,\n", Cause::Unclosed { opened: '[' }, "2:5"),
        ("{a: [1}", Cause::WrongBracket { found: '}' }, "1:7"),
        ("{a: 1]", Cause::WrongBracket { found: ']' }, "1:6"),
        ("{a: 1,, b: 2}", Cause::ExtraComma, "1:7"),
        ("{,}", Cause::ExtraComma, "1:2"),
        ("{a: [,]}", Cause::ExtraComma, "1:6"),
        ("{a: 'x\n b: 1}", Cause::UnclosedString, "1:5"),
        ("{\"a\": \"x, \"b\": 1}", Cause::UnclosedString, "1:13"),
        ("{a: 1 b: 2,\n c: 'x\n}", Cause::MissingComma, "1:6"),
        ("{a: 1 /* x }", Cause::UnclosedComment, "1:7"),
        ("{a: yes}", Cause::BareWord, "1:5"),
        ("{a: yes }", Cause::BareWord, "1:5"),
        ("{a: [yes]}", Cause::BareWord, "1:6"),
        ("{a}", Cause::MissingColon, "1:3"),
        ("{a: 1 # x\n}", Cause::Hash, "1:7"),
        ("{\n  # don't\n  a: 1\n}", Cause::Hash, "2:3"),
        ("```json\n{a: 1}\n```", Cause::Fence, "1:1"),
        ("{a: 1}\n```", Cause::Fence, "2:1"),
        ("{a: True}", Cause::OtherLiteral { right: "true" }, "1:5"),
        ("{a: [None]}", Cause::OtherLiteral { right: "null" }, "1:6"),
        ("{\u{200b}a: 1}", Cause::Invisible { found: '\u{200b}' }, "1:2"),
        ("{a: 1\u{200b}}", Cause::Invisible { found: '\u{200b}' }, "1:6"),
        (
            "{\n  a: {\n    b: {\n      c: 1\n  },\n  d: 1\n}",
            Cause::Unclosed { opened: '{' },
            "3:8",
        ),
        ("{a-b: 1}", Cause::BadKey, "1:2"),
        ("{1: 1}", Cause::BadKey, "1:2"),
        ("{a: -x}", Cause::BadNumber, "1:5"),
        ("{a: 1e}", Cause::BadNumber, "1:5"),
        ("{a: '\\u12'}", Cause::BadEscape, "1:6"),
        ("{a: '\\ud800'}", Cause::BadEscape, "1:6"),
        ("{a： 1}", Cause::FullWidth { found: '：' }, "1:3"),
        ("{a: 1，b: 2}", Cause::FullWidth { found: '，' }, "1:6"),
        ("{a: “x”}", Cause::FullWidth { found: '“' }, "1:5"),
        ("{a: 1}}", Cause::TextAfterEnd, "1:7"),
        ("[1]", Cause::RootNotAnObject, "1:1"),
        ("// x\n 'text'", Cause::RootNotAnObject, "2:2"),
        ("{[1]}", Cause::NoKey, "1:2"),
        ("{钥匙: 1, b 2}", Cause::MissingColon, "1:11"),
    ] {
        let error = error(text.as_bytes());
        assert_eq!(
            (error.cause, error.place.unwrap().to_string().as_str()),
            (cause, place),
            "{text}"
        );
    }
    let deep = "[".repeat(600);
    assert_eq!(error(format!("{{a: {deep}").as_bytes()).cause, Cause::TooDeep);
}

#[test]
fn slips_that_can_mean_one_thing_only_are_corrected_and_no_others() {
    for (text, right) in [
        ("{\n  a: 1 // x\n  b: 2\n}", "{\n  a: 1, // x\n  b: 2\n}"),
        ("{a: 1,, b: 2}", "{a: 1, b: 2}"),
        ("{a: True, b: [None, False]}", "{a: true, b: [null, false]}"),
        ("{\n  # don't\n  a: 1 # \"x\n}", "{\n  // don't\n  a: 1 // \"x\n}"),
        ("```json\n{a: 1}\n```\n", "\n{a: 1}\n\n"),
        ("｛“a b”：‘x’，b：［1，2］｝", "{\"a b\":\"x\",b:[1,2]}"),
        ("{\u{200b}a: t\u{200b}rue, \"b\u{200b}\": 1}", "{a: true, \"b\u{200b}\": 1}"),
        ("{\n  a: {\n    b: 1\n  }\n", "{\n  a: {\n    b: 1\n  }\n}\n"),
    ] {
        assert!(error(text.as_bytes()).is_slip, "{text}");
        let corrected = Document::corrected(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(corrected).unwrap(), right, "{text}");
    }
    for text in [
        "{a: 1 b: 2}",
        "{a: yes}",
        "{a: 'x\n b: 1}",
        "{a: “x\" y”}",
        "{a: 1；b: 2}",
        "{a: 1}}",
        "{\n  a: {\n    b: {\n      c: 1\n  },\n  d: 1\n}",
        "{\n  a: {\n    b: [1,",
        "{\n  a: {\n    b: 1\n  }",
        "True",
    ] {
        assert!(Document::corrected(text.as_bytes()).is_none(), "{text}");
        assert!(!error(text.as_bytes()).is_slip, "{text}");
    }
}

#[test]
fn bytes_that_are_no_utf8_have_a_place() {
    let error = error(b"{\n  a: '\xff\xfe'}");
    assert_eq!(error.place.unwrap().to_string(), "2:7");
    assert_eq!((error.code(), error.cause), ("config.syntax", Cause::InvalidUtf8));
}

#[test]
fn the_reader_sees_the_line_and_the_caret_in_both_languages() {
    let text = "{\n  \"频道\": {\"clientSecret\": \"hunter2\" \"enabled\": true},\n}";
    let error = error(text.as_bytes());
    assert_eq!(
        error.message(),
        "/home/user/.openclaw/openclaw.json, line 2, column 35: a comma is missing here\n  \
         \"频道\": {\"clientSecret\": \"•••\" \"enabled\": true},\n                                ^"
    );
    Language::Chinese.choose();
    assert_eq!(
        error.message().lines().next(),
        Some("/home/user/.openclaw/openclaw.json 第 2 行第 35 列：这里缺少逗号")
    );
    Language::English.choose();
    assert_eq!(
        error.hint(),
        "Put a comma at the caret, then run the command again. Nothing was changed."
    );
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn a_blank_file_is_no_error_but_has_no_value() {
    for text in ["", "\u{feff}", " \n", "// c", "/* c */\n"] {
        let document = Document::parse(Path::new(PATH), text.as_bytes()).unwrap();
        assert!(document.is_blank(), "{text:?}");
    }
}

#[test]
fn every_spelling_of_json5_is_read_and_no_other() {
    let read = |text: &str| Document::parse_any(Path::new(PATH), text.as_bytes());
    for (text, meaning) in [
        ("'\\x41\\u0042\\u4e2D'", "\"AB中\""),
        ("'\\ud83d\\ude00'", "\"😀\""),
        ("'\\b\\f\\n\\r\\t\\v\\0'", r#""\b\f\n\r\t\u000b\u0000""#),
        ("'\\q\\/\\\"\\'\\频'", r#""q/\"'频""#),
        ("\"\\'it's\\\"\"", r#""'it's\"""#),
        ("'a\\\nb\\\r\nc\\\rd\\\u{2028}e\\\u{2029}f'", r#""abcdef""#),
        ("'\u{2028}\u{85}\t'", "\"\u{2028}\u{85}\\t\""),
        ("0x1F", "31"),
        ("-0XaB", "-171"),
        ("+1.50", "1.5"),
        (".5e+1", "5"),
        ("5.", "5"),
        ("5.e-1", "0.5"),
        ("-0", "0"),
        ("1E3", "1000"),
        ("12345678901234567890", "1.2345678901234567e+19"),
        ("[Infinity, -Infinity, +Infinity, NaN, -NaN]", "[null,null,null,null,null]"),
        ("[1,2,]", "[1,2]"),
        (
            "{a:1,\"b\":2,'c':3,$_:4,\\u0061b\\u0031:5,频道:6,a\u{200d}b:7,}",
            "{\"a\":1,\"b\":2,\"c\":3,\"$_\":4,\"ab1\":5,\"频道\":6,\"a\u{200d}b\":7}",
        ),
        ("{null:1,true:2,NaN:3,Infinity:4}", r#"{"null":1,"true":2,"NaN":3,"Infinity":4}"#),
        ("\u{feff}/*a*/\u{a0}\u{3000}\u{feff}//b\u{2029}true//", "true"),
    ] {
        match read(text) {
            Ok(document) => assert_eq!(document.value().to_json().to_string(), meaning, "{text}"),
            Err(error) => panic!("{text}: {}", error.message()),
        }
    }
    for text in [
        "'\\1'",
        "'\\01'",
        "'\\x4'",
        "'\\u004'",
        "'\\ud83d'",
        "'\\ude00'",
        "'\\ud83dx'",
        "'a\nb'",
        "01",
        "0x",
        "0xg",
        "1.2.3",
        "1e",
        "1e+",
        ".",
        "+",
        "+-1",
        "--1",
        "- 1",
        "1_000",
        "1n",
        "-.e1",
        "infinity",
        "nan",
        "True",
        "undefined",
        "[1,,2]",
        "[,1]",
        "{,a:1}",
        "{a:1,,}",
        "{a-b:1}",
        "{1a:1}",
        "{\\u002d:1}",
        "{\\x61:1}",
        "{a:1;b:2}",
        "{a=1}",
        "{a:1 b:2}",
        "{'a'}",
        "{a:1}{}",
        "[1 2]",
        "'a' 'b'",
        "#",
        "\u{85}1",
        "1\u{200b}",
        "/* /",
        "{a:/}",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn nesting_is_limited_before_the_stack_is() {
    let nested = |levels: usize| format!("{{a: {}{}}}", "[".repeat(levels), "]".repeat(levels));
    let read = |text: &str| Document::parse(Path::new(PATH), text.as_bytes());
    assert!(read(&nested(255)).is_ok());
    assert_eq!(error(nested(100_000).as_bytes()).cause, Cause::TooDeep);
    assert_eq!(error("{a:".repeat(100_000).as_bytes()).cause, Cause::TooDeep);
}
