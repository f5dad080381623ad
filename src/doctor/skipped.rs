//! Why a check could not look: the reasons that several checks share.

use super::Verdict;
use crate::say;

/// It needs a config that can be read.
pub(super) fn unreadable() -> Verdict {
    Verdict::Skipped(say!("the config cannot be read (config.syntax)"))
}

/// It needs a DingTalk that is set up.
pub(super) fn not_set_up() -> Verdict {
    Verdict::Skipped(say!("DingTalk is not set up here"))
}

/// It needs the connector's version.
pub(super) fn no_version() -> Verdict {
    Verdict::Skipped(say!("the connector's version is not known"))
}

/// Only the network can answer it.
pub(super) fn only_live() -> Verdict {
    Verdict::Skipped(say!("it would have to ask the outside world, which only --live does"))
}
