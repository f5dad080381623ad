//! A test may fail, never hang: whatever a test starts ends in time, or is ended.

use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// A hundred times what the slowest program of a sweep takes on two busy cores.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Ends what takes too long, unless it is called off before.
pub(crate) struct Watchdog {
    called_off: Sender<()>,
    dog: JoinHandle<bool>,
}

impl Watchdog {
    /// Does `bite` once `timeout` is over. One that is dropped is called off.
    pub(crate) fn over(timeout: Duration, bite: impl FnOnce() + Send + 'static) -> Self {
        let (called_off, end) = mpsc::channel();
        let dog = thread::spawn(move || {
            let bites = end.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout);
            if bites {
                bite();
            }
            bites
        });
        Self { called_off, dog }
    }

    /// What it watched over has ended. Returns whether that was its doing.
    pub(crate) fn call_off(self) -> bool {
        drop(self.called_off);
        self.dog.join().unwrap()
    }
}

/// A program at work, in a process group of its own: it is ended with all that it has started.
pub(crate) struct Limited {
    child: Child,
    shown: String,
    watchdog: Watchdog,
}

impl Limited {
    /// Starts the command; what it says is kept.
    pub(crate) fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt;
        let shown = format!("{command:?}");
        let child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{shown}: {error}"));
        let group = pid_of(&child);
        let watchdog = Watchdog::over(TIMEOUT, move || {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        });
        Self { child, shown, watchdog }
    }

    /// Waits for its end; one that had to be ended fails the test.
    pub(crate) fn wait(self) -> Output {
        let output = self.child.wait_with_output().unwrap();
        let (shown, said) = (self.shown, super::said(&output));
        assert!(!self.watchdog.call_off(), "no end of {shown} after {TIMEOUT:?}; it said:\n{said}");
        output
    }
}

/// Runs the command to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    Limited::start(command).wait()
}

/// The id of a process that has been started.
pub(crate) fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed()).unwrap()
}
