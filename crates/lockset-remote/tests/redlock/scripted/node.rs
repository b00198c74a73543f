//! A node in memory.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use lockset_api::{Fence, Name};
use lockset_remote::{
    Attempt, LeaseStore, Op, Raised, Renewed, Request, RequestId, StoreError, Withdrawn,
};

pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Lets so much simulated time pass, which takes none.
pub(super) async fn pass(time: Duration) {
    tokio::time::sleep_until(tokio::time::Instant::now() + time).await;
}

#[derive(Clone)]
pub(super) struct Node {
    label: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    counter: u64,
    holder: Option<(RequestId, Instant)>,
    /// How long an exchange takes: half of it there, half back.
    delay: Duration,
    health: Health,
    raises: usize,
    /// So many will be refused.
    refusals: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Health {
    #[default]
    Well,
    /// It does what it is asked, and its answers are lost.
    Silent,
    /// What it is asked is lost.
    Deaf,
    /// It refuses connections.
    Down,
}

impl Node {
    pub(super) fn new(number: usize) -> Self {
        Self { label: format!("node {number}"), state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    pub(super) fn silence(&self) {
        self.state().health = Health::Silent;
    }

    pub(super) fn deafen(&self) {
        self.state().health = Health::Deaf;
    }

    pub(super) fn stop(&self) {
        self.state().health = Health::Down;
    }

    pub(super) fn heal(&self) {
        self.state().health = Health::Well;
    }

    pub(super) fn count_from(&self, counter: u64) {
        self.state().counter = counter;
    }

    pub(super) fn counter(&self) -> u64 {
        self.state().counter
    }

    pub(super) fn raises(&self) -> usize {
        self.state().raises
    }

    pub(super) fn refuse_raises(&self, count: usize) {
        self.state().refusals = count;
    }

    pub(super) fn holder(&self) -> Option<RequestId> {
        self.state().holder().map(|(id, _)| id)
    }

    pub(super) fn forget_holder(&self) {
        self.state().holder = None;
    }

    /// Has a stranger hold it.
    pub(super) fn take(&self, time: Duration) {
        let stranger = Request::new(Name::new("job").unwrap(), time).unwrap();
        self.state().holder = Some((stranger.id, now() + time));
    }

    fn exchange<'a, T: Send + 'a>(
        &'a self,
        act: impl FnOnce(&mut State) -> T + Send + 'a,
    ) -> Op<'a, T> {
        Box::pin(async move {
            let delay = self.state().delay;
            pass(delay / 2).await;
            let health = self.state().health;
            let answer = match health {
                Health::Well => act(&mut self.state()),
                Health::Silent => {
                    act(&mut self.state());
                    core::future::pending().await
                }
                Health::Deaf => core::future::pending().await,
                Health::Down => return Err(StoreError::unreachable("down")),
            };
            pass(delay / 2).await;
            Ok(answer)
        })
    }
}

impl State {
    fn holder(&self) -> Option<(RequestId, Instant)> {
        self.holder.filter(|(_, until)| *until > now())
    }

    fn is_held_by(&self, id: RequestId) -> bool {
        self.holder().is_some_and(|(holder, _)| holder == id)
    }
}

impl LeaseStore for Node {
    fn label(&self) -> &str {
        &self.label
    }

    fn attempt<'a>(&'a self, request: &'a Request, _: Duration) -> Op<'a, Attempt> {
        self.exchange(|state| {
            if let Some((_, until)) = state.holder() {
                return Attempt::Busy { held: until - now() };
            }
            let floor = request.floor.expect("a quorum asks").value();
            state.counter = floor.max(state.counter + 1);
            state.holder = Some((request.id, now() + request.ttl));
            Attempt::Granted(Fence::new(state.counter))
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        self.exchange(|state| {
            if !state.is_held_by(request.id) {
                return Renewed::Gone;
            }
            state.holder = Some((request.id, now() + request.ttl));
            Renewed::Yes
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        self.exchange(|state| {
            if !state.is_held_by(request.id) {
                return Withdrawn::NotHeld;
            }
            state.holder = None;
            Withdrawn::Freed
        })
    }

    fn raise<'a>(&'a self, request: &'a Request, fence: Fence) -> Op<'a, Raised> {
        self.exchange(move |state| {
            state.raises += 1;
            if state.refusals > 0 {
                state.refusals -= 1;
                return Raised::No;
            }
            if !state.is_held_by(request.id) || state.counter > fence.value() {
                return Raised::No;
            }
            state.counter = fence.value();
            Raised::Yes
        })
    }
}
