//! Configs spread over real files: what they mean, and which file an edit changes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use openclaw_setup::language::Explain;
use openclaw_setup::openclaw::document::{Cause, ConfigError, Edit, Includer, KeyPath, Value};
use openclaw_setup::openclaw::include::ConfigSet;
use tempfile::TempDir;

/// A config directory with these files; `openclaw.json` is the main one.
struct Home {
    directory: TempDir,
}

impl Home {
    fn with(files: &[(&str, &str)]) -> Self {
        let home = Self { directory: TempDir::new().unwrap() };
        for (name, text) in files {
            let path = home.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(name)
    }

    fn load(&self) -> Result<ConfigSet, ConfigError> {
        ConfigSet::load(&self.path("openclaw.json"))
    }

    /// Makes the edit and returns (file, text) of what changed.
    fn edited(&self, edit: &Edit) -> Result<Vec<(String, String)>, ConfigError> {
        let changed = self.load().unwrap().edit(std::slice::from_ref(edit))?;
        let relative =
            |path: &Path| path.strip_prefix(self.path("")).unwrap().display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ok(changed.into_iter().map(|file| (relative(&file.path), text(file.new))).collect())
    }
}

fn json(text: &str) -> Value {
    Value::from(serde_json::from_str::<serde_json::Value>(text).unwrap())
}

fn set(path: &[&str], value: impl Into<Value>) -> Edit {
    Edit::set(KeyPath::from(path), value)
}

#[test]
fn layers_are_merged_as_openclaw_does() {
    let home = Home::with(&[
        (
            "openclaw.json",
            "{$include: ['./a.json5', 'sub/b.json5'], own: 1, list: [3], both: {x: 'own'}}",
        ),
        ("a.json5", "{list: [1], both: {x: 'a', y: 'a'}, a: true}"),
        (
            "sub/b.json5",
            "{list: [2], both: {y: 'b'}, nested: {$include: './c.json5'}, l: [{$include: './c.json5'}]}",
        ),
        ("sub/c.json5", "[1, 2]"),
    ]);
    let merged = r#"{"list":[1,2,3],"both":{"x":"own","y":"b"},"a":true,"nested":[1,2],"l":[[1,2]],"own":1}"#;
    assert_eq!(home.load().unwrap().effective(), &json(merged));
    assert_eq!(home.load().unwrap().files().count(), 5);
}

#[test]
fn an_edit_goes_where_its_section_lives() {
    let files = [
        (
            "openclaw.json",
            "{ // main\n  channels: {$include: './channels.json5'}, gateway: {port: 1, $include: './gateway.json5'},\n}",
        ),
        ("channels.json5", "{ telegram: {} } // 频道"),
        ("gateway.json5", "{auth: {mode: 'token'}, port: 2}"),
    ];
    let main = files[0].1;
    for (edit, file, text) in [
        (
            set(&["channels", "dingtalk-connector", "enabled"], true),
            "channels.json5",
            "{ telegram: {}, \"dingtalk-connector\": { enabled: true } } // 频道".to_owned(),
        ),
        (
            set(&["gateway", "auth", "mode"], "none"),
            "gateway.json5",
            "{auth: {mode: 'none'}, port: 2}".to_owned(),
        ),
        (set(&["gateway", "port"], 3), "openclaw.json", main.replace("port: 1", "port: 3")),
        (
            set(&["gateway", "bind"], "loopback"),
            "openclaw.json",
            main.replace("gateway.json5'}", "gateway.json5', bind: 'loopback'}"),
        ),
        (
            set(&["plugins"], Value::object()),
            "openclaw.json",
            main.replace("},\n}", "}, plugins: {},\n}"),
        ),
        (Edit::remove(["gateway", "auth"]), "gateway.json5", "{port: 2}".to_owned()),
    ] {
        let home = Home::with(&files);
        assert_eq!(home.edited(&edit).unwrap(), [(file.to_owned(), text)], "{edit:?}");
    }
}

#[test]
fn a_key_is_removed_from_every_layer() {
    let home = Home::with(&[
        ("openclaw.json", "{$include: './a.json5', x: 1, allow: ['us', 'them']}"),
        ("a.json5", "{x: 2, allow: ['us']}"),
    ]);
    let changed = home.edited(&Edit::remove(["x"])).unwrap();
    assert_eq!(
        changed.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
        ["{$include: './a.json5', allow: ['us', 'them']}", "{allow: ['us']}"]
    );
    let changed = home.edited(&Edit::withdraw(["allow"], "us")).unwrap();
    assert_eq!(
        changed.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
        ["{$include: './a.json5', x: 1, allow: ['them']}", "{x: 2, allow: []}"]
    );
}

#[test]
fn an_object_is_set_member_by_member_across_files() {
    let home = Home::with(&[
        ("openclaw.json", "{$include: './a.json5', p: {own: 1}}"),
        ("a.json5", "{p: {below: 1, gone: 1}}"),
    ]);
    let value = [("own", 2.into()), ("below", 3.into())];
    let changed = home.edited(&set(&["p"], value)).unwrap();
    let texts: Vec<&str> = changed.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["{$include: './a.json5', p: {own: 2}}", "{p: {below: 3}}"]);
}

