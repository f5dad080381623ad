//! A bypass that somebody else's setting takes away again, told with the culprit's name.

use crate::language::Explain;
use crate::say;
use crate::systemd::environment::{Overridden, Override};

/// The drop-in is in force, and still the unit's environment lacks our entries.
#[derive(Debug)]
pub struct BypassUndone {
    /// The unit.
    pub unit: String,
    /// What lacks them, and whose doing it is.
    pub undone: Vec<Overridden>,
}

impl BypassUndone {
    fn culprit(&self) -> String {
        match self.undone.first().map(|undone| &undone.culprit) {
            Some(Override::EnvironmentFile(path)) => {
                let path = path.display();
                say!("{path}, an EnvironmentFile of the unit, which beats every drop-in", path)
            }
            Some(Override::DropIn(path)) => {
                let path = path.display();
                say!("{path}, a drop-in that systemd reads after ours", path)
            }
            Some(Override::UnsetEnvironment) => {
                say!("UnsetEnvironment= in the unit or one of its drop-ins")
            }
            Some(Override::Unknown) | None => say!("a setting that could not be found"),
        }
    }
}

impl Explain for BypassUndone {
    fn code(&self) -> &'static str {
        "gateway.bypass-undone"
    }

    fn message(&self) -> String {
        let names: Vec<_> = self.undone.iter().map(|undone| undone.spelling.name()).collect();
        let (unit, names, culprit) = (&self.unit, names.join(", "), self.culprit());
        say!(
            "{unit}: {names} would not bypass the proxy for loopback, because of {culprit}",
            unit,
            names,
            culprit
        )
    }

    fn hint(&self) -> String {
        say!(
            "Add 127.0.0.1,localhost,::1,[::1] to no_proxy and NO_PROXY there, or take them out there, and run the command again."
        )
    }
}
