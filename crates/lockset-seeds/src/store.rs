//! A master, as a store of the engine's.

use std::time::Duration;

use lockset_api::{Fence, Name};
use lockset_remote::{
    Attempt, Enrolled, Grant, LeaseStore, Memory, Op, Raised, Renewed, Request, StoreError, Wake,
    Withdrawn,
};

use crate::card::{Broken, Tray};
use crate::time::now;
use crate::wire::{Answer, Question, line, parse};

/// One master, from one process.
pub(crate) struct Store {
    pub(crate) host: String,
    pub(crate) tray: Tray,
    pub(crate) has_lines: bool,
}

impl Store {
    async fn ask(&self, question: Question) -> Result<Answer, StoreError> {
        let reply = self.tray.ask(self.host.clone(), line(&question)).await;
        let text = reply.map_err(|broken| match broken {
            Broken::Unreachable => StoreError::unreachable("no connection"),
            Broken::Interrupted => StoreError::interrupted("no answer"),
        })?;
        parse(&text).ok_or_else(|| StoreError::refused("it makes no sense"))
    }
}

fn name_of(request: &Request) -> String {
    request.names.iter().map(Name::as_str).collect()
}

fn senseless<T>(answer: Answer) -> Result<T, StoreError> {
    Err(StoreError::refused(format!("{answer:?} is no answer")))
}

impl LeaseStore for Store {
    fn label(&self) -> &str {
        &self.host
    }

    fn attempt<'a>(&'a self, request: &'a Request, patience: Duration) -> Op<'a, Attempt> {
        Box::pin(async move {
            let floor = request.floor.map_or(0, Fence::value);
            let (id, lock) = (request.id.to_string(), name_of(request));
            let question = Question::Attempt { id, lock, ttl: request.ttl, floor, patience };
            Ok(match self.ask(question).await? {
                Answer::Granted { fence } => Attempt::Granted(Fence::new(fence)),
                Answer::Busy { held } => Attempt::Busy { held },
                Answer::Queued { held } => Attempt::Queued { held },
                Answer::Stranger => Attempt::Stranger,
                answer => return senseless(answer),
            })
        })
    }

    fn wait<'a>(&'a self, request: &'a Request, _: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            debug_assert!(self.has_lines, "nobody waits here");
            let (id, lock) = (request.id.to_string(), name_of(request));
            let asked = now();
            let news = self.ask(Question::Wait { id: id.clone(), lock: lock.clone() });
            let Ok(news) = tokio::time::timeout(held, news).await else { return Ok(Wake::Retry) };
            match news? {
                Answer::Granted { fence } => {
                    let fence = Fence::new(fence);
                    if now() - asked < request.ttl / 10 {
                        return Ok(Wake::Granted(Grant::new(fence, asked)));
                    }
                    // When it was granted is not known: so it is renewed, which is.
                    let renewed = now();
                    let renewal = Question::Renew { id, lock, ttl: request.ttl };
                    let answer = tokio::time::timeout(request.ttl / 5, self.ask(renewal)).await;
                    Ok(match answer {
                        Ok(Ok(Answer::Yes)) => Wake::Granted(Grant::new(fence, renewed)),
                        _ => Wake::Retry,
                    })
                }
                Answer::Retry => Ok(Wake::Retry),
                answer => senseless(answer),
            }
        })
    }

    fn renew<'a>(&'a self, request: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async move {
            let (id, lock) = (request.id.to_string(), name_of(request));
            Ok(match self.ask(Question::Renew { id, lock, ttl: request.ttl }).await? {
                Answer::Yes => Renewed::Yes,
                Answer::No => Renewed::Gone,
                answer => return senseless(answer),
            })
        })
    }

    fn release<'a>(&'a self, request: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async move {
            let (id, lock) = (request.id.to_string(), name_of(request));
            Ok(match self.ask(Question::Release { id, lock }).await? {
                Answer::Yes => Withdrawn::Freed,
                Answer::No => Withdrawn::NotHeld,
                answer => return senseless(answer),
            })
        })
    }

    fn raise<'a>(&'a self, request: &'a Request, fence: Fence) -> Op<'a, Raised> {
        Box::pin(async move {
            let (id, lock) = (request.id.to_string(), name_of(request));
            Ok(match self.ask(Question::Raise { id, lock, fence: fence.value() }).await? {
                Answer::Yes => Raised::Yes,
                Answer::No => Raised::No,
                answer => return senseless(answer),
            })
        })
    }

    fn recall(&self) -> Op<'_, Option<Memory>> {
        Box::pin(async move {
            Ok(match self.ask(Question::Recall).await? {
                Answer::Memory { top, longest } => Some(Memory::new(Fence::new(top), longest)),
                Answer::Stranger => None,
                answer => return senseless(answer),
            })
        })
    }

    fn enroll(&self, abstinence: Duration, memory: Memory) -> Op<'_, Enrolled> {
        Box::pin(async move {
            let (top, longest) = (memory.top.value(), memory.longest);
            Ok(match self.ask(Question::Enroll { abstinence, top, longest }).await? {
                Answer::Yes => Enrolled::Yes,
                Answer::In(left) => Enrolled::In(left),
                answer => return senseless(answer),
            })
        })
    }
}