#[test]
fn what_is_already_so_changes_nothing_wherever_it_stands() {
    let home = Home::with(&[
        ("openclaw.json", "{$include: ['./a.json5', './b.json5']}"),
        ("a.json5", "{p: {x: 1}}"),
        ("b.json5", "{p: {x: 1}}"),
    ]);
    for edit in [set(&["p", "x"], 1), Edit::remove(["q"]), Edit::append(["allow"], "us")] {
        assert!(home.edited(&edit).unwrap().is_empty(), "{edit:?}");
    }
}

#[test]
fn an_edit_without_a_clear_file_is_refused() {
    let ambiguous = Home::with(&[
        ("openclaw.json", "{$include: ['./a.json5', './b.json5']}"),
        ("a.json5", "{p: {x: 1}}"),
        ("b.json5", "{p: {y: 1}}"),
    ]);
    match ambiguous.edited(&set(&["p", "z"], 1)).unwrap_err().cause {
        Cause::Ambiguous { key, files } => {
            assert_eq!(key.to_string(), "p.z");
            assert_eq!(files, [ambiguous.path("a.json5"), ambiguous.path("b.json5")]);
        }
        other => panic!("{other:?}"),
    }
    let twice = Home::with(&[
        ("openclaw.json", "{p: {$include: './a.json5'}, q: {$include: './a.json5'}}"),
        ("a.json5", "{x: 1}"),
    ]);
    let joined = Home::with(&[
        ("openclaw.json", "{$include: './a.json5', l: [1]}"),
        ("a.json5", "{l: [2]}"),
    ]);
    for (home, edit, file) in [
        (&twice, set(&["p", "x"], 2), "a.json5"),
        (&joined, set(&["l"], vec![1.into()]), "openclaw.json"),
    ] {
        let error = home.edited(&edit).unwrap_err();
        assert_eq!((error.code(), error.path), ("config.entangled", home.path(file)));
    }
    let scalar = Home::with(&[("openclaw.json", "{p: 1}")]);
    let error = scalar.edited(&set(&["p", "x"], 2)).unwrap_err();
    assert_eq!(error.code(), "config.not-an-object");
}

#[test]
fn symbolic_links_are_followed_to_the_real_file() {
    let home = Home::with(&[
        ("real/config.json5", "{$include: './a.json5', x: 1}"),
        ("real/a.json5", "{y: 1}"),
    ]);
    symlink("real/config.json5", home.path("openclaw.json")).unwrap();
    // OpenClaw takes the link's own directory for relative names.
    symlink("real/a.json5", home.path("a.json5")).unwrap();
    let changed = home.edited(&set(&["x"], 2)).unwrap();
    assert_eq!(changed[0].0, "real/config.json5");
    let changed = home.edited(&set(&["y"], 2)).unwrap();
    assert_eq!(changed, [("real/a.json5".to_owned(), "{y: 2}".to_owned())]);
}

#[test]
fn a_missing_or_unreadable_config_is_named() {
    let home = Home::with(&[]);
    let error = home.load().unwrap_err();
    assert_eq!(error.code(), "config.missing");
    assert!(error.message().contains(&*home.path("openclaw.json").to_string_lossy()));
    fs::create_dir(home.path("openclaw.json")).unwrap();
    let error = home.load().unwrap_err();
    let cause = Cause::Io("it is a directory, not a regular file".to_owned());
    assert_eq!((error.code(), &error.cause), ("config.unreadable", &cause));
}

