//! Similar tasks, found without a model: words are weighted by their rarity (TF-IDF) and extended by words that occur
//! together with them, and groups are joined by average similarity (agglomerative clustering).

use super::reckon::{lower_bound, often, part};
use crate::domain::{Opportunity, OpportunityKind, Suggested, Witness, Worth};
use crate::insight::terms::terms;
use std::collections::{BTreeMap, BTreeSet};

/// Minimum number of tasks in a group.
pub const LEAST: usize = 3;

/// Maximum number of tasks that are compared; of more, the newest. The work grows with the square.
pub const MOST: usize = 400;

/// Minimum average similarity of two groups that are joined, 0 to 1.
const ALIKE: f64 = 0.22;

/// Minimum similarity of two requests that count as the same, 0 to 1.
const SAME: f64 = 0.6;

/// Weight of words that occur together with those of a task.
const WIDENING: f64 = 0.5;

/// Maximum number of tasks shown for each group, and of words in its name.
const SHOWN: usize = 5;
const NAMING: usize = 3;

/// A task that somebody wanted done, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskText {
    /// Its source: a file, or a word for the rows.
    pub source: String,
    /// The line or number in the source.
    pub number: u64,
    /// The task in the user's words.
    pub text: String,
}

/// The opportunities from similar tasks. Impact: their number, `x / (x + 10)`; complexity 0.5; confidence: their
/// similarity times a bound that grows with their number.
pub fn opportunities(tasks: &[TaskText]) -> Vec<Opportunity> {
    let tasks = &tasks[tasks.len().saturating_sub(MOST)..];
    let space = Space::of(tasks);
    let groups = space.groups(ALIKE).into_iter().filter(|group| group.len() >= LEAST);
    groups.map(|group| suggest(tasks, &space, &group)).collect()
}

fn suggest(tasks: &[TaskText], space: &Space, group: &[usize]) -> Opportunity {
    let words = space.naming(group);
    let (count, alike) = (group.len(), space.cohesion(group));
    let middle = space.middle(group);
    let example = tasks[middle].text.lines().next().unwrap_or_default().trim();
    let evidence = group.iter().rev().take(SHOWN).map(|nth| Witness {
        source: tasks[*nth].source.clone(),
        numbers: vec![tasks[*nth].number],
        text: tasks[*nth].text.lines().next().unwrap_or_default().chars().take(200).collect(),
    });
    let mut about = words.clone();
    about.sort_unstable();
    Opportunity::of(Suggested {
        kind: OpportunityKind::SimilarTasks,
        about: about.join(" "),
        name: words.join(" "),
        title: format!("{count} tasks around {}: {example}", words.join(", ")),
        description: format!("A tool for tasks around {}, for example: {example}", words.join(", ")),
        count: count as u64,
        worth: Worth {
            frequency: often(count),
            impact: part(count as f64, 10.0),
            complexity: 0.5,
            confidence: alike.sqrt() * lower_bound(count, count),
        },
        parameters: Vec::new(),
        expected_output: None,
        tools: Vec::new(),
        evidence: evidence.collect(),
        implementation: None,
    })
}

/// Groups of tasks that are the same apart from minor words, in the order of their first member.
pub fn group_alike(tasks: &[TaskText]) -> Vec<Vec<usize>> {
    let from = tasks.len().saturating_sub(MOST);
    let mut groups = Space::plain(&tasks[from..]).groups(SAME);
    groups.iter_mut().flatten().for_each(|nth| *nth += from);
    groups
}

