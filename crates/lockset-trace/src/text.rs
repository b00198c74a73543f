//! Numbers as people read them: `1.2 ms`, `1,204`.

use std::time::Duration;

/// A duration in the unit that suits it, with two or three significant digits.
pub(crate) fn human(duration: Duration) -> String {
    let nanos = duration.as_nanos() as f64;
    let (unit, name) = unit_of(nanos);
    let value = nanos / unit;
    match value {
        v if v >= 99.95 || name == "ns" => format!("{v:.0} {name}"),
        v if v >= 9.995 => format!("{} {name}", trimmed(v, 1)),
        v => format!("{} {name}", trimmed(v, 2)),
    }
}

/// The largest unit in which `nanos` is at least one, with its size in nanoseconds.
pub(crate) fn unit_of(nanos: f64) -> (f64, &'static str) {
    match nanos {
        n if n >= 1e9 => (1e9, "s"),
        n if n >= 1e6 => (1e6, "ms"),
        n if n >= 1e3 => (1e3, "µs"),
        _ => (1.0, "ns"),
    }
}

/// `value` to at most `digits` decimals, without trailing zeros: a whole number loses its point.
pub(crate) fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A count with a comma between thousands.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count and its noun: `1 grant`, `1,204 grants`.
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `text` for the content or a quoted attribute of an XML element. Control characters, which XML
/// 1.0 cannot hold at all, become the replacement character.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
