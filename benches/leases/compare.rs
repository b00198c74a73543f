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
use crate::rival::Rival;
use adapter::Adapted;

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
    let has_leases = options.only.is_empty() || options.only.contains(&Primitive::Lease);
    let mut servers = has_leases.then(|| servers::Servers::start(own("compare-servers")?));
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
    for server in servers.iter().filter(|server| server.is_redis) {
        if !server.is_quorum() {
            let bare = rival::<SetAndEval>("redis-rs alone", Origin::Bare, server);
            all.push(bare.without_waiting());
        }
        // On the server that is as near as can be, the pauses of those that poll would be all there
        // is to see; and a quorum of that is nobody's.
        if server.one_way_us > 0 {
            all.push(rival::<Rslock>("rslock", Origin::Rival, server));
            all.push(rival::<Redlock>("redlock crate", Origin::Rival, server));
        }
    }
    all
}

fn rival<R: Rival + Send>(name: &str, origin: Origin, server: &Server) -> Entry {
    let name = format!("{name}, {}", server.name);
    Entry::new::<Adapted<R>>(Primitive::Lease, origin, name).kept_by(server)
}
