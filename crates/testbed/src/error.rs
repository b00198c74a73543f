//! Why a server did not start, in words that tell a contributor what to do about it.

use std::error;
use std::fmt;
use std::io;

/// Why a server did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server's program is not in `PATH`, or its file not where the package puts it.
    Missing {
        /// The program that was looked for.
        program: &'static str,
        /// The Debian package that provides it.
        package: &'static str,
    },
    /// The operating system refused something on the way: a directory, a process, a port.
    Io(io::Error),
    /// The server ran but ended, or did not answer in time.
    NotReady {
        /// The program that was started.
        program: &'static str,
        /// The last lines of its log.
        log: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program, package } => {
                write!(f, "{program} is not there; to get it: apt-get install {package}")
            }
            Self::Io(_) => write!(f, "the system refused to start a server"),
            Self::NotReady { program, log } => {
                write!(f, "{program} did not become ready; the end of its log:\n{log}")
            }
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(source) => Some(source),
            Self::Missing { .. } | Self::NotReady { .. } => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}
