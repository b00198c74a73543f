//! All words that a few waiters can make of it, and what is true of them: a walk through the whole
//! graph, which no schedule of a model is needed for.

use std::collections::BTreeSet;

use super::*;

/// So many wait at once, at most.
const THREADS: u32 = 4;

/// The word, and what is true of the threads that it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Situation {
    state: u32,
    waiting: u32,
    /// Those of them that leave without another notification.
    certain: u32,
}

impl Situation {
    fn next(self) -> Vec<Self> {
        let Self { state, waiting, certain } = self;
        let mut next = Vec::new();
        if waiting < THREADS {
            next.push(Self { state: state + WAITER, waiting: waiting + 1, ..self });
        }
        // A notification that has nothing to do does nothing, so all must be certain by then.
        match owe_one(state) {
            Some(state) => next.push(Self { state, certain: waiting.min(certain + 1), ..self }),
            None => assert_eq!(certain, waiting, "a notification is lost: {self:?}"),
        }
        match owe_all(state) {
            Some(state) => next.push(Self { state, certain: waiting, ..self }),
            None => assert_eq!(certain, waiting, "a notification is lost: {self:?}"),
        }
        let left =
            |certain| leave(state).map(|state| Self { state, waiting: waiting - 1, certain });
        if certain > 0 {
            next.extend(left(certain - 1));
        }
        // For a deadline, or for no reason.
        if certain < waiting {
            next.extend(left(certain));
        }
        next
    }
}

#[test]
fn what_is_due_is_certain_to_leave() {
    let (mut seen, mut new) =
        (BTreeSet::new(), vec![Situation { state: 0, waiting: 0, certain: 0 }]);
    while let Some(situation) = new.pop() {
        if seen.insert(situation) {
            assert_eq!(waiters(situation.state), situation.waiting, "{situation:?}");
            assert!(due(situation.state) <= situation.certain, "{situation:?}");
            new.extend(situation.next());
        }
    }
    // The walk has been everywhere: as few due as can be, and as many.
    let is_seen = |due| seen.iter().any(|situation| situation.state == THREADS * WAITER + due);
    assert!((0..=THREADS).all(is_seen));
}

#[test]
fn those_who_are_due_are_not_notified_again() {
    assert_eq!((owe_one(0), owe_all(0)), (None, None));
    let three = 3 * WAITER;
    assert_eq!([0, 1, 2, 3].map(|due| owe_one(three + due)), {
        [Some(three + 1), Some(three + 2), Some(three + 3), None]
    });
    assert_eq!([0, 1, 2, 3].map(|due| owe_all(three + due)), {
        [Some(three + 3), Some(three + 3), Some(three + 3), None]
    });
}

#[test]
fn who_leaves_is_owed_nothing() {
    assert_eq!(leave(3 * WAITER + 2), Some(2 * WAITER + 1));
    assert_eq!(leave(3 * WAITER), Some(2 * WAITER));
}

#[test]
fn beyond_what_can_be_counted_all_are_notified() {
    let many = (MOST_DUE + 2) * WAITER;
    assert_eq!(owe_all(many), Some(many + MOST_DUE));
    assert_eq!(owe_one(many + MOST_DUE - 1), Some(many + MOST_DUE));
    assert_eq!(owe_one(many + MOST_DUE), Some(many + MOST_DUE));
    assert_eq!(owe_all(many + MOST_DUE), Some(many + MOST_DUE));
}

#[test]
fn there_is_room_for_all_threads() {
    let full = u32::MAX / WAITER * WAITER;
    assert_eq!(waiters(full) + 1, 1 << 22);
    assert_eq!(leave(full), Some(full - WAITER));
}
