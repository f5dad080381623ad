//! How long work tells that it goes on; `report` draws it, tests ignore it.

/// Somebody who watches long work, which several threads may do: a bar on a terminal, plain lines elsewhere.
pub trait Progress: Sync {
    /// A stretch of work begins; `total` is its size in bytes, where that is known.
    fn begin(&self, activity: &str, total: Option<u64>);

    /// `bytes` more are done.
    fn advance(&self, bytes: u64);

    /// The stretch is over; its bar goes away.
    fn end(&self);

    /// A step is finished: one line that stays.
    fn finished(&self, _step: &str) {}
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _activity: &str, _total: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}
