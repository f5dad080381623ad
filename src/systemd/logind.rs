//! logind, on the system bus: whether a user's manager runs without a login ("lingering").

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use zbus::proxy::CacheProperties;
use zbus::{Connection, Error, Variant, connection, proxy};

use super::wait::Bounds;
use super::{ManagerError, Step};
use crate::interrupt::Interrupt;
use crate::patience::Deadline;

/// How long logind and polkit may take together.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where logind notes who lingers: one empty file for each user.
const FOLDER: &str = "/var/lib/systemd/linger";

#[proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1"
)]
trait Logind {
    fn set_user_linger(&self, uid: u32, enable: bool, interactive: bool) -> zbus::Result<()>;
}

/// Who asks polkit: a kind, and what names it.
type Subject<'a> = (&'a str, HashMap<&'a str, Variant<'a>>);

#[proxy(
    interface = "org.freedesktop.PolicyKit1.Authority",
    default_service = "org.freedesktop.PolicyKit1",
    default_path = "/org/freedesktop/PolicyKit1/Authority"
)]
trait Polkit {
    /// Returns whether it is authorized, whether a challenge would help, and details.
    fn check_authorization(
        &self,
        subject: &Subject<'_>,
        action: &str,
        details: HashMap<&str, &str>,
        flags: u32,
        cancellation: &str,
    ) -> zbus::Result<(bool, bool, HashMap<String, String>)>;
}

/// Whether the user lingers; `None` where this system has no place to note it.
#[must_use]
pub fn lingers(user: &str) -> Option<bool> {
    let folder = Path::new(FOLDER);
    let parent = folder.parent().filter(|parent| parent.is_dir())?;
    // systemd makes the folder with the first user that lingers
    Some(parent.join("linger").join(user).exists())
}

/// Whether logind would obey this process: it is there, and polkit lets a user do this for
/// themselves without a password. Without polkit only root may.
#[must_use]
pub fn may_set_linger(interrupt: &Interrupt) -> bool {
    let bounds = Bounds { deadline: Deadline::after(PATIENCE), interrupt };
    let is_root = rustix::process::geteuid().is_root();
    let allowed = zbus::block_on(bounds.wait(&Step::Linger, async {
        let bus = connection::Builder::system().build().await?;
        Ok::<_, Error>(logind_is_there(&bus).await? && (is_root || is_authorized(&bus).await?))
    }));
    matches!(allowed, Ok(Ok(true)))
}

async fn logind_is_there(bus: &Connection) -> zbus::Result<bool> {
    let names = zbus::fdo::DBusProxy::new(bus).await?;
    Ok(names.name_has_owner("org.freedesktop.login1".try_into()?).await?)
}

async fn is_authorized(bus: &Connection) -> zbus::Result<bool> {
    let Some(own) = bus.unique_name() else { return Ok(false) };
    let polkit = PolkitProxy::builder(bus).cache_properties(CacheProperties::No).build().await?;
    let subject = ("system-bus-name", HashMap::from([("name", Variant::from(own.as_str()))]));
    let action = "org.freedesktop.login1.set-self-linger";
    // 0: nobody is asked for a password
    let answer = polkit.check_authorization(&subject, action, HashMap::new(), 0, "").await?;
    Ok(answer.0)
}

/// Lets the user's manager run without a login from now on, or no longer. Nobody is asked for a
/// password.
pub fn set_linger(uid: u32, enable: bool) -> Result<(), ManagerError> {
    let interrupt = Interrupt::never();
    let bounds = Bounds { deadline: Deadline::after(PATIENCE), interrupt: &interrupt };
    let outcome = zbus::block_on(bounds.wait(&Step::Linger, async {
        let bus = connection::Builder::system().build().await?;
        let logind =
            LogindProxy::builder(&bus).cache_properties(CacheProperties::No).build().await?;
        logind.set_user_linger(uid, enable, false).await
    }));
    let verb = if enable { "enable" } else { "disable" };
    outcome?.map_err(|error| ManagerError::LingerRefused { uid, verb, reason: error.to_string() })
}
