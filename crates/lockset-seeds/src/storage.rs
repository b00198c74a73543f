//! The resource that the locks are for: it checks fences, as the shipped `Fenced` does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lockset_api::{Fence, Fenced};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use turmoil::net::{TcpListener, TcpStream};

use crate::history::{History, What};
use crate::wire::{Answer, PORT, Question, line, parse};

pub(crate) struct Storage {
    values: RefCell<BTreeMap<String, Fenced<u64>>>,
    history: History,
}

impl Storage {
    pub(crate) const NAME: &str = "storage";

    pub(crate) fn new(history: History) -> Rc<Self> {
        Rc::new(Self { values: RefCell::default(), history })
    }

    pub(crate) async fn serve(self: Rc<Self>) -> turmoil::Result {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let storage = Rc::clone(&self);
            // What becomes of one connection is no business of the others.
            tokio::task::spawn_local(async move { storage.converse(stream).await });
        }
    }

    async fn converse(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut text = String::new();
            stream.read_line(&mut text).await.ok()?;
            let answer = self.answer(parse(&text)?)?;
            stream.write_all(line(&answer).as_bytes()).await.ok()?;
        }
    }

    fn answer(&self, question: Question) -> Option<Answer> {
        let Question::Write { lock, fence } = question else { return None };
        let accepted = {
            let mut values = self.values.borrow_mut();
            let value = values.entry(lock.clone()).or_insert_with(|| Fenced::new(0));
            value.write(Fence::new(fence), |writes| *writes += 1).is_ok()
        };
        self.history.add(Self::NAME, What::Write { lock, fence, accepted });
        Some(if accepted { Answer::Yes } else { Answer::No })
    }
}
