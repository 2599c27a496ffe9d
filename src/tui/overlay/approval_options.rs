//! The scope of an approval, chosen by key in its prompt: the role, the criteria, and the whole version or only a
//! difference.

use crate::action::forms::{CRITERIA, DIFFERENCE};
use crate::domain::DecisionRequest;
use crate::engine::ApprovalChoice;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The number of digits shown of a digest.
const DIGITS: usize = 8;

/// The options of one prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ApprovalOptions {
    roles: Vec<String>,
    /// The selected role, counted from 1; 0 is an ordinary approval.
    role: usize,
    /// Sets of criteria: the needed ones, each criterion alone, all of them.
    sets: Vec<Vec<String>>,
    set: usize,
    /// The short digest of the version that a difference is based on.
    base: Option<String>,
    delta: bool,
}

impl ApprovalOptions {
    pub(super) fn new(roles: &[String], choice: Option<&ApprovalChoice>) -> ApprovalOptions {
        let mut options = ApprovalOptions { roles: roles.to_vec(), ..ApprovalOptions::default() };
        if let Some(choice) = choice {
            let each = choice.criteria.iter().map(|criterion| vec![criterion.clone()]);
            for set in std::iter::once(choice.needed.clone()).chain(each).chain([choice.criteria.clone()]) {
                if !options.sets.contains(&set) {
                    options.sets.push(set);
                }
            }
            options.base = choice.base.map(|base| base.hex()[..DIGITS].to_owned());
        }
        options
    }

    /// Handles a key that selects an option; `false` if the key has no meaning here.
    pub(super) fn key(&mut self, key: &KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Tab => self.role = (self.role + 1) % (self.roles.len() + 1),
            KeyCode::Char('t') if control && self.sets.len() > 1 => self.set = (self.set + 1) % self.sets.len(),
            KeyCode::Char('d') if control && self.base.is_some() => self.delta = !self.delta,
            _ => return false,
        }
        true
    }

    /// Adds the selected options to a request.
    pub(super) fn choose(&self, request: DecisionRequest) -> DecisionRequest {
        let role = self.role.checked_sub(1).and_then(|at| self.roles.get(at)).cloned();
        let criteria = self.sets.get(self.set).cloned().unwrap_or_default();
        DecisionRequest { role, criteria, delta: self.delta, ..request }
    }

    /// The keys that select an option, for the title.
    pub(super) fn keys(&self) -> Vec<(String, &'static str)> {
        let all = [
            ("tab", "role", !self.roles.is_empty()),
            (CRITERIA.key, CRITERIA.word, self.sets.len() > 1),
            (DIFFERENCE.key, DIFFERENCE.word, self.base.is_some()),
        ];
        all.into_iter().filter(|(.., works)| *works).map(|(key, does, _)| (key.to_owned(), does)).collect()
    }

    /// The selected options in one line; `None` without any options.
    pub(super) fn words(&self) -> Option<String> {
        if self.roles.is_empty() && self.sets.is_empty() {
            return None;
        }
        let role = self.role.checked_sub(1).and_then(|at| self.roles.get(at));
        let mut words = match (role, self.roles.is_empty()) {
            (Some(role), _) => format!("an approval as {role}"),
            (None, false) => "an ordinary approval".to_owned(),
            (None, true) => "an approval".to_owned(),
        };
        if let Some(set) = self.sets.get(self.set) {
            words = format!("{words} for {}", set.join(" and "));
        }
        if let Some(base) = &self.base {
            words = if self.delta {
                format!("{words}, of the difference from {base} only")
            } else {
                format!("{words}, of all of it")
            };
        }
        if self.sets.len() > 1 && self.base.is_none() {
            let next = &self.sets[(self.set + 1) % self.sets.len()];
            words = format!("{words} · {}: {}", CRITERIA.key, next.join(" and "));
        }
        if self.sets.is_empty() {
            let next = self.roles.get(self.role).map_or("ordinary approval", String::as_str);
            words = format!("{words} · tab: {next}");
        }
        Some(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DecisionKind, Digest, ReviewId};

    fn chosen(options: &ApprovalOptions) -> (Option<String>, Vec<String>, bool) {
        let request = DecisionRequest::new(ReviewId(1), Digest([1; 32]), DecisionKind::Approve);
        let request = options.choose(request);
        (request.role, request.criteria, request.delta)
    }

    #[test]
    fn keys_choose_criteria_and_the_difference_and_the_line_says_what_is_chosen() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let choice = ApprovalChoice {
            criteria: names(&["run", "deploy", "licence"]),
            needed: names(&["run", "deploy"]),
            base: Some(Digest([0xab; 32])),
        };
        let mut options = ApprovalOptions::new(&[], Some(&choice));
        assert_eq!(chosen(&options), (None, names(&["run", "deploy"]), false));
        assert_eq!(options.words().as_deref(), Some("an approval for run and deploy, of all of it"));
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        let mut seen = Vec::new();
        for _ in 0..5 {
            assert!(options.key(&control('t')));
            seen.push(chosen(&options).1.join(" "));
        }
        assert_eq!(seen, ["run", "deploy", "licence", "run deploy licence", "run deploy"]);
        options.key(&control('d'));
        assert!(chosen(&options).2 && options.words().unwrap().ends_with("of the difference from abababab only"));
        assert_eq!(options.keys().len(), 2);
        let mut none = ApprovalOptions::new(&[], None);
        assert!(!none.key(&control('t')) && !none.key(&control('d')) && none.words().is_none());
    }
}
