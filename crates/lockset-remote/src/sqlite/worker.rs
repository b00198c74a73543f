//! The thread that owns the connection: SQLite blocks, and the driver must not.

use std::sync::mpsc::{self, Sender};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::clock::Clock;
use crate::store::StoreError;

type Job = Box<dyn FnOnce(&mut Connection, &Clock) + Send>;

/// Runs jobs on one connection, in the order in which they were given; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Worker(Sender<Job>);

impl Worker {
    pub(super) fn start(mut connection: Connection) -> rusqlite::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let clock = Clock::new();
        thread::Builder::new()
            .name("lockset-sqlite".into())
            .spawn(move || queue.into_iter().for_each(|job| job(&mut connection, &clock)))
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(Self(jobs))
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection, &Clock) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection, clock| drop(reply.send(job(connection, clock))));
        self.0.send(job).map_err(|_| StoreError::unreachable("the connection's thread is gone"))?;
        answer.await.map_err(StoreError::interrupted)?
    }
}
