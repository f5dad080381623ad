//! What a connector imports, and what an `OpenClaw` exports to it: read from the text, never run; and the
//! link in a connector's tree through which it finds the `OpenClaw` that runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::NODE_MODULES;
use super::facts::{DEFAULT_ENTRIES, PACKAGE_JSON, Package};
use crate::fs::foreign;
use crate::fs::stage::{Stage, remove_tree};
use crate::language::Problem;

/// The package that is a plugin's host.
const HOST: &str = "openclaw";

/// Its module of everything, gone from 2026.8.1 on.
const BARE: &str = "openclaw/plugin-sdk";

/// How a file that is loaded as code may end; in this order a name without an end is tried.
const ENDS: [&str; 6] = ["ts", "js", "mjs", "cjs", "mts", "cts"];

/// One import, of the host or of a file of the connector's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// What is imported: `./beside.mjs`, `openclaw/plugin-sdk/core`.
    pub specifier: String,
    /// Where that stands in the text, without its quotes.
    pub place: Range<usize>,
    /// The names that are taken; `None`: all of them, or it cannot be read which.
    pub names: Option<Vec<String>>,
    /// Only types are taken: nothing of it is left when it runs.
    pub types_only: bool,
    /// It is asked for as soon as the module is loaded, and what it gives is used.
    pub at_load: bool,
}

impl Import {
    /// Whether this is an import of the host, and not of types alone.
    pub fn asks_the_host(&self) -> bool {
        !self.types_only && is_within(&self.specifier, HOST)
    }
}

fn is_within(specifier: &str, package: &str) -> bool {
    specifier.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The imports of a module's text: `from "…"`, `import "…"`, `import("…")`, `require("…")`, and what
/// bundlers make of it. A line that is a comment says none.
pub fn imports(text: &str) -> Vec<Import> {
    text.match_indices(['"', '\'', '`'])
        .filter_map(|(at, quote)| import_at(text, at, quote))
        .collect()
}

fn import_at(text: &str, at: usize, quote: &str) -> Option<Import> {
    let rest = &text[at + 1..];
    if !["./", "../", HOST].iter().any(|start| rest.starts_with(start)) {
        return None;
    }
    let specifier = &rest[..rest.find(quote)?];
    if !specifier.starts_with('.') && !is_within(specifier, HOST) || specifier.contains('\n') {
        return None;
    }
    let line = text[..at].rsplit('\n').next().unwrap_or_default().trim_start();
    if ["//", "*", "/*"].iter().any(|comment| line.starts_with(comment)) {
        return None;
    }
    let before = text[..at].trim_end();
    let (names, types_only, at_load) = if let Some(rest) = ends_with_word(before, "from") {
        let (names, types_only) = of_clause(&rest[last_statement(rest)?..]);
        // TypeScript leaves out what is not used
        let is_called = |name: &String| text.contains(&format!("{name}("));
        let is_used = names.as_ref().is_none_or(|names| names.iter().any(is_called));
        (names, types_only, is_used && !types_only)
    } else if let Some(call) = before.strip_suffix('(').map(str::trim_end) {
        let statement = text[..at].rsplit('\n').next().unwrap_or_default();
        let (rest, waits) = match ends_with_word(call, "import") {
            Some(rest) => (rest, statement.contains("await ")),
            None => (required(call)?, true),
        };
        (destructured(rest), false, waits && runs_at_load(statement))
    } else {
        ends_with_word(before, "import")?;
        (Some(Vec::new()), false, true)
    };
    let place = at + 1..at + 1 + specifier.len();
    Some(Import { specifier: specifier.to_owned(), place, names, types_only, at_load })
}

/// The text before `require`, before a bundler's name for it, or before `createRequire(…)`.
fn required(call: &str) -> Option<&str> {
    let named = ["require", "__require"].iter().find_map(|word| ends_with_word(call, word));
    named.or_else(|| {
        let (rest, of) = call.strip_suffix(')')?.rsplit_once("createRequire(")?;
        let is_whole = of.matches('(').count() == of.matches(')').count();
        (is_whole && !of.contains([';', '\n'])).then_some(rest)
    })
}

/// Whether a line that ends in a call stands in no function.
fn runs_at_load(line: &str) -> bool {
    let is_inside = line.starts_with(char::is_whitespace) || line.contains("=>");
    !is_inside && !line.contains("function")
}

/// The text before its last word, if it is this one.
fn ends_with_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_suffix(word)?;
    (!rest.ends_with(is_of_word)).then_some(rest)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || c == '.'
}

/// Where what follows the last `import` or `export` begins.
fn last_statement(text: &str) -> Option<usize> {
    let starts = text.rmatch_indices("import").chain(text.rmatch_indices("export"));
    let is_word = |at: &usize| {
        !text[..*at].ends_with(is_of_word) && !text[at + "import".len()..].starts_with(is_of_word)
    };
    Some(starts.map(|(at, _)| at).filter(is_word).max()? + "import".len())
}

