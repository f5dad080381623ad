//! Files of a directory, hashed and copied over all cores while one thread walks the tree.

use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

use super::manifest::{Node, Permissions, TreeManifest};
use super::reading::{Container, HashingReader, Watch};
use crate::language::Problem;

/// Files that wait, each with its descriptor. A small tree is done by one thread.
const WAITING: usize = 64;
/// A file of so many bytes is worth a thread.
const LARGE: u64 = 1024 * 1024;
/// More threads would cost more memory, and wait for the same disk.
const MOST: usize = 4;

/// A file that is to be hashed.
pub(super) struct Job {
    pub(super) path: String,
    pub(super) file: File,
    pub(super) size: u64,
    pub(super) mode: Permissions,
}

/// A path and what it is, or why the file could not be read.
type Outcome = Result<(String, Node), Problem>;

/// Who takes what has been done.
pub(super) type Taker<'a> = &'a mut dyn FnMut(String, Node) -> Result<(), Problem>;

/// Notes it all in a manifest.
pub(super) fn noting(
    tree: &mut TreeManifest,
) -> impl FnMut(String, Node) -> Result<(), Problem> + '_ {
    |path, node| {
        tree.insert(path, node);
        Ok(())
    }
}

fn given(outcome: Outcome, taker: Taker<'_>) -> Result<(), Problem> {
    outcome.and_then(|(path, node)| taker(path, node))
}

/// Threads that do jobs, and the thread that hands them out, which does some itself.
pub(super) struct Pool<'scope, 'env> {
    /// For what the thread that hands out the jobs reads itself.
    pub(super) reader: HashingReader<'env>,
    scope: &'scope Scope<'scope, 'env>,
    jobs: &'env Jobs<'env>,
    queue: SyncSender<Job>,
    done: Receiver<Outcome>,
    results: Sender<Outcome>,
    /// Threads that may still be started.
    to_hire: Option<usize>,
}

/// What the threads share.
struct Jobs<'env> {
    container: Container<'env>,
    watch: Watch<'env>,
    waiting: Mutex<Receiver<Job>>,
    /// Nothing more is begun.
    over: AtomicBool,
}

impl<'env> Pool<'_, 'env> {
    /// Does `work` with a pool for files of `container`. All threads have ended when it returns.
    pub(super) fn with<T>(
        container: Container<'env>,
        watch: Watch<'env>,
        work: impl FnOnce(Pool<'_, '_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (queue, waiting) = sync_channel(WAITING);
        let over = AtomicBool::new(false);
        let jobs = Jobs { container, watch, waiting: Mutex::new(waiting), over };
        thread::scope(|scope| {
            let (results, done) = channel();
            let reader = HashingReader::new(container, watch);
            let pool = Pool { reader, scope, jobs: &jobs, queue, done, results, to_hire: None };
            let outcome = work(pool);
            jobs.over.store(true, Ordering::Relaxed);
            outcome
        })
    }

    /// Puts a job into the queue; `taker` gets what has been done meanwhile.
    pub(super) fn put(&mut self, mut job: Job, taker: Taker<'_>) -> Result<(), Problem> {
        if job.size >= LARGE {
            self.hire();
        }
        while let Err(TrySendError::Full(back)) = self.queue.try_send(job) {
            job = back;
            if !self.hire()
                && let Some(job) = self.jobs.waiting_now()
            {
                given(done(job, &mut self.reader), taker)?;
            }
            // what has failed ends this
            self.done.try_iter().try_for_each(|outcome| given(outcome, taker))?;
        }
        self.done.try_iter().try_for_each(|outcome| given(outcome, taker))
    }

    /// Does what is left; `taker` gets all that it has not got yet.
    pub(super) fn finish(self, taker: Taker<'_>) -> Result<(), Problem> {
        let Self { mut reader, jobs, queue, done, results, .. } = self;
        drop((queue, results));
        let own = std::iter::from_fn(|| jobs.next(&mut reader));
        own.chain(done).try_for_each(|outcome| given(outcome, taker))
    }

    /// Whether there is one thread more now.
    fn hire(&mut self) -> bool {
        let to_hire = self.to_hire.get_or_insert_with(|| {
            thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST) - 1
        });
        if *to_hire == 0 {
            return false;
        }
        *to_hire -= 1;
        let (jobs, results) = (self.jobs, self.results.clone());
        let hired = thread::Builder::new().spawn_scoped(self.scope, move || jobs.work(&results));
        hired.is_ok()
    }
}

