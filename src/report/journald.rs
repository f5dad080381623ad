//! One structured entry in the system's journal for each transaction, which `journalctl -x` explains
//! by the catalog that the package ships (`packaging/catalog/`).

use std::os::unix::net::UnixDatagram;

/// Where journald listens (systemd's "Native Journal Protocol").
const SOCKET: &str = "/run/systemd/journal/socket";

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Committed.
    Done,
    /// Taken back, by itself or by `recover`.
    Undone,
    /// Taken back as far as possible.
    LeftBehind,
}

impl Ending {
    /// Which text of the catalog explains it.
    fn message_id(self) -> &'static str {
        match self {
            Self::Done => "a45eaa679ecb47308ce9d6d56bcb78eb",
            Self::Undone => "5155b0861b2d4abd80f755bfb4f3b17c",
            Self::LeftBehind => "ce7046e61dce4f3fbd10b0b2b69da7f9",
        }
    }

    /// In syslog's numbers: notice, warning, error.
    fn priority(self) -> u8 {
        match self {
            Self::Done => 5,
            Self::Undone => 4,
            Self::LeftBehind => 3,
        }
    }

    fn text(self, command: &str, id: &str) -> String {
        match self {
            Self::Done => say!("{command} ({id}) is done", command, id),
            Self::Undone => say!("{command} ({id}) was undone", command, id),
            Self::LeftBehind => {
                say!("{command} ({id}) could not be undone completely", command, id)
            }
        }
    }
}

/// Tells journald, where there is one; whoever reads the journal is told nothing that the program
/// would not say itself, so no failure matters here.
pub fn tell(ending: Ending, command: &str, id: &str) {
    let (message, priority, message_id) =
        (ending.text(command, id), ending.priority(), ending.message_id());
    let entry = format!(
        "MESSAGE={message}\nMESSAGE_ID={message_id}\nPRIORITY={priority}\nSYSLOG_IDENTIFIER=openclaw-setup\nOPENCLAW_SETUP_COMMAND={command}\nOPENCLAW_SETUP_TRANSACTION={id}\n"
    );
    let _ = UnixDatagram::unbound().and_then(|socket| {
        socket.set_nonblocking(true)?;
        socket.send_to(entry.as_bytes(), SOCKET)
    });
}
