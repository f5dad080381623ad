//! What every command is given: the operator, the place, the timeout, the voice.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::Global;
use crate::fs::is_absent;
use crate::interrupt::Interrupt;
use crate::language::Explain;
use crate::openclaw::include::{ConfigError, ConfigSet};
use crate::report::Console;
use crate::snapshot::account::{Account, Surroundings};
use crate::snapshot::installation::Installation;
use crate::snapshot::paths::{self, CONNECTOR, Paths, Wishes};
use crate::snapshot::service::{Managed, Service};
use crate::systemd::{ManagerError, Session, UserManager};
use crate::timeout::{Deadline, Timeout};
use crate::transaction::bounds::Bounds;
use crate::transaction::error::TransactionError;
use crate::transaction::records::{Held, Records};

use super::failure::Failure;

/// The circumstances of one run.
#[allow(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub(super) struct Context {
    pub(super) console: Console,
    pub(super) surroundings: Surroundings,
    pub(super) account: Account,
    pub(super) paths: Paths,
    pub(super) records: Records,
    pub(super) interrupt: Interrupt,
    pub(super) timeout: Timeout,
    pub(super) yes: bool,
    pub(super) dry_run: bool,
    pub(super) offline: bool,
    /// A gateway that runs is not stopped: what needs that is refused.
    pub(super) spares_the_gateway: bool,
    /// The one that was found.
    pub(super) found: RefCell<Option<UserManager>>,
}

impl Context {
    pub(super) fn new(
        global: &Global,
        console: Console,
        account: Account,
        surroundings: Surroundings,
        interrupt: Interrupt,
    ) -> Self {
        let wishes = Wishes {
            state_dir: global.state_dir.clone().and_then(|path| std::path::absolute(path).ok()),
            profile: global.profile.clone(),
        };
        // what cannot be looked at is taken for the one: whoever reads it says why it cannot
        let exists = |path: &std::path::Path| !is_absent(path);
        let paths = Paths::resolve(&surroundings, &account.home, &wishes, &exists);
        let state_dir = paths::real(&paths.state_dir);
        let records = Records::below(&state_dir).within(bounds(&paths, &account));
        Self {
            console,
            surroundings,
            account,
            paths,
            records,
            interrupt,
            timeout: Timeout::new(global.timeout.map(Duration::from_secs)),
            yes: global.yes,
            dry_run: global.dry_run,
            offline: global.offline,
            spares_the_gateway: false,
            found: RefCell::default(),
        }
    }

    /// Takes the lock on the records. From here on no second signal ends the process in the middle.
    pub(super) fn lock(&self, command: &str) -> Result<Held, TransactionError> {
        self.interrupt.hold();
        self.records.lock(command)
    }

    /// A new deadline for one phase.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout.span())
    }

    /// The user manager, or `None` where none runs. One that is there and does not answer is an
    /// error: the gateway may be running, and nothing may be changed under it.
    pub(super) fn manager(&self) -> Result<Option<UserManager>, ManagerError> {
        if let Some(manager) = &*self.found.borrow() {
            return Ok(Some(manager.clone()));
        }
        let session = Session {
            bus_address: self.surroundings.text("DBUS_SESSION_BUS_ADDRESS"),
            runtime_directory: self.surroundings.path("XDG_RUNTIME_DIR"),
            ..Session::of_user(self.account.uid)
        };
        match UserManager::connect(&session, self.deadline(), &self.interrupt) {
            Ok(manager) => Ok(self.found.borrow_mut().insert(manager).clone().into()),
            Err(ManagerError::Absent { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The gateway's unit as its manager sees it.
    pub(super) fn service(
        &self,
        manager: Option<&UserManager>,
        deadline: Deadline,
    ) -> Result<Service, ManagerError> {
        let Some(manager) = manager else { return Ok(Service::Unmanaged) };
        let seen = Managed::observe(manager, &self.paths, deadline, &self.interrupt)?;
        Ok(Service::Managed(Box::new(seen)))
    }

    /// The installation, and apart from it the config, or why it cannot be read. Fails where anything
    /// else of it cannot be looked at.
    pub(super) fn observe(
        &self,
    ) -> Result<(Installation, Result<ConfigSet, ConfigError>), Failure> {
        let service = self.service(self.manager()?.as_ref(), self.deadline())?;
        let (mut installation, config) = self.observe_what_can_be_seen(service);
        if let Some(unseen) = installation.unseen.pop() {
            return Err(unseen.error.into());
        }
        // with such a file no gateway would come up again, the old one neither
        if let Some(fault) = installation
            .variable_files()
            .find_map(|file| file.fault.as_ref().filter(|_| !file.optional))
        {
            return Err(fault.problem().into());
        }
        Ok((installation, config))
    }

    /// The same, where the rest is told all the same.
    pub(super) fn observe_what_can_be_seen(
        &self,
        service: Service,
    ) -> (Installation, Result<ConfigSet, ConfigError>) {
        let (account, paths) = (self.account.clone(), self.paths.clone());
        Installation::observe(account, paths, service, &self.surroundings, &self.records)
    }
}

/// The places of the installation, for the steps that may lead there: as they really are, and as
/// they are named, which is what they were before somebody put a link there.
fn bounds(paths: &Paths, account: &Account) -> [Bounds; 2] {
    let below = |path: &Path, follow: fn(&Path) -> PathBuf| {
        let named = path.parent().zip(path.file_name());
        named.map_or_else(|| path.to_owned(), |(parent, name)| follow(parent).join(name))
    };
    let each: [fn(&Path) -> PathBuf; 2] = [paths::real, Path::to_path_buf];
    each.map(|follow| Bounds {
        state_dir: follow(&paths.state_dir),
        config: [below(&paths.config, follow), paths::real(&paths.config)],
        extensions: follow(&paths.extensions),
        connector: follow(&paths.extensions).join(CONNECTOR),
        models: paths::real(&paths.models),
        drop_in: [below(&paths.drop_in, follow), paths::real(&paths.drop_in)],
        user: account.name.clone(),
    })
}
