//! Recording: from live threads to a history.
//!
//! Recording must not serialise the very contenders that it observes, or it would hide their
//! races. So each actor buffers its own events, without a lock, and hands them over in one piece.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Event, History, Stamp, What};

/// How many events an actor can buffer before its buffer grows for the first time: 40 kB, which
/// spares short runs the pause of a reallocation in the middle of a hold.
const FIRST_BUFFER: usize = 1024;

/// Collects the events of many [`Actor`]s. A clone records into the same history.
///
/// # The rule that makes verdicts sound
///
/// Record [`got`](Actor::got) **after** the acquire returned, and [`released`](Actor::released)
/// **before** the release is called; record [`want`](Actor::want) before the acquire is called.
/// Then each recorded hold lies inside the real one, so an overlap in the record is an overlap in
/// the world: there are no false alarms. The converse does not hold: a short overlap can fall
/// between the stamps, so a clean verdict is evidence, not proof.
///
/// # Cost
///
/// An event costs one reading of the clock and one push to a buffer of the thread's own: some 50 ns
/// and 40 bytes, several times an uncontended mutex. It is for tests and pictures: never record
/// inside a benchmark.
///
/// # Examples
///
/// ```
/// use lockset_trace::Recorder;
/// use std::sync::Mutex;
///
/// let (recorder, ledger) = (Recorder::new(), Mutex::new(0));
/// std::thread::scope(|s| {
///     for n in 1..=3 {
///         let mut actor = recorder.actor(format!("worker {n}"), "ledger");
///         let ledger = &ledger;
///         s.spawn(move || {
///             for _ in 0..10 {
///                 actor.want();
///                 let mut guard = ledger.lock().unwrap();
///                 actor.got();
///                 *guard += 1;
///                 actor.released();
///                 drop(guard);
///             }
///         });
///     }
/// });
/// let verdict = recorder.finish().check(1);
/// assert!(verdict.is_ok(), "{verdict}");
/// assert_eq!(verdict.grants, 30);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    batches: Arc<Mutex<Vec<Batch>>>,
}

/// What one actor hands over at once. The labels are put on its events only at the end, so that
/// an actor does not copy strings while others contend.
#[derive(Debug)]
struct Batch {
    actor: Arc<str>,
    lock: Arc<str>,
    notes: Vec<(Stamp, What)>,
}

impl Recorder {
    /// A recorder with nothing recorded.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle that records what `name` does with `lock`.
    ///
    /// Give each thread a handle of its own and each handle a name of its own, and a holder of two
    /// permits at once two handles: two holds under one name and lock count as a fault in the
    /// record. The exception is an observer that notes what a holder cannot note itself, such as
    /// [`paused`](Actor::paused): it takes a second handle of the same name.
    pub fn actor(&self, name: impl Into<Arc<str>>, lock: impl Into<Arc<str>>) -> Actor {
        Actor {
            recorder: self.clone(),
            name: name.into(),
            lock: lock.into(),
            notes: Vec::with_capacity(FIRST_BUFFER),
        }
    }

    /// Takes what has been handed over so far and goes on recording.
    ///
    /// For a process that may be killed: it writes each piece to its log as it goes.
    ///
    /// # Examples
    ///
    /// ```
    /// let recorder = lockset_trace::Recorder::new();
    /// let mut actor = recorder.actor("worker 1", "ledger");
    /// actor.want();
    /// actor.flush();
    /// assert_eq!(recorder.take().to_jsonl().lines().count(), 1);
    /// assert_eq!(recorder.take().to_jsonl(), "");
    /// ```
    #[must_use]
    pub fn take(&self) -> History {
        let batches =
            std::mem::take(&mut *self.batches.lock().unwrap_or_else(PoisonError::into_inner));
        batches
            .into_iter()
            .flat_map(|batch| {
                let Batch { actor, lock, notes } = batch;
                notes.into_iter().map(move |(at, what)| Event::new(at, &*actor, &*lock, what))
            })
            .collect()
    }

