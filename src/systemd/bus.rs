//! The manager over D-Bus.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use zbus::export::futures_core::Stream;
use zbus::proxy::CacheProperties;
use zbus::{Connection, Error, OwnedObjectPath, OwnedVariant, connection, fdo, proxy};

use super::backend::Backend;
use super::environment::Environment;
use super::properties::{Properties, installation};
use super::wait::Bounds;
use super::{JobOutcome, ManagerError, Step, Unit, Verb};
use crate::patience::Deadline;

const SYSTEMD: &str = "org.freedesktop.systemd1";

/// How long systemd may take to enter a bus that we have just woken. It takes about 50 ms.
const ENTRY: Duration = Duration::from_secs(2);

/// The dozen members of systemd's interface that we use.
#[proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;
    fn reload(&self) -> zbus::Result<()>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
    #[zbus(property)]
    fn version(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn environment(&self) -> zbus::Result<Vec<String>>;
    #[zbus(signal)]
    fn job_removed(
        &self,
        id: u32,
        job: OwnedObjectPath,
        unit: String,
        result: String,
    ) -> zbus::Result<()>;
}

/// A bus on which systemd answers.
pub(super) struct Bus {
    manager: ManagerProxy<'static>,
}

impl Bus {
    /// Connects, and makes sure that systemd is there: a bus may live without it, and then any
    /// call would try to start one.
    pub(super) fn connect(address: &str, bounds: &Bounds<'_>) -> Result<Self, ManagerError> {
        let step = Step::Connect;
        let unusable = |reason: String| ManagerError::Absent {
            uid: rustix::process::geteuid().as_raw(),
            looked: vec![format!("{address}: {reason}")],
        };
        if !address.starts_with("unix:") {
            return Err(unusable("not a local socket".to_owned()));
        }
        zbus::block_on(async {
            let connecting = connection::Builder::address(address).build();
            let connection = bounds.wait(&step, connecting).await?;
            let connection = connection.map_err(|error| match error {
                Error::Connection(reason, _) if is_permission(&reason) => {
                    refused(address, &reason.to_string())
                }
                Error::Connection(reason, _) => unusable(reason.to_string()),
                Error::Address(reason) => unusable(reason),
                other => refused(address, &other.to_string()),
            })?;
            match systemd_comes(&connection, bounds).await {
                Ok(true) => Ok(Self { manager: manager(&connection, bounds).await? }),
                Ok(false) => Err(unusable("systemd is not on this bus".to_owned())),
                Err(ManagerError::Died { reason, .. }) => Err(unusable(reason)),
                Err(error) => Err(error),
            }
        })
    }

    async fn enqueue(&self, verb: Verb, unit: &str) -> zbus::Result<OwnedObjectPath> {
        match verb {
            Verb::Start => self.manager.start_unit(unit, "replace").await,
            Verb::Stop => self.manager.stop_unit(unit, "replace").await,
            Verb::Restart => self.manager.restart_unit(unit, "replace").await,
        }
    }

    async fn all_properties(&self, unit: &str) -> zbus::Result<(Properties, Properties)> {
        let path = self.manager.load_unit(unit).await?;
        let object = fdo::PropertiesProxy::builder(self.manager.inner().connection())
            .destination(SYSTEMD)
            .path(path)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let of_unit = properties(&object, "org.freedesktop.systemd1.Unit").await?;
        let of_service = properties(&object, "org.freedesktop.systemd1.Service").await?;
        Ok((Properties(of_unit), Properties(of_service)))
    }
}

/// One call, awaited within the bounds.
fn call<T>(
    step: &Step,
    bounds: &Bounds<'_>,
    call: impl Future<Output = zbus::Result<T>>,
) -> Result<T, ManagerError> {
    zbus::block_on(bounds.wait(step, call))?.map_err(|error| explained(&error, step))
}

async fn properties(
    object: &fdo::PropertiesProxy<'_>,
    interface: &'static str,
) -> zbus::Result<HashMap<String, OwnedVariant>> {
    Ok(object.get_all(interface.try_into()?).await?)
}

/// Whether systemd is on the bus, or enters it in a moment: the first connection is what starts a
/// socket-activated bus, and systemd enters it after us.
async fn systemd_comes(connection: &Connection, bounds: &Bounds<'_>) -> Result<bool, ManagerError> {
    let grace = Deadline::after(ENTRY);
    loop {
        let there = bounds.wait(&Step::Connect, systemd_is_there(connection)).await?;
        let there = there.map_err(|error| ManagerError::Died {
            step: Step::Connect,
            reason: error.to_string(),
        })?;
        if there || grace.has_passed() {
            return Ok(there);
        }
        std::thread::sleep(bounds.glance());
    }
}

async fn systemd_is_there(connection: &Connection) -> zbus::Result<bool> {
    let bus = fdo::DBusProxy::new(connection).await?;
    Ok(bus.name_has_owner(SYSTEMD.try_into()?).await?)
}

async fn manager(
    connection: &Connection,
    bounds: &Bounds<'_>,
) -> Result<ManagerProxy<'static>, ManagerError> {
    let building = ManagerProxy::builder(connection).cache_properties(CacheProperties::No).build();
    let proxy = bounds.wait(&Step::Connect, building).await?;
    let proxy = proxy.map_err(|error| explained(&error, &Step::Connect))?;
    let subscribed = bounds.wait(&Step::Connect, proxy.subscribe()).await?;
    match subscribed {
        Ok(()) => Ok(proxy),
        Err(Error::MethodError(name, ..)) if name.ends_with("AlreadySubscribed") => Ok(proxy),
        Err(error) => Err(explained(&error, &Step::Connect)),
    }
}

