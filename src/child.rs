//! A helper program: run with a clean environment, never longer than the deadline.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt::Interrupt;
use crate::patience::Deadline;

/// How often the child is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(10);

/// How long a stream may take to end once everybody who held it is gone.
const FAREWELL: Duration = Duration::from_secs(1);

/// How much of either stream is kept.
const LIMIT: u64 = 16 * 1024 * 1024;

/// What a child left behind.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Why a child did not finish.
#[derive(Debug)]
pub(crate) enum Unfinished {
    /// It could not be started or waited for.
    Io(io::Error),
    /// The deadline came first; it has been killed.
    Late,
    /// The operator's interrupt came first; it has been killed.
    Interrupted,
}

/// Runs `command`, which is given nothing to read.
pub(crate) fn run(
    command: Command,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Result<Finished, Unfinished> {
    run_with(command, Vec::new(), deadline, interrupt)
}

/// Runs `command`, which reads `input`, in a process group of its own, so that a Ctrl-C at the
/// terminal reaches us and not it.
pub(crate) fn run_with(
    mut command: Command,
    input: Vec<u8>,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Result<Finished, Unfinished> {
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(Unfinished::Io)?;
    fed(child.stdin.take(), input);
    let stdout = drained(child.stdout.take());
    let stderr = drained(child.stderr.take());
    let status = match ended(&mut child, deadline, interrupt) {
        Ok(status) => status,
        Err(unfinished) => {
            kill_group(&mut child);
            return Err(unfinished);
        }
    };
    let stdout = text(stdout.as_ref(), &mut child, deadline);
    let stderr = text(stderr.as_ref(), &mut child, deadline);
    Ok(Finished { status, stdout, stderr })
}

fn ended(
    child: &mut Child,
    deadline: Deadline,
    interrupt: &Interrupt,
) -> Result<ExitStatus, Unfinished> {
    loop {
        if let Some(status) = child.try_wait().map_err(Unfinished::Io)? {
            return Ok(status);
        }
        if interrupt.is_raised() {
            return Err(Unfinished::Interrupted);
        }
        if deadline.has_passed() {
            return Err(Unfinished::Late);
        }
        thread::sleep(GLANCE.min(deadline.remaining()));
    }
}

/// Kills the child with everything that it started; it is gone or the kernel's when this returns.
fn kill_group(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// Writes on the side; a child that does not read to the end is no failure of ours.
fn fed(stream: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stream) = stream {
        thread::spawn(move || stream.write_all(&input));
    }
}

/// Reads a stream on the side, so that a full pipe cannot stop the child.
fn drained(stream: Option<impl Read + Send + 'static>) -> Option<Receiver<Vec<u8>>> {
    let stream = stream?;
    let (read, drained) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.take(LIMIT).read_to_end(&mut bytes);
        read.send(bytes)
    });
    Some(drained)
}

/// What a stream has held. Something that the child has started and left behind may keep it open:
/// that is ended when time is up.
fn text(stream: Option<&Receiver<Vec<u8>>>, child: &mut Child, deadline: Deadline) -> String {
    let bytes = stream.and_then(|stream| {
        stream.recv_timeout(deadline.remaining()).ok().or_else(|| {
            kill_group(child);
            stream.recv_timeout(FAREWELL).ok()
        })
    });
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

impl Finished {
    /// The first line that it wrote about an error, or how it ended.
    pub(crate) fn complaint(&self) -> String {
        let line = self.stderr.lines().find(|line| !line.trim().is_empty());
        match (line, self.status.signal()) {
            (Some(line), _) => line.trim().to_owned(),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => self.status.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_status_are_collected() {
        let deadline = Deadline::after(Duration::from_secs(10));
        let done = run(shell("echo a; echo b >&2; exit 3"), deadline, &Interrupt::never());
        let done = done.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((done.stdout.as_str(), done.status.code()), ("a\n", Some(3)));
        assert_eq!(done.complaint(), "b");
    }

    #[test]
    fn a_child_reads_what_it_is_given() {
        let deadline = Deadline::after(Duration::from_secs(10));
        let done = run_with(shell("tr a-z A-Z"), b"abc".to_vec(), deadline, &Interrupt::never());
        assert_eq!(done.unwrap_or_else(|error| panic!("{error:?}")).stdout, "ABC");
    }

    #[test]
    fn a_child_that_hangs_is_killed_with_its_children() {
        let deadline = Deadline::after(Duration::from_millis(100));
        let done = run(shell("sleep 1000 & wait"), deadline, &Interrupt::never());
        assert!(matches!(done, Err(Unfinished::Late)));
    }

    #[test]
    fn what_a_child_leaves_behind_is_not_waited_for() {
        let deadline = Deadline::after(Duration::from_millis(300));
        let done = run(shell("sleep 1000 & echo a"), deadline, &Interrupt::never());
        assert_eq!(done.unwrap_or_else(|error| panic!("{error:?}")).stdout, "a\n");
    }

    #[test]
    fn an_interrupt_ends_the_wait() {
        let interrupt = Interrupt::never();
        interrupt.raise();
        let deadline = Deadline::after(Duration::from_secs(1000));
        let done = run(shell("sleep 1000"), deadline, &interrupt);
        assert!(matches!(done, Err(Unfinished::Interrupted)));
    }
}
