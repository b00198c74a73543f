//! What a URL says of the servers.

use core::fmt;

use lockset_api::{Error, ErrorKind};

use crate::percent::decode;

/// The servers of one etcd, and how they are spoken to.
#[derive(Clone)]
pub(super) struct Servers {
    /// With their ports; at least one.
    pub(super) hosts: Vec<String>,
    pub(super) user: Option<(String, String)>,
    pub(super) is_tls: bool,
}

/// The port of etcd's clients, where a URL names none.
const PORT: &str = ":2379";

/// Takes a URL apart.
pub(super) fn parse(url: &str) -> Result<Servers, Error> {
    let refuse = |why: &str| Err(Error::new(ErrorKind::Config, why));
    let (is_tls, rest) = match url.split_once("://") {
        Some(("etcd", rest)) => (false, rest),
        Some(("etcds", _)) if !cfg!(feature = "etcd-tls") => {
            let why = "built without the feature `etcd-tls` of the crate lockset-remote";
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        Some(("etcds", rest)) => (true, rest),
        _ => return refuse("not the URL of etcd: etcd://HOST:PORT,HOST:PORT"),
    };
    let (user, hosts) = match rest.rsplit_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, rest),
    };
    let user = match user.map(|user| user.split_once(':')) {
        None => None,
        Some(Some((user, password))) => match (decode(user), decode(password)) {
            (Some(user), Some(password)) if !user.is_empty() => Some((user, password)),
            _ => return refuse("a user of etcd without a name, or with a % that is no %XX"),
        },
        Some(None) => return refuse("a user of etcd has a password: etcd://USER:PASSWORD@HOST"),
    };
    let hosts = hosts.strip_suffix('/').unwrap_or(hosts);
    if hosts.contains(['/', '?', '#']) {
        return refuse("behind the hosts of etcd there is nothing: it has no databases");
    }
    let hosts = hosts.split(',').map(with_port).collect::<Option<_>>();
    match hosts {
        Some(hosts) => Ok(Servers { hosts, user, is_tls }),
        None => refuse("not the URL of etcd: a host is missing, or a port is no number"),
    }
}

/// An IPv6 address has colons of its own, between brackets.
fn with_port(host: &str) -> Option<String> {
    let behind = host.rsplit_once(']').map_or(host, |(_, behind)| behind);
    match behind.rsplit_once(':') {
        Some((name, port)) => {
            let has_name = !name.is_empty() || host.contains(']');
            (has_name && port.parse::<u16>().is_ok()).then(|| host.to_owned())
        }
        None => (!host.is_empty()).then(|| format!("{host}{PORT}")),
    }
}

/// Without the user, for messages.
impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "etcds" } else { "etcd" };
        write!(f, "{scheme}://{}", self.hosts.join(","))
    }
}
