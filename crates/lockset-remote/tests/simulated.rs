//! The engine in simulated time, to the millisecond: a runtime whose clock is paused and goes on
//! when all wait, and a server that fails when it is told to.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use lockset_api::{AsyncLock, Deadline, End, ErrorKind, Fence, Lease as _, Loss, Released};
use lockset_remote::{
    Attempt, Grant, LeaseStore, Locks, Op, RemoteLock, Renewal, Renewed, Request, StoreError, Wake,
    Withdrawn,
};
use tokio::runtime::{Builder, Handle};

/// What happened on the server, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    Grant,
    Renew,
    RenewFailed,
    Release,
}

/// A server that does as the script says, and grants what the script does not mention.
#[derive(Default)]
struct Scripted {
    attempts: Mutex<VecDeque<Attempt>>,
    wakes: Mutex<VecDeque<Wake>>,
    renewals: Mutex<VecDeque<Result<Renewed, ()>>>,
    did: Arc<Mutex<Vec<(Duration, Did)>>>,
    /// How long an attempt takes, and a renewal.
    delay: Duration,
    renewal_delay: Duration,
    started: Option<Instant>,
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Lets so much simulated time pass, which takes none.
async fn pass(time: Duration) {
    tokio::time::sleep_until(tokio::time::Instant::now() + time).await;
}

impl Scripted {
    fn note(&self, did: Did) {
        let at = now() - self.started.expect("started in the runtime");
        self.did.lock().unwrap().push((at, did));
    }
}

impl LeaseStore for Scripted {
    fn label(&self) -> &str {
        "scripted"
    }

    fn attempt<'a>(&'a self, _: &'a Request, _: Duration) -> Op<'a, Attempt> {
        Box::pin(async {
            pass(self.delay).await;
            let next = self.attempts.lock().unwrap().pop_front();
            let answer = next.unwrap_or(Attempt::Granted(Fence::new(1)));
            if matches!(answer, Attempt::Granted(_)) {
                self.note(Did::Grant);
            }
            Ok(answer)
        })
    }

    fn wait<'a>(&'a self, _: &'a Request, _: u32, held: Duration) -> Op<'a, Wake> {
        Box::pin(async move {
            pass(held).await;
            Ok(self.wakes.lock().unwrap().pop_front().unwrap_or(Wake::Retry))
        })
    }

    fn renew<'a>(&'a self, _: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async {
            pass(self.renewal_delay).await;
            match self.renewals.lock().unwrap().pop_front().unwrap_or(Ok(Renewed::Yes)) {
                Ok(answer) => {
                    self.note(Did::Renew);
                    Ok(answer)
                }
                Err(()) => {
                    self.note(Did::RenewFailed);
                    Err(StoreError::unreachable("as the script says"))
                }
            }
        })
    }

    fn release<'a>(&'a self, _: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async {
            self.note(Did::Release);
            Ok(Withdrawn::Freed)
        })
    }
}

const TTL: Duration = Duration::from_secs(10);
/// What is left of a TTL when the clocks' drift is allowed for.
const CERTAIN: Duration = Duration::from_millis(10_000 - 100 - 2);

type Log = Arc<Mutex<Vec<(Duration, Did)>>>;

/// Runs a test on a lock of this server, in simulated time.
fn simulate<F: Future<Output = ()>>(server: Scripted, test: impl FnOnce(RemoteLock, Log) -> F) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let server = Scripted { started: Some(now()), ..server };
        let did = Arc::clone(&server.did);
        let lock = Locks::on(&Handle::current(), server).lock("job").unwrap();
        test(lock.with_ttl(TTL).unwrap(), did).await;
    });
}

#[test]
fn a_lease_lasts_from_before_the_request_less_the_drift() {
    let delay = Duration::from_secs(2);
    simulate(Scripted { delay, ..Scripted::default() }, |lock, _| async move {
        let began = now();
        let lease = lock.with_renewal(Renewal::Never).lock_async().await.unwrap();
        assert_eq!(lease.remaining(), CERTAIN - delay);
        assert_eq!(lease.lost().await, End::Lost(Loss::Expired));
        // The timer's tick is a millisecond.
        let lasted = now() - began;
        assert!((CERTAIN..=CERTAIN + Duration::from_millis(1)).contains(&lasted), "{lasted:?}");
    });
}

#[test]
fn a_lease_is_renewed_each_third_of_its_ttl_up_to_its_ceiling() {
    simulate(Scripted::default(), |lock, did| async move {
        let lock = lock.with_renewal(Renewal::UpTo(TTL * 2));
        let lease = lock.lock_async().await.unwrap();
        assert_eq!(lease.lost().await, End::Lost(Loss::Expired));
        let renewals: Vec<_> = did
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, did)| *did == Did::Renew)
            .map(|(at, _)| at.as_millis() / 100)
            .collect();
        assert_eq!(renewals, [33, 66, 100, 133, 166], "each third, and none at the ceiling");
    });
}

