//! Where the steps of one installation may lead: a journal is a file, and files can be made up.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::step::{Attributes, FileStep, Role, Step, TreeStep};
use crate::fs::FileError;
use crate::fs::own::{self, acting};
use crate::fs::replace::FileImage;
use crate::systemd::drop_in;

/// What neither a file nor a directory of a plan has: the set-id bits, the sticky bit, and writing
/// by everybody.
pub(super) const NEVER: u32 = 0o7002;

/// The places of one installation, symbolic links of their directories followed.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// OpenClaw's state directory.
    pub state_dir: PathBuf,
    /// The config, as named and, where that is a symbolic link, as it really is.
    pub config: [PathBuf; 2],
    /// Where plugins are discovered.
    pub extensions: PathBuf,
    /// The live connector tree.
    pub connector: PathBuf,
    /// The agent model file that is changed, as it really is.
    pub models: PathBuf,
    /// The drop-in, as named and as it really is.
    pub drop_in: [PathBuf; 2],
    /// Login name of the user.
    pub user: String,
}

/// Why a step is not one of this installation.
pub(super) enum Outside {
    /// It leads somewhere else, or would leave something there that no plan leaves.
    Foreign(String),
    /// What it would change belongs to somebody else.
    NotOurs(FileError),
}

impl Bounds {
    /// Fails where the config, the drop-in or a directory above them is somebody else's, or others
    /// could put something else in its place.
    pub fn prove(&self) -> Result<(), FileError> {
        for file in self.config.iter().chain(&self.drop_in) {
            own::owner(file)?;
            own::place(file)?;
        }
        self.drop_in[0].ancestors().skip(1).take(2).try_for_each(own::owner)
    }

    /// Whether a plan for this installation could have the step; our own records are in `records`.
    pub(super) fn judge(&self, step: &Step, records: &Path) -> Result<(), Outside> {
        match step {
            Step::Stop { .. } | Step::Start { .. } | Step::Reload => Ok(()),
            Step::Linger { user, uid, .. } => {
                expect(*user == self.user && *uid == acting(), || format!("linger {user}"))
            }
            Step::Directory { path, mode } | Step::RemoveDirectory { path, mode } => {
                expect(self.has_directory(path) && mode & NEVER == 0, || shown(path, *mode))
            }
            Step::Tree(tree) => self.judge_tree(tree, records),
            Step::File(file) => self.judge_file(file, records),
            Step::Attributes { path, before, after } => self.judge_attributes(path, before, after),
            Step::Move { from, to } => {
                let is_ours = |path: &Path| self.has_plugin(path) || is_quarantined(path, records);
                let other = to.as_deref().filter(|to| !is_ours(to));
                let foreign = Some(from.as_path()).filter(|from| !is_ours(from)).or(other);
                foreign.map_or(Ok(()), |path| Err(Outside::Foreign(path.display().to_string())))
            }
        }
    }

    fn judge_tree(&self, tree: &TreeStep, records: &Path) -> Result<(), Outside> {
        let is_slot = |slot: &PathBuf| is_in_transaction(slot, records, |name| name == "tree");
        expect(tree.live == self.connector, || tree.live.display().to_string())?;
        let slot = tree.slot.as_ref().filter(|slot| !is_slot(slot));
        slot.map_or(Ok(()), |slot| Err(Outside::Foreign(slot.display().to_string())))
    }

    fn judge_file(&self, file: &FileStep, records: &Path) -> Result<(), Outside> {
        let path = &file.path;
        let is_in_place = match file.role {
            Role::Config => self.has_config(path),
            Role::Models => self.has_models(path),
            Role::DropIn => self.has_drop_in(path),
            Role::Record => *path == records.join("installed.json"),
            Role::Connector => is_plain(path) && path.starts_with(&self.connector),
        };
        expect(is_in_place, || path.display().to_string())?;
        let is_lock = |lock: &PathBuf| self.config.iter().any(|config| *lock == beside(config));
        let lock = file.lock.as_ref().filter(|lock| !is_lock(lock));
        if let Some(lock) = lock {
            return expect(false, || lock.display().to_string());
        }
        match (&file.before, &file.after) {
            (Some(before), Some(after)) => {
                let is_kept = (after.mode, after.uid) == (before.mode, before.uid);
                // a repair, or a rollback of one: one side is what was wrong
                let is_repair = is_clean(before) || is_clean(after);
                expect(is_repair || is_kept, || shown(path, after.mode))?;
                // `doctor --fix` gives a file of the tree back to us
                let is_given = file.role == Role::Connector && after.uid == acting();
                expect_ours(path, if is_given { after } else { before })
            }
            (Some(image), None) | (None, Some(image)) => {
                expect(is_clean(image), || shown(path, image.mode))?;
                expect_ours(path, image)
            }
            (None, None) => Ok(()),
        }
    }

