//! One connection, which is one session of the server's.

use mysql_async::{Conn, Error, Opts, Row, prelude::Queryable};
use tokio::runtime::Handle;

/// What every session is told first: nothing of how a server is set up may change what the
/// statements here mean, or end one that waits.
const SETUP: &str = "SET SESSION autocommit = 1, sql_mode = '', wait_timeout = 60 \
                     /*M! , max_statement_time = 0 */";

/// A session between two exchanges, with nothing outstanding.
///
/// An exchange consumes it, and returns it when all of the answer has come. So one whose exchange
/// failed, or was dropped on the way, is closed and never used again: nobody knows what it holds.
pub(super) struct Session(Option<Conn>);

impl Session {
    pub(super) async fn connect(opts: &Opts) -> Result<Self, Error> {
        let mut session = Self(Some(Conn::new(opts.clone()).await?));
        session.conn()?.query_drop(SETUP).await?;
        Ok(session)
    }

    /// The server's number for it.
    pub(super) fn id(&self) -> u32 {
        self.0.as_ref().map_or(0, Conn::id)
    }

    /// Has the server run the statements in `text`, and returns the last rows that come back.
    pub(super) async fn run(mut self, text: &str) -> Result<(Self, Vec<Row>), Error> {
        let mut answer = self.conn()?.query_iter(text).await?;
        let mut rows = answer.collect().await?;
        while !answer.is_empty() {
            rows = answer.collect().await?;
        }
        // An error of a later statement is not told before this, and looks like the end.
        answer.drop_result().await?;
        Ok((self, rows))
    }

    fn conn(&mut self) -> Result<&mut Conn, Error> {
        // It is only taken out when this is dropped.
        self.0.as_mut().ok_or(Error::Driver(mysql_async::DriverError::ConnectionClosed))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(conn) = self.0.take() else { return };
        // The client would first wait for the rest of an answer, for as long as a lock is waited
        // for. Outside of a runtime it just closes the socket, which says the same.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { drop(conn.disconnect().await) });
        }
    }
}
