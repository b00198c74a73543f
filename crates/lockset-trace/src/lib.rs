//! What happened to a lock: recorded, checked and drawn.
//!
//! - A [`Recorder`] notes what each thread or process wants, gets, releases and loses.
//! - [`History::check`] says whether the lock kept its promise, in sentences that name the
//!   culprits.
//! - [`History::to_svg`] draws the swim lanes with the same verdict as their title: every picture
//!   is also a verdict.
//!
//! The crate knows no lock: it observes from outside, so the same check serves a mutex, a
//! semaphore, a file lock and a lease, and your own. It is for tests, pictures and post-mortems.
//! Do not record inside a benchmark: an event costs more than an uncontended mutex.
//!
//! # Examples
//!
//! A lease runs out while its holder is paused, and the resource refuses the stale write:
//!
//! ```
//! use lockset_trace::{History, SvgOptions};
//!
//! let log = r#"
//! {"at":1000000,"actor":"worker 1","lock":"ledger","what":"got","fence":1}
//! {"at":2000000,"actor":"worker 1","lock":"ledger","what":"paused"}
//! {"at":5000000,"actor":"worker 1","lock":"ledger","what":"expired"}
//! {"at":6000000,"actor":"worker 2","lock":"ledger","what":"got","fence":2}
//! {"at":7000000,"actor":"worker 2","lock":"ledger","what":"wrote","since":6500000,"fence":2}
//! {"at":8000000,"actor":"worker 1","lock":"ledger","what":"resumed"}
//! {"at":9000000,"actor":"worker 1","lock":"ledger","what":"refused","fence":1}
//! {"at":9500000,"actor":"worker 2","lock":"ledger","what":"released"}
//! "#;
//! let history = History::from_jsonl(log)?;
//! let verdict = history.check(1);
//! assert!(verdict.is_ok(), "{verdict}");
//! assert_eq!(verdict.headline(), "held: 2 grants, at most 1 at a time, 1 write refused");
//! assert!(history.to_svg(&SvgOptions::new(1)).contains(&verdict.headline()));
//! # Ok::<(), lockset_trace::ParseError>(())
//! ```

mod check;
mod clock;
mod event;
mod history;
mod recorder;
mod svg;
mod sweep;
mod text;
mod timeline;
mod violation;

pub use check::{Verdict, Waits};
pub use clock::Stamp;
pub use event::{Event, What};
pub use history::{History, ParseError};
pub use recorder::{Actor, Recorder};
pub use svg::SvgOptions;
pub use timeline::Hold;
pub use violation::{Fault, Violation};
