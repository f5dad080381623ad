//! The journal of one transaction on disk: intent, preimages, progress, state.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{self, Leftover, TransactionError, damaged};
use super::step::{FileStep, Step, TreeStep};
use crate::fs::error::Cause;
use crate::fs::replace::{FileImage, FileState};
use crate::fs::{Action, FileError, change, directory, is_absent, own, replace};
use crate::language::{Explain, Kind, word};

/// The format that this program writes. Older ones are read, newer ones refused untouched.
pub const FORMAT: u32 = 1;

/// The file that notes each step that is begun and done.
const PROGRESS: &str = "progress";

/// The file that names what could not be taken back.
const LEFTOVERS: &str = "left";

/// What it is about.
pub(super) const INTENT: &str = "intent.json";

/// How far it has come: a [`Phase`], or that nothing has been touched.
const STATE: &str = "state";

/// The state before the intent is durable.
const PREPARED: &str = "prepared";

/// The state of a transaction that is undone, written in advance among the contents: a full disk
/// undoes one, and must not keep it from being closed.
const SPARE: &str = "undone";

/// What a transaction is about, written once and never changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Intent {
    /// Format of the journal.
    pub format: u32,
    /// Name of the transaction; sorts by time.
    pub id: String,
    /// The command that asked for it: `install`, `upgrade`, ….
    pub command: String,
    /// Version of the program that wrote it.
    pub program: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// The connector's version before and after.
    pub connector: (Option<String>, Option<String>),
    /// The gateway's unit, and whether it ran before.
    pub unit: Option<UnitBefore>,
    /// The steps, in the order in which they are done.
    pub steps: Vec<Step>,
}

/// The gateway's unit before the transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnitBefore {
    /// Name of the unit.
    pub name: String,
    /// Whether it ran: undo starts it again only then.
    pub was_active: bool,
}

/// How far a transaction has come; the word in the state file and in `--json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The intent is written; steps may have been done.
    Open,
    /// Everything is done and checked.
    Committed,
    /// Everything is taken back.
    Undone,
}

/// What happens to a step, for the progress file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It is about to be done.
    Begin,
    /// It is done.
    Done,
    /// It was not done, because somebody else has changed its subject meanwhile.
    Refused,
}

#[derive(Serialize, Deserialize)]
struct ProgressLine {
    step: usize,
    event: Event,
}

/// An opened journal.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    intent: Intent,
    phase: Phase,
}

impl Journal {
    /// Writes the intent of a prepared transaction, preimages first; durable when it returns.
    /// From here on a run that dies is taken back by the next one.
    pub fn begin(directory: &Path, mut intent: Intent) -> Result<Self, TransactionError> {
        let files = directory.join("files");
        directory::create(&files, 0o700)?;
        for (number, step) in intent.steps.iter_mut().enumerate() {
            if let Step::File(step) = step {
                keep(&files, number, "old", step.contents.before.as_ref())?;
                keep(&files, number, "new", step.contents.after.as_ref())?;
            }
        }
        let undone = private(format!("{}\n", word(Phase::Undone)).into_bytes());
        replace::replace(&files.join(SPARE), Some(&undone), "journal")?;
        directory::sync(&files)?;
        let journal = Self { directory: directory.to_owned(), intent, phase: Phase::Open };
        journal.write(STATE, format!("{PREPARED}\n").as_bytes())?;
        journal.write(INTENT, &to_json(&journal.intent, directory)?)?;
        journal.write_state(Phase::Open)?;
        Ok(journal)
    }

    /// Reads the journal in a transaction's directory; `None` where nothing was ever touched. Of its
    /// state, intent and progress each tells that there was a transaction when the others are lost.
    pub fn read(directory: &Path) -> Result<Option<Self>, TransactionError> {
        let path = directory.join(INTENT);
        own::directory(directory)?;
        let was_begun =
            [INTENT, PROGRESS, STATE].iter().any(|name| !is_absent(&directory.join(name)));
        let phase = if was_begun { read_state(&directory.join(STATE))? } else { None };
        let Some(phase) = phase else { return Ok(None) };
        let unreadable =
            |reason: String| TransactionError::Unreadable { path: path.clone(), reason };
        let Some(file) = read(&path)? else { return Err(unreadable(say!("it is missing"))) };
        let header: serde_json::Value =
            serde_json::from_slice(&file.bytes).map_err(|error| unreadable(error.to_string()))?;
        let format = header["format"].as_u64().and_then(|format| u32::try_from(format).ok());
        match format {
            Some(format) if format > FORMAT => {
                return Err(error::newer_format(&path, format).into());
            }
            Some(_) => {}
            None => return Err(unreadable("no format".to_owned())),
        }
        let intent =
            serde_json::from_value(header).map_err(|error| unreadable(error.to_string()))?;
        Ok(Some(Self { directory: directory.to_owned(), intent, phase }))
    }

