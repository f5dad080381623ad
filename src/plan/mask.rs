//! Files as a plan may show them: no secret in a diff.

use std::path::Path;

use super::diff;
use crate::openclaw::document::mask::is_secret_key;
use crate::openclaw::document::{Document, KeyPath};
use crate::transaction::step::{FileStep, Role};

/// The masked difference that a step makes; empty for our own records.
#[must_use]
pub fn difference(step: &FileStep) -> String {
    let text = |state: Option<&crate::fs::image::FileState>| {
        state.map(|state| String::from_utf8_lossy(&state.bytes).into_owned()).unwrap_or_default()
    };
    let (old, new) = (text(step.contents.before.as_ref()), text(step.contents.after.as_ref()));
    match step.role {
        Role::Record | Role::Connector => String::new(),
        Role::DropIn => diff::unified(&masked_unit(&old), &masked_unit(&new)),
        Role::Config | Role::Models => masked_documents(&step.path, &old, &new),
    }
}

fn masked_documents(path: &Path, old: &str, new: &str) -> String {
    let parse = |text: &str| Document::parse_any(path, text.as_bytes()).ok();
    let (Some(before), Some(after)) = (parse(old), parse(new)) else { return String::new() };
    let is_new = |key: &KeyPath| before.get(key.segments()) != after.get(key.segments());
    diff::unified(&before.masked(&|_| false), &after.masked(&is_new))
}

/// Masks the values of variables with a secret's name, and the user of a proxy's URL.
fn masked_unit(text: &str) -> String {
    text.split_inclusive('\n').map(masked_line).collect()
}

fn masked_line(line: &str) -> String {
    let is_secret = line.contains('=') && line.split(['=', '"', '\'', ' ']).any(is_secret_key);
    if is_secret {
        let end = &line[line.trim_end().len()..];
        let name = line.split('=').take(2).collect::<Vec<_>>().join("=");
        return format!("{name}=•••{end}");
    }
    match (line.find("://"), line.rfind('@')) {
        (Some(start), Some(at)) if start < at => {
            format!("{}://•••{}", &line[..start], &line[at..])
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked_line;

    #[test]
    fn variables_and_proxies_lose_their_secrets() {
        for (line, masked) in [
            ("Environment=OPENAI_API_KEY=sk-1\n", "Environment=OPENAI_API_KEY=•••\n"),
            ("Environment=\"GATEWAY_TOKEN=a b\"", "Environment=\"GATEWAY_TOKEN=•••"),
            (
                "Environment=http_proxy=http://u:p@10.0.0.1:3128\r\n",
                "Environment=http_proxy=http://•••@10.0.0.1:3128\r\n",
            ),
            ("Environment=no_proxy=localhost\n", "Environment=no_proxy=localhost\n"),
        ] {
            assert_eq!(masked_line(line), masked);
        }
    }
}
