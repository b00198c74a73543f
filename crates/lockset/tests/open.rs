//! Locks by URL, and the URLs that are none.

use lockset::{ErrorKind, Opened, open};

#[test]
fn a_url_opens_the_lock_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x").display().to_string();
    assert!(matches!(open(&format!("file:{path}")).unwrap(), Opened::File(_)));
    #[cfg(feature = "sqlite")]
    assert!(matches!(open(&format!("sqlite:{path}.db#job")).unwrap(), Opened::Lease(_)));
    #[cfg(feature = "redis")]
    for url in [
        "redis://127.0.0.1:1/0#job",
        "redis+cluster://127.0.0.1:1,[::1]:2#{orders}/1",
        "redis+sentinel://127.0.0.1,[::1]:2/mymaster#job",
        "redis+sentinel://me:hunter2@127.0.0.1/my_master/3#job",
    ] {
        assert!(matches!(open(url).unwrap(), Opened::Lease(_)), "{url}");
        assert!(!format!("{:?}", open(url).unwrap()).contains("hunter2"), "{url}");
    }
    #[cfg(feature = "postgres")]
    for url in [
        "postgres://127.0.0.1#job",
        "postgresql://me:hunter2@127.0.0.1:1,[::1]:2/mine?keepalives=0#a/b c",
        "postgres://me:hunter2@h/mine?sslmode=prefer&keepalives=0#job",
        #[cfg(feature = "postgres-tls")]
        "postgres://me:hunter2@h/mine?keepalives=0&sslmode=require#job",
    ] {
        assert!(matches!(open(url).unwrap(), Opened::Lease(_)), "{url}");
        assert!(!format!("{:?}", open(url).unwrap()).contains("hunter2"), "{url}");
    }
    #[cfg(feature = "mysql")]
    for url in ["mysql://me:hunter2@127.0.0.1:1/app#job", "mariadb://me:hunter2@[::1]/app#Job/Ä"] {
        assert!(matches!(open(url).unwrap(), Opened::Lease(_)), "{url}");
        assert!(!format!("{:?}", open(url).unwrap()).contains("hunter2"), "{url}");
    }
    #[cfg(feature = "etcd")]
    for url in [
        "etcd://127.0.0.1#job",
        "etcd://127.0.0.1:1,[::1]:2,h3#{orders}/1",
        "etcd://me:hunter2@127.0.0.1/#job",
        "etcd://me:%40hunter2@h1,h2#job",
    ] {
        assert!(matches!(open(url).unwrap(), Opened::Lease(_)), "{url}");
        assert!(!format!("{:?}", open(url).unwrap()).contains("hunter2"), "{url}");
    }
    #[cfg(feature = "etcd-tls")]
    assert!(matches!(open("etcds://h1,h2#job").unwrap(), Opened::Lease(_)));
    #[cfg(feature = "redis-tls")]
    for url in ["rediss://h#job", "rediss+cluster://h1,h2#job", "rediss+sentinel://h/m#job"] {
        assert!(matches!(open(url).unwrap(), Opened::Lease(_)), "{url}");
    }
}

