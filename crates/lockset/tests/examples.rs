//! The examples do what they say: each is run, not only compiled.

/// One test for each example.
macro_rules! examples {
    ($($name:ident: $path:literal,)+) => {
        $(
            #[path = $path]
            mod $name;

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
}
