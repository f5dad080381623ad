//! For whom the program works: this user, or, as root, another one wholly; and the process environment as
//! a value: read once at the start, passed on, never asked again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, User, getgrouplist};

use crate::fs::is_absent;
use crate::language::Problem;

/// Variables of this program, and no other's.
const OWN: &str = "OPENCLAW_SETUP_";

/// The user whose OpenClaw is managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name, where the user data base knows one.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// `HOME`, else the home of the user data base.
    pub home: PathBuf,
}

impl Account {
    /// The user that this process runs as. `HOME` wins over the user data base, as in OpenClaw.
    pub fn of_process(surroundings: &Surroundings) -> Self {
        let uid = Uid::effective();
        let user = User::from_uid(uid).ok().flatten();
        let home = surroundings
            .path("HOME")
            .or_else(|| user.as_ref().map(|user| user.dir.clone()))
            .unwrap_or_else(|| PathBuf::from("/"));
        let name = user.map_or_else(|| uid.to_string(), |user| user.name);
        Self { name, uid: uid.as_raw(), gid: Gid::effective().as_raw(), home }
    }

    /// Refuses plain `sudo` by a user who owns an OpenClaw: it would mix root's files with theirs.
    pub fn refuse_plain_sudo(
        &self,
        surroundings: &Surroundings,
        arguments: &str,
    ) -> Result<(), Problem> {
        let behind = surroundings
            .text("SUDO_UID")
            .and_then(|uid| uid.parse().ok())
            .filter(|uid| self.uid == 0 && *uid != 0)
            .and_then(|uid| User::from_uid(Uid::from_raw(uid)).ok().flatten());
        match behind {
            Some(user) if !is_absent(&user.dir.join(".openclaw")) => {
                Err(sudo(&user.name, &user.dir.join(".openclaw"), arguments))
            }
            _ => Ok(()),
        }
    }

    /// Turns this process of root into one of the user `name`: groups, ids, umask, `HOME`, runtime
    /// directory. Everything afterwards is done with that user's rights and belongs to them.
    ///
    /// Must be called while the process has a single thread: the kernel keeps ids per thread.
    pub fn become_user(name: &str, surroundings: &mut Surroundings) -> Result<Self, Problem> {
        let user = User::from_name(name).ok().flatten().ok_or_else(|| unknown(name))?;
        if user.uid == Uid::effective() {
            return Ok(Self::of_process(surroundings));
        }
        if !Uid::effective().is_root() {
            return Err(not_root(name));
        }
        drop_privileges(&user).map_err(|cause| not_switched(name, &cause))?;
        *surroundings = move_in(&user, surroundings);
        Ok(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), home: user.dir })
    }
}

fn drop_privileges(user: &User) -> std::io::Result<()> {
    use rustix::fs::{Gid as RawGid, Uid as RawUid};
    let login = std::ffi::CString::new(user.name.as_str())?;
    let groups: Vec<RawGid> = getgrouplist(&login, user.gid)?
        .into_iter()
        .map(|group| RawGid::from_raw(group.as_raw()))
        .collect();
    let (uid, gid) = (RawUid::from_raw(user.uid.as_raw()), RawGid::from_raw(user.gid.as_raw()));
    rustix::thread::set_thread_groups(&groups)?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // root's own place for them need not be open to the user
    let _ = tempfile::env::override_temp_dir(Path::new("/tmp"));
    Ok(())
}

/// The environment as that user's own session has it. Nothing of root's goes with us but what was
/// said to this program: neither where root's OpenClaw is, nor root's `PATH`, proxies or npm.
///
/// The working directory stays: a relative path means what it means to whoever typed it.
fn move_in(user: &User, surroundings: &Surroundings) -> Surroundings {
    let mut theirs = Surroundings::default();
    for (name, value) in surroundings.iter().filter(|(name, _)| name.starts_with(OWN)) {
        theirs.set(name, value);
    }
    let home = user.dir.display();
    theirs.set("PATH", format!("{home}/.local/bin:{home}/bin:/usr/local/bin:/usr/bin:/bin"));
    theirs.set("HOME", user.dir.as_os_str());
    theirs.set("USER", &user.name);
    theirs.set("LOGNAME", &user.name);
    theirs.set("XDG_RUNTIME_DIR", format!("/run/user/{}", user.uid));
    theirs
}

/// `--user NAME` names nobody.
fn unknown(name: &str) -> Problem {
    let hint = say!("Look for the name: getent passwd");
    Problem::new("account.unknown", say!("there is no user {name}", name), hint)
}

/// `--user` was given by somebody who is not root.
fn not_root(name: &str) -> Problem {
    let message = say!("only root may act for another user ({name})", name);
    let hint = say!("Run it as that user, or as root: sudo openclaw-setup --user {name} …", name);
    Problem::new("account.not-root", message, hint)
}

/// Plain `sudo` by a user who owns an OpenClaw: root's files or theirs?
fn sudo(name: &str, state_dir: &Path, arguments: &str) -> Problem {
    let message = say!(
        "started with sudo by {name}, who has an OpenClaw of their own ({state_dir}): root's or theirs?",
        name,
        state_dir = state_dir.display()
    );
    let hint = say!(
        "For {name}'s own, without sudo: openclaw-setup {arguments}\nFor root's, from a root login: sudo -i openclaw-setup --user root {arguments}",
        name,
        arguments
    );
    Problem::new("account.sudo", message, hint)
}

/// Becoming the user failed.
fn not_switched(name: &str, cause: &std::io::Error) -> Problem {
    let message = say!("cannot become user {name}: {cause}", name, cause);
    Problem::new("account.switch", message, say!("Log in as that user and run the command there."))
}

/// The variables that the program was started with.
#[derive(Clone, Default)]
pub struct Surroundings {
    variables: BTreeMap<String, OsString>,
}

/// Shows names only: values may be secrets.
impl std::fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Surroundings {
    /// Those of this process; names that are not UTF-8 are none of ours.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        Self { variables }
    }

    /// Chosen ones: for tests and for another user's session.
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        Self { variables }
    }

    /// A variable that is set and not empty, as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name)?.to_str().map(str::to_owned).filter(|value| !value.is_empty())
    }

    /// A variable that is set and not empty, as a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Sets a variable, as a session of another user would have it.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value))
    }
}
