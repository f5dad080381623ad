//! What a payload says about itself: `package.json` and `openclaw.plugin.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::manifest::{Node, TreeManifest};
use crate::language::Problem;

/// The id of the connector as plugin and as channel, in every version of it.
pub const CONNECTOR_ID: &str = "dingtalk-connector";
/// The npm package's own description.
pub const PACKAGE_JSON: &str = "package.json";
/// The plugin manifest that `OpenClaw` reads.
pub const PLUGIN_JSON: &str = "openclaw.plugin.json";

/// What `OpenClaw` starts a plugin from if it names no entry.
pub const DEFAULT_ENTRIES: [&str; 4] = ["index.ts", "index.js", "index.mjs", "index.cjs"];

/// The facts of a `package.json` that matter to an installation.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// `name`; the connector has borne three names.
    pub name: String,
    /// `version`; not always the same as the plugin manifest's.
    pub version: String,
    /// `openclaw.extensions`: the files that `OpenClaw` loads.
    pub entries: Vec<String>,
    /// `openclaw.install.npmSpec` is there: from 2026.7.1 on `OpenClaw` lists it in its catalogue.
    pub names_npm: bool,
    /// `peerDependencies.openclaw`: the range of `OpenClaw` that it asks for.
    pub host: Option<String>,
    /// `dependencies`: package to range.
    pub dependencies: BTreeMap<String, String>,
    /// `optionalDependencies`: package to range.
    pub optional_dependencies: BTreeMap<String, String>,
    /// `overrides`, as npm understands them.
    pub overrides: Map<String, Value>,
}

impl Package {
    /// Reads the facts from the file's bytes; `payload` is for messages.
    pub fn parse(bytes: Option<&[u8]>, payload: &Path) -> Result<Self, Problem> {
        let file = FactFile { payload, name: PACKAGE_JSON };
        let object = file.object(bytes)?;
        let openclaw = object.get("openclaw");
        let extensions = openclaw.and_then(|openclaw| openclaw.get("extensions"));
        let npm_spec = openclaw.and_then(|openclaw| openclaw.get("install")?.get("npmSpec"));
        let host = object.get("peerDependencies").and_then(|peers| peers.get("openclaw")?.as_str());
        Ok(Self {
            name: file.text(&object, "name")?,
            version: file.text(&object, "version")?,
            entries: file.texts(extensions, "openclaw.extensions")?,
            names_npm: npm_spec.is_some(),
            host: host.map(str::to_owned),
            dependencies: file.ranges(&object, "dependencies")?,
            optional_dependencies: file.ranges(&object, "optionalDependencies")?,
            overrides: match object.get("overrides") {
                Some(Value::Object(overrides)) => overrides.clone(),
                _ => Map::new(),
            },
        })
    }

    /// Checks that what `OpenClaw` loads is in the tree: without it, `OpenClaw` calls its whole
    /// configuration invalid and does not start.
    pub(super) fn expect_entries(
        &self,
        tree: &TreeManifest,
        payload: &Path,
    ) -> Result<(), Problem> {
        let file = FactFile { payload, name: PACKAGE_JSON };
        let there = |entry: &str| {
            let path = entry.trim_start_matches("./");
            matches!(tree.get(path), Some(Node::File { .. } | Node::Symlink { .. }))
        };
        let missing = if self.entries.is_empty() {
            let any = DEFAULT_ENTRIES.iter().any(|entry| there(entry));
            (!any).then_some(DEFAULT_ENTRIES[0])
        } else {
            self.entries.iter().map(String::as_str).find(|entry| !there(entry))
        };
        missing.map_or(Ok(()), |entry| {
            let what = say!("it names the entry {entry}, which is not in the payload", entry);
            let hint = say!(
                "Install the published package; a copy of the sources may still have to be built."
            );
            Err(Problem { hint, ..file.flaw("payload.entry-missing", &what) })
        })
    }
}

/// The facts of a plugin manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginManifest {
    /// `version`; absent from connector 0.8.14 on.
    pub version: Option<String>,
    /// `channelConfigs.dingtalk-connector.schema`: rules the channel's block in the config;
    /// enforced by `OpenClaw` from 2026.3.28 on.
    pub channel_schema: Option<Value>,
}

impl PluginManifest {
    /// Reads the manifest from its bytes, and checks that it is the connector's: the id, the
    /// channel (connectors 0.8.14 and 0.8.15 lack it) and an object as `configSchema`.
    pub fn parse(bytes: Option<&[u8]>, payload: &Path) -> Result<Self, Problem> {
        let file = FactFile { payload, name: PLUGIN_JSON };
        let object = file.object(bytes)?;
        let found = file.text(&object, "id")?;
        if found != CONNECTOR_ID {
            return Err(file.other_plugin(
                "payload.wrong-id",
                &say!(
                    "the id is “{found}”; the DingTalk connector's is “{CONNECTOR_ID}”",
                    found,
                    CONNECTOR_ID
                ),
            ));
        }
        let channels = file.texts(object.get("channels"), "channels")?;
        if !channels.iter().any(|channel| channel == CONNECTOR_ID) {
            return Err(file.other_plugin(
                "payload.no-channel",
                &say!(
                    "“channels” does not list “{CONNECTOR_ID}”, so OpenClaw would call its configuration invalid",
                    CONNECTOR_ID
                ),
            ));
        }
        // it rules `plugins.entries.<id>.config`, not the channel
        if !object.get("configSchema").is_some_and(Value::is_object) {
            return Err(file.wrong("configSchema", &say!("an object")));
        }
        let channel_schema = object
            .get("channelConfigs")
            .and_then(|channels| channels.get(CONNECTOR_ID))
            .and_then(|channel| channel.get("schema"));
        Ok(Self {
            version: object.get("version").and_then(Value::as_str).map(str::to_string),
            channel_schema: channel_schema.cloned(),
        })
    }
}

