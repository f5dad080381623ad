//! What the published connectors do, by their version.

use semver::Version;

/// The gateway's port where nothing says otherwise.
pub const USUAL_PORT: u16 = 18789;

/// Whether it talks to the gateway over HTTP, at 127.0.0.1; later ones, and their pre-releases, live
/// inside the gateway. One of an unknown version is taken for one that does.
#[must_use]
pub fn speaks_http(version: Option<&Version>) -> bool {
    version.is_none_or(|version| is_before(version, 8))
}

/// Whether a version is below 0.`minor`, its own pre-releases not included.
#[must_use]
pub fn is_before(version: &Version, minor: u64) -> bool {
    (version.major, version.minor) < (0, minor)
}

/// Whether it calls [`USUAL_PORT`] whatever the gateway's port is.
#[must_use]
pub fn has_a_fixed_port(version: &Version) -> bool {
    *version < Version::new(0, 7, 6)
}

/// Whether it turns away whom `dmPolicy: allowlist` does not name; from 0.7.1 to 0.7.10 only where
/// `allowFrom` names somebody.
#[must_use]
pub fn heeds_dm_policy(version: &Version, names_somebody: bool) -> bool {
    heeds_group_policy(version) || names_somebody && *version >= Version::new(0, 7, 1)
}

/// Whether it looks at `groupPolicy`.
#[must_use]
pub fn heeds_group_policy(version: &Version) -> bool {
    !is_before(version, 8)
}

/// Whether an account of `accounts` has what the channel's block says beside it. Before, it has its
/// own block alone.
#[must_use]
pub fn accounts_inherit(version: &Version) -> bool {
    *version >= Version::new(0, 7, 7)
}