    /// What `doctor --fix` changes in place: of the tree mode and owner, of a file that may hold
    /// secrets the mode.
    fn judge_attributes(
        &self,
        path: &Path,
        before: &Attributes,
        after: &Attributes,
    ) -> Result<(), Outside> {
        let in_tree = is_plain(path) && path.starts_with(&self.connector);
        let is_private = self.has_config(path)
            || self.has_models(path)
            || path == self.state_dir.join(".env")
            || self.config.iter().any(|config| is_copy(path, config));
        let modes = [before, after].map(|side| side.mode & NEVER == 0);
        let is_repair = if in_tree {
            modes.contains(&true)
        } else {
            // set back by a rollback: one side is what was wrong
            is_private && modes.contains(&true) && before.uid == after.uid
        };
        expect(is_repair, || shown(path, after.mode))?;
        let uids = [before.uid, after.uid];
        let uid = uids.into_iter().find(|uid| *uid != acting()).unwrap_or(acting());
        let is_ours = if in_tree { uids.contains(&acting()) } else { uid == acting() };
        let not_ours = FileError::not_ours(path, uid, before.mode);
        if is_ours { Ok(()) } else { Err(Outside::NotOurs(not_ours)) }
    }

    /// The config, and whatever lies where OpenClaw reads includes of it: below its directory. Where
    /// that is a home, say, what is hidden there is something else.
    fn has_config(&self, path: &Path) -> bool {
        let directory = self.config[0].parent().unwrap_or(&self.state_dir);
        let is_include = path
            .strip_prefix(directory)
            .is_ok_and(|below| directory == self.state_dir || !below.components().any(is_hidden));
        let is_included = is_include && !path.starts_with(&self.extensions);
        is_plain(path) && (self.config.iter().any(|config| path == config) || is_included)
    }

    /// `agents/<any>/agent/models.json`.
    fn has_models(&self, path: &Path) -> bool {
        let below = path.strip_prefix(self.state_dir.join("agents")).ok();
        let mut names = below.into_iter().flat_map(Path::components).skip(1);
        let is_of_an_agent = names.next() == Some(Component::Normal("agent".as_ref()))
            && names.next() == Some(Component::Normal("models.json".as_ref()))
            && names.next().is_none();
        path == self.models || (is_of_an_agent && is_plain(path))
    }

    /// The drop-in, any other of its directory, and our file of variables.
    fn has_drop_in(&self, path: &Path) -> bool {
        let is_ours = path.file_name() == Some(OsStr::new(drop_in::LAST[1]));
        let is_conf = path.extension() == Some(OsStr::new("conf")) || is_ours;
        let is_beside = is_plain(path) && is_conf && path.parent() == self.drop_in[0].parent();
        self.drop_in.iter().any(|drop_in| path == drop_in) || is_beside
    }

    /// A directory above the connector or the drop-in.
    fn has_directory(&self, path: &Path) -> bool {
        let drop_ins = self.drop_in.iter().filter_map(|drop_in| drop_in.parent());
        let mut ours = drop_ins.chain([self.extensions.as_path()]);
        is_plain(path) && ours.any(|directory| directory.starts_with(path))
    }

    /// Something that OpenClaw takes for a plugin.
    fn has_plugin(&self, path: &Path) -> bool {
        is_plain(path) && path.starts_with(&self.extensions) && path != self.extensions
    }
}

fn expect(holds: bool, subject: impl FnOnce() -> String) -> Result<(), Outside> {
    if holds { Ok(()) } else { Err(Outside::Foreign(subject())) }
}

fn expect_ours(path: &Path, image: &FileImage) -> Result<(), Outside> {
    if image.uid == acting() {
        return Ok(());
    }
    Err(Outside::NotOurs(FileError::not_ours(path, image.uid, image.mode)))
}

