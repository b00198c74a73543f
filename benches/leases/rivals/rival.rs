//! What a lock has to do to be measured.

/// A lock as its library offers it, with the library's defaults and, where it can be set by itself,
/// a TTL of 10 s.
///
/// One that blocks its thread runs without a runtime, the others on one of a single thread.
#[expect(async_fn_in_trait, reason = "no runtime here moves tasks between threads")]
pub trait Rival: Sized + 'static {
    /// What there is to measure about it.
    const KIND: Kind;
    /// What is given back.
    type Held;

    /// The lock of this name, with a connection of its own; or with one to each master of a quorum.
    async fn open(url: &str, name: &str) -> Self;
    /// Another lock over the same connection; none where the library has no such thing.
    fn another(&self, name: &str) -> Option<Self>;
    /// Waits for the lock, however often the library gives up.
    async fn lock(&self) -> Self::Held;
    /// Gives it back.
    async fn unlock(&self, held: Self::Held);
}

/// The masters of a quorum, or the one server.
pub fn masters(url: &str) -> impl Iterator<Item = &str> {
    url.split(',')
}

/// What there is to measure about a lock.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each rival of this package says all of it")]
pub struct Kind {
    /// Whether it waits for a lock that is taken; one that does not has no hand-over.
    pub waits: bool,
    /// Whether several tasks can use one connection at a time.
    pub shares: bool,
    /// Whether its thread is blocked in each exchange.
    pub blocks: bool,
}

impl Kind {
    /// One for tasks.
    pub const ASYNC: Self = Self { waits: true, shares: true, blocks: false };
    /// One for threads.
    pub const BLOCKING: Self = Self { waits: true, shares: false, blocks: true };
}
