//! logind, on the system bus: whether a user's manager runs without a login ("lingering").

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zbus::{Connection, Variant, connection};

use super::bus::{call, owner};
use super::route::Wait;
use super::{ManagerError, error};
use crate::interrupt::Interrupt;
use crate::timeout::{Deadline, Worker};

/// How long logind and polkit may take together.
const TIMEOUT: Duration = Duration::from_secs(10);

const LOGIND: &str = "org.freedesktop.login1";
const POLKIT: &str = "org.freedesktop.PolicyKit1";

/// Where logind notes who lingers: one empty file for each user.
const FOLDER: &str = "/var/lib/systemd/linger";

/// Whether the user lingers; `None` where this system has no place to note it.
pub fn lingers(user: &str) -> Option<bool> {
    // systemd makes the folder itself with the first user that lingers
    let has_place = Path::new(FOLDER).parent().is_some_and(Path::is_dir);
    has_place.then(|| note_of(user).exists())
}

/// Where logind notes that the user does.
pub fn note_of(user: &str) -> PathBuf {
    Path::new(FOLDER).join(user)
}

/// Whether logind would obey this process: it is there, and polkit lets a user do this for
/// themselves without a password. Without polkit only root may.
pub fn may_set_linger(deadline: Deadline, interrupt: &Interrupt) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    let allowed = asked(deadline, interrupt, async move {
        let bus = connection::Builder::system().build().await?;
        Ok(owner(&bus, LOGIND).await.is_ok() && (is_root || is_authorized(&bus).await?))
    });
    matches!(allowed, Ok(Ok(true)))
}

/// What comes of a question to the system bus, in the time that logind gets at most.
fn asked<T: Send + 'static>(
    deadline: Deadline,
    interrupt: &Interrupt,
    question: impl Future<Output = zbus::Result<T>> + Send + 'static,
) -> Result<zbus::Result<T>, ManagerError> {
    let worker = Worker::start().map_err(|cause| error::cannot_run("D-Bus", &cause))?;
    let step = say!("asking logind to let it linger");
    let wait = Wait { step, deadline, interrupt: interrupt.clone() };
    wait.within(TIMEOUT).until_on(&worker, question)
}

async fn is_authorized(bus: &Connection) -> zbus::Result<bool> {
    let Some(own) = bus.unique_name() else { return Ok(false) };
    // who asks: a kind, and what names it
    let subject = ("system-bus-name", HashMap::from([("name", Variant::from(own.as_str()))]));
    let (action, no_details) =
        ("org.freedesktop.login1.set-self-linger", HashMap::<&str, &str>::new());
    // 0: nobody is asked for a password
    let question = (subject, action, no_details, 0_u32, "");
    let place =
        (POLKIT, "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority");
    let answer = call(bus, place, "CheckAuthorization", &question).await?;
    // whether a challenge would help, and details
    let (authorized, _, _): (bool, bool, HashMap<String, String>) = answer.body().deserialize()?;
    Ok(authorized)
}

/// Lets the user's manager run without a login from now on, or no longer. Nobody is asked for a
/// password.
pub fn set_linger(uid: u32, enable: bool) -> Result<(), ManagerError> {
    let deadline = Deadline::after(TIMEOUT);
    let outcome = asked(deadline, &Interrupt::never(), async move {
        let bus = connection::Builder::system().build().await?;
        let place = (LOGIND, "/org/freedesktop/login1", "org.freedesktop.login1.Manager");
        call(&bus, place, "SetUserLinger", &(uid, enable, false)).await
    });
    let verb = if enable { "enable" } else { "disable" };
    outcome?.map(drop).map_err(|said| error::linger_refused(uid, verb, &said))
}