fn shown(path: &Path, mode: u32) -> String {
    format!("{} {mode:04o}", path.display())
}

fn is_clean(image: &FileImage) -> bool {
    image.mode & NEVER == 0
}

/// Absolute, and without `..`.
fn is_plain(path: &Path) -> bool {
    let is_plain = |component| matches!(component, Component::RootDir | Component::Normal(_));
    path.is_absolute() && path.components().all(is_plain)
}

fn is_hidden(component: Component<'_>) -> bool {
    component.as_os_str().as_encoded_bytes().starts_with(b".")
}

/// Something that an earlier transaction has moved out of sight.
fn is_quarantined(path: &Path, records: &Path) -> bool {
    is_in_transaction(path, records, |name| name.as_encoded_bytes().starts_with(b"aside-"))
}

/// Whether it lies directly in a transaction's directory, under such a name.
fn is_in_transaction(path: &Path, records: &Path, named: impl Fn(&OsStr) -> bool) -> bool {
    let transactions = path.parent().and_then(Path::parent);
    is_plain(path)
        && transactions == Some(&records.join("transactions"))
        && path.file_name().is_some_and(named)
}

/// OpenClaw's lock on its config.
fn beside(config: &Path) -> PathBuf {
    let mut lock = config.to_owned().into_os_string();
    lock.push(".lock");
    lock.into()
}

