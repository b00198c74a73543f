//! What happens before somebody waits: the request is held against everything in hand.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::claim::Claim;
use crate::context::{self, Context, Hold, Waiter};
use crate::cycle::{Cycle, Step};
use crate::graph::{self, Added, Way};
use crate::mark::{Mark, Site};
use crate::report;

/// So many requests a thread remembers; then it begins anew.
const MOST_SEEN: usize = 1024;

/// A lock and how it is held or asked for.
type Item = (u64, Claim);

/// Requests of one thread that closed no cycle: what was held, and, last, what was asked for.
#[derive(Default)]
struct Seen {
    epoch: u64,
    requests: BTreeSet<Box<[Item]>>,
    /// Where a request is put together: a known one allocates nothing.
    request: Vec<Item>,
}

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

/// Reports, before it happens, a wait that may never end.
///
/// # Panics
///
/// On a cycle, unless [`on_cycle`](crate::on_cycle) says otherwise.
pub(crate) fn ask(mark: &Arc<Mark>, claim: Claim, site: Site, waiter: Waiter) {
    if !context::has_empty_hands(waiter) {
        ask_with_full_hands(&Wanted { mark, claim, site }, waiter);
    }
}

fn ask_with_full_hands(wanted: &Wanted<'_>, waiter: Waiter) {
    // Read first: what the graph forgets from here on makes the answer an old one.
    let epoch = graph::epoch();
    let is_seen = |seen: &RefCell<Seen>| seen.borrow_mut().knows(epoch, wanted, waiter);
    if SEEN.try_with(is_seen).unwrap_or(false) {
        return;
    }
    let mut held = Vec::new();
    context::each_held(waiter, |context, hold| held.push((Arc::clone(context), hold.clone())));
    let gates: BTreeSet<u64> = held
        .iter()
        .filter(|(_, hold)| hold.mark.rules().is_alone(hold.claim))
        .map(|(_, hold)| hold.mark.id)
        .collect();
    for (context, hold) in &held {
        judge(context, hold, wanted, &gates);
    }
    let request = held.iter().map(|(_, hold)| item(hold)).chain([wanted.item()]).collect();
    // At the very end of a thread there is nothing left to remember for.
    let _ = SEEN.try_with(|seen| seen.borrow_mut().remember(epoch, request));
}

struct Wanted<'a> {
    mark: &'a Arc<Mark>,
    claim: Claim,
    site: Site,
}

impl Wanted<'_> {
    fn item(&self) -> Item {
        (self.mark.id, self.claim)
    }
}

fn item(hold: &Hold) -> Item {
    (hold.mark.id, hold.claim)
}

/// Adds the way from one hold to the lock that is asked for, or reports the cycle that it closes.
fn judge(context: &Arc<Context>, hold: &Hold, wanted: &Wanted<'_>, gates: &BTreeSet<u64>) {
    let step = || Step {
        holder: context.label(),
        held: hold.mark.to_string().into(),
        held_at: hold.site,
        wanted: wanted.mark.to_string().into(),
        wanted_at: wanted.site,
    };
    let (from, to) = (hold.mark.node(), wanted.mark.node());
    if hold.mark.id == wanted.mark.id {
        if hold.mark.rules().excludes(hold.claim, wanted.claim) {
            report::report(&Cycle::new(vec![step()]));
        }
        return;
    }
    // Within a class there is no order.
    if from == to {
        return;
    }
    let way = Way::new(hold.claim, wanted.claim, gates.clone(), step());
    match graph::add((from, hold.mark.rules()), (to, wanted.mark.rules()), way) {
        Added::Known => {}
        Added::New(way) => {
            // While we ask, only another can have dropped the guard: it was sent.
            if context.note(hold.ticket, way).is_none() {
                graph::forget_ways(&[way]);
            }
        }
        Added::Closes(cycle) => {
            report::report(&cycle);
            graph::was_reported(from, to);
        }
    }
}

impl Seen {
    fn knows(&mut self, epoch: u64, wanted: &Wanted<'_>, waiter: Waiter) -> bool {
        let Self { epoch: seen, requests, request } = self;
        request.clear();
        context::each_held(waiter, |_, hold| request.push(item(hold)));
        request.push(wanted.item());
        *seen == epoch && requests.contains(request.as_slice())
    }

    fn remember(&mut self, epoch: u64, request: Box<[Item]>) {
        if self.epoch != epoch || self.requests.len() >= MOST_SEEN {
            self.requests.clear();
            self.epoch = epoch;
        }
        self.requests.insert(request);
    }
}
