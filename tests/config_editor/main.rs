//! The config editor's promise: every byte outside the edited values survives (DESIGN I6).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod broken;
mod includes;
mod properties;
mod random;
mod styles;

use std::path::Path;

use openclaw_setup::openclaw::document::{Document, Edit};

/// The path that the tests' documents pretend to have.
const PATH: &str = "/home/user/.openclaw/openclaw.json";

fn parse(text: &str) -> Document {
    match Document::parse(Path::new(PATH), text.as_bytes()) {
        Ok(document) => document,
        Err(error) => panic!("{text:?}: {error:?}"),
    }
}

fn edited(text: &str, edits: &[Edit]) -> String {
    match parse(text).edit(edits) {
        Ok(document) => String::from_utf8(document.bytes().to_vec()).unwrap(),
        Err(error) => panic!("{text:?}: {error:?}"),
    }
}