/// A copy of the config: a file beside it, with its name and something after.
fn is_copy(path: &Path, config: &Path) -> bool {
    let [name, of] = [path, config].map(|path| path.file_name().unwrap_or_default());
    is_plain(path)
        && path.parent() == config.parent()
        && name.as_encoded_bytes().starts_with(of.as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Outside, acting};
    use crate::fs::error::Cause;
    use crate::fs::replace::FileImage;
    use crate::transaction::step::{Attributes, Contents, FileStep, Role, Step, TreeStep};
    use std::path::Path;

    const STATE: &str = "/home/a/.openclaw";
    const RECORDS: &str = "/home/a/.openclaw/openclaw-setup";

    fn bounds() -> Bounds {
        let below = |name: &str| Path::new(STATE).join(name);
        let drop_in = "/home/a/.config/systemd/user/openclaw-gateway.service.d/override.conf";
        Bounds {
            state_dir: STATE.into(),
            config: [below("openclaw.json"), "/home/a/dotfiles/openclaw.json".into()],
            extensions: below("extensions"),
            connector: below("extensions/dingtalk-connector"),
            models: below("agents/main/agent/models.json"),
            drop_in: [drop_in.into(), drop_in.into()],
            user: "a".to_owned(),
        }
    }

    fn image(mode: u32, uid: u32) -> FileImage {
        FileImage { sha256: String::new(), mode, uid, gid: 0 }
    }

    fn file(role: Role, path: &str) -> FileStep {
        let after = Some(image(0o600, acting()));
        let contents = Contents::default();
        FileStep { role, path: path.into(), before: None, after, lock: None, contents }
    }

    fn tree(live: &str, slot: Option<&str>) -> Step {
        let slot = slot.map(Into::into);
        Step::Tree(TreeStep {
            live: live.into(),
            before: None,
            after: None,
            slot,
            changes: Vec::new(),
        })
    }

    fn directory(path: &str, mode: u32) -> Step {
        Step::Directory { path: path.into(), mode }
    }

    fn moved(from: &str, to: Option<&str>) -> Step {
        Step::Move { from: from.into(), to: to.map(Into::into) }
    }

    fn attributes(path: &str, before: (u32, u32), after: (u32, u32)) -> Step {
        let [before, after] = [before, after].map(|(mode, uid)| Attributes { mode, uid, gid: 0 });
        Step::Attributes { path: path.into(), before, after }
    }

    fn accepts(step: &Step) -> bool {
        bounds().judge(step, Path::new(RECORDS)).is_ok()
    }

    #[test]
    fn a_step_of_a_plan_for_this_installation_is_accepted() {
        let drop_ins = "/home/a/.config/systemd/user/openclaw-gateway.service.d";
        let live = format!("{STATE}/extensions/dingtalk-connector");
        let us = acting();
        let locked = FileStep {
            lock: Some(format!("{STATE}/openclaw.json.lock").into()),
            ..file(Role::Config, "/home/a/.openclaw/openclaw.json")
        };
        let steps = [
            Step::File(locked),
            Step::File(file(Role::Config, "/home/a/dotfiles/openclaw.json")),
            Step::File(file(Role::Config, "/home/a/.openclaw/conf.d/models.json5")),
            Step::File(file(Role::Models, "/home/a/.openclaw/agents/x/agent/models.json")),
            Step::File(file(Role::DropIn, &format!("{drop_ins}/zz-last.conf"))),
            Step::File(file(Role::Record, &format!("{RECORDS}/installed.json"))),
            Step::File(file(Role::Connector, &format!("{live}/plugin.ts"))),
            tree(&live, None),
            tree(&live, Some(&format!("{RECORDS}/transactions/20260101-000000/tree"))),
            directory(drop_ins, 0o755),
            directory("/home/a/.config/systemd", 0o755),
            moved(&format!("{STATE}/extensions/dingtalk-connector.old"), None),
            attributes(&live, (0o777, 1234), (0o755, us)),
            attributes(&format!("{STATE}/openclaw.json.bak.2"), (0o666, us), (0o600, us)),
            Step::Linger { user: "a".to_owned(), uid: us, on: true },
        ];
        for step in &steps {
            assert!(accepts(step), "{step:?}");
        }
    }

    #[test]
    fn a_step_that_leads_elsewhere_is_refused() {
        let live = format!("{STATE}/extensions/dingtalk-connector");
        let us = acting();
        let with = |before, after| {
            let step = file(Role::Config, "/home/a/.openclaw/openclaw.json");
            Step::File(FileStep { before, after, ..step })
        };
        let locked = FileStep {
            lock: Some("/etc/nologin".into()),
            ..file(Role::Config, "/home/a/.openclaw/openclaw.json")
        };
        let steps = [
            Step::File(locked),
            Step::File(file(Role::Config, "/etc/cron.d/x")),
            Step::File(file(Role::Config, "/home/a/.openclaw/../.ssh/authorized_keys")),
            Step::File(file(Role::Config, "/home/a/dotfiles/.bashrc")),
            Step::File(file(Role::Config, &format!("{STATE}/extensions/other/index.js"))),
            Step::File(file(Role::Models, "/home/a/.openclaw/agents/../agent/models.json")),
            Step::File(file(Role::DropIn, "/home/a/.config/systemd/user/evil.service")),
            Step::File(file(Role::DropIn, "/home/a/.config/systemd/user/x.service.d/a.conf")),
            Step::File(file(Role::Record, "/home/a/installed.json")),
            Step::File(file(Role::Connector, &format!("{live}/../../openclaw.json"))),
            with(None, Some(image(0o4755, us))),
            with(None, Some(image(0o666, us))),
            with(Some(image(0o602, us)), Some(image(0o4755, us))),
            with(Some(image(0o600, us + 1)), Some(image(0o600, us))),
            with(None, Some(image(0o600, us + 1))),
            tree("/usr/lib/node_modules", None),
            tree(&live, Some("/root")),
            tree(&live, Some(&format!("{RECORDS}/transactions/../../agents/tree"))),
            directory("/etc/x", 0o755),
            directory("/home/a/.config/systemd", 0o1777),
            moved("/etc/passwd", None),
            moved(&format!("{STATE}/extensions/x"), Some("/etc/cron.d/x")),
            attributes("/etc/shadow", (0o644, us), (0o600, us)),
            attributes(&live, (0o4755, us), (0o2777, us)),
            attributes(&format!("{STATE}/openclaw.json"), (0o600, us + 1), (0o600, us)),
            Step::Linger { user: "b".to_owned(), uid: us, on: true },
        ];
        for step in &steps {
            assert!(!accepts(step), "{step:?}");
        }
        let theirs = with(Some(image(0o600, us + 1)), Some(image(0o600, us)));
        let judged = bounds().judge(&theirs, Path::new(RECORDS));
        assert!(
            matches!(judged, Err(Outside::NotOurs(error)) if matches!(error.cause, Cause::NotOurs(uid, _) if uid == us + 1))
        );
    }
}
