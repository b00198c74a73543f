//! The third user: a program whose lock is a setting.
//!
//! ```text
//! cargo run --example from_url -- redis://127.0.0.1:6379#nightly
//! ```

use std::env;
use std::time::Duration;

use lockset::{Deadline, DynLock, Lock};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let default = || format!("sqlite:{}#nightly", dir.path().join("locks.db").display());
    let url = env::args().skip(1).find(|arg| arg.contains(':')).unwrap_or_else(default);

    // Whatever it is: the rest of the program does not know.
    let lock: Box<dyn DynLock> = lockset::open(&url)?.into_lock();
    match lock.lock_until(Deadline::after(Duration::from_secs(2)))? {
        Some(_guard) => println!("nobody else works now, as far as {url} can see to it"),
        None => println!("somebody else has had {url} for two seconds; giving up"),
    }

    // Code that relies on fences says so, and is told at once that a file has none.
    let file = format!("file:{}", dir.path().join("lock").display());
    let error = lockset::open(&file)?.into_lease_lock().unwrap_err();
    println!("{error}");
    Ok(())
}
