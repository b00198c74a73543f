//! What a checked lock reports, what it does not, and what it is to the compiler.
//!
//! All here is in one process, since its parts do not meet: a lock is in one test only.

mod common;
mod dir;
mod found;
mod not_reported;
mod random;
mod traits;
