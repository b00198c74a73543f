//! A master: a table, a clock, and what answers on its port.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::Notify;
use tokio::time::timeout;
use turmoil::net::{TcpListener, TcpStream};

use crate::clock::Clock;
use crate::history::{History, What};
use crate::table::Table;
use crate::wire::{Answer, PATIENCE, PORT, Question, line, parse};

pub(crate) struct Master {
    pub(crate) name: String,
    pub(crate) table: RefCell<Table>,
    pub(crate) clock: Cell<Clock>,
    /// Somebody may have been handed a lock, or the clock has been set.
    changed: Notify,
    history: History,
}

impl Master {
    pub(crate) fn new(name: String, clock: Clock, table: Table, history: History) -> Rc<Self> {
        let (table, clock) = (RefCell::new(table), Cell::new(clock));
        Rc::new(Self { name, table, clock, changed: Notify::new(), history })
    }

    /// Sets the clock.
    pub(crate) fn set(&self, set: impl FnOnce(Duration) -> Duration) {
        let clock = self.clock.get();
        self.clock.set(Clock { offset: set(clock.offset), ..clock });
        self.changed.notify_waiters();
    }

    /// Answers whoever connects, until it crashes.
    pub(crate) async fn serve(self: Rc<Self>) -> turmoil::Result {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let master = Rc::clone(&self);
            // What becomes of one connection is no business of the others.
            tokio::task::spawn_local(async move { master.converse(stream).await });
        }
    }

    fn now(&self) -> Duration {
        self.clock.get().read(turmoil::sim_elapsed().unwrap_or_default())
    }

    async fn converse(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut text = String::new();
            timeout(PATIENCE, stream.read_line(&mut text)).await.ok()?.ok()?;
            let answer = self.answer(&mut stream, &parse(&text)?).await?;
            stream.write_all(line(&answer).as_bytes()).await.ok()?;
        }
    }

    /// The answer to a question; none if nobody waits for it any more.
    async fn answer(
        &self,
        stream: &mut BufReader<TcpStream>,
        question: &Question,
    ) -> Option<Answer> {
        let answer = match question {
            Question::Wait { id, lock } => self.wait(stream, lock, id).await,
            _ => Some(self.table.borrow_mut().answer(self.now(), question)),
        };
        self.changed.notify_waiters();
        let said = answer.as_ref().map_or("nobody listens".into(), |answer| format!("{answer:?}"));
        let what = What::Answered {
            question: question.told(&|id| self.history.name_of(id)),
            answer: said,
        };
        self.history.add(&self.name, what);
        answer
    }

    /// News for a waiter; none if it has gone.
    async fn wait(
        &self,
        stream: &mut BufReader<TcpStream>,
        lock: &str,
        id: &str,
    ) -> Option<Answer> {
        loop {
            let changed = self.changed.notified();
            let now = self.now();
            let news = self.table.borrow_mut().news(now, lock, id);
            if news.is_some() {
                return news;
            }
            let ends = self.table.borrow().ends(lock).unwrap_or(now + PATIENCE);
            let ended = self.clock.get().until(ends.saturating_sub(now));
            let mut gone = String::new();
            tokio::select! {
                biased;
                _ = stream.read_line(&mut gone) => {
                    self.table.borrow_mut().unlisten(self.now(), lock, id);
                    return None;
                }
                () = changed => {}
                () = crate::time::pass(ended) => {}
            }
        }
    }
}
