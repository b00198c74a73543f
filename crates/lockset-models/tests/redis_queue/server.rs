//! The scripts that run on the server, each as one step.

use crate::protocol::{Answer, Broken, Client, PLACE, Phase, TTL};

#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    /// The record of the latest holder, which may be out of date.
    pub(crate) holder: Option<Lease>,
    pub(crate) line: Vec<Place>,
    /// Who is in line by the order in which they came, as an onlooker saw it.
    arrivals: Vec<usize>,
    /// What it has ever done.
    pub(crate) overtaken: bool,
    pub(crate) told_the_deaf: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) client: usize,
    /// For how many more ticks it has the lock.
    left: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) client: usize,
    pub(crate) ear: Ear,
    /// For how many more ticks the place is kept.
    kept: u8,
}

/// The connection that a waiter has named.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ear {
    Hears,
    /// It is broken, and the server does not know: it counts as one that hears.
    HalfOpen,
    /// It is broken, and the server counts nobody there.
    Deaf,
}

impl Server {
    /// `attempt.lua`: grants the lock if it is free and nobody waits; asked once more by the same
    /// request, it answers the same. Whoever cannot have it stands in line.
    pub(crate) fn attempt(
        &mut self,
        client: usize,
        broken: Option<Broken>,
        clients: &mut [Client],
    ) -> Answer {
        if self.holds(client) {
            if broken != Some(Broken::AskedAgainDoesNotRenew) {
                self.holder = Some(Lease { client, left: TTL });
            }
            return Answer::Granted;
        }
        let may_pass = broken == Some(Broken::NewcomerPassesTheLine);
        if self.is_free() && (may_pass || self.line.is_empty()) {
            self.leave(client);
            self.grant(client, clients);
            return Answer::Granted;
        }
        self.join(client, broken);
        self.serve(broken, clients);
        match self.holder {
            Some(Lease { client: holder, .. }) if holder == client => Answer::Granted,
            holder => Answer::Queued { held: holder.map_or(1, |lease| lease.left) },
        }
    }

    /// `release.lua`: gives back what the client has, the place in line too, and serves the line.
    pub(crate) fn release(
        &mut self,
        client: usize,
        broken: Option<Broken>,
        clients: &mut [Client],
    ) {
        if self.holder.is_some_and(|lease| lease.client == client) {
            self.holder = None;
        }
        self.leave(client);
        if broken != Some(Broken::ReleaseDoesNotServe) {
            self.serve(broken, clients);
        }
    }

    /// `serve` in `line.lua`: hands the lock to the first in line that has been heard of in time,
    /// and whose connection somebody listens to.
    fn serve(&mut self, broken: Option<Broken>, clients: &mut [Client]) {
        while let Some(&first) = self.line.first()
            && self.is_free()
        {
            let in_time = first.kept > 0;
            let counts = first.ear != Ear::Deaf || broken == Some(Broken::ListenersAreNotCounted);
            self.leave(first.client);
            if in_time && counts {
                self.told_the_deaf |= first.ear == Ear::Deaf;
                self.grant(first.client, clients);
                if first.ear == Ear::Hears {
                    clients[first.client].push = Some(0);
                }
            }
        }
    }

    /// Whoever stands in line already keeps the place, and names the connection it has now.
    fn join(&mut self, client: usize, broken: Option<Broken>) {
        let place = Place { client, ear: Ear::Hears, kept: PLACE };
        match self.line.iter().position(|place| place.client == client) {
            Some(index) if broken == Some(Broken::LookCostsThePlace) => {
                self.line.remove(index);
                self.line.push(place);
            }
            Some(index) => self.line[index] = place,
            None => {
                self.line.push(place);
                self.arrivals.push(client);
            }
        }
    }

    fn leave(&mut self, client: usize) {
        self.line.retain(|place| place.client != client);
    }

    fn grant(&mut self, client: usize, clients: &[Client]) {
        self.holder = Some(Lease { client, left: TTL });
        let earlier = self.arrivals.iter().take_while(|other| **other != client);
        let listens = |place: &&Place| place.ear == Ear::Hears && place.kept > 0;
        let waits = |other: usize| {
            let phase = clients[other].phase;
            matches!(phase, Phase::Asking { .. } | Phase::Answered { .. } | Phase::Waiting { .. })
        };
        self.overtaken |= earlier.copied().any(|other| {
            waits(other) && self.line.iter().filter(listens).any(|place| place.client == other)
        });
        let line = &self.line;
        self.arrivals.retain(|other| line.iter().any(|place| place.client == *other));
    }

    fn is_free(&self) -> bool {
        self.holder.is_none_or(|lease| lease.left == 0)
    }

    fn holds(&self, client: usize) -> bool {
        self.has_for(client, 1)
    }

    /// Whether a client has the lock for so many more ticks.
    pub(crate) fn has_for(&self, client: usize, ticks: u8) -> bool {
        self.holder.is_some_and(|lease| lease.client == client && lease.left >= ticks)
    }

    /// What becomes of the connection that a waiter has named.
    pub(crate) fn lose(&mut self, client: usize, ear: Ear) {
        let named = self.line.iter_mut().filter(|place| place.client == client);
        named.filter(|place| place.ear != Ear::Deaf).for_each(|place| place.ear = ear);
    }

    pub(crate) fn tick(&mut self) {
        if let Some(lease) = &mut self.holder {
            lease.left = lease.left.saturating_sub(1);
        }
        for place in &mut self.line {
            place.kept = place.kept.saturating_sub(1);
        }
    }

    pub(crate) fn has_clock(&self) -> bool {
        self.holder.is_some_and(|lease| lease.left > 0)
            || self.line.iter().any(|place| place.kept > 0)
    }
}
