//! A holder that is stopped for longer than its lease, and a file that refuses its write.

mod paused;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use lockset::file::FencedFile;
use lockset::remote::sqlite::Sqlite;
use lockset::{Lease, Lock, Locks, Released, RemoteLock};

const TTL: Duration = Duration::from_secs(1);

fn lock(dir: &Path) -> Result<RemoteLock, lockset::Error> {
    Locks::new(Sqlite::open(dir.join("locks.db"))?).lock("report")?.with_ttl(TTL)
}

/// Ada is stopped when nothing is left to do but to write.
fn ada(dir: &Path) -> Result<(), Box<dyn Error>> {
    let (lock, report) = (lock(dir)?, FencedFile::open(dir.join("report"))?);
    let lease = loop {
        let lease = lock.lock()?;
        // She looks whether the lock is still hers, and it is.
        if !lease.lost().is_lost() {
            break lease;
        }
    };
    paused::stop_here()?;
    let written = report.write(lease.fence(), "by Ada\n");
    paused::say(&written.expect_err("a stale write"));
    assert!(matches!(lease.release()?, Released::AlreadyLost(_)));
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    if let Some(dir) = paused::address() {
        return ada(Path::new(&dir));
    }
    let dir = tempfile::tempdir()?;
    let report = FencedFile::open(dir.path().join("report"))?;

    let mut ada = paused::Ada::start("fenced_file", &dir.path().to_string_lossy())?;
    ada.until_stopped()?;
    println!("Ada has the lock, and is stopped; the file is {:?}", report.read()?);

    // Ben waits until her lease has run out.
    let lease = lock(dir.path())?.lock()?;
    report.write(lease.fence(), "by Ben\n")?;
    let released = lease.release()?;
    let whole = std::fs::read_to_string(report.path())?;
    println!("Ben has the lock ({released:?}); the file is\n{whole}");

    println!("Ada goes on, and writes: {}", ada.resume()?.join("; "));
    let kept = report.read()?.ok_or("the file is gone")?;
    assert_eq!(kept.bytes, b"by Ben\n", "it is still there");
    Ok(())
}
