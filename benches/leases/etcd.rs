//! Locks kept by etcd, side by side: alone, handed over, contended, and two on a near server.
//!
//! The far server is some milliseconds away, and its figures are round trips; what they favour is
//! what it is for Redis. The near one is on this machine, where a write takes a fraction of a
//! millisecond, and a watch that begins in the past up to a tenth of a second.

use std::time::Duration;

use lockset_bench_leases::etcd_client::LockRpc;
use lockset_compare::stats::median;
use lockset_remote::etcd::Etcd;

use crate::holds::shares;
use crate::in_process::InProcess;
use crate::line::Line;
use crate::ours::Lockset;
use crate::rival::{Entry, Rival};
use crate::rounds::{Effort, digits, interleaved, table};
use crate::{are_well, far, holds, line};

/// As many as want a lock at once on the far server.
const CONTENDERS: [usize; 3] = [2, 8, 32];

/// Whether all went well.
pub(crate) fn report(effort: &Effort) -> bool {
    holds::assert_overlaps_are_found(line::ONE_WAY);
    let mut line = Line::far_etcd();
    let mut entries = entries(&line.url());
    far::pairs(effort, &mut line, &mut entries);
    far::hand_overs(effort, &mut line, &mut entries);
    far::races(effort, &mut line, &mut entries, &CONTENDERS);
    are_well(&entries) && two_near(effort)
}

fn entries(url: &str) -> Vec<Entry> {
    vec![row::<Lockset<Etcd>>("**Lockset**", url), row::<LockRpc>("etcd's lock RPC", url)]
}

fn row<R: Rival>(name: &'static str, url: &str) -> Entry {
    Entry { name, kind: R::KIND, measured: Ok(Box::new(InProcess::<R>::new(url))) }
}

/// Two want the lock all the time, on a server of this machine.
fn two_near(effort: &Effort) -> bool {
    let (rounds, span) = effort.races;
    let (rounds, span) = (rounds * 3, Duration::from_millis(span));
    let mut line = Line::near_etcd();
    let mut entries = entries(&line.url());
    let figures = interleaved(
        &mut entries,
        |_| true,
        rounds,
        |entry| {
            let name = line.fresh_name();
            let holds = entry.measure(|measured| measured.race(&name, 2, span))?;
            Ok(1.0 / shares(holds, 2, span, Duration::ZERO)?.per_lock)
        },
    );
    // The last is what the others are multiples of.
    let of = figures.last().and_then(Option::as_ref).and_then(|rates| rates.as_ref().ok());
    let of = of.map_or(f64::NAN, |rates| median(rates.iter().copied()));
    println!("\n## Two want it all the time, on a server of this machine");
    table(" locks a second, of the lock RPC's ", &entries, &figures, "", |rates| {
        let ratio = median(rates.iter().copied()) / of;
        let least = rates.iter().copied().fold(f64::MAX, f64::min) / of;
        let most = rates.iter().copied().fold(0.0, f64::max) / of;
        let [ratio, least, most] = [ratio, least, most].map(digits);
        vec![format!("**{ratio}** ({least}-{most})")]
    });
    are_well(&entries)
}
