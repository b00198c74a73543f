//! What wakes a process that waits: a ring, which says nothing but that it should look.
//!
//! A bell is a datagram socket in Linux's abstract namespace, under a random name. So it has no
//! file, and is gone with its process, however that ends; it can be rung by any user; whoever rings
//! wakes that one process and no other; and to *connect* to one that is gone is refused, which is
//! how a waiter that died is found out, without a word being sent. Its queue is short, and need not
//! be longer: who finds it full knows that the process is about to look.
//!
//! A ring is no news. What is true stands in the database, where whoever is rung for looks it up:
//! so a ring too many costs a look, one too few a [`POLL`], and a forged one deceives nobody.
//!
//! The namespace is that of the network, and containers may have one each. A bell of another one is
//! out of reach, which says nothing about its owner. Other systems have no such namespace, and all
//! bells are out of reach there.

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use elsewhere as system;
#[cfg(any(target_os = "linux", target_os = "android"))]
use linux as system;

pub(super) use system::{POLL, reach};

/// The bell of one store. Whoever of its own process has work for it rings as well.
#[derive(Debug)]
pub(super) struct Bell {
    socket: UnixDatagram,
    address: String,
    /// What [`listen`](Self::listen) has last set, since that is a system call.
    patience: Option<Duration>,
}

/// Rings one bell.
#[derive(Debug)]
pub(super) struct Rope(UnixDatagram);

/// Whether a bell can be rung.
#[derive(Debug)]
pub(super) enum Reach {
    /// It hangs there.
    Rope(Rope),
    /// Its process has ended.
    Gone,
    /// Its process may live, but will notice only by its own next look.
    Unknown,
}

impl Bell {
    /// A new bell, and the rope that hangs in this process.
    pub(super) fn hang() -> io::Result<(Self, Rope)> {
        let (socket, rope, address) = system::hang()?;
        rope.set_nonblocking(true)?;
        Ok((Self { socket, address, patience: None }, Rope(rope)))
    }

    /// What others have to know to ring it.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Sleeps until it rings, or for so long.
    pub(super) fn listen(&mut self, patience: Option<Duration>) {
        if self.patience != patience && self.socket.set_read_timeout(patience).is_ok() {
            self.patience = patience;
        }
        // Rung, out of patience or interrupted: the caller looks what there is to do.
        let _ = self.socket.recv(&mut [0]);
    }
}

impl Rope {
    pub(super) fn pull(&self) {
        // It fails if its queue is full: then it rings already. Or its owner has just died.
        let _ = self.0.send(&[0]);
    }
}
