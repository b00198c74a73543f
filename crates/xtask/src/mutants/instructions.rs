//! Regressions that no model refutes, since they break nothing: they only cost, and are counted.

use crate::Result;
use crate::instructions::{Counts, Lane, Program};
use crate::nursery::Nursery;
use crate::tally::Tally;

const RAW: &str = "crates/lockset-mutex/src/raw.rs";
const UNLOCK: &str = "crates/lockset-mutex/src/unlock.rs";

const LOCKING: &str = "Mutex: lock and unlock";
const BOUNDED: &str = "Mutex (Bounded)";

/// One edit of the code that ships, and the path that must be counted as longer for it.
struct Regression {
    name: &'static str,
    file: &'static str,
    /// The text to replace; it occurs exactly once in the file.
    from: &'static str,
    to: &'static str,
    what: &'static str,
    who: &'static str,
}

const REGRESSIONS: &[Regression] = &[
    Regression {
        name: "an unlock with a fence that nobody needs",
        file: UNLOCK,
        from: "held.swap(FREE, AcqRel);",
        to: "core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);\n\
             held.swap(FREE, AcqRel);",
        what: LOCKING,
        who: BOUNDED,
    },
    Regression {
        name: "an unlock that looks at the word before it opens the lock",
        file: UNLOCK,
        from: "held.swap(FREE, AcqRel);",
        to: "held.load(Relaxed);\nheld.swap(FREE, AcqRel);",
        what: LOCKING,
        who: BOUNDED,
    },
    Regression {
        name: "an asymmetric unlock that exchanges",
        file: UNLOCK,
        from: "held.store(FREE, Release);",
        to: "held.swap(FREE, Release);",
        what: LOCKING,
        who: "Asymmetric<Bounded>",
    },
    Regression {
        name: "a lock that looks at the word before it tries to take it",
        file: RAW,
        from: "self.waiters.load(Relaxed) & owed == 0 && self.take()",
        to: "self.waiters.load(Relaxed) & owed == 0 && !self.is_locked() && self.take()",
        what: LOCKING,
        who: BOUNDED,
    },
];

/// A passed one is a regression that was counted.
pub(crate) fn plant_regressions() -> Result<Tally> {
    let nursery = Nursery::new()?;
    let healthy = Program::build(&nursery.tree, &nursery.target_dir)?;
    let lanes = healthy.lanes()?;
    let mut counted = Vec::new();
    for Regression { what, who, .. } in REGRESSIONS {
        let lane = lanes.iter().find(|lane| lane.what == *what && lane.who == *who);
        let lane = lane.ok_or_else(|| format!("there is no path `{who}` of `{what}`"))?;
        counted.push((lane, healthy.count(lane)?));
    }
    let mut tally = Tally::default();
    for (regression, (lane, healthy)) in REGRESSIONS.iter().zip(counted) {
        let (word, count) = match plant(&nursery, regression, lane) {
            Ok(planted) if planted.has_more_than(&healthy) => {
                (format!("counted: {planted}; without it {healthy}"), Tally::PASSED)
            }
            Ok(planted) => (format!("NOT SEEN: {planted}"), Tally::FAILED),
            Err(error) => (format!("ERROR: {error}"), Tally::FAILED),
        };
        println!("regression `{}` ... {word}", regression.name);
        tally += count;
    }
    Ok(tally)
}

fn plant(nursery: &Nursery, regression: &Regression, lane: &Lane) -> Result<Counts> {
    let build = || Program::build(&nursery.tree, &nursery.target_dir);
    regression.planted(nursery, build)?.count(lane)
}

/// Does some work while every unlock of the copy has a fence too many: also a clock has to see it.
pub(crate) fn with_fence_in_unlock<T>(
    nursery: &Nursery,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    REGRESSIONS[0].planted(nursery, work)
}

impl Regression {
    /// Does some work while the copy has it.
    fn planted<T>(&self, nursery: &Nursery, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let Self { file, from, to, .. } = self;
        let healthy = nursery.read(file)?;
        let count = healthy.matches(from).count();
        if count != 1 {
            return Err(format!("it has rotted: `{from}` occurs {count} times in {file}").into());
        }
        nursery.with_planted(file, &healthy.replace(from, to), work)
    }
}
