//! Where OpenClaw keeps what we manage, by its own rules.

use std::path::{Path, PathBuf};

use super::account::Surroundings;
use crate::language::Problem;

/// The id of the connector: plugin, channel and directory bear it.
pub const CONNECTOR: &str = crate::connector::CONNECTOR_ID;

/// The names that OpenClaw's state directory and config have had, newest first.
const NAMES: [&str; 4] = ["openclaw", "clawdbot", "moldbot", "moltbot"];

/// What the command line says about places.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// `--state-dir DIR`.
    pub state_dir: Option<PathBuf>,
    /// `--profile NAME`.
    pub profile: Option<String>,
}

/// A profile's name, as OpenClaw 2026.3.13 accepts it (`src/cli/profile-utils.ts`).
pub fn profile_name(text: &str) -> Result<String, String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !is_plain || !begins_well || text.len() > 64 {
        return Err(say!(
            "a profile's name has letters, digits, - and _, and begins with a letter or digit"
        ));
    }
    Ok(text.to_owned())
}

/// Refuses variables whose names of profile and unit lead elsewhere.
pub fn refuse_odd_names(surroundings: &Surroundings) -> Result<(), Problem> {
    let is_unit =
        |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c));
    let held = |variable| Some((variable, surroundings.text(variable)?));
    let profile = held("OPENCLAW_PROFILE").filter(|(_, name)| profile_name(name).is_err());
    let unit = held("OPENCLAW_SYSTEMD_UNIT").filter(|(_, name)| !is_unit(name));
    let odd = profile.or(unit).map(|(variable, name)| odd_name(variable, &name));
    odd.map_or(Ok(()), Err)
}

/// A name that would lead to another place than it says: it becomes part of paths.
fn odd_name(variable: &str, name: &str) -> Problem {
    let message = say!("{variable} is '{name}', which is not a valid name", variable, name);
    let hint = say!("Correct it, or run without it: env -u {variable} openclaw-setup …", variable);
    Problem::new("paths.odd-name", message, hint)
}

/// The places of one OpenClaw installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// OpenClaw's state directory, as named (it may be a symbolic link).
    pub state_dir: PathBuf,
    /// The config, as named.
    pub config: PathBuf,
    /// Where plugins are discovered.
    pub extensions: PathBuf,
    /// The live connector tree.
    pub connector: PathBuf,
    /// The agent model file that OpenClaw generates.
    pub models: PathBuf,
    /// Name of the gateway's unit.
    pub unit: String,
    /// `~/.config/systemd/user`; OpenClaw ignores `XDG_CONFIG_HOME` here.
    pub unit_dir: PathBuf,
    /// Our drop-in for that unit.
    pub drop_in: PathBuf,
}

impl Paths {
    /// Resolves the places as OpenClaw 2026.3.13 does (`src/config/paths.ts`, `infra/home-dir.ts`,
    /// `daemon/systemd.ts`); `exists` asks the disk.
    pub fn resolve(
        surroundings: &Surroundings,
        home: &Path,
        wishes: &Wishes,
        exists: &dyn Fn(&Path) -> bool,
    ) -> Self {
        let openclaw_home = surroundings
            .path("OPENCLAW_HOME")
            .map_or_else(|| home.to_owned(), |path| expand(&path, home));
        let profile = wishes
            .profile
            .clone()
            .or_else(|| surroundings.text("OPENCLAW_PROFILE"))
            .filter(|profile| !profile.eq_ignore_ascii_case("default"));
        let named = named_state_dir(surroundings, wishes, home, &openclaw_home);
        let state_dir = named.clone().unwrap_or_else(|| default_state_dir(&openclaw_home, exists));
        let extensions =
            named.unwrap_or_else(|| openclaw_home.join(".openclaw")).join("extensions");
        let config = config_file(surroundings, wishes, home, &openclaw_home, &state_dir, exists);
        let unit = unit_name(surroundings, profile.as_deref());
        let unit_dir = home.join(".config/systemd/user");
        Self {
            connector: extensions.join(CONNECTOR),
            extensions,
            models: state_dir.join("agents/main/agent/models.json"),
            drop_in: unit_dir.join(format!("{unit}.d/override.conf")),
            state_dir,
            config,
            unit,
            unit_dir,
        }
    }
}

