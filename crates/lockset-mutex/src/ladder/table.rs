//! The table of sleepers of stages 10 and 11: who sleeps, by the address of the lock.

use std::collections::VecDeque;
use std::sync::Arc;

use lock_api::MutexGuard;

use super::ThreeState;
use crate::sync::{BUCKETS, Parker, Word, global};

global!(
    static TABLE: [lock_api::Mutex<ThreeState, Bucket>; BUCKETS] =
        [const { lock_api::Mutex::new(Bucket { entries: VecDeque::new() }) }; BUCKETS]
);

/// Those who sleep on the locks of one bucket, in the order of their coming.
///
/// Aligned so that two buckets have no cache line in common.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Bucket {
    pub(super) entries: VecDeque<Entry>,
}

/// One sleeper.
#[derive(Debug)]
pub(super) struct Entry {
    address: usize,
    pub(super) parker: Arc<Parker>,
    /// How often others had the lock since this one was the first of its queue.
    pub(super) overtaken: u32,
}

/// The bucket of a lock, locked.
pub(super) fn bucket(word: &Word) -> MutexGuard<'static, ThreeState, Bucket> {
    // Fibonacci hashing: the product's high bits depend on all bits of the address.
    let hash = (address(word) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    TABLE[hash as usize % BUCKETS].lock()
}

fn address(word: &Word) -> usize {
    (&raw const *word).addr()
}

impl Entry {
    pub(super) fn new(word: &Word, parker: &Arc<Parker>) -> Self {
        Self { address: address(word), parker: Arc::clone(parker), overtaken: 0 }
    }

    pub(super) fn is_of(&self, parker: &Arc<Parker>) -> bool {
        Arc::ptr_eq(&self.parker, parker)
    }
}

impl Bucket {
    pub(super) fn first(&mut self, word: &Word) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.address == address(word))
    }

    pub(super) fn remove_first(&mut self, word: &Word) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.address == address(word))?;
        self.entries.remove(at)
    }
}
