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
    needs_a_lease: "../examples/needs_a_lease.rs",
    from_url: "../examples/from_url.rs",
    own_lock: "../examples/own_lock.rs",
    new_backend: "../examples/new_backend.rs",
    lock_order: "../examples/lock_order.rs",
    leader: "../examples/leader.rs",
    nightly: "../examples/nightly.rs",
    jobs: "../examples/jobs.rs",
    fenced_table: "../examples/fenced_table.rs",
    fenced_file: "../examples/fenced_file.rs",
    #[cfg(feature = "redis")]
    fenced_hash: "../examples/fenced_hash.rs",
    #[cfg(feature = "etcd")]
    while_held: "../examples/while_held.rs",
    #[cfg(feature = "postgres")]
    job_queue: "../examples/job_queue.rs",
}
