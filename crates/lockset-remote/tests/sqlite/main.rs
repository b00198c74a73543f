//! What is peculiar to leases in a SQLite database: its processes, its file, and what can become
//! of either. That they do what every lease does is in `tests/conformance/`.

#![cfg(feature = "sqlite")]

mod bugs;
mod child;
mod files;
mod full;
mod killed;
mod layout;
mod processes;
mod users;
