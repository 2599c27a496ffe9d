//! Rows of the same name: the part of the path that tells each of them from the others.

use super::quantity::grouped;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// The part of the path for each row that shares its key with rows at other paths, by row.
///
/// It is the shortest run of folders that no other path of the key contains, the one closest to the file if there are
/// several. Where folders do not suffice, the run ends with the file. Paths that occur twice have none.
pub fn told_apart<'p, R: Copy + Eq + Hash, K: Eq + Hash>(
    rows: impl IntoIterator<Item = (R, K, &'p str)>,
) -> HashMap<R, String> {
    let mut named: HashMap<K, Vec<(R, &str)>> = HashMap::new();
    for (row, key, path) in rows {
        named.entry(key).or_default().push((row, path));
    }
    let mut told = HashMap::new();
    for rows in named.into_values().filter(|rows| rows.len() > 1) {
        let distinct: HashSet<&str> = rows.iter().map(|(_, path)| *path).collect();
        if distinct.len() < 2 {
            continue;
        }
        let parts = parts(distinct);
        told.extend(rows.into_iter().filter_map(|(row, path)| Some((row, parts.get(path)?.clone()))));
    }
    told
}

/// The distinguishing part of each of these different paths.
fn parts(paths: HashSet<&str>) -> HashMap<&str, String> {
    let split: Vec<(&str, Vec<&str>)> = paths.into_iter().map(|path| (path, path.split('/').collect())).collect();
    let common = (0..).take_while(|at| {
        let first = split.first().and_then(|(_, folders)| folders.get(*at));
        first.is_some() && split.iter().all(|(_, folders)| folders.get(*at) == first)
    });
    let common = common.count();
    let mut found = HashMap::new();
    // Folders first; the file is significant only if they do not suffice.
    for without in [1, 0] {
        let rests: Vec<(&str, &[&str])> = split
            .iter()
            .map(|(path, parts)| (*path, parts.get(common..parts.len() - without).unwrap_or_default()))
            .collect();
        let longest = rests.iter().map(|(_, rest)| rest.len()).max().unwrap_or_default();
        for length in 1..=longest {
            if found.len() == rests.len() {
                return found;
            }
            let mut holders: HashMap<&[&str], usize> = HashMap::new();
            for (_, rest) in &rests {
                let runs: HashSet<&[&str]> = rest.windows(length).collect();
                for run in runs {
                    *holders.entry(run).or_default() += 1;
                }
            }
            for (path, rest) in &rests {
                let own = rest.windows(length).rev().find(|run| holders.get(run) == Some(&1));
                if let Some(run) = own {
                    found.entry(*path).or_insert_with(|| run.join("/"));
                }
            }
        }
    }
    // Contained in another one as a whole.
    for (path, rest) in split {
        found.entry(path).or_insert_with(|| rest.get(common..).unwrap_or_default().join("/"));
    }
    found
}

/// A list in one line: whole if it has at most three items, otherwise how many there are, and the first three.
pub fn first_few(all: &[String], many: &str) -> String {
    match all.get(..3) {
        Some(few) if all.len() > 3 => {
            format!("{} {many}: {} and {} more", grouped(all.len()), few.join(", "), grouped(all.len() - 3))
        }
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(paths: &[&str]) -> Vec<String> {
        let rows = paths.iter().enumerate().map(|(row, path)| (row, "same", *path));
        let told = told_apart(rows);
        (0..paths.len()).map(|row| told.get(&row).cloned().unwrap_or_default()).collect()
    }

    #[test]
    fn the_shortest_part_that_no_other_path_has_tells_a_row_apart() {
        assert_eq!(told(&["tools/x/a/t.py", "tools/x/b/t.py"]), ["a", "b"]);
        assert_eq!(
            told(&["/r/scripts/Blackjack/main.py", "/r/scripts/Snake/src/main.py", "/q/bin/main.py"]),
            ["Blackjack", "src", "bin"]
        );
        assert_eq!(told(&["x/c/t.py", "x/d/t.py", "y/c/t.py"]), ["x/c", "d", "y"]);
        assert_eq!(told(&["tools/x/t.py", "tools/x/t.sh"]), ["t.py", "t.sh"]);
        assert_eq!(told(&["tools/t.py", "tools/a/t.py"]), ["t.py", "a"]);
        assert_eq!(told(&["t.py", "a/t.py"]), ["t.py", "a"]);
    }

    #[test]
    fn a_long_list_is_counted_and_only_its_beginning_named() {
        let paths: Vec<String> = (0..30).map(|at| format!("t{at}")).collect();
        assert_eq!(first_few(&paths, "tools"), "30 tools: t0, t1, t2 and 27 more");
        assert_eq!(first_few(&paths[..3], "tools"), "t0, t1, t2");
        assert_eq!(first_few(&[], "tools"), "");
    }

    #[test]
    fn a_single_row_and_equal_paths_have_none() {
        assert_eq!(told(&["tools/t.py"]), [""]);
        assert_eq!(told(&["tools/t.py", "tools/t.py"]), ["", ""]);
        let rows = [(1, "a", "x/a.py"), (2, "b", "y/b.py")];
        assert!(told_apart(rows).is_empty());
    }

    #[test]
    fn different_paths_of_any_shape_have_different_parts() {
        let names = ["a", "b", "c"];
        let mut paths: Vec<String> = Vec::new();
        for first in names {
            paths.push(format!("{first}.py"));
            for second in names {
                paths.push(format!("{first}/{second}.py"));
                paths.extend(names.map(|third| format!("{first}/{second}/{third}.py")));
            }
        }
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut parts = told(&paths);
        assert!(parts.iter().all(|part| !part.is_empty()));
        parts.sort();
        parts.dedup();
        assert_eq!(parts.len(), paths.len());
    }
}
