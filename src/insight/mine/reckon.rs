//! Formulas that all kinds of opportunities share.

use crate::domain::InputParameter;
use std::collections::{HashMap, HashSet};

/// The frequency of something that was seen `n` times: `n / (n + 10)`.
pub fn often(count: usize) -> f64 {
    part(count as f64, 10.0)
}

/// A number from 0 on, mapped to 0 to 1: `x / (x + half)`, 0.5 at `half`.
pub fn part(number: f64, half: f64) -> f64 {
    if number <= 0.0 { 0.0 } else { number / (number + half) }
}

/// The lower bound of a share at 95 % confidence: Wilson's score interval (E. B. Wilson, JASA 22, 1927).
pub fn lower_bound(held: usize, of: usize) -> f64 {
    if of == 0 {
        return 0.0;
    }
    let (n, z) = (of as f64, 1.96_f64);
    let share = held.min(of) as f64 / n;
    let middle = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - spread) / (1.0 + z * z / n)).max(0.0)
}

/// A valid name for a parameter: letters, digits and `_`, a letter first.
pub fn parameter_name(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(40).collect();
    let plain = plain.trim_matches('_');
    match plain.chars().next() {
        None => "value".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("value_{plain}"),
        Some(_) => plain.to_owned(),
    }
}

/// Numbers parameters with the same name, so that each name is unique.
pub fn distinct(parameters: &mut [InputParameter]) {
    let mut used: HashSet<String> = HashSet::new();
    let mut next: HashMap<String, usize> = HashMap::new();
    for parameter in parameters {
        let base = parameter.name.clone();
        let number = next.entry(base.clone()).or_insert(2);
        while !used.insert(parameter.name.clone()) {
            parameter.name = format!("{base}_{number}");
            *number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_few_is_less_sure_than_the_same_share_of_many() {
        assert!(lower_bound(1, 1) < lower_bound(95, 100));
        assert!((lower_bound(12, 12) - 0.757).abs() < 0.001);
        assert!(lower_bound(0, 0).abs() < f64::EPSILON && lower_bound(0, 9).abs() < f64::EPSILON);
        assert!((often(10) - 0.5).abs() < f64::EPSILON);
    }
}
