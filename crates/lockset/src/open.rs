//! A lock chosen at run time, by its URL.

use std::sync::Arc;

use lockset_api::{DynLock, Error, ErrorKind};
use lockset_file::FileLock;
use lockset_remote::{LeaseStore, Locks, RemoteLock};

/// Opens the lock that `url` names.
///
/// | URL | lock |
/// |---|---|
/// | `file:PATH` | a [`FileLock`] on that file |
/// | `sqlite:PATH#NAME` | the lease NAME in that database (feature `sqlite`) |
/// | `redis://HOST:PORT/DB#NAME` | the lease NAME on that server (feature `redis`) |
/// | `redis+cluster://HOST:PORT,HOST:PORT#NAME` | the same in the cluster of those nodes |
/// | `redis+sentinel://HOST,HOST/MASTER#NAME` | the same on the master that those sentinels name |
/// | `postgres://HOST:PORT/DATABASE#NAME` | the lease NAME in that database (feature `postgres`) |
/// | `mysql://HOST:PORT/DB#NAME` | the same in that database (feature `mysql`); also `mariadb:` |
/// | `etcd://HOST:PORT,HOST:PORT#NAME` | the same in that etcd (feature `etcd`) |
/// | `zk://HOST:PORT,HOST:PORT/CHROOT#NAME` | the same in that ensemble (feature `zookeeper`) |
/// | `redlock:URL,URL,URL#NAME` | the lease NAME in a quorum of those (feature `redlock`) |
///
/// A user and a password stand before the first host, as in `redis://USER:PASSWORD@HOST`, and are
/// never printed.
///
/// Servers are spoken to by TLS where the URL asks for it, and by these only if they are who they
/// say. What weaker ones there are, the stores' documentation says.
///
/// | URL | feature |
/// |---|---|
/// | `rediss://`, `rediss+cluster://`, `rediss+sentinel://` | `redis-tls` |
/// | `postgres://HOST/DATABASE?sslmode=verify-full#NAME` | `postgres-tls` |
/// | `mysql://HOST/DB?require_ssl=true#NAME` | `mysql-tls` |
/// | `etcds://` | `etcd-tls` |
/// | `zks://` | `zookeeper-tls` |
///
/// The servers of a quorum are of one kind, three of them or five, each by its URL without `#NAME`.
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
    match scheme(url)?.kind {
        Kind::File => {
            let path = url.strip_prefix("file:").unwrap_or(url);
            Ok(Opened::File(FileLock::open(path)?))
        }
        Kind::Server(connect) => {
            let Some((server, name)) = url.rsplit_once('#') else {
                let url = without_secrets(url);
                let why = format!("{url:?} does not say which lock: add #NAME");
                return Err(Error::new(ErrorKind::Config, why));
            };
            Ok(Opened::Lease(Locks::from(connect(server)?).lock(name)?))
        }
    }
}

/// Opens the server at `url`, which is one of [`open`]'s without `#NAME`, for locks of any name.
///
/// # Errors
///
/// As [`open`], and [`ErrorKind::Unsupported`] for a `file:`, which is one lock and has no fence.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite:{}", dir.path().join("locks.db").display());
/// let locks = lockset::open_server(&url)?;
/// let (one, other) = (locks.lock("billing")?, locks.lock("reports")?);
/// # drop((one, other));
/// # Ok::<(), lockset::Error>(())
/// ```
pub fn open_server(url: &str) -> Result<Locks, Error> {
    match scheme(url)?.kind {
        Kind::Server(connect) => connect(url).map(Locks::from),
        Kind::File => Err(no_fence()),
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
            Self::File(lock) => Err(no_fence().with_lock(lock.path().display())),
        }
    }
}

fn no_fence() -> Error {
    Error::new(ErrorKind::Unsupported, "a file lock has no fence; take a lease: sqlite:, redis:")
}

/// One kind of URL.
struct Scheme {
    names: &'static [&'static str],
    /// What such a URL looks like, for messages.
    form: &'static str,
    kind: Kind,
}

type Store = Arc<dyn LeaseStore>;

enum Kind {
    File,
    /// Connects to a server, or prepares to: nothing need be sent.
    Server(fn(&str) -> Result<Store, Error>),
}

