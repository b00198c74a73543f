//! The lease table of a master, by the rules that a store promises.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::wire::{Answer, Question};

/// How often a waiter should look for itself.
const LOOK: Duration = Duration::from_millis(500);
/// So long after a waiter was last heard of without listening, it is taken for gone.
const SILENCE: Duration = Duration::from_millis(100);

/// What a master knows. All times are those of its own clock.
#[derive(Debug, Default)]
pub(crate) struct Table {
    locks: BTreeMap<String, Lock>,
    member: Option<Member>,
    /// Since when it abstains: forgotten when it restarts.
    since: Option<Duration>,
    /// Whether it has a line for those who wait.
    has_lines: bool,
}

/// What it remembers of its quorum.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// All counters start from here.
    base: u64,
    top: u64,
    longest: Duration,
}

#[derive(Debug)]
struct Lock {
    fence: u64,
    holder: Option<Holder>,
    line: Vec<Waiter>,
}

#[derive(Debug)]
struct Holder {
    id: String,
    until: Duration,
}

#[derive(Debug)]
struct Waiter {
    id: String,
    ttl: Duration,
    floor: u64,
    /// Until when it waits at most.
    until: Duration,
    /// Whether it has a connection that its news can come by.
    listens: bool,
    /// When it was last heard of.
    heard: Duration,
}

impl Table {
    /// One that knows nothing, not even that it is in a quorum.
    pub(crate) fn new(has_lines: bool) -> Self {
        Self { has_lines, ..Self::default() }
    }

    pub(crate) fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// Forgets what is not written down.
    pub(crate) fn restart(&mut self) {
        self.since = None;
        for waiter in self.locks.values_mut().flat_map(|lock| &mut lock.line) {
            waiter.listens = false;
        }
    }

    /// Forgets everything.
    pub(crate) fn wipe(&mut self) {
        *self = Self::new(self.has_lines);
    }

    /// Who holds a lock for longer than `ttl` from now, or waits to.
    pub(crate) fn left_over(&self, now: Duration, ttl: Duration) -> impl Iterator<Item = &str> {
        let holds = move |holder: &&Holder| holder.until > now + ttl;
        let waits = move |waiter: &&Waiter| waiter.ttl > ttl;
        self.locks.values().flat_map(move |lock| {
            let holders = lock.holder.iter().filter(holds).map(|holder| &*holder.id);
            holders.chain(lock.line.iter().filter(waits).map(|waiter| &*waiter.id))
        })
    }

    /// When the next lease of a lock ends.
    pub(crate) fn ends(&self, lock: &str) -> Option<Duration> {
        self.locks.get(lock)?.holder.as_ref().map(|holder| holder.until)
    }

    /// Whether `id` has been handed the lock, or has no more reason to wait.
    pub(crate) fn news(&mut self, now: Duration, name: &str, id: &str) -> Option<Answer> {
        self.serve(now, name);
        let Some(lock) = self.locks.get_mut(name) else { return Some(Answer::Retry) };
        if lock.is_held_by(id) {
            return Some(Answer::Granted { fence: lock.fence });
        }
        match lock.line.iter_mut().find(|waiter| waiter.id == id) {
            Some(waiter) => {
                waiter.listens = true;
                None
            }
            None => Some(Answer::Retry),
        }
    }

    /// The connection of a waiter is gone.
    pub(crate) fn unlisten(&mut self, now: Duration, name: &str, id: &str) {
        let line = self.locks.get_mut(name).map(|lock| &mut lock.line);
        if let Some(waiter) = line.into_iter().flatten().find(|waiter| waiter.id == id) {
            (waiter.listens, waiter.heard) = (false, now);
        }
    }

    pub(crate) fn answer(&mut self, now: Duration, question: &Question) -> Answer {
        match question {
            Question::Attempt { id, lock, ttl, floor, patience } => {
                self.attempt(now, lock, *patience, id, *ttl, *floor)
            }
            Question::Renew { id, lock, ttl } => self.with_holder(now, lock, id, |lock| {
                lock.extend(now + *ttl);
                Answer::Yes
            }),
            Question::Release { id, lock } => {
                let answer = self.with_holder(now, lock, id, |lock| {
                    lock.holder = None;
                    Answer::Yes
                });
                if let Some(known) = self.locks.get_mut(lock) {
                    known.line.retain(|waiter| waiter.id != *id);
                }
                self.serve(now, lock);
                answer
            }
            Question::Raise { id, lock, fence } => self.raise(now, lock, id, *fence),
            Question::Recall => match self.member {
                Some(Member { top, longest, .. }) => Answer::Memory { top, longest },
                None => Answer::Stranger,
            },
            Question::Enroll { abstinence, top, longest } => {
                self.enroll(now, *abstinence, *top, *longest)
            }
            Question::Wait { .. } | Question::Write { .. } => Answer::No,
        }
    }