impl Jobs<'_> {
    fn work(&self, results: &Sender<Outcome>) {
        let mut reader = HashingReader::new(self.container, self.watch);
        while let Some(outcome) = self.next(&mut reader) {
            let has_failed = outcome.is_err();
            drop(results.send(outcome));
            if has_failed {
                self.over.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Does the next job; `None` where there will be no more.
    fn next(&self, reader: &mut HashingReader<'_>) -> Option<Outcome> {
        if self.over.load(Ordering::Relaxed) {
            return None;
        }
        let job = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()?;
        Some(done(job, reader))
    }

    /// A job that waits: whoever hands them out must not wait for one.
    fn waiting_now(&self) -> Option<Job> {
        self.waiting.try_lock().ok()?.try_recv().ok()
    }
}

fn done(job: Job, reader: &mut HashingReader<'_>) -> Outcome {
    let Job { path, mut file, size, mode } = job;
    let sha256 = reader.read(path.as_bytes(), size, &mut file, |_| Ok(()))?;
    Ok((path, Node::File { size, sha256, mode }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::connector::digest::Sha256;
    use crate::interrupt::Interrupt;
    use crate::progress::Unwatched;

    const FILES: usize = 5 * WAITING;

    /// A directory of many files, the first of them large.
    fn directory() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for number in 0..FILES {
            std::fs::write(home.path().join(number.to_string()), content(number)).unwrap();
        }
        home
    }

    fn content(number: usize) -> Vec<u8> {
        vec![b'x'; if number == 0 { 3 << 20 } else { number }]
    }

    /// Hashes them, each of the size that is told.
    fn hashed(
        home: &Path,
        interrupt: &Interrupt,
        size: impl Fn(usize) -> u64,
    ) -> Result<TreeManifest, Problem> {
        let watch = Watch { interrupt, progress: &Unwatched };
        let mut tree = TreeManifest::default();
        Pool::with(Container::Directory(home), watch, |mut pool| {
            for number in 0..FILES {
                let path = number.to_string();
                let file = File::open(home.join(&path)).unwrap();
                let job = Job { path, file, size: size(number), mode: Permissions::PLAIN };
                pool.put(job, &mut noting(&mut tree))?;
            }
            pool.finish(&mut noting(&mut tree))
        })?;
        Ok(tree)
    }

    fn size(number: usize) -> u64 {
        content(number).len() as u64
    }

    #[test]
    fn every_file_is_hashed_once_whoever_does_it() {
        let home = directory();
        let tree = hashed(home.path(), &Interrupt::never(), size).unwrap();
        assert_eq!(tree.sizes().count(), FILES);
        for number in 0..FILES {
            let expected = Sha256::of(&content(number));
            assert_eq!(tree.sha256(&number.to_string()), Some(expected), "{number}");
        }
    }

    #[test]
    fn one_file_that_fails_is_told_and_ends_the_work() {
        let home = directory();
        for wrong in [0, 1, WAITING, FILES / 2, FILES - 1] {
            let size = |number| size(number) + u64::from(number == wrong);
            let problem = hashed(home.path(), &Interrupt::never(), size).unwrap_err();
            let path = home.path().display();
            assert_eq!(problem.code, "payload.changed", "{wrong}");
            assert!(problem.message.contains(&format!("{path}")), "{problem:?}");
            assert!(problem.message.contains(&wrong.to_string()), "{problem:?}");
        }
    }

    #[test]
    fn who_is_interrupted_says_so() {
        let interrupt = Interrupt::never();
        interrupt.raise();
        let problem = hashed(directory().path(), &interrupt, size).unwrap_err();
        assert_eq!(problem.kind, crate::language::Kind::Interrupted);
    }
}
