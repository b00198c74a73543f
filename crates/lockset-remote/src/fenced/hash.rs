//! A value in Redis that refuses a stale fence.

use core::fmt;
use std::time::Duration;

use ::redis::{ConnectionLike, RedisError, Script, ScriptInvocation, aio};
use lockset_api::{Error, ErrorKind, Fence, StaleFence};

/// A value in Redis that keeps the fence of whoever wrote it last, and refuses a lower one.
///
/// It is one hash, so value and fence are in one slot of a cluster, and are evicted, expire and are
/// removed together:
///
/// | field | |
/// |---|---|
/// | `value` | what was written last: read it with `HGET KEY value` |
/// | `fence` | the fence it was written with, in decimal |
///
/// The connection is yours: any of the crate `redis`, blocking or not. A write is one script, and
/// one round trip.
///
/// ```
/// use lockset_api::{ErrorKind, Fence};
/// use lockset_remote::fenced::FencedHash;
///
/// # let server = testbed::Redis::start()?;
/// # let mut connection = redis::Client::open(server.url())?.get_connection()?;
/// let report = FencedHash::new("report");
/// report.set(&mut connection, Fence::new(34), "by the newer holder")?;
/// // The holder before, paused until now, comes too late.
/// let refused = report.set(&mut connection, Fence::new(33), "too late").unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Lost);
///
/// let kept: String = redis::cmd("HGET").arg("report").arg("value").query(&mut connection)?;
/// assert_eq!(kept, "by the newer holder");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it relies on
///
/// - **The key stays** for longer than any holder may be late. So it has no expiry, unless
///   [`kept_for`](Self::kept_for) says so, and a value is removed by [`clear`](Self::clear), which
///   leaves the fence. `DEL` forgets it.
/// - **The server remembers.** After a restart without its data, or a failover to a replica that
///   lagged behind, an old fence may be the newest it knows. And where `maxmemory-policy` is one of
///   the `allkeys` ones, it may evict the key.
/// - **Everybody writes this way.** A bare `HSET` asks for no fence.
pub struct FencedHash {
    key: String,
    keep: Option<Duration>,
    script: Script,
}

/// How many milliseconds Redis can count to without fail. It is for ever, as locks go.
const LONGEST: u128 = 1 << 53;

impl FencedHash {
    /// The value at this key.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), keep: None, script: Script::new(include_str!("set.lua")) }
    }

    /// Lets value and fence expire together when nothing has been written for so long. **Whoever
    /// is later than that is not refused.** Choose days, not minutes: a suspended machine's
    /// process goes on where it was.
    #[must_use]
    pub fn kept_for(mut self, length: Duration) -> Self {
        self.keep = Some(length);
        self
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Writes `value`, as the holder of `fence`.
    ///
    /// # Errors
    ///
    /// [`Lost`](ErrorKind::Lost) if a newer holder has written: nothing was changed then, and the
    /// source is the [`StaleFence`]. [`Unavailable`](ErrorKind::Unavailable) if the server cannot
    /// be reached. [`Unknown`](ErrorKind::Unknown) if its answer was lost: the write may be
    /// repeated, since it is the same once more, or is refused if somebody newer came in between.
    /// [`Denied`](ErrorKind::Denied) if the server will not: the key is no hash, the disk is full.
    pub fn set(
        &self,
        connection: &mut dyn ConnectionLike,
        fence: Fence,
        value: impl AsRef<[u8]>,
    ) -> Result<(), Error> {
        self.judge(fence, self.call(fence).arg(value.as_ref()).invoke(connection))
    }

    /// Removes the value, as the holder of `fence`, and leaves the fence.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn clear(&self, connection: &mut dyn ConnectionLike, fence: Fence) -> Result<(), Error> {
        self.judge(fence, self.call(fence).invoke(connection))
    }

    /// [`set`](Self::set) for a task. Dropped before it is done, it may have written or not.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn set_async(
        &self,
        connection: &mut impl aio::ConnectionLike,
        fence: Fence,
        value: impl AsRef<[u8]>,
    ) -> Result<(), Error> {
        let mut call = self.call(fence);
        call.arg(value.as_ref());
        self.judge(fence, call.invoke_async(connection).await)
    }

    /// [`clear`](Self::clear) for a task. Dropped before it is done, it may have cleared or not.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn clear_async(
        &self,
        connection: &mut impl aio::ConnectionLike,
        fence: Fence,
    ) -> Result<(), Error> {
        self.judge(fence, self.call(fence).invoke_async(connection).await)
    }

    fn call(&self, fence: Fence) -> ScriptInvocation<'_> {
        let keep = self.keep.map_or(0, |keep| keep.as_millis().clamp(1, LONGEST));
        let mut call = self.script.prepare_invoke();
        call.key(&self.key).arg(fence.value()).arg(keep.to_string());
        call
    }

    fn judge(&self, fence: Fence, answer: Result<Option<u64>, RedisError>) -> Result<(), Error> {
        match answer {
            Ok(None) => Ok(()),
            Ok(Some(newest)) => Err(StaleFence::new(fence, Fence::new(newest)).into()),
            Err(error) => Err(self.explain(error)),
        }
    }

    fn explain(&self, error: RedisError) -> Error {
        let key = &self.key;
        let (kind, detail) = if error.is_connection_refusal() {
            (ErrorKind::Unavailable, format!("cannot write {key:?}: Redis cannot be reached"))
        } else if error.is_io_error() {
            (ErrorKind::Unknown, format!("Redis did not answer when asked to write {key:?}"))
        } else {
            (ErrorKind::Denied, format!("Redis refused to write {key:?}"))
        };
        Error::new(kind, detail).with_source(error)
    }
}

impl fmt::Debug for FencedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hash = f.debug_struct("FencedHash");
        hash.field("key", &self.key).field("keep", &self.keep).finish_non_exhaustive()
    }
}