impl Paths {
    /// The same places with the symbolic links of their directories followed: what we rename lies
    /// in real directories. The config and the connector's own name stay as they are.
    #[must_use]
    pub fn with_real_directories(self) -> Self {
        let extensions = real(&self.extensions);
        Self {
            state_dir: real(&self.state_dir),
            connector: extensions.join(CONNECTOR),
            extensions,
            ..self
        }
    }
}

/// The real form of a path: of as much of it as exists.
pub fn real(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match existing {
        Some((above, real)) => path.strip_prefix(above).map_or(real.clone(), |rest| {
            if rest.as_os_str().is_empty() { real } else { real.join(rest) }
        }),
        None => path.to_owned(),
    }
}

/// A state directory that somebody has named. Only `--profile` moves it: the variable
/// `OPENCLAW_PROFILE` alone changes the unit's name and nothing else.
fn named_state_dir(
    surroundings: &Surroundings,
    wishes: &Wishes,
    home: &Path,
    openclaw_home: &Path,
) -> Option<PathBuf> {
    let of_variable = || {
        surroundings
            .path("OPENCLAW_STATE_DIR")
            .or_else(|| surroundings.path("CLAWDBOT_STATE_DIR"))
            .map(|path| expand(&path, home))
    };
    let of_profile = || {
        let profile = wishes.profile.as_deref()?;
        (!profile.eq_ignore_ascii_case("default"))
            .then(|| openclaw_home.join(format!(".openclaw-{profile}")))
    };
    wishes.state_dir.clone().or_else(of_variable).or_else(of_profile)
}

fn default_state_dir(home: &Path, exists: &dyn Fn(&Path) -> bool) -> PathBuf {
    NAMES
        .iter()
        .map(|name| home.join(format!(".{name}")))
        .find(|candidate| exists(candidate))
        .unwrap_or_else(|| home.join(".openclaw"))
}

fn config_file(
    surroundings: &Surroundings,
    wishes: &Wishes,
    home: &Path,
    openclaw_home: &Path,
    state_dir: &Path,
    exists: &dyn Fn(&Path) -> bool,
) -> PathBuf {
    let named = surroundings
        .path("OPENCLAW_CONFIG_PATH")
        .or_else(|| surroundings.path("CLAWDBOT_CONFIG_PATH"))
        .filter(|_| wishes.state_dir.is_none());
    if let Some(path) = named {
        return expand(&path, home);
    }
    let defaults = NAMES.iter().map(|name| openclaw_home.join(format!(".{name}")));
    let alone = wishes.state_dir.is_some() || wishes.profile.is_some();
    std::iter::once(state_dir.to_owned())
        .chain(defaults.filter(|_| !alone))
        .flat_map(|directory| NAMES.map(|name| directory.join(format!("{name}.json"))))
        .find(|candidate| exists(candidate))
        .unwrap_or_else(|| state_dir.join("openclaw.json"))
}

/// With the suffix, as systemd names it.
fn unit_name(surroundings: &Surroundings, profile: Option<&str>) -> String {
    let name = surroundings.text("OPENCLAW_SYSTEMD_UNIT").unwrap_or_else(|| match profile {
        Some(profile) => format!("openclaw-gateway-{profile}"),
        None => "openclaw-gateway".to_owned(),
    });
    let is_service = Path::new(&name).extension().is_some_and(|suffix| suffix == "service");
    if is_service { name } else { format!("{name}.service") }
}

/// Absolute, as OpenClaw makes it: one that is relative begins where we were started.
fn expand(path: &Path, home: &Path) -> PathBuf {
    let expanded = path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home.join(rest));
    std::path::absolute(&expanded).unwrap_or(expanded)
}

#[cfg(test)]
mod tests {
    use super::{Paths, Wishes, odd_name, profile_name, refuse_odd_names};
    use crate::snapshot::account::Surroundings;
    use std::path::{Path, PathBuf};

    fn resolve<const N: usize>(
        variables: [(&str, &str); N],
        wishes: &Wishes,
        existing: &[&str],
    ) -> Paths {
        let exists = |path: &Path| existing.iter().any(|known| path == Path::new(known));
        Paths::resolve(&Surroundings::of(variables), Path::new("/root"), wishes, &exists)
    }

    fn profile(name: &str) -> Wishes {
        Wishes { profile: Some(name.to_owned()), ..Wishes::default() }
    }

