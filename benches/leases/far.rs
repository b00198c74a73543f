//! On a server that is some milliseconds away: every figure is a number of round trips.

use std::time::Duration;

use lockset_compare::stats::median;

use crate::holds::{Shares, shares};
use crate::line::{Line, ONE_WAY};
use crate::rival::Entry;
use crate::rounds::{Effort, Figures, Random, digits, interleaved, spread, table};

/// PINGs before each thing that is measured.
const PINGS: usize = 9;

pub(crate) const NO_WAITING: &str = "does not wait";

pub(crate) fn pairs(effort: &Effort, line: &mut Line, entries: &mut [Entry]) {
    let (rounds, pairs) = effort.pairs;
    let figures = interleaved(
        entries,
        |_| true,
        rounds,
        |entry| {
            let (rtt, name) = (line.rtt(PINGS), line.fresh_name());
            let times = entry.measure(|measured| measured.pairs(&name, pairs))?;
            Ok((median(times) / rtt, rtt))
        },
    );
    let rtts = figures.iter().flatten().flatten().flatten().map(|(_, rtt)| rtt * 1e3);
    println!("\nA round trip took {} ms.", spread(rtts));
    println!("\n## Nobody else wants it");
    table(" acquire and release, RTT ", entries, &figures, "", |own| {
        vec![spread(own.iter().map(|(pair, _)| *pair))]
    });
}

pub(crate) fn hand_overs(effort: &Effort, line: &mut Line, entries: &mut [Entry]) {
    let (rounds, count) = effort.hand_overs;
    let mut random = Random::default();
    let figures = interleaved(
        entries,
        |kind| kind.waits,
        rounds,
        |entry| {
            let (rtt, name) = (line.rtt(PINGS), line.fresh_name());
            let pauses: Vec<Duration> =
                (0..count).map(|_| Duration::from_micros(50_000 + random.below(200_000))).collect();
            let times = entry.measure(|measured| measured.hand_overs(&name, &pauses))?;
            Ok(times.into_iter().map(|time| time / rtt).collect::<Vec<f64>>())
        },
    );
    println!("\n## Handed over: from the release to the waiter that has it");
    let head = " median, RTT | p90 | least and most ";
    table(head, entries, &figures, NO_WAITING, |rounds| {
        let mut sorted = rounds.concat();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        let [half, p90, least, most] = [0.5, 0.9, 0.0, 1.0].map(at).map(digits);
        vec![format!("**{half}**"), p90, format!("{least}-{most}")]
    });
}

pub(crate) fn races(
    effort: &Effort,
    line: &mut Line,
    entries: &mut [Entry],
    sizes: &'static [usize],
) {
    let (rounds, span) = effort.races;
    let span = Duration::from_millis(span);
    for &contenders in sizes {
        let figures = interleaved(
            entries,
            |kind| kind.waits,
            rounds,
            |entry| {
                let (rtt, name) = (line.rtt(PINGS), line.fresh_name());
                entry.measure(|measured| {
                    let holds = measured.race(&name, contenders, span)?;
                    Ok(in_round_trips(shares(holds, contenders, span, ONE_WAY)?, contenders, rtt))
                })
            },
        );
        println!("\n## {contenders} want it all the time");
        print_shares(entries, &figures);
    }
}

pub(crate) fn in_round_trips(shares: Shares, contenders: usize, rtt: f64) -> Shares {
    Shares {
        per_lock: shares.per_lock / rtt,
        longest_wait: shares.longest_wait / (contenders as f64 * rtt),
        ..shares
    }
}

fn print_shares(entries: &[Entry], figures: &[Figures<Shares>]) {
    let head = " RTT a lock | Jain's index | longest wait, in RTT x contenders ";
    table(head, entries, figures, NO_WAITING, |rounds| {
        let each = |of: fn(&Shares) -> f64| spread(rounds.iter().map(of));
        let index = median(rounds.iter().map(|shares| shares.jain));
        let worst = rounds.iter().map(|shares| shares.jain).fold(1.0, f64::min);
        let index = format!("**{index:.3}** ({worst:.3})");
        vec![each(|s| s.per_lock), index, each(|s| s.longest_wait)]
    });
}
