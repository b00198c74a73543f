//! Where a server is, and how it is spoken to: what a URL says of it.

use std::time::Duration;

use lockset_api::{Error, ErrorKind};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::ssl::{self, Mode, Ssl};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the other side may be silent, while nothing is under way, before it is asked by TCP,
/// how often it is asked then, and how many times in vain: its machine is taken for gone after
/// 11 s.
pub(super) const KEEPALIVE: (Duration, Duration, u32) =
    (Duration::from_secs(5), Duration::from_secs(2), 3);

/// How long what was sent may go without an acknowledgement by TCP.
pub(super) const USER_TIMEOUT: Duration = Duration::from_secs(11);

/// What the URL says, and what the server is called in messages.
pub(super) fn parse(url: &str) -> Result<(Config, Ssl, String), Error> {
    let (url, ssl) = ssl::split(url)?;
    let config: Result<Config, _> = url.parse();
    let mut config = config.map_err(|error| {
        Error::new(ErrorKind::Config, "not the URL of a PostgreSQL server").with_source(error)
    })?;
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        let why = "the URL of a PostgreSQL server starts with postgres:// or postgresql://";
        return Err(Error::new(ErrorKind::Config, why));
    }
    if config.get_hosts().is_empty() {
        return Err(Error::new(ErrorKind::Config, "the URL of a PostgreSQL server names a host"));
    }
    config.ssl_mode(match ssl.mode {
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    });
    if config.get_hosts().len() > 1 {
        // The locks of a primary and of its standbys have nothing to do with each other.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    let (idle, interval, retries) = KEEPALIVE;
    config.keepalives_idle(idle).keepalives_interval(interval).keepalives_retries(retries);
    config.tcp_user_timeout(USER_TIMEOUT);
    let label = label(&config);
    Ok((config, ssl, label))
}

fn label(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(i, host)| {
        let host = match host {
            Host::Tcp(host) if host.contains(':') => format!("[{host}]"),
            Host::Tcp(host) => host.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        let port = ports.get(i).or(ports.first()).copied().unwrap_or(5432);
        format!("{host}:{port}")
    });
    let hosts: Vec<_> = hosts.collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("postgres://{}/{database}", hosts.join(","))
}
