//! The comparison: every lock beside its rivals, measured on this machine by this program alone.
//!
//! The measuring is `lockset-compare`'s. Rivals of the leases, which bring clients of their own,
//! and servers to compare on are left to `cargo xtask bench`; here the user names a server.

use std::env;
use std::io::{self, stdin, stdout};
use std::process::Command;
use std::time::Duration;

use lockset_compare::{Server, everything};

use crate::args::CompareOptions;
use crate::error::{Context, Result};

/// Measures, and tells what came of it.
pub(crate) fn run(options: &CompareOptions) -> Result<()> {
    let servers = options.server.iter().map(|url| server(url)).collect::<Result<Vec<_>>>()?;
    let done = lockset_compare::compare(
        &options.options,
        everything,
        &servers,
        || {
            let mut own = Command::new(env::current_exe().context("cannot find this program")?);
            own.arg("compare-round");
            Ok(own)
        },
        &mut stdout(),
    );
    done.or_else(|error| match error.downcast_ref::<io::Error>() {
        // A reader that has gone away, as `head` does, has seen what it wanted.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}

/// What a process of the comparison does.
pub(crate) fn round() -> Result<()> {
    lockset_compare::round(stdin(), stdout(), everything)
}

/// A server that answers, under a name that tells nothing of the password in its URL.
fn server(url: &str) -> Result<Server> {
    let whole = if url.contains(',') { format!("redlock:{url}") } else { url.to_owned() };
    let lock = lockset::open_server(&whole)?.lock("lockset-compare")?;
    drop(lockset::Lock::try_lock(&lock)?);
    let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
    let host = url.rsplit('@').next().unwrap_or(url);
    let host = host.rsplit("//").next().unwrap_or(host);
    let name = match url.matches(',').count() {
        0 => format!("{scheme} at {host}"),
        more => format!("redlock of {} at {host}", more + 1),
    };
    Ok(Server::new(name, url, Duration::ZERO))
}