    #[test]
    fn the_pages_machine() {
        let paths = resolve([], &Wishes::default(), &["/root/.openclaw/openclaw.json"]);
        assert_eq!(paths.config, Path::new("/root/.openclaw/openclaw.json"));
        assert_eq!(paths.connector, Path::new("/root/.openclaw/extensions/dingtalk-connector"));
        assert_eq!(paths.models, Path::new("/root/.openclaw/agents/main/agent/models.json"));
        assert_eq!(
            paths.drop_in,
            Path::new("/root/.config/systemd/user/openclaw-gateway.service.d/override.conf")
        );
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_none() {
        let long = "a".repeat(65);
        for odd in ["", "../../x", "a/b", "-a", "_a", "a b", "a.b", "工作", &long] {
            assert!(profile_name(odd).is_err(), "{odd}");
        }
        for name in ["work", "9", "Work_2-b", &long[1..]] {
            assert_eq!(profile_name(name).as_deref(), Ok(name));
        }
        for (variable, odd) in [("OPENCLAW_PROFILE", "../x"), ("OPENCLAW_SYSTEMD_UNIT", "a/b")] {
            let refused = refuse_odd_names(&Surroundings::of([(variable, odd)]));
            assert_eq!(refused, Err(odd_name(variable, odd)));
        }
        let fine = [("OPENCLAW_PROFILE", "work"), ("OPENCLAW_SYSTEMD_UNIT", "my@bot.service")];
        assert_eq!(refuse_odd_names(&Surroundings::of(fine)), Ok(()));
    }

    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a str, &'a str);

    #[test]
    fn state_dir_and_config_follow_openclaws_order() {
        let none = Wishes::default();
        let table: [Case; 4] = [
            (&[("OPENCLAW_STATE_DIR", "~/state")], &[], "/root/state", "/root/state/openclaw.json"),
            (
                &[("OPENCLAW_CONFIG_PATH", "/etc/oc.json")],
                &["/root/.openclaw"],
                "/root/.openclaw",
                "/etc/oc.json",
            ),
            (
                &[],
                &["/root/.clawdbot", "/root/.clawdbot/clawdbot.json"],
                "/root/.clawdbot",
                "/root/.clawdbot/clawdbot.json",
            ),
            (&[("OPENCLAW_HOME", "/srv")], &[], "/srv/.openclaw", "/srv/.openclaw/openclaw.json"),
        ];
        for (variables, existing, state_dir, config) in table {
            let mut surroundings = Surroundings::default();
            for (name, value) in variables {
                surroundings.set(name, value);
            }
            let exists = |path: &Path| existing.iter().any(|known| path == Path::new(known));
            let paths = Paths::resolve(&surroundings, Path::new("/root"), &none, &exists);
            assert_eq!(paths.state_dir, PathBuf::from(state_dir), "{variables:?}");
            assert_eq!(paths.config, PathBuf::from(config), "{variables:?}");
        }
    }

    #[test]
    fn a_relative_path_begins_where_we_were_started() {
        let here = std::env::current_dir().unwrap();
        let paths = resolve([("OPENCLAW_STATE_DIR", "state")], &Wishes::default(), &[]);
        assert_eq!(paths.connector, here.join("state/extensions/dingtalk-connector"));
        let paths = resolve([("OPENCLAW_CONFIG_PATH", "x.json")], &Wishes::default(), &[]);
        assert_eq!(paths.config, here.join("x.json"));
    }

    #[test]
    fn a_legacy_state_dir_keeps_its_extensions_in_the_new_one() {
        let paths = resolve([], &Wishes::default(), &["/root/.clawdbot"]);
        assert_eq!(paths.extensions, Path::new("/root/.openclaw/extensions"));
    }

    #[test]
    fn a_profile_moves_state_and_unit_and_its_variable_only_the_unit() {
        let paths = resolve([], &profile("work"), &[]);
        assert_eq!(paths.state_dir, Path::new("/root/.openclaw-work"));
        assert_eq!(paths.unit, "openclaw-gateway-work.service");
        let paths = resolve([("OPENCLAW_PROFILE", "work")], &Wishes::default(), &[]);
        assert_eq!(paths.state_dir, Path::new("/root/.openclaw"));
        assert_eq!(paths.unit, "openclaw-gateway-work.service");
        assert_eq!(resolve([], &profile("Default"), &[]).unit, "openclaw-gateway.service");
        let named = resolve([("OPENCLAW_SYSTEMD_UNIT", "mine")], &profile("work"), &[]);
        assert_eq!(named.unit, "mine.service");
    }
}
