//! What the URL of an ensemble says.

use lockset_api::{Error, ErrorKind};

use crate::percent::decode;

/// The port of ZooKeeper, where a URL names none.
const PORT: &str = "2181";

/// Where the servers are, and who we are to them.
pub(super) struct Ensemble {
    /// Its URL, without secrets.
    pub(super) label: String,
    /// `HOST:PORT,HOST:PORT`.
    pub(super) hosts: String,
    /// The path under which everything is; empty, or with a slash in front and none behind.
    pub(super) chroot: String,
    /// `USER:PASSWORD` of the scheme `digest`.
    pub(super) digest: Option<String>,
    #[cfg(feature = "zookeeper-tls")]
    pub(super) is_tls: bool,
}

/// Takes a URL apart: `zk://USER:PASSWORD@HOST:PORT,HOST:PORT/CHROOT`.
pub(super) fn parse(url: &str) -> Result<Ensemble, Error> {
    let (is_tls, rest) = match url.split_once("://") {
        Some(("zk", rest)) => (false, rest),
        Some(("zks", _)) if !cfg!(feature = "zookeeper-tls") => {
            let why = "built without the feature `zookeeper-tls` of the crate lockset-remote";
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
        Some(("zks", rest)) => (true, rest),
        _ => return refuse("it does not begin with zk://"),
    };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let (hosts, chroot) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let hosts: Result<Vec<_>, Error> = hosts.split(',').map(host).collect();
    let hosts = hosts?.join(",");
    let chroot = chroot.trim_end_matches('/');
    check_chroot(chroot)?;
    let label = format!("{}://{hosts}{chroot}", if is_tls { "zks" } else { "zk" });
    let digest = user.map(credentials).transpose()?;
    Ok(Ensemble {
        label,
        hosts,
        chroot: chroot.to_owned(),
        digest,
        #[cfg(feature = "zookeeper-tls")]
        is_tls,
    })
}

fn host(host: &str) -> Result<String, Error> {
    let (name, port) = match host.rsplit_once(':') {
        // An IPv6 address has colons of its own, between brackets.
        Some((_, port)) if port.ends_with(']') => (host, PORT),
        Some((name, port)) => (name, port),
        None => (host, PORT),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return refuse("a host is missing");
    }
    if port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Ok(format!("{name}:{port}"));
    }
    refuse("a port is a number from 1 to 65535")
}

/// What ZooKeeper would refuse, later and in other words.
fn check_chroot(chroot: &str) -> Result<(), Error> {
    let mut parts = chroot.split('/').skip(1);
    if parts.any(|part| matches!(part, "" | "." | "..") || part.contains(char::is_control)) {
        return refuse("its path has an empty part, or one that is `.` or `..`");
    }
    Ok(())
}

/// A user and a password, in which a sign may stand as `%` and two hexadecimal digits.
fn credentials(user: &str) -> Result<String, Error> {
    let Some((name, password)) = user.split_once(':') else {
        return refuse("a user needs a password: USER:PASSWORD@");
    };
    match (decode(name), decode(password)) {
        (Some(name), Some(password)) if !name.is_empty() && !name.contains(':') => {
            Ok(format!("{name}:{password}"))
        }
        _ => refuse("its user or password is not readable"),
    }
}

fn refuse<T>(why: &str) -> Result<T, Error> {
    let form = "zk://USER:PASSWORD@HOST:PORT,HOST:PORT/CHROOT, of which one HOST is enough";
    Err(Error::new(ErrorKind::Config, format!("not the URL of ZooKeeper: {why}; {form}")))
}
