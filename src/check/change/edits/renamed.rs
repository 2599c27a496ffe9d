//! Variables that have another name in a part of a function.

use super::align::{Step, replaced};
use super::judge::is_parameter;
use super::variables::{Variable, is_local, is_still_read};
use crate::code::statements::{Statement, StatementKind, TokenKind};
use crate::domain::source::Language;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Variables that were renamed in part of a function: a new name replaces the same old one everywhere, including a
/// binding.
pub(super) fn renamed(
    steps: &[Step<'_>],
    old: &[Statement],
    new: &[Statement],
    language: Option<Language>,
) -> HashSet<(String, String, String)> {
    let mut pairs: BTreeMap<(String, String), (BTreeSet<String>, usize, bool)> = BTreeMap::new();
    for step in steps {
        let Step::Changed(before, now) = step else { continue };
        for part in replaced(before, now).iter().filter(|part| part.old.len() == part.new.len()) {
            for (from, to) in part.old.iter().zip(part.new) {
                if from.kind != TokenKind::Name || to.kind != TokenKind::Name || to.context.fixed {
                    continue;
                }
                let known = pairs.entry((now.function.clone(), to.text.clone())).or_default();
                known.0.insert(from.text.clone());
                known.1 += 1;
                let binds = now.kind == StatementKind::Assign && now.tokens.first() == Some(to)
                    || now.kind == StatementKind::Head && now.tokens.iter().take(4).any(|token| token.text == "for")
                    || now.kind == StatementKind::Define
                    || is_parameter(now, to);
                known.2 |= binds;
            }
        }
    }
    let count = |statements: &[Statement], function: &str, name: &str| {
        let inside = statements.iter().filter(|one| one.function == function);
        inside.flat_map(|one| &one.tokens).filter(|token| token.text == name && !token.context.fixed).count()
    };
    let names = pairs.into_iter().filter_map(|((function, to), (from, uses, is_bound))| {
        let [from] = from.into_iter().collect::<Vec<_>>().try_into().ok().filter(|_: &[String; 1]| is_bound)?;
        let is_everywhere = count(new, &function, &to) == uses && count(old, &function, &to) == 0;
        // Only lines are known of other languages, and not what they bind.
        let is_dynamic = language == Some(Language::Bash) && !is_local(old, &function, &from);
        let variable = Variable { function: &function, name: &from, is_dynamic };
        let is_left = language.is_some() && is_still_read(new, variable, &to);
        (is_everywhere && !is_left).then_some((function, from, to))
    });
    names.collect()
}
