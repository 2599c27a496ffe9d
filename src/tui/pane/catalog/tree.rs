//! The rows of the catalog: tools and problems, grouped if requested.
//!
//! Rows are built when the catalog, the filter or a fold changes, not when moving.

use crate::domain::{Category, Stage, Tool, ToolReview, told_apart};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The name of the group of problems. Categories never end with a blank.
const PROBLEMS: &str = "problems ";

/// The grouping of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// No grouping.
    #[default]
    Flat,
    /// By category.
    Category,
    /// By stage.
    Stage,
}

impl Grouping {
    /// The next grouping.
    pub fn next(self) -> Grouping {
        match self {
            Grouping::Flat => Grouping::Category,
            Grouping::Category => Grouping::Stage,
            Grouping::Stage => Grouping::Flat,
        }
    }

    /// The grouping in words.
    pub fn word(self) -> &'static str {
        match self {
            Grouping::Flat => "no groups",
            Grouping::Category => "by category",
            Grouping::Stage => "by stage",
        }
    }

    /// The group of a tool.
    pub(super) fn group_of(self, tool: &Tool) -> &str {
        match self {
            Grouping::Flat => "",
            Grouping::Category => &tool.category.0,
            Grouping::Stage => tool.stage.word(),
        }
    }

    /// The position of a group: known ones in their usual order, then others by name; tools without a category are
    /// last.
    fn place(self, name: &str) -> (usize, String) {
        let known = match self {
            Grouping::Flat => None,
            Grouping::Category => Category::KNOWN.iter().position(|known| *known == name),
            Grouping::Stage => name.parse().ok().map(|stage: Stage| 3 - usize::from(stage.precedence())),
        };
        let at = if name == Category::UNSTATED { usize::MAX } else { known.unwrap_or(Category::KNOWN.len()) };
        (at, name.to_owned())
    }
}

/// A group of rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// The category or stage, unchanged.
    pub name: String,
    /// How many of its tools match the filter.
    pub shown: usize,
    /// How many tools it has without a filter.
    pub total: usize,
    /// Whether its rows are hidden.
    pub is_folded: bool,
    /// The shown tools by stage, in the order of [`Stage::ALL`].
    pub stages: [usize; 4],
    /// How many of the shown tools have a pending review.
    pub waiting: usize,
    /// How many of the shown tools are locked.
    pub locked: usize,
}

impl Group {
    /// Whether it contains problems instead of tools.
    pub fn is_problems(&self) -> bool {
        self.name == PROBLEMS
    }

    fn count(&mut self, tool: &Tool) {
        self.shown += 1;
        self.stages[Stage::ALL.iter().position(|stage| *stage == tool.stage).unwrap_or(0)] += 1;
        self.waiting += usize::from(tool.facts.review == ToolReview::Waiting);
        self.locked += usize::from(tool.facts.locked);
    }
}

/// A row of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Group(usize),
    Tool(usize),
    Problem(usize),
    Skipped(usize),
}

/// The source of the rows.
pub(super) struct Listed<'a> {
    /// All tools of the catalog.
    pub(super) tools: &'a [Arc<Tool>],
    /// Positions of those that are shown, in their order.
    pub(super) shown: Vec<usize>,
    /// Numbers of the problems that are shown.
    pub(super) problems: Vec<usize>,
    /// Numbers of the skipped files that are shown, after the problems.
    pub(super) skipped: Vec<usize>,
}

/// All rows, and their counts.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) rows: Vec<Row>,
    pub(super) groups: Vec<Group>,
    /// How many tools are shown, including those in folded groups.
    pub(super) shown: usize,
    /// How many of them are locked.
    pub(super) locked: usize,
    /// The row of the first tool: with a filter, of the best one.
    pub(super) best: usize,
}

impl Tree {
    /// Builds the rows. `counts` says whether a tool is listed without a filter; groups in `folded` show only their
    /// name.
    pub(super) fn new(
        grouping: Grouping,
        listed: Listed<'_>,
        folded: &HashSet<String>,
        counts: impl Fn(&Tool) -> bool,
    ) -> Tree {
        let Listed { tools, shown, problems, skipped } = listed;
        let others = problems.into_iter().map(Row::Problem).chain(skipped.into_iter().map(Row::Skipped));
        let others: Vec<Row> = others.collect();
        let shown: Vec<usize> = shown.into_iter().filter(|position| *position < tools.len()).collect();
        let locked = shown.iter().filter(|position| tools[**position].facts.locked).count();
        let mut tree = Tree { shown: shown.len(), locked, ..Tree::default() };
        if grouping == Grouping::Flat {
            tree.rows = shown.into_iter().map(Row::Tool).chain(others).collect();
            return tree;
        }
        let first = shown.first().copied();
        let mut groups: HashMap<&str, (Group, Vec<usize>)> = HashMap::new();
        for position in shown {
            let tool = &tools[position];
            let (group, members) = groups.entry(grouping.group_of(tool)).or_default();
            group.count(tool);
            members.push(position);
        }
        for tool in tools.iter().filter(|tool| counts(tool)) {
            if let Some((group, _)) = groups.get_mut(grouping.group_of(tool)) {
                group.total += 1;
            }
        }
        let mut sorted: Vec<_> = groups.into_iter().collect();
        sorted.sort_by_cached_key(|(name, _)| grouping.place(name));
        for (name, (group, members)) in sorted {
            tree.push(Group { name: name.to_owned(), ..group }, members.into_iter().map(Row::Tool), folded);
        }
        if !others.is_empty() {
            let count = others.len();
            let group = Group { name: PROBLEMS.to_owned(), shown: count, total: count, ..Group::default() };
            tree.push(group, others.into_iter(), folded);
        }
        tree.best = first.and_then(|first| tree.rows.iter().position(|row| *row == Row::Tool(first))).unwrap_or(0);
        tree
    }

