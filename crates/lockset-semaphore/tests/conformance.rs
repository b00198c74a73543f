//! The semaphore as permits and as a lock of one permit, on both fronts.

use std::sync::Arc;

use lockset_api::{Blocking, Lock, Permits};
use lockset_checked::Checked;
use lockset_conformance::{PermitsSubject, Subject, Watched, suite};
use lockset_semaphore::Semaphore;

/// A semaphore of one permit, as a lock; its handles share it.
struct One<L>(Arc<L>);

impl<L: Lock + Send + Sync + 'static> Subject for One<L> {
    type Lock = Arc<L>;

    fn open(&self) -> Arc<L> {
        Arc::clone(&self.0)
    }
}

/// Semaphores of any size, made by this function.
struct Any<P>(fn(usize) -> P);

impl<P: Permits + Sync + 'static> PermitsSubject for Any<P> {
    type Permits = P;

    fn with_permits(&self, permits: usize) -> P {
        (self.0)(permits)
    }
}

fn blocking(permits: usize) -> Blocking<Semaphore> {
    Blocking::new(Semaphore::new(permits))
}

/// Watched inside the adapter: the async verbs of the wrapper.
fn watched(permits: usize) -> Blocking<Checked<Semaphore>> {
    Blocking::new(Checked::new(Semaphore::new(permits)).permits(permits))
}

suite!(threads_one_permit: One(Arc::new(Semaphore::new(1))) => lock);
suite!(threads: Any(Semaphore::new) => permits);
suite!(tasks_one_permit: One(Arc::new(blocking(1))) => lock);
suite!(tasks: Any(blocking) => permits);

suite!(watched_one_permit: One(Arc::new(Checked::new(Semaphore::new(1)))) => lock);
suite!(watched_threads: Watched::new(Any(Semaphore::new)) => permits);
suite!(watched_tasks_one_permit: One(Arc::new(watched(1))) => lock);
suite!(watched_tasks: Any(watched) => permits);
