//! The files of an empty database, made once.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::supervised::{Program, find};

const INSTALL: Program = Program { name: "mariadb-install-db", package: "mariadb-server" };

/// Copies the files of an empty database to `to`, which must not exist yet.
pub(super) fn copy_template(to: &Path) -> Result<(), Error> {
    Ok(copy(&template()?, to)?)
}

/// Where the files are: beside the running program, in the build directory, so that they go with
/// it. Whoever finds none makes them elsewhere and moves them there, which nobody sees half done.
fn template() -> Result<PathBuf, Error> {
    let beside = env::current_exe()?;
    let dir = beside.parent().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let template = dir.join("testbed-mariadb");
    if template.exists() {
        return Ok(template);
    }
    let install = find(INSTALL)?;
    let made = tempfile::Builder::new().prefix("testbed-mariadb-").tempdir_in(dir)?;
    let data = made.path().join("data");
    let mut datadir = std::ffi::OsString::from("--datadir=");
    datadir.push(&data);
    let output = Command::new(install)
        .args(["--no-defaults", "--user=root", "--skip-test-db", "--skip-name-resolve"])
        .arg("--auth-root-authentication-method=normal")
        .arg(datadir)
        // A server that starts deletes what it takes for its own temporary files, whoever's they
        // are.
        .env("TMPDIR", made.path())
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let log = [output.stdout, output.stderr].concat();
        let log = String::from_utf8_lossy(&log).into_owned();
        return Err(Error::NotReady { program: INSTALL.name, log });
    }
    match fs::rename(&data, &template) {
        // Somebody was faster, whose files are as good.
        Err(_) if template.exists() => Ok(template),
        moved => Ok(moved.map(|()| template)?),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
