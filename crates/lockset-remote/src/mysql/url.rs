//! What a URL says of a server.

use std::time::Duration;

use lockset_api::{Error, ErrorKind};
use mysql_async::{Opts, OptsBuilder};

/// How long a connection may be silent before the system asks whether the other end is there.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// How to connect, and what to call it: the URL without secrets.
pub(super) fn parse(url: &str) -> Result<(Opts, String), Error> {
    let config = |why: &str| Error::new(ErrorKind::Config, why);
    let rest = ["mysql:", "mariadb:"].into_iter().find_map(|scheme| url.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| config("not the URL of a MySQL server: mysql://HOST:PORT/DB"))?;
    let opts = Opts::from_url(&format!("mysql:{rest}")).map_err(|error| {
        config("not the URL of a MySQL server: mysql://USER:PASSWORD@HOST:PORT/DB")
            .with_source(error)
    })?;
    if opts.ssl_opts().is_some() && !cfg!(feature = "mysql-tls") {
        let why = "built without the feature `mysql-tls` of the crate lockset-remote";
        return Err(Error::new(ErrorKind::Unsupported, why));
    }
    #[cfg(feature = "mysql-tls")]
    if opts.ssl_opts().is_some() {
        crate::tls::choose_cryptography();
    }
    let Some(database) = opts.db_name().filter(|name| !name.is_empty()).map(str::to_owned) else {
        return Err(config("the URL names no database: mysql://HOST:PORT/DB"));
    };
    let label = format!("mysql://{}:{}/{database}", opts.ip_or_hostname(), opts.tcp_port());
    let opts = OptsBuilder::from_opts(opts)
        // Each would be a question to the server, on every connection.
        .prefer_socket(Some(false))
        .max_allowed_packet(Some(PACKET))
        .wait_timeout(Some(super::idle::KEPT.as_secs().try_into().unwrap_or(usize::MAX)))
        .tcp_keepalive(Some(KEEPALIVE))
        // A small statement must not wait for the answer to the one before it.
        .tcp_nodelay(true)
        // An update that changes nothing has still found its row.
        .client_found_rows(true);
    Ok((opts.into(), label))
}

/// Far more than any statement here has, and what every server takes.
const PACKET: usize = 1 << 20;

/// Trusts the server by these certificates alone.
#[cfg(feature = "mysql-tls")]
pub(super) fn trust(opts: &Opts, roots: &[u8]) -> Result<Opts, Error> {
    let Some(ssl) = opts.ssl_opts().cloned() else {
        let why = "certificates are for TLS, which a URL asks for by ?require_ssl=true";
        return Err(Error::new(ErrorKind::Config, why));
    };
    if ssl.accept_invalid_certs() {
        let why =
            "by ?verify_ca=false anybody is trusted, and by certificates one: only one can be";
        return Err(Error::new(ErrorKind::Config, why));
    }
    crate::tls::roots(roots)?;
    let ssl = ssl.with_root_certs(vec![roots.to_owned().into()]).with_disable_built_in_roots(true);
    Ok(OptsBuilder::from_opts(opts.clone()).ssl_opts(ssl).into())
}
