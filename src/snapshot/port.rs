//! Who listens on the gateway's port.

use std::fs;

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
    /// The systemd unit in whose control group it is, if any.
    pub unit: Option<String>,
}

/// TCP state LISTEN in `/proc/net/tcp`.
const LISTEN: &str = "0A";

impl Listener {
    /// Looks through `/proc/net/tcp`, `/proc/net/tcp6` and the descriptors of every process that
    /// we may see.
    #[must_use]
    pub fn look(port: u16) -> Self {
        let tables: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .collect();
        if tables.is_empty() {
            return Self::Unknown;
        }
        let sockets: Vec<(String, u32)> =
            tables.iter().flat_map(|table| listening(table, port)).collect();
        let Some((_, uid)) = sockets.first() else { return Self::Nobody };
        let inodes: Vec<String> =
            sockets.iter().map(|(inode, _)| format!("socket:[{inode}]")).collect();
        let holders = holders(&inodes);
        if holders.is_empty() { Self::Hidden { uid: *uid } } else { Self::Held(holders) }
    }
}

/// Inode and user of the sockets that listen on `port`.
fn listening(table: &str, port: u16) -> Vec<(String, u32)> {
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let local = fields.get(1)?.rsplit_once(':')?.1;
        let is_ours = u16::from_str_radix(local, 16) == Ok(port) && fields.get(3) == Some(&LISTEN);
        is_ours.then(|| Some(((*fields.get(9)?).to_owned(), fields.get(7)?.parse().ok()?)))?
    };
    table.lines().skip(1).filter_map(socket).collect()
}

fn holders(inodes: &[String]) -> Vec<Holder> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| holds(*pid, inodes)).map(holder).collect()
}

fn holds(pid: u32, inodes: &[String]) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    descriptors
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|target| inodes.iter().any(|inode| target.as_os_str() == inode.as_str()))
}

fn holder(pid: u32) -> Holder {
    let text = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let group = text("cgroup");
    let unit = group.trim().rsplit('/').find(|part| part.ends_with(".service"));
    Holder { pid, name: text("comm").trim().to_owned(), unit: unit.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::{Listener, listening};

    #[test]
    fn a_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0\n   1: 0100007F:4965 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 777 1 0";
        assert_eq!(listening(table, 18789), [("12345".to_owned(), 1000)]);
        assert!(listening(table, 80).is_empty());
    }

    #[test]
    fn our_own_socket_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let Listener::Held(holders) = Listener::look(port) else { panic!("not found") };
        assert_eq!(holders[0].pid, std::process::id());
        drop(listener);
        assert_eq!(Listener::look(port), Listener::Nobody);
    }
}
