//! From a list of checks to tests, and to a list at run time: each name is written once.

/// Makes the tests of one lock: `suite!(NAME: SUBJECT => GROUP, …)`.
///
/// It makes a module NAME with a module for each group and a test for each check. SUBJECT is an
/// expression, evaluated anew for every check; the groups are `lock`, `shared`, `permits`,
/// `process`, `process_shared`, `lease`, `shared_lease`, `permits_lease`, `faults`, `fifo` and
/// `fenced`.
#[macro_export]
macro_rules! suite {
    ($name:ident: $subject:expr => $($group:ident),+ $(,)?) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports, reason = "the subject may be named by a full path")]
            use super::*;
            $( $crate::$group! { __tests, $subject } )+
        }
    };
}

/// A test for each check of a group.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($group:ident [$($check:ident)+] $subject:expr) => {
        mod $group {
            #[allow(unused_imports, reason = "the subject may be named by a full path")]
            use super::*;
            $(
                #[test]
                fn $check() {
                    let check = $crate::Check::new(stringify!($check), $crate::$group::$check);
                    if let Err(failure) = $crate::run(check, $subject, $crate::PATIENCE) {
                        panic!("{failure}");
                    }
                }
            )+
        }
    };
}

/// The checks of a group as values.
#[doc(hidden)]
#[macro_export]
macro_rules! __values {
    ($group:ident [$($check:ident)+] $subject:ty) => {
        [$( $crate::Check::<$subject>::new(stringify!($check), $crate::$group::$check) ),+]
    };
}
