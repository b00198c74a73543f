//! The line in front of a lock: who is served, in which order, and who is not.

#![cfg(any(feature = "redis", feature = "sqlite"))]

#[cfg(feature = "redis")]
mod redis;
mod rules;
#[cfg(feature = "sqlite")]
mod sqlite;
