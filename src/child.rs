//! A helper program: started here and nowhere else, never with more than it needs, never longer than
//! the deadline.
//!
//! It may be somebody else's choice (the Node.js that a user's unit names, run by root with `--user`),
//! so it runs in a session of its own: of the operator's terminal it can neither read nor push a line
//! into it. Its environment is built from nothing, and of descriptors it has the first three.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::fs::{Access, MemfdFlags, OFlags, memfd_create};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use crate::interrupt::Interrupt;
use crate::timeout::Deadline;

/// util-linux's, which is there on every Debian and Ubuntu: it makes a new session and becomes the
/// program, with the same process id.
const SETSID: &str = "/usr/bin/setsid";

/// Where a program without a folder is looked for, and what a helper finds as its `PATH`; the
/// caller's is nothing to rely on.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How often the child is asked whether it has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// How long a stream may take to end once everybody who held it is gone.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// How much of either stream is kept: its end.
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;

/// No more of a line is held: one that does not end comes in pieces of this size.
const LONGEST_LINE: u64 = 8 * 1024 * 1024;

/// Keeps what we were started with, beyond the first three descriptors, from all that we start.
/// Files and pipes stay ours: `--client-secret-file <(pass bot)` is `/dev/fd/63`.
///
/// To be called before anything else is opened.
pub(crate) fn keep_inherited_descriptors() {
    let listed = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let numbers: Vec<RawFd> = numbers.filter(|number| *number > 2).collect();
    for number in numbers {
        let same = reopened(number);
        let _ = nix::unistd::close(number);
        let kept = same.and_then(|same| fcntl_dupfd_cloexec(same, number).ok());
        // under its old number, and for good
        kept.map(IntoRawFd::into_raw_fd);
    }
}

/// The flag that closes a descriptor in children is set on new ones only, without unsafe code.
fn reopened(number: RawFd) -> Option<File> {
    let path = format!("/proc/self/fd/{number}");
    let kind = fs::metadata(&path).ok()?.file_type();
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let is_readable = kind.is_file() || kind.is_fifo();
    is_readable.then(|| File::options().read(true).custom_flags(flags).open(path).ok())?
}

/// A helper program that has not been started yet.
#[derive(Debug)]
pub(crate) struct Helper {
    program: PathBuf,
    command: Command,
}

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

