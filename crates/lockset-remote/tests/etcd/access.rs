//! Who is let in, and how.

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Released};
use lockset_remote::Renewal;
use lockset_remote::etcd::etcd_client::{Client, ConnectOptions, Permission};
use testbed::{Etcd as Server, eventually};
use tokio::runtime::{Builder, Runtime};

use crate::support::{BRIEF, LONG, job, locks, server};

#[test]
fn a_user_logs_in_and_others_are_refused() {
    let server = server();
    server.require_login("hunter2").unwrap();
    let addr = server.addr();
    let lock = job(&format!("etcd://root:hunter2@{addr}"), LONG);
    let lease = lock.lock().unwrap();
    lease.renew().unwrap();
    assert!(lock.try_lock().unwrap().is_none());
    assert_eq!(lease.release().unwrap(), Released::InTime);

    for url in [format!("etcd://{addr}"), format!("etcd://root:hunter3@{addr}")] {
        let error = job(&url, LONG).lock().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
}

/// The one prefix that the module's documentation names is enough, and it is needed.
#[test]
fn a_user_needs_the_keys_of_lockset_and_no_others() {
    let server = server();
    let post = |path: &str, json: &str| server.post(path, json).unwrap();
    for (user, key, end) in [("few", "lockset/", "lockset0"), ("none", "other/", "other0")] {
        let named = format!(r#"{{"name":"{user}","password":"secret"}}"#);
        post("/v3/auth/user/add", &named);
        post("/v3/auth/role/add", &format!(r#"{{"name":"{user}"}}"#));
        let (key, end) = (base64(key), base64(end));
        let range = format!(r#"{{"permType":"READWRITE","key":"{key}","range_end":"{end}"}}"#);
        post("/v3/auth/role/grant", &format!(r#"{{"name":"{user}","perm":{range}}}"#));
        post("/v3/auth/user/grant", &format!(r#"{{"user":"{user}","role":"{user}"}}"#));
    }
    server.require_login("hunter2").unwrap();
    let url = |user: &str| format!("etcd://{user}:secret@{}", server.addr());

    let few = locks(&url("few"));
    let lease = few.lock("job").unwrap().lock().unwrap();
    let waiting = job(&url("few"), LONG).acquire(lockset_api::Deadline::NEVER);
    crate::support::until_waiting(&few, 1);
    lease.renew().unwrap();
    assert_eq!(lease.release().unwrap(), Released::InTime);
    assert!(lockset_api::block_on(waiting).unwrap().is_some());

    let error = job(&url("none"), LONG).lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
}

/// A server whose user `us` may do what the test says.
struct Allowing {
    server: Server,
    runtime: Runtime,
    root: Client,
}

impl Allowing {
    fn start() -> Self {
        let server = server();
        let post = |path: &str, json: &str| server.post(path, json).unwrap();
        post("/v3/auth/user/add", r#"{"name":"us","password":"secret"}"#);
        post("/v3/auth/role/add", r#"{"name":"us"}"#);
        post("/v3/auth/user/grant", r#"{"user":"us","role":"us"}"#);
        server.require_login("hunter2").unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let login = ConnectOptions::new().with_user("root", "hunter2");
        let root = Client::connect([server.addr().to_string()], Some(login));
        let root = runtime.block_on(root).unwrap();
        Self { server, runtime, root }
    }

    fn allow(&mut self, what: fn(&'static str) -> Permission) {
        let all = what("lockset/").with_range_end("lockset0");
        self.runtime.block_on(self.root.role_grant_permission("us", all)).unwrap();
    }

    fn url(&self, user: &str) -> String {
        format!("etcd://{user}@{}", self.server.addr())
    }

    fn until_refused(&self) {
        let refused = r#"grpc_code="PermissionDenied",grpc_method="Txn""#;
        let is_refusal = |line: &str| line.contains(refused) && !line.ends_with(" 0");
        let metrics = || self.server.metrics().unwrap();
        eventually("it was refused", || metrics().lines().any(is_refusal));
    }
}

/// What cannot be removed at once is not forgotten: others keep its session alive.
#[test]
fn a_lease_that_the_server_refused_to_remove() {
    let mut server = Allowing::start();
    server.allow(Permission::read_write);
    let url = server.url("us:secret");
    let locks = locks(&url);
    let lock = |name| locks.lock(name).unwrap().with_ttl(BRIEF).unwrap();
    let renewed = lock("other").lock().unwrap();
    let stuck = lock("job").with_renewal(Renewal::Never).lock().unwrap();
    // Enough to renew what is held.
    server.allow(Permission::read);
    server.until_refused();
    assert!(stuck.lost().is_lost());
    server.allow(Permission::read_write);
    let next = job(&url, LONG).lock_until(Deadline::after(LONG / 4)).unwrap();
    assert!(next.is_some(), "it was refused once, and never tried again");
    assert_eq!(renewed.release().unwrap(), Released::InTime);
}

/// Nor is its session kept alive for the sake of what cannot be removed.
#[test]
fn a_lease_that_the_server_never_lets_be_removed() {
    let mut server = Allowing::start();
    server.allow(Permission::read_write);
    let lock = job(&server.url("us:secret"), BRIEF).with_renewal(Renewal::Never);
    let stuck = lock.lock().unwrap();
    server.allow(Permission::read);
    server.until_refused();
    let next = job(&server.url("root:hunter2"), LONG).lock_until(Deadline::after(LONG / 4));
    assert!(next.unwrap().is_some(), "kept alive for nobody");
    assert!(stuck.lost().is_lost());
}

/// Without line breaks, and for these few characters alone.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let is_there = digit <= three.len();
            out.push(if is_there { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(feature = "etcd-tls")]
mod tls {
    use lockset_api::{ErrorKind, Lease as _, Lock, Released};
    use lockset_remote::{Locks, etcd::Etcd};
    use testbed::EtcdTls;

    #[test]
    fn a_server_with_tls_is_trusted_by_its_authority_alone() {
        let server = EtcdTls::start().unwrap_or_else(|error| panic!("{error}"));
        let roots = std::fs::read(server.authority()).unwrap();
        let trusting = Etcd::new(&server.url()).unwrap().with_root_certificates(&roots).unwrap();
        let lease = Locks::new(trusting).lock("job").unwrap().lock().unwrap();
        lease.renew().unwrap();
        assert_eq!(lease.release().unwrap(), Released::InTime);

        // The system does not know the authority.
        let strict = Locks::new(Etcd::new(&server.url()).unwrap()).lock("job").unwrap();
        assert_eq!(strict.lock().unwrap_err().kind(), ErrorKind::Unavailable);
        let plain = server.url().replace("etcds", "etcd");
        let plain = Locks::new(Etcd::new(&plain).unwrap()).lock("job").unwrap();
        assert!(plain.lock().is_err());
    }

    #[test]
    fn certificates_that_are_none_are_refused_at_once() {
        let refused = |url: &str, roots: &[u8]| {
            let refused = Etcd::new(url).unwrap().with_root_certificates(roots).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Config, "{refused:?}");
        };
        refused("etcds://host", b"nonsense");
        refused("etcds://host", b"");
        refused("etcd://host", b"nonsense");
    }
}