    /// The history of everything handed over.
    ///
    /// An actor that still lives keeps what it has not flushed, and the history would lack it:
    /// join the threads, or let them flush, first.
    #[must_use]
    pub fn finish(self) -> History {
        self.take()
    }
}

/// Records what one actor does with one lock; made by [`Recorder::actor`].
///
/// Each method notes the event at the present instant, except where it takes one. The events are
/// buffered here until [`flush`](Self::flush) or drop.
#[derive(Debug)]
pub struct Actor {
    recorder: Recorder,
    name: Arc<str>,
    lock: Arc<str>,
    notes: Vec<(Stamp, What)>,
}

impl Actor {
    /// The actor is about to ask for the lock. Call it before the acquire.
    pub fn want(&mut self) {
        self.note(What::Want);
    }

    /// The actor has the lock. Call it after the acquire returned.
    pub fn got(&mut self) {
        self.note(What::Got { fence: None });
    }

    /// The actor has the lock, and its grant carries `fence`. Call it after the acquire returned.
    pub fn got_fenced(&mut self, fence: u64) {
        self.note(What::Got { fence: Some(fence) });
    }

    /// The actor is about to give the lock back. Call it before the release.
    pub fn released(&mut self) {
        self.note(What::Released);
    }

    /// The actor stopped waiting without the lock.
    pub fn gave_up(&mut self) {
        self.note(What::GaveUp);
    }

    /// The actor's hold ended at `at` without its doing. To stay sound, `at` is no later than the
    /// instant from which somebody else can have the lock.
    ///
    /// It may be recorded afterwards, by the holder that learns of its loss or by an observer that
    /// took the stamp before killing it.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockset_trace::{Recorder, Stamp};
    /// use std::time::Duration;
    ///
    /// let recorder = Recorder::new();
    /// let mut actor = recorder.actor("worker 1", "ledger");
    /// let deadline = Stamp::now() + Duration::from_millis(10);
    /// actor.got_fenced(1);
    /// actor.expired_at(deadline);
    /// actor.flush();
    /// assert_eq!(recorder.finish().holds()[0].to, Some(deadline));
    /// ```
    pub fn expired_at(&mut self, at: Stamp) {
        self.notes.push((at, What::Expired));
    }

    /// The resource accepted a write that was sent at `since`, carrying `fence` if any.
    ///
    /// Take `since` before the write is sent and call this after it was answered. The checker
    /// needs both ends: an answer that arrives late is no evidence of a write that came late. A
    /// resource that records its own decisions in order passes the present instant.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockset_trace::{Recorder, Stamp};
    ///
    /// let recorder = Recorder::new();
    /// let mut actor = recorder.actor("worker 1", "ledger");
    /// let since = Stamp::now();
    /// // Here the write is sent and answered.
    /// actor.wrote(since, Some(7));
    /// ```
    pub fn wrote(&mut self, since: Stamp, fence: Option<u64>) {
        self.note(What::Wrote { since, fence });
    }

    /// The resource refused a write that carried `fence`.
    pub fn refused(&mut self, fence: Option<u64>) {
        self.note(What::Refused { fence });
    }

    /// The actor stopped running. An observer records it, with a handle of the same name.
    pub fn paused(&mut self) {
        self.note(What::Paused);
    }

    /// The actor runs again.
    pub fn resumed(&mut self) {
        self.note(What::Resumed);
    }

    /// Hands over what is buffered. Do it before a wait that may never end, so that a picture of a
    /// deadlock shows who waits.
    pub fn flush(&mut self) {
        if self.notes.is_empty() {
            return;
        }
        let notes = std::mem::take(&mut self.notes);
        let batch = Batch { actor: self.name.clone(), lock: self.lock.clone(), notes };
        self.recorder.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
    }

    fn note(&mut self, what: What) {
        self.notes.push((Stamp::now(), what));
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.flush();
    }
}
