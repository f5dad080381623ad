//! Ctrl-C, SIGTERM and SIGHUP as a question that long work asks between two steps.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The signals by which an operator asks.
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Whether the operator asked the program to stop. Clones share the answer.
///
/// The first signal raises the flag, and what was done is undone. A second one ends the process at
/// once, until [`Interrupt::hold`]: from there on signals are remembered and nothing else, because
/// the exit code of an interrupt promises that everything is as it was.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
    /// The last signal; 0 where none has come.
    signal: Arc<AtomicUsize>,
    /// What ends the process at a second signal.
    shutdowns: Arc<[SigId]>,
}

impl Interrupt {
    /// An interrupt that nothing raises: for tests and read-only commands.
    pub fn never() -> Self {
        Self::default()
    }

    /// Listens to SIGINT, SIGTERM and SIGHUP from here on.
    pub fn listening() -> io::Result<Self> {
        let interrupt = Self::default();
        let mut shutdowns = Vec::new();
        for signal in SIGNALS {
            let (raised, last) = (Arc::clone(&interrupt.raised), Arc::clone(&interrupt.signal));
            // registered first, so that it sees the flag of an earlier signal
            shutdowns.push(signal_hook::flag::register_conditional_shutdown(
                signal,
                128 + signal,
                Arc::clone(&raised),
            )?);
            signal_hook::flag::register_usize(signal, last, signal.unsigned_abs() as usize)?;
            signal_hook::flag::register(signal, raised)?;
        }
        Ok(Self { shutdowns: shutdowns.into(), ..interrupt })
    }

    /// From here on no signal ends the process: what has begun is finished, or undone.
    pub fn hold(&self) {
        for action in &*self.shutdowns {
            signal_hook::low_level::unregister(*action);
        }
    }

    /// Whether a signal has come.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// The last signal that has come.
    pub fn signal(&self) -> Option<i32> {
        i32::try_from(self.signal.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }

    /// Raises the flag, as a signal would.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
    }
}
