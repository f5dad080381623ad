//! What a connector's own files say of an `OpenClaw` on which nobody has tried it.

use semver::Version as Semver;

use super::adaptation::{Change, Host, Original};
use super::admits;
use super::catalogue::{Answer, Catalogue};
use super::imports::{Exports, Import, imports, is_module};
use crate::openclaw::Version;

/// What is expected of a pair that neither a cell nor a rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// How the bot would do; `Answers`: nothing speaks against it.
    pub answer: Answer,
    /// The host lacks what is loaded: nothing of this is a guess.
    pub is_certain: bool,
    pub(crate) reasons: Vec<String>,
}

impl Prediction {
    /// Reads it from the connector's imports, its form, and what it says of its host; `None` where
    /// the host cannot be read.
    pub fn of(connector: &Original<'_>, host: Host<'_>, catalogue: &Catalogue) -> Option<Self> {
        let exports = host.exports?;
        let (mut certain, mut doubts) = (Vec::new(), Vec::new());
        for (path, imports) in connector.imports {
            for import in imports.iter().filter(|import| import.asks_the_host()) {
                let Some((what, is_fatal)) = lack(path, import, connector, exports) else {
                    continue;
                };
                let reasons = if is_fatal { &mut certain } else { &mut doubts };
                reasons.push(what);
            }
        }
        let form = catalogue.form(connector.package, host.version);
        doubts.extend(form.map(|(_, seen)| say!("its form leads to: {seen}", seen)));
        let range = connector.package.host.as_deref();
        let wanted = range.filter(|range| !admits(range, &host.version.to_string()));
        doubts.extend(wanted.map(|range| say!("it asks for OpenClaw {range}", range)));
        let is_certain = !certain.is_empty();
        let of_form = form.map_or(Answer::Answers, |(answer, _)| answer);
        let answer = if is_certain { Answer::Fails } else { of_form };
        let mut reasons = if is_certain { certain } else { doubts };
        reasons.sort();
        reasons.dedup();
        Some(Self { answer, is_certain, reasons })
    }

    /// The same of a connector as these changes make it.
    pub fn of_changed(
        connector: &Original<'_>,
        changes: &[Change],
        host: Host<'_>,
        catalogue: &Catalogue,
    ) -> Option<Self> {
        let change = |path: &str| changes.iter().find(|change| change.path == path);
        let text = |path: &str| {
            change(path).map_or_else(|| (connector.text)(path), |change| change.new.clone())
        };
        let mut found = connector.imports.clone();
        for change in changes.iter().filter(|change| is_module(&change.path)) {
            let new = change.new.as_deref().unwrap_or_default();
            found.insert(change.path.clone(), imports(new));
        }
        let then = Original { imports: &found, text: &text, package: connector.package };
        Self::of(&then, host, catalogue)
    }

    /// Whether anything speaks against the pair.
    pub fn has_doubts(&self) -> bool {
        !self.reasons.is_empty()
    }

    /// The same in words.
    pub fn text(&self, connector: &Semver, openclaw: Version) -> String {
        let none = || say!("this OpenClaw exports whatever is loaded at the start");
        let reasons = self.reasons.join("; ");
        let reasons = if reasons.is_empty() { none() } else { reasons };
        if self.is_certain {
            say!(
                "connector {connector} cannot work on OpenClaw {openclaw} (predicted from its imports; not measured): {reasons}",
                connector,
                openclaw,
                reasons
            )
        } else {
            say!(
                "connector {connector} was not measured on OpenClaw {openclaw}; predicted from its imports: {reasons}",
                connector,
                openclaw,
                reasons
            )
        }
    }
}

/// What of an import the host does not have, and whether the module cannot be loaded without it. It
/// is missed when modules are linked; in TypeScript, and of an `import(…)`, not before it is used.
fn lack(
    path: &str,
    import: &Import,
    connector: &Original<'_>,
    exports: &Exports,
) -> Option<(String, bool)> {
    let module = &import.specifier;
    let text = (connector.text)(path);
    let before = text.as_ref().and_then(|text| text.get(..import.place.start - 1));
    let is_linked =
        !path.ends_with("ts") && before.is_some_and(|text| !text.trim_end().ends_with('('));
    if !exports.has(module) {
        let is_fatal = import.at_load || is_linked;
        return Some((say!("{module} is not exported ({path})", module, path), is_fatal));
    }
    let exported = exports.names(module).filter(|_| is_linked)?;
    let name = import.names.iter().flatten().find(|name| !exported.contains(*name))?;
    Some((say!("{module} does not export {name} ({path})", module, name, path), true))
}

#[cfg(test)]
mod tests;
