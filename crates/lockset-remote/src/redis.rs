//! Leases kept by one Redis server, 6.2 or later.
//!
//! Two keys a lock, in one cluster slot, both with an expiry, so nothing is left behind:
//!
//! | key | value | lasts |
//! |---|---|---|
//! | `lockset:{NAME}:lease` | the request id that holds the lock | the TTL |
//! | `lockset:{NAME}:fence` | the latest fence | the TTL and a day |
//!
//! A fence is the greater of the last one plus one and the server's time in microseconds. So it
//! rises with every grant, and also across a restart that lost all data, as long as the server's
//! clock is not set back by more than it was down.
//!
//! A server that fails over to a replica may have forgotten the latest grants: one Redis server is
//! for work that two may do at worst, or whose resource checks the fence.

mod connection;

use std::time::Duration;

use lockset_api::{Error, ErrorKind, Fence, Name};
use redis::Script;

use crate::Request;
use crate::pauses::Pauses;
use crate::store::{Attempt, LeaseStore, Op, Renewed, StoreError, Withdrawn};
use connection::Connection;

/// The leases of one Redis server.
#[derive(Debug)]
pub struct Redis {
    label: String,
    connection: Connection,
    attempt: Script,
    renew: Script,
    release: Script,
}

/// Grants the lock if nobody has it; says for how much longer somebody has it otherwise. Asked once
/// more by the same request, which has lost the answer, it answers the same.
const ATTEMPT: &str = "
    local held = redis.call('PTTL', KEYS[1])
    if held ~= -2 then
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {0, held} end
        return {1, tonumber(redis.call('GET', KEYS[2]))}
    end
    local time = redis.call('TIME')
    local fence = time[1] * 1000000 + time[2]
    local last = redis.call('GET', KEYS[2])
    if last and fence <= tonumber(last) then fence = last + 1 end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    redis.call('SET', KEYS[2], string.format('%.0f', fence), 'PX', ARGV[3])
    return {1, fence}";

const RENEW: &str = "
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

const RELEASE: &str = "
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    return redis.call('DEL', KEYS[1])";

/// How long a fence is remembered after the lease it came with. By then the server's clock alone
/// is far ahead of it.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// The first pause between two attempts, and the longest, to which it doubles: some round trips at
/// first, and at most ten commands a second for a waiter.
const PAUSES: Pauses =
    Pauses { first: Duration::from_millis(5), longest: Duration::from_millis(100) };

impl Redis {
    /// The server at `url`, such as `redis://:password@host:6379/0`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if that is not the URL of a Redis server.
    pub fn new(url: &str) -> Result<Self, Error> {
        let client = redis::Client::open(url).map_err(|error| {
            Error::new(ErrorKind::Config, "not the URL of a Redis server").with_source(error)
        })?;
        let label = format!("redis://{}", client.get_connection_info().addr());
        let connection = Connection::new(client);
        let [attempt, renew, release] = [ATTEMPT, RENEW, RELEASE].map(Script::new);
        Ok(Self { label, connection, attempt, renew, release })
    }
}

impl LeaseStore for Redis {
    fn label(&self) -> &str {
        &self.label
    }

    fn check(&self, name: &Name) -> Result<(), Error> {
        // The name is the keys' hash tag, and one that starts with a brace would be an empty tag:
        // a cluster would put the two keys into different slots.
        if name.as_str().starts_with('}') {
            let why = "a lock kept by Redis cannot have a name that starts with '}'";
            return Err(Error::new(ErrorKind::InvalidName, why).with_lock(name));
        }
        Ok(())
    }

    fn attempt<'a>(&'a self, request: &'a Request) -> Op<'a, Attempt> {
        Box::pin(async move {
            let mut call = self.attempt.key(lease_key(&request.name));
            call.key(format!("lockset:{{{}}}:fence", request.name));
            call.arg(request.id.to_string()).arg(millis(request.ttl));
            call.arg(millis(request.ttl + REMEMBERED));
            let (granted, number): (bool, i64) = self.connection.run(&call).await?.value;
            if granted {
                return Ok(Attempt::Granted(Fence::new(number.cast_unsigned())));
            }
            // Negative: a key without an expiry is not one of ours, and may stay for ever.
            let held = u64::try_from(number).map_err(|_| {
                let key = lease_key(&request.name);
                StoreError::refused(format!("the key {key:?} is not a lease: it has no expiry"))
            })?;
            Ok(Attempt::Busy { held: Duration::from_millis(held) })
        })
    }

    fn wait<'a>(&'a self, _: &'a Request, round: u32, held: Duration) -> Op<'a, ()> {
        PAUSES.wait(round, held)
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            let mut call = self.renew.key(lease_key(&request.name));
            call.arg(request.id.to_string()).arg(millis(request.ttl));
            let renewed: bool = self.connection.run(&call).await?.value;
            Ok(if renewed { Renewed::Yes } else { Renewed::Gone })
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async move {
            let mut call = self.release.key(lease_key(&request.name));
            call.arg(request.id.to_string());
            let answer = self.connection.run::<bool>(&call).await?;
            match (answer.value, answer.repeated) {
                (true, _) => Ok(Withdrawn::Freed),
                (false, false) => Ok(Withdrawn::NotHeld),
                // It may have been freed by the first call, whose answer was lost.
                (false, true) => Err(StoreError::interrupted("the connection broke")),
            }
        })
    }
}

fn lease_key(name: &Name) -> String {
    format!("lockset:{{{name}}}:lease")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
