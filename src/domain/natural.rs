//! The order in which humans list names: `mod2` goes before `mod10`.

use std::cmp::Ordering;

/// Compares two names; digits in them count as numbers.
pub fn natural_order(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (a, b) = (piece(&mut left), piece(&mut right));
        let by_number = match (number(a), number(b)) {
            // Without leading zeros, the longer number is the larger one.
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then(a.cmp(b)),
            _ => Ordering::Equal,
        };
        match by_number.then(a.cmp(b)) {
            Ordering::Equal if a.is_empty() => return Ordering::Equal,
            Ordering::Equal => {}
            unlike => return unlike,
        }
    }
}

/// Takes the first piece: digits, or the text before the next digits.
fn piece<'t>(text: &mut &'t str) -> &'t str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    *text = rest;
    head
}

fn number(piece: &str) -> Option<&str> {
    piece.starts_with(|c: char| c.is_ascii_digit()).then(|| piece.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::natural_order;

    #[test]
    fn digits_count_as_numbers() {
        let mut names = ["lib/mod10.py", "lib/mod2.py", "lib/mod02.py", "lib.py", "a", "lib/mod2/x.py", "10", "9", ""];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["", "9", "10", "a", "lib.py", "lib/mod02.py", "lib/mod2.py", "lib/mod2/x.py", "lib/mod10.py"]
        );
    }
}
