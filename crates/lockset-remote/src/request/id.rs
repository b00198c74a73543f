//! What tells one request from every other.

use core::fmt;
use core::str::FromStr;

use lockset_api::{Error, ErrorKind};

/// What tells one request from every other, anywhere: 128 random bits.
///
/// It is chosen before the first byte goes out. Whatever then becomes of the request - a lost
/// reply, a dropped future, a process that has moved on - releasing this id undoes it, and nothing
/// else: a later holder of the same lock has another id.
///
/// Its text is 32 hexadecimal digits. Whoever knows it can give the lock back, so show it to nobody
/// who must not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u128);

impl RequestId {
    pub(crate) fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::new(ErrorKind::Other, "the system gives no random numbers").with_source(error)
        })?;
        Ok(Self(u128::from_ne_bytes(bytes)))
    }

    /// One of these bits, which nobody else has drawn.
    #[cfg(feature = "redlock")]
    pub(crate) const fn of_bits(bits: u128) -> Self {
        Self(bits)
    }

    #[cfg(feature = "redlock")]
    pub(crate) const fn bits(self) -> u128 {
        self.0
    }

    /// Anything from 0 to 1, the same for the same id.
    #[cfg(feature = "redlock")]
    pub(crate) fn fraction(self) -> f64 {
        let few_bits =
            u32::from(self.0.to_ne_bytes()[0]) * 256 + u32::from(self.0.to_ne_bytes()[1]);
        f64::from(few_bits) / 65536.0
    }
}

#[cfg(feature = "postgres")]
impl RequestId {
    /// Stands for a process of a server's that made no request of ours.
    pub(crate) fn of_process(process: i32) -> Self {
        Self(process.unsigned_abs().into())
    }
}

#[cfg(feature = "redis")]
impl RequestId {
    /// Its text as bytes, without the machinery of formatting: it is in every exchange.
    pub(crate) fn digits(self) -> [u8; 32] {
        let bytes = self.0.to_be_bytes();
        core::array::from_fn(|i| {
            let nibble = (bytes[i / 2] >> (4 * (1 - i % 2))) & 0xf;
            b"0123456789abcdef"[usize::from(nibble)]
        })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for RequestId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        id.map(Self).ok_or_else(|| {
            let why = format!("{text:?} is no request id, which is 32 hexadecimal digits");
            Error::new(ErrorKind::Config, why)
        })
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
