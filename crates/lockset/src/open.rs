//! A lock chosen at run time, by its URL.

use lockset_api::{DynLock, Error, ErrorKind};
use lockset_file::FileLock;
use lockset_remote::RemoteLock;

/// Opens the lock that `url` names.
///
/// | URL | lock |
/// |---|---|
/// | `file:PATH` | a [`FileLock`] on that file |
/// | `sqlite:PATH#NAME` | the lease NAME in that database (feature `sqlite`) |
/// | `redis://HOST:PORT/DB#NAME` | the lease NAME on that server (feature `redis`) |
///
/// The name stands behind `#`, the part of a URL that is not for the server. Nothing is locked yet,
/// and no server is asked yet.
///
/// # Errors
///
/// [`ErrorKind::Config`] for a URL that is none of these, [`ErrorKind::Unsupported`] for one whose
/// feature is not built in, and whatever the lock itself says.
///
/// ```
/// let error = lockset::open("ftp://host/lock").unwrap_err();
/// assert_eq!(error.kind(), lockset::ErrorKind::Config);
/// assert!(error.to_string().contains("file:PATH"), "it says what would do: {error}");
/// ```
pub fn open(url: &str) -> Result<Opened, Error> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    match SCHEMES.iter().find(|known| known.name == scheme) {
        Some(known) => (known.open)(url),
        None => {
            let forms: Vec<_> = SCHEMES.iter().map(|known| known.form).collect();
            let forms = forms.join(", ");
            let url = without_secrets(url);
            Err(Error::new(ErrorKind::Config, format!("{url:?} is no lock's URL; known: {forms}")))
        }
    }
}

/// A lock that was opened by its URL, of whichever kind.
///
/// The kind is what decides how it may be used: [`into_lock`](Self::into_lock) if any lock will do,
/// [`into_lease_lock`](Self::into_lease_lock) if the code relies on fences.
#[derive(Debug)]
#[non_exhaustive]
pub enum Opened {
    /// A lock that cannot be lost.
    File(FileLock),
    /// A lock that can.
    Lease(RemoteLock),
}

impl Opened {
    /// The lock as any lock: its guard can only be dropped.
    #[must_use]
    pub fn into_lock(self) -> Box<dyn DynLock> {
        match self {
            Self::File(lock) => Box::new(lock),
            Self::Lease(lock) => Box::new(lock),
        }
    }

    /// The lock as one whose guard is a lease.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if its guard is none: then there is no fence either, and code
    /// that needs one is told now and not when it matters.
    pub fn into_lease_lock(self) -> Result<RemoteLock, Error> {
        match self {
            Self::Lease(lock) => Ok(lock),
            Self::File(lock) => {
                let why = "a file lock has no fence; take a lease: sqlite:, redis:";
                Err(Error::new(ErrorKind::Unsupported, why).with_lock(lock.path().display()))
            }
        }
    }
}

/// One kind of URL.
struct Scheme {
    name: &'static str,
    /// What such a URL looks like, for messages.
    form: &'static str,
    open: fn(&str) -> Result<Opened, Error>,
}

/// All kinds of URL: a new backend adds its row here.
const SCHEMES: &[Scheme] = &[
    Scheme { name: "file", form: "file:PATH", open: file },
    Scheme { name: "sqlite", form: "sqlite:PATH#NAME", open: sqlite },
    Scheme { name: "redis", form: "redis://HOST:PORT/DB#NAME", open: redis },
];

fn file(url: &str) -> Result<Opened, Error> {
    let path = url.strip_prefix("file:").unwrap_or(url);
    Ok(Opened::File(FileLock::open(path)?))
}

#[cfg(feature = "sqlite")]
fn sqlite(url: &str) -> Result<Opened, Error> {
    let (path, name) = split_name(url)?;
    let path = path.strip_prefix("sqlite:").unwrap_or(path);
    let store = lockset_remote::sqlite::Sqlite::open(path)?;
    Ok(Opened::Lease(lockset_remote::Locks::new(store).lock(name)?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str) -> Result<Opened, Error> {
    Err(not_built_in("sqlite"))
}

#[cfg(feature = "redis")]
fn redis(url: &str) -> Result<Opened, Error> {
    let (server, name) = split_name(url)?;
    let store = lockset_remote::redis::Redis::new(server)?;
    Ok(Opened::Lease(lockset_remote::Locks::new(store).lock(name)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str) -> Result<Opened, Error> {
    Err(not_built_in("redis"))
}

#[cfg(not(all(feature = "sqlite", feature = "redis")))]
fn not_built_in(feature: &str) -> Error {
    let why = format!("built without the feature `{feature}` of the crate lockset");
    Error::new(ErrorKind::Unsupported, why)
}

/// Splits a URL into the server and the lock's name.
#[cfg(any(feature = "sqlite", feature = "redis"))]
fn split_name(url: &str) -> Result<(&str, &str), Error> {
    url.rsplit_once('#').ok_or_else(|| {
        let url = without_secrets(url);
        Error::new(ErrorKind::Config, format!("{url:?} does not say which lock: add #NAME"))
    })
}

/// The URL without the user and password that may stand in it.
fn without_secrets(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{host}")
        }
        None => url.to_owned(),
    }
}
