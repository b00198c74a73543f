//! Who holds a lock by a majority, and who only would.

use std::collections::HashMap;

use crate::RequestId;
use crate::store::{Party, Status};

/// What those of `all` nodes that have answered come to.
pub(super) fn merge(answers: Vec<Status>, all: usize) -> Status {
    let silent = all - answers.len();
    let mut status = Status::default();
    let mut votes: HashMap<RequestId, (usize, Party)> = HashMap::new();
    for answer in answers {
        status.fence = status.fence.max(answer.fence);
        let holders = answer.holders.into_iter().map(|party| (1, party));
        let waiters = answer.waiters.into_iter().map(|party| (0, party));
        for (vote, party) in holders.chain(waiters) {
            let entry = votes.entry(party.id).or_insert_with(|| (0, party.clone()));
            entry.0 += vote;
            entry.1.remaining = entry.1.remaining.max(party.remaining);
        }
    }
    for (count, party) in votes.into_values() {
        // Whoever has not answered may have voted for it.
        let holds = count > 0 && count + silent > all / 2;
        let list = if holds { &mut status.holders } else { &mut status.waiters };
        list.push(party);
    }
    // The longest wait first: as near to an order as several lines come.
    status.waiters.sort_by(|a, b| b.since.cmp(&a.since).then(a.id.cmp(&b.id)));
    status
}
