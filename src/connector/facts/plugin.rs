//! `openclaw.plugin.json`: what `OpenClaw` must find in it to know the channel.

use std::path::Path;

use serde_json::Value;

use super::{CONNECTOR_ID, FactFile, FactsError, Flaw, PLUGIN_JSON};

/// The facts of a plugin manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginManifest {
    /// `version`; absent from connector 0.8.14 on.
    pub version: Option<String>,
    /// `configSchema`: rules `plugins.entries.<id>.config`, not the channel.
    pub config_schema: Value,
    /// `channelConfigs.dingtalk-connector.schema`: rules the channel's block in the config;
    /// enforced by `OpenClaw` from 2026.3.28 on.
    pub channel_schema: Option<Value>,
}

impl PluginManifest {
    /// Reads the manifest from its bytes, and checks that it is the connector's: the id, the
    /// channel (connectors 0.8.14 and 0.8.15 lack it) and an object as `configSchema`.
    pub fn parse(bytes: Option<&[u8]>, payload: &Path) -> Result<Self, FactsError> {
        let file = FactFile { payload, name: PLUGIN_JSON };
        let object = file.object(bytes)?;
        let found = file.text(&object, "id")?;
        if found != CONNECTOR_ID {
            return Err(file.flaw(Flaw::WrongId { found }));
        }
        let channels = file.texts(object.get("channels"), "channels")?;
        if !channels.iter().any(|channel| channel == CONNECTOR_ID) {
            return Err(file.flaw(Flaw::NoChannel));
        }
        let config_schema = object.get("configSchema").filter(|schema| schema.is_object());
        let channel_schema = object
            .get("channelConfigs")
            .and_then(|channels| channels.get(CONNECTOR_ID))
            .and_then(|channel| channel.get("schema"));
        Ok(Self {
            version: object.get("version").and_then(Value::as_str).map(str::to_string),
            config_schema: config_schema
                .cloned()
                .ok_or_else(|| file.wrong("configSchema", "an object"))?,
            channel_schema: channel_schema.cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = "/payload";

    fn parse(text: &str) -> Result<PluginManifest, Flaw> {
        PluginManifest::parse(Some(text.as_bytes()), Path::new(PAYLOAD)).map_err(|error| error.flaw)
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
        assert!(manifest.config_schema.is_object());
        assert_eq!(manifest.channel_schema.unwrap()["additionalProperties"], false);
    }

    #[test]
    fn each_flaw_is_told_by_its_name() {
        let channels = r#""channels":["dingtalk-connector"]"#;
        let wrong = |key: &str, expected| Flaw::WrongValue { key: key.into(), expected };
        for (text, flaw) in [
            ("\u{feff}{}".to_string(), Flaw::ByteOrderMark),
            ("[]".into(), wrong("", "an object")),
            ("{}".into(), wrong("id", "a string")),
            (r#"{"id":"dingtalk"}"#.into(), Flaw::WrongId { found: "dingtalk".into() }),
            (r#"{"id":"dingtalk-connector"}"#.into(), Flaw::NoChannel),
            (
                r#"{"id":"dingtalk-connector","channels":"x"}"#.into(),
                wrong("channels", "a list of strings"),
            ),
            (
                format!(r#"{{"id":"dingtalk-connector",{channels},"configSchema":true}}"#),
                wrong("configSchema", "an object"),
            ),
        ] {
            assert_eq!(parse(&text), Err(flaw), "{text}");
        }
        let Err(Flaw::Syntax { line, column, .. }) = parse("{\n  // comment\n}") else {
            panic!("a comment passed");
        };
        assert_eq!((line, column), (2, 3));
        assert_eq!(
            PluginManifest::parse(None, Path::new(PAYLOAD)).unwrap_err().flaw,
            Flaw::Missing
        );
    }
}
