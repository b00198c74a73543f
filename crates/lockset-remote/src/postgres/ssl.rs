//! How much TLS a URL asks for: its `sslmode` and its `sslrootcert`.
//!
//! The client's own parser knows neither the modes that check certificates nor where to find those
//! to check them by, so both are taken out of the URL before it gets to see it.

use lockset_api::{Error, ErrorKind};

use crate::percent::decode;

/// What a URL asks for.
#[derive(Clone, Debug)]
pub(super) struct Ssl {
    pub(super) mode: Mode,
    pub(super) roots: Roots,
}

/// The `sslmode`, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whom to trust, as far as that was said.
#[derive(Clone, Debug)]
pub(super) enum Roots {
    Unsaid,
    System,
    /// PEM.
    #[cfg_attr(
        not(feature = "postgres-tls"),
        expect(dead_code, reason = "what is in it is for TLS alone")
    )]
    Given(Vec<u8>),
}

const MODES: [(&str, Mode); 5] = [
    ("disable", Mode::Disable),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];

/// Takes out of a URL what it says of TLS; the rest of it comes first.
pub(super) fn split(url: &str) -> Result<(String, Ssl), Error> {
    // As the client's parser has it: also a password may have a question mark.
    let user = url.find('@').unwrap_or_default();
    // That parser takes all before the first `@` for the user, wherever it stands: it would connect
    // to another host, and what was asked of TLS would be part of the user's name.
    let name = url[..user].split_once("://").map_or("", |(_, name)| name);
    if name.contains('/') || name.contains('?') && name.contains('=') {
        return refuse(
            "in a user, a password or a parameter an `@` is written %40, a `/` %2F and a `?` %3F",
        );
    }
    let Some(mark) = url[user..].find('?').map(|mark| user + mark) else {
        return Ok((url.to_owned(), Ssl { mode: Mode::Disable, roots: Roots::Unsaid }));
    };
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for parameter in url[mark + 1..].split('&') {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match decode(key).as_deref() {
            Some("sslmode") => mode = Some(read_mode(value)?),
            Some("sslrootcert") => roots = Some(read_roots(value)?),
            _ => rest.push(parameter),
        }
    }
    let roots = roots.unwrap_or(Roots::Unsaid);
    let mode = mode.unwrap_or(match roots {
        // Whom the system trusts has a certificate for some name, so only the name tells anything.
        Roots::System => Mode::VerifyFull,
        _ => Mode::Disable,
    });
    let mut url = url[..mark].to_owned();
    if !rest.is_empty() {
        url += &format!("?{}", rest.join("&"));
    }
    Ok((url, Ssl { mode, roots }.checked()?))
}

impl Ssl {
    /// Refuses what cannot be meant.
    pub(super) fn checked(self) -> Result<Self, Error> {
        match (&self.roots, self.mode) {
            (Roots::Unsaid, Mode::VerifyCa) => refuse(
                "sslmode=verify-ca takes a server of any name for the right one, so it has to be \
                 an authority of your own: name its certificate by sslrootcert, or use \
                 sslmode=verify-full",
            ),
            (Roots::System, mode) if mode < Mode::VerifyFull => {
                refuse("sslrootcert=system goes with sslmode=verify-full, and with no weaker one")
            }
            (Roots::Given(_), Mode::Disable) => {
                refuse("certificates are for TLS, which a URL asks for by ?sslmode=verify-full")
            }
            _ => Ok(self),
        }
    }
}

fn read_mode(value: &str) -> Result<Mode, Error> {
    let Some((_, mode)) = MODES.iter().find(|(name, _)| *name == value) else {
        let names = MODES.map(|(name, _)| name).join(", ");
        return refuse(&format!("{value:?} is no sslmode that is known here: {names}"));
    };
    if *mode > Mode::Prefer {
        is_built_in()?;
    }
    Ok(*mode)
}

/// `system`, or the path of a file.
fn read_roots(value: &str) -> Result<Roots, Error> {
    is_built_in()?;
    let Some(path) = decode(value).filter(|path| !path.is_empty()) else {
        return refuse("sslrootcert is the path of a file of certificates, or `system`");
    };
    if path == "system" {
        return Ok(Roots::System);
    }
    let pem = std::fs::read(&path).map_err(|error| {
        let why = format!("cannot read the certificates of sslrootcert={path}");
        Error::new(ErrorKind::Config, why).with_source(error)
    });
    pem.map(Roots::Given)
}

fn is_built_in() -> Result<(), Error> {
    if cfg!(feature = "postgres-tls") {
        return Ok(());
    }
    let why = "built without the feature `postgres-tls` of the crate lockset-remote";
    Err(Error::new(ErrorKind::Unsupported, why))
}

fn refuse<T>(why: &str) -> Result<T, Error> {
    Err(Error::new(ErrorKind::Config, why))
}
