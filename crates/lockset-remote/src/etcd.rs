//! Leases kept by etcd, 3.4 or later.
mod claims;
mod connection;
mod endpoint;
mod fault;
mod flag;
mod held;
mod kept;
mod key;
mod line;
mod session;
mod status;
mod take;
mod url;
mod watching;

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockset_api::{Error, ErrorKind, Name};

use crate::store::{Attempt, LeaseStore, Op, Renewed, Status, Wake, Withdrawn};
use crate::{Mode, RemoteLease, Request};
use connection::Connection;
use kept::Kept;

pub use etcd_client;

/// The leases of one etcd, of however many servers.
pub struct Etcd {
    label: String,
    kept: Arc<Kept>,
}

impl Etcd {
    pub fn new(url: &str) -> Result<Self, Error> {
        let servers = url::parse(url)?;
        let label = servers.to_string();
        Ok(Self { label, kept: Arc::new(Kept::new(Connection::new(servers)?)) })
    }
}

impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the servers: they know the password.
        f.debug_struct("Etcd").field("label", &self.label).finish_non_exhaustive()
    }
}

impl LeaseStore for Etcd {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self, names: &[Name], _: Mode) -> Result<(), Error> {
        match names {
            [_] => Ok(()),
            _ => {
                let why = "a lock kept by etcd has one name";
                Err(Error::new(ErrorKind::Unsupported, why))
            }
        }
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(self.kept.attempt(request, patience))
    }

    fn wait<'a>(&'a self, request: &'a Request, round: u32, _: Duration) -> Op<'a, Wake> {
        Box::pin(self.kept.wait(request, round))
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(self.kept.renew(request))
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(self.kept.release(request))
    }

    fn inspect<'a>(&'a self, name: &'a Name) -> Op<'a, Status> {
        Box::pin(self.kept.inspect(name))
    }
}
