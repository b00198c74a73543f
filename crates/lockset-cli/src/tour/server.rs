//! The lock that the remote steps use, opened by its URL and tried before the long steps start.

use std::path::Path;
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockset::{Deadline, Lease, Lock, Released, RemoteLease, RemoteLock};

use super::as_text;
use crate::error::{Context, Result};

/// How long the first lease may take: a server that is slower than this is none to tour with.
const PATIENCE: Duration = Duration::from_secs(10);

/// The URL of the lock: the user's, or a database in the output folder. Where the user gives no
/// name, the lock gets one that no other run of the tour uses.
pub(crate) fn url(given: Option<&str>, out: &Path) -> Result<String> {
    let server = match given {
        Some(url) if url.contains('#') => return Ok(url.to_owned()),
        Some(url) => url.to_owned(),
        // A `#` in the folder's name does no harm: the lock's name stands behind the last one.
        None => format!("sqlite:{}/leases.db", as_text(out)?),
    };
    // What is wrong with the URL is told before a name is added to it that the user has not typed.
    lockset::open_server(&server)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{server}#lockset-tour-{}-{}", process::id(), now.as_millis()))
}

/// The lock at this URL, which must be one with leases.
pub(crate) fn lock(url: &str) -> Result<RemoteLock> {
    Ok(lockset::open(url)?.into_lease_lock()?)
}

/// Takes the lock and gives it back, to learn now and not in a minute that this does not work.
pub(crate) fn try_out(url: &str) -> Result<()> {
    let lock = lock(url)?;
    let granted = lock.lock_until(Deadline::after(PATIENCE))?;
    let taken = || format!("the lock {:?} is held by somebody else", lock.name().as_str());
    give_back(granted.ok_or_else(taken)?).context("the first lease did not last")
}

/// Gives a lease back that should not have been lost.
pub(crate) fn give_back(lease: RemoteLease) -> Result<()> {
    match lease.release()? {
        Released::InTime => Ok(()),
        Released::AlreadyLost(why) => Err(format!("a lease was lost: {why}").into()),
        _ => Ok(()),
    }
}
