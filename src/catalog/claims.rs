//! What a definition takes by its name alone: the script of its stem, or the folder that is called like it. It takes them only
//! if it is a manifest; otherwise they are looked at as if it were not there.

use super::beside::Beside;
use super::cache::Scanned;
use super::document::Syntax;
use super::entries;
use super::files::{self, Member};
use super::obstacle::Obstacle;
use super::plan::{self, ScanPlan, file_of};
use super::programs::{Programs, is_script};
use super::reading;
use super::scan_result::Scan;
use super::skipped;
use super::walk::{self, DefinitionCandidate, WalkResult};
use crate::domain::{Format, Problem, ProblemCode, VersionFile};
use std::collections::HashSet;

/// Whether a definition has what it takes by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// All of it is its own.
    Kept,
    /// It is no manifest: what it would take is looked at without it, and what was found of itself stands.
    Refused,
    /// The same, and itself is read again as a file among others.
    Void,
}

/// Whether a definition could take files that have rows of their own.
fn takes(plan: &ScanPlan, of: &DefinitionCandidate) -> bool {
    match of.format {
        Format::Pair if !of.placement.exclusive => true,
        Format::Pair | Format::Manifest | Format::Header => {
            // What was approved as a whole stays one.
            of.placement.exclusive && of.kin.is_none() && !plan::is_vouched(plan, &of.placement.base)
        }
        _ => false,
    }
}

/// The claim of a definition by what was found of it.
pub(super) fn of(plan: &ScanPlan, of: &DefinitionCandidate, members: &[Member], results: &[Scanned]) -> Claim {
    let claim = match results {
        // Nothing in it says that it is a tool: among other files it is data. With a script of its name it is meant for that.
        [Scanned::Problem(problem)]
            if is_of_document(of, problem)
                && problem.code == ProblemCode::UnknownDialect
                && of.format == Format::Manifest =>
        {
            Claim::Void
        }
        [Scanned::Problem(problem)] if is_of_document(of, problem) => Claim::Refused,
        [Scanned::Tool { tool, .. }, ..] if tool.placement.entry().is_some() => Claim::Refused,
        [Scanned::Tool { obstacle: Some(Obstacle::NoCommand), .. }]
            if of.placement.exclusive && of.format == Format::Manifest =>
        {
            Claim::Void
        }
        _ => return Claim::Kept,
    };
    let is_other = |member: &Member| member.at != of.definition && is_listed(&member.path);
    let is_lost = of.format != Format::Header && members.iter().any(is_other) && takes(plan, of);
    if is_lost { claim } else { Claim::Kept }
}

/// The claim of a definition whose files are no version: a script, or a document that is no manifest, can stand without them.
pub(super) fn of_unread(plan: &ScanPlan, of: &DefinitionCandidate, programs: &Programs) -> Claim {
    let base = &of.placement.base;
    if !takes(plan, of) {
        return Claim::Kept;
    }
    let own = files::member(plan, base, file_of(&of.definition));
    if !of.placement.exclusive {
        // A document that is a link to elsewhere says nothing of the script.
        return if own.is_err() { Claim::Refused } else { Claim::Kept };
    }
    let read = || files::read(plan, &own?);
    let draft = read().and_then(|file| reading::draft(&file, &Beside::default(), programs));
    let is_free = match draft {
        Ok(_) => of.format == Format::Header,
        Err(problem) => is_of_document(of, &Problem { path: of.definition.clone(), ..problem }),
    };
    if is_free { Claim::Void } else { Claim::Kept }
}

/// Whether a problem says that a document is none that defines a tool.
fn is_of_document(of: &DefinitionCandidate, problem: &Problem) -> bool {
    let says = matches!(
        problem.code,
        ProblemCode::UnknownDialect
            | ProblemCode::BadSyntax
            | ProblemCode::TooLarge
            | ProblemCode::NotUtf8
            | ProblemCode::Empty
    );
    says && problem.path == of.definition && Syntax::of(&of.definition).is_some()
}

/// Whether a file, by its name, is more than words or a picture beside a definition: it could be one itself, or it is code that
/// nothing here runs and that is named among the skipped files.
fn is_listed(path: &str) -> bool {
    let name = file_of(path);
    let may_be_tool =
        is_script(name) || Syntax::of(name).is_some() || entries::is_entry_file(name) || !name.contains('.');
    may_be_tool || skipped::other_file(name).is_some() || skipped::plain_file(name) == "other"
}

/// Whether a script hides what it would take: others of its folder that are tools themselves, or all of them where it only
/// defines something and starts nothing.
pub(super) fn hides(plan: &ScanPlan, of: &DefinitionCandidate, files: &[VersionFile], is_module: bool) -> bool {
    let is_other = |file: &&VersionFile| plan::join(&of.placement.base, &file.path) != of.definition;
    let mut others = files.iter().filter(is_other).filter(|file| is_script(file_of(&file.path))).peekable();
    of.format == Format::Header
        && takes(plan, of)
        && others.peek().is_some()
        && (is_module || others.any(|file| entries::holds_more(file, None)))
}

/// What definitions lost, as candidates of their own; those that are read again are taken from `candidates`.
pub(super) fn released(
    plan: &ScanPlan,
    lost: &[(DefinitionCandidate, Claim)],
    candidates: &mut Vec<DefinitionCandidate>,
    scan: &mut Scan,
) -> Vec<DefinitionCandidate> {
    let mut found = WalkResult::default();
    for (of, _) in lost {
        if of.placement.exclusive {
            walk::folder(plan, &of.placement.base, 1, Some(&of.definition), &mut found);
        } else {
            walk::apart(plan, of, &mut found);
        }
    }
    let again: HashSet<&str> =
        lost.iter().filter(|(_, claim)| *claim == Claim::Void).map(|(of, _)| of.definition.as_str()).collect();
    candidates.retain(|one| !again.contains(one.definition.as_str()));
    let known: HashSet<&str> = candidates.iter().map(|one| one.definition.as_str()).collect();
    found.candidates.retain(|one| !known.contains(one.definition.as_str()));
    for problem in found.problems {
        if !scan.problems.contains(&problem) {
            scan.problems.push(problem);
        }
    }
    scan.skipped.extend(found.skipped);
    scan.places.extend(found.places);
    found.candidates
}
