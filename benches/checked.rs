//! What it costs to be watched for deadlocks: a mutex bare and in a `Checked`, and std's in
//! tracing-mutex, which keeps an order of std's locks in threads.
//!
//! A second group holds one mutex while it takes another, in an order that is known by then: that
//! is where a watcher has something to look up.

use criterion::{Criterion, criterion_group, criterion_main};
use lockset::{Checked, Mutex};
use lockset_bench::{Rival, uncontended};
use tracing_mutex::stdsync::tracing::Mutex as TracingMutex;

struct Bare(Mutex<()>);

impl Rival for Bare {
    fn section(&self, inside: impl FnOnce()) {
        let _guard = self.0.lock();
        inside();
    }
}

struct Watched(Checked<Mutex<()>>);

impl Rival for Watched {
    fn section(&self, inside: impl FnOnce()) {
        let _guard = self.0.lock();
        inside();
    }
}

struct Tracing(TracingMutex<()>);

impl Rival for Tracing {
    fn section(&self, inside: impl FnOnce()) {
        let _guard = self.0.lock().expect("no section panics");
        inside();
    }
}

/// The second is taken while the first is held.
struct Nested<R>(R, R);

impl<R: Rival> Rival for Nested<R> {
    fn section(&self, inside: impl FnOnce()) {
        self.0.section(|| self.1.section(inside));
    }
}

fn watching(criterion: &mut Criterion) {
    let bare = || Bare(Mutex::new(()));
    let watched = || Watched(Checked::new(Mutex::new(())));
    let tracing = || Tracing(TracingMutex::new(()));

    let mut group = criterion.benchmark_group("checked/uncontended");
    uncontended(&mut group, "bare", &bare());
    uncontended(&mut group, "checked", &watched());
    uncontended(&mut group, "tracing-mutex", &tracing());
    group.finish();

    let mut group = criterion.benchmark_group("checked/nested");
    uncontended(&mut group, "bare", &Nested(bare(), bare()));
    uncontended(&mut group, "checked", &Nested(watched(), watched()));
    uncontended(&mut group, "tracing-mutex", &Nested(tracing(), tracing()));
    group.finish();
}

criterion_group!(benches, watching);
criterion_main!(benches);
