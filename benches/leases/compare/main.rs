//! The comparison of all locks, with the rivals that bring clients of their own, and with servers.
//!
//! The servers and the wires to them are a process of their own: what they take is no part of what
//! a lock takes. Without the feature `servers` there is Redis alone.

mod adapter;
#[cfg(feature = "servers")]
mod others;
#[cfg(feature = "servers")]
mod round_trip;
mod servers;

use std::env;
use std::io::{stdin, stdout};
use std::process::{Command, ExitCode};

use clap::Parser;
use lockset_compare::{Entry, Options, Origin, Primitive, Result, Server, everything};

use adapter::Adapted;
use lockset_bench_leases::crates::{Redlock, Rslock};
use lockset_bench_leases::redis_client::SetAndEval;
use lockset_bench_leases::rival::Rival;

#[derive(Parser)]
#[command(name = "compare", about = "Every lock beside its rivals")]
struct Words {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    // `cargo bench` adds this of its own accord.
    let words: Vec<String> = env::args().filter(|word| word != "--bench").collect();
    let done = match words.get(1).map(String::as_str) {
        Some("round") => lockset_compare::round(stdin(), stdout(), entries),
        Some("servers") => servers::serve(),
        _ => compare(&Words::parse_from(words).options),
    };
    done.map_or_else(
        |error| {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn compare(options: &Options) -> Result<()> {
    let servers = match options.has_leases() {
        true => Some(servers::Servers::start(own("servers")?)?),
        false => None,
    };
    let list = servers.as_ref().map_or(&[][..], |servers| &servers.list);
    lockset_compare::compare(options, entries, list, || own("round"), &mut stdout())
}

fn own(what: &str) -> Result<Command> {
    let mut own = Command::new(env::current_exe()?);
    own.arg(what);
    Ok(own)
}

/// A rival of the leases is one line here.
fn entries(servers: &[Server]) -> Vec<Entry> {
    let mut all = everything(servers);
    for server in servers {
        match server.scheme() {
            "redis" => all.extend(of_redis(server)),
            #[cfg(feature = "servers")]
            scheme => all.extend(others::of(scheme, server)),
            #[cfg(not(feature = "servers"))]
            scheme => unreachable!("no server of {scheme} was started"),
        }
    }
    all
}

fn of_redis(server: &Server) -> Vec<Entry> {
    let mut all = Vec::new();
    if !server.is_quorum() {
        let bare = entry::<Adapted<SetAndEval>>("redis-rs alone", Origin::Bare, server);
        all.push(bare.without_waiting());
    }
    // On the server that is as near as can be, the pauses of those that poll would be all there
    // is to see; and a quorum of that is nobody's.
    if server.one_way_us > 0 {
        all.push(rival::<Rslock>("rslock", server));
        all.push(rival::<Redlock>("redlock crate", server));
    }
    all
}

fn rival<R: Rival + Send>(name: &str, server: &Server) -> Entry {
    entry::<Adapted<R>>(name, Origin::Rival, server)
}

fn entry<R: lockset_compare::Rival>(name: &str, origin: Origin, server: &Server) -> Entry {
    let name = format!("{name}, {}", server.name);
    Entry::new::<R>(Primitive::Lease, origin, name).kept_by(server)
}
