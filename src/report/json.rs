//! The form of every JSON document that the program prints.

use serde_json::{Map, Value, json};

use crate::language::Explain;

/// The version of the documents' schema; it rises when a key changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// A document of `command`, with its own keys, those of an object, after the common ones.
pub fn document(command: &str, ok: bool, body: impl Into<Value>) -> Value {
    let mut document = Map::new();
    document.insert("schemaVersion".to_owned(), json!(SCHEMA));
    document.insert("command".to_owned(), json!(command));
    document.insert("ok".to_owned(), json!(ok));
    if let Value::Object(body) = body.into() {
        document.extend(body);
    }
    Value::Object(document)
}

/// An error as data: its code never changes, its texts are in the reader's language.
pub fn error(error: &dyn Explain) -> Value {
    json!({
        "code": error.code(),
        "message": error.message(),
        "fixHint": error.hint(),
        "evidence": error.evidence(),
    })
}
