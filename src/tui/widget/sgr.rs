//! Colours and weights of terminal output (the `m` sequence, ECMA-48 8.3.117).

use crate::domain::ansi::Params;
use ratatui::style::{Color, Modifier, Style};

/// `style` after one sequence. Unknown numbers are ignored; a style without any attribute is the default.
pub(super) fn apply(style: Style, params: &Params) -> Style {
    let mut style = style;
    let mut groups = params.iter();
    while let Some(group) = groups.next() {
        let code = group.first().copied().unwrap_or(0);
        match code {
            38 | 48 => {
                let colour = if group.len() > 1 { in_group(group) } else { in_params(&mut groups) };
                let Some(colour) = colour else { continue };
                *(if code == 38 { &mut style.fg } else { &mut style.bg }) = Some(colour);
            }
            _ => style = simple(style, code, group.get(1).copied()),
        }
    }
    style
}

/// `38:5:n`, `38:2:r:g:b` or `38:2:space:r:g:b`.
fn in_group(group: &[u16]) -> Option<Color> {
    let byte = |at: usize| group.get(at).and_then(|value| u8::try_from(*value).ok());
    match (group.get(1)?, group.len()) {
        (5, _) => byte(2).map(Color::Indexed),
        (2, 5) => Some(Color::Rgb(byte(2)?, byte(3)?, byte(4)?)),
        (2, 6..) => Some(Color::Rgb(byte(3)?, byte(4)?, byte(5)?)),
        _ => None,
    }
}

fn in_params<'a>(groups: &mut impl Iterator<Item = &'a [u16]>) -> Option<Color> {
    let mut next = || groups.next().and_then(|group| group.first().copied());
    match next()? {
        5 => u8::try_from(next()?).ok().map(Color::Indexed),
        2 => {
            let [r, g, b] = [next()?, next()?, next()?].map(u8::try_from);
            Some(Color::Rgb(r.ok()?, g.ok()?, b.ok()?))
        }
        _ => None,
    }
}

fn simple(style: Style, code: u16, sub: Option<u16>) -> Style {
    let on = |modifier| Style { add_modifier: style.add_modifier.union(modifier), ..style };
    let off = |modifier| Style { add_modifier: style.add_modifier.difference(modifier), ..style };
    match code {
        0 => Style::new(),
        1 => on(Modifier::BOLD),
        2 => on(Modifier::DIM),
        3 => on(Modifier::ITALIC),
        4 if sub == Some(0) => off(Modifier::UNDERLINED),
        4 | 21 => on(Modifier::UNDERLINED),
        7 => on(Modifier::REVERSED),
        9 => on(Modifier::CROSSED_OUT),
        22 => off(Modifier::BOLD.union(Modifier::DIM)),
        23 => off(Modifier::ITALIC),
        24 => off(Modifier::UNDERLINED),
        27 => off(Modifier::REVERSED),
        29 => off(Modifier::CROSSED_OUT),
        30..=37 => Style { fg: Some(named(code - 30)), ..style },
        39 => Style { fg: None, ..style },
        40..=47 => Style { bg: Some(named(code - 40)), ..style },
        49 => Style { bg: None, ..style },
        90..=97 => Style { fg: Some(named(code - 82)), ..style },
        100..=107 => Style { bg: Some(named(code - 92)), ..style },
        _ => style,
    }
}

fn named(number: u16) -> Color {
    const NAMES: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    NAMES.get(usize::from(number)).copied().unwrap_or(Color::Reset)
}
