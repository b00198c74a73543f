//! From events to intervals: who waited, held, and lay still, from when to when.
//!
//! The checker and the pictures read a history in the same way because both read it here. One pass
//! over the sorted events runs a small state machine for each pair of actor and lock; whatever the
//! machine cannot follow becomes a fault, which the verdict names.

use std::collections::HashMap;
use std::time::Duration;

use crate::violation::Fault;
use crate::{Event, History, Stamp, What};

/// One hold of one lock by one actor; made by [`History::holds`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hold<'h> {
    /// Who held.
    pub actor: &'h str,
    /// What was held.
    pub lock: &'h str,
    /// When it was asked for, if the log says so.
    pub wanted: Option<Stamp>,
    /// When it was obtained.
    pub from: Stamp,
    /// When it ended, by release or by expiry; `None` if the log ends before the hold.
    pub to: Option<Stamp>,
    /// Until when the actor acted as if it still held, after its lease had run out.
    pub stale_until: Option<Stamp>,
    /// The fence of the grant.
    pub fence: Option<u64>,
}

impl Hold<'_> {
    /// How long the actor waited for this hold, if the log says so.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        self.wanted.map(|wanted| self.from.since(wanted))
    }
}

/// A stretch of waiting.
pub(crate) struct Wait {
    pub(crate) from: Stamp,
    pub(crate) to: Option<Stamp>,
    pub(crate) ended_by: WaitEnd,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    Granted,
    GaveUp,
    Never,
}

/// A write as the protected resource saw it.
pub(crate) struct Write {
    pub(crate) since: Stamp,
    pub(crate) at: Stamp,
    pub(crate) fence: Option<u64>,
}

/// Everything that one actor did with one lock.
pub(crate) struct Lane<'h> {
    pub(crate) actor: &'h str,
    pub(crate) lock: &'h str,
    pub(crate) holds: Vec<Hold<'h>>,
    pub(crate) waits: Vec<Wait>,
    /// Pauses, each with its end if it had one.
    pub(crate) pauses: Vec<(Stamp, Option<Stamp>)>,
    pub(crate) wrote: Vec<Write>,
    pub(crate) refused: Vec<Stamp>,
    pub(crate) faults: Vec<(Stamp, Fault)>,
    /// What the last hold in `holds` has come to.
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Holding,
    /// The lease ran out and the actor has not said that it knows.
    Lapsed,
}

/// A whole history as lanes.
pub(crate) struct Timeline<'h> {
    pub(crate) origin: Stamp,
    pub(crate) end: Stamp,
    /// In the order in which the lanes first appear.
    pub(crate) lanes: Vec<Lane<'h>>,
}

impl<'h> Timeline<'h> {
    pub(crate) fn new(history: &'h History) -> Self {
        let events = history.events();
        let mut lanes: Vec<Lane<'h>> = Vec::new();
        let mut index = HashMap::new();
        for event in events {
            let key = (event.actor.as_str(), event.lock.as_str());
            let at = *index.entry(key).or_insert_with(|| {
                lanes.push(Lane::new(key.0, key.1));
                lanes.len() - 1
            });
            lanes[at].take_in(event);
        }
        let origin = events.first().map_or(Stamp::default(), |event| event.at);
        let end = events.last().map_or(origin, |event| event.at);
        Self { origin, end, lanes }
    }

    /// The locks in the order in which they first appear.
    pub(crate) fn locks(&self) -> Vec<&'h str> {
        let mut seen = std::collections::HashSet::new();
        self.lanes.iter().map(|lane| lane.lock).filter(|lock| seen.insert(*lock)).collect()
    }
}

impl<'h> Lane<'h> {
    fn new(actor: &'h str, lock: &'h str) -> Self {
        Self {
            actor,
            lock,
            holds: Vec::new(),
            waits: Vec::new(),
            pauses: Vec::new(),
            wrote: Vec::new(),
            refused: Vec::new(),
            faults: Vec::new(),
            state: State::Idle,
        }
    }

    fn take_in(&mut self, event: &Event) {
        let at = event.at;
        match event.what {
            What::Want => self.want(at),
            What::Got { fence } => self.got(at, fence),
            What::Released => self.released(at),
            What::GaveUp => {
                self.end_wait(at, WaitEnd::GaveUp);
            }
            What::Expired => self.expired(at),
            What::Wrote { since, fence } => {
                self.wrote.push(Write { since, at, fence });
                self.act_while_lapsed(at);
            }
            What::Refused { .. } => {
                self.refused.push(at);
                self.act_while_lapsed(at);
            }
            What::Paused => self.pauses.push((at, None)),
            What::Resumed => {
                if let Some((_, end @ None)) = self.pauses.last_mut() {
                    *end = Some(at);
                }
            }
        }
    }

    fn want(&mut self, at: Stamp) {
        // Asking again while still waiting is the same wait: the first `want` is the one that a
        // grant can be traced back to, whichever request it answers.
        if !self.is_waiting() {
            self.waits.push(Wait { from: at, to: None, ended_by: WaitEnd::Never });
        }
    }

    fn got(&mut self, at: Stamp, fence: Option<u64>) {
        if self.state == State::Holding {
            self.faults.push((at, Fault::GotWhileHolding));
            self.end_hold(at);
        }
        let wanted = self.end_wait(at, WaitEnd::Granted);
        let (actor, lock) = (self.actor, self.lock);
        self.holds.push(Hold { actor, lock, wanted, from: at, to: None, stale_until: None, fence });
        self.state = State::Holding;
    }

    fn released(&mut self, at: Stamp) {
        match self.state {
            State::Idle => self.faults.push((at, Fault::ReleasedWithoutHold)),
            State::Holding => self.end_hold(at),
            State::Lapsed => self.act_while_lapsed(at),
        }
        self.state = State::Idle;
    }

    fn expired(&mut self, at: Stamp) {
        if self.state == State::Holding {
            self.end_hold(at);
            self.state = State::Lapsed;
        } else {
            self.faults.push((at, Fault::ExpiredWithoutHold));
        }
    }

    /// Whether the actor waits at the end of what was taken in.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waits.last().is_some_and(|wait| wait.to.is_none())
    }

    /// Ends the wait under way, if there is one, and says when it began.
    fn end_wait(&mut self, at: Stamp, ended_by: WaitEnd) -> Option<Stamp> {
        let wait = self.waits.last_mut().filter(|wait| wait.to.is_none())?;
        wait.to = Some(at);
        wait.ended_by = ended_by;
        Some(wait.from)
    }

    fn end_hold(&mut self, at: Stamp) {
        if let Some(hold) = self.holds.last_mut() {
            hold.to = Some(at);
        }
    }

    fn act_while_lapsed(&mut self, at: Stamp) {
        if self.state == State::Lapsed
            && let Some(hold) = self.holds.last_mut()
        {
            hold.stale_until = Some(at);
        }
    }
}
