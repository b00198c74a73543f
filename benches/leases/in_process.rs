//! Measures a lock of Rust's: a thread for each contender, with a runtime of that one thread.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::block_on;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, yield_now};

use crate::holds::Hold;
use crate::rival::{Figure, Measured, Rival};

pub(crate) struct InProcess<R> {
    url: String,
    rival: PhantomData<R>,
}

impl<R> InProcess<R> {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), rival: PhantomData }
    }
}

impl<R: Rival> Measured for InProcess<R> {
    fn pairs(&mut self, name: &str, count: usize) -> Figure<Vec<f64>> {
        run::<R, _>(async {
            let rival = warm::<R>(&self.url, name).await;
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                let start = Instant::now();
                pair(&rival).await;
                times.push(start.elapsed().as_secs_f64());
            }
            Ok(times)
        })
    }

    fn spells(
        &mut self,
        name: &str,
        spans: &[Duration],
        before: &mut dyn FnMut(usize),
    ) -> Figure<Vec<Vec<f64>>> {
        run::<R, _>(async {
            let rival = warm::<R>(&self.url, name).await;
            let mut spells = Vec::new();
            for (nth, span) in spans.iter().enumerate() {
                before(nth);
                let (mut times, begin) = (Vec::new(), Instant::now());
                while begin.elapsed() < *span {
                    let start = Instant::now();
                    pair(&rival).await;
                    times.push(start.elapsed().as_secs_f64());
                }
                spells.push(times);
            }
            Ok(spells)
        })
    }

    fn hand_overs(&mut self, name: &str, pauses: &[Duration]) -> Figure<Vec<f64>> {
        let url = &self.url;
        let (order, orders) = channel();
        let (answer, answers) = channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                run::<R, _>(async {
                    let waiter = warm::<R>(url, name).await;
                    answer.send(Instant::now()).expect("the holder listens");
                    while orders.recv().is_ok() {
                        let held = waiter.lock().await;
                        let acquired = Instant::now();
                        waiter.unlock(held).await;
                        answer.send(acquired).expect("the holder listens");
                    }
                });
            });
            run::<R, _>(async {
                answers.recv().expect("the waiter is warm");
                let holder = warm::<R>(url, name).await;
                let mut times = Vec::new();
                for pause in pauses {
                    let held = holder.lock().await;
                    order.send(()).expect("the waiter listens");
                    rest::<R>(*pause).await;
                    let released = Instant::now();
                    holder.unlock(held).await;
                    let acquired = answers.recv().expect("the waiter gets it");
                    times.push((acquired - released).as_secs_f64());
                }
                drop(order);
                Ok(times)
            })
        })
    }

    fn race(&mut self, name: &str, contenders: usize, span: Duration) -> Figure<Vec<Hold>> {
        let url = &self.url;
        // One after the other, so that no warm-up waits for another.
        let (warming, begin) = (&Mutex::new(()), &Barrier::new(contenders));
        let origin = Instant::now();
        let now = move || u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let contend = move |contender| async move {
            let rival = {
                let _turn = warming.lock();
                warm::<R>(url, name).await
            };
            begin.wait();
            let (mut holds, start) = (Vec::new(), Instant::now());
            while start.elapsed() < span {
                let asked = now();
                let held = rival.lock().await;
                let acquired = now();
                let released = now();
                rival.unlock(held).await;
                holds.push(Hold { contender, asked, acquired, released });
            }
            holds
        };
        thread::scope(|scope| {
            let run = |contender| scope.spawn(move || run::<R, _>(contend(contender)));
            let threads: Vec<_> = (0..contenders).map(run).collect();
            Ok(threads.into_iter().flat_map(|one| one.join().expect("no rival panics")).collect())
        })
    }

    fn tasks(&mut self, name: &str, tasks: usize, span: Duration) -> Figure<f64> {
        let local = LocalSet::new();
        local.block_on(&runtime(), async {
            let first = warm::<R>(&self.url, name).await;
            let (pairs, start) = (Rc::new(Cell::new(0_u64)), Instant::now());
            let work = |nth| {
                let rival = first.another(&format!("{name}-{nth}")).expect("it shares");
                let pairs = Rc::clone(&pairs);
                async move {
                    while start.elapsed() < span {
                        pair(&rival).await;
                        pairs.set(pairs.get() + 1);
                        // One whose answers are there at once would not let the others begin.
                        yield_now().await;
                    }
                }
            };
            let tasks: Vec<_> = (0..tasks).map(|nth| local.spawn_local(work(nth))).collect();
            for task in tasks {
                task.await.map_err(|error| error.to_string())?;
            }
            Ok(pairs.get() as f64 / start.elapsed().as_secs_f64())
        })
    }
}

/// A blocking call has no runtime around it, as in a program that has none.
fn run<R: Rival, T>(work: impl Future<Output = T>) -> T {
    if R::KIND.blocks { block_on(work) } else { runtime().block_on(work) }
}

async fn rest<R: Rival>(pause: Duration) {
    if R::KIND.blocks { thread::sleep(pause) } else { tokio::time::sleep(pause).await }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// One whose connection has been made, and whose scripts the server knows.
async fn warm<R: Rival>(url: &str, name: &str) -> R {
    let rival = R::open(url, name).await;
    pair(&rival).await;
    rival
}

async fn pair<R: Rival>(rival: &R) {
    let held = rival.lock().await;
    rival.unlock(held).await;
}