/// A fact file under inspection.
struct FactFile<'a> {
    /// The archive or directory, absolute.
    payload: &'a Path,
    name: &'static str,
}

impl FactFile<'_> {
    /// Reads the file as strict JSON, as `OpenClaw` 2026.3.13 does: no comment, no BOM.
    fn object(&self, bytes: Option<&[u8]>) -> Result<Map<String, Value>, Problem> {
        let missing = || self.flaw("payload.manifest-missing", &say!("the file is missing"));
        let bytes = bytes.ok_or_else(missing)?;
        if bytes.starts_with(b"\xef\xbb\xbf") {
            let what = say!("it starts with a byte order mark, which OpenClaw cannot read");
            return Err(self.flaw("payload.manifest-bom", &what));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(self.flaw("payload.manifest-value", &say!("it is not an object"))),
            // the parser's reason ends with line and column
            Err(cause) => {
                Err(self.flaw("payload.manifest-syntax", &say!("not valid JSON: {cause}", cause)))
            }
        }
    }

    /// A string that must be there and must not be empty.
    fn text(&self, object: &Map<String, Value>, key: &str) -> Result<String, Problem> {
        match object.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            _ => Err(self.wrong(key, &say!("a string"))),
        }
    }

    /// A list of strings; one that is absent is empty.
    fn texts(&self, value: Option<&Value>, key: &str) -> Result<Vec<String>, Problem> {
        let texts = value.map_or(Ok(Vec::new()), Vec::deserialize);
        texts.map_err(|_| self.wrong(key, &say!("a list of strings")))
    }

    /// npm's ranges by package; none where the key is absent.
    fn ranges(
        &self,
        object: &Map<String, Value>,
        key: &str,
    ) -> Result<BTreeMap<String, String>, Problem> {
        let ranges = object.get(key).map_or(Ok(BTreeMap::new()), BTreeMap::deserialize);
        ranges.map_err(|_| self.wrong(key, &say!("an object of strings")))
    }

    /// A key is missing or has a value of the wrong kind.
    fn wrong(&self, key: &str, expected: &str) -> Problem {
        let what = say!("“{key}” must be {expected}", key, expected);
        self.flaw("payload.manifest-value", &what)
    }

    fn flaw(&self, code: &'static str, what: &str) -> Problem {
        let message = say!(
            "{payload}: {file}: {what}",
            payload = self.payload.display(),
            file = self.name,
            what
        );
        let hint = say!("Get the connector again from its publisher; nothing was written.");
        Problem::new(code, message, hint)
    }

    fn other_plugin(&self, code: &'static str, what: &str) -> Problem {
        let hint = say!("Give the DingTalk connector as SOURCE; nothing was written.");
        Problem { hint, ..self.flaw(code, what) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PluginManifest, Problem> {
        PluginManifest::parse(Some(text.as_bytes()), Path::new("/payload"))
    }

    #[test]
    fn the_manifest_of_a_connector_is_read() {
        let manifest = parse(
            r#"{"id":"dingtalk-connector","version":"0.8.13","channels":["dingtalk-connector"],
            "configSchema":{"type":"object"},
            "channelConfigs":{"dingtalk-connector":{"schema":{"additionalProperties":false}}}}"#,
        )
        .unwrap();
        assert_eq!(manifest.version.as_deref(), Some("0.8.13"));
        assert_eq!(manifest.channel_schema.unwrap()["additionalProperties"], false);
    }

    #[test]
    fn each_flaw_is_told_by_its_name() {
        let channels = r#""channels":["dingtalk-connector"]"#;
        for (text, code, reason) in [
            ("\u{feff}{}".to_string(), "payload.manifest-bom", "byte order mark"),
            ("[]".into(), "payload.manifest-value", "it is not an object"),
            ("{}".into(), "payload.manifest-value", "“id” must be a string"),
            (r#"{"id":"dingtalk"}"#.into(), "payload.wrong-id", "“dingtalk”"),
            (r#"{"id":"dingtalk-connector"}"#.into(), "payload.no-channel", "“channels”"),
            (
                r#"{"id":"dingtalk-connector","channels":"x"}"#.into(),
                "payload.manifest-value",
                "“channels” must be a list of strings",
            ),
            (
                format!(r#"{{"id":"dingtalk-connector",{channels},"configSchema":true}}"#),
                "payload.manifest-value",
                "“configSchema” must be an object",
            ),
            ("{\n  // comment\n}".into(), "payload.manifest-syntax", "line 2 column 3"),
        ] {
            let problem = parse(&text).unwrap_err();
            assert_eq!(problem.code, code, "{text}");
            assert!(problem.message.contains(reason), "{problem:?}");
        }
        let missing = PluginManifest::parse(None, Path::new("/payload")).unwrap_err();
        assert_eq!(missing.code, "payload.manifest-missing");
    }
}
