//! Cutting a text to a size, so that one sees what is missing.

use crate::domain::grouped;

/// Which part of a text matters most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evolve) enum Keep {
    /// The beginning: what is ordered worst first.
    Head,
    /// Beginning and end: code.
    Both,
    /// The end: output, where the error stands last.
    Tail,
}

/// Room that a mark takes at most, in bytes.
const MARK: usize = 48;

/// A text of at most `budget` bytes, and how many of its bytes are missing. It is cut between lines where that costs
/// little; a mark stands for what is missing. Where not even the mark fits, nothing is left.
pub(in crate::evolve) fn cut(text: &str, budget: usize, keep: Keep) -> (String, u64) {
    if text.len() <= budget {
        return (text.to_owned(), 0);
    }
    let Some(room) = budget.checked_sub(MARK).filter(|room| *room > 0) else {
        return (String::new(), text.len() as u64);
    };
    let for_head = match keep {
        Keep::Head => room,
        Keep::Both => room - room / 3,
        Keep::Tail => 0,
    };
    let head = head(text, for_head);
    let tail = tail(text, room - for_head);
    let missing = text.len() - head.len() - tail.len();
    let before = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
    (format!("{head}{before}[… {} bytes omitted …]\n{tail}", grouped(missing)), missing as u64)
}

/// The beginning of a text, up to the end of a line when that keeps at least half of it.
fn head(text: &str, size: usize) -> &str {
    let whole = &text[..text.floor_char_boundary(size)];
    match whole.rfind('\n') {
        Some(at) if at >= size / 2 => &whole[..=at],
        _ => whole,
    }
}

/// The end of a text, from the beginning of a line when that keeps at least half of it.
fn tail(text: &str, size: usize) -> &str {
    let whole = &text[text.ceil_char_boundary(text.len() - size)..];
    match whole.find('\n') {
        Some(at) if at < size / 2 => &whole[at + 1..],
        _ => whole,
    }
}
