//! A script with its keys and arguments: what is sent.

use lockset_api::Name;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, Script, ServerErrorKind, ToRedisArgs};

/// A call of a script for some locks.
pub(super) struct Call<'a> {
    script: &'a Script,
    command: Cmd,
}

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Plain,
    /// Of a node that has not yet got all keys of the slot, and that will not answer otherwise.
    Asking,
}

impl<'a> Call<'a> {
    /// A call that needs no more than the holders of these locks.
    pub(super) fn of_holders(script: &'a Script, names: &[Name]) -> Self {
        let mut command = Cmd::with_capacity(6, 256);
        command.arg("EVALSHA").arg(script.get_hash()).arg(names.len());
        names.iter().for_each(|name| _ = command.arg(key(name)));
        Self { script, command }
    }

    pub(super) fn new(script: &'a Script, names: &[Name]) -> Self {
        // For the longest of them with one name of usual length: more is no error, but costs more.
        let mut command = Cmd::with_capacity(13, 512);
        command.arg("EVALSHA").arg(script.get_hash()).arg(names.len() * 3);
        for name in names {
            let mut key = key(name);
            let lock = key.len();
            command.arg(&key);
            for part in [":queue", ":waiters"] {
                key.truncate(lock);
                key.push_str(part);
                command.arg(&key);
            }
        }
        Self { script, command }
    }

    pub(super) fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.command.arg(arg);
        self
    }

    /// Runs it, loading the script first where the server does not know it yet.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        manner: Manner,
    ) -> RedisResult<T> {
        match self.run_once(connection, manner).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                // Boxed, since it is seldom: it need not be part of every call.
                Box::pin(self.script.load_async(connection)).await?;
                self.run_once(connection, manner).await
            }
            answer => answer,
        }
    }

    async fn run_once<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        manner: Manner,
    ) -> RedisResult<T> {
        match manner {
            Manner::Plain => self.command.query_async(connection).await,
            Manner::Asking => {
                // In one piece: it is for the next command on the connection, whosever that is.
                let mut both = redis::pipe();
                both.cmd("ASKING").ignore().add_command(self.command.clone());
                let (answer,) = Box::pin(both.query_async(connection)).await?;
                Ok(answer)
            }
        }
    }
}

/// The key of a lock. What stands in the braces decides in which slot of a cluster it is.
pub(super) fn key(name: &Name) -> String {
    // In one allocation, and by hand: it is done for every exchange.
    let mut key = String::with_capacity(name.as_str().len() + "lockset:{}:waiters".len());
    key.push_str("lockset:{");
    key.push_str(name.as_str());
    key.push('}');
    key
}
