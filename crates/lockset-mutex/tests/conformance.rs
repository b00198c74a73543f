//! The mutex does what every lock must do; so does its async front on threads; so does the rival.

use std::sync::Arc;

use lockset_api::{Blocking, Lock, OnThread};
use lockset_checked::Checked;
use lockset_conformance::{Subject, suite};
use lockset_mutex::{
    Asymmetric, Barging, Bounded, Counted, Fifo, Mutex, MutexWith, Policy, Sendable,
};

/// Any lock of one process: its handles share it.
struct Shared<L>(Arc<L>);

impl<L> Shared<L> {
    fn new(lock: L) -> Self {
        Self(Arc::new(lock))
    }
}

impl<L: Lock + Send + Sync + 'static> Subject for Shared<L> {
    type Lock = Arc<L>;

    fn open(&self) -> Arc<L> {
        Arc::clone(&self.0)
    }
}

fn with<P: Policy>() -> Shared<MutexWith<P, ()>> {
    Shared::new(MutexWith::new(()))
}

fn on_thread() -> OnThread<Mutex<()>> {
    OnThread::new(Mutex::new(()))
}

fn watched() -> Checked<Mutex<()>> {
    Checked::new(Mutex::new(()))
}

suite!(bounded: with::<Bounded>() => lock);
suite!(barging: with::<Barging>() => lock);
suite!(fifo: with::<Fifo>() => lock);
suite!(asymmetric: with::<Asymmetric<Bounded>>() => lock);
suite!(sendable: with::<Sendable<Bounded>>() => lock);
suite!(counted: with::<Counted<Bounded>>() => lock);
suite!(on_threads: Shared::new(Blocking::new(on_thread())) => lock);
suite!(watched: Shared::new(watched()) => lock);
suite!(watched_on_threads: Shared::new(Checked::new(Blocking::new(on_thread()))) => lock);
suite!(on_watched_threads: Shared::new(Blocking::new(OnThread::new(watched()))) => lock);
