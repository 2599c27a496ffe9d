//! Which hidden characters of a text hide something. One rule: for the facts beside a review, for the risk of a row
//! and for the checks.

use super::text::is_hidden;
use unicode_script::{Script, UnicodeScript};

/// The characters of one line that a reader does not see, or that change the order of what one sees, in their order.
///
/// Not those that writing needs: tabs, the end of the line, what joins the letters of some scripts and what puts
/// pictures together.
pub fn hidden_in(line: &str) -> Vec<char> {
    if line.is_ascii() && !line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Vec::new();
    }
    let chars: Vec<char> = line.trim_end_matches(['\n', '\r']).chars().collect();
    let bad = (0..chars.len()).filter(|at| is_hidden(chars[*at]) && chars[*at] != '\t' && !is_ordinary(&chars, *at));
    bad.map(|at| chars[at]).collect()
}

/// Whether a hidden character is one that writing needs: between the letters of some scripts, and in pictures.
fn is_ordinary(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| chars[at]);
    let after = chars.get(at + 1).copied();
    let is_picture = |c: Option<char>| {
        c.is_some_and(|c| matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{A9}' | '\u{AE}'))
    };
    let joins = |c: Option<char>| {
        c.is_some_and(|c| {
            matches!(
                c.script(),
                Script::Arabic
                    | Script::Devanagari
                    | Script::Bengali
                    | Script::Tamil
                    | Script::Telugu
                    | Script::Malayalam
                    | Script::Kannada
                    | Script::Gujarati
                    | Script::Gurmukhi
                    | Script::Sinhala
                    | Script::Mongolian
                    | Script::Khmer
            )
        })
    };
    match chars[at] {
        '\u{FE0E}' | '\u{FE0F}' => is_picture(before) || after == Some('\u{20E3}'),
        '\u{200D}' => {
            let held = if before == Some('\u{FE0F}') { at.checked_sub(2).map(|at| chars[at]) } else { before };
            let is_tone = before.is_some_and(|c| matches!(c, '\u{1F3FB}'..='\u{1F3FF}'));
            (is_picture(held) || is_tone) && is_picture(after) || joins(before) && joins(after)
        }
        '\u{200C}' => joins(before) && joins(after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SafeText;

    #[test]
    fn what_puts_pictures_together_hides_nothing() {
        for line in ["\u{1f468}\u{200d}\u{1f4bb}", "\u{26a0}\u{fe0f} x", "\u{645}\u{6cc}\u{200c}\u{62e}", "a\tb\r", ""]
        {
            assert_eq!((hidden_in(line), SafeText::count_hidden(line)), (Vec::new(), 0), "{line:?}");
        }
        for line in ["a\u{200d}b", "x\u{202e}", "a\rb", "\u{1b}[0m", "\u{1f468}\u{200d}", "x\u{fe0f}"] {
            assert_eq!((hidden_in(line).len(), SafeText::count_hidden(line)), (1, 1), "{line:?}");
        }
        assert_eq!(SafeText::count_hidden("a\u{200b}\nb\u{200b}\u{200b}\r\n"), 3);
    }
}
