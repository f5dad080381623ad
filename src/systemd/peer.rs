//! Whose manager listens at a socket.
//!
//! The environment says where to look, and it may be somebody else's: `su` keeps it. What answers
//! there names programs that we run, so nobody is asked but a manager of the user we run as.

use std::os::unix::net::UnixStream;

use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::wait::Wait;
use super::{ManagerError, error};
use crate::fs::own;

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
