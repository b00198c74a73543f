//! The comparison of all locks, with the rivals that bring clients of their own, and with servers.
//!
//! It is a part of this program, since this package has those rivals already, and stays out of what
//! others build. The servers and the wires to them are a process of their own: what they take is no
//! part of what a lock takes.

mod adapter;
mod servers;

use std::env;
use std::io::{stdin, stdout};
use std::process::{Command, ExitCode};

use clap::Parser;
use lockset_compare::{Entry, Options, Origin, Primitive, Result, Server, everything};

use crate::bare::SetAndEval;
use crate::crates::{Redlock, Rslock};
use crate::etcd::LockRpc;
use crate::mysql_client::GetLock;
use crate::postgres_client::AdvisoryLock;
use crate::rival::Rival;
use crate::zookeeper_client::ZooKeeperClient;
use adapter::{Adapted, RoundTrip};

#[derive(Parser)]
#[command(name = "compare", about = "Every lock beside its rivals")]
struct Words {
    #[command(flatten)]
    options: Options,
}

/// If these words are about the comparison, does it.
pub(crate) fn run(words: &[String]) -> Option<ExitCode> {
    let (first, rest) = words.split_first()?;
    let done = match first.as_str() {
        "compare" => {
            // With the name of the program, as clap wants it.
            let words = [first].into_iter().chain(rest);
            compare(&Words::parse_from(words).options)
        }
        "compare-round" => lockset_compare::round(stdin(), stdout(), entries),
        "compare-servers" => servers::serve(),
        _ => return None,
    };
    Some(done.map_or_else(
        |error| {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    ))
}

fn compare(options: &Options) -> Result<()> {
    let mut servers =
        options.has_leases().then(|| servers::Servers::start(own("compare-servers")?));
    let list = servers.as_mut().map_or(Ok(Vec::new()), |servers| match servers {
        Ok(servers) => Ok(servers.list.clone()),
        Err(error) => Err(error.to_string()),
    })?;
    lockset_compare::compare(options, entries, &list, || own("compare-round"), &mut stdout())
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
            "etcd" => all.extend(of(rival::<LockRpc>("lock RPC", server), server)),
            "zk" => all.extend(of(rival::<ZooKeeperClient>("zookeeper-client", server), server)),
            "postgres" => all.extend(of(rival::<AdvisoryLock>("pg_advisory_lock", server), server)),
            "mysql" => all.extend(of(rival::<GetLock>("GET_LOCK", server), server)),
            _ => {}
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

/// The lock that another kind of server, or its client, has itself; and a bare round trip there.
fn of(rival: Entry, server: &Server) -> [Entry; 2] {
    let round_trip = entry::<RoundTrip>("bare round trip", Origin::Bare, server);
    [round_trip.without_waiting(), rival]
}

fn rival<R: Rival + Send>(name: &str, server: &Server) -> Entry {
    entry::<Adapted<R>>(name, Origin::Rival, server)
}

fn entry<R: lockset_compare::Rival>(name: &str, origin: Origin, server: &Server) -> Entry {
    let name = format!("{name}, {}", server.name);
    Entry::new::<R>(Primitive::Lease, origin, name).kept_by(server)
}
