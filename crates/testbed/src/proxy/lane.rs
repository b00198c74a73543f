//! One direction of a connection: what came in, and when it is due to go out.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::Direction;

/// Large against any exchange with a lock's server; a longer message comes in several chunks.
const CHUNK: usize = 16 * 1024;

/// One direction of a connection.
///
/// It takes in whatever its source sends, without pushing back: a receiver that does not read
/// fills this process's memory, not its sender's patience.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) direction: Direction,
    queue: VecDeque<(Instant, Parcel)>,
    state: State,
    /// The sink takes no more for now; its next event says that it does.
    pub(crate) is_blocked: bool,
}

#[derive(Debug)]
enum Parcel {
    Bytes(VecDeque<u8>),
    /// The source has ended, which the sink is told as late as everything else.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The source may send more.
    Open,
    /// The source has ended, and its sink has not been told yet.
    Ending,
    /// Nothing goes this way any more.
    Over,
}

impl Lane {
    pub(crate) fn new(direction: Direction) -> Self {
        Self { direction, queue: VecDeque::new(), state: State::Open, is_blocked: false }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// When its next parcel goes out, unless it waits for its sink.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.queue.front().filter(|_| !self.is_blocked).map(|(due, _)| *due)
    }

    /// Takes in everything that `source` has sent, to go out after `delay`; whether there was any.
    pub(crate) fn take_in(&mut self, mut source: &TcpStream, delay: Duration) -> bool {
        let mut chunk = [0; CHUNK];
        let mut took_any = false;
        while self.state == State::Open {
            let read = source.read(&mut chunk);
            let due = Instant::now() + delay;
            match read {
                Ok(bytes @ 1..) => {
                    let bytes = chunk[..bytes].iter().copied().collect();
                    self.queue.push_back((due, Parcel::Bytes(bytes)));
                    took_any = true;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    self.queue.push_back((due, Parcel::End));
                    self.state = State::Ending;
                }
            }
        }
        took_any
    }

    /// Drops what is queued, except for the end.
    pub(crate) fn swallow(&mut self) {
        self.queue.retain(|(_, parcel)| matches!(parcel, Parcel::End));
    }

    /// Sends what is due by `now` to `sink`, as far as it takes it and `allows` says; none if
    /// nothing may be sent now.
    ///
    /// How many bytes went is told once for every time that some did.
    pub(crate) fn put_out(
        &mut self,
        mut sink: &TcpStream,
        now: Instant,
        allows: impl FnOnce(usize) -> usize,
    ) -> Sent {
        self.is_blocked = false;
        let Some((_, parcel)) = self.queue.front_mut().filter(|(due, _)| *due <= now) else {
            return Sent::Nothing;
        };
        let Parcel::Bytes(bytes) = parcel else {
            let _ = sink.shutdown(Shutdown::Write);
            self.end();
            return Sent::Nothing;
        };
        let allowed = allows(bytes.len());
        let (front, _) = bytes.as_slices();
        match sink.write(&front[..allowed.min(front.len())]) {
            Ok(sent) => {
                bytes.drain(..sent);
                if bytes.is_empty() {
                    self.queue.pop_front();
                }
                Sent::Bytes(sent)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Sent::Bytes(0),
            Err(error) => self.refused(&error),
        }
    }

    fn refused(&mut self, error: &io::Error) -> Sent {
        self.is_blocked = error.kind() == ErrorKind::WouldBlock;
        if !self.is_blocked {
            // The sink broke. What it has sent before still goes the other way, and then its end,
            // which is how the source hears of it.
            self.end();
        }
        Sent::Nothing
    }

    fn end(&mut self) {
        self.queue.clear();
        self.state = State::Over;
    }
}

/// What [`Lane::put_out`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Nothing is due, or the sink takes nothing: enough for now.
    Nothing,
    /// So many bytes, and there may be more.
    Bytes(usize),
}
