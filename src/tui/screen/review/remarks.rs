//! Remarks on single lines: findings of checks and comments of reviewers, drawn below their line.

use super::verdict::severity_sign;
use crate::domain::{Comment, CommentKind, Severity};
use crate::engine::ReviewDetail;
use crate::tui::now::Now;
use crate::tui::phrase::age;
use crate::tui::widget::{Flag, Mark, Piece, Place, Side, TextLine, Tone};
use std::collections::HashMap;

/// The text to the left of a remark.
const BAR: &str = "  ┃ ";

/// A remark on a line or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    path: String,
    /// Counted from 1; `None` for the whole file.
    line: Option<u64>,
    flag: Flag,
    /// The lines drawn below; facts are only flagged.
    lines: Vec<TextLine>,
}

/// All remarks on lines and files of a version; comments whose lines moved are only in their list.
pub(super) fn of(detail: &ReviewDetail, now: Now) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for check in detail.verdict.iter().flat_map(|verdict| &verdict.checks) {
        for finding in &check.findings {
            let Some(path) = &finding.path else { continue };
            let (sign, tone) = severity_sign(finding.severity);
            let flag = match finding.severity {
                Severity::High => Flag::Bad,
                Severity::Medium => Flag::Warn,
                Severity::Low => Flag::Fact,
            };
            let text = format!("{BAR}{sign} {} ({})", finding.message, check.name);
            let lines = if flag == Flag::Fact { Vec::new() } else { vec![below(&text, tone)] };
            remarks.push(Remark { path: path.clone(), line: finding.line, flag, lines });
        }
    }
    for (number, comment) in detail.comments.iter().enumerate().filter(|(_, comment)| !comment.outdated) {
        if let Some(path) = &comment.spot.path {
            let line = comment.spot.lines.map(|(_, last)| last);
            let mut lines = comment_lines(comment, number, now, BAR);
            if detail.own_comments.contains(&comment.id) {
                lines.iter_mut().for_each(TextLine::make_extra);
            }
            remarks.push(Remark { path: path.clone(), line, flag: Flag::Remark, lines });
        }
    }
    remarks
}

fn below(text: &str, tone: Tone) -> TextLine {
    TextLine::One(Piece::new(text, tone).hanging(BAR.chars().count() + 2))
}

/// A comment as lines: its kind, author and age, then its text.
fn comment_lines(comment: &Comment, number: usize, now: Now, bar: &str) -> Vec<TextLine> {
    let tone = if comment.kind == CommentKind::MustFix { Tone::Warn } else { Tone::Fact };
    let moved = if comment.outdated { " · outdated: its lines moved or were removed" } else { "" };
    let when = age(now.wall, comment.at);
    let who = comment.who.split(" <").next().unwrap_or_default();
    let head = format!("{bar}{} · {who} · {when}{moved}", comment.kind);
    let word = bar.len()..bar.len() + comment.kind.word().len();
    let place = Place::Link(number);
    // A change of its age is not new content.
    let said = format!("{}\n{bar}{} · {who}{moved}", comment.id, comment.kind);
    let head = Piece::new(&head, tone).mark(&word, Mark::Strong).stands_for(place).saying(said);
    let mut lines = vec![TextLine::One(head)];
    let body = comment.body.lines().map(|line| Piece::new(&format!("{bar}  {line}"), Tone::Fact).hanging(6));
    lines.extend(body.map(|piece| TextLine::One(piece.stands_for(place))));
    lines
}

/// All comments as a list, must-fix ones first.
pub(super) fn list(detail: &ReviewDetail, now: Now) -> Vec<TextLine> {
    let mut order: Vec<(usize, &Comment)> = detail.comments.iter().enumerate().collect();
    order.sort_by_key(|(_, comment)| comment.kind as u8);
    let mut lines = Vec::new();
    for (number, comment) in order {
        let spot = spot_words(comment);
        lines.push(TextLine::One(Piece::new(&spot, Tone::Header).stands_for(Place::Link(number))));
        lines.extend(comment_lines(comment, number, now, "  "));
    }
    lines
}

