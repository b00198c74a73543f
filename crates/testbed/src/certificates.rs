//! Certificates of one's own, for servers that speak TLS.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;
use crate::supervised::{Program, find};

const OPENSSL: Program = Program { name: "openssl", package: "openssl" };

/// What the certificates say. Clients check that a server's covers the host of their URL.
const CONFIG: &str = "
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1,DNS:localhost
";

/// An authority, and a server's certificate that it has signed: `authority.crt`, `server.crt` and
/// `server.key` in that directory.
pub(crate) fn make_certificates(dir: &Path) -> Result<(), Error> {
    fs::write(dir.join("openssl.cnf"), CONFIG)?;
    certificate(dir, "authority", &[])?;
    certificate(dir, "server", &["-CA", "authority.crt", "-CAkey", "authority.key"])
}

fn certificate(dir: &Path, name: &str, signed_by: &[&str]) -> Result<(), Error> {
    let output = Command::new(find(OPENSSL)?)
        .current_dir(dir)
        .args(["req", "-x509", "-config", "openssl.cnf", "-extensions", name])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"])
        .args(["-subj", &format!("/CN=testbed {name}"), "-days", "2"])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")])
        .args(signed_by)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::NotReady { program: OPENSSL.name, log })
}
