//! Which seats are forgotten, in a time that the test makes up.

use lockset_api::Name;

use super::*;

fn request() -> Request {
    Request::new(Name::new("job").unwrap(), Duration::from_secs(1)).unwrap()
}

/// Has others enter until there are so many that the next one looks for those to be forgotten.
fn crowd(seats: &Seats, now: Instant) {
    while count(seats) <= FEW {
        drop(seats.enter_at(&request(), now));
    }
}

fn count(seats: &Seats) -> usize {
    lock(&seats.0).seats.len()
}

#[test]
fn a_seat_that_somebody_is_at_is_not_forgotten_however_long() {
    let (seats, began, waiter) = (Seats::default(), Instant::now(), request());
    let seat = seats.enter_at(&waiter, began);
    crowd(&seats, began);
    let later = began + LONG * 10;
    drop(seats.enter_at(&request(), later));
    assert_eq!(count(&seats), 2, "the waiter's and the latest");
    assert!(Arc::ptr_eq(&seat, &seats.enter_at(&waiter, later)), "it sits alone");
}

#[test]
fn a_seat_that_nobody_is_at_is_kept_for_its_time() {
    let (seats, began) = (Seats::default(), Instant::now());
    crowd(&seats, began);
    drop(seats.enter_at(&request(), began + LONG));
    assert_eq!(count(&seats), FEW + 2, "a lease may still be renewed");
}