#[test]
fn by_default_a_lease_is_carried_to_a_hundred_times_its_ttl() {
    simulate(Scripted::default(), |lock, _| async move {
        let began = now();
        let lease = lock.lock_async().await.unwrap();
        assert_eq!(lease.lost().await, End::Lost(Loss::Expired));
        let lasted = now() - began;
        assert!(lasted > TTL * 100 && lasted < TTL * 101, "{lasted:?}");
    });
}

#[test]
fn a_fault_on_the_way_is_no_loss_while_there_is_time() {
    let renewals = Mutex::new([Err(()), Err(()), Err(()), Ok(Renewed::Yes)].into());
    simulate(Scripted { renewals, ..Scripted::default() }, |lock, did| async move {
        let lease = lock.lock_async().await.unwrap();
        pass(TTL).await;
        assert!(!lease.lost().is_lost());
        let log = did.lock().unwrap().clone();
        let failed = log.iter().filter(|(_, did)| *did == Did::RenewFailed).count();
        assert_eq!(failed, 3, "{log:?}");
        assert!(!log.iter().any(|(_, did)| *did == Did::Release), "a failed renewal released");
        assert_eq!(lease.release_async().await.unwrap(), Released::InTime);
    });
}

/// A link on which several round trips fit into a TTL is no reason to lose a lease.
#[test]
fn a_renewal_that_takes_a_fifth_of_the_ttl_is_waited_for() {
    simulate(Scripted { renewal_delay: TTL / 5, ..Scripted::default() }, |lock, _| async move {
        let lease = lock.lock_async().await.unwrap();
        pass(TTL * 5).await;
        assert!(!lease.lost().is_lost());
    });
}

#[test]
fn renewals_are_tried_until_the_deadline_and_then_it_is_lost() {
    let renewals = Mutex::new(std::iter::repeat_n(Err(()), 1000).collect());
    simulate(Scripted { renewals, ..Scripted::default() }, |lock, did| async move {
        let began = now();
        let lease = lock.lock_async().await.unwrap();
        assert_eq!(lease.lost().await, End::Lost(Loss::Expired));
        let lasted = now() - began;
        assert!(lasted >= CERTAIN && lasted < TTL, "told after {lasted:?}");
        let last = did.lock().unwrap().last().copied().unwrap();
        assert!(last.0 > TTL * 9 / 10, "given up early: {last:?}");
        assert_eq!(lease.release_async().await.unwrap(), Released::AlreadyLost(Loss::Expired));
    });
}

/// What a leader needs to stop is kept free at the end of each grant, renewed or not.
#[test]
fn a_lease_with_a_margin_is_lost_so_much_earlier() {
    let margin = TTL / 4;
    let certain = CERTAIN - margin;
    for renewals in 0..3_u32 {
        let answers = (0..1000).map(|i| if i < renewals { Ok(Renewed::Yes) } else { Err(()) });
        let script = Scripted { renewals: Mutex::new(answers.collect()), ..Scripted::default() };
        simulate(script, |lock, _| async move {
            let lock = lock.with_margin(margin).unwrap();
            let began = now();
            let lease = lock.lock_async().await.unwrap();
            assert_eq!(lease.remaining(), certain);
            assert_eq!(lease.lost().await, End::Lost(Loss::Expired));
            let (lasted, renewed) = (now() - began, TTL / 3 * renewals);
            let slack = Duration::from_millis(10);
            assert!(
                lasted >= certain + renewed && lasted <= certain + renewed + slack,
                "{lasted:?}"
            );
        });
    }
}

#[test]
fn a_margin_leaves_time_for_renewals() {
    simulate(Scripted::default(), |lock, _| async move {
        let most = TTL / 3;
        let lock = lock.with_margin(most).unwrap();
        for refused in [
            lock.clone().with_margin(most + Duration::from_nanos(1)).unwrap_err(),
            lock.with_ttl(TTL - Duration::from_millis(1)).unwrap_err(),
        ] {
            assert_eq!(refused.kind(), ErrorKind::Config);
            assert!(refused.to_string().contains("a third of the TTL"), "{refused}");
        }
    });
}

#[test]
fn what_the_server_calls_gone_is_lost_at_once() {
    let renewals = Mutex::new([Ok(Renewed::Gone)].into());
    simulate(Scripted { renewals, ..Scripted::default() }, |lock, _| async move {
        let began = now();
        let lease = lock.lock_async().await.unwrap();
        assert_eq!(lease.lost().await, End::Lost(Loss::Revoked));
        assert!(now() - began < TTL / 2);
        assert_eq!(lease.renew_async().await.unwrap_err().kind(), ErrorKind::Lost);
    });
}

