//! One forwarded connection: its two ends, and the two lanes between them.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::cut::Cut;
use super::lane::{Lane, Sent};
use super::{Direction, Traffic};

#[derive(Debug)]
pub(crate) struct Link {
    client: TcpStream,
    server: TcpStream,
    lanes: [Lane; 2],
    cut: Option<Cut>,
    pub(crate) is_silent: bool,
    /// The client has sent something, and no answer has gone out since.
    is_asked: bool,
}

/// What has become of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Lives,
    /// Both ends have ended, or the link has been cut.
    Over,
}

impl Link {
    pub(crate) fn new(client: TcpStream, server: TcpStream, cut: Option<Cut>) -> io::Result<Self> {
        for end in [&client, &server] {
            end.set_nodelay(true)?;
            end.set_nonblocking(true)?;
        }
        let lanes = Direction::BOTH.map(Lane::new);
        Ok(Self { client, server, lanes, cut, is_silent: false, is_asked: false })
    }

    pub(crate) fn ends(&self) -> [&TcpStream; 2] {
        [&self.client, &self.server]
    }

    /// When the next parcel goes out.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.lanes.iter().filter_map(Lane::due).min()
    }

    /// Closes both ends.
    pub(crate) fn close(&self) {
        for end in self.ends() {
            // An end that its peer has closed already is as closed as it should be.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Takes in what both ends have sent.
    pub(crate) fn take_in(&mut self, delay: Duration, traffic: &mut Traffic) {
        for lane in &mut self.lanes {
            let source = match lane.direction {
                Direction::Requests => &self.client,
                Direction::Replies => &self.server,
            };
            let took_any = lane.take_in(source, delay);
            if took_any && lane.direction == Direction::Requests {
                traffic.round_trips += u64::from(!self.is_asked);
                self.is_asked = true;
            }
        }
    }

    /// Sends on what is due, as far as its own cut and the one of any connection, `once`, allow.
    pub(crate) fn put_out(&mut self, once: &mut Option<Cut>, traffic: &mut Traffic) -> Life {
        let now = Instant::now();
        for lane in &mut self.lanes {
            if self.is_silent {
                lane.swallow();
            }
            let direction = lane.direction;
            let sink = match direction {
                Direction::Requests => &self.server,
                Direction::Replies => &self.client,
            };
            loop {
                let cuts = [self.cut.as_mut(), once.as_mut()];
                let allowed = |bytes| {
                    cuts.iter().flatten().fold(bytes, |left, cut| cut.allows(direction, left))
                };
                let Sent::Bytes(sent) = lane.put_out(sink, now, allowed) else { break };
                traffic.count(direction, sent);
                self.is_asked &= direction == Direction::Requests;
                let [own, any] = cuts.map(|cut| cut.is_some_and(|cut| cut.falls(direction, sent)));
                if any {
                    *once = None;
                }
                if own || any {
                    return Life::Over;
                }
            }
        }
        if self.lanes.iter().all(Lane::is_over) { Life::Over } else { Life::Lives }
    }
}