    /// What the transaction is about.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// How far it has come.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The slot that holds the staged tree before the swap, and the old tree after it.
    pub fn slot(&self) -> PathBuf {
        self.directory.join("tree")
    }

    /// The slot with which a tree step swaps.
    pub fn slot_of(&self, tree: &TreeStep) -> PathBuf {
        tree.slot.clone().unwrap_or_else(|| self.slot())
    }

    /// Where something that is moved out of sight goes: a name of its own for each path.
    pub fn quarantine(&self, from: &Path) -> PathBuf {
        let digest = Sha256::digest(from.as_os_str().as_encoded_bytes());
        self.directory.join(format!("aside-{}", base16ct::lower::encode_string(&digest[..8])))
    }

    /// Where all that it has moved out of sight is, or was until it was pruned.
    pub fn quarantined(&self) -> Vec<PathBuf> {
        let moved = self.intent.steps.iter().filter_map(|step| match step {
            Step::Move { from, to: None } => Some(self.quarantine(from)),
            _ => None,
        });
        moved.collect()
    }

    /// The name of what is about to be removed for good.
    pub fn trash(&self) -> PathBuf {
        self.directory.join("condemned")
    }

    /// The preimage of file step `number`, where the file existed.
    pub fn preimage(
        &self,
        number: usize,
        step: &FileStep,
    ) -> Result<Option<FileState>, TransactionError> {
        step.before.as_ref().map(|image| kept(&self.preimage_path(number), image)).transpose()
    }

    /// The postimage of file step `number`, where the file was to exist.
    pub fn postimage(
        &self,
        number: usize,
        step: &FileStep,
    ) -> Result<Option<FileState>, TransactionError> {
        let path = self.kept_path(number, "new");
        step.after.as_ref().map(|image| kept(&path, image)).transpose()
    }

    /// Where the preimage of file step `number` is kept.
    pub fn preimage_path(&self, number: usize) -> PathBuf {
        self.kept_path(number, "old")
    }

    /// Keeps what somebody else has made of the file of step `number`, before a part of it goes;
    /// returns where: outside of what is forgotten once a transaction is undone.
    pub fn keep_theirs(
        &self,
        number: usize,
        theirs: &FileState,
    ) -> Result<PathBuf, TransactionError> {
        let digest = &theirs.image().sha256[..8];
        let path = self.directory.join(format!("{number}.{digest}.theirs"));
        replace::replace(&path, Some(&private(theirs.bytes.clone())), "journal")?;
        Ok(path)
    }

    fn kept_path(&self, number: usize, side: &str) -> PathBuf {
        self.directory.join("files").join(format!("{number}.{side}"))
    }

