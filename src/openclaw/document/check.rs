//! The two proofs that every edit passes before anyone sees its result.

use super::edit::Edit;
use super::error::{Check, EditError};
use super::splice::{Splice, apply, is_same_outside};
use super::value::Value;
use super::{Document, KeyPath};

/// The document with the splices made: still JSON5, and unchanged outside them.
pub(super) fn spliced(
    document: &Document,
    splices: &[Splice],
    edit: &Edit,
) -> Result<Document, EditError> {
    let failed = |check| failure(document, edit.path(), check);
    let text = apply(&document.text, splices).ok_or_else(|| failed(Check::Splices))?;
    if !is_same_outside(&document.text, &text, splices) || text == document.text {
        return Err(failed(Check::BytesOutside));
    }
    Document::of_text(&document.path, text).map_err(|_| failed(Check::Syntax))
}

/// Whether the edited document means what the edit intended.
pub(super) fn means(document: &Document, intended: &Value, edit: &Edit) -> Result<(), EditError> {
    if document.value == *intended {
        return Ok(());
    }
    Err(failure(document, edit.path(), Check::Meaning))
}

fn failure(document: &Document, key: &KeyPath, check: Check) -> EditError {
    EditError::Internal { path: document.path.clone(), key: key.clone(), check }
}
