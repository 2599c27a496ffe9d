//! Styles by meaning: what a piece of text is, not which colour it has.
//!
//! Body text keeps the terminal's own foreground and only the 16 named colours are used, so every
//! screen is legible on dark and light backgrounds and follows the user's palette. No style alone
//! carries a state: a word or a sign stands beside it.

use super::mark::{Mark, TokenKind, Tone};
use ratatui::style::{Color, Modifier, Style};

/// Which background the colours are chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
    /// No colours at all (`NO_COLOR`): weight, underline and reversal only.
    Plain,
}

/// The styles of every screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Which background they are for.
    pub ground: Ground,
    /// Body text: the terminal's own foreground.
    pub text: Style,
    /// Remarks, units and other less important text.
    pub dim: Style,
    /// Keys, links, what can be acted on.
    pub accent: Style,
    /// Speaks for it, succeeded.
    pub good: Style,
    /// Should be looked at, changed.
    pub warn: Style,
    /// Speaks against it, failed.
    pub bad: Style,
    /// The selected row of the focused list.
    pub selection: Style,
    /// A search match that the cursor is not on.
    pub match_: Style,
    /// The search match the cursor is on.
    pub match_current: Style,
    /// Border of a pane without focus.
    pub border: Style,
    /// The border of the focused pane.
    pub border_focus: Style,
    /// Title in the border of a pane.
    pub title: Style,
    /// Line numbers, times, signs left of text.
    pub gutter: Style,
}

impl Theme {
    /// Colours for terminals with a dark background.
    pub fn dark() -> Theme {
        let colours = Colours {
            accent: Color::Cyan,
            good: Color::Green,
            warn: Color::Yellow,
            bad: Color::LightRed,
            found: Color::Yellow,
        };
        Theme::coloured(Ground::Dark, &colours)
    }

    /// For light backgrounds: no yellow, no cyan, no bright colours as text.
    pub fn light() -> Theme {
        let colours = Colours {
            accent: Color::Blue,
            good: Color::Green,
            warn: Color::Magenta,
            bad: Color::Red,
            found: Color::Yellow,
        };
        Theme::coloured(Ground::Light, &colours)
    }

    /// Bold, faint and reversed text only, without colours.
    pub fn plain() -> Theme {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let dim = Style::new().add_modifier(Modifier::DIM);
        Theme {
            ground: Ground::Plain,
            text: Style::new(),
            dim,
            accent: bold,
            good: Style::new(),
            warn: bold,
            bad: bold,
            selection: Style::new().add_modifier(Modifier::REVERSED),
            match_: Style::new().add_modifier(Modifier::UNDERLINED),
            match_current: Style::new().add_modifier(Modifier::REVERSED.union(Modifier::UNDERLINED)),
            border: dim,
            border_focus: bold,
            title: bold,
            gutter: dim,
        }
    }

    fn coloured(ground: Ground, colours: &Colours) -> Theme {
        let dim = Style::new().add_modifier(Modifier::DIM);
        let bold = Modifier::BOLD;
        Theme {
            ground,
            text: Style::new(),
            dim,
            accent: Style::new().fg(colours.accent),
            good: Style::new().fg(colours.good),
            warn: Style::new().fg(colours.warn),
            bad: Style::new().fg(colours.bad),
            selection: Style::new().add_modifier(Modifier::REVERSED),
            match_: Style::new().fg(Color::Black).bg(colours.found).remove_modifier(Modifier::DIM),
            match_current: Style::new()
                .fg(Color::Black)
                .bg(colours.found)
                .remove_modifier(Modifier::DIM)
                .add_modifier(bold.union(Modifier::UNDERLINED)),
            border: dim,
            border_focus: Style::new().fg(colours.accent),
            title: Style::new().add_modifier(bold),
            gutter: dim,
        }
    }

