//! A fault of this program while it reads one definition is a problem of that definition: the others are still read.

use crate::domain::{Problem, ProblemCode};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The result of `read`; a problem of this definition if it panics.
pub(super) fn caught<T>(definition: &str, read: impl FnOnce() -> T) -> Result<T, Problem> {
    // State of a broken reader is read again for the next definition.
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| Problem {
        path: definition.to_owned(),
        line: None,
        code: ProblemCode::Unreadable,
        message: "Toolsmith failed while it read this file".to_owned(),
        hint: "report this with the file, and move the file out of the tools folder".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_makes_a_problem_and_another_one_an_answer() {
        assert_eq!(caught("tools/a.py", || 3).unwrap(), 3);
        let problem = caught("tools/b.py", || -> usize { panic!("out of range") }).unwrap_err();
        assert_eq!((problem.path.as_str(), problem.code), ("tools/b.py", ProblemCode::Unreadable));
    }
}
