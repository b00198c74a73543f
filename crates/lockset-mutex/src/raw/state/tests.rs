//! All words that a few threads can make of it, each with what its threads know: a walk through
//! the whole graph, which no schedule of a model is needed for.

use std::collections::BTreeSet;
use std::iter;

use super::*;

/// So many threads take part; enough for one contender, one that is called, and two behind it.
const THREADS: u32 = 4;

/// The word, and what is true of the threads whose steps changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Situation {
    state: u32,
    /// Threads that sleep or are about to.
    sleepers: u32,
    /// Whether a thread acts as the contender.
    contends: bool,
    /// Whether somebody has let go of the role with the lock taken, and not yet unlocked and seen
    /// to the sleepers.
    owes_a_look: bool,
}

impl Situation {
    const NOBODY: Self = Self { state: 0, sleepers: 0, contends: false, owes_a_look: false };

    /// What each thread may do next; every step is one exchange of the word.
    fn next(self, skips: u32) -> Vec<Self> {
        let mut next = Vec::new();
        if self.sleepers + u32::from(self.contends) < THREADS {
            next.push(match announce(self.state, skips) {
                (state, Place::Contender) => Self { state, contends: true, ..self },
                (state, Place::Sleeper) => Self { state, sleepers: self.sleepers + 1, ..self },
            });
        }
        if self.contends {
            next.push(Self { state: self.state | NAPPING, ..self });
            next.push(Self { state: self.state | RESERVED, ..self });
            let left = Self { contends: false, ..self };
            let state = leave(self.state);
            next.push(Self { state, owes_a_look: state != 0, ..left });
            next.push(Self { state: resign(self.state), ..left });
        }
        if self.sleepers > 0 {
            let one_less = Self { sleepers: self.sleepers - 1, ..self };
            for is_called in [false, true] {
                if may_pick_up(self.state, is_called) {
                    let state = pick_up(self.state);
                    next.push(Self { state, contends: true, ..one_less });
                } else {
                    next.push(Self { state: withdraw(self.state), ..one_less });
                }
            }
        }
        next.extend(stray(self.state).map(|state| Self { state, ..self }));
        next.extend(courtesy(self.state).map(|state| Self { state, ..self }));
        next.push(Self { state: self.state & !NAPPING, ..self });
        next.push(Self { state: stir(self.state), ..self });
        if role_is_vacant(self.state) {
            next.push(Self { state: appoint(self.state), owes_a_look: false, ..self });
            let state = appoint(self.state) | RESERVED;
            next.push(Self { state, owes_a_look: false, ..self });
        } else {
            next.push(Self { owes_a_look: false, ..self });
        }
        next
    }

    fn require_the_invariants(self) {
        let Self { state, sleepers, contends, owes_a_look, .. } = self;
        let has = |bit| state & bit != 0;
        assert_eq!(state == 0, !contends && sleepers == 0, "0 exactly while nobody waits");
        assert_eq!(state / SLEEPER + u32::from(has(TOKEN)), sleepers, "the count");
        assert_eq!(has(CONTENDER), contends || has(TOKEN), "the role");
        assert!(!(contends && has(TOKEN)), "one role, one contender");
        assert!(!has(NAPPING) || contends, "nobody naps but the contender");
        assert!(!has(RESERVED) || has(CONTENDER), "reserved for nobody");
        assert!(!has(STRAY) || has(TOKEN), "only a token goes astray");
        assert!(!has(COURTESIES) || has(TOKEN), "no courtesy but for one that is on its way");
        assert!(!role_is_vacant(state) || owes_a_look, "sleepers that nobody will see to");
        assert!(
            !(has(TOKEN) && sleepers == 1) || may_pick_up(state, false),
            "the last sleeper takes the token, called or not"
        );
    }
}

