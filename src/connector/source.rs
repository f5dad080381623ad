//! Where the connector comes from: what the operator named, or what is there.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use semver::Version;

use super::archive::Format;
use super::error;
use super::facts::{CONNECTOR_ID, PACKAGE_JSON, PLUGIN_JSON};
use crate::fs::exists;
use crate::language::Problem;

/// Where packages put connector payloads, as `dingtalk-connector/<version>/`.
pub const DEFAULT_PAYLOADS: &str = "/usr/share/openclaw-setup/connectors";
/// What is fetched if nothing is named and no payload is there.
pub const DEFAULT_PACKAGE: &str = "@dingtalk-real-ai/dingtalk-connector";

const NPM_PREFIX: &str = "npm:";

/// A place to get the connector from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory that holds the connector, by absolute path.
    Directory(PathBuf),
    /// An archive, by absolute path.
    Archive {
        /// The file.
        path: PathBuf,
        /// How it is packed.
        format: Format,
    },
    /// A package of the npm registry.
    Npm(NpmSpec),
}

/// An npm package, and the version wanted of it: a version, a range, or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmSpec {
    /// The name, with its scope.
    pub name: String,
    /// `None` for the registry's `latest`.
    pub version: Option<String>,
}

impl fmt::Display for NpmSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| write!(f, "@{version}"))
    }
}

impl Source {
    /// The source that `argument` names. Without one: the newest payload beneath `payloads`
    /// (usually [`DEFAULT_PAYLOADS`]), else [`DEFAULT_PACKAGE`].
    ///
    /// A directory may be a connector, or a folder of versions of it; of those, the newest is
    /// taken, in the order of semantic versioning.
    pub fn resolve(argument: Option<&OsStr>, payloads: &Path) -> Result<Self, Problem> {
        let Some(argument) = argument else {
            return Ok(connector_in(payloads)?.map_or_else(
                || Self::Npm(NpmSpec { name: DEFAULT_PACKAGE.to_string(), version: None }),
                Self::Directory,
            ));
        };
        let text = argument.to_str().unwrap_or_default();
        if let Some(spec) = text.strip_prefix(NPM_PREFIX) {
            return Ok(Self::Npm(NpmSpec::parse(spec)?));
        }
        if text.contains("://") {
            return Err(error::is_url(text));
        }
        let path =
            std::path::absolute(argument).map_err(error::reading(PathBuf::from(argument)))?;
        let metadata = match fs::metadata(&path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let package = NpmSpec::parse(text).is_ok() && Format::of_name(&path).is_none();
                return Err(error::not_found(&path, package.then_some(text)));
            }
            metadata => metadata.map_err(error::reading(&path))?,
        };
        if metadata.is_dir() {
            let found = connector_in(&path)?.ok_or_else(|| error::no_payload(&path))?;
            return Ok(Self::Directory(found));
        }
        let format = Format::of_name(&path).ok_or_else(|| error::unknown_format(&path))?;
        Ok(Self::Archive { path, format })
    }
}

