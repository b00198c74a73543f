//! The one thread of the process that talks to servers.

use std::sync::OnceLock;
use std::thread;

use lockset_api::{Error, ErrorKind};
use tokio::runtime::{Builder, Handle};

static DRIVER: OnceLock<Result<Handle, String>> = OnceLock::new();

/// The driver, started by the first lock that needs it; it runs as long as the process.
///
/// A thread of its own, and not the caller's runtime: a lease must be renewed while every thread of
/// that runtime is stuck, and given back after it has been shut down.
pub(crate) fn driver() -> Result<&'static Handle, Error> {
    DRIVER.get_or_init(start).as_ref().map_err(|why| {
        Error::new(ErrorKind::Other, format!("the thread that keeps leases did not start: {why}"))
    })
}

fn start() -> Result<Handle, String> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .thread_name("lockset-driver")
        .build()
        .map_err(|error| error.to_string())?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("lockset-driver".into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .map_err(|error| error.to_string())?;
    Ok(handle)
}