    /// The style of a syntax token.
    pub fn token(&self, kind: TokenKind) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match (kind, self.ground) {
            (TokenKind::Comment, _) => self.dim,
            (TokenKind::Keyword, Ground::Plain) => bold,
            (TokenKind::Keyword, Ground::Dark) => Style::new().fg(Color::LightMagenta),
            (TokenKind::Keyword, Ground::Light) => Style::new().fg(Color::Magenta),
            (TokenKind::Function, Ground::Dark) => Style::new().fg(Color::LightBlue),
            (TokenKind::Function | TokenKind::Type, Ground::Light) => Style::new().fg(Color::Blue),
            (TokenKind::String, Ground::Dark | Ground::Light) => self.good,
            (TokenKind::Number | TokenKind::Constant, Ground::Dark | Ground::Light) => self.accent,
            (TokenKind::Type, Ground::Dark) => Style::new().fg(Color::Yellow),
            (
                TokenKind::Function | TokenKind::String | TokenKind::Number | TokenKind::Constant | TokenKind::Type,
                Ground::Plain,
            )
            | (TokenKind::Punctuation | TokenKind::Variable, _) => self.text,
        }
    }

    /// The style of a syntax token in a line with a tone: strings are not coloured as what is new or gone.
    pub fn token_in(&self, kind: TokenKind, tone: Tone) -> Style {
        match (kind, tone, self.ground) {
            // What changed is what is read: a comment in it is not dimmed.
            (TokenKind::Comment, Tone::Added | Tone::Removed, _) => Style::new(),
            (TokenKind::String, Tone::Added | Tone::Removed, Ground::Dark) => Style::new().fg(Color::Yellow),
            (TokenKind::String, Tone::Added | Tone::Removed, Ground::Light) => Style::new().fg(Color::Reset),
            _ => self.token(kind),
        }
    }

    /// The style of the words of a line that differ from the line it replaces.
    pub fn changed(&self, tone: Tone) -> Style {
        self.tone(tone).patch(self.mark(Mark::Changed))
    }

    /// The style of a whole line of a text view.
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain | Tone::Fact => self.text,
            Tone::Added | Tone::Good => self.good,
            Tone::Removed | Tone::Bad => self.bad,
            Tone::Warn => self.warn,
            Tone::Header => self.title,
            Tone::Fold => self.dim,
        }
    }

    /// The style of a marked part of a line, laid over the tone of the line.
    pub fn mark(&self, mark: Mark) -> Style {
        match mark {
            Mark::Token(kind) => self.token(kind),
            Mark::Changed => Style::new().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED)),
            Mark::Hidden => self.warn.add_modifier(Modifier::REVERSED),
            Mark::Strong => Style::new().add_modifier(Modifier::BOLD),
            Mark::Dim => self.dim,
            Mark::Good => self.good,
            Mark::Warn => self.warn,
            Mark::Bad => self.bad,
            Mark::Accent => self.accent,
        }
    }

    /// Makes a style that a program asked for legible here: nothing concealed, nothing blinking, no
    /// text in the colour of its background, no colours at all without colour.
    pub fn adapt(&self, asked: Style) -> Style {
        let unwanted = Modifier::HIDDEN.union(Modifier::SLOW_BLINK).union(Modifier::RAPID_BLINK);
        let style = Style { add_modifier: asked.add_modifier.difference(unwanted), ..asked };
        match self.ground {
            Ground::Plain => Style { fg: None, bg: None, ..style },
            Ground::Dark | Ground::Light if style.fg == style.bg => Style { fg: None, bg: None, ..style },
            Ground::Dark if style.bg.is_none() && style.fg.is_some_and(is_near_black) => Style { fg: None, ..style },
            Ground::Light if style.bg.is_none() && style.fg.is_some_and(is_near_white) => Style { fg: None, ..style },
            Ground::Dark | Ground::Light => style,
        }
    }
}

impl Default for Theme {
    fn default() -> Self {
        Theme::dark()
    }
}

/// The colours in which dark and light differ.
struct Colours {
    accent: Color,
    good: Color,
    warn: Color,
    bad: Color,
    found: Color,
}

/// Red, green, blue of a colour whose value does not depend on the terminal's palette.
fn fixed_rgb(colour: Color) -> Option<[u32; 3]> {
    match colour {
        Color::Rgb(r, g, b) => Some([r.into(), g.into(), b.into()]),
        Color::Indexed(grey @ 232..=255) => Some([8 + 10 * (u32::from(grey) - 232); 3]),
        Color::Indexed(cube @ 16..=231) => {
            let step = |at: u32| if at == 0 { 0 } else { 55 + 40 * at };
            let at = u32::from(cube) - 16;
            Some([step(at / 36), step(at / 6 % 6), step(at % 6)])
        }
        _ => None,
    }
}

/// Perceived brightness, 0 to 255 (the weights of ITU-R BT.601).
fn brightness([r, g, b]: [u32; 3]) -> u32 {
    (299 * r + 587 * g + 114 * b) / 1000
}

fn is_near_black(colour: Color) -> bool {
    matches!(colour, Color::Black | Color::Indexed(0)) || fixed_rgb(colour).is_some_and(|rgb| brightness(rgb) < 48)
}

fn is_near_white(colour: Color) -> bool {
    matches!(colour, Color::White | Color::Gray | Color::LightYellow | Color::Indexed(7 | 11 | 15))
        || fixed_rgb(colour).is_some_and(|rgb| brightness(rgb) > 190)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_colours_stays_legible() {
        let black_on_black = Style::new().fg(Color::Black).bg(Color::Black);
        assert_eq!(Theme::dark().adapt(black_on_black), Style::new());
        assert_eq!(Theme::dark().adapt(Style::new().fg(Color::Rgb(5, 5, 5))), Style::new());
        assert_eq!(Theme::light().adapt(Style::new().fg(Color::Indexed(255))), Style::new());
        let red = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
        assert_eq!(Theme::light().adapt(red), red);
        assert_eq!(Theme::plain().adapt(red), Style::new().add_modifier(Modifier::BOLD));
        assert_eq!(Theme::dark().adapt(Style::new().add_modifier(Modifier::HIDDEN)), Style::new());
    }

    #[test]
    fn plain_has_no_colour_and_body_text_is_the_terminals_own() {
        let plain = Theme::plain();
        for style in [plain.accent, plain.good, plain.warn, plain.bad, plain.selection, plain.match_, plain.border] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        for theme in [Theme::dark(), Theme::light(), plain] {
            assert_eq!(theme.text, Style::new());
        }
    }
}
