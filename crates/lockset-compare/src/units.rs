//! Figures as people read them.

/// Three digits, and no more places than they need.
pub(crate) fn digits(figure: f64) -> String {
    match figure {
        _ if !figure.is_finite() => "-".to_owned(),
        _ if figure >= 100.0 => grouped(figure.round() as u64),
        _ if figure >= 10.0 => format!("{figure:.1}"),
        _ if figure >= 0.1 || figure == 0.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

/// A time of so many nanoseconds, in the unit that fits.
pub(crate) fn time(ns: f64) -> String {
    match ns {
        _ if !ns.is_finite() => "-".to_owned(),
        _ if ns < 1e3 => format!("{} ns", digits(ns)),
        _ if ns < 1e6 => format!("{} µs", digits(ns / 1e3)),
        _ if ns < 1e9 => format!("{} ms", digits(ns / 1e6)),
        _ => format!("{} s", digits(ns / 1e9)),
    }
}

/// A number, with a letter for thousands or millions.
pub(crate) fn short(number: f64) -> String {
    match number {
        _ if number >= 1e6 => format!("{} M", digits(number / 1e6)),
        _ if number >= 1e4 => format!("{} k", digits(number / 1e3)),
        _ => digits(number),
    }
}

/// A rate, with the letters for thousands and millions.
pub(crate) fn rate(a_second: f64) -> String {
    match a_second {
        _ if a_second >= 1e6 => format!("{} M/s", digits(a_second / 1e6)),
        _ if a_second >= 1e3 => format!("{} k/s", digits(a_second / 1e3)),
        _ => format!("{} /s", digits(a_second)),
    }
}

/// A whole number, with a comma after each three digits.
fn grouped(number: u64) -> String {
    let plain = number.to_string();
    let mut text = String::new();
    for (nth, digit) in plain.chars().enumerate() {
        if nth > 0 && (plain.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{digits, rate, time};

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        assert_eq!([9.876, 98.76, 1_234.4, 0.01].map(digits), ["9.88", "98.8", "1,234", "0.010"]);
        assert_eq!(
            [12.3, 4_560.0, 7.0e6, 2.0e9].map(time),
            ["12.3 ns", "4.56 µs", "7.00 ms", "2.00 s"]
        );
        assert_eq!([12.0, 4_560.0, 7.0e6].map(rate), ["12.0 /s", "4.56 k/s", "7.00 M/s"]);
    }
}