#[test]
fn every_step_keeps_the_invariants() {
    for skips in [0, 2, 3] {
        let (mut seen, mut new) = (BTreeSet::new(), vec![Situation::NOBODY]);
        while let Some(situation) = new.pop() {
            if seen.insert(situation) {
                situation.require_the_invariants();
                new.extend(situation.next(skips));
            }
        }
        // The walk has been everywhere: no flag that it has not seen.
        let flags = seen.iter().fold(0, |flags, situation| flags | situation.state);
        assert_eq!(flags & (SLEEPER - 1) | SKIPS, SLEEPER - 1, "with {skips} skips");
    }
}

#[test]
fn newcomers_take_the_role_before_sleepers_so_many_times_and_no_more() {
    for skips in [0, 1, 2, 3] {
        let mut state = 3 * SLEEPER;
        for _ in 0..skips {
            let (next, place) = announce(state, skips);
            assert_eq!(place, Place::Contender);
            state = leave(next);
        }
        assert_eq!(announce(state, skips).1, Place::Sleeper);
        // One of the sleepers has had the role: it starts again.
        let state = leave(pick_up(appoint(state)));
        assert_eq!(announce(state, skips).1 == Place::Contender, skips > 0);
    }
}

#[test]
fn an_unlock_minds_whoever_does_not_look_by_itself() {
    let quiet = [0, CONTENDER, CONTENDER | RESERVED, CONTENDER + SLEEPER];
    let minded = [SLEEPER, CONTENDER | NAPPING, CONTENDER | TOKEN, CONTENDER | TOKEN | STRAY];
    assert!(quiet.into_iter().all(|state| !needs_attention(state)));
    assert!(minded.into_iter().all(needs_attention));
}

#[test]
fn the_role_is_vacant_if_sleepers_have_no_contender() {
    let vacant = [SLEEPER, SLEEPER | STIR, 2 * SLEEPER + SKIPS];
    assert!(vacant.into_iter().all(role_is_vacant));
    let others =
        [0, CONTENDER, CONTENDER + SLEEPER, CONTENDER | TOKEN, (CONTENDER | TOKEN) + SLEEPER];
    assert!(!others.into_iter().any(role_is_vacant));
}

#[test]
fn a_token_is_for_who_is_called_unless_nobody_could_be() {
    let token = (CONTENDER | TOKEN) + SLEEPER;
    assert!(may_pick_up(token, true) && !may_pick_up(token, false));
    assert!(may_pick_up(token | STRAY, false), "nobody was asleep");
    assert!(may_pick_up(token - SLEEPER, false), "there is nobody else");
    assert!(!may_pick_up(CONTENDER + SLEEPER, true), "there is none");
}

#[test]
fn a_token_goes_astray_once() {
    let token = (CONTENDER | TOKEN) + SLEEPER;
    assert_eq!(stray(token), Some(token | STRAY));
    assert_eq!(stray(token | STRAY), None);
    assert_eq!(stray(CONTENDER + SLEEPER), None);
}

#[test]
fn so_many_courtesies_for_each_token() {
    let token = CONTENDER | TOKEN;
    let all = |state| iter::successors(Some(state), |state| courtesy(*state)).skip(1);
    assert_eq!(all(token).count(), 3);
    assert_eq!(all(appoint(SLEEPER + COURTESIES)).count(), 3, "for the next one as well");
    assert_eq!(all(CONTENDER).count(), 0, "for one that is on its way");
}

#[test]
fn a_stir_changes_nothing_but_the_value() {
    for state in [CONTENDER, SLEEPER, CONTENDER | TOKEN | RESERVED | SKIPS | STIR] {
        assert_ne!(stir(state), state);
        assert_eq!(stir(state) & !STIR, state & !STIR);
    }
    assert_eq!(stir(0), 0);
}

#[test]
fn there_is_room_for_all_threads() {
    let full = u32::MAX / SLEEPER * SLEEPER;
    assert_eq!(full / SLEEPER + 1, 1 << 22);
    assert_eq!(withdraw(full) + SLEEPER, full);
}
