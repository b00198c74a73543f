//! Quorums of five masters, side by side: healthy, with masters that hang, handed over, contended.
//!
//! Each master is some milliseconds away by a proxy of its own, and the figures are multiples of a
//! round trip to one of them. What these numbers favour is what it is for one server, and this:
//!
//! - All masters are equally far away, so that the third answer comes with the first. Where they
//!   are not, whoever waits for the majority gains on whoever waits for all.
//! - A master hangs after connections have been made, and for some seconds.

mod hung;
mod near;
mod races;

pub(crate) use near::report as near;

use crate::rounds::Effort;
use crate::{are_well, fan_out, holds, line, lists};

/// Whether all went well.
pub(crate) fn far_away(effort: &Effort) -> bool {
    holds::assert_overlaps_are_found(line::ONE_WAY);
    let mut line = line::Line::far_quorum();
    fan_out::learn(&mut line);
    let mut entries = lists::quorums(&line.url());
    crate::far::pairs(effort, &mut line, &mut entries);
    hung::pairs(effort, &mut line, &mut entries);
    crate::far::hand_overs(effort, &mut line, &mut entries);
    races::report(effort, &mut line, &mut entries);
    are_well(&entries)
}
