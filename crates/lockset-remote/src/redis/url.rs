//! The URLs of several servers that are one to their users.

use lockset_api::{Error, ErrorKind};

/// The port of sentinels, where a URL names none.
const SENTINEL: &str = ":26379";

/// What a URL stands for, in URLs of single servers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Servers {
    One(String),
    Cluster(Vec<String>),
    /// The sentinels; and the master, with its name in place of its host.
    Sentinel(Vec<String>, String),
}

/// Takes a URL apart. That its parts make sense is not looked at yet.
pub(super) fn parse(url: &str) -> Result<Servers, Error> {
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(Servers::One(url.into())) };
    let Some((scheme, kind)) = scheme.split_once('+') else { return Ok(Servers::One(url.into())) };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (format!("{user}@"), rest),
        None => (String::new(), rest),
    };
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let each = |user: &str, port: &str| -> Vec<String> {
        let urls = hosts.split(',').map(|host| {
            let port = if has_port(host) { "" } else { port };
            format!("{scheme}://{user}{host}{port}")
        });
        urls.collect()
    };
    match (kind, path) {
        ("cluster", "" | "0") => Ok(Servers::Cluster(each(&user, ""))),
        ("cluster", _) => {
            Err(Error::new(ErrorKind::Config, "a cluster of Redis servers has only database 0"))
        }
        ("sentinel", "") => {
            let why =
                "the URL of sentinels must name the master: redis+sentinel://HOST,HOST/MASTER";
            Err(Error::new(ErrorKind::Config, why))
        }
        // The sentinels are not told who we are to the master.
        ("sentinel", _) => {
            Ok(Servers::Sentinel(each("", SENTINEL), format!("{scheme}://{user}{path}")))
        }
        _ => Ok(Servers::One(url.into())),
    }
}

/// An IPv6 address has colons of its own, between brackets.
fn has_port(host: &str) -> bool {
    host.rsplit_once(']').map_or(host, |(_, behind)| behind).contains(':')
}
