//! The teaching ladder.

pub mod three_state;
