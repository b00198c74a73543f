//! The book's snippets, compiled and run as documentation tests: `cargo test -p lockset-docs`.
//!
//! `mdbook test` cannot see the crates of a workspace, rustdoc can. So each chapter is the
//! documentation of an empty module here. `tests/pages.rs` fails if one is missing.

#[cfg(doctest)]
#[doc = include_str!("src/introduction.md")]
mod introduction {}

#[cfg(doctest)]
#[doc = include_str!("src/a-counter-that-forgets.md")]
mod a_counter_that_forgets {}

#[cfg(doctest)]
#[doc = include_str!("src/the-ladder.md")]
mod the_ladder {}

#[cfg(doctest)]
#[doc = include_str!("src/the-three-state-mutex.md")]
mod the_three_state_mutex {}

#[cfg(doctest)]
#[doc = include_str!("src/the-trait-family.md")]
mod the_trait_family {}

#[cfg(doctest)]
#[doc = include_str!("src/the-mutex-to-use.md")]
mod the_mutex_to_use {}

#[cfg(doctest)]
#[doc = include_str!("src/the-semaphore-ladder.md")]
mod the_semaphore_ladder {}

#[cfg(doctest)]
#[doc = include_str!("src/the-semaphore-to-use.md")]
mod the_semaphore_to_use {}

#[cfg(doctest)]
#[doc = include_str!("src/semaphores-compared.md")]
mod semaphores_compared {}

#[cfg(doctest)]
#[doc = include_str!("src/which-lock.md")]
mod which_lock {}

#[cfg(doctest)]
#[doc = include_str!("src/lock-order.md")]
mod lock_order {}

#[cfg(doctest)]
#[doc = include_str!("src/file-locks-compared.md")]
mod file_locks_compared {}

#[cfg(doctest)]
#[doc = include_str!("src/file-locks.md")]
mod file_locks {}

#[cfg(doctest)]
#[doc = include_str!("src/a-lock-you-can-lose.md")]
mod a_lock_you_can_lose {}

#[cfg(doctest)]
#[doc = include_str!("src/fencing.md")]
mod fencing {}

#[cfg(doctest)]
#[doc = include_str!("src/redlock.md")]
mod redlock {}

#[cfg(doctest)]
#[doc = include_str!("src/other-servers.md")]
mod other_servers {}

#[cfg(doctest)]
#[doc = include_str!("src/reading-a-swim-lane.md")]
mod reading_a_swim_lane {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("src/how-we-compare.md")]
mod how_we_compare {}
