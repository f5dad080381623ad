//! The link in a connector's tree through which it finds the OpenClaw that runs it.

use std::os::fd::AsFd;
use std::path::Path;

use crate::fs::stage::{Stage, remove_tree};
use crate::language::Problem;

/// Where it lies in the tree.
pub const HOST_LINK: &str = "node_modules/openclaw";

/// Puts the link to OpenClaw's package into a tree that is being made, in place of whatever npm or
/// the payload has put there.
pub fn link_host(stage: &mut Stage, host: &Path) -> Result<(), Problem> {
    let link = Path::new(HOST_LINK);
    remove_tree(stage.as_fd(), link, &stage.path().join(link))?;
    stage.symlink(link, host)
}
