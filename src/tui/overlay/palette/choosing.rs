//! The list of possible values of an argument: a row for each, and details about the selected one below.

use crate::engine::{Choice, EngineError};
use crate::tui::ink::Span;
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{age, cut, pad, safe, wrap};
use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use unicode_width::UnicodeWidthStr;

/// The maximum width of a value, and of an age.
const MOST_VALUE: usize = 28;
const AGE: usize = 5;
/// Lines about the selected row.
pub(super) const ABOUT_LINES: usize = 3;

/// The possible values.
#[derive(Debug, Default)]
pub(super) struct Choices {
    pub(super) all: Vec<Choice>,
    /// The word under which they were requested, until they arrive.
    pub(super) awaited: Option<&'static str>,
    /// Why there are none.
    pub(super) trouble: String,
    /// Whether the argument is optional: the first row says so.
    pub(super) can_be_left_out: bool,
    /// The description of the argument.
    pub(super) without: &'static str,
}

impl Choices {
    /// Known values.
    pub(super) fn of(all: Vec<Choice>) -> Choices {
        Choices { all, ..Choices::default() }
    }

    /// Plain words without details.
    pub(super) fn words<'w>(words: impl Iterator<Item = &'w str>) -> Choices {
        Choices::of(words.map(|word| Choice { value: word.to_owned(), about: String::new(), at: None }).collect())
    }

    /// The values that the engine lists under this word, which have not arrived yet.
    pub(super) fn listed(what: &'static str) -> Choices {
        Choices { awaited: Some(what), ..Choices::default() }
    }

    /// Sets the values requested under this word. Returns whether they were requested.
    pub(super) fn take(&mut self, what: &str, found: Result<Vec<Choice>, EngineError>) -> bool {
        if self.awaited != Some(what) {
            return false;
        }
        self.awaited = None;
        match found {
            Ok(all) => self.all = all,
            Err(error) => self.trouble = safe(&error.message),
        }
        self.offer_none();
        true
    }

    /// The row for no value, above the known ones.
    pub(super) fn offer_none(&mut self) {
        if self.can_be_left_out && !self.all.is_empty() {
            self.all.insert(0, Choice { value: String::new(), about: format!("(nothing) {}", self.without), at: None });
        }
    }

    /// The text shown if there are no rows.
    pub(super) fn empty(&self, typed: bool) -> &str {
        match (&self.awaited, self.trouble.is_empty()) {
            (Some(_), _) => "loading …",
            (None, false) => &self.trouble,
            (None, true) if typed => "no match",
            (None, true) => "nothing to choose from",
        }
    }

    /// Positions of the values that match the text, best first: by name, otherwise by details.
    pub(super) fn found(&self, typed: &str) -> Vec<(i64, usize, Vec<usize>)> {
        let (matcher, words) = (SkimMatcherV2::default(), typed.to_lowercase());
        let fit = |at: usize, choice: &Choice| match matcher.fuzzy_indices(&choice.value, typed) {
            Some((score, places)) => Some((score + 1_000, at, places)),
            None => choice.about.to_lowercase().contains(&words).then(|| (0, at, Vec::new())),
        };
        self.all.iter().enumerate().filter_map(|(at, choice)| fit(at, choice)).collect()
    }

    /// The width of the values.
    fn value_width(&self) -> usize {
        self.all.iter().map(|choice| choice.value.width()).max().unwrap_or_default().min(MOST_VALUE)
    }

    /// The row of a value.
    pub(super) fn row(&self, at: usize, width: usize, look: Look) -> Vec<Span> {
        let (theme, Some(choice)) = (look.theme, self.all.get(at)) else { return Vec::new() };
        if choice.about.is_empty() {
            return vec![Span::styled(pad(&safe(&choice.value), width), theme.text)];
        }
        let since = choice.at.map(|at| format!("{:>AGE$}", age(look.now.wall, at))).unwrap_or_default();
        let value = self.value_width();
        let room = width.saturating_sub(value + 2 + since.len());
        vec![
            Span::styled(pad(&safe(&choice.value), value), theme.text),
            Span::styled(format!("  {}", pad(&safe(&choice.about), room)), theme.dim),
            Span::styled(since, theme.dim),
        ]
    }

    /// The details of a value, in a few lines; empty if its row shows them.
    pub(super) fn about(&self, at: usize, width: usize) -> Vec<String> {
        let Some(choice) = self.all.get(at) else { return Vec::new() };
        let about = safe(&choice.about);
        if about.width() + self.value_width() + 2 + AGE <= width {
            return Vec::new();
        }
        let mut lines = wrap(&about, width);
        if lines.len() > ABOUT_LINES {
            lines.truncate(ABOUT_LINES);
            if let Some(last) = lines.last_mut() {
                *last = cut(&format!("{last} …"), width);
            }
        }
        lines
    }
}
