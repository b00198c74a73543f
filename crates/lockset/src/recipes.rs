//! What people build on a lease, over any server that keeps one.
//!
//! | to have | take | what makes it right |
//! |---|---|---|
//! | one leader among many | [`Election`] | a leader stops before its lease can end |
//! | a job of a timetable run once by a fleet | [`OncePerSlot`] | a record, and nobody's clock |
//! | each job of a list done by one worker | [`Claims`] | a look at the job *after* it is claimed |
//!
//! A lease can be lost, so none of these can promise that nobody else is at work at the same
//! moment. Where that would be wrong, send the fence along, and let the resource refuse a stale
//! one: each of them hands it out.

mod claims;
mod election;
mod leader;
mod once;
mod slot;
mod slot_file;

pub use claims::{Claim, Claims, JobState};
pub use election::{Election, Leadership};
pub use leader::{Leader, Leaders};
pub use once::{OncePerSlot, Turn};
pub use slot::{Recorded, Slot, SlotRecord};
pub use slot_file::SlotFile;
