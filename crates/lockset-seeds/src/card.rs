//! The network card of a process, and its kernel: what goes on while the process is stopped.
//!
//! A process is no host of turmoil's, which could not be stopped: it has a runtime of its own, and
//! a host that does nothing but send and receive for it. What either has for the other is in its
//! [`Tray`], and goes over between two steps.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use turmoil::net::TcpStream;

use crate::wire::PORT;

/// What a process has for its card.
pub(crate) enum Order {
    Ask { exchange: u64, host: String, text: String },
    HangUp { exchange: u64 },
}

/// What comes of an exchange.
pub(crate) type Reply = Result<String, Broken>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// There was no connection.
    Unreachable,
    /// There is no answer.
    Interrupted,
}

/// The process's end.
#[derive(Clone, Default)]
pub(crate) struct Tray(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    next: u64,
    orders: Vec<Order>,
    waiting: BTreeMap<u64, oneshot::Sender<Reply>>,
}

impl Tray {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a line, and waits for the one that comes back. Hangs up if it is dropped.
    pub(crate) async fn ask(&self, host: String, text: String) -> Reply {
        let (exchange, reply) = self.order(host, text);
        let _line = OpenLine { tray: self, exchange };
        reply.await.unwrap_or(Err(Broken::Interrupted))
    }

    fn order(&self, host: String, text: String) -> (u64, oneshot::Receiver<Reply>) {
        let (sender, reply) = oneshot::channel();
        let mut state = self.state();
        state.next += 1;
        let exchange = state.next;
        state.waiting.insert(exchange, sender);
        state.orders.push(Order::Ask { exchange, host, text });
        (exchange, reply)
    }

    pub(crate) fn orders(&self) -> Vec<Order> {
        core::mem::take(&mut self.state().orders)
    }

    pub(crate) fn deliver(&self, exchange: u64, reply: Reply) {
        let waiting = self.state().waiting.remove(&exchange);
        // Whoever asked may have hung up.
        drop(waiting.map(|waiting| waiting.send(reply)));
    }

    /// The process has been killed: what it has under way is hung up, and what it has not sent is
    /// not sent any more. The next life's exchanges have the same numbers.
    pub(crate) fn abandon(&self) -> Vec<Order> {
        let mut state = self.state();
        let open = core::mem::take(&mut state.waiting);
        let mut orders = core::mem::take(&mut state.orders);
        orders.retain(|order| matches!(order, Order::HangUp { .. }));
        orders.extend(open.into_keys().map(|exchange| Order::HangUp { exchange }));
        orders
    }
}

struct OpenLine<'a> {
    tray: &'a Tray,
    exchange: u64,
}

impl Drop for OpenLine<'_> {
    fn drop(&mut self) {
        let mut state = self.tray.state();
        // The reply takes it away.
        if state.waiting.remove(&self.exchange).is_some() {
            state.orders.push(Order::HangUp { exchange: self.exchange });
        }
    }
}

/// The simulation's end of a card.
pub(crate) struct Card {
    pub(crate) name: String,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) replies: Rc<RefCell<Vec<(u64, Reply)>>>,
}

impl Card {
    /// The card, and what it does on its host.
    pub(crate) fn new(name: String) -> (Self, impl Future<Output = turmoil::Result>) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let replies: Rc<RefCell<Vec<_>>> = Rc::default();
        let work = work(inbox, Rc::clone(&replies));
        (Self { name, orders, replies }, work)
    }
}

async fn work(
    mut orders: mpsc::UnboundedReceiver<Order>,
    replies: Rc<RefCell<Vec<(u64, Reply)>>>,
) -> turmoil::Result {
    let mut open: BTreeMap<u64, AbortHandle> = BTreeMap::new();
    let idle = Idle::default();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Ask { exchange, host, text } => {
                let (replies, idle) = (Rc::clone(&replies), Rc::clone(&idle));
                let task = tokio::task::spawn_local(async move {
                    let reply = converse(&idle, host, text).await;
                    replies.borrow_mut().push((exchange, reply));
                });
                open.retain(|_, task| !task.is_finished());
                open.insert(exchange, task.abort_handle());
            }
            Order::HangUp { exchange } => {
                open.remove(&exchange).inspect(AbortHandle::abort);
            }
        }
    }
    Ok(())
}

/// Connections that have no exchange under way, by whom they lead to.
type Idle = Rc<RefCell<BTreeMap<String, Vec<BufReader<TcpStream>>>>>;

/// One exchange, on an idle connection if there is one: what is sent on it is on its way at once,
/// and may come long after whoever sent it has hung up.
async fn converse(idle: &Idle, host: String, text: String) -> Reply {
    let open = idle.borrow_mut().get_mut(&host).and_then(Vec::pop);
    let mut stream = match open {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect((host.as_str(), PORT)).await;
            BufReader::new(stream.map_err(|_| Broken::Unreachable)?)
        }
    };
    let interrupted = |_| Broken::Interrupted;
    stream.write_all(text.as_bytes()).await.map_err(interrupted)?;
    let mut answer = String::new();
    stream.read_line(&mut answer).await.map_err(interrupted)?;
    if !answer.ends_with('\n') {
        return Err(Broken::Interrupted);
    }
    idle.borrow_mut().entry(host).or_default().push(stream);
    Ok(answer)
}
