//! The number that stands for a name.

use lockset_api::Name;
use sha2::{Digest, Sha256};

/// The key of a name's advisory lock: the first eight bytes of its SHA-256, highest first, as a
/// signed number.
///
/// It stays so for ever, so that others can take the same lock. In SQL, where `NAME` is the name:
///
/// ```sql
/// SELECT ('x' || left(encode(sha256(convert_to('NAME', 'UTF8')), 'hex'), 16))::bit(64)::bigint
/// ```
///
/// Two names with one key exclude each other although they need not; they still exclude each
/// other's contenders properly, and their fences rise. Among a million names that happens with a
/// probability of one in 37 million, and to whoever holds both at once it is a wait for itself.
///
/// ```
/// use lockset_api::Name;
///
/// let name = Name::new("billing/nightly")?;
/// assert_eq!(lockset_remote::postgres::key(&name), 3_769_427_055_700_847_408);
/// # Ok::<(), lockset_api::Error>(())
/// ```
#[must_use]
pub fn key(name: &Name) -> i64 {
    let digest: [u8; 32] = Sha256::digest(name.as_str()).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}
