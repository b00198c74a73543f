//! What talks to servers: one thread of the process, or a runtime of the caller's.

use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use lockset_api::{Error, ErrorKind, block_on};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

use super::work::{BoxedWork, Work};

/// Where the work for leases is done.
#[derive(Clone, Debug)]
pub(crate) enum Driver {
    /// A thread of its own, and not the caller's runtime: a lease must be renewed while every
    /// thread of that runtime is stuck, and given back after it has been shut down.
    Process,
    /// A runtime that the caller vouches for.
    Given(Handle),
}

impl Driver {
    pub(crate) fn handle(&self) -> Result<&Handle, Error> {
        match self {
            Self::Process => process(),
            Self::Given(handle) => Ok(handle),
        }
    }

    /// Waits, as a thread, for what this driver does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] on the only thread of the runtime that would have to do it, besides
    /// what the work comes to.
    pub(crate) fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        if let (Self::Given(driver), Ok(here)) = (self, Handle::try_current())
            && here.id() == driver.id()
            && here.runtime_flavor() == RuntimeFlavor::CurrentThread
        {
            let why = "this thread is the only one of the runtime that it would wait for; await \
                       the async verb instead";
            return Err(Error::new(ErrorKind::Config, why));
        }
        block_on(work)
    }

    /// Has `work` done by whoever awaits it, if that is where the driver is as well; by the
    /// driver's own thread otherwise, beginning now.
    pub(crate) fn start(&self, work: BoxedWork) -> Result<Work, Error> {
        match self {
            Self::Process => {
                process()?.spawn(work);
                Ok(Work::DONE)
            }
            Self::Given(handle) => Ok(Work::of(handle, work)),
        }
    }
}

/// The driver's clock: the system's monotonic one, unless the runtime's time is simulated.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

static PROCESS: OnceLock<Result<Handle, String>> = OnceLock::new();

/// The thread is started by the first lock that needs it, and runs as long as the process.
fn process() -> Result<&'static Handle, Error> {
    PROCESS.get_or_init(start).as_ref().map_err(|why| {
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