/// The place of a comment.
pub(super) fn spot_words(comment: &Comment) -> String {
    match (&comment.spot.path, comment.spot.lines) {
        (None, _) => "the tool".to_owned(),
        (Some(path), None) => path.clone(),
        (Some(path), Some((first, last))) if first == last => format!("{path}:{first}"),
        (Some(path), Some((first, last))) => format!("{path}:{first}-{last}"),
    }
}

/// The must-fix comments, one line each.
pub(super) fn must_fix(detail: &ReviewDetail) -> Vec<String> {
    let open = detail.comments.iter().filter(|comment| comment.kind == CommentKind::MustFix);
    open.map(|comment| format!("{}: {}", spot_words(comment), comment.body.lines().next().unwrap_or_default()))
        .collect()
}

/// The lines with the remarks below each.
pub(super) fn beside(lines: Vec<TextLine>, paths: &[String], remarks: &[Remark]) -> Vec<TextLine> {
    let mut waiting: HashMap<Place, Vec<&Remark>> = HashMap::new();
    for remark in remarks.iter().filter(|remark| !remark.lines.is_empty()) {
        if let Some(place) = place_of(remark, paths) {
            waiting.entry(place).or_default().push(remark);
        }
    }
    if waiting.is_empty() {
        return lines;
    }
    let mut all = Vec::with_capacity(lines.len() + waiting.len());
    let headed = lines.iter().any(|line| matches!(line.place(), Some(Place::File(_))));
    if !headed {
        let about = waiting.remove(&Place::File(0)).unwrap_or_default();
        all.extend(about.into_iter().flat_map(|remark| remark.lines.clone()));
    }
    for line in lines {
        let places: Vec<Place> = line.pieces().filter_map(Piece::place).collect();
        all.push(line);
        for remark in places.iter().filter_map(|place| waiting.remove(place)).flatten() {
            all.extend(remark.lines.iter().cloned());
        }
    }
    all
}

/// The flags of lines. A remark on a folded line flags its fold.
pub(super) fn flags(lines: &[TextLine], paths: &[String], remarks: &[Remark]) -> HashMap<Place, Flag> {
    let mut wanted: HashMap<Place, Flag> = HashMap::new();
    for remark in remarks {
        if let Some(place @ Place::Line { .. }) = place_of(remark, paths) {
            let flag = wanted.entry(place).or_insert(remark.flag);
            *flag = (*flag).max(remark.flag);
        }
    }
    if wanted.is_empty() {
        return wanted;
    }
    let shown: std::collections::HashSet<Place> =
        lines.iter().flat_map(TextLine::pieces).filter_map(Piece::place).collect();
    let mut flags = HashMap::new();
    for (place, flag) in wanted {
        let place = if shown.contains(&place) { Some(place) } else { fold_over(place, &shown) };
        if let Some(place) = place {
            let known = flags.entry(place).or_insert(flag);
            *known = (*known).max(flag);
        }
    }
    flags
}

/// The fold that hides a line.
pub(super) fn fold_over(hidden: Place, shown: &std::collections::HashSet<Place>) -> Option<Place> {
    let Place::Line { side: Side::New, file, line } = hidden else { return None };
    let starts = shown.iter().filter_map(|place| match place {
        Place::Fold(of, start) if *of == file && *start <= line => Some(*start),
        _ => None,
    });
    starts.max().map(|start| Place::Fold(file, start))
}

fn place_of(remark: &Remark, paths: &[String]) -> Option<Place> {
    let file = paths.iter().position(|path| *path == remark.path)?;
    Some(match remark.line.and_then(|line| usize::try_from(line).ok()).and_then(|line| line.checked_sub(1)) {
        Some(line) => Place::Line { side: Side::New, file, line },
        None => Place::File(file),
    })
}
