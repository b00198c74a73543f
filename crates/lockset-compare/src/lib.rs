//! Every lock beside its rivals: throughput, fairness, waiting time and processor time, of the same
//! scenarios for all of them.
//!
//! [`TABLE`] is what is asked, of the mutex as of the quorum of servers. [`Rival`] is what a lock
//! has to do for that: three methods. [`mutexes()`], [`semaphores()`], [`files()`] and [`leases()`]
//! are the locks that are here; a program adds its own as [`Entry`]s. [`compare`] does the rest, as
//! the command `lockset compare` does it, and [`round`] is what its processes do.
//!
//! Every lock is checked while it is measured: by a counter that loses updates unless its users
//! exclude each other, and by the times of all holds. One that fails is reported as broken, and has
//! no figures. `tests/broken.rs` has locks that are.
//!
//! # What these numbers favour
//!
//! - Short sections and short thoughts: the lock's own cost decides, and under contention a lock
//!   that lets the thread that has just unlocked lock again. So Jain's index and the longest wait
//!   stand beside every throughput.
//! - The counter lies in a cache line of its own. A mutex whose data lies beside it moves one line
//!   less in a hand-over; that is the same for all.
//! - All contenders are threads of one process, also of file locks and leases. A file is opened by
//!   each of them, and each has its own connection to a server.
//! - A semaphore has one permit here, since else it would not exclude.
//!
//! # When not to use it
//!
//! For the cost of an instruction: `cargo bench` and the counts of instructions are for that.

#![forbid(unsafe_code)]

mod agreement;
mod base;
mod baseline;
mod entry;
pub mod files;
mod front;
mod job;
mod leases;
mod machine;
mod measure;
mod mutexes;
mod options;
mod page;
mod random;
mod rank;
mod report;
mod rival;
mod run;
mod runtime;
mod sample;
mod scenario;
pub mod semaphores;
mod servers;
pub mod stats;
mod table;
mod units;
mod verdict;
mod witness;
pub mod work;

pub use agreement::{Agreement, Called};
pub use baseline::{Change, Changes};
pub use entry::{Entry, Origin, Primitive};
pub use files::files;
pub use front::compare;
pub use leases::leases;
pub use machine::Machine;
pub use mutexes::mutexes;
pub use options::Options;
pub use page::page;
pub use report::{LockReport, Report, Row};
pub use rival::{Cancelled, Place, Rival, Timed};
pub use run::{Entries, Progress, round, run};
pub use sample::{Fault, Outcome, Sample};
pub use scenario::{ALONE, CROWD, Group, HANDED_OVER, Scenario, TABLE};
pub use semaphores::semaphores;
pub use servers::Server;
pub use table::table;

/// What may go wrong in a run is told to a person, so any error with a message will do.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Every lock that needs nothing but this crate: all of its own, and those on these servers.
#[must_use]
pub fn everything(servers: &[Server]) -> Vec<Entry> {
    [mutexes(), semaphores(), files(), leases(servers)].concat()
}
