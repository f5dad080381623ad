//! Files, hashed and copied over all cores while one thread walks the tree they lie in.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::entry::Body;
use super::manifest::{Node, Permissions, TreeManifest};
use super::reading::{Container, HashingReader, Watch};
use crate::fs::stage::StagedFile;
use crate::language::Problem;

/// Files that wait, each with its descriptors. A small tree is done by one thread.
const WAITING: usize = 32;
/// A file of so many bytes is worth a thread.
const LARGE: u64 = 1024 * 1024;
/// More threads would cost more memory, and wait for the same disk.
const MOST: usize = 4;

/// A file that is to be hashed, and on the way written into another, if one is given.
pub(super) struct Job {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) mode: Permissions,
    pub(super) into: Option<StagedFile>,
}

/// A path and what it is, or why the file could not be read or written.
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

/// Threads that do jobs, and the thread that hands them out, which does some itself.
pub(super) struct Pool<'scope, 'env> {
    /// For what the thread that hands out the jobs reads itself.
    pub(super) reader: HashingReader<'env>,
    scope: &'scope Scope<'scope, 'env>,
    shared: &'env Shared<'env>,
    hired: Vec<ScopedJoinHandle<'scope, ()>>,
    /// Threads in all, once it is known.
    most: Option<usize>,
}

/// What the threads share.
struct Shared<'env> {
    container: Container<'env>,
    watch: Watch<'env>,
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<(Job, File)>,
    done: Vec<Outcome>,
    /// No more will come.
    complete: bool,
}

impl<'env> Pool<'_, 'env> {
    /// Does `work` with a pool for files of `container`. All threads have ended when it returns.
    pub(super) fn with<T>(
        container: Container<'env>,
        watch: Watch<'env>,
        work: impl FnOnce(Pool<'_, '_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (jobs, more) = (Mutex::default(), Condvar::new());
        let shared = Shared { container, watch, jobs, more };
        thread::scope(|scope| {
            let reader = HashingReader::new(container, watch);
            let (hired, most) = (Vec::new(), None);
            let outcome = work(Pool { reader, scope, shared: &shared, hired, most });
            // what an error has left undone stays so
            shared.complete().waiting.clear();
            outcome
        })
    }

    /// Takes a job with its content; `taker` gets what has been done meanwhile. What can only be read
    /// now is.
    pub(super) fn put(
        &mut self,
        job: Job,
        body: Body<'_>,
        taker: Taker<'_>,
    ) -> Result<(), Problem> {
        let file = match body {
            Body::File(file) => file,
            mut stream => return taken([done(job, &mut stream, &mut self.reader)], taker),
        };
        if job.size >= LARGE {
            self.hire();
        }
        let mut jobs = self.shared.jobs();
        jobs.waiting.push_back((job, file));
        let is_full = jobs.waiting.len() > WAITING;
        let finished = std::mem::take(&mut jobs.done);
        drop(jobs);
        self.shared.more.notify_one();
        taken(finished, taker)?;
        if is_full && !self.hire() { taken(self.own(), taker) } else { Ok(()) }
    }

    /// Does what is left; `taker` gets all that it has not got yet.
    pub(super) fn finish(mut self, taker: Taker<'_>) -> Result<(), Problem> {
        drop(self.shared.complete());
        while let Some(outcome) = self.own() {
            taken([outcome], taker)?;
        }
        self.hired.into_iter().for_each(|thread| drop(thread.join()));
        taken(std::mem::take(&mut self.shared.jobs().done), taker)
    }

    /// Does a job that waits.
    fn own(&mut self) -> Option<Outcome> {
        let (job, mut file) = self.shared.jobs().waiting.pop_front()?;
        Some(done(job, &mut file, &mut self.reader))
    }

    /// Whether there is one thread more now.
    fn hire(&mut self) -> bool {
        let most = *self.most.get_or_insert_with(|| {
            thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST)
        });
        let shared = self.shared;
        let hire = || thread::Builder::new().spawn_scoped(self.scope, || shared.work()).ok();
        let hired = (self.hired.len() + 1 < most).then(hire).flatten();
        let has_hired = hired.is_some();
        self.hired.extend(hired);
        has_hired
    }
}

impl Shared<'_> {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the threads end when nothing waits any more.
    fn complete(&self) -> MutexGuard<'_, Jobs> {
        let mut jobs = self.jobs();
        jobs.complete = true;
        self.more.notify_all();
        jobs
    }

    fn work(&self) {
        let mut reader = HashingReader::new(self.container, self.watch);
        let mut jobs = self.jobs();
        loop {
            let Some((job, mut file)) = jobs.waiting.pop_front() else {
                if jobs.complete {
                    return;
                }
                jobs = self.more.wait(jobs).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(jobs);
            let outcome = done(job, &mut file, &mut reader);
            jobs = self.jobs();
            if outcome.is_err() {
                jobs.waiting.clear();
            }
            jobs.done.push(outcome);
        }
    }
}

fn taken(outcomes: impl IntoIterator<Item = Outcome>, taker: Taker<'_>) -> Result<(), Problem> {
    outcomes.into_iter().try_for_each(|outcome| outcome.and_then(|(path, node)| taker(path, node)))
}

fn done(job: Job, body: &mut dyn Read, reader: &mut HashingReader<'_>) -> Outcome {
    let Job { path, size, mode, mut into } = job;
    let sha256 = reader.read(path.as_bytes(), size, body, |piece| {
        into.as_mut().map_or(Ok(()), |into| into.write(piece))
    })?;
    into.into_iter().for_each(StagedFile::finish);
    Ok((path, Node::File { size, sha256, mode }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::connector::checksums::Sha256;
    use crate::fs::stage::Stage;
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
                let (size, mode) = (size(number), Permissions::PLAIN);
                let job = Job { path, size, mode, into: None };
                pool.put(job, Body::File(file), &mut noting(&mut tree))?;
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
    fn every_file_is_copied_once_whoever_does_it() {
        let home = directory();
        let watch = Watch { interrupt: &Interrupt::never(), progress: &Unwatched };
        let copy = home.path().join("copy");
        let mut stage = Stage::create(&copy).unwrap();
        Pool::with(Container::Directory(home.path()), watch, |mut pool| {
            for number in 0..FILES {
                let (path, size, mode) = (number.to_string(), size(number), Permissions::PLAIN);
                let file = File::open(home.path().join(&path)).unwrap();
                let into = Some(stage.file(Path::new(&path), false)?);
                pool.put(Job { path, size, mode, into }, Body::File(file), &mut |_, _| Ok(()))?;
            }
            pool.finish(&mut |_, _| Ok(()))
        })
        .unwrap();
        for number in 0..FILES {
            let copied = std::fs::read(copy.join(number.to_string())).unwrap();
            assert!(copied == content(number), "{number}");
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
