//! Groups of copies, near duplicates and name clashes in a library: which tool to keep, and how the others relate to
//! it.

use super::{CodeLikeness, CodeOf, DOUBTED, Likeness, NEAR, Resemblance, compared::are_versions, judged};
use crate::domain::{GroupKind, Instant, Stage, Tool};
use serde::Serialize;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Reasons to keep a tool, besides its stage.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Merit {
    /// Finished runs that succeeded or failed.
    pub runs: u64,
    /// Its score; `None` before the first judged run.
    pub score: Option<f64>,
    /// When it was first seen.
    pub first_seen: Instant,
}

/// A tool of a group other than the one to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its position in the list of tools.
    pub tool: usize,
    /// Its similarity to the one to keep.
    pub likeness: Likeness,
}

/// Tools of which one would be enough.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarGroup {
    /// Copies, near duplicates, or a clash of names.
    pub kind: GroupKind,
    /// The one to keep: the highest stage, then the most runs, then the best score, then the oldest, then by name.
    pub keep: usize,
    /// The others, the most similar first.
    pub rest: Vec<Member>,
}

/// The groups of a library: copies first, then near duplicates, then clashes. Archived and deprecated tools are left
/// out, and versions of one name are not duplicates of each other. `merits` are in the order of the tools.
pub fn groups(resemblance: &Resemblance, merits: &[Merit], code: CodeOf<'_>) -> Vec<SimilarGroup> {
    let field = GroupingInput { tools: &resemblance.tools, merits };
    let mut all = field.copies();
    all.extend(field.near(resemblance, code));
    all.extend(field.clashes());
    all
}

/// How much more similar to another tool than to the one to keep a tool may be, to belong to its group.
const MARGIN: f64 = 0.05;

/// The similarity of two tools.
#[derive(Clone, Copy)]
struct PairScores {
    /// Similarity by their texts.
    said: f64,
    /// Similarity by their code, if both can be compared.
    written: CodeLikeness,
}

impl PairScores {
    fn likeness(&self) -> f64 {
        judged(self.said, self.written)
    }
}

struct GroupingInput<'a> {
    tools: &'a [Arc<Tool>],
    merits: &'a [Merit],
}

