//! What a part of the tour has shown, as numbers.

use serde::Serialize;

/// The numbers of one part; those that do not apply to it are left out.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figures {
    /// Payments that were to be booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payments: Option<usize>,
    /// Payments that are not, or not wholly, in the books at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payments_lost: Option<usize>,
    /// Accounts that the ledger mentions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accounts: Option<usize>,
    /// Accounts with another balance than the true one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accounts_out_of_balance: Option<usize>,
    /// By how much they differ, in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cents_out_of_balance: Option<u64>,
    /// Calls that the gateway stands at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
    /// The most calls that there were at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peak_concurrency: Option<usize>,
    /// Payments that the gateway refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<usize>,
    /// Jobs that were to be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jobs: Option<usize>,
    /// Jobs that were run twice or more often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jobs_run_twice: Option<usize>,
    /// Jobs that nobody ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jobs_never_run: Option<usize>,
    /// Writes of a holder that had lost its lease, taken for good by the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale_writes_accepted: Option<usize>,
    /// Such writes that the store refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale_writes_refused: Option<usize>,
    /// How long the lease lasts, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl_ms: Option<u64>,
    /// How long its holder was paused, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paused_ms: Option<u64>,
}

impl Figures {
    /// Whether anything was lost or done twice.
    pub(crate) fn any_loss(&self) -> bool {
        let counts = [
            self.payments_lost,
            self.accounts_out_of_balance,
            self.refused,
            self.jobs_run_twice,
            self.jobs_never_run,
            self.stale_writes_accepted,
        ];
        counts.into_iter().flatten().any(|count| count > 0)
            || self.cents_out_of_balance.is_some_and(|cents| cents > 0)
            || self.limit.zip(self.peak_concurrency).is_some_and(|(limit, peak)| peak > limit)
    }
}