/// What a clause takes: `{ a, b as c }`, `type { T }`, `* as all`, `fallback`.
fn of_clause(clause: &str) -> (Option<Vec<String>>, bool) {
    let clause = clause.trim();
    if clause.strip_prefix("type").is_some_and(|rest| rest.trim_start().starts_with(['{', '*'])) {
        return (Some(Vec::new()), true);
    }
    let named = clause.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let Some(listed) = named.map(listed) else { return (None, false) };
    let (types, values): (Vec<_>, _) =
        listed.into_iter().partition(|name| name.starts_with("type "));
    let types_only = values.is_empty() && !types.is_empty();
    (Some(values), types_only)
}

/// `const { a, b: c } = await import(…)`: the names that are taken.
fn destructured(before: &str) -> Option<Vec<String>> {
    let before = before.trim_end();
    let before = before.strip_suffix("await").unwrap_or(before).trim_end();
    let inner = before.strip_suffix('=')?.trim_end().strip_suffix('}')?;
    let inner = &inner[inner.rfind('{')? + 1..];
    Some(listed(inner))
}

fn listed(names: &str) -> Vec<String> {
    let first = |name: &str| name.split(" as ").next().unwrap_or_default().trim().to_owned();
    let first = |name: &str| first(name.split([':', '=']).next().unwrap_or_default());
    names.split(',').map(first).filter(|name| !name.is_empty()).collect()
}

/// Whether a path of a connector may be loaded as its own code.
pub fn is_module(path: &str) -> bool {
    let end = path.rsplit_once('.').map(|(_, end)| end);
    end.is_some_and(|end| ENDS.contains(&end)) && !path.split('/').any(|part| part == NODE_MODULES)
}

/// The modules that a connector's entries lead to, each with its imports. `read` gives those of a
/// path relative to its root, if a module is there.
pub fn reached(
    package: &Package,
    mut read: impl FnMut(&str) -> Option<Vec<Import>>,
) -> BTreeMap<String, Vec<Import>> {
    let mut found: BTreeMap<String, Vec<Import>> = BTreeMap::new();
    let entries =
        package.entries.iter().map(|entry| vec![entry.trim_start_matches("./").to_owned()]);
    let mut open: Vec<Vec<String>> = entries.collect();
    if open.is_empty() {
        open.push(DEFAULT_ENTRIES.map(str::to_owned).to_vec());
    }
    while let Some(candidates) = open.pop() {
        for path in candidates.into_iter().filter(|path| is_module(path)) {
            if found.contains_key(&path) {
                break;
            }
            if let Some(imports) = read(&path) {
                let own = imports.iter().filter(|import| !import.types_only);
                open.extend(own.filter_map(|import| candidates_of(&path, &import.specifier)));
                found.insert(path, imports);
                break;
            }
        }
    }
    found
}

/// The files that a relative specifier may mean, the likeliest first.
fn candidates_of(importer: &str, specifier: &str) -> Option<Vec<String>> {
    if !specifier.starts_with('.') {
        return None;
    }
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let source = path.strip_suffix("js").map(|stem| format!("{stem}ts"));
    let with_end = ENDS.iter().map(|end| format!("{path}.{end}"));
    let of_folder = ENDS.iter().map(|end| format!("{path}/index.{end}"));
    let others: Vec<_> = source.into_iter().chain(with_end).chain(of_folder).collect();
    Some(std::iter::once(path).chain(others).collect())
}

/// What an `OpenClaw` package exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exports {
    package: PathBuf,
    /// The file for each subpath.
    targets: BTreeMap<String, String>,
}

impl Exports {
    /// Reads them; `None` where the package has no list of them.
    pub fn of(package: &Path) -> Option<Self> {
        let json = foreign::json(&package.join(PACKAGE_JSON))?;
        let subpaths = json.get("exports")?.as_object()?.iter();
        let targets = subpaths.filter_map(|(path, value)| Some((path.clone(), target(value)?)));
        Some(Self { package: package.to_owned(), targets: targets.collect() })
    }

    /// Whether a connector finds `openclaw/…` there.
    pub fn has(&self, specifier: &str) -> bool {
        self.target(specifier).is_some()
    }

    fn target(&self, specifier: &str) -> Option<&String> {
        self.targets.get(&format!(".{}", specifier.strip_prefix(HOST)?))
    }

    /// The names that such a module exports, where its text tells all of them. Behind the bare
    /// `openclaw/plugin-sdk` stands a proxy that has more than its file (`root-alias.cjs`).
    pub fn names(&self, specifier: &str) -> Option<BTreeSet<String>> {
        if specifier == BARE {
            return None;
        }
        let bytes = foreign::glance(&self.package.join(self.target(specifier)?))?;
        exported(&String::from_utf8(bytes).ok()?)
    }
}

/// The file behind a subpath, whatever the conditions are nested in.
fn target(value: &Value) -> Option<String> {
    match value {
        Value::String(file) => Some(file.clone()),
        Value::Object(conditions) => ["node", "import", "default", "require"]
            .iter()
            .find_map(|name| target(conditions.get(*name)?)),
        _ => None,
    }
}

