//! In a runtime, beside one, and without any: one queue for all.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use lockset_semaphore::Semaphore;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

fn of_one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn of_two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Returns once so many wait: they announce it themselves, in the queue.
fn until_waiting(semaphore: &Semaphore, number: usize) {
    while semaphore.waiting() != number {
        thread::yield_now();
    }
}

#[test]
fn so_many_tasks_at_once_and_no_more() {
    for runtime in [of_one_thread(), of_two_threads()] {
        let semaphore = Arc::new(Semaphore::new(3));
        let inside = Arc::new(AtomicUsize::new(0));
        let task = |semaphore: Arc<Semaphore>, inside: Arc<AtomicUsize>| async move {
            for _ in 0..100 {
                let _permit = semaphore.acquire_async(1).await.unwrap();
                // SeqCst: nothing here is fast.
                assert!(inside.fetch_add(1, SeqCst) < 3);
                yield_now().await;
                inside.fetch_sub(1, SeqCst);
            }
        };
        runtime.block_on(async {
            let start = |_| tokio::spawn(task(Arc::clone(&semaphore), Arc::clone(&inside)));
            for task in (0..20).map(start).collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
        assert_eq!((semaphore.available(), semaphore.waiting()), (3, 0));
    }
}

#[test]
fn a_timeout_of_the_runtime_takes_the_task_out_of_the_queue() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire(1).unwrap();
    of_one_thread().block_on(async {
        let wait = tokio::time::timeout(Duration::from_millis(1), semaphore.acquire_async(1));
        assert!(wait.await.is_err());
    });
    assert_eq!(semaphore.waiting(), 0);
    drop(held);
    assert_eq!(semaphore.available(), 1);
}

/// Nobody is left in the queue, nor blocked, when the runtime goes before its tasks have a permit.
#[test]
fn a_runtime_may_go_while_its_tasks_wait() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.acquire(1).unwrap();
    let runtime = of_two_threads();
    for _ in 0..5 {
        let semaphore = Arc::clone(&semaphore);
        runtime.spawn(async move { semaphore.acquire_async(1).await.map(drop) });
    }
    until_waiting(&semaphore, 5);
    drop(runtime);
    assert_eq!(semaphore.waiting(), 0);
    drop(held);
    assert_eq!(semaphore.available(), 1);
}

/// A thread, a task, a thread, a task: they are served in the order in which they came.
#[test]
fn threads_and_tasks_are_served_in_one_order() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.acquire(1).unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let runtime = of_one_thread();
    let mut threads = Vec::new();
    let mut tasks = Vec::new();
    for number in 0..6 {
        let (semaphore, order) = (Arc::clone(&semaphore), Arc::clone(&order));
        let queue = Arc::clone(&semaphore);
        if number % 2 == 0 {
            threads.push(thread::spawn(move || {
                let _permit = semaphore.acquire(1).unwrap();
                order.lock().unwrap().push(number);
            }));
            until_waiting(&queue, number + 1);
        } else {
            tasks.push(runtime.spawn(async move {
                let _permit = semaphore.acquire_async(1).await.unwrap();
                order.lock().unwrap().push(number);
            }));
            runtime.block_on(async {
                while queue.waiting() != number + 1 {
                    yield_now().await;
                }
            });
        }
    }
    drop(held);
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
}

/// Where tokio's own blocking verb panics, this one blocks, as everything that blocks does.
#[test]
fn a_blocking_acquire_inside_a_runtime_blocks() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.acquire_owned(1).unwrap();
    let waiter = Arc::clone(&semaphore);
    let blocked = thread::spawn(move || {
        of_one_thread().block_on(async { waiter.acquire(1).unwrap().count() })
    });
    until_waiting(&semaphore, 1);
    drop(held);
    assert_eq!(blocked.join().unwrap(), 1);
}
