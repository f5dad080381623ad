//! Who listens on the gateway's port.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Uid, User};

use crate::fs::foreign;

/// The owner of a listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    /// Nobody listens.
    Nobody,
    /// These processes hold the listening socket.
    Held(Vec<Holder>),
    /// Somebody listens whose processes we may not see.
    Hidden {
        /// Their user.
        uid: u32,
    },
    /// The kernel's table could not be read.
    Unknown,
}

/// One process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Its user.
    pub uid: u32,
    /// The systemd unit in whose control group it is, if any.
    pub unit: Option<String>,
    /// That unit is one of the system, not of a user.
    pub of_system: bool,
}

/// Whose a port has to be before anything secret is sent to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The unit in whose control group the process is; `None` where no unit runs.
    pub unit: Option<String>,
}

/// A listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    inode: String,
    uid: u32,
}

/// TCP state LISTEN in `/proc/net/tcp`.
const LISTEN: &str = "0A";

impl Listener {
    /// Looks through `/proc/net/tcp`, `/proc/net/tcp6` and the descriptors of every process that
    /// we may see.
    pub fn look(port: u16) -> Self {
        let Some(sockets) = sockets(port) else { return Self::Unknown };
        let Some(first) = sockets.first() else { return Self::Nobody };
        let holders = holders(&sockets);
        if holders.is_empty() { Self::Hidden { uid: first.uid } } else { Self::Held(holders) }
    }

    /// Whoever listens and is neither this process nor one of this unit: a user, and where it may be
    /// seen, a process.
    pub fn other_than(&self, pid: Option<u32>, unit: &str) -> Option<(u32, Option<&Holder>)> {
        match self {
            Self::Held(holders) => {
                let is_own =
                    |holder: &Holder| holder.unit.as_deref() == Some(unit) && !holder.of_system;
                let other = |holder: &&Holder| Some(holder.pid) != pid && !is_own(holder);
                holders.iter().find(other).map(|holder| (holder.uid, Some(holder)))
            }
            Self::Hidden { uid } => Some((*uid, None)),
            Self::Nobody | Self::Unknown => None,
        }
    }
}

/// A process of a unit of that name, of the system or of a user.
pub fn process_of(unit: &str, of_system: bool) -> Option<u32> {
    let is_in = |pid: &u32| {
        let found = unit_of(*pid);
        found.is_some_and(|(name, system)| name == unit && system == of_system)
    };
    pids().find(is_in)
}

impl Owner {
    /// The sockets of `port`, if every one of them is the owner's; else whose they are.
    ///
    /// A process that may not be looked at is taken for the owner's where its socket is: what runs
    /// as this user can read the secret anyway.
    pub fn proved(&self, port: u16) -> Result<Vec<Socket>, String> {
        let sockets = sockets(port).ok_or("?")?;
        if let Some(foreign) = sockets.iter().find(|socket| socket.uid != self.uid) {
            return Err(described(&holders(std::slice::from_ref(foreign)), foreign.uid));
        }
        let Some(unit) = &self.unit else { return Ok(sockets) };
        let mut others = holders(&sockets);
        others.retain(|holder| holder.unit.as_ref() != Some(unit));
        if others.is_empty() { Ok(sockets) } else { Err(described(&others, self.uid)) }
    }
}

/// A process with its unit, else a user, by what they are called.
pub fn described(holders: &[Holder], uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let user = user.map_or_else(|| format!("uid {uid}"), |user| user.name);
    holders.first().map_or(user.clone(), |Holder { pid, name, unit, .. }| {
        let unit = unit.as_deref().unwrap_or("–");
        format!("{name} (pid {pid}, {unit}, {user})")
    })
}

/// The sockets that listen on `port` where a caller of this machine could come to; `None` where no
/// table can be read.
fn sockets(port: u16) -> Option<Vec<Socket>> {
    let read = |table: &str| {
        let bytes = foreign::read(Path::new(table), foreign::RECORD_LIMIT).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let tables: Vec<String> =
        ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(read).collect();
    let sockets = || tables.iter().flat_map(|table| listening(table, port)).collect();
    (!tables.is_empty()).then(sockets)
}

fn listening(table: &str, port: u16) -> Vec<Socket> {
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (address, local) = fields.get(1)?.rsplit_once(':')?;
        let is_ours = u16::from_str_radix(local, 16) == Ok(port) && fields.get(3) == Some(&LISTEN);
        let (inode, uid) = ((*fields.get(9)?).to_owned(), fields.get(7)?.parse().ok()?);
        (is_ours && is_near(address)).then_some(Socket { inode, uid })
    };
    table.lines().skip(1).filter_map(socket).collect()
}

