//! The ledger job: read two balances, work out the new ones, write them back.
//!
//! What a payment is stands in a line of text, which is read before the lock is taken, as one does.
//!
//! # Notes about memory ordering
//!
//! All is Relaxed: a balance is loaded and stored as if it were no atomic, and the lock orders it.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::Job;
use crate::random::Random;
use crate::sample::Fault;

const ACCOUNTS: usize = 64;
const PAYMENTS: usize = 1_000;
const OPENING_CENTS: i64 = 1_000_000;

/// Payments, and the accounts that they are booked in, again and again.
pub(crate) struct Ledger {
    /// As `from,to,cents,note`.
    lines: Vec<String>,
    accounts: Vec<AtomicI64>,
}

/// A payment as it is booked.
#[derive(Clone, Copy)]
pub(crate) struct Payment {
    from: usize,
    to: usize,
    cents: i64,
}

impl Ledger {
    /// The same payments each time.
    pub(crate) fn new() -> Self {
        let mut random = Random::new(2_026);
        let line = |nth| {
            let from = random.below(ACCOUNTS as u64) as usize;
            let to = (from + 1 + random.below(ACCOUNTS as u64 - 1) as usize) % ACCOUNTS;
            format!("{from},{to},{},invoice {nth}", 1 + random.below(9_999))
        };
        let accounts = (0..ACCOUNTS).map(|_| AtomicI64::new(OPENING_CENTS)).collect();
        Self { lines: (0..PAYMENTS).map(line).collect(), accounts }
    }

    fn payment(&self, contender: usize, turn: u64) -> Payment {
        // Each begins at another place, else all would pay the same at the same time.
        let line = &self.lines[(contender * 131 + turn as usize) % PAYMENTS];
        let mut fields = line.split(',').map(|field| field.parse::<i64>().unwrap_or_default());
        let mut next = || fields.next().unwrap_or_default();
        Payment { from: next() as usize, to: next() as usize, cents: next() }
    }
}

impl Job for Ledger {
    type Item = Payment;

    fn outside(&self, contender: usize, turn: u64) -> Payment {
        self.payment(contender, turn)
    }

    fn inside(&self, _: usize, payment: Payment) {
        let (from, to) = (&self.accounts[payment.from], &self.accounts[payment.to]);
        let (paying, paid) = (from.load(Relaxed), to.load(Relaxed));
        from.store(paying - payment.cents, Relaxed);
        to.store(paid + payment.cents, Relaxed);
    }

    /// Booked one after the other, in whatever order, the payments leave certain balances.
    fn verdict(&self, turns: &[u64]) -> Result<(), Fault> {
        let mut right = vec![OPENING_CENTS; ACCOUNTS];
        for (contender, turns) in turns.iter().enumerate() {
            let all_times = turns / PAYMENTS as u64;
            for turn in 0..PAYMENTS.min(*turns as usize) as u64 {
                let times = all_times + u64::from(turn < turns % PAYMENTS as u64);
                let Payment { from, to, cents } = self.payment(contender, turn);
                right[from] -= cents * times as i64;
                right[to] += cents * times as i64;
            }
        }
        let wrong = right.iter().zip(&self.accounts);
        let wrong = wrong.filter(|(right, account)| **right != account.load(Relaxed)).count();
        match wrong {
            0 => Ok(()),
            wrong => Err(Fault::Broken(format!("{wrong} of {ACCOUNTS} accounts are wrong"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, Ledger};

    #[test]
    fn a_payment_that_is_missing_shows() {
        let ledger = Ledger::new();
        let book = |contender, turn| ledger.inside(contender, ledger.outside(contender, turn));
        (0..2_500).for_each(|turn| book(0, turn));
        (0..3).for_each(|turn| book(1, turn));
        assert!(ledger.verdict(&[2_500, 3]).is_ok());
        assert!(ledger.verdict(&[2_501, 3]).is_err());
        assert!(ledger.verdict(&[2_500, 2]).is_err());
    }
}
