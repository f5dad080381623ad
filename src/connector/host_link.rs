//! The link in a connector's tree through which it finds the OpenClaw that runs it.

use std::os::fd::AsFd;
use std::path::Path;

use semver::Version;

use crate::fs::stage::{Stage, remove_tree};
use crate::language::Problem;

/// Where it lies in the tree.
pub const HOST_LINK: &str = "node_modules/openclaw";

/// The first connector that finds OpenClaw by Node's own rules: 0.8.17 became plain ESM, and
/// OpenClaw's aliases do not reach it.
pub const FIRST_LINKED: Version = Version::new(0, 8, 17);

/// Whether a connector of this version needs the link.
#[must_use]
pub fn needs_host_link(version: &str) -> bool {
    Version::parse(version).is_ok_and(|version| version >= FIRST_LINKED)
}

/// Puts the link to OpenClaw's package into a tree that is being made, in place of whatever npm or
/// the payload has put there.
pub fn link_host(stage: &mut Stage, host: &Path) -> Result<(), Problem> {
    let link = Path::new(HOST_LINK);
    remove_tree(stage.as_fd(), link, &stage.path().join(link))?;
    stage.symlink(link, host)
}
