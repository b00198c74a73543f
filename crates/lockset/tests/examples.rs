//! The examples do what they say: each is run, not only compiled.

#![allow(clippy::duplicate_mod, reason = "examples share a module, and here they are modules too")]

/// One test for each example.
macro_rules! examples {
    ($($(#[$only:meta])* $name:ident: $path:literal,)+) => {
        $(
            $(#[$only])*
            #[path = $path]
            mod $name;

            $(#[$only])*
            #[test]
            fn $name() {
                $name::main().unwrap();
            }
        )+
    };
}

examples! {
    any_lock: "../examples/any_lock.rs",
    #[cfg(feature = "sqlite")]
    needs_a_lease: "../examples/needs_a_lease.rs",
    #[cfg(feature = "sqlite")]
    from_url: "../examples/from_url.rs",
    own_lock: "../examples/own_lock.rs",
    new_backend: "../examples/new_backend.rs",
    lock_order: "../examples/lock_order.rs",
    #[cfg(feature = "sqlite")]
    leader: "../examples/leader.rs",
    #[cfg(feature = "sqlite")]
    nightly: "../examples/nightly.rs",
    #[cfg(feature = "sqlite")]
    jobs: "../examples/jobs.rs",
    #[cfg(feature = "sqlite")]
    fenced_table: "../examples/fenced_table.rs",
    #[cfg(feature = "sqlite")]
    fenced_file: "../examples/fenced_file.rs",
    #[cfg(feature = "redis")]
    fenced_hash: "../examples/fenced_hash.rs",
    #[cfg(feature = "etcd")]
    while_held: "../examples/while_held.rs",
    #[cfg(feature = "postgres")]
    job_queue: "../examples/job_queue.rs",
}
