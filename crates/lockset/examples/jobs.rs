//! Three workers share a directory of jobs; one is killed in the middle of its job.

mod workers;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use lockset::recipes::{Claims, JobState};
use lockset::remote::sqlite::Sqlite;
use lockset::{Lease as _, Locks};
use workers::Worker;

const JOBS: u32 = 12;
/// How long the job of a worker that was killed is left alone.
const TTL: Duration = Duration::from_millis(500);

fn names_in(dir: &Path) -> Result<Vec<String>, std::io::Error> {
    let entries = fs::read_dir(dir)?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Does jobs as long as there are any. The first worker claims one and never comes to its end.
fn worker(dir: &Path, number: u32) -> Result<(), Box<dyn Error>> {
    let (open, done) = (dir.join("open"), dir.join("done"));
    let claims =
        Claims::new(&Locks::new(Sqlite::open(dir.join("locks.db"))?), "jobs").with_ttl(TTL);
    loop {
        let jobs = names_in(&open)?;
        if jobs.is_empty() {
            return Ok(());
        }
        let state = |job: &str| {
            let is_open = open.join(job).exists();
            Ok::<_, lockset::Error>(if is_open { JobState::Open } else { JobState::Closed })
        };
        let Some(claim) = claims.claim(&jobs, state)? else {
            // Others are at all that is left; should one of them die, its job is open again.
            std::thread::sleep(TTL / 10);
            continue;
        };
        if number == 0 {
            fs::write(dir.join("claimed"), claim.job())?;
            // It takes for ever, and meanwhile the lease is renewed.
            std::thread::park();
        }
        // The result, and the job off the list, in one step.
        let result = format!("by worker {number} with fence {}", claim.lease().fence());
        fs::write(open.join(claim.job()), result)?;
        fs::rename(open.join(claim.job()), done.join(claim.job()))?;
        let _ = claim.release()?;
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    if let Some((dir, number)) = workers::this() {
        return worker(&dir, number);
    }
    let dir = tempfile::tempdir()?;
    let (open, done) = (dir.path().join("open"), dir.path().join("done"));
    fs::create_dir(&open)?;
    fs::create_dir(&done)?;
    for job in 0..JOBS {
        fs::write(open.join(format!("job-{job}")), "")?;
    }

    let unlucky = Worker::start("jobs", dir.path(), 0)?;
    while !dir.path().join("claimed").exists() {
        std::thread::yield_now();
    }
    let others = [1, 2].map(|number| Worker::start("jobs", dir.path(), number));
    unlucky.kill()?;
    others.into_iter().try_for_each(|other| other?.join())?;

    for job in names_in(&done)? {
        println!("{job}: {}", fs::read_to_string(done.join(&job))?);
    }
    assert_eq!(names_in(&done)?.len(), JOBS as usize, "each was done, the one of the dead too");
    Ok(())
}