/// The names in `export { … };` as a bundler writes it; `None` where a module exports otherwise.
fn exported(text: &str) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("export")) {
        let inner = line.strip_prefix("export {")?.split_once('}')?.0;
        let last = |name: &str| name.rsplit(" as ").next().unwrap_or_default().trim().to_owned();
        names.extend(inner.split(',').map(last));
    }
    (!names.is_empty()).then_some(names)
}

/// Where that link lies in the tree.
pub const HOST_LINK: &str = "node_modules/openclaw";

/// Puts the link to OpenClaw's package into a tree that is being made, in place of whatever npm or
/// the payload has put there.
pub fn link_host(stage: &mut Stage, host: &Path) -> Result<(), Problem> {
    let link = Path::new(HOST_LINK);
    remove_tree(stage.as_fd(), link, &stage.path().join(link))?;
    stage.symlink(link, host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_import_is_read_with_its_names() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        for (text, taken, types_only) in [
            (r#"import { a, b as c } from "openclaw/plugin-sdk""#, names(&["a", "b"]), false),
            ("import {\n  a,\n} from 'openclaw/plugin-sdk'", names(&["a"]), false),
            (r#"import type { A } from "openclaw/plugin-sdk""#, names(&[]), true),
            (r#"import { type A, b } from "openclaw/plugin-sdk""#, names(&["b"]), false),
            (r#"import { type A } from "openclaw/plugin-sdk""#, names(&[]), true),
            (r#"import * as all from "openclaw/plugin-sdk""#, None, false),
            (r#"export { a } from"openclaw/plugin-sdk""#, names(&["a"]), false),
            (r#"export * from "openclaw/plugin-sdk""#, None, false),
            (r#"import "openclaw/plugin-sdk""#, names(&[]), false),
            (
                r#"const { a, b: c } = await import("openclaw/plugin-sdk")"#,
                names(&["a", "b"]),
                false,
            ),
            ("const all = await import(`openclaw/plugin-sdk`) as any", None, false),
            (r#"const { a } = require("openclaw/plugin-sdk")"#, names(&["a"]), false),
            (
                r#"const { a } = createRequire(import.meta.url)("openclaw/plugin-sdk")"#,
                names(&["a"]),
                false,
            ),
            (
                r#"module.createRequire(fileURLToPath(import.meta.url))("openclaw/plugin-sdk")"#,
                None,
                false,
            ),
            (r#"var { a } = __require("openclaw/plugin-sdk")"#, names(&["a"]), false),
        ] {
            let found = imports(&format!("import x from \"axios\";\n{text};\n"));
            let [import] = &found[..] else { panic!("{text}: {found:?}") };
            assert_eq!(import.specifier, "openclaw/plugin-sdk");
            assert_eq!((&import.names, import.types_only), (&taken, types_only), "{text}");
        }
        for text in [
            r#"// import { a } from "openclaw/plugin-sdk""#,
            r#" * import { a } from "openclaw/plugin-sdk""#,
            r#"log("openclaw/plugin-sdk")"#,
            r#"createRequire(import.meta.url); log("openclaw/plugin-sdk")"#,
            r#"import { a } from "openclaw-other""#,
            r#"copied_from "openclaw/plugin-sdk""#,
            r#"import fs from "node:fs""#,
        ] {
            assert_eq!(imports(text), [], "{text}");
        }
    }

    #[test]
    fn only_what_the_entries_lead_to_is_reached() {
        let files = [
            (
                "dist/index.mjs",
                r#"import { a } from "./a.mjs"; import("openclaw/plugin-sdk/core")"#,
            ),
            ("dist/a.mjs", r#"export * from "../lib"; import "./index.mjs""#),
            ("lib/index.ts", r#"import type { T } from "./types.ts"; import "../../outside.js""#),
            ("lib/types.ts", ""),
            ("src/unused.ts", r#"import("openclaw/plugin-sdk/gone")"#),
        ];
        let package =
            br#"{"name": "x", "version": "1", "openclaw": {"extensions": ["./dist/index.mjs"]}}"#;
        let package = Package::parse(Some(package), Path::new("/x")).unwrap();
        let read = |path: &str| {
            files.iter().find(|(name, _)| *name == path).map(|(_, text)| imports(text))
        };
        let found = reached(&package, read);
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            ["dist/a.mjs", "dist/index.mjs", "lib/index.ts"]
        );
    }

    #[test]
    fn a_hosts_exports_are_read_with_their_names() {
        let host = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(host.path().join(name), text).unwrap();
        write(
            "package.json",
            r#"{"exports": {"./plugin-sdk/core": {"types": "./core.d.ts", "default": "./core.js"},
            "./plugin-sdk/all": "./all.js", "./plugin-sdk/none": null}}"#,
        );
        write("core.js", "import { t as a } from \"../a.js\";\nexport { a, b as c };\n");
        write("all.js", "export * from \"./core.js\";\n");
        let exports = Exports::of(host.path()).unwrap();
        assert!(
            exports.has("openclaw/plugin-sdk/core") && !exports.has("openclaw/plugin-sdk/none")
        );
        assert!(!exports.has("openclaw/plugin-sdk"));
        let names = exports.names("openclaw/plugin-sdk/core").unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(exports.names("openclaw/plugin-sdk/all"), None);
    }
}
