//! An exchange that failed.

use core::fmt;

use lockset_api::{Error, ErrorKind};

use crate::store::LeaseStore;

/// Why an exchange with the server failed, as far as the engine has to know.
#[derive(Debug)]
pub struct StoreError {
    fault: Fault,
    source: Box<dyn core::error::Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Unreachable,
    Interrupted,
    Refused,
}

impl StoreError {
    /// The server could not be reached: it has not seen the request.
    pub fn unreachable(source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Unreachable, source: source.into() }
    }

    /// The request may have reached the server, but no answer came.
    pub fn interrupted(source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Interrupted, source: source.into() }
    }

    /// The server answered that it will not, or cannot, or what makes no sense.
    pub fn refused(source: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Self {
        Self { fault: Fault::Refused, source: source.into() }
    }

    /// Whether the server may have acted on the request.
    pub(crate) fn may_have_acted(&self) -> bool {
        self.fault == Fault::Interrupted
    }

    /// Whether the server has not even seen the request.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.fault == Fault::Unreachable
    }

    /// Whether it is of no use to try again.
    pub(crate) fn is_refusal(&self) -> bool {
        self.fault == Fault::Refused
    }

    /// What several servers came to that failed each for a reason of its own: the worst of them.
    #[cfg(feature = "redlock")]
    pub(crate) fn of_many(errors: Vec<Self>, summary: &str) -> Self {
        let any = |fault| errors.iter().any(|error| error.fault == fault);
        let fault = [Fault::Interrupted, Fault::Unreachable].into_iter().find(|&fault| any(fault));
        let reasons: Vec<_> = errors.iter().map(|error| error.source.to_string()).collect();
        let source = format!("{summary}: {}", reasons.join("; ")).into();
        Self { fault: fault.unwrap_or(Fault::Refused), source }
    }

    /// What the user is told.
    pub(crate) fn explain(self, store: &dyn LeaseStore, doing: &str) -> Error {
        let store = store.label();
        let (kind, detail) = match self.fault {
            Fault::Unreachable => {
                (ErrorKind::Unavailable, format!("cannot {doing}: {store} cannot be reached"))
            }
            Fault::Interrupted => {
                (ErrorKind::Unknown, format!("{store} did not answer when asked to {doing}"))
            }
            Fault::Refused => (ErrorKind::Denied, format!("{store} refused to {doing}")),
        };
        Error::new(kind, detail).with_source(self.source)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fault {
            Fault::Unreachable => "the server cannot be reached",
            Fault::Interrupted => "the server did not answer",
            Fault::Refused => "the server refused",
        })
    }
}

impl core::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&*self.source)
    }
}