#[test]
fn what_opens_nothing_says_why_and_keeps_secrets() {
    let refused = |url: &str, kind: ErrorKind, part: &str| {
        let error = open(url).unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert!(error.to_string().contains(part), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    };
    refused("", ErrorKind::Config, "sqlite:PATH#NAME");
    refused("/a/path", ErrorKind::Config, "file:PATH");
    refused("ldap://me:hunter2@host#job", ErrorKind::Config, "no lock's URL");
    refused("sqlite:locks.db", ErrorKind::Config, "add #NAME");
    refused("redi:me:hunter2@host#job", ErrorKind::Config, "no lock's URL");
    #[cfg(feature = "sqlite")]
    {
        refused("sqlite:#job", ErrorKind::Config, "is no file");
        refused("sqlite::memory:#job", ErrorKind::Config, "is no file");
        refused("sqlite:/no/such/dir/locks.db#job", ErrorKind::Unavailable, "cannot open");
    }
    #[cfg(not(feature = "sqlite"))]
    refused("sqlite:locks.db#job", ErrorKind::Unsupported, "`sqlite`");
    #[cfg(feature = "redis")]
    {
        refused("redis://me:hunter2@host", ErrorKind::Config, "add #NAME");
        refused("redis://host#}job", ErrorKind::InvalidName, "'}'");
        refused("redis://host#", ErrorKind::InvalidName, "empty");
        refused("redis+cluster://me:hunter2@h1,h2/3#job", ErrorKind::Config, "database 0");
        refused("redis+cluster://me:hunter2@#job", ErrorKind::Config, "not the URL");
        refused("redis+sentinel://me:hunter2@h1,h2#job", ErrorKind::Config, "name the master");
        refused("redis+sentinel://me:hunter2@h1,h2/m/x#job", ErrorKind::Config, "not the URL");
        refused("redis+quorum://me:hunter2@h1,h2#job", ErrorKind::Config, "no lock's URL");
    }
    #[cfg(feature = "postgres")]
    {
        refused("postgres://me:hunter2@host", ErrorKind::Config, "add #NAME");
        refused("postgres://me:hunter2@#job", ErrorKind::Config, "PostgreSQL");
        refused("postgres:me:hunter2@host#job", ErrorKind::Config, "PostgreSQL");
        refused("postgres://me:hunter2@host/x?none=1#job", ErrorKind::Config, "PostgreSQL");
    }
    #[cfg(not(feature = "postgres"))]
    refused("postgres://me:hunter2@host#job", ErrorKind::Unsupported, "`postgres`");
    #[cfg(feature = "mysql")]
    {
        refused("mysql://me:hunter2@host", ErrorKind::Config, "add #NAME");
        refused("mysql://me:hunter2@host#job", ErrorKind::Config, "names no database");
        refused("mysql://me:hunter2@host:port/app#job", ErrorKind::Config, "not the URL");
        refused("mysql:me:hunter2@host/app#job", ErrorKind::Config, "not the URL");
        refused("mysql://me:hunter2@host/app?sorcery=1#job", ErrorKind::Config, "not the URL");
    }
    #[cfg(not(feature = "mysql"))]
    refused("mariadb://me:hunter2@host/app#job", ErrorKind::Unsupported, "`mysql`");
    #[cfg(all(feature = "mysql", not(feature = "mysql-tls")))]
    refused("mysql://me:hunter2@h/app?require_ssl=true#job", ErrorKind::Unsupported, "`mysql-tls`");
    #[cfg(feature = "etcd")]
    {
        refused("etcd://me:hunter2@host", ErrorKind::Config, "add #NAME");
        refused("etcd://host#", ErrorKind::InvalidName, "empty");
        refused("etcd:me:hunter2@host#job", ErrorKind::Config, "etcd://HOST:PORT");
        refused("etcd://me:hunter2@#job", ErrorKind::Config, "a host is missing");
        refused("etcd://me:hunter2@h1,:2#job", ErrorKind::Config, "a host is missing");
        refused("etcd://me:hunter2@h1:port#job", ErrorKind::Config, "a port is no number");
        refused("etcd://me:hunter2@h 1#job", ErrorKind::Config, "no host of etcd");
        refused("etcd://me:hunter2%4@h1#job", ErrorKind::Config, "no %XX");
        refused("etcd://hunter2@h1#job", ErrorKind::Config, "has a password");
        refused("etcd://me:hunter2@h1/db#job", ErrorKind::Config, "no databases");
    }
    #[cfg(all(feature = "etcd", not(feature = "etcd-tls")))]
    refused("etcds://me:hunter2@h1#job", ErrorKind::Unsupported, "`etcd-tls`");
    #[cfg(all(feature = "redis", not(feature = "redis-tls")))]
    refused("rediss+cluster://me:hunter2@h1,h2#job", ErrorKind::Unsupported, "`redis-tls`");
}

#[cfg(feature = "postgres")]
#[test]
fn a_url_that_asks_for_tls_is_never_opened_without_it() {
    let refused = |mode: &str, kind: ErrorKind, part: &str| {
        let error = open(&format!("postgres://me:hunter2@h/x?sslmode={mode}#job")).unwrap_err();
        assert_eq!(error.kind(), kind, "{mode}: {error}");
        assert!(error.to_string().contains(part), "{mode}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    };
    refused("sometimes", ErrorKind::Config, "verify-full");
    #[cfg(feature = "postgres-tls")]
    refused("verify-ca", ErrorKind::Config, "sslrootcert");
    #[cfg(not(feature = "postgres-tls"))]
    refused("require", ErrorKind::Unsupported, "`postgres-tls`");
}

#[cfg(feature = "zookeeper")]
#[test]
fn an_ensemble_is_opened_by_the_url_of_its_servers() {
    for url in [
        "zk://127.0.0.1#job",
        "zk://127.0.0.1:1,[::1]:2#orders/1",
        "zk://h1,h2/apps/billing#job",
        "zk://me:hunter2@h1:1,h2:2/apps#job",
        "zk://me:hunter2%40home@h1#job",
        #[cfg(feature = "zookeeper-tls")]
        "zks://me:hunter2@h1:1,[::1]:2/apps#job",
    ] {
        assert!(matches!(open(url).unwrap(), Opened::Lease(_)), "{url}");
        assert!(!format!("{:?}", open(url).unwrap()).contains("hunter2"), "{url}");
    }
    #[cfg(not(feature = "zookeeper-tls"))]
    assert_eq!(open("zks://h1#job").unwrap_err().kind(), ErrorKind::Unsupported);
    for (url, part) in [
        ("zk://me:hunter2@h1", "add #NAME"),
        ("zk:h1#job", "zk://"),
        ("zk://#job", "a host is missing"),
        ("zk://h1,,h2#job", "a host is missing"),
        ("zk://h1:0#job", "a port is a number"),
        ("zk://h1:hunter2#job", "a port is a number"),
        ("zk://h1/a//b#job", "an empty part"),
        ("zk://h1/a/../b#job", "an empty part"),
        ("zk://hunter2@h1#job", "needs a password"),
        ("zk://me:hunter2%@h1#job", "not readable"),
        ("zk://:hunter2@h1#job", "not readable"),
    ] {
        let error = open(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}");
        assert!(error.to_string().contains(part), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[cfg(all(feature = "redlock", feature = "sqlite"))]
#[test]
fn a_quorum_is_opened_by_the_urls_of_its_servers() {
    use lockset::Lock;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display();
    let url = format!("redlock:sqlite:{path}/1,sqlite:{path}/2,sqlite:{path}/3#job");
    let lock = open(&url).unwrap().into_lease_lock().unwrap();
    let other = open(&url).unwrap().into_lease_lock().unwrap();
    let lease = lock.lock().unwrap();
    assert!(other.try_lock().unwrap().is_none());
    drop(lease);
    let refused = |url: &str, kind: ErrorKind, part: &str| {
        let error = open(url).unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert!(error.to_string().contains(part), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    };
    let file = format!("sqlite:{path}/1");
    refused(&format!("redlock:{file}#job"), ErrorKind::Config, "it takes three");
    refused(&format!("redlock:{file},{file},{file}#job"), ErrorKind::Config, "twice");
    refused("redlock:file:a,file:b,file:c#job", ErrorKind::Unsupported, "no fence");
    refused("redlock:ldap://me:hunter2@a,b,c#job", ErrorKind::Config, "no lock's URL");
    refused("redlock:redlock:a,redlock:b,redlock:c#job", ErrorKind::Config, "no part of another");
    #[cfg(feature = "redis")]
    {
        let mixed = format!("redlock:{file},redis://me:hunter2@b,redis://c#job");
        refused(&mixed, ErrorKind::Config, "of one kind");
        let urls = "redlock:redis://a:1,redis://b:2,redis://c:3#job";
        assert!(matches!(open(urls).unwrap(), Opened::Lease(_)));
    }
}

#[cfg(not(feature = "redis"))]
#[test]
fn a_backend_that_is_not_built_in_names_its_feature() {
    let error = open("redis://127.0.0.1#job").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`redis`"), "{error}");
}
