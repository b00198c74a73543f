//! The other half of a lock that can be lost: resources that refuse a stale fence.
//!
//! A [`FencedTable`] makes the statements for a row of a database, for whatever client sends them;
//! a `FencedHash` writes a value in Redis. For a file there is `FencedFile` in the crate
//! `lockset-file`, and for a value in memory [`lockset_api::Fenced`].
//!
//! They all follow the same rule: *keep the highest fence beside the data, and let check, data and
//! fence be written in one step.* The holder of the newest fence may write as often as it likes. A
//! refusal is an [`Error`](lockset_api::Error) of the kind
//! [`Lost`](lockset_api::ErrorKind::Lost), whose source is the
//! [`StaleFence`](lockset_api::StaleFence).
//!
//! # What a fence cannot do
//!
//! - It does not undo. What the earlier holder wrote while nobody had written after it stays, also
//!   if its lease was over: a fence puts writes in order, and makes no transaction of them.
//! - It is of use only if *every* write carries it, and only where it is kept. A write to two
//!   resources is checked twice, and may be accepted by one of them alone.
//! - Two messages of one holder have the same fence. Which of them comes last is for other means to
//!   decide.
//! - A resource that forgets its fence, with its row, its key or its file, accepts any.

#[cfg(feature = "redis")]
mod hash;
mod table;

#[cfg(feature = "redis")]
pub use hash::FencedHash;
pub use table::{Dialect, FencedTable};
