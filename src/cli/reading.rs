//! Makes a human read the whole subject of an approval page by page, or nothing of it, and records which.

use super::call::Call;
use super::files::FILE;
use super::outlet;
use super::pager::{self, Words};
use super::print_text::{Look, Page};
use super::review_answer::ReviewAnswer;
use crate::domain::{Caller, DisplayRecord, ReviewState, SeenPart, Stream, VersionFile};
use crate::engine::{Engine, EngineError, ErrorCode, ReviewDetail};
use std::io::{self, IsTerminal};
use std::time::Instant;

/// The number of bytes in a row of a binary file.
const BYTES_A_ROW: usize = 16;

/// Shows the subject of a review page by page, unless `--unread` is given. Shows nothing to a caller who may not
/// decide: the refusal explains why.
///
/// # Errors
///
/// `Refused` when the reader stops before the end, and without a terminal to show it on.
pub(super) fn read(
    call: &Call<'_>,
    engine: &Engine,
    detail: &ReviewDetail,
    last: &str,
) -> Result<DisplayRecord, EngineError> {
    let review = &detail.review;
    let is_stopped = !detail.blocking.is_empty() && call.text("override").is_none();
    if is_stopped || !matches!(call.caller(engine), Caller::Human(_)) || review.state != ReviewState::Waiting {
        return Ok(DisplayRecord::default());
    }
    let lines = lines(detail)?;
    let is_dry = call.is_dry();
    let shown = |count: usize, ms| {
        let (lines, lines_shown) = (lines.len() as u64, count as u64);
        let part = SeenPart { part: "review".to_owned(), lines, lines_shown, ms };
        DisplayRecord { lines, lines_shown, tail_shown: lines == lines_shown, open_ms: ms, parts: vec![part] }
    };
    if is_dry {
        return Ok(shown(lines.len(), 0));
    }
    if call.switch("unread") {
        return Ok(shown(0, 0));
    }
    if !io::stdin().is_terminal() || !outlet::is_terminal(Stream::Stderr) {
        return Err(EngineError::new(
            ErrorCode::Refused,
            format!("review {} cannot be approved: no terminal can show its {} lines", review.id, lines.len()),
            "run it in a terminal, or add --unread and --reason TEXT; both are recorded permanently",
        ));
    }
    let began = Instant::now();
    let title = format!("review {}", review.id);
    let seen = pager::show(call, &Words { title: &title, last }, &lines).map_err(EngineError::internal)?;
    let seen_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let shown = shown(seen.lines, seen_ms);
    if seen.to_the_end {
        return Ok(shown);
    }
    let unread = shown.unread_words().map(|words| format!(": {words}")).unwrap_or_default();
    let next = match unread.as_str() {
        "" => "all lines were shown; run it again, and press enter on the last page",
        _ => "read it to the end, or add --unread and --reason TEXT; both are recorded permanently",
    };
    Err(EngineError::new(ErrorCode::Refused, format!("review {} was not approved{unread}", review.id), next))
}

/// All that `review` shows, and the bytes of binary files, without cuts.
fn lines(detail: &ReviewDetail) -> Result<Vec<String>, EngineError> {
    let mut text = Vec::new();
    let look = Look { width: None, ..outlet::look(Stream::Stderr, false) };
    let mut page = Page::new(&mut text, look);
    let written = ReviewAnswer::new(detail.clone()).body(&mut page).and_then(|()| {
        unreadable(detail).try_for_each(|file| {
            page.heading(&format!("{FILE}{} as bytes", file.path))?;
            file.bytes.chunks(BYTES_A_ROW).enumerate().try_for_each(|(at, chunk)| {
                let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
                page.say(format!("{:08x}  {}", at * BYTES_A_ROW, hex.join(" ")))
            })
        })
    });
    written.map_err(EngineError::internal)?;
    Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

/// The binary files that differ from the previously approved version.
fn unreadable(detail: &ReviewDetail) -> impl Iterator<Item = &VersionFile> {
    let base = detail.base_files.as_deref().unwrap_or_default();
    let is_text = |file: &VersionFile| std::str::from_utf8(&file.bytes).is_ok_and(|text| !text.contains('\0'));
    detail.files.iter().filter(move |file| !is_text(file) && !base.contains(file))
}
