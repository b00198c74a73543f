//! A quorum of real Redis servers, and what it survives.

#![cfg(all(feature = "redlock", feature = "redis"))]

mod bugs;
mod contention;
mod faults;
mod masters;
mod memory;
mod rules;
mod scripted;
mod wire;
