//! Mutexes: ours, std's and parking_lot's.

use criterion::{Criterion, criterion_group, criterion_main};
use lockset_bench::{Rival, contended, uncontended};

struct Lockset(lockset::Mutex<()>);

impl Rival for Lockset {
    fn section(&self, inside: impl FnOnce()) {
        let _guard = self.0.lock();
        inside();
    }
}

struct Std(std::sync::Mutex<()>);

impl Rival for Std {
    fn section(&self, inside: impl FnOnce()) {
        // With the check for poisoning, as everybody pays for it.
        let _guard = self.0.lock().expect("no section panics");
        inside();
    }
}

struct ParkingLot(parking_lot::Mutex<()>);

impl Rival for ParkingLot {
    fn section(&self, inside: impl FnOnce()) {
        let _guard = self.0.lock();
        inside();
    }
}

fn mutexes(criterion: &mut Criterion) {
    let lockset = Lockset(lockset::Mutex::new(()));
    let std = Std(std::sync::Mutex::new(()));
    let parking_lot = ParkingLot(parking_lot::Mutex::new(()));

    let mut group = criterion.benchmark_group("mutex/uncontended");
    uncontended(&mut group, "lockset", &lockset);
    uncontended(&mut group, "std", &std);
    uncontended(&mut group, "parking_lot", &parking_lot);
    group.finish();

    let mut group = criterion.benchmark_group("mutex/contended");
    for threads in [2, 4] {
        contended(&mut group, "lockset", threads, &lockset);
        contended(&mut group, "std", threads, &std);
        contended(&mut group, "parking_lot", threads, &parking_lot);
    }
    group.finish();
}

criterion_group!(benches, mutexes);
criterion_main!(benches);
