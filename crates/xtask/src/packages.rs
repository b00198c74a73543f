//! The system's packages that the tests or the benchmarks need: named, and installed where that is
//! possible.
//!
//! A test whose server is missing fails; it is never skipped. So the servers are made sure of
//! before the first test runs, instead of in a list of instructions that nobody has read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::process::{is_installed, run};

/// What is needed, and the Debian package that brings it.
pub(crate) struct Requirement {
    package: &'static str,
    what: Needed,
}

enum Needed {
    /// A program in `PATH`.
    Program(&'static str),
    /// PostgreSQL, whose programs are in `PATH` or in a directory of their version's.
    Postgres,
    /// A file at a place of its own.
    File(&'static str),
    /// A module of Debian's Python, which need not be the first in `PATH`.
    PythonModule(&'static str),
}

/// To build everything, the clients of all backends among them.
pub(crate) const FOR_BUILDS: &[Requirement] = &[
    Requirement { package: "protobuf-compiler", what: Needed::Program("protoc") },
    Requirement {
        package: "libprotobuf-dev",
        what: Needed::File("/usr/include/google/protobuf/descriptor.proto"),
    },
];

/// The server that the quick comparison does with.
pub(crate) const REDIS: &[Requirement] =
    &[Requirement { package: "redis-server", what: Needed::Program("redis-server") }];

/// One of each kind of server that keeps leases.
pub(crate) const SERVERS: &[Requirement] = &[
    Requirement { package: "etcd-server", what: Needed::Program("etcd") },
    Requirement { package: "redis-server", what: Needed::Program("redis-server") },
    Requirement { package: "mariadb-server", what: Needed::Program("mariadbd") },
    Requirement { package: "zookeeper", what: Needed::File("/usr/share/java/zookeeper.jar") },
    Requirement { package: "postgresql", what: Needed::Postgres },
];

/// What the tests need besides [`SERVERS`].
pub(crate) const FOR_TESTS: &[Requirement] = &[
    Requirement { package: "openssl", what: Needed::Program("openssl") },
    Requirement { package: "pgbouncer", what: Needed::Program("pgbouncer") },
    Requirement {
        package: "chromium-headless-shell",
        what: Needed::Program("chromium-headless-shell"),
    },
    Requirement { package: "python3-filelock", what: Needed::PythonModule("filelock") },
];

/// What counts instructions.
pub(crate) const FOR_INSTRUCTIONS: &[Requirement] =
    &[Requirement { package: "valgrind", what: Needed::Program("valgrind") }];

/// A server, what bounds it, and the languages of some rivals.
pub(crate) const FOR_LEASES: &[Requirement] = &[
    Requirement { package: "redis-server", what: Needed::Program("redis-server") },
    Requirement { package: "redis-tools", what: Needed::Program("redis-benchmark") },
    Requirement { package: "python3-pip", what: Needed::PythonModule("pip") },
    Requirement { package: "nodejs", what: Needed::Program("node") },
    Requirement { package: "npm", what: Needed::Program("npm") },
];

/// Installs what is missing, or says how to.
pub(crate) fn ensure(requirements: &[Requirement]) -> Result<()> {
    let missing_now = || missing(requirements);
    let missing = missing_now();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    let install = format!("apt-get update && apt-get install -y --no-install-recommends {list}");
    println!("These packages are needed: {list}\nTo install them: {install}");

    let Some(prefix) = privilege().filter(|_| is_installed("apt-get")) else {
        return Err(format!("packages are missing; please run: sudo sh -c '{install}'").into());
    };
    let apt = |args: &[&str]| {
        let mut words = prefix.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        let program = words.next().unwrap_or(&"env");
        run(Command::new(program).args(words).args(args))
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())?;

    let missing = missing_now();
    if !missing.is_empty() {
        return Err(format!("installed, but not to be found: {}", missing.join(" ")).into());
    }
    Ok(())
}

fn missing(requirements: &[Requirement]) -> Vec<&'static str> {
    let missing = requirements.iter().filter(|needed| !needed.what.is_there());
    missing.map(|needed| needed.package).collect()
}

impl Needed {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(program) => is_installed(program),
            Self::Postgres => {
                let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
                let mut programs = versions.map(|version| version.path().join("bin/postgres"));
                is_installed("postgres") || programs.any(|program| program.is_file())
            }
            Self::File(path) => Path::new(path).is_file(),
            Self::PythonModule(module) => {
                let import = format!("import {module}");
                let mut pythons = ["python3", "/usr/bin/python3"].into_iter();
                pythons.any(|python| succeeds(Command::new(python).args(["-c", &import])))
            }
        }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// What to put before a command to run it as root without being asked anything, if that works.
fn privilege() -> Option<&'static [&'static str]> {
    if succeeds(Command::new("sh").args(["-c", "test $(id -u) = 0"])) {
        Some(&[])
    } else if succeeds(Command::new("sudo").args(["-n", "true"])) {
        Some(&["sudo", "-n"])
    } else {
        None
    }
}