impl GroupingInput<'_> {
    fn rank(&self, one: usize, other: usize) -> Ordering {
        let merit = |tool: usize| self.merits.get(tool).copied().unwrap_or_default();
        let (a, b) = (&self.tools[one], &self.tools[other]);
        let (left, right) = (merit(one), merit(other));
        let score = |merit: Merit| merit.score.unwrap_or_default();
        b.stage
            .precedence()
            .cmp(&a.stage.precedence())
            .then_with(|| right.runs.cmp(&left.runs))
            .then_with(|| score(right).total_cmp(&score(left)))
            .then_with(|| left.first_seen.cmp(&right.first_seen))
            .then_with(|| (&a.name, &a.path).cmp(&(&b.name, &b.path)))
    }

    fn live(&self) -> impl Iterator<Item = (usize, &Arc<Tool>)> {
        self.tools
            .iter()
            .enumerate()
            .filter(|(_, tool)| tool.stage != Stage::Archived && tool.facts.deprecated.is_none())
    }

    /// A group of these tools; the best one is to be kept.
    fn group(
        &self,
        kind: GroupKind,
        mut members: Vec<usize>,
        how: impl Fn(usize, usize) -> Likeness,
    ) -> Option<SimilarGroup> {
        members.sort_by(|one, other| self.rank(*one, *other));
        let (keep, rest) = members.split_first()?;
        let rest: Vec<Member> = rest.iter().map(|tool| Member { tool: *tool, likeness: how(*keep, *tool) }).collect();
        (!rest.is_empty()).then_some(SimilarGroup { kind, keep: *keep, rest })
    }

    fn copies(&self) -> Vec<SimilarGroup> {
        // Two scripts may consist of the same files but start with different ones. A target in a command file acts on
        // the folder of that file.
        let mut by_digest: BTreeMap<([u8; 32], &str), Vec<usize>> = BTreeMap::new();
        for (at, tool) in self.live().filter(|(_, tool)| !tool.path.contains('#')) {
            let start = tool.path.rsplit('/').next().unwrap_or_default();
            by_digest.entry((tool.digest.0, start)).or_default().push(at);
        }
        let same = |_, _| Likeness::copy();
        let copies = by_digest.into_values().filter_map(|members| self.group(GroupKind::Copies, members, same));
        self.by_name(copies.collect())
    }

    /// Each group has one tool to keep and those that are similar to it, unless they are much more similar to another
    /// tool. Tools that are similar only to the latter form another group.
    fn near(&self, resemblance: &Resemblance, code: CodeOf<'_>) -> Vec<SimilarGroup> {
        let mut neighbours: BTreeMap<usize, Vec<(usize, PairScores)>> = BTreeMap::new();
        for pair in resemblance.pairs(DOUBTED) {
            let (one, other) = (pair.one, pair.other);
            if are_versions(&self.tools[one], &self.tools[other]) || self.tools[one].digest == self.tools[other].digest
            {
                continue;
            }
            let written = resemblance.written(one, other, pair.said, code);
            let found = PairScores { said: pair.said, written };
            let has_same_name = self.tools[one].name == self.tools[other].name;
            if found.likeness() < NEAR || has_same_name && !written.is_same() {
                continue;
            }
            neighbours.entry(one).or_default().push((other, found));
            neighbours.entry(other).or_default().push((one, found));
        }
        let mut order: Vec<usize> = neighbours.keys().copied().collect();
        order.sort_by(|one, other| self.rank(*one, *other));
        let most = |of: &Vec<(usize, PairScores)>| of.iter().map(|(_, found)| found.likeness()).fold(0.0, f64::max);
        let best: BTreeMap<usize, f64> = neighbours.iter().map(|(tool, of)| (*tool, most(of))).collect();
        let (mut taken, mut groups) = (HashSet::new(), Vec::new());
        for keep in order {
            if !taken.insert(keep) {
                continue;
            }
            let mut rest = neighbours.remove(&keep).unwrap_or_default();
            rest.retain(|(tool, found)| found.likeness() >= best[tool] - MARGIN && taken.insert(*tool));
            rest.sort_by(|(a, x), (b, y)| y.likeness().total_cmp(&x.likeness()).then(a.cmp(b)));
            // Computed only now, because for most pairs nobody needs the explanation.
            let told = |tool: usize, found: PairScores| resemblance.told(keep, tool, found.said, found.written);
            let rest: Vec<Member> =
                rest.into_iter().map(|(tool, found)| Member { tool, likeness: told(tool, found) }).collect();
            if !rest.is_empty() {
                groups.push(SimilarGroup { kind: GroupKind::Near, keep, rest });
            }
        }
        groups.sort_by_key(|group| Reverse((group.rest[0].likeness.likeness * 10_000.0) as u64));
        groups
    }

    fn clashes(&self) -> Vec<SimilarGroup> {
        let place: BTreeMap<&str, usize> = self.live().map(|(at, tool)| (tool.path.as_str(), at)).collect();
        let mut seen = HashSet::new();
        let mut groups = Vec::new();
        for (at, tool) in self.live().filter(|(_, tool)| !tool.clashes.is_empty()) {
            let mut members: Vec<usize> =
                tool.clashes.iter().filter_map(|path| place.get(path.as_str()).copied()).collect();
            members.push(at);
            members.sort_unstable();
            if members.len() < 2 || !seen.insert(members.clone()) {
                continue;
            }
            let how = |one: usize, other: usize| {
                let (a, b) = (&self.tools[one], &self.tools[other]);
                let why = if a.name == b.name {
                    format!("both have the name {}", a.name)
                } else {
                    format!(
                        "both have the display name {:?}",
                        b.title.as_deref().or(a.title.as_deref()).unwrap_or_default()
                    )
                };
                Likeness { likeness: 0.0, why, same_code: false }
            };
            groups.extend(self.group(GroupKind::Clash, members, how));
        }
        self.by_name(groups)
    }

    fn by_name(&self, mut groups: Vec<SimilarGroup>) -> Vec<SimilarGroup> {
        groups.sort_by(|a, b| {
            let key = |group: &SimilarGroup| (&self.tools[group.keep].name, &self.tools[group.keep].path);
            key(a).cmp(&key(b))
        });
        groups
    }
}
