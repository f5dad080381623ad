//! Where a user's manager may be listening, and whose it is.
//!
//! The environment says where to look, and it may be somebody else's: `su` keeps it. What answers
//! there names programs that we run, so nobody is asked but a manager of the user we run as.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::route::Wait;
use super::{ManagerError, error};
use crate::fs::own;

/// What the environment of a login session says about its user manager: read once at the edge of
/// the program, handed on as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The user whose manager is meant.
    pub uid: u32,
    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub bus_address: Option<String>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_directory: Option<PathBuf>,
    /// Where login managers put runtime directories; `/run/user` outside tests.
    pub runtime_root: PathBuf,
}

impl Session {
    /// The session of a user who did not start this process: only the places that follow from
    /// the uid.
    pub fn of_user(uid: u32) -> Self {
        Self { uid, bus_address: None, runtime_directory: None, runtime_root: "/run/user".into() }
    }

    /// The D-Bus addresses to try, best first.
    pub(super) fn bus_addresses(&self) -> Vec<String> {
        let announced = self.bus_address.iter().flat_map(|list| list.split(';'));
        let announced = announced.filter(|address| !address.is_empty()).map(str::to_owned);
        let sockets = self.runtime_directories().into_iter().map(|directory| directory.join("bus"));
        let sockets = sockets.filter(|socket| socket.exists());
        let derived = sockets.map(|socket| format!("unix:path={}", escaped(&socket)));
        let mut addresses: Vec<String> = Vec::new();
        for address in announced.chain(derived) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// The runtime directories that hold the manager's private socket.
    pub(super) fn private_directories(&self) -> Vec<PathBuf> {
        let mut directories = self.runtime_directories();
        directories.retain(|directory| directory.join("systemd/private").exists());
        directories
    }

    /// Whether there is any place at which a manager may answer.
    pub(super) fn is_anywhere(&self) -> bool {
        !(self.bus_addresses().is_empty() && self.private_directories().is_empty())
    }

    /// Every place that was considered, for the message that none of them has a manager.
    pub(super) fn places(&self) -> Vec<String> {
        let directories = self.runtime_directories().into_iter();
        directories
            .map(|directory| {
                let found = if directory.is_dir() {
                    "no bus, no systemd/private"
                } else {
                    "no such directory"
                };
                format!("{}: {found}", directory.display())
            })
            .collect()
    }

    fn runtime_directories(&self) -> Vec<PathBuf> {
        let by_login = self.runtime_root.join(self.uid.to_string());
        let mut directories: Vec<PathBuf> = self.runtime_directory.iter().cloned().collect();
        if !directories.contains(&by_login) {
            directories.push(by_login);
        }
        directories
    }
}

/// A path as a value in a D-Bus address: everything outside the specification's set of
/// "optionally-escaped" bytes becomes `%xx`.
fn escaped(path: &std::path::Path) -> String {
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/\\*.".contains(&byte);
    let escape = |&byte: &u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") }
    };
    bytes.iter().map(escape).collect()
}

/// A connection to a process of ours.
pub(super) fn connect(
    place: &str,
    address: &SocketAddrUnix,
    wait: &Wait,
) -> Result<UnixStream, ManagerError> {
    let stream = loop {
        match attempt(address) {
            // std would wait without an end for one that is stopped and takes no more
            Err(Errno::AGAIN | Errno::INTR) => wait.pause()?,
            outcome => break outcome.map_err(|cause| error::unopened(place, &cause.into()))?,
        }
    };
    let peer = socket_peercred(&stream).map_err(|cause| error::refused(place, &cause))?;
    if peer.uid.as_raw() == own::acting() {
        return Ok(stream);
    }
    let (owner, us) = (own::name_of(peer.uid.as_raw()), own::name_of(own::acting()));
    Err(error::foreign(say!(
        "the user manager at {place} belongs to {owner}, not to {us}",
        place,
        owner,
        us
    )))
}

fn attempt(address: &SocketAddrUnix) -> rustix::io::Result<UnixStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, address)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(root: &std::path::Path) -> Session {
        Session {
            uid: 7,
            bus_address: None,
            runtime_directory: None,
            runtime_root: root.to_path_buf(),
        }
    }

    #[test]
    fn the_announced_address_comes_first_and_none_comes_twice() {
        let root = tempfile::tempdir().unwrap();
        let login = root.path().join("7");
        std::fs::create_dir_all(&login).unwrap();
        std::fs::write(login.join("bus"), "").unwrap();
        let bus = format!("unix:path={}", login.join("bus").display());
        let mut session = session(root.path());
        assert_eq!(session.bus_addresses(), std::slice::from_ref(&bus));

        session.runtime_directory = Some(login);
        session.bus_address = Some(format!("unix:path=/elsewhere,guid=00;{bus};"));
        assert_eq!(session.bus_addresses(), ["unix:path=/elsewhere,guid=00".to_owned(), bus]);
    }

    #[test]
    fn an_empty_root_has_no_address_and_names_where_it_looked() {
        let root = tempfile::tempdir().unwrap();
        let session = session(root.path());
        assert!(session.bus_addresses().is_empty());
        assert!(session.private_directories().is_empty());
        let places = session.places();
        assert_eq!(places, [format!("{}: no such directory", root.path().join("7").display())]);
    }

    #[test]
    fn odd_bytes_of_a_path_are_escaped() {
        assert_eq!(escaped("/run/a b,c".as_ref()), "/run/a%20b%2cc");
    }
}