impl Backend for Bus {
    fn version(&self, bounds: &Bounds<'_>) -> Result<String, ManagerError> {
        call(&Step::AskManager, bounds, self.manager.version())
    }

    fn environment(&self, bounds: &Bounds<'_>) -> Result<Environment, ManagerError> {
        let items = call(&Step::AskManager, bounds, self.manager.environment())?;
        Ok(Environment::of_assignments(items))
    }

    fn unit(&self, name: &str, bounds: &Bounds<'_>) -> Result<Unit, ManagerError> {
        let step = Step::ReadUnit(name.to_owned());
        let (unit, service) = call(&step, bounds, self.all_properties(name))?;
        Ok(installation(&unit, &service))
    }

    fn reload(&self, bounds: &Bounds<'_>) -> Result<(), ManagerError> {
        call(&Step::Reload, bounds, self.manager.reload())
    }

    fn run(&self, verb: Verb, unit: &str, bounds: &Bounds<'_>) -> Result<JobOutcome, ManagerError> {
        let step = Step::Job(verb, unit.to_owned());
        zbus::block_on(async {
            // listened to before the job exists: it may be over before the reply to our call
            let removals = bounds.wait(&step, self.manager.receive_job_removed()).await?;
            let mut removals = removals.map_err(|error| explained(&error, &step))?;
            let job = bounds.wait(&step, self.enqueue(verb, unit)).await?;
            let job = job.map_err(|error| explained(&error, &step))?;
            loop {
                let removal = self.next_or_gone(&mut removals, &step, bounds).await?;
                let Ok(removal) = removal.args() else { continue };
                if removal.job == job {
                    return Ok(JobOutcome::of_result(&removal.result));
                }
            }
        })
    }

    fn reset_failed(&self, unit: &str, bounds: &Bounds<'_>) -> Result<(), ManagerError> {
        let step = Step::ResetFailed(unit.to_owned());
        match call(&step, bounds, self.manager.reset_failed_unit(unit)) {
            // a unit that is not in memory has no failure to forget
            Err(ManagerError::NoSuchUnit { .. }) => Ok(()),
            other => other,
        }
    }
}

impl Bus {
    /// The next signal, or why there will be none: the stream of a dead connection ends, but a
    /// manager that dies under a living bus just stays silent.
    async fn next_or_gone(
        &self,
        removals: &mut JobRemovedStream,
        step: &Step,
        bounds: &Bounds<'_>,
    ) -> Result<JobRemoved, ManagerError> {
        let gone =
            |reason: &str| ManagerError::Died { step: step.clone(), reason: reason.to_owned() };
        loop {
            let glance = Deadline::after(bounds.glance());
            let briefly = Bounds { deadline: glance, interrupt: bounds.interrupt };
            let next = std::future::poll_fn(|context| Pin::new(&mut *removals).poll_next(context));
            match briefly.wait(step, next).await {
                Ok(Some(removal)) => return Ok(removal),
                Ok(None) => return Err(gone("the bus closed the connection")),
                Err(ManagerError::Hung { .. }) => bounds.check(step)?,
                Err(error) => return Err(error),
            }
            let connection = self.manager.inner().connection();
            match bounds.wait(step, systemd_is_there(connection)).await? {
                Ok(true) => {}
                Ok(false) => return Err(gone("systemd left the bus")),
                Err(error) => return Err(gone(&error.to_string())),
            }
        }
    }
}

fn is_permission(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::PermissionDenied
}

fn refused(address: &str, reason: &str) -> ManagerError {
    ManagerError::Refused { place: address.to_owned(), reason: reason.to_owned() }
}

/// What a failed call means.
fn explained(error: &Error, step: &Step) -> ManagerError {
    let reason = error.to_string();
    let unit = match step {
        Step::Job(_, unit) | Step::ReadUnit(unit) | Step::ResetFailed(unit) => unit.clone(),
        _ => String::new(),
    };
    match error {
        Error::MethodError(name, ..) if name.ends_with(".NoSuchUnit") => {
            ManagerError::NoSuchUnit { unit }
        }
        Error::MethodError(name, ..) if name.ends_with(".UnitMasked") => {
            ManagerError::UnitMasked { unit }
        }
        Error::MethodError(name, ..) if name.ends_with(".BadUnitSetting") => {
            ManagerError::UnitBroken { unit, reason }
        }
        Error::FDO(error) => match error.as_ref() {
            fdo::Error::InconsistentMessage(reason) => {
                ManagerError::UnitBroken { unit, reason: reason.clone() }
            }
            fdo::Error::AccessDenied(_) | fdo::Error::AuthFailed(_) => refused(SYSTEMD, &reason),
            fdo::Error::ServiceUnknown(_)
            | fdo::Error::NameHasNoOwner(_)
            | fdo::Error::NoReply(_)
            | fdo::Error::Disconnected(_)
            | fdo::Error::SpawnChildExited(_)
            | fdo::Error::SpawnFailed(_) => ManagerError::Died { step: step.clone(), reason },
            _ => ManagerError::Rejected { step: step.clone(), reason },
        },
        Error::InputOutput(_) => ManagerError::Died { step: step.clone(), reason },
        _ => ManagerError::Rejected { step: step.clone(), reason },
    }
}
