//! What a lock is called.

use core::fmt;

use crate::{Error, ErrorKind};

/// The name of a lock that a file system or a server keeps: 1 to 512 bytes without control
/// characters.
///
/// The bound is what all servers can take; a server with a narrower one refuses the name itself,
/// also with [`ErrorKind::InvalidName`].
///
/// ```
/// use lockset_api::{ErrorKind, Name};
///
/// assert_eq!(Name::new("billing/nightly").unwrap().as_str(), "billing/nightly");
/// assert_eq!(Name::new("two\nlines").unwrap_err().kind(), ErrorKind::InvalidName);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 512;

    /// Checks and keeps a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`] if it is empty, longer than [`Name::MAX_LEN`] bytes, or has a
    /// control character in it.
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let refuse = |why: String| Err(Error::new(ErrorKind::InvalidName, why));
        if name.is_empty() {
            return refuse("a lock's name cannot be empty".into());
        }
        if name.len() > Self::MAX_LEN {
            let (has, most) = (name.len(), Self::MAX_LEN);
            return refuse(format!("a lock's name has at most {most} bytes, this one has {has}"));
        }
        if let Some(at) = name.find(char::is_control) {
            return refuse(format!("{name:?} has a control character at byte {at}"));
        }
        Ok(Self(name))
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