/// Why the include at `key` of a config is refused.
#[track_caller]
fn refusal(home: &Home, key: &str, place: &str) -> String {
    let error = home.load().unwrap_err();
    assert_eq!(error.code(), "config.include-unreadable");
    let Includer { file, key: named, place: at } = *error.includer.unwrap();
    assert_eq!((named.to_string().as_str(), at.to_string().as_str()), (key, place));
    assert_eq!(file.parent(), home.path("openclaw.json").parent());
    format!("{:?}", error.cause)
}

#[test]
fn an_include_that_openclaw_refuses_is_refused() {
    let with =
        |name: &str| Home::with(&[("openclaw.json", &format!("{{\n p: {{$include: '{name}'}}}}"))]);
    let (key, place) = ("p.$include", "2:6");
    assert_eq!(refusal(&with("./none.json5"), key, place), "Missing");
    assert_eq!(refusal(&with("../x.json5"), key, place), "Outside");
    assert_eq!(refusal(&with("/etc/hostname"), key, place), "Outside");
    assert_eq!(refusal(&with("./openclaw.json"), key, place), "Loop");
    assert_eq!(refusal(&with("."), key, place), r#"Io("it is a directory, not a regular file")"#);

    let escaping = with("./link.json5");
    symlink("/etc/hostname", escaping.path("link.json5")).unwrap();
    assert_eq!(refusal(&escaping, key, place), "Outside");

    let linked = with("./a.json5");
    fs::write(linked.path("a.json5"), "{}").unwrap();
    fs::hard_link(linked.path("a.json5"), linked.path("b.json5")).unwrap();
    assert_eq!(refusal(&linked, key, place), "HardLinked");

    let large = with("./a.json5");
    fs::write(large.path("a.json5"), " ".repeat(2 * 1024 * 1024) + "{}").unwrap();
    assert_eq!(refusal(&large, key, place), "TooLarge");

    let blank = with("./a.json5");
    fs::write(blank.path("a.json5"), "// nothing").unwrap();
    assert_eq!(refusal(&blank, key, place), "Blank");
}

#[test]
fn ten_levels_are_followed_and_no_more() {
    let chain = |levels: usize| {
        let home = Home::with(&[("openclaw.json", "{$include: './1.json5'}")]);
        for level in 1..=levels {
            let text = format!("{{$include: './{}.json5'}}", level + 1);
            fs::write(home.path(&format!("{level}.json5")), text).unwrap();
        }
        fs::write(home.path(&format!("{levels}.json5")), "{end: 1}").unwrap();
        home
    };
    assert_eq!(chain(10).load().unwrap().effective(), &json(r#"{"end":1}"#));
    assert_eq!(refusal(&chain(11), "$include", "1:2"), "IncludedTooDeep");
}

#[test]
fn a_malformed_include_is_named() {
    let key = || KeyPath::from(["$include"]);
    for (text, cause) in [
        ("{$include: 1}", Cause::NotAFileName(key())),
        ("{$include: ['./a.json5', null]}", Cause::NotAFileName(key())),
        ("{$include: './a.json5', x: 1}", Cause::IncludesNoObject(key())),
    ] {
        let home = Home::with(&[("openclaw.json", text), ("a.json5", "[1]")]);
        let error = home.load().unwrap_err();
        assert_eq!((error.code(), error.cause), ("config.bad-include", cause), "{text}");
    }
    let home = Home::with(&[("openclaw.json", "{$include: './a.json5'}"), ("a.json5", "{x 1}")]);
    let error = home.load().unwrap_err();
    let place = format!("{}, line 1, column 4", home.path("a.json5").display());
    assert!(error.message().starts_with(&place));
}

#[test]
fn no_debug_output_holds_a_secret() {
    let home = Home::with(&[("openclaw.json", "{clientSecret: 'hunter2'}")]);
    let config = home.load().unwrap();
    let changed = config.edit(&[set(&["clientSecret"], "hunter3")]).unwrap();
    assert!(!format!("{config:?} {changed:?}").contains("hunter"));
}
