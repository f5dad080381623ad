//! Ctrl-C, SIGTERM and SIGHUP as a question that long work asks between two steps.

use std::io::{self, PipeReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The signals by which an operator asks.
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Whether the operator asked the program to stop. Clones share the answer.
///
/// The first signal raises the flag and the engine undoes what it did; the second one ends the
/// process at once (the journal lets the next run recover).
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// An interrupt that nothing raises: for tests and read-only commands.
    #[must_use]
    pub fn never() -> Self {
        Self::default()
    }

    /// Listens to SIGINT, SIGTERM and SIGHUP from here on.
    pub fn listening() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in SIGNALS {
            // registered first, so that it sees the flag of an earlier signal
            signal_hook::flag::register_conditional_shutdown(
                signal,
                130,
                Arc::clone(&interrupt.raised),
            )?;
            signal_hook::flag::register(signal, Arc::clone(&interrupt.raised))?;
        }
        Ok(interrupt)
    }

    /// Whether a signal has come.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// What becomes readable at a signal, for a wait that has no other end: such a wait looks at the
    /// flag once more after it has asked for this, and then need not look again until it rings.
    pub fn bell() -> io::Result<PipeReader> {
        let (bell, ringer) = io::pipe()?;
        for signal in SIGNALS {
            signal_hook::low_level::pipe::register(signal, ringer.try_clone()?)?;
        }
        Ok(bell)
    }

    /// Raises the flag, as a signal would.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
    }
}