/// Loopback and “any”, of both families and of the one within the other. Each four bytes stand as
/// one number of this machine.
fn is_near(address: &str) -> bool {
    let number = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
    let loopback = number(Ipv4Addr::LOCALHOST.octets());
    let of_v6 = format!("{:024}{}", 0, number([0, 0, 0, 1]));
    let mapped = format!("{:016}{}{loopback}", 0, number([0, 0, 0xff, 0xff]));
    let any = address.chars().all(|digit| digit == '0');
    any || address == loopback || address == of_v6 || address == mapped
}

fn holders(sockets: &[Socket]) -> Vec<Holder> {
    let links: Vec<String> =
        sockets.iter().map(|socket| format!("socket:[{}]", socket.inode)).collect();
    pids().filter(|pid| holds(*pid, &links)).map(holder).collect()
}

fn pids() -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn holds(pid: u32, links: &[String]) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    descriptors
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|target| links.iter().any(|link| target.as_os_str() == link.as_str()))
}

fn holder(pid: u32) -> Holder {
    let uid = fs::metadata(format!("/proc/{pid}")).map_or(u32::MAX, |found| found.uid());
    let (unit, of_system) =
        unit_of(pid).map_or((None, false), |(unit, system)| (Some(unit), system));
    Holder { pid, name: text_of(pid, "comm").trim().to_owned(), uid, unit, of_system }
}

fn text_of(pid: u32, file: &str) -> String {
    let bytes = foreign::glance(Path::new(&format!("/proc/{pid}/{file}")));
    String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

/// The unit in whose control group a process is, and whether that is one of the system.
fn unit_of(pid: u32) -> Option<(String, bool)> {
    let group = text_of(pid, "cgroup");
    let is_of_a_user = |part: &str| part.starts_with("user@") || part == "app.slice";
    let mut parts = group.trim().rsplit('/');
    let unit = parts.find(|part| part.ends_with(".service"))?.to_owned();
    Some((unit, !parts.any(is_of_a_user)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use crate::timeout::Deadline;

    use super::{Listener, Owner, Socket, is_near, listening};

    #[test]
    fn a_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0\n   1: 0100007F:4965 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 777 1 0\n   2: 0500000A:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 778 1 0";
        assert_eq!(listening(table, 18789), [Socket { inode: "12345".to_owned(), uid: 1000 }]);
        assert!(listening(table, 80).is_empty());
        for address in ["00000000", "0000000000000000FFFF00000100007F"] {
            assert!(is_near(address), "{address}");
        }
        assert!(is_near("00000000000000000000000001000000"));
        assert!(!is_near("B80D0120000000000000000001000000"));
    }

    /// A child that another test is just starting holds the socket, too, until its exec.
    #[test]
    fn our_own_socket_is_found_and_is_nobody_elses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Listener::Held(holders) = Listener::look(port) else { panic!("not found") };
        assert!(holders.iter().any(|holder| holder.pid == std::process::id()));
        let eventually = |is_so: &dyn Fn() -> bool| {
            let deadline = Deadline::after(Duration::from_secs(30));
            while !is_so() {
                assert!(!deadline.has_passed());
            }
        };
        let uid = rustix::process::geteuid().as_raw();
        let ours = Owner { uid, unit: None };
        eventually(&|| ours.proved(port).unwrap().len() == 1);
        let of_a_unit = Owner { unit: Some("no-such.service".to_owned()), ..ours.clone() };
        let pid = format!("pid {}", std::process::id());
        eventually(&|| of_a_unit.proved(port).unwrap_err().contains(&pid));
        let of_another = Owner { uid: uid + 1, unit: None };
        eventually(&|| of_another.proved(port).unwrap_err().contains(&pid));
        drop(listener);
        eventually(&|| Listener::look(port) == Listener::Nobody);
        assert_eq!(ours.proved(port), Ok(Vec::new()));
    }
}