/// A hand-over whose news took longer than the lease lasts.
#[test]
fn a_hand_over_that_comes_too_late_is_given_back_and_tried_again() {
    let attempts = Mutex::new([Attempt::Queued { held: TTL * 3 }].into());
    // Before the runtime starts, so it is older than the wait by the time it comes.
    let late = Wake::Granted(Grant::new(Fence::new(7), Instant::now()));
    let wakes = Mutex::new([late].into());
    simulate(Scripted { attempts, wakes, ..Scripted::default() }, |lock, did| async move {
        let lease = lock.lock_async().await.unwrap();
        assert_eq!(lease.fence(), Fence::new(1), "granted what was over already");
        let log: Vec<_> = did.lock().unwrap().iter().map(|(_, did)| *did).collect();
        assert_eq!(log, [Did::Release, Did::Grant]);
    });
}

#[test]
fn a_waiter_whose_patience_ends_leaves_the_line() {
    let held = Duration::from_secs(30);
    let attempts = Mutex::new([Attempt::Queued { held }].into());
    simulate(Scripted { attempts, ..Scripted::default() }, |lock, did| async move {
        let deadline = now() + Duration::from_secs(5);
        assert!(lock.acquire(Deadline::at(deadline)).await.unwrap().is_none());
        assert!(now() >= deadline);
        pass(Duration::from_millis(10)).await;
        assert_eq!(did.lock().unwrap().last().unwrap().1, Did::Release);
    });
}

#[test]
fn work_is_dropped_when_the_lease_is_lost() {
    simulate(Scripted::default(), |lock, _| async move {
        let lease = lock.with_renewal(Renewal::Never).lock_async().await.unwrap();
        let told = Arc::new(Mutex::new(None));
        let tell = Arc::clone(&told);
        lease.on_lost(move |loss| *tell.lock().unwrap() = Some(loss));
        let quick = lease.run(async { 1 }).await;
        let slow = lease.run(pass(TTL * 2)).await;
        assert_eq!((quick, slow), (Ok(1), Err(Loss::Expired)));
        pass(Duration::from_millis(1)).await;
        assert_eq!(*told.lock().unwrap(), Some(Loss::Expired));
    });
}

/// Where the driver is the caller's runtime: by what the server's answer wakes, and not once more
/// by the engine's own answer, which the woken task itself has just given.
#[test]
fn whoever_awaits_a_lease_is_woken_once_for_it() {
    #[derive(Default)]
    struct Wakes(AtomicUsize);
    impl std::task::Wake for Wakes {
        fn wake(self: Arc<Self>) {
            // Relaxed: a number that says no more than itself.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let delay = Duration::from_millis(10);
    simulate(Scripted { delay, ..Scripted::default() }, async |lock, _| {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut context = Context::from_waker(&waker);
        let mut acquire = pin!(lock.lock_async());
        assert!(acquire.as_mut().poll(&mut context).is_pending());
        pass(delay * 2).await;
        let Poll::Ready(lease) = acquire.as_mut().poll(&mut context) else { panic!("not granted") };
        // Relaxed: as above.
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(lease.unwrap().release_async().await.unwrap(), Released::InTime);
    });
}

/// Somebody who renews by hand has a TTL from there.
#[test]
fn a_lease_can_be_renewed_by_hand() {
    simulate(Scripted::default(), |lock, _| async move {
        let lease = lock.with_renewal(Renewal::Never).lock_async().await.unwrap();
        for _ in 0..5 {
            pass(TTL / 2).await;
            lease.renew_async().await.unwrap();
            assert_eq!(lease.remaining(), CERTAIN);
        }
        assert_eq!(lease.lost().await, End::Lost(Loss::Expired));
    });
}

#[test]
fn a_ticket_is_taken_over_with_its_fence_and_nobody_else_keeps_it() {
    simulate(Scripted::default(), |lock, did| async move {
        let locks = Locks::on(
            &Handle::current(),
            Scripted { started: Some(now()), did: Arc::clone(&did), ..Scripted::default() },
        );
        let lease = lock.lock_async().await.unwrap();
        let fence = lease.fence();
        let text = lease.into_ticket().to_string();
        pass(TTL / 2).await;
        let resumed = locks.resume_async(text.parse().unwrap()).await.unwrap();
        assert_eq!((resumed.fence(), resumed.name().as_str()), (fence, "job"));
        assert_eq!(resumed.remaining(), CERTAIN);
        let log: Vec<_> = did.lock().unwrap().iter().map(|(_, did)| *did).collect();
        assert_eq!(log, [Did::Grant, Did::Renew], "it was renewed, or given back, meanwhile");
        for broken in ["", "lockset-lease-1", "lockset-lease-2 a b c d", &text[..text.len() - 4]] {
            let error = broken.parse::<lockset_remote::Ticket>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{broken:?}");
        }
    });
}

/// A server that says nothing about it keeps neither readers nor permits, and so is refused before
/// anybody waits for one.
#[test]
fn what_a_server_cannot_do_is_refused_when_the_lock_is_made() {
    let locks = Locks::new(Scripted::default());
    let kinds = [
        locks.rw_lock("job").unwrap_err().kind(),
        locks.semaphore("job", 3).unwrap_err().kind(),
        locks.lock_all(&["a", "b"]).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::Unsupported; 3]);
    assert_eq!(locks.inspect("job").unwrap_err().kind(), ErrorKind::Denied);
}