impl Helper {
    /// `program` with no variable but a `PATH` of the system's, in `/`: a working directory that has
    /// gone is an error to Node.js.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        #[allow(clippy::disallowed_methods, reason = "this is the place")]
        let mut command = Command::new(SETSID);
        command.arg("--").arg(&program).env_clear().env("PATH", PATH).current_dir("/");
        Self { program, command }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs(
        mut self,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Self {
        self.command.envs(variables);
        self
    }

    pub(crate) fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Runs it to its end, with nothing to read.
    pub(crate) fn run(
        self,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Finished, Unfinished> {
        self.run_with(&[], deadline, interrupt)
    }

    /// The same, with `input` to read.
    pub(crate) fn run_with(
        self,
        input: &[u8],
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> Result<Finished, Unfinished> {
        let stdin = if input.is_empty() { Ok(Stdio::null()) } else { readable(input) };
        let mut running = stdin.and_then(|stdin| self.spawn(stdin)).map_err(Unfinished::Io)?;
        let stdout = drained(running.child.stdout.take());
        let stderr = drained(running.child.stderr.take());
        running.end(deadline, interrupt)?;
        let stdout = running.text(stdout.as_ref(), deadline, interrupt);
        let stderr = running.text(stderr.as_ref(), deadline, interrupt);
        let status = running.wait().map_err(Unfinished::Io)?;
        Ok(Finished { status, stdout, stderr })
    }

    /// Starts it, with nothing to read, to be listened to line by line.
    pub(crate) fn start(self) -> io::Result<Lines> {
        let mut running = self.spawn(Stdio::null())?;
        let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
        let (read, written) = sync_channel(16);
        stdout.map(|stdout| thread::spawn(move || each_line(stdout, &read)));
        Ok(Lines { running, stdout: written, stderr: drained(stderr) })
    }

    /// What setsid(1) would say of a program that is not there is said by the system instead.
    fn spawn(mut self, stdin: Stdio) -> io::Result<Running> {
        self.is_startable()?;
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().map(|child| Running { child, reaped: false })
    }

    /// A name without a folder is looked for as setsid(1) does it.
    fn is_startable(&self) -> io::Result<()> {
        let is_program = |path: &Path| rustix::fs::access(path, Access::EXEC_OK);
        if self.program.components().count() > 1 {
            return Ok(is_program(&self.program)?);
        }
        let path = self.command.get_envs().find(|(name, _)| *name == "PATH");
        let path = path.and_then(|(_, value)| value).unwrap_or_default();
        let mut places = std::env::split_paths(path).map(|folder| folder.join(&self.program));
        let found = places.any(|place| is_program(&place).is_ok());
        if found { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// A helper at work, which is ended with all that it has started when this goes out of scope.
#[derive(Debug)]
struct Running {
    child: Child,
    /// Once it has been waited for, its number is no longer its own.
    reaped: bool,
}

/// The lines of a helper at work, as they come; it is ended when they are wanted no more.
#[derive(Debug)]
pub(crate) struct Lines {
    running: Running,
    stdout: Receiver<Vec<u8>>,
    stderr: Option<Receiver<Vec<u8>>>,
}

impl Lines {
    /// The next line, which is waited for no longer than `span`.
    pub(crate) fn next(&self, span: Duration) -> Result<String, RecvTimeoutError> {
        let line = self.stdout.recv_timeout(span)?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// How it ended, once there are no more lines.
    pub(crate) fn end(mut self) -> io::Result<Finished> {
        let status = self.running.wait()?;
        let stderr = self.stderr.and_then(|stderr| stderr.recv_timeout(DRAIN_TIMEOUT).ok());
        let stderr = String::from_utf8_lossy(&stderr.unwrap_or_default()).into_owned();
        Ok(Finished { status, stdout: String::new(), stderr })
    }
}

impl Running {
    /// Waits for its own end, however long that takes.
    fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.reaped = true;
        Ok(status)
    }

    /// Waits until it has ended. It is not reaped yet: its number stays its own, and so does that of
    /// its group.
    fn end(&self, deadline: Deadline, interrupt: &Interrupt) -> Result<(), Unfinished> {
        let asked = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            let ended = waitid(WaitId::Pid(self.pid()), asked);
            if ended.map_err(|errno| Unfinished::Io(errno.into()))?.is_some() {
                return Ok(());
            }
            if interrupt.is_raised() {
                return Err(Unfinished::Interrupted);
            }
            if deadline.has_passed() {
                return Err(Unfinished::Late);
            }
            thread::sleep(POLL_INTERVAL.min(deadline.remaining()));
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// What a stream has held. Something that the child has started and left behind may keep it
    /// open: that is ended when time is up.
    fn text(
        &self,
        stream: Option<&Receiver<Vec<u8>>>,
        deadline: Deadline,
        interrupt: &Interrupt,
    ) -> String {
        let Some(stream) = stream else { return String::new() };
        let bytes = loop {
            match stream.recv_timeout(POLL_INTERVAL.min(deadline.remaining())) {
                Err(RecvTimeoutError::Timeout)
                    if deadline.has_passed() || interrupt.is_raised() =>
                {
                    self.kill();
                    break stream.recv_timeout(DRAIN_TIMEOUT).ok();
                }
                Err(RecvTimeoutError::Timeout) => {}
                outcome => break outcome.ok(),
            }
        };
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    }

    /// First the child itself: it may not have a group of its own yet.
    fn kill(&self) {
        let _ = kill_process(self.pid(), Signal::KILL);
        let _ = kill_process_group(self.pid(), Signal::KILL);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

/// In memory, where nobody else finds it; whoever opens it by its descriptor reads it from its
/// beginning.
fn readable(input: &[u8]) -> io::Result<Stdio> {
    let flags = MemfdFlags::CLOEXEC;
    // a hardened kernel gives no other (vm.memfd_noexec); before Linux 6.3 none knows the flag
    let sealed = memfd_create("input", flags | MemfdFlags::NOEXEC_SEAL);
    let mut file = File::from(sealed.or_else(|_| memfd_create("input", flags))?);
    file.write_all(input)?;
    file.rewind()?;
    Ok(file.into())
}

/// Reads a stream on the side, so that a full pipe cannot stop the child.
fn drained(stream: Option<impl Read + Send + 'static>) -> Option<Receiver<Vec<u8>>> {
    let stream = stream?;
    let (read, drained) = channel();
    thread::spawn(move || read.send(end_of(stream)));
    Some(drained)
}

/// Hands over each line as soon as it is whole.
fn each_line(stream: impl Read, lines: &SyncSender<Vec<u8>>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(1..) = stream.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
        if lines.send(std::mem::take(&mut line)).is_err() {
            return;
        }
    }
}

/// Reads to the end, and keeps the end of what came.
fn end_of(mut stream: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut piece = [0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        kept.extend_from_slice(&piece[..read]);
        if kept.len() > 2 * LIMIT {
            kept.drain(..kept.len() - LIMIT);
        }
    }
    kept
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

    fn shell(script: &str) -> Helper {
        Helper::new("/bin/sh").args(["-c", script])
    }

    fn said(script: &str) -> String {
        let deadline = Deadline::after(Duration::from_secs(10));
        let done = shell(script).run(deadline, &Interrupt::never());
        done.unwrap_or_else(|error| panic!("{error:?}")).stdout
    }

    #[test]
    fn a_child_leads_a_session_without_a_terminal() {
        let stat = said("read stat </proc/$$/stat; echo $stat");
        let (pid, rest) = stat.split_once(" (sh) ").unwrap();
        let fields: Vec<&str> = rest.split(' ').collect();
        // state, parent, group, session, terminal
        assert_eq!(&fields[2..5], [pid, pid, "0"], "{stat}");
        assert_eq!(said("(: </dev/tty) 2>/dev/null || echo none"), "none\n");
    }

    #[test]
    fn a_child_has_one_variable_and_no_place_of_ours() {
        assert_eq!(said("tr '\\0' '\\n' </proc/$$/environ; pwd"), format!("PATH={PATH}\n/\n"));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_of_the_system() {
        for program in ["/nowhere/program", "no-such-program-anywhere", "/etc/passwd"] {
            let deadline = Deadline::after(Duration::from_secs(10));
            let outcome = Helper::new(program).run(deadline, &Interrupt::never());
            assert!(matches!(outcome, Err(Unfinished::Io(_))), "{program}");
        }
    }

    #[test]
    fn the_end_of_what_it_says_is_kept() {
        let text = said("head -c 40000000 /dev/zero; echo end");
        assert!(text.len() >= LIMIT && text.ends_with("end\n"), "{}", text.len());
    }

    #[test]
    fn lines_come_as_they_are_written_and_one_without_end_comes_in_pieces() {
        let script = "printf 'on'; printf 'e\\n\\ntwo\\n'; head -c 9000000 /dev/zero; \
                      printf '\\nlast\\n'; echo no >&2; exit 3";
        let lines = shell(script).start().unwrap();
        let heard: Vec<String> =
            std::iter::from_fn(|| lines.next(Duration::from_secs(10)).ok()).collect();
        assert_eq!(heard[..3], ["one\n", "\n", "two\n"]);
        assert_eq!(heard[3].len(), 8 * 1024 * 1024);
        assert_eq!(heard.last().map(String::as_str), Some("last\n"));
        let end = lines.end().unwrap();
        assert_eq!((end.complaint(), end.status.code()), ("no".to_owned(), Some(3)));
    }

    #[test]
    fn output_and_status_are_collected() {
        let deadline = Deadline::after(Duration::from_secs(10));
        let done = shell("echo a; echo b >&2; exit 3").run(deadline, &Interrupt::never());
        let done = done.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((done.stdout.as_str(), done.status.code()), ("a\n", Some(3)));
        assert_eq!(done.complaint(), "b");
    }

    #[test]
    fn a_child_reads_what_it_is_given() {
        let deadline = Deadline::after(Duration::from_secs(10));
        let done = shell("tr a-z A-Z").run_with(b"abc", deadline, &Interrupt::never());
        assert_eq!(done.unwrap_or_else(|error| panic!("{error:?}")).stdout, "ABC");
    }

    #[test]
    fn a_child_that_hangs_is_killed_with_its_children() {
        let deadline = Deadline::after(Duration::from_millis(100));
        let done = shell("sleep 1000 & wait").run(deadline, &Interrupt::never());
        assert!(matches!(done, Err(Unfinished::Late)));
    }

    #[test]
    fn what_a_child_leaves_behind_is_not_waited_for() {
        let deadline = Deadline::after(Duration::from_millis(300));
        let done = shell("sleep 1000 & echo a").run(deadline, &Interrupt::never());
        assert_eq!(done.unwrap_or_else(|error| panic!("{error:?}")).stdout, "a\n");
    }

    #[test]
    fn an_interrupt_ends_the_wait() {
        let interrupt = Interrupt::never();
        interrupt.raise();
        let deadline = Deadline::after(Duration::from_secs(1000));
        let done = shell("sleep 1000").run(deadline, &interrupt);
        assert!(matches!(done, Err(Unfinished::Interrupted)));
    }
}
