//! Suggestions for misspelt words.

/// The known word that is probably meant.
pub fn near_word<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = key.to_lowercase().replace('-', "_");
    let steps = known.iter().map(|known| (distance(&plain, known), *known));
    let (steps, nearest) = steps.min()?;
    let most = if nearest.len() >= 6 { 2 } else { 1 };
    // Words of three letters are close to too many others.
    (steps <= most && key.chars().count() > 3 || steps == 0).then_some(nearest)
}

/// The known word that is closest to a typed one; if several are, the shortest, then the first. `None` if none is
/// close.
pub fn nearest_word<'k>(typed: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = typed.to_lowercase();
    let most = if plain.chars().count() >= 5 { 2 } else { 1 };
    let near = known.iter().map(|known| (distance(&plain, known), known.len(), *known));
    near.filter(|(steps, ..)| *steps <= most).min_by_key(|(steps, len, _)| (*steps, *len)).map(|(.., known)| known)
}

/// The edit distance: insertions, deletions, changes and swaps of neighbouring letters.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let changed = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::{near_word, nearest_word};

    #[test]
    fn the_nearest_of_several_is_meant_also_for_short_words() {
        let verbs = ["grants", "run", "runs", "list", "sets"];
        for (typed, meant) in [("rn", Some("run")), ("rnus", Some("runs")), ("lsit", Some("list")), ("zzz", None)] {
            assert_eq!(nearest_word(typed, &verbs), meant, "{typed}");
        }
    }

    #[test]
    fn a_slip_is_told_from_another_word() {
        for (key, meant) in [
            ("comand", Some("command")),
            ("Command", Some("command")),
            ("commnad", Some("command")),
            ("environment", None),
            ("run", None),
        ] {
            assert_eq!(near_word(key, &["command", "env"]), meant, "{key}");
        }
    }
}
