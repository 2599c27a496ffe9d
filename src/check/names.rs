//! Names that could be taken for the name of another tool.
//!
//! An agent selects a tool by its name. A name that differs from that of an approved tool in case, a dash or one letter
//! will eventually be called instead, by mistake or on purpose.

use super::CheckContext;
use crate::domain::{CheckReport, Finding, Severity, Tool};
use unicode_security::skeleton;

/// Shorter names often differ from each other by one letter.
const MIN_FOR_EDIT: usize = 6;

/// How many findings of one kind are reported.
const MAX_TOLD: usize = 5;

/// Examines the name, the display name and the aliases against all other tools.
pub fn examine(context: &CheckContext<'_>) -> CheckReport {
    let own = &context.version.tool;
    let mut findings: Vec<Finding> = same_name(own, context).into_iter().collect();
    let mut told = 0_usize;
    for other in context.library.rows() {
        if other.path == own.path || other.name == own.name || told >= MAX_TOLD {
            continue;
        }
        if let Some(finding) = resembles(own, other).or_else(|| takes_name(own, other)) {
            told += 1;
            findings.push(finding);
        }
    }
    CheckReport::of("names", findings)
}

/// Other tools with the same name at the same stage, but other content.
fn same_name(own: &Tool, context: &CheckContext<'_>) -> Option<Finding> {
    let place = |path: &String| {
        let other = context.library.rows().iter().find(|row| row.path == *path);
        other.map_or_else(|| path.clone(), |other| format!("{path} ({}, {})", other.version, other.stage))
    };
    let first = own.clashes.first()?;
    let others = match own.clashes.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("another tool has the same name but different content: {}{others}", place(first));
    Some(Finding::new("same-name", Severity::Medium, message))
}

/// How the name resembles that of another tool.
fn resembles(own: &Tool, other: &Tool) -> Option<Finding> {
    let (mine, theirs) = (own.name.as_str(), other.name.as_str());
    let how = if is_same_but_for_signs(mine, theirs) {
        "except for dashes, dots and look-alike letters"
    } else if is_lookalike_title(own, other) {
        "except for look-alike letters of other scripts"
    } else if other.stage.is_vouched() && is_one_edit(mine, theirs) {
        "except for one letter"
    } else {
        return None;
    };
    // An untrusted tool with nearly the name of a trusted one.
    let impersonates = other.stage.is_vouched() && !own.stage.is_vouched();
    let severity = if impersonates { Severity::High } else { Severity::Medium };
    let message = format!("its name is the same as {theirs} ({}, {}), {how}", other.stage, other.path);
    Some(Finding::new(if impersonates { "impersonation" } else { "similar-name" }, severity, message))
}

/// An alias that is the name of another tool, or vice versa.
fn takes_name(own: &Tool, other: &Tool) -> Option<Finding> {
    let theirs = other.name.as_str();
    if !own.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(theirs)) {
        return None;
    }
    let severity = if other.stage.is_vouched() && !own.stage.is_vouched() { Severity::High } else { Severity::Medium };
    let message = format!("its alias {theirs} is the name of another tool ({}, {})", other.stage, other.path);
    Some(Finding::new("alias-of-other", severity, message))
}

/// A name with similar characters folded; names have one alphabet, so the list is short.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    let mut bytes = name.bytes().filter(|byte| !matches!(byte, b'-' | b'_' | b'.')).peekable();
    std::iter::from_fn(move || {
        let byte = bytes.next()?;
        Some(match byte {
            b'0' => b'o',
            b'1' | b'i' => b'l',
            b'5' => b's',
            b'r' if bytes.peek() == Some(&b'n') => {
                bytes.next();
                b'm'
            }
            b'v' if bytes.peek() == Some(&b'v') => {
                bytes.next();
                b'w'
            }
            other => other,
        })
    })
}

fn is_same_but_for_signs(mine: &str, theirs: &str) -> bool {
    mine != theirs && folded(mine).eq(folded(theirs))
}

/// A display name may contain any letter.
fn is_lookalike_title(own: &Tool, other: &Tool) -> bool {
    let Some(title) = own.title.as_deref().filter(|title| !title.is_ascii()) else { return false };
    let plain: String = skeleton(title).collect::<String>().to_lowercase().replace(' ', "_");
    folded(&plain).eq(folded(other.name.as_str()))
}

/// Whether two names differ by one added, removed or changed letter, or by two swapped neighbours. A number at the end
/// is a usual way to mark versions.
fn is_one_edit(mine: &str, theirs: &str) -> bool {
    let (a, b) = (mine.as_bytes(), theirs.as_bytes());
    if a.len().min(b.len()) < MIN_FOR_EDIT || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let front = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[front..], &b[front..]);
    let is_number = |rest: &[u8]| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit);
    if (a.is_empty() || is_number(a)) && (b.is_empty() || is_number(b)) {
        return false;
    }
    let swapped = a.len() >= 2 && a.len() == b.len() && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
    let changed = a.len() == b.len() && a.get(1..) == b.get(1..);
    swapped || changed || a.get(1..) == Some(b) || b.get(1..) == Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::{LibraryFixture, codes, examined_among, version};
    use crate::domain::Stage;

    fn against(name: &str, other: &str, stage: Stage) -> Vec<(String, Severity)> {
        let mut known = version(other, &[("a.py", "1")]);
        known.tool.stage = stage;
        let own = version(name, &[("b.py", "2")]);
        let report = examined_among(examine, &own, &LibraryFixture::of(vec![known, own.clone()]), &[]);
        codes(&report).into_iter().map(|(code, severity)| (code.to_owned(), severity)).collect()
    }

    #[test]
    fn a_name_that_is_nearly_that_of_a_trusted_tool_fails() {
        for name in [
            "json_query",
            "jsonquery",
            "json.query",
            "js0n-query",
            "jsom-query",
            "json-querry",
            "json-qurey",
            "son-query",
        ] {
            assert_eq!(
                against(name, "json-query", Stage::Core),
                [("impersonation".to_owned(), Severity::High)],
                "{name}"
            );
        }
        for name in ["json-query-2", "json-query2", "xml-query", "query"] {
            assert_eq!(against(name, "json-query", Stage::Core), [], "{name}");
        }
        assert_eq!(against("gits", "git", Stage::Core), []);
    }

    #[test]
    fn beside_a_tool_that_nobody_vouched_for_only_signs_are_told() {
        assert_eq!(
            against("json_query", "json-query", Stage::Experimental),
            [("similar-name".to_owned(), Severity::Medium)]
        );
        assert_eq!(against("json-querry", "json-query", Stage::Experimental), []);
    }

    #[test]
    fn a_display_name_or_an_alias_may_not_be_that_of_another() {
        let mut known = version("calculator", &[("a.py", "1")]);
        known.tool.stage = Stage::Approved;
        let mut own = version("sums", &[("b.py", "2")]);
        own.tool.title = Some("C\u{0430}lculator".to_owned());
        let report = examined_among(examine, &own, &LibraryFixture::of(vec![known.clone()]), &[]);
        assert_eq!(codes(&report), [("impersonation", Severity::High)]);
        own.tool.title = None;
        own.tool.aliases = vec!["Calculator".to_owned()];
        let report = examined_among(examine, &own, &LibraryFixture::of(vec![known]), &[]);
        assert_eq!(codes(&report), [("alias-of-other", Severity::High)]);
    }
}
