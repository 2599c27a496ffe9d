//! Which files that were read as definitions are none: documents that hold data, scripts that are for other files.

use super::document::Syntax;
use super::looked_at::LookedAt;
use super::plan::{ScanPlan, file_of, folder_of, join};
use super::skipped;
use super::walk::DefinitionCandidate;
use crate::domain::{Format, Problem, ProblemCode};

/// Folders above a script in which its package is looked for.
const MAX_ABOVE: usize = 8;

/// Whether a document beside tools is data of theirs: nothing in it says that it is a tool, and no script has its name.
pub(super) fn is_data(plan: &ScanPlan, of: &DefinitionCandidate, problem: &Problem) -> bool {
    let stands_alone = of.format == Format::Manifest && !of.placement.exclusive;
    let is_large = || {
        let (at, name) = (folder_of(&of.definition), file_of(&of.definition));
        problem.code == ProblemCode::TooLarge
            && Syntax::of(name) == Some(Syntax::Json)
            && !skipped::may_describe_tools(plan, at, name)
    };
    stands_alone && (problem.code == ProblemCode::UnknownDialect || is_large())
}

/// Whether a definition that starts nothing is none: a script that is for the other files of its package, a document that has
/// a name and nothing else. Notes the places that decide it.
pub(super) fn is_module(plan: &ScanPlan, of: &DefinitionCandidate, looked_at: &mut LookedAt) -> bool {
    let stands_alone = !of.placement.exclusive && of.kin.is_none();
    let mut is_script = || is_in_package(plan, &of.placement.base, file_of(&of.definition), looked_at);
    stands_alone && (of.format == Format::Manifest || of.format == Format::Header && is_script())
}

fn is_in_package(plan: &ScanPlan, at: &str, name: &str, looked_at: &mut LookedAt) -> bool {
    let mut is_there = |place: String| {
        looked_at.note(plan, &place);
        plan.on_disk(&place).exists()
    };
    let is_python = name.rsplit_once('.').is_some_and(|(_, extension)| extension == "py");
    if is_python && is_there(join(at, "__init__.py")) {
        return true;
    }
    let marks: &[&str] = if is_python { &["pyproject.toml", "setup.py"] } else { &["package.json"] };
    let root = plan.root_of(&join(at, name)).map(|(_, root)| root).unwrap_or_default();
    let mut folder = at;
    for _ in 0..MAX_ABOVE {
        if marks.iter().any(|mark| is_there(join(folder, mark))) {
            return true;
        }
        if folder == root || folder.is_empty() {
            break;
        }
        folder = folder_of(folder);
    }
    false
}