/// The terms of a text, without duplicates, ascending.
pub fn words_of(text: &str) -> Vec<String> {
    terms(text).into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Tasks as vectors of length one.
struct Space {
    names: Vec<String>,
    vectors: Vec<Vec<f64>>,
}

impl Space {
    /// The vectors of the tasks' own words.
    fn plain(tasks: &[TaskText]) -> Space {
        let rows: Vec<Vec<String>> = tasks.iter().map(|task| words_of(&task.text)).collect();
        let mut in_tasks: BTreeMap<&str, usize> = BTreeMap::new();
        for word in rows.iter().flatten() {
            *in_tasks.entry(word).or_default() += 1;
        }
        let names: Vec<String> = in_tasks.keys().map(|word| (*word).to_owned()).collect();
        let weigh = |count: usize| (1.0 + tasks.len() as f64 / count as f64).ln();
        let vectors = rows.iter().map(|row| {
            let mut vector = vec![0.0; names.len()];
            for word in row {
                if let Ok(at) = names.binary_search(word) {
                    vector[at] = weigh(in_tasks[word.as_str()]);
                }
            }
            unit(vector)
        });
        let vectors = vectors.collect();
        Space { names, vectors }
    }

    /// The vectors extended by words that occur together with theirs in other tasks: tasks about the same thing need
    /// not share a word.
    fn of(tasks: &[TaskText]) -> Space {
        let plain = Space::plain(tasks);
        let around: Vec<Vec<f64>> = plain
            .vectors
            .iter()
            .map(|vector| {
                let mut wide = vec![0.0; plain.names.len()];
                for other in &plain.vectors {
                    let near = dot(vector, other);
                    if near > 0.0 && near < 0.999 {
                        wide.iter_mut().zip(other).for_each(|(sum, part)| *sum += near * part);
                    }
                }
                unit(wide)
            })
            .collect();
        let vectors =
            plain.vectors.iter().zip(around).map(|(own, around)| {
                unit(own.iter().zip(around).map(|(own, around)| own + WIDENING * around).collect())
            });
        Space { vectors: vectors.collect(), names: plain.names.clone() }
    }

    /// Joins the two most similar groups as long as their average similarity is high enough (average linkage, updated
    /// as by G. N. Lance and W. T. Williams, The Computer Journal 9, 1967).
    fn groups(&self, alike: f64) -> Vec<Vec<usize>> {
        let count = self.vectors.len();
        let mut groups: Vec<Vec<usize>> = (0..count).map(|nth| vec![nth]).collect();
        let mut near: Vec<Vec<f64>> =
            (0..count).map(|a| (0..count).map(|b| dot(&self.vectors[a], &self.vectors[b])).collect()).collect();
        loop {
            let mut best = (alike, None);
            for a in (0..count).filter(|a| !groups[*a].is_empty()) {
                for b in (a + 1..count).filter(|b| !groups[*b].is_empty()) {
                    if near[a][b] > best.0 {
                        best = (near[a][b], Some((a, b)));
                    }
                }
            }
            let (_, Some((a, b))) = best else { break };
            let (of_a, of_b) = (groups[a].len() as f64, groups[b].len() as f64);
            let joined: Vec<f64> =
                near[a].iter().zip(&near[b]).map(|(to_a, to_b)| (of_a * to_a + of_b * to_b) / (of_a + of_b)).collect();
            for (row, likeness) in near.iter_mut().zip(&joined) {
                row[a] = *likeness;
            }
            near[a] = joined;
            let moved = std::mem::take(&mut groups[b]);
            groups[a].extend(moved);
        }
        let mut groups: Vec<Vec<usize>> = groups.into_iter().filter(|group| !group.is_empty()).collect();
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort();
        groups
    }

    /// The words with the greatest weight in a group.
    fn naming(&self, group: &[usize]) -> Vec<String> {
        let weight = |at: usize| group.iter().map(|nth| self.vectors[*nth][at]).sum::<f64>();
        let mut words: Vec<(f64, &String)> =
            self.names.iter().enumerate().map(|(at, name)| (weight(at), name)).collect();
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        words.into_iter().take(NAMING).map(|(_, name)| name.clone()).collect()
    }

    /// The task that is most similar to the others in its group.
    fn middle(&self, group: &[usize]) -> usize {
        let near = |nth: usize| group.iter().map(|other| dot(&self.vectors[nth], &self.vectors[*other])).sum::<f64>();
        group.iter().copied().max_by(|a, b| near(*a).total_cmp(&near(*b)).then(b.cmp(a))).unwrap_or_default()
    }

    /// The average similarity of the tasks in a group, 0 to 1.
    fn cohesion(&self, group: &[usize]) -> f64 {
        let pairs = group.len() * group.len().saturating_sub(1) / 2;
        let near = group
            .iter()
            .enumerate()
            .flat_map(|(at, a)| group[at + 1..].iter().map(move |b| dot(&self.vectors[*a], &self.vectors[*b])));
        near.sum::<f64>() / pairs.max(1) as f64
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn unit(mut vector: Vec<f64>) -> Vec<f64> {
    let length = dot(&vector, &vector).sqrt();
    if length > 0.0 {
        for part in &mut vector {
            *part /= length;
        }
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty prompts on four subjects, as people write them: images, tables, releases, logs.
    const PROMPTS: [&[&str]; 4] = [
        &[
            "Resize all images in the assets folder to 800 pixels wide",
            "convert the PNG pictures to JPEG with quality 80",
            "make thumbnails of every photo in this folder",
            "crop the screenshots to the window and save them as png",
            "please shrink these photos so that the page loads faster",
            "turn the images into webp files",
            "compress the jpeg pictures in the blog folder",
            "rotate the photos that lie on their side",
            "create a small thumbnail image for each picture",
            "strip the EXIF metadata from the jpeg photos",
        ],
        &[
            "Join two CSV files by the customer id column",
            "remove duplicate rows from the csv export",
            "sum the amount column of the spreadsheet by month",
            "convert the csv table to JSON records",
            "which rows of the table have an empty email column?",
            "sort the csv by date and keep the newest row of each customer",
            "split the large csv file into one file for each customer",
            "rename the columns of the export and drop the empty ones",
            "merge the monthly spreadsheets into one table",
            "validate that every row of the csv has the same number of columns",
        ],
        &[
            "Write the changelog for the next release from the git commits",
            "bump the version number and tag the release",
            "list the commits since the last tag, grouped by author",
            "draft release notes from the merged pull requests",
            "check that the version in the manifest matches the git tag",
            "publish the release to the registry after the tests pass",
            "prepare a changelog entry for every merged commit",
            "create a git branch for the release and push the tag",
            "compare the commits of two release branches",
            "update the version in all manifests before tagging",
        ],
        &[
            "Find the errors in the server log of last night",
            "count the requests per minute in the nginx access log",
            "show the ten slowest requests of the access log",
            "group the log errors by message and count them",
            "extract all stack traces from the application logs",
            "which IP addresses caused the most 500 errors in the log?",
            "watch the server log and report new error messages",
            "summarise the warnings of the application log by hour",
            "search the logs for timeouts of the database server",
            "filter the access log for requests that ended with an error",
        ],
    ];

    fn tasks() -> (Vec<TaskText>, Vec<usize>) {
        let mut all = Vec::new();
        let mut themes = Vec::new();
        // The subjects alternate, so that the order does not help.
        for nth in 0..10 {
            for (theme, prompts) in PROMPTS.iter().enumerate() {
                all.push(TaskText {
                    source: "log".to_owned(),
                    number: all.len() as u64 + 1,
                    text: prompts[nth].to_owned(),
                });
                themes.push(theme);
            }
        }
        (all, themes)
    }

    #[test]
    fn forty_prompts_of_four_themes_come_apart_with_a_purity_of_four_fifths() {
        let (tasks, themes) = tasks();
        let groups = Space::of(&tasks).groups(ALIKE);
        let most = |group: &Vec<usize>| {
            (0..4).map(|theme| group.iter().filter(|nth| themes[**nth] == theme).count()).max().unwrap_or_default()
        };
        let purity = groups.iter().map(most).sum::<usize>() as f64 / tasks.len() as f64;
        assert!(purity >= 0.8, "purity {purity}: {groups:?}");
        // Purity alone is trivial: a group for each task is pure.
        assert!(groups.len() <= 10, "{} groups: {groups:?}", groups.len());
        let large = groups.iter().filter(|group| group.len() >= 5).count();
        assert!(large >= 4, "{groups:?}");
    }

    #[test]
    fn alike_tasks_suggest_a_tool_with_the_lines_they_stand_on() {
        let (tasks, _) = tasks();
        let found = opportunities(&tasks);
        assert!(found.len() >= 4, "{found:#?}");
        for one in &found {
            assert!(one.count >= LEAST as u64 && !one.evidence.is_empty() && one.worth.confidence > 0.0, "{one:?}");
        }
        assert_eq!(opportunities(&tasks[..2]), [], "two are no habit");
    }
}
