//! The audit: which payments are still in the books, and how far the balances are from the truth.

use super::book::{Balance, Book, Entry};
use super::figures::Figures;
use super::ledger::Ledger;
use crate::error::{Context, Result};

/// Compares the books with the ledger, after all workers have ended.
///
/// Each account knows the payment that was booked on it last, and each payment which one it was
/// booked after. So the auditor walks back from the end: what he does not meet has been
/// overwritten, and is lost.
pub(crate) fn audit(ledger: &Ledger, book: &impl Book, entries: &[Entry]) -> Result<Figures> {
    let accounts = 0..ledger.accounts.len();
    let ends: Vec<Balance> = accounts
        .map(|account| book.read(account))
        .collect::<std::io::Result<_>>()
        .context("cannot read the accounts")?;
    let balances: Vec<i64> = ends.iter().map(|end| end.cents).collect();
    let lost = ledger.payments.len() - still_there(ledger, &ends, entries);
    Ok(Figures { payments_lost: Some(lost), ..compare(ledger, &balances) })
}

/// How far these balances are from the truth.
pub(crate) fn compare(ledger: &Ledger, balances: &[i64]) -> Figures {
    let truth = ledger.after(&ledger.payments);
    let errors = truth.iter().zip(balances).map(|(truth, balance)| truth.abs_diff(*balance));
    let errors: Vec<u64> = errors.filter(|error| *error > 0).collect();
    Figures {
        payments: Some(ledger.payments.len()),
        accounts: Some(ledger.accounts.len()),
        accounts_out_of_balance: Some(errors.len()),
        cents_out_of_balance: Some(errors.iter().sum()),
        ..Figures::default()
    }
}

/// How many payments are still in both of their accounts.
fn still_there(ledger: &Ledger, ends: &[Balance], entries: &[Entry]) -> usize {
    let mut after = vec![[None; 2]; ledger.payments.len()];
    for entry in entries {
        after[entry.payment as usize - 1] = entry.after;
    }
    let mut met = vec![[false; 2]; ledger.payments.len()];
    for (account, end) in ends.iter().enumerate() {
        let mut last = end.last;
        while let Some(number) = last {
            let index = number as usize - 1;
            // A line of a file that was read half old and half new can name any payment, and
            // lead round in a circle.
            let side = match ledger.payments.get(index) {
                Some(payment) if payment.from == account => 0,
                Some(payment) if payment.to == account => 1,
                _ => break,
            };
            if std::mem::replace(&mut met[index][side], true) {
                break;
            }
            last = after[index][side];
        }
    }
    met.iter().filter(|sides| **sides == [true; 2]).count()
}
