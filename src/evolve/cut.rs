//! Cuts a text to a size, with a visible mark.

use crate::domain::grouped;

/// Which part of a text matters most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evolve) enum Keep {
    /// The beginning: texts with the worst part first.
    Head,
    /// Beginning and end: code.
    Both,
    /// The end: output, whose error comes last.
    Tail,
}

/// The maximum size of a mark, in bytes.
const MARK: usize = 48;

/// A text of at most `budget` bytes, and the number of missing bytes. It is cut between lines if that costs little; a
/// mark replaces the missing part. If not even the mark fits, the result is empty.
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

/// The beginning of a text, up to a line end if that keeps at least half of it.
fn head(text: &str, size: usize) -> &str {
    let whole = &text[..text.floor_char_boundary(size)];
    match whole.rfind('\n') {
        Some(at) if at >= size / 2 => &whole[..=at],
        _ => whole,
    }
}

/// The end of a text, from a line start if that keeps at least half of it.
fn tail(text: &str, size: usize) -> &str {
    let whole = &text[text.ceil_char_boundary(text.len() - size)..];
    match whole.find('\n') {
        Some(at) if at < size / 2 => &whole[at + 1..],
        _ => whole,
    }
}
