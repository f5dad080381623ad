//! The manager over D-Bus.

use std::collections::HashMap;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt;
use std::pin::{Pin, pin};
use std::time::Duration;

use rustix::net::SocketAddrUnix;
use serde::Serialize;
use zbus::address::Transport;
use zbus::address::transport::UnixSocket;
use zbus::export::futures_core::Stream;
use zbus::message::Type;
use zbus::{
    Address, Connection, DynamicType, Error, MatchRule, Message, MessageStream, OwnedObjectPath,
    OwnedVariant, connection, fdo,
};

use super::route::{POLL_INTERVAL, Route, Wait};
use super::unit::Properties;
use super::{JobOutcome, ManagerError, Verb, error, session};
use crate::timeout::{Deadline, Worker};

const SYSTEMD: &str = "org.freedesktop.systemd1";
const INTERFACE: &str = "org.freedesktop.systemd1.Manager";
const MANAGER: Place<'static> = (SYSTEMD, "/org/freedesktop/systemd1", INTERFACE);

/// Who is called: a service, an object of it, an interface of that.
pub(super) type Place<'a> = (&'a str, &'a str, &'a str);

/// How long systemd may take to enter a bus that we have just woken. It takes about 50 ms.
const ENTRY: Duration = Duration::from_secs(2);

/// After so much silence the bus is asked whether systemd is still there.
const SILENCE: Duration = Duration::from_millis(200);

/// A bus that has not answered a question about itself in this time hangs.
const LATE: Duration = Duration::from_secs(3);

/// A bus on which systemd answers. All that is said over it is said on a thread of its own.
#[derive(Clone)]
pub(super) struct Bus {
    address: String,
    connection: Connection,
    worker: Worker,
    /// The unique name of the systemd that we have found; one that was executed anew has another.
    systemd: String,
}

impl Bus {
    /// Connects, and makes sure that systemd is there: a bus may live without it, and then any
    /// call would try to start one.
    pub(super) fn connect(address: &str, wait: &Wait) -> Result<Self, ManagerError> {
        let absent = |reason: &dyn Display| error::absent(address, reason);
        let socket = socket_of(address).ok_or_else(|| absent(&"not a local socket"))?;
        let left = wait.deadline.remaining();
        let (connecting, entry) = (wait.within(LATE.min(left / 2)), ENTRY.min(left / 4));
        let worker = Worker::start().map_err(|cause| error::cannot_run("D-Bus", &cause))?;
        let (place, own) = (address.to_owned(), worker.clone());
        let stream = session::connect(address, &socket, &connecting)?;
        let found = connecting.until_on(&worker, async move {
            let connection = connection::Builder::unix_stream(stream).build().await?;
            let systemd = systemd_comes(&connection, entry).await?;
            // the manager sends signals to those who want them
            call(&connection, MANAGER, "Subscribe", &()).await?;
            Ok(Self { address: place, connection, worker: own, systemd })
        })?;
        found.map_err(|why| match &why {
            Error::InputOutput(reason) if error::is_absence(reason) => absent(reason),
            Error::FDO(reason) if is_gone(reason) => absent(&"systemd is not on this bus"),
            _ => error::refused(address, &why),
        })
    }

    /// Awaits an answer of systemd's. One that dies under a living bus just stays silent, and so
    /// does a bus that hangs: after a while both are looked at.
    async fn answer<T>(
        &self,
        wait: &Wait,
        answer: impl Future<Output = zbus::Result<T>>,
    ) -> Result<T, ManagerError> {
        let mut answer = pin!(answer);
        loop {
            match wait.within(SILENCE).until(answer.as_mut()).await {
                Err(ManagerError::Hung { .. }) => self.look_after(wait).await?,
                outcome => return outcome?.map_err(|error| explained(&error, wait)),
            }
        }
    }

    /// Says why no answer will come any more, if none will.
    async fn look_after(&self, wait: &Wait) -> Result<(), ManagerError> {
        let look = wait.within(LATE).until(owner(&self.connection, SYSTEMD)).await;
        wait.check()?;
        Err(match look {
            Ok(Ok(systemd)) if systemd == self.systemd => return Ok(()),
            Ok(Ok(_)) => wait.died(&"systemd was executed anew"),
            Ok(Err(error)) => wait.died(&error),
            Err(_) => wait.died(&"the bus does not answer"),
        })
    }

    /// Does this on the bus's own thread.
    fn on_thread<
        T: Send + 'static,
        F: Future<Output = Result<T, ManagerError>> + Send + 'static,
    >(
        &self,
        wait: &Wait,
        work: impl FnOnce(Self, Wait) -> F,
    ) -> Result<T, ManagerError> {
        wait.until_on(&self.worker, work(self.clone(), wait.clone()))?
    }

    /// Calls the manager itself.
    async fn ask(
        &self,
        wait: &Wait,
        method: &str,
        arguments: &(impl Serialize + DynamicType + Sync),
    ) -> Result<Message, ManagerError> {
        self.answer(wait, call(&self.connection, MANAGER, method, arguments)).await
    }

    async fn all_of(&self, unit: Option<&str>) -> zbus::Result<Properties> {
        let bus = &self.connection;
        let path = match unit {
            Some(unit) => path_of(unit),
            None => MANAGER.1.to_owned(),
        };
        // without the name of an interface those of all come
        let place = (SYSTEMD, path.as_str(), "org.freedesktop.DBus.Properties");
        let all = call(bus, place, "GetAll", &("",)).await?;
        Ok(Properties::of_variants(&all.body().deserialize::<HashMap<String, OwnedVariant>>()?))
    }

