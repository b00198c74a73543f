//! Processes that claim jobs, without a lock and with a lease that a server keeps.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use lockset::{Lease, Lock, RemoteLease, RemoteLock};
use lockset_trace::{Event, Recorder};
use serde::{Deserialize, Serialize};

use super::{Seen, Task as AnyTask};
use crate::error::{Context, Result};
use crate::tour::Tour;
use crate::tour::audit::compare;
use crate::tour::children::{Worker, together};
use crate::tour::figures::Figures;
use crate::tour::server;
use crate::tour::worker::{Boss, News};

pub(super) const STORY: (&str, &str) = (
    "Jobs that are each to be run once",
    "The payments are cut into batches, and four processes, which could be on four machines, \
     claim one batch after another: look for a free one, write your name on it, run it. Between \
     looking and writing lies the network, and two that look at the same time run the same batch: \
     its payments are booked twice. A lock that only one machine knows does not help here; a \
     lease that a server keeps does.",
);

const WORKERS: usize = 4;
const JOBS: usize = 40;
/// Stands for the way to a shared store and back, between looking for a job and claiming it.
const ROUND_TRIP: Duration = Duration::from_millis(1);
/// Stands for the work on one batch, on the fastest of the machines. Each of the others takes this
/// much longer than the one before.
const RUN: Duration = Duration::from_millis(2);

pub(super) fn without(tour: &Tour) -> Result<Seen> {
    run_jobs(tour, "without", None)
}

pub(super) fn with(tour: &Tour) -> Result<Seen> {
    run_jobs(tour, "with", Some(tour.url()?.to_owned()))
}

/// Where one process is to look for jobs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    name: String,
    /// What it writes on a job that it claims.
    mark: u8,
    /// How long it takes for a job.
    run: Duration,
    /// The file of the claims.
    claims: PathBuf,
    /// The lease that it needs to claim a job; none to do without.
    url: Option<String>,
}

/// The jobs that it ran, and what it saw of the lock.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ran {
    jobs: Vec<usize>,
    events: Vec<Event>,
}

fn run_jobs(tour: &Tour, part: &str, url: Option<String>) -> Result<Seen> {
    let claims = tour.out.join(format!("remote-{part}.claims"));
    let cannot = format!("cannot keep claims in {}", claims.display());
    Claims::create(&claims).context(cannot)?;
    tour.progress.expect(JOBS);
    let worker = |nth: u8| {
        let name = format!("process {}", nth + 1);
        let (claims, url) = (claims.clone(), url.clone());
        let run = RUN * (1 + u32::from(nth));
        let task = Task { name: name.clone(), mark: b'1' + nth, run, claims, url };
        Worker::start(&name, AnyTask::Claim(task), &tour.progress)
    };
    let workers = (0..WORKERS as u8).map(worker).collect::<Result<Vec<_>>>()?;
    let ends: Vec<Ran> = together(workers)?;

    // Each run of a job books its batch.
    let ledger = &tour.ledger;
    let batches: Vec<_> = ledger.payments.chunks(ledger.payments.len().div_ceil(JOBS)).collect();
    let mut runs = vec![0; batches.len()];
    for job in ends.iter().flat_map(|end| &end.jobs) {
        // There may be fewer batches than jobs, if the ledger does not divide well.
        if let Some(times) = runs.get_mut(*job) {
            *times += 1;
        }
    }
    let booked = batches.iter().zip(&runs).flat_map(|(batch, times)| batch.repeat(*times));
    let booked: Vec<_> = booked.collect();
    let figures = Figures {
        jobs: Some(runs.len()),
        jobs_run_twice: Some(runs.iter().filter(|times| **times > 1).count()),
        jobs_never_run: Some(runs.iter().filter(|times| **times == 0).count()),
        ..compare(ledger, &ledger.after(&booked))
    };
    Ok(Seen { figures, history: ends.into_iter().flat_map(|end| end.events).collect() })
}

impl Task {
    /// The worker's side: claims jobs and runs them until there is none left.
    pub(super) fn work(self, boss: &mut Boss) -> Result<Ran> {
        let claims = Claims(File::options().read(true).write(true).open(&self.claims)?);
        let lock = self.url.as_deref().map(server::lock).transpose()?;
        let recorder = Recorder::new();
        let mut actor = recorder.actor(self.name, "claims");
        let mut jobs = Vec::new();
        boss.ready()?;
        loop {
            actor.want();
            let lease = lock.as_ref().map(RemoteLock::lock).transpose()?;
            match lease.as_ref().map(RemoteLease::fence) {
                Some(fence) => actor.got_fenced(fence.value()),
                None => actor.got(),
            }
            let claimed = claims.claim(self.mark).context("cannot claim a job")?;
            actor.released();
            // A lease that was lost has not kept the others out. In this step nobody is paused,
            // so that would be news; the next step is about it.
            lease.map(server::give_back).transpose()?;
            let Some(job) = claimed else { break };
            thread::sleep(self.run);
            jobs.push(job);
            boss.tell(&News::Booked(1));
        }
        drop(actor);
        Ok(Ran { jobs, events: recorder.finish().events().to_vec() })
    }
}

/// The claims: a file with one byte for each job.
struct Claims(File);

const FREE: u8 = b'.';

impl Claims {
    fn create(path: &Path) -> io::Result<()> {
        fs::write(path, [FREE; JOBS])
    }

    /// Writes `mark` on the first free job; none if there is no free one.
    fn claim(&self, mark: u8) -> io::Result<Option<usize>> {
        let mut marks = [FREE; JOBS];
        self.0.read_exact_at(&mut marks, 0)?;
        let Some(job) = marks.iter().position(|mark| *mark == FREE) else { return Ok(None) };
        thread::sleep(ROUND_TRIP);
        self.0.write_all_at(&[mark], job as u64)?;
        Ok(Some(job))
    }
}
