//! Replaces Windows line endings, which the kernel or a shell reads as part of a word.

use super::{Edit, Fix, Patient};
use crate::domain::source::Language;

pub(super) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    let shows =
        patient.fails_with(&["\\r"]) || patient.fails_with(&["\r", "No such file"]) || patient.fails_with(&["$'\\r'"]);
    let (text, first_end) = (patient.text, patient.text.find('\n')?);
    if !shows || !text[..first_end].ends_with('\r') {
        return None;
    }
    let ends = |upto: usize| {
        text[..upto]
            .match_indices("\r\n")
            .map(|(at, _)| Edit { range: at..at + 1, text: String::new() })
            .collect::<Vec<_>>()
    };
    if patient.language == Some(Language::Bash) {
        let said = "convert to Unix line endings: the failure shows that the shell reads \\r as part of a word";
        return Some(Fix { edits: ends(text.len()), said: said.to_owned() });
    }
    let said = "convert the shebang line to a Unix line ending: the failure shows that \\r is read as part of the interpreter name";
    (text.starts_with("#!") && patient.is_entry()).then(|| Fix { edits: ends(first_end + 1), said: said.to_owned() })
}