    fn attempt(
        &mut self,
        now: Duration,
        name: &str,
        patience: Duration,
        id: &str,
        ttl: Duration,
        floor: u64,
    ) -> Answer {
        let Some(Member { base, .. }) = self.member else { return Answer::Stranger };
        let new = || Lock { fence: base, holder: None, line: Vec::new() };
        let lock = self.locks.entry(name.into()).or_insert_with(new);
        lock.expire(now);
        if lock.is_held_by(id) {
            lock.extend(now + ttl);
            return Answer::Granted { fence: lock.fence };
        }
        let until = now.saturating_add(patience);
        match lock.line.iter_mut().find(|waiter| waiter.id == id) {
            Some(waiter) => (waiter.heard, waiter.until) = (now, until),
            None => {
                let id = id.into();
                lock.line.push(Waiter { id, ttl, floor, until, listens: false, heard: now });
            }
        }
        self.serve(now, name);
        let lock = self.locks.get_mut(name).expect("it was there");
        if lock.is_held_by(id) {
            return Answer::Granted { fence: lock.fence };
        }
        let held = lock.holder.as_ref().map_or(Duration::ZERO, |holder| holder.until - now);
        let stays = self.has_lines && !patience.is_zero();
        if !stays {
            lock.line.retain(|waiter| waiter.id != id);
            return Answer::Busy { held };
        }
        Answer::Queued { held: held.min(LOOK) }
    }

    /// Hands a lock that is free to the first who waits and listens.
    fn serve(&mut self, now: Duration, name: &str) {
        let (Some(lock), Some(member)) = (self.locks.get_mut(name), &mut self.member) else {
            return;
        };
        lock.expire(now);
        if lock.holder.is_some() || lock.line.is_empty() {
            return;
        }
        lock.line.retain(|waiter| waiter.listens || waiter.heard + SILENCE > now);
        if lock.line.is_empty() {
            return;
        }
        let next = lock.line.remove(0);
        lock.fence = next.floor.max(lock.fence + 1);
        lock.holder = Some(Holder { id: next.id, until: now + next.ttl });
        member.top = member.top.max(lock.fence);
        member.longest = member.longest.max(next.ttl);
    }

    fn with_holder(
        &mut self,
        now: Duration,
        name: &str,
        id: &str,
        act: impl FnOnce(&mut Lock) -> Answer,
    ) -> Answer {
        match self.locks.get_mut(name) {
            Some(lock) => {
                lock.expire(now);
                if lock.is_held_by(id) { act(lock) } else { Answer::No }
            }
            None => Answer::No,
        }
    }

    fn raise(&mut self, now: Duration, name: &str, id: &str, fence: u64) -> Answer {
        let raised = self.with_holder(now, name, id, |lock| {
            if lock.fence > fence {
                return Answer::No;
            }
            lock.fence = fence;
            Answer::Yes
        });
        if let (Answer::Yes, Some(member)) = (&raised, &mut self.member) {
            member.top = member.top.max(fence);
        }
        raised
    }

    fn enroll(
        &mut self,
        now: Duration,
        abstinence: Duration,
        top: u64,
        longest: Duration,
    ) -> Answer {
        if self.is_member() {
            return Answer::Yes;
        }
        let since = *self.since.get_or_insert(now);
        let left = (since + abstinence).saturating_sub(now);
        if !left.is_zero() {
            return Answer::In(left);
        }
        self.member = Some(Member { base: top, top, longest });
        Answer::Yes
    }
}

impl Lock {
    fn expire(&mut self, now: Duration) {
        if self.holder.as_ref().is_some_and(|holder| holder.until <= now) {
            self.holder = None;
        }
        self.line.retain(|waiter| waiter.until > now || waiter.heard == now);
    }

    fn is_held_by(&self, id: &str) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.id == id)
    }

    fn extend(&mut self, until: Duration) {
        if let Some(holder) = &mut self.holder {
            holder.until = until;
        }
    }
}