impl NpmSpec {
    /// Parses `NAME[@VERSION]`. Only registry packages: no path, no URL, nothing that npm could
    /// take for an option.
    fn parse(text: &str) -> Result<Self, Problem> {
        let at = text.char_indices().skip(1).find(|(_, character)| *character == '@');
        let (name, version) = match at {
            Some((at, _)) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let word = |word: &str, more: &str| {
            let first = word.chars().next();
            first.is_some_and(|first| first.is_ascii_alphanumeric() || "^~*".contains(first))
                && word.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let bare = name.strip_prefix('@').unwrap_or(name);
        let slashes = usize::from(name.starts_with('@'));
        let named =
            bare.split('/').all(|part| word(part, "-._")) && bare.matches('/').count() == slashes;
        if !named || version.is_some_and(|version| !word(version, "-._+^~*")) {
            return Err(error::bad_npm_name(text));
        }
        Ok(Self { name: name.to_string(), version: version.map(str::to_string) })
    }
}

/// Every version in the folder `payloads`, the newest first.
pub fn stocked(payloads: &Path) -> Result<Vec<(Version, PathBuf)>, Problem> {
    versions_in(&payloads.join(CONNECTOR_ID))
}

/// The connector in a directory: itself, or its newest version beneath it.
fn connector_in(directory: &Path) -> Result<Option<PathBuf>, Problem> {
    if is_connector(directory)? {
        return Ok(Some(directory.to_path_buf()));
    }
    let named = directory.join(CONNECTOR_ID);
    let is_named = exists(&named).map_err(error::looking)?;
    let versions = versions_in(if is_named { &named } else { directory })?;
    Ok(versions.into_iter().next().map(|(_, path)| path))
}

fn versions_in(folder: &Path) -> Result<Vec<(Version, PathBuf)>, Problem> {
    let entries = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(error::reading(folder))?,
    };
    let mut versions = Vec::new();
    for entry in entries {
        let path = entry.map_err(error::reading(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Ok(version) = Version::parse(&name)
            && is_connector(&path)?
        {
            versions.push((version, path));
        }
    }
    versions.sort_by(|(one, _), (other, _)| other.cmp(one));
    Ok(versions)
}

fn is_connector(directory: &Path) -> Result<bool, Problem> {
    let has = |name| exists(&directory.join(name)).map_err(error::looking);
    Ok(has(PLUGIN_JSON)? || has(PACKAGE_JSON)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(argument: &str) -> Result<Source, &'static str> {
        Source::resolve(Some(OsStr::new(argument)), Path::new("/nonexistent"))
            .map_err(|error| error.code)
    }

    #[test]
    fn npm_names_are_taken_apart_and_nothing_else_passes() {
        for (given, name, version) in [
            ("npm:which", "which", None),
            ("npm:which@2.0.2", "which", Some("2.0.2")),
            ("npm:@soimy/dingtalk", "@soimy/dingtalk", None),
            ("npm:@a/b@^1.0.0-beta.1", "@a/b", Some("^1.0.0-beta.1")),
            ("npm:b@latest", "b", Some("latest")),
        ] {
            let version = version.map(str::to_string);
            let spec = NpmSpec { name: name.to_string(), version };
            assert_eq!(resolve(given), Ok(Source::Npm(spec)));
        }
        for given in [
            "npm:",
            "npm:@",
            "npm:@a",
            "npm:@a/b/c",
            "npm:a/b",
            "npm:--global",
            "npm:a@",
            "npm:..",
            "npm:a@--x",
            "npm:a@file:/etc",
            "npm:git+ssh://x",
            "npm:./a",
            "npm:@a/../b",
            "npm:a b",
        ] {
            assert_eq!(resolve(given), Err("payload.npm-name"), "{given}");
        }
    }

    #[test]
    fn of_several_versions_the_newest_is_taken() {
        let home = tempfile::tempdir().unwrap();
        let versions = home.path().join(CONNECTOR_ID);
        for version in ["0.8.3", "0.8.20", "0.8.21-beta.0", "0.9.0-not-a-payload", "latest"] {
            fs::create_dir_all(versions.join(version)).unwrap();
            if !version.contains("not") {
                fs::write(versions.join(version).join(PLUGIN_JSON), "{}").unwrap();
            }
        }
        let newest = Source::Directory(versions.join("0.8.21-beta.0"));
        for root in [home.path(), &versions] {
            let named = Source::resolve(Some(root.as_os_str()), Path::new("/nonexistent"));
            assert_eq!(named.unwrap(), newest);
            assert_eq!(Source::resolve(None, root).unwrap(), newest);
        }
        let stocked =
            stocked(home.path()).unwrap().into_iter().map(|(version, _)| version.to_string());
        assert_eq!(stocked.collect::<Vec<_>>(), ["0.8.21-beta.0", "0.8.20", "0.8.3"]);
        fs::create_dir(versions.join("0.8.21")).unwrap();
        fs::write(versions.join("0.8.21").join(PACKAGE_JSON), "{}").unwrap();
        let release = Source::Directory(versions.join("0.8.21"));
        assert_eq!(Source::resolve(None, home.path()).unwrap(), release);
    }

    #[test]
    fn a_name_of_npm_and_a_url_are_told_the_right_form() {
        for (given, code, told) in [
            ("dingtalk-connector", "payload.not-found", Some("npm:dingtalk-connector")),
            ("@a/b@0.8.3", "payload.not-found", Some("npm:@a/b@0.8.3")),
            ("missing.tgz", "payload.not-found", None),
            ("./missing", "payload.not-found", None),
            ("https://a/b/c-1.0.0.tgz?x", "payload.url", Some("install c-1.0.0.tgz --sha256")),
        ] {
            let refused = Source::resolve(Some(OsStr::new(given)), Path::new("/nonexistent"));
            let problem = refused.unwrap_err();
            assert_eq!(problem.code, code, "{given}");
            assert_eq!(problem.hint.contains("npm:"), code != "payload.url" && told.is_some());
            assert!(told.is_none_or(|told| problem.hint.contains(told)), "{}", problem.hint);
        }
    }

    #[test]
    fn what_is_no_source_is_told_apart() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("notes.txt"), "").unwrap();
        let at = |name: &str| home.path().join(name).to_string_lossy().into_owned();
        assert_eq!(resolve(&at("missing.tgz")), Err("payload.not-found"));
        assert_eq!(resolve(&at("notes.txt")), Err("payload.unknown-format"));
        assert_eq!(resolve(&at("")), Err("payload.none"));
        let nothing = Source::resolve(None, home.path()).unwrap();
        let default = NpmSpec { name: DEFAULT_PACKAGE.to_string(), version: None };
        assert_eq!(nothing, Source::Npm(default));
    }
}