    /// Notes what happens to a step. Not made durable: after a power cut the disk itself tells
    /// which steps were done; this file only tells which jobs were asked of systemd.
    pub fn note(&self, step: usize, event: Event) -> Result<(), TransactionError> {
        let path = self.directory.join(PROGRESS);
        let mut line = serde_json::to_vec(&ProgressLine { step, event }).unwrap_or_default();
        line.push(b'\n');
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| change!(file.write_all(&line)))
            .map_err(FileError::at(Action::Write, &path))?;
        Ok(())
    }

    /// The steps that were begun and not refused. A torn last line is one that had not begun.
    pub fn begun(&self) -> Result<Vec<usize>, TransactionError> {
        let refused = self.refused()?;
        let mut begun = self.noted(Event::Begin)?;
        begun.retain(|step| !refused.contains(step));
        Ok(begun)
    }

    /// The steps that were done.
    pub fn done(&self) -> Result<Vec<usize>, TransactionError> {
        self.noted(Event::Done)
    }

    /// The steps that found something else than the plan had, and changed nothing.
    pub fn refused(&self) -> Result<Vec<usize>, TransactionError> {
        self.noted(Event::Refused)
    }

    fn noted(&self, event: Event) -> Result<Vec<usize>, TransactionError> {
        let Some(file) = own::read(&self.directory.join(PROGRESS))? else {
            return Ok(Vec::new());
        };
        let lines = file.bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter_map(|line| serde_json::from_slice::<ProgressLine>(line).ok());
        Ok(lines.filter(|line| line.event == event).map(|line| line.step).collect())
    }

    /// Notes what could not be taken back, so that its old content is kept for the operator.
    pub fn note_leftovers(&self, left: &[Leftover]) -> Result<(), TransactionError> {
        let text: String = left.iter().map(|leftover| leftover.text() + "\n").collect();
        self.write(LEFTOVERS, text.as_bytes())
    }

    /// Whether something could not be taken back, or may not have been, so that the contents are
    /// still needed.
    pub fn has_leftovers(&self) -> bool {
        !is_absent(&self.directory.join(LEFTOVERS))
    }

    /// Closes the transaction: one rename of its state file.
    ///
    /// The rename decides, not the sync after it: once the new word is on disk, undoing a
    /// committed transaction would contradict it. A power cut may then bring back the old word,
    /// and the next run recovers.
    pub fn close(&mut self, phase: Phase) -> Result<(), TransactionError> {
        if let Err(error) = self.write_state(phase)
            && !read_state(&self.directory.join(STATE)).is_ok_and(|word| word == Some(phase))
            && !(phase == Phase::Undone && self.close_with_spare())
        {
            return Err(error);
        }
        self.phase = phase;
        Ok(())
    }

    /// Where the disk takes no new file.
    fn close_with_spare(&self) -> bool {
        let spare = self.directory.join("files").join(SPARE);
        let moved = change!(std::fs::rename(spare, self.directory.join(STATE)));
        moved.is_ok() && directory::sync(&self.directory).is_ok()
    }

    fn write_state(&self, phase: Phase) -> Result<(), TransactionError> {
        self.write(STATE, format!("{}\n", word(phase)).as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TransactionError> {
        Ok(replace::replace(&self.directory.join(name), Some(&private(bytes.to_vec())), "journal")?)
    }
}

/// A file of ours: only the owner may read it.
pub fn private(bytes: impl Into<Arc<Vec<u8>>>) -> FileState {
    FileState {
        bytes: bytes.into(),
        mode: 0o600,
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
    }
}

fn keep(
    files: &Path,
    number: usize,
    side: &str,
    state: Option<&FileState>,
) -> Result<(), TransactionError> {
    let Some(state) = state else { return Ok(()) };
    let path = files.join(format!("{number}.{side}"));
    Ok(replace::replace(&path, Some(&private(state.bytes.clone())), "journal")?)
}

/// What [`keep`] has kept, with the attributes of the file that it was; nothing is taken on trust.
fn kept(path: &Path, image: &FileImage) -> Result<FileState, TransactionError> {
    own::directory(path.parent().unwrap_or(path))?;
    let bytes = own::read(path)?.ok_or_else(|| damaged(path, "it is missing"))?.bytes;
    let state = FileState { bytes, mode: image.mode, uid: image.uid, gid: image.gid };
    if state.image() == *image {
        Ok(state)
    } else {
        Err(damaged(path, "its digest is wrong").into())
    }
}

/// `None`: it is only prepared.
fn read_state(path: &Path) -> Result<Option<Phase>, TransactionError> {
    let state = read(path)?.map(|file| file.bytes).unwrap_or_default();
    let state = String::from_utf8_lossy(state.trim_ascii());
    if state == PREPARED {
        return Ok(None);
    }
    let phase = serde_json::from_value(state.into());
    phase.map(Some).map_err(|_| TransactionError::Unreadable {
        path: path.to_owned(),
        reason: "unknown state".to_owned(),
    })
}

/// What is no regular file, or too large, was put there by somebody else and will not read better
/// later.
fn read(path: &Path) -> Result<Option<FileState>, TransactionError> {
    own::read(path).map_err(|error| match &error.cause {
        Cause::System(cause) if error.kind() == Kind::Lasting => {
            let reason = cause.to_string();
            TransactionError::Unreadable { path: path.to_owned(), reason }
        }
        _ => error.into(),
    })
}

/// Fails only for a path that is not UTF-8, which JSON cannot hold.
fn to_json<T: Serialize>(value: &T, path: &Path) -> Result<Vec<u8>, TransactionError> {
    Ok(serde_json::to_vec_pretty(value).map_err(|error| damaged(path, &error.to_string()))?)
}
