//! The mutants that may live, and why. Each entry has been reviewed.

/// Mutants of one file that no model can tell from the healthy code.
struct Review {
    /// So many; more of them would be others than those that were reviewed.
    count: usize,
    /// What `cargo mutants` says of all of them, and of no others.
    what: &'static str,
    why: &'static str,
    /// Whether no step of a model differs.
    is_the_same: bool,
}

const fn review(count: usize, what: &'static str, why: &'static str) -> Review {
    Review { count, what, why, is_the_same: false }
}

/// Mutants that do in a model, step by step, what the healthy code does. The slow models would only
/// do the same once more, so they are not asked; the quick ones are, and may prove it wrong.
const fn same(count: usize, what: &'static str, why: &'static str) -> Review {
    Review { count, what, why, is_the_same: true }
}

/// How long a waiter stays awake is no part of what a lock means.
const TIME: &str = "it decides how long a waiter stays awake, and no more";
/// `a | b` and `a ^ b` are the same if no bit is in both.
const DISJOINT: &str = "the operands have no bit in common, so it is the same";
/// How often a waiter looks is part of it. In a model, no pause lasts for any turns.
const PAUSE: &str = "the pause between two looks does not grow, or not as fast";
/// So is how long it lets others overtake it: no time at all would do, and in a model it is none.
const PATIENCE: &str = "it decides how soon the contender asks for the lock or sleeps, and no more";
/// Two unlocks see the same nap.
const WOKEN_TWICE: &str =
    "a contender that another unlock has woken is woken once more, and looks once more";

/// By the file's path from the workspace's root.
const REVIEWED: &[(&str, &[Review])] = &[
    (
        "crates/lockset-semaphore/src/acquire.rs",
        &[
            review(1, "replace == with != in wait", TIME),
            review(1, "replace && with || in wait", TIME),
            review(2, "delete ! in wait", TIME),
        ],
    ),
    (
        "crates/lockset-semaphore/src/limit.rs",
        &[review(
            1,
            "replace < with <= in SemaphoreWith<P>::set_limit",
            "a limit that is set to what it is, is lowered by nothing or raised by nothing",
        )],
    ),
    (
        "crates/lockset-semaphore/src/node.rs",
        &[review(1, "replace Node::still_waits -> bool with true", TIME)],
    ),
    (
        "crates/lockset-semaphore/src/permit.rs",
        &[review(
            1,
            "replace > with >= in <impl Drop for Permit<S>>::drop",
            "to give no permits back changes nothing, and whoever tends finds nothing new",
        )],
    ),
    (
        "crates/lockset-semaphore/src/ladder/waiters_flag.rs",
        &[same(
            1,
            "replace | with ^ in WaitersFlag::raise_flag",
            "the flag is raised only where it was seen to be down, so it is the same",
        )],
    ),
    ("crates/lockset-mutex/src/ladder/back_off.rs", &[review(2, "replace * with", PAUSE)]),
    (
        "crates/lockset-mutex/src/ladder/bounded_bypass.rs",
        &[
            same(1, "replace | with ^ in BoundedBypass<BYPASSES>::take", DISJOINT),
            same(1, "replace | with ^ in BoundedBypass<BYPASSES>::enqueue", DISJOINT),
        ],
    ),
    (
        "crates/lockset-mutex/src/ladder/parking_table.rs",
        &[
            same(1, "replace | with ^ in ParkingTable::take", DISJOINT),
            same(1, "replace | with ^ in ParkingTable::announce", DISJOINT),
            same(1, "replace | with ^ in ParkingTable::park", DISJOINT),
            review(1, "replace == with != in ParkingTable::lock_contended", TIME),
            review(
                1,
                "replace & with | in ParkingTable::lock_contended",
                "of a lock that was free, too, it says that somebody sleeps; nobody does before \
                 another look with the bucket locked",
            ),
        ],
    ),
    (
        "crates/lockset-mutex/src/ladder/table.rs",
        &[review(
            1,
            "replace >> with << in bucket",
            "the locks are spread over the lists less evenly, and one list would do",
        )],
    ),
    (
        "crates/lockset-mutex/src/ladder/three_state.rs",
        &[
            review(1, "replace ThreeState::spin -> bool with false", TIME),
            review(1, "delete match arm CONTENDED in ThreeState::spin", TIME),
            review(1, "replace match guard self.take() with false in ThreeState::spin", TIME),
        ],
    ),
    (
        "crates/lockset-mutex/src/ladder/yield_and_park.rs",
        &[
            review(1, "replace YieldAndPark::take_or_yield -> bool with false", TIME),
            review(
                1,
                "delete ! in YieldAndPark::take_or_yield",
                "it tries when the lock looks held, and parks otherwise, which takes a free lock",
            ),
        ],
    ),
    (
        "crates/lockset-mutex/src/raw.rs",
        &[
            same(
                1,
                "replace | with ^ in RawMutex<P>::hand_over",
                "while nobody has the role the lock is reserved for nobody, so it is the same",
            ),
            review(1, "replace & with | in RawMutex<P>::attend", WOKEN_TWICE),
            review(1, "replace & with ^ in RawMutex<P>::attend", WOKEN_TWICE),
        ],
    ),
    (
        "crates/lockset-mutex/src/raw/contend.rs",
        &[
            review(1, "delete ! in RawMutex<P>::lock_contended", TIME),
            review(1, "replace RawMutex<P>::spin -> bool with false", TIME),
            review(
                1,
                "replace == with != in RawMutex<P>::spin",
                "a newcomer tries while the lock is held, in vain, and has it later on",
            ),
            same(1, "replace *= with += in RawMutex<P>::spin", PAUSE),
            same(1, "replace * with + in RawMutex<P>::contend", PAUSE),
            same(1, "delete ! in RawMutex<P>::contend", PATIENCE),
            same(1, "replace < with > in RawMutex<P>::contend", PATIENCE),
            same(1, "replace RawMutex<P>::patience -> u32 with 0", PATIENCE),
            same(1, "replace >= with < in RawMutex<P>::patience", PATIENCE),
        ],
    ),
    (
        "crates/lockset-mutex/src/raw/state.rs",
        &[
            same(2, "replace | with ^ in needs_attention", DISJOINT),
            same(1, "replace | with ^ in announce", DISJOINT),
            same(3, "replace | with ^ in appoint", DISJOINT),
            same(2, "replace | with ^ in pick_up", DISJOINT),
            same(2, "replace | with ^ in stray", DISJOINT),
            same(2, "replace | with ^ in leave", DISJOINT),
            same(
                1,
                "replace < with <= in may_pick_up",
                "a word that is one sleeper and nothing else has no token in it",
            ),
        ],
    ),
];

