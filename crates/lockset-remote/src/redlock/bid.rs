//! A request of the engine's, as one try to win a majority for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::Request;
use crate::store::{StoreError, Withdrawn};

/// Who stands for election, whether that is over, and which nodes have still to answer.
pub(super) struct Bid {
    pub(super) request: Arc<Request>,
    state: Mutex<State>,
    /// Wakes those who wait for the end.
    ended: Notify,
}

struct State {
    is_over: bool,
    attempts: Vec<Attempted>,
}

/// An attempt on one node.
enum Attempted {
    /// There is none that has not been answered.
    Answered,
    /// There is, and somebody waits for the answer.
    Asked,
    /// The same, and the bid is over. What the node has given back is told here.
    Late(oneshot::Sender<GivenBack>),
}

/// What became of what a node had granted.
pub(super) type GivenBack = Result<Withdrawn, StoreError>;

impl Bid {
    /// A bid of which so many nodes have not heard yet.
    pub(super) fn new(request: Request, nodes: usize) -> Self {
        let attempts = (0..nodes).map(|_| Attempted::Answered).collect();
        let state = Mutex::new(State { is_over: false, attempts });
        Self { request: Arc::new(request), state, ended: Notify::new() }
    }

    /// An attempt is being made on `node`.
    pub(super) fn ask(&self, node: usize) {
        self.state().attempts[node] = Attempted::Asked;
    }

    /// Whether an attempt on `node` has not been answered.
    pub(super) fn awaits(&self, node: usize) -> bool {
        !matches!(self.state().attempts[node], Attempted::Answered)
    }

    /// Whoever waits for the answer of `node` has it. If the bid is over, it is up to them to have
    /// given back what the node granted, and this is to be told of it.
    pub(super) fn answered(&self, node: usize) -> Option<oneshot::Sender<GivenBack>> {
        let mut state = self.state();
        match core::mem::replace(&mut state.attempts[node], Attempted::Answered) {
            Attempted::Late(told) => Some(told),
            // Asked when it was over already: nobody wants to be told.
            _ => state.is_over.then(|| oneshot::channel().0),
        }
    }

    /// Ends it. Nodes that have answered can be told now to give back what they have granted; for
    /// each of the others, here comes what it has given back.
    pub(super) fn end(&self) -> Vec<Option<oneshot::Receiver<GivenBack>>> {
        let mut state = self.state();
        state.is_over = true;
        let late = |attempt: &mut Attempted| {
            if matches!(attempt, Attempted::Answered) {
                return None;
            }
            let (tell, told) = oneshot::channel();
            *attempt = Attempted::Late(tell);
            Some(told)
        };
        let late = state.attempts.iter_mut().map(late).collect();
        drop(state);
        self.ended.notify_waiters();
        late
    }

    /// Resolves when it is over.
    pub(super) async fn over(&self) {
        // Before the look: it hears of an end from here on.
        let ended = self.ended.notified();
        if !self.state().is_over {
            ended.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
