//! Problems in the settings files: every verb that reads the settings reports them on standard error.

use crate::action::{KeyWish, settled_keys};
use crate::domain::{Problem, ProblemCode, SafeText};
use crate::engine::{DoctorLine, Engine};

/// Invalid keys in the settings: an unknown verb, not a key, a key of another verb.
fn key_problems(engine: &Engine) -> Vec<Problem> {
    let settings = &engine.settings().keys;
    let wishes: Vec<KeyWish<'_>> =
        settings.iter().map(|wish| KeyWish { verb: &wish.action, keys: &wish.keys, line: wish.line }).collect();
    let path = engine.settings_file().display().to_string();
    let problem = |fault: crate::action::KeyFault| Problem {
        path: path.clone(),
        line: Some(fault.line),
        code: ProblemCode::BadSetting,
        message: SafeText::new(&fault.message).into(),
        hint: fault.hint,
    };
    settled_keys(&wishes).1.into_iter().map(problem).collect()
}

/// All problems of the settings.
pub(super) fn problems(engine: &Engine) -> Vec<Problem> {
    engine.setting_problems().iter().cloned().chain(key_problems(engine)).collect()
}

/// Adds the problems of keys to the lines of `doctor` about the settings.
pub(super) fn with_keys(engine: &Engine, mut lines: Vec<DoctorLine>) -> Vec<DoctorLine> {
    let problems = key_problems(engine);
    let Some(at) = lines.iter().position(|line| line.name == "settings").filter(|_| !problems.is_empty()) else {
        return lines;
    };
    if lines[at].state == "ok" {
        lines.remove(at);
    }
    let told = problems.into_iter().map(|problem| DoctorLine {
        name: "settings".to_owned(),
        state: "warn".to_owned(),
        message: problem.placed(),
        hint: problem.hint,
    });
    lines.splice(at..at, told);
    lines
}
