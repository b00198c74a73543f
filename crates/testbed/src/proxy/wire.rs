//! The connections of a proxy, and the one thread that forwards them all.
//!
//! One thread, because a proxy stands between a benchmark and its server: two threads for each
//! direction of each connection would take the processor away from what is measured.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::Traffic;
use super::cut::Cut;
use super::link::{Life, Link};

/// The connections of a proxy, and what is to happen to them.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) mode: Mode,
    pub(crate) delay: Duration,
    /// The cut of every connection to come.
    pub(crate) cut: Option<Cut>,
    /// The cut that falls once, on whichever connection.
    pub(crate) once: Option<Cut>,
    /// The live connections, by their place in `traffic`.
    links: BTreeMap<usize, Link>,
    /// Of every connection so far, in the order in which they were accepted.
    pub(crate) traffic: Vec<Traffic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// New connections are forwarded.
    Whole,
    /// New connections are closed at once.
    Severed,
    /// The proxy is being dropped: the next connection ends the forwarder.
    Closing,
}

/// What an event is about: a link's place, or one of these.
const LISTENER: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;

/// Events taken at once. More connections are served as well, in more turns.
const EVENTS: usize = 64;

impl Wire {
    pub(crate) fn new(delay: Duration) -> Self {
        let (cut, once) = (None, None);
        let (links, traffic) = (BTreeMap::new(), Vec::new());
        Self { mode: Mode::Whole, delay, cut, once, links, traffic }
    }

    /// Closes every connection.
    pub(crate) fn cut_all(&mut self) {
        for link in std::mem::take(&mut self.links).values() {
            link.close();
        }
    }

    pub(crate) fn silence_all(&mut self) {
        for link in self.links.values_mut() {
            link.is_silent = true;
        }
    }

    /// Takes in what came on this connection, if it has not been cut meanwhile, and sends on what
    /// is due.
    fn carry(&mut self, place: usize) {
        let Some(link) = self.links.get_mut(&place) else { return };
        link.take_in(self.delay, &mut self.traffic[place]);
        self.put_out(place);
    }

    fn put_out(&mut self, place: usize) {
        let Some(link) = self.links.get_mut(&place) else { return };
        if link.put_out(&mut self.once, &mut self.traffic[place]) == Life::Over {
            link.close();
            self.links.remove(&place);
        }
    }

    /// Sends on what is due on any connection; when it is the next one's time.
    fn put_out_all(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let is_due = |link: &Link| link.due().is_some_and(|due| due <= now);
        let due: Vec<_> =
            self.links.iter().filter(|(_, link)| is_due(link)).map(|(place, _)| *place).collect();
        for place in due {
            self.put_out(place);
        }
        self.links.values().filter_map(Link::due).min()
    }
}

/// What wakes the forwarder.
#[derive(Debug)]
pub(crate) struct Forwarder {
    listener: TcpListener,
    upstream: SocketAddr,
    wire: Arc<Mutex<Wire>>,
    epoll: OwnedFd,
    /// A timeout of epoll has whole milliseconds, and a delay must be exact.
    timer: OwnedFd,
}

impl Forwarder {
    pub(crate) fn new(
        listener: TcpListener,
        upstream: SocketAddr,
        wire: Arc<Mutex<Wire>>,
    ) -> io::Result<Self> {
        // A client may go between the event and accept(2), which must not wait for the next.
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        // By its edge: each time it is set and runs out is one event, which needs no reading.
        let edge = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), edge)?;
        Ok(Self { listener, upstream, wire, epoll, timer })
    }

    /// Forwards until the proxy closes.
    pub(crate) fn run(&self) {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            for event in &events {
                match event.data.u64() {
                    LISTENER if self.accept() == Mode::Closing => return,
                    LISTENER | TIMER => {}
                    place => lock(&self.wire).carry(place as usize),
                }
            }
            let next = lock(&self.wire).put_out_all();
            if let Some(due) = next {
                self.wake_at(due);
            }
        }
    }

    /// Takes a connection, and says in which mode the wire is.
    fn accept(&self) -> Mode {
        let client = self.listener.accept();
        // Connected before the lock is kept, so that a slow upstream does not delay a cut.
        let mode = lock(&self.wire).mode;
        let server = match mode {
            Mode::Whole => TcpStream::connect(self.upstream),
            Mode::Severed | Mode::Closing => return mode,
        };
        let mut wire = lock(&self.wire);
        if let (Mode::Whole, Ok((client, _)), Ok(server)) = (wire.mode, client, server) {
            // A client whose upstream refuses is closed, which is all a proxy can tell it.
            let place = wire.traffic.len();
            if let Ok(link) = Link::new(client, server, wire.cut)
                && self.watch(&link, place).is_ok()
            {
                wire.traffic.push(Traffic::default());
                wire.links.insert(place, link);
            }
        }
        wire.mode
    }

    /// By their edges: whatever has come before is an edge as well.
    fn watch(&self, link: &Link, place: usize) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        for end in link.ends() {
            epoll::add(&self.epoll, end.as_fd(), EventData::new_u64(place as u64), flags)?;
        }
        Ok(())
    }

    fn wake_at(&self, due: Instant) {
        // Zero would disarm the timer.
        let wait = due.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        if let Ok(it_value) = Timespec::try_from(wait) {
            let new = Itimerspec { it_interval: once, it_value };
            // It fails for a descriptor that is no timer, and for no valid time.
            let _ = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &new);
        }
    }
}

/// The wire is consistent after every single step, so a panic elsewhere does not spoil it.
pub(crate) fn lock(wire: &Mutex<Wire>) -> MutexGuard<'_, Wire> {
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}
