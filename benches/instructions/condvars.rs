//! Notifications when nobody waits, which is most of them in many a program.

use crate::path::{Group, Path, repeat};

pub(crate) const GROUPS: &[Group] = &[Group {
    what: "Condvar: notify_one, and nobody waits",
    baseline: "parking_lot",
    paths: &[
        Path::new("Condvar", |times| {
            repeat(times, &lockset_mutex::Condvar::new(), |condvar| _ = condvar.notify_one());
        }),
        Path::new("std", |times| {
            repeat(times, &std::sync::Condvar::new(), |condvar| condvar.notify_one());
        }),
        Path::new("parking_lot", |times| {
            repeat(times, &parking_lot::Condvar::new(), |condvar| _ = condvar.notify_one());
        }),
    ],
}];
