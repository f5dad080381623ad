//! Why an entry of a payload is refused: each a problem whose message is the mere reason, until
//! [`of`] says of which entry it is.

use std::path::Path;

use super::shown;
use crate::language::Problem;

/// The refusal of one entry; `entry` is its name as the payload has it.
pub(in crate::connector) fn of(payload: &Path, entry: &[u8], reason: Problem) -> Problem {
    let message = say!(
        "{payload}: the entry “{entry}” is refused: {why}",
        payload = payload.display(),
        entry = shown(entry),
        why = reason.message
    );
    Problem { message, ..reason }
}

fn untrusted(code: &'static str, why: String) -> Problem {
    let hint =
        say!("Do not trust this payload. Get it again from its publisher; nothing was written.");
    Problem::new(code, why, hint)
}

fn too_much(code: &'static str, why: String) -> Problem {
    let hint = say!(
        "No connector is that large. Get the payload again from its publisher; nothing was written."
    );
    Problem::new(code, why, hint)
}

/// Its name starts at the root of the file system.
pub(super) fn absolute_path() -> Problem {
    untrusted("payload.absolute-path", say!("its path is absolute"))
}

/// Its name climbs.
pub(super) fn parent_path() -> Problem {
    untrusted("payload.parent-path", say!("its path contains “..”"))
}

/// Its name, or where it leads, is no UTF-8.
pub(super) fn not_utf8() -> Problem {
    untrusted("payload.not-utf8", say!("its name is not UTF-8"))
}

/// Its name, or where it leads, holds a NUL, a newline or another control character.
pub(super) fn control_character() -> Problem {
    let why = say!("its name contains a control character (NUL, newline …)");
    untrusted("payload.control-character", why)
}

/// Its name is longer or deeper than a file system can hold.
pub(super) fn name_too_long() -> Problem {
    untrusted("payload.name-too-long", say!("its path is too long or too deep"))
}

/// The same name came before.
pub(super) fn duplicate() -> Problem {
    untrusted("payload.duplicate", say!("an earlier entry has the same name"))
}

/// Another name differs from it only by case.
pub(super) fn case_collision(other: &str) -> Problem {
    let why = say!("its name differs only by case from “{other}”", other);
    untrusted("payload.case-collision", why)
}

/// Its name leads through a symbolic link of the same payload.
pub(super) fn through_symlink(link: &str) -> Problem {
    let why = say!("it would be written through the symbolic link “{link}”", link);
    untrusted("payload.through-symlink", why)
}

/// Its name leads through something that is no directory.
pub(super) fn through_file(file: &str) -> Problem {
    untrusted("payload.through-file", say!("“{file}” in its path is not a directory", file))
}

/// A symbolic link that leads out of the tree.
pub(super) fn symlink_escapes(target: &str) -> Problem {
    let why = say!("it is a symbolic link to {target}, outside the connector's tree", target);
    untrusted("payload.symlink-escapes", why)
}

/// A symbolic link that leads to itself.
pub(super) fn symlink_loop(target: &str) -> Problem {
    let why = say!("it is a symbolic link to {target}: a symlink loop", target);
    untrusted("payload.symlink-loop", why)
}

/// A hard link.
pub(in crate::connector) fn hard_link() -> Problem {
    untrusted("payload.hard-link", say!("it is a hard link, which OpenClaw rejects"))
}

/// A block or character device.
pub(in crate::connector) fn device() -> Problem {
    untrusted("payload.device", say!("it is a device"))
}

/// A FIFO or socket.
pub(in crate::connector) fn fifo() -> Problem {
    untrusted("payload.fifo", say!("it is a FIFO or a socket"))
}

/// A sparse file.
pub(in crate::connector) fn sparse() -> Problem {
    untrusted("payload.sparse", say!("it is a sparse file"))
}

/// It is encrypted.
pub(in crate::connector) fn encrypted() -> Problem {
    let hint = say!("Unpack it yourself and install the directory; nothing was written.");
    Problem::new("payload.encrypted", say!("it is encrypted"), hint)
}

/// A kind of entry that no connector has.
pub(in crate::connector) fn unknown_kind() -> Problem {
    let why = say!("it is neither file, directory nor symbolic link");
    untrusted("payload.unknown-kind", why)
}

/// It would run with the rights of its owner or group.
pub(super) fn set_id() -> Problem {
    untrusted("payload.set-id", say!("it has the setuid or setgid bit"))
}

/// It is larger than one file may be.
pub(in crate::connector) fn file_too_large(limit: u64) -> Problem {
    let why = say!("it is larger than {limit} bytes, the limit for one file", limit);
    too_much("payload.file-too-large", why)
}

/// With it, the payload becomes larger than it may be.
pub(in crate::connector) fn payload_too_large(limit: u64) -> Problem {
    let why = say!("with it the payload unpacks to more than {limit} bytes", limit);
    too_much("payload.too-large", why)
}

/// With it, the payload has more entries than it may have.
pub(super) fn too_many_entries(limit: usize) -> Problem {
    let why = say!("the payload has more than {limit} entries", limit);
    too_much("payload.too-many-entries", why)
}
