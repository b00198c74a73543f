//! A pooler in front of a PostgreSQL server.

use std::fs;
use std::net::SocketAddr;

use super::ask::ask;
use super::{Postgres, install};
use crate::Error;
use crate::port::on_free_ports;
use crate::supervised::{Program, Supervised, find};

const PROGRAM: Program = Program { name: "pgbouncer", package: "pgbouncer" };

/// A PgBouncer on a free loopback port, in front of a [`Postgres`]; it ends with this value or with
/// this process.
#[derive(Debug)]
pub struct PgBouncer {
    #[expect(dead_code, reason = "the pooler ends with it")]
    process: Supervised,
    addr: SocketAddr,
}

impl PgBouncer {
    /// Starts one with this `pool_mode`: `session`, `transaction` or `statement`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if PgBouncer is not installed, and as [`Postgres::start`].
    pub fn start(server: &Postgres, pool_mode: &str) -> Result<Self, Error> {
        on_free_ports(|[addr]| Self::start_at(addr, server, pool_mode))
    }

    fn start_at(addr: SocketAddr, server: &Postgres, pool_mode: &str) -> Result<Self, Error> {
        let program = find(PROGRAM)?;
        let process = Supervised::start_as(PROGRAM, |dir| {
            let mut command = install::prefix(dir)?;
            let (config, users) = (dir.join("config.ini"), dir.join("users.txt"));
            fs::write(&users, "\"postgres\" \"\"\n")?;
            let text = format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr=127.0.0.1\n\
                 listen_port={}\nunix_socket_dir=\nauth_type=trust\nauth_file={}\n\
                 pool_mode={pool_mode}\n",
                server.addr().port(),
                addr.port(),
                users.display(),
            );
            fs::write(&config, text)?;
            command.extend([program.into(), config.into()]);
            Ok(command)
        })?;
        // It answers for its server, which is ours; a stranger's would not.
        let data = server.dir().join("data").display().to_string();
        let is_ours = |rows: Vec<Vec<String>>| rows == [[&*data]];
        process.wait_ready(|| ask(addr, "SHOW data_directory").is_ok_and(is_ours))?;
        Ok(Self { process, addr })
    }

    /// The URL for a client: `postgres://postgres@127.0.0.1:PORT/postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.addr)
    }
}