    fn push(&mut self, group: Group, members: impl Iterator<Item = Row>, folded: &HashSet<String>) {
        let is_folded = folded.contains(&group.name);
        self.rows.push(Row::Group(self.groups.len()));
        self.groups.push(Group { is_folded, ..group });
        if !is_folded {
            self.rows.extend(members);
        }
    }

    /// The group that a row belongs to or names.
    pub(super) fn group_at(&self, row: usize) -> Option<&Group> {
        let rows = self.rows.get(..=row)?;
        rows.iter().rev().find_map(|row| match row {
            Row::Group(index) => self.groups.get(*index),
            Row::Tool(_) | Row::Problem(_) | Row::Skipped(_) => None,
        })
    }

    /// The row that names a group.
    pub(super) fn row_of_group(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|row| match row {
            Row::Group(index) => self.groups.get(*index).is_some_and(|group| group.name == name),
            Row::Tool(_) | Row::Problem(_) | Row::Skipped(_) => false,
        })
    }
}

/// The part of the path that distinguishes tools at these positions with the same name and stage. Rows of two stages are
/// distinguished by the stage.
pub(super) fn places(tools: &[Arc<Tool>], positions: impl Iterator<Item = usize>) -> HashMap<usize, String> {
    told_apart(positions.map(|position| {
        let tool = &tools[position];
        (position, (tool.name.as_str(), tool.stage), tool.path.as_str())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::tool;

    fn tools() -> Vec<Arc<Tool>> {
        [("a", "web"), ("b", "zoo"), ("c", "git"), ("d", "web"), ("e", "custom"), ("f", "ants")]
            .map(|(name, category)| {
                let stage = if name == "d" { Stage::Approved } else { Stage::Experimental };
                Arc::new(Tool { category: Category::new(category), ..tool(name, stage) })
            })
            .into()
    }

    fn tree(grouping: Grouping, shown: &[usize], folded: &[&str]) -> Tree {
        let folded = folded.iter().map(|name| (*name).to_owned()).collect();
        let listed = Listed { tools: &tools(), shown: shown.to_vec(), problems: vec![0], skipped: Vec::new() };
        Tree::new(grouping, listed, &folded, |_| true)
    }

    fn told(tree: &Tree) -> Vec<String> {
        let row = |row: &Row| match row {
            Row::Group(at) => {
                let group = &tree.groups[*at];
                format!("{}{} {}/{}", if group.is_folded { "+" } else { "" }, group.name, group.shown, group.total)
            }
            Row::Tool(position) => position.to_string(),
            Row::Problem(at) => format!("!{at}"),
            Row::Skipped(at) => format!("-{at}"),
        };
        tree.rows.iter().map(row).collect()
    }

    #[test]
    fn known_categories_come_first_then_others_and_each_tool_is_there_once() {
        let all = tree(Grouping::Category, &[0, 1, 2, 3, 4, 5], &["web"]);
        let expected =
            ["git 1/1", "2", "+web 2/2", "ants 1/1", "5", "zoo 1/1", "1", "custom 1/1", "4", "problems  1/1", "!0"];
        assert_eq!(told(&all), expected);
        assert_eq!((all.shown, all.groups[1].stages), (6, [1, 1, 0, 0]));
    }

    #[test]
    fn a_filter_hides_groups_without_a_find_and_the_best_row_is_the_first_find() {
        let some = tree(Grouping::Category, &[3, 2], &[]);
        assert_eq!(told(&some), ["git 1/1", "2", "web 1/2", "3", "problems  1/1", "!0"]);
        assert_eq!(some.best, 3);
        assert_eq!(some.group_at(3).map(|group| group.name.as_str()), Some("web"));
        assert_eq!(some.row_of_group("web"), Some(2));
    }

    #[test]
    fn stages_are_groups_with_the_most_trusted_first() {
        assert_eq!(
            told(&tree(Grouping::Stage, &[0, 3], &["experimental"])),
            ["approved 1/1", "3", "+experimental 1/5", "problems  1/1", "!0"]
        );
        assert_eq!(told(&tree(Grouping::Flat, &[1, 0], &["web"])), ["1", "0", "!0"]);
    }
}
