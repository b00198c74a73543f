//! The statements that lock rows, whatever the names in them.

use lockset_remote::transaction::{Contention, Dialect, ErrorKind, Rows, Table};

#[test]
fn names_mean_themselves_whatever_is_in_them() {
    let evil = Table::in_schema("a\"; DROP TABLE b; --", "c`d");
    let rows = Rows::of(evil).matching(["x\"", "y`"]).shared().when_locked(Contention::Refuse);
    assert_eq!(
        rows.statement(Dialect::Postgres).unwrap(),
        "SELECT * FROM \"a\"\"; DROP TABLE b; --\".\"c`d\" WHERE \"x\"\"\" = $1 AND \"y`\" = $2 \
         FOR SHARE NOWAIT",
    );
    assert_eq!(
        rows.statement(Dialect::MySql).unwrap(),
        "SELECT * FROM `a\"; DROP TABLE b; --`.`c``d` WHERE `x\"` = ? AND `y``` = ? \
         /*!80001 FOR SHARE */ /*M! LOCK IN SHARE MODE */ NOWAIT",
    );
}

#[test]
fn what_is_no_name_is_refused() {
    for name in ["", "a\0b"] {
        let error = Rows::of(Table::new(name)).statement(Dialect::Postgres).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}