/// All kinds of URL: a new backend adds its row here.
const SCHEMES: &[Scheme] = &[
    Scheme { names: &["file"], form: "file:PATH", kind: Kind::File },
    Scheme { names: &["sqlite"], form: "sqlite:PATH#NAME", kind: Kind::Server(sqlite) },
    Scheme {
        names: &["redis", "rediss"],
        form: "redis://HOST:PORT/DB#NAME",
        kind: Kind::Server(redis),
    },
    Scheme {
        names: &["redis+cluster", "rediss+cluster"],
        form: "redis+cluster://HOST:PORT,HOST:PORT#NAME",
        kind: Kind::Server(redis),
    },
    Scheme {
        names: &["redis+sentinel", "rediss+sentinel"],
        form: "redis+sentinel://HOST,HOST/MASTER#NAME",
        kind: Kind::Server(redis),
    },
    Scheme {
        names: &["postgres", "postgresql"],
        form: "postgres://HOST:PORT/DATABASE#NAME",
        kind: Kind::Server(postgres),
    },
    Scheme {
        names: &["mysql", "mariadb"],
        form: "mysql://HOST:PORT/DB#NAME",
        kind: Kind::Server(mysql),
    },
    Scheme {
        names: &["etcd", "etcds"],
        form: "etcd://HOST:PORT,HOST:PORT#NAME",
        kind: Kind::Server(etcd),
    },
    Scheme {
        names: &["zk", "zks"],
        form: "zk://HOST:PORT,HOST:PORT/CHROOT#NAME",
        kind: Kind::Server(zookeeper),
    },
    Scheme { names: &["redlock"], form: "redlock:URL,URL,URL#NAME", kind: Kind::Server(redlock) },
];

fn scheme(url: &str) -> Result<&'static Scheme, Error> {
    let name = url.split_once(':').map_or("", |(name, _)| name);
    SCHEMES.iter().find(|scheme| scheme.names.contains(&name)).ok_or_else(|| {
        let forms: Vec<_> = SCHEMES.iter().map(|scheme| scheme.form).collect();
        let (url, forms) = (without_secrets(url), forms.join(", "));
        Error::new(ErrorKind::Config, format!("{url:?} is no lock's URL; known: {forms}"))
    })
}

#[cfg(feature = "sqlite")]
fn sqlite(url: &str) -> Result<Store, Error> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    Ok(Arc::new(lockset_remote::sqlite::Sqlite::open(path)?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str) -> Result<Store, Error> {
    Err(not_built_in("sqlite"))
}

#[cfg(feature = "redis")]
fn redis(url: &str) -> Result<Store, Error> {
    Ok(Arc::new(lockset_remote::redis::Redis::new(url)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str) -> Result<Store, Error> {
    Err(not_built_in("redis"))
}

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<Store, Error> {
    Ok(Arc::new(lockset_remote::postgres::Postgres::new(url)?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str) -> Result<Store, Error> {
    Err(not_built_in("postgres"))
}

#[cfg(feature = "mysql")]
fn mysql(url: &str) -> Result<Store, Error> {
    Ok(Arc::new(lockset_remote::mysql::Mysql::new(url)?))
}

#[cfg(not(feature = "mysql"))]
fn mysql(_: &str) -> Result<Store, Error> {
    Err(not_built_in("mysql"))
}

#[cfg(feature = "etcd")]
fn etcd(url: &str) -> Result<Store, Error> {
    Ok(Arc::new(lockset_remote::etcd::Etcd::new(url)?))
}

#[cfg(not(feature = "etcd"))]
fn etcd(_: &str) -> Result<Store, Error> {
    Err(not_built_in("etcd"))
}

#[cfg(feature = "zookeeper")]
fn zookeeper(url: &str) -> Result<Store, Error> {
    Ok(Arc::new(lockset_remote::zookeeper::ZooKeeper::new(url)?))
}

#[cfg(not(feature = "zookeeper"))]
fn zookeeper(_: &str) -> Result<Store, Error> {
    Err(not_built_in("zookeeper"))
}

#[cfg(feature = "redlock")]
fn redlock(url: &str) -> Result<Store, Error> {
    let nodes = url.strip_prefix("redlock:").unwrap_or(url);
    let schemes = nodes.split(',').map(scheme).collect::<Result<Vec<_>, _>>()?;
    let refuse = |why: &str| Err(Error::new(ErrorKind::Config, why));
    let stores = nodes.split(',').zip(&schemes).map(|(url, scheme)| match scheme.kind {
        Kind::Server(_) if scheme.names == ["redlock"] => refuse("a quorum is no part of another"),
        Kind::Server(_) if scheme.names != schemes[0].names => {
            refuse("the servers of a quorum are of one kind")
        }
        Kind::Server(connect) => connect(url),
        Kind::File => Err(no_fence()),
    });
    Ok(Arc::new(lockset_remote::redlock::Redlock::new(stores.collect::<Result<_, _>>()?)?))
}

#[cfg(not(feature = "redlock"))]
fn redlock(_: &str) -> Result<Store, Error> {
    Err(not_built_in("redlock"))
}

#[cfg(not(all(
    feature = "sqlite",
    feature = "redis",
    feature = "postgres",
    feature = "mysql",
    feature = "etcd",
    feature = "redlock",
    feature = "zookeeper"
)))]
fn not_built_in(feature: &str) -> Error {
    let why = format!("built without the feature `{feature}` of the crate lockset");
    Error::new(ErrorKind::Unsupported, why)
}

/// The URL without the user and password that may stand in it, however it is misspelt.
fn without_secrets(url: &str) -> String {
    match (url.split_once(':'), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}:…@{host}"),
        _ => url.to_owned(),
    }
}
