//! The ledger: the payments that every step of the tour books, and what is true of them.
//!
//! Applied one after another they leave each account with one certain balance. Whatever concurrent
//! workers make of it is measured against that.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Context, Result};

/// What each account has before the first payment.
pub(crate) const OPENING_CENTS: i64 = 10_000_000;

/// What the file begins with.
const HEADER: &str = "from,to,cents,note";
/// Fewer leave the workers too little to trip over each other.
const FEWEST: usize = 400;
/// The tour is to last seconds. Also, [`Balance`](super::book::Balance) packs a payment's number
/// and a balance into 64 bits, for which more and larger payments would be too much.
const MOST: usize = 50_000;
const MOST_CENTS: i64 = 10_000_000;
/// Room for 160 bytes in each line of the longest ledger. What is larger is another file, and would
/// have to be read to its end to be refused for its lines.
const MOST_MEGABYTES: u64 = 8;
/// The longest name that a record of the accounts file has room for.
pub(crate) const LONGEST_NAME: usize = 16;

/// One payment: moves cents from one account to another.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    /// Its place in the ledger, from 1.
    pub(crate) number: u32,
    /// The account that pays.
    pub(crate) from: usize,
    /// The account that is paid.
    pub(crate) to: usize,
    pub(crate) cents: i64,
}

/// All payments, and the accounts that they mention.
pub(crate) struct Ledger {
    pub(crate) accounts: Vec<String>,
    pub(crate) payments: Vec<Payment>,
}

impl Ledger {
    /// Reads the ledger at `path`, or the one that ships with the command.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return parse(include_str!("../../assets/payments.csv")).context("the built-in ledger");
        };
        let name = path.display();
        let text = read(path).context(format!("cannot read the ledger {name}"))?;
        parse(&text).context(format!("the ledger {name}"))
    }

    /// The payments that worker `nth` of `workers` has to book.
    pub(crate) fn share(&self, nth: usize, workers: usize) -> Vec<Payment> {
        self.payments.iter().skip(nth).step_by(workers).copied().collect()
    }

    /// What the accounts hold once these payments have been applied, one after another.
    pub(crate) fn after<'p>(&self, payments: impl IntoIterator<Item = &'p Payment>) -> Vec<i64> {
        let mut balances = vec![OPENING_CENTS; self.accounts.len()];
        for payment in payments {
            balances[payment.from] -= payment.cents;
            balances[payment.to] += payment.cents;
        }
        balances
    }
}

fn read(path: &Path) -> Result<String> {
    // Asked before it is opened: opening a pipe waits until somebody writes, and a device may have
    // no end.
    if !fs::metadata(path)?.is_file() {
        return Err("it is no regular file".into());
    }
    let most = MOST_MEGABYTES * 1_000_000;
    let mut bytes = Vec::new();
    // Its length may be told wrong, and may change.
    if File::open(path)?.take(most + 1).read_to_end(&mut bytes)? as u64 > most {
        return Err(format!("it has more than {MOST_MEGABYTES} MB").into());
    }
    Ok(String::from_utf8(bytes)?)
}

fn parse(text: &str) -> Result<Ledger> {
    let mut lines = text.lines().zip(1..);
    match lines.next() {
        Some((HEADER, _)) => {}
        Some((other, _)) => {
            return Err(format!("line 1: expected the header `{HEADER}`, found {other:?}").into());
        }
        None => return Err(format!("it is empty; expected the header `{HEADER}`").into()),
    }
    let (mut accounts, mut payments) = (Accounts::default(), Vec::new());
    for (line, at) in lines.filter(|(line, _)| !line.trim().is_empty()) {
        let number = u32::try_from(payments.len() + 1).unwrap_or(u32::MAX);
        payments.push(payment(line, number, &mut accounts).context(format!("line {at}"))?);
    }
    match payments.len() {
        FEWEST..=MOST => Ok(Ledger { accounts: accounts.names, payments }),
        n => Err(format!("{n} payments, and the tour needs {FEWEST} to {MOST}").into()),
    }
}

fn payment(line: &str, number: u32, accounts: &mut Accounts) -> Result<Payment> {
    let mut fields = line.splitn(4, ',').map(str::trim);
    let (Some(from), Some(to), Some(cents), Some(_)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(format!("expected `{HEADER}`, found {line:?}").into());
    };
    if from == to {
        return Err(format!("{from:?} pays itself").into());
    }
    let cents =
        cents.parse().ok().filter(|cents| (1..=MOST_CENTS).contains(cents)).ok_or_else(|| {
            format!("expected a number of cents from 1 to {MOST_CENTS}, found {cents:?}")
        })?;
    Ok(Payment { number, from: accounts.index(from)?, to: accounts.index(to)?, cents })
}

/// The accounts in the order in which the ledger mentions them.
#[derive(Default)]
struct Accounts {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Accounts {
    fn index(&mut self, name: &str) -> Result<usize> {
        if let Some(place) = self.places.get(name) {
            return Ok(*place);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(allowed) {
            return Err(format!(
                "expected an account of 1 to {LONGEST_NAME} letters, digits, dots or dashes, \
                 found {name:?}"
            )
            .into());
        }
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), self.names.len() - 1);
        Ok(self.names.len() - 1)
    }
}
