//! The thread that owns the connection: SQLite blocks, and the driver must not.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use super::bell::{Bell, POLL, Rope};
use super::clock;
use super::database::Database;
use crate::RequestId;
use crate::store::{Grant, StoreError, Wake};

/// What the thread works with.
pub(super) struct Desk {
    pub(super) database: Database,
    pub(super) bell: Bell,
    waiting: HashMap<RequestId, oneshot::Sender<Wake>>,
    /// When those who held something were last looked after.
    looked: Instant,
}

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// Runs jobs on one connection, in the order in which they were given; ends when it is dropped.
///
/// The thread sleeps on its bell: whoever has a job for it rings, and so does another process that
/// has handed over a lock to one who waits in this one.
#[derive(Debug)]
pub(super) struct Worker {
    /// There until this is dropped.
    jobs: Option<Sender<Job>>,
    rope: Rope,
}

impl Worker {
    pub(super) fn start(database: Database) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let (bell, rope) = Bell::hang()?;
        let desk = Desk { database, bell, waiting: HashMap::new(), looked: Instant::now() };
        thread::Builder::new().name("lockset-sqlite".into()).spawn(move || desk.work(&queue))?;
        Ok(Self { jobs: Some(jobs), rope })
    }

    /// Has a job done, unless nobody waits for its answer any more when its turn comes: then
    /// whoever gave up has it undone, and there is nothing yet.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Desk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(move |desk| {
            if !reply.is_closed() {
                drop(reply.send(job(desk)));
            }
        }))?;
        answer.await.map_err(StoreError::interrupted)?
    }

    /// Where the news comes for this request: that a lock was handed over to it, or that it should
    /// ask again.
    pub(super) fn listen(&self, id: RequestId) -> Result<oneshot::Receiver<Wake>, StoreError> {
        let (news, listener) = oneshot::channel();
        // What was handed over before this is found by the look that follows every job.
        self.send(Box::new(move |desk| drop(desk.waiting.insert(id, news))))?;
        Ok(listener)
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let gone = || StoreError::unreachable("the thread of the connection is gone");
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(gone)?;
        self.rope.pull();
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        self.rope.pull();
    }
}

impl Desk {
    fn work(mut self, queue: &Receiver<Job>) {
        loop {
            loop {
                match queue.try_recv() {
                    Ok(job) => job(&mut self),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            self.waiting.retain(|_, news| !news.is_closed());
            let somebody_waits = !self.waiting.is_empty();
            if somebody_waits {
                self.tell_of_grants();
                if self.looked.elapsed() >= POLL {
                    self.looked = Instant::now();
                    self.tell_of_deaths();
                }
            }
            // Whoever gave a job since the queue was empty has rung: that is not slept through.
            self.bell.listen(somebody_waits.then_some(POLL));
        }
    }

    /// Tells those who wait here what they have been granted.
    fn tell_of_grants(&mut self) {
        let bell = self.bell.address();
        // If it cannot be read now, they ask for themselves before long, and are told why.
        let Ok(leases) = self.database.read(|ledger| ledger.handed_over(bell)) else { return };
        for lease in leases {
            let grant = Grant::new(lease.fence, clock::instant(lease.since));
            self.tell(&lease.request, Wake::Granted(grant));
        }
    }

    /// Has one of those who wait here ask again, if somebody whom it waits for has let its time run
    /// out: nobody hands over for the dead. One is enough, since what it finds goes to whoever is
    /// first in line.
    fn tell_of_deaths(&mut self) {
        let bell = self.bell.address();
        if let Ok(Some(request)) = self.database.read(|ledger| ledger.overdue(bell)) {
            self.tell(&request, Wake::Retry);
        }
    }

    fn tell(&mut self, request: &str, news: Wake) {
        let id = request.parse().ok();
        if let Some(waiter) = id.and_then(|id: RequestId| self.waiting.remove(&id)) {
            let _ = waiter.send(news);
        }
    }
}
