//! Eight who all want the lock: who gets it, how often, and whether anybody does.

use std::time::Duration;

use lockset_compare::stats::median;

use crate::far::{NO_WAITING, in_round_trips};
use crate::holds::{Shares, longest_silence, shares};
use crate::line::{Line, ONE_WAY};
use crate::rival::{Entry, Figure};
use crate::rounds::{Effort, Figures, interleaved, spread, table};

const CONTENDERS: usize = 8;

/// If nobody gets the lock for so long while all want it, they keep each other from it. The rivals
/// pause for up to 0.3 s after a failed try.
const LIVELOCK: Duration = Duration::from_secs(1);

struct Race {
    /// None if it was granted less than twice.
    shares: Option<Shares>,
    livelocked: bool,
}

pub(crate) fn report(effort: &Effort, line: &mut Line, entries: &mut [Entry]) {
    let (rounds, span) = effort.races;
    let span = Duration::from_millis(span);
    let mut figures =
        interleaved(entries, |kind| kind.waits, rounds, |entry| race(line, span, entry));
    // Ours is in more rounds, at the end: that it never livelocks takes more to believe.
    let ours = interleaved(
        &mut entries[..1],
        |_| true,
        effort.livelock_rounds.saturating_sub(rounds),
        |entry| race(line, span, entry),
    );
    join(&mut figures, ours);
    println!("\n## {CONTENDERS} want it all the time");
    let head =
        " RTT a lock | Jain's index | longest wait, in RTT x contenders | runs that livelocked ";
    table(head, entries, &figures, NO_WAITING, |races| {
        let shared: Vec<&Shares> = races.iter().filter_map(|race| race.shares.as_ref()).collect();
        let livelocks = races.iter().filter(|race| race.livelocked).count();
        let livelocks = format!("**{livelocks}** of {}", races.len());
        if shared.is_empty() {
            return vec!["none".into(), "none".into(), "none".into(), livelocks];
        }
        let each = |of: fn(&Shares) -> f64| spread(shared.iter().map(|shares| of(shares)));
        let index = median(shared.iter().map(|shares| shares.jain));
        let worst = shared.iter().map(|shares| shares.jain).fold(1.0, f64::min);
        let index = format!("**{index:.3}** ({worst:.3})");
        vec![each(|s| s.per_lock), index, each(|s| s.longest_wait), livelocks]
    });
}

fn race(line: &mut Line, span: Duration, entry: &mut Entry) -> Figure<Race> {
    let (rtt, name) = (line.rtt(9), line.fresh_name());
    entry.measure(|measured| {
        let holds = measured.race(&name, CONTENDERS, span)?;
        let livelocked = longest_silence(&holds, span) > LIVELOCK;
        if holds.len() < 2 {
            return Ok(Race { shares: None, livelocked });
        }
        let shares = shares(holds, CONTENDERS, span, ONE_WAY);
        if livelocked && shares.as_ref().is_err_and(|error| error.contains("less than twice")) {
            return Ok(Race { shares: None, livelocked });
        }
        Ok(Race { shares: Some(in_round_trips(shares?, CONTENDERS, rtt)), livelocked })
    })
}

fn join(figures: &mut [Figures<Race>], more: Vec<Figures<Race>>) {
    for (figures, more) in figures.iter_mut().zip(more) {
        match (figures.as_mut(), more) {
            (Some(Ok(figures)), Some(Ok(more))) => figures.extend(more),
            (_, Some(Err(error))) => *figures = Some(Err(error)),
            _ => {}
        }
    }
}
