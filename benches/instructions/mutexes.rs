//! Mutexes that nobody else wants, and one that somebody holds.

use std::hint::black_box;
use std::time::Duration;

use lockset_checked::Checked;
use lockset_mutex::{
    Asymmetric, Barging, Bounded, Counted, Fifo, Mutex, MutexWith, Poison, Policy,
};

use crate::path::{Group, Path, repeat};

const PARKING_LOT: &str = "parking_lot";
const SOUND: &str = "no section panics";
/// Never waited for, as nobody else is there.
const TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) const GROUPS: &[Group] = &[
    Group {
        what: "Mutex: lock and unlock",
        baseline: PARKING_LOT,
        paths: &[
            Path::new("Mutex (Bounded)", lock::<Bounded>),
            Path::new("Barging", lock::<Barging>),
            Path::new("Fifo", lock::<Fifo>),
            Path::new("Asymmetric<Bounded>", lock::<Asymmetric<Bounded>>),
            Path::new("Counted<Bounded>", lock::<Counted<Bounded>>),
            Path::new("std", |times| {
                repeat(times, &std_mutex(), |mutex| {
                    // With the check for poisoning, as everybody pays for it.
                    let _guard = mutex.lock().expect(SOUND);
                    black_box(());
                })
            }),
            Path::new(PARKING_LOT, |times| {
                repeat(times, &parking_lot_mutex(), |mutex| {
                    let _guard = mutex.lock();
                    black_box(());
                })
            }),
            Path::new("usync", |times| {
                repeat(times, &usync::Mutex::new(()), |mutex| {
                    let _guard = mutex.lock();
                    black_box(());
                })
            }),
            Path::new("spin", |times| {
                repeat(times, &spin::Mutex::<()>::new(()), |mutex| {
                    let _guard = mutex.lock();
                    black_box(());
                })
            }),
        ],
    },
    Group {
        what: "Mutex: try_lock of a free one, and unlock",
        baseline: PARKING_LOT,
        paths: &[
            Path::new("Mutex (Bounded)", try_lock::<Bounded>),
            Path::new("Asymmetric<Bounded>", try_lock::<Asymmetric<Bounded>>),
            Path::new("std", |times| {
                repeat(times, &std_mutex(), |mutex| {
                    let _guard = mutex.try_lock().expect("free");
                    black_box(());
                })
            }),
            Path::new(PARKING_LOT, |times| {
                repeat(times, &parking_lot_mutex(), |mutex| {
                    let _guard = mutex.try_lock().expect("free");
                    black_box(());
                })
            }),
            Path::new("tokio", |times| {
                repeat(times, &tokio::sync::Mutex::new(()), |mutex| {
                    let _guard = mutex.try_lock().expect("free");
                    black_box(());
                })
            }),
        ],
    },
    Group {
        what: "Mutex: try_lock of one that is held",
        baseline: PARKING_LOT,
        paths: &[
            Path::new("Mutex (Bounded)", |times| {
                let mutex = Mutex::new(());
                let _held = mutex.lock();
                repeat(times, &mutex, |mutex| assert!(mutex.try_lock().is_none()));
            }),
            Path::new("std", |times| {
                let mutex = std_mutex();
                let _held = mutex.lock();
                repeat(times, &mutex, |mutex| assert!(mutex.try_lock().is_err()));
            }),
            Path::new(PARKING_LOT, |times| {
                let mutex = parking_lot_mutex();
                let _held = mutex.lock();
                repeat(times, &mutex, |mutex| assert!(mutex.try_lock().is_none()));
            }),
        ],
    },
    Group {
        what: "Mutex: try_lock_for of a free one, and unlock",
        baseline: PARKING_LOT,
        paths: &[
            Path::new("Mutex (Bounded)", |times| {
                repeat(times, &Mutex::new(()), |mutex| {
                    let _guard = mutex.try_lock_for(TIMEOUT).expect("free");
                    black_box(());
                })
            }),
            Path::new(PARKING_LOT, |times| {
                repeat(times, &parking_lot_mutex(), |mutex| {
                    let _guard = mutex.try_lock_for(TIMEOUT).expect("free");
                    black_box(());
                })
            }),
        ],
    },
    Group {
        what: "Poison: lock, enter, unlock",
        baseline: "std",
        paths: &[
            Path::new("Mutex<Poison>", |times| {
                repeat(times, &Mutex::new(Poison::new(())), |mutex| {
                    let mut guard = mutex.lock();
                    let _entered = guard.enter().expect(SOUND);
                    black_box(());
                });
            }),
            Path::new("std", |times| {
                repeat(times, &std_mutex(), |mutex| {
                    let _guard = mutex.lock().expect(SOUND);
                    black_box(());
                })
            }),
        ],
    },
    Group {
        what: "Checked: lock and unlock, watched for deadlocks",
        baseline: "tracing-mutex",
        paths: &[
            Path::new("Checked<Mutex>", |times| {
                repeat(times, &Checked::new(Mutex::new(())), |mutex| {
                    let _guard = mutex.lock();
                    black_box(());
                });
            }),
            Path::new("tracing-mutex", |times| {
                repeat(times, &tracing_mutex::stdsync::tracing::Mutex::new(()), |mutex| {
                    let _guard = mutex.lock().expect(SOUND);
                    black_box(());
                });
            }),
        ],
    },
];

fn lock<P: Policy>(times: u32) {
    repeat(times, &MutexWith::<P, ()>::new(()), |mutex| {
        let _guard = mutex.lock();
        black_box(());
    });
}

fn try_lock<P: Policy>(times: u32) {
    repeat(times, &MutexWith::<P, ()>::new(()), |mutex| {
        let _guard = mutex.try_lock().expect("free");
        black_box(());
    });
}

const fn std_mutex() -> std::sync::Mutex<()> {
    std::sync::Mutex::new(())
}

const fn parking_lot_mutex() -> parking_lot::Mutex<()> {
    parking_lot::Mutex::new(())
}
