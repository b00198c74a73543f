//! The rivals of this package, as the comparison wants them: for a thread that waits.

use lockset_api::block_on;
use lockset_bench_leases::rival::Rival;
use lockset_compare::Place;
use tokio::runtime::{Builder, Runtime};

/// A rival and the runtime of its thread; one that blocks its thread has none.
pub(crate) struct Adapted<R> {
    runtime: Option<Runtime>,
    rival: R,
    url: String,
    name: String,
}

impl<R: Rival> Adapted<R> {
    fn at(url: String, name: String) -> Self {
        let start = || Builder::new_current_thread().enable_all().build().expect("it starts");
        let runtime = (!R::KIND.blocks).then(start);
        let rival = wait(runtime.as_ref(), R::open(&url, &name));
        Self { runtime, rival, url, name }
    }
}

fn wait<T>(runtime: Option<&Runtime>, work: impl Future<Output = T>) -> T {
    match runtime {
        Some(runtime) => runtime.block_on(work),
        None => block_on(work),
    }
}

impl<R: Rival + Send> lockset_compare::Rival for Adapted<R> {
    fn open(place: &Place) -> Self {
        Self::at(place.url.clone(), place.name.clone())
    }

    fn another(&self) -> Self {
        Self::at(self.url.clone(), self.name.clone())
    }

    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let held = wait(self.runtime.as_ref(), self.rival.lock());
        let done = inside();
        wait(self.runtime.as_ref(), self.rival.unlock(held));
        done
    }
}