    async fn job(&self, verb: Verb, unit: &str, wait: &Wait) -> Result<JobOutcome, ManagerError> {
        // listened to before the job exists: it may be over before the reply to our call
        let mut removals = self.answer(wait, removals(&self.connection)).await?;
        let method = match verb {
            Verb::Start => "StartUnit",
            Verb::Stop => "StopUnit",
        };
        let enqueued = self.ask(wait, method, &(unit, "replace")).await?.body();
        let job = enqueued.deserialize().map_err(|error| explained(&error, wait))?;
        loop {
            let removal = self.answer(wait, next(&mut removals)).await?.body();
            match removal.deserialize::<Removal>() {
                Ok((_, removed, _, result)) if removed == job => {
                    return Ok(JobOutcome::of_result(&result));
                }
                _ => {}
            }
        }
    }
}

/// What `JobRemoved` tells: an id, the job, the unit, the result.
type Removal = (u32, OwnedObjectPath, String, String);

impl Route for Bus {
    fn name(&self) -> String {
        self.address.clone()
    }

    fn properties(&self, unit: Option<&str>, wait: &Wait) -> Result<Properties, ManagerError> {
        let unit = unit.map(str::to_owned);
        self.on_thread(wait, async move |bus, wait| {
            bus.answer(&wait, bus.all_of(unit.as_deref())).await
        })
    }

    fn reload(&self, wait: &Wait) -> Result<(), ManagerError> {
        self.on_thread(wait, async |bus, wait| bus.ask(&wait, "Reload", &()).await.map(drop))
    }

    fn run(&self, verb: Verb, unit: &str, wait: &Wait) -> Result<JobOutcome, ManagerError> {
        let unit = unit.to_owned();
        self.on_thread(wait, async move |bus, wait| bus.job(verb, &unit, &wait).await)
    }

    fn reset_failed(&self, unit: &str, wait: &Wait) -> Result<(), ManagerError> {
        let unit = unit.to_owned();
        self.on_thread(wait, async move |bus, wait| {
            bus.ask(&wait, "ResetFailedUnit", &(unit,)).await.map(drop)
        })
    }
}

/// Where a bus listens; a socket of this machine is the only one that can be proved to be ours.
fn socket_of(address: &str) -> Option<SocketAddrUnix> {
    let address = Address::try_from(address).ok()?;
    let Transport::Unix(unix) = address.transport() else { return None };
    match unix.path() {
        UnixSocket::File(path) => SocketAddrUnix::new(path).ok(),
        UnixSocket::Abstract(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()).ok(),
        _ => None,
    }
}

/// Where systemd shows a unit, which it loads when it is asked for there (`sd_bus_path_encode`).
fn path_of(unit: &str) -> String {
    let label = unit.bytes().enumerate().map(|(at, byte)| {
        let is_plain = byte.is_ascii_alphabetic() || at > 0 && byte.is_ascii_digit();
        if is_plain { char::from(byte).to_string() } else { format!("_{byte:02x}") }
    });
    format!("/org/freedesktop/systemd1/unit/{}", label.collect::<String>())
}

pub(super) async fn call(
    bus: &Connection,
    (service, path, interface): Place<'_>,
    method: &str,
    arguments: &(impl Serialize + DynamicType),
) -> zbus::Result<Message> {
    bus.call_method(Some(service), path, Some(interface), method, arguments).await
}

/// The unique name of a service that is on this bus.
pub(super) async fn owner(bus: &Connection, service: &str) -> zbus::Result<String> {
    let place = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus");
    call(bus, place, "GetNameOwner", &(service,)).await?.body().deserialize()
}

/// That of systemd, once it is on the bus: the first connection is what starts a socket-activated
/// bus, and systemd enters it after us.
async fn systemd_comes(bus: &Connection, timeout: Duration) -> zbus::Result<String> {
    let grace = Deadline::after(timeout);
    loop {
        match owner(bus, SYSTEMD).await {
            Err(Error::FDO(error)) if is_gone(&error) && !grace.has_passed() => {
                std::thread::sleep(POLL_INTERVAL);
            }
            outcome => return outcome,
        }
    }
}

async fn removals(bus: &Connection) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder().msg_type(Type::Signal);
    let rule = rule.sender(SYSTEMD).interface(INTERFACE).member("JobRemoved").build()?;
    MessageStream::for_match_rule(rule, bus, None).await
}

/// The next message; the stream of a dead connection ends.
async fn next(messages: &mut MessageStream) -> zbus::Result<Message> {
    let next = std::future::poll_fn(|context| Pin::new(&mut *messages).poll_next(context)).await;
    let closed = || Error::InputOutput(std::sync::Arc::new(std::io::ErrorKind::BrokenPipe.into()));
    next.ok_or_else(closed)?
}

/// Whether it says that systemd, or the bus, is no longer there.
fn is_gone(error: &fdo::Error) -> bool {
    matches!(
        error,
        fdo::Error::ServiceUnknown(_)
            | fdo::Error::NameHasNoOwner(_)
            | fdo::Error::NoReply(_)
            | fdo::Error::Disconnected(_)
            | fdo::Error::SpawnChildExited(_)
            | fdo::Error::SpawnFailed(_)
    )
}

/// What a failed call means.
fn explained(said: &Error, wait: &Wait) -> ManagerError {
    match said {
        Error::InputOutput(_) => wait.died(said),
        Error::FDO(told) if is_gone(told) => wait.died(said),
        Error::FDO(told) => match told.as_ref() {
            fdo::Error::AccessDenied(_) | fdo::Error::AuthFailed(_) => {
                error::refused(SYSTEMD, said)
            }
            _ => error::rejected(&wait.step, said),
        },
        _ => error::rejected(&wait.step, said),
    }
}
