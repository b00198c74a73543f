//! A server with TLS has a certificate that its authority vouches for.

use std::process::{Command, Output, Stdio};

use testbed::{Redis, RedisTls};

/// Shakes hands with a server, and trusts nobody but this authority.
fn handshake(server: &RedisTls, authority: &RedisTls) -> Output {
    Command::new("openssl")
        .args(["s_client", "-verify_return_error", "-verify_ip", "127.0.0.1", "-connect"])
        .arg(server.addr().to_string())
        .arg("-CAfile")
        .arg(authority.authority())
        .args(["-no-CApath", "-no-CAstore"])
        .stdin(Stdio::null())
        .output()
        .expect("openssl runs")
}

#[test]
fn its_authority_vouches_for_it_and_no_other() {
    let [one, two] = [(); 2].map(|()| RedisTls::start().expect("starts"));
    assert!(one.url().starts_with("rediss://127.0.0.1:"));
    let trusted = handshake(&one, &one);
    assert!(trusted.status.success(), "{trusted:?}");
    assert!(!handshake(&one, &two).status.success());
}

#[test]
fn restarted_it_has_the_same_certificate() {
    let mut redis = RedisTls::start().expect("starts");
    redis.server_mut().restart().expect("restarts");
    let trusted = handshake(&redis, &redis);
    assert!(trusted.status.success(), "{trusted:?}");
}

#[test]
fn without_tls_it_is_an_ordinary_server() {
    let redis = RedisTls::start().expect("starts");
    let server: &Redis = redis.server();
    assert_eq!(server.command(&["PING"]).expect("answers"), "+PONG\r\n");
}