impl Review {
    fn is_about(&self, file: &str, survivor: &str) -> bool {
        let rest = survivor.strip_prefix(file).and_then(|rest| rest.strip_prefix(": "));
        rest.is_some_and(|rest| rest.contains(self.what))
    }
}

/// All reviews, each with its file.
fn all() -> impl Iterator<Item = (&'static str, &'static Review)> {
    REVIEWED.iter().flat_map(|(file, reviews)| reviews.iter().map(|review| (*file, review)))
}

/// What is not put to the slow models of `file`.
pub(super) fn the_same_in(file: &str) -> Vec<&'static str> {
    let of_the_file = all().filter(|(of, review)| *of == file && review.is_the_same);
    of_the_file.map(|(_, review)| review.what).collect()
}

pub(super) fn find(survivor: &str) -> Option<&'static str> {
    all().find(|(file, review)| review.is_about(file, survivor)).map(|(_, review)| review.why)
}

/// The reviews, among those for files that were asked about, of more or less than survives.
pub(super) fn stale(survivors: &[String], is_asked: impl Fn(&str) -> bool) -> Vec<String> {
    let of_interest = all().filter(|(file, _)| is_asked(file));
    let counted = of_interest.map(|(file, review)| {
        let count = survivors.iter().filter(|survivor| review.is_about(file, survivor)).count();
        (file, review, count)
    });
    let stale = counted.filter(|(_, review, count)| *count != review.count);
    let say = |(file, review, count): (_, &Review, _)| {
        let Review { count: reviewed, what, .. } = review;
        format!("{file}: {what}: {reviewed} of them, but {count} survive")
    };
    stale.map(say).collect()
}
