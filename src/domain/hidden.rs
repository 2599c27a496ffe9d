//! Detects hidden characters in a text. Reviews, the risk of a row and the checks use the same rule.

use unicode_script::{Script, UnicodeScript};
use unicode_width::UnicodeWidthChar;

/// The characters of one line that are invisible, or change the order of visible characters, in order.
///
/// Characters needed for writing are not included: tabs, line ends, joiners of some scripts and of emoji sequences.
pub fn hidden_in(line: &str) -> Vec<char> {
    if line.is_ascii() && !line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Vec::new();
    }
    let chars: Vec<char> = line.trim_end_matches(['\n', '\r']).chars().collect();
    let is_bad = |at: &usize| {
        is_hidden(chars[*at]) && chars[*at] != '\t' && !is_ordinary(&chars, *at) || is_stray_mark(&chars, *at)
    };
    let bad = (0..chars.len()).filter(is_bad);
    bad.map(|at| chars[at]).collect()
}

/// Whether a zero-width character of one script follows a letter of another. It is then drawn as nothing, or in a way
/// that readers do not recognise.
fn is_stray_mark(chars: &[char], at: usize) -> bool {
    let mark = chars[at];
    if mark.is_ascii() || mark.width() != Some(0) || is_hidden(mark) {
        return false;
    }
    let is_of_all = |script: Script| matches!(script, Script::Common | Script::Inherited | Script::Unknown);
    if is_of_all(mark.script()) {
        return false;
    }
    // Skips other marks to find the base character.
    let base = chars[..at].iter().rev().find(|c| c.width() != Some(0));
    base.is_none_or(|base| base.script() != mark.script() && !mark.script_extension().contains_script(base.script()))
}

/// Whether a hidden character is needed for writing: between the letters of some scripts, and in emoji.
fn is_ordinary(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| chars[at]);
    let after = chars.get(at + 1).copied();
    let is_picture = |c: Option<char>| {
        c.is_some_and(|c| matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'))
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

/// Whether a character is invisible, moves the cursor or reorders its neighbours.
///
/// C0, DEL, C1 (Unicode category Cc); bidi controls (UAX 9: U+061C, 200E-200F, 202A-202E, 2066-2069); zero-width,
/// filler, joining and format characters of any script (Unicode category Cf without those that are drawn,
/// Default_Ignorable_Code_Point); blank symbols; noncharacters; line and paragraph separators; interlinear annotation;
/// variation selectors; tag characters (U+E0000 block).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{070F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}' | '\u{2D7F}' | '\u{3164}'
            | '\u{FDD0}'..='\u{FDEF}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1107F}' | '\u{13430}'..='\u{13455}' | '\u{16FE4}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
        // Noncharacters: the last two of each plane.
        || (c as u32) & 0xFFFE == 0xFFFE
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
        for c in ['\u{16fe4}', '\u{1d159}', '\u{13430}', '\u{13443}', '\u{2d7f}', '\u{70f}', '\u{fdd0}', '\u{10ffff}'] {
            assert_eq!(hidden_in(&format!("ev{c}al")), [c], "{c:?}");
        }
        // Invisible stackers and viramas are ordinary only in their own script.
        for c in ['\u{1039}', '\u{17d2}', '\u{10a3f}', '\u{11133}', '\u{94d}', '\u{aaf6}'] {
            assert_eq!(hidden_in(&format!("ev{c}al")), [c], "{c:?}");
        }
        for line in [
            "\u{1000}\u{1039}\u{1000} \u{1780}\u{17d2}\u{1780}",
            "\u{915}\u{94d}\u{937} \u{915}\u{93c}\u{94d}",
            "e\u{301} n\u{303} \u{5e9}\u{5b8}\u{5dc}\u{5d5}\u{5b9}\u{5dd} \u{628}\u{64f} \u{e01}\u{e33}\u{e48} \u{d55c}",
            "\u{1112}\u{1161}\u{11ab}",
        ] {
            assert!(hidden_in(line).is_empty(), "{line:?}");
        }
        assert_eq!(SafeText::count_hidden("a\u{200b}\nb\u{200b}\u{200b}\r\n"), 3);
    }
}
