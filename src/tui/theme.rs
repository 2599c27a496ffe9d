//! Styles by meaning: they say what kind of text it is, not its colour.
//!
//! Body text keeps the terminal's own foreground. The themes for dark and light backgrounds have their own colours with
//! a contrast of at least 4.5 to common backgrounds; `ansi` uses only the 16 named colours and follows the terminal's
//! palette. Style alone never shows a state: there is always a word or a sign as well.

use super::mark::{Mark, TokenKind, Tone};
use ratatui::style::{Color, Modifier, Style};

/// The background that the colours are chosen for.
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
    /// The background that they are for.
    pub ground: Ground,
    /// The colours of the styles; `None` without colours.
    colours: Option<Colours>,
    /// Whether it is for screen readers: choices are numbered, charts are words.
    pub numbered: bool,
    /// Body text: the terminal's own foreground.
    pub text: Style,
    /// Remarks, units and other less important text.
    pub dim: Style,
    /// Keys, links, and other active elements.
    pub accent: Style,
    /// Supports approval, or succeeded.
    pub good: Style,
    /// Should be looked at, or changed.
    pub warn: Style,
    /// Argues against approval, or failed.
    pub bad: Style,
    /// The selected row of the focused list.
    pub selection: Style,
    /// A search match without the cursor.
    pub match_: Style,
    /// The search match with the cursor.
    pub match_current: Style,
    /// Border of a pane without focus.
    pub border: Style,
    /// The border of the focused pane.
    pub border_focus: Style,
    /// The title in the border of a pane.
    pub title: Style,
    /// Line numbers, times, signs left of text.
    pub gutter: Style,
}

impl Theme {
    /// Colours for this background.
    pub fn of(ground: Ground) -> Theme {
        match ground {
            Ground::Dark => Theme::dark(),
            Ground::Light => Theme::light(),
            Ground::Plain => Theme::plain(),
        }
    }

    /// The same theme for another background.
    pub fn on(&self, ground: Ground) -> Theme {
        match self.colours {
            Some(Colours::ANSI_DARK | Colours::ANSI_LIGHT) => Theme::ansi(ground),
            Some(Colours::BRIGHT | Colours::DEEP) => Theme::high_contrast(ground),
            Some(_) => Theme::of(ground),
            None => *self,
        }
    }

    /// Colours for terminals with a dark background.
    pub fn dark() -> Theme {
        Theme::coloured(Ground::Dark, Colours::DARK)
    }

    /// Colours for terminals with a light background.
    pub fn light() -> Theme {
        Theme::coloured(Ground::Light, Colours::LIGHT)
    }

    /// Maximum contrast: no dimmed text, only bright or only dark colours.
    pub fn high_contrast(ground: Ground) -> Theme {
        match ground {
            Ground::Dark => Theme::coloured(Ground::Dark, Colours::BRIGHT),
            Ground::Light => Theme::coloured(Ground::Light, Colours::DEEP),
            Ground::Plain => Theme::plain(),
        }
    }

    /// Only the 16 named colours, as the terminal defines them.
    pub fn ansi(ground: Ground) -> Theme {
        match ground {
            Ground::Dark => Theme::coloured(Ground::Dark, Colours::ANSI_DARK),
            Ground::Light => Theme::coloured(Ground::Light, Colours::ANSI_LIGHT),
            Ground::Plain => Theme::plain(),
        }
    }

    /// Bold, faint and reversed text only, without colours.
    pub fn plain() -> Theme {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let dim = Style::new().add_modifier(Modifier::DIM);
        Theme {
            ground: Ground::Plain,
            colours: None,
            numbered: false,
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

    /// The same with a number in front of each choice.
    pub fn numbered(self) -> Theme {
        Theme { numbered: true, ..self }
    }

    fn coloured(ground: Ground, colours: Colours) -> Theme {
        // How faint a terminal draws faint text is unknown, so only lines are faint, never words.
        let (dim, border) = match colours.dim {
            Some(dim) => (Style::new().fg(dim), Style::new().fg(dim)),
            None => (Style::new(), Style::new().add_modifier(Modifier::DIM)),
        };
        let bold = Modifier::BOLD;
        let found = Style::new().fg(colours.on_found).bg(colours.found).remove_modifier(Modifier::DIM);
        Theme {
            numbered: false,
            ground,
            colours: Some(colours),
            text: Style::new(),
            dim,
            accent: Style::new().fg(colours.accent),
            good: Style::new().fg(colours.good),
            warn: Style::new().fg(colours.warn),
            bad: Style::new().fg(colours.bad),
            selection: Style::new().add_modifier(Modifier::REVERSED),
            match_: found,
            match_current: found.add_modifier(bold.union(Modifier::UNDERLINED)),
            border,
            border_focus: Style::new().fg(colours.accent),
            title: Style::new().add_modifier(bold),
            gutter: dim,
        }
    }

    /// The style of a syntax token.
    pub fn token(&self, kind: TokenKind) -> Style {
        let Some(colours) = self.colours else {
            return match kind {
                TokenKind::Comment => self.dim,
                TokenKind::Keyword => Style::new().add_modifier(Modifier::BOLD),
                _ => self.text,
            };
        };
        match kind {
            TokenKind::Comment => self.dim,
            TokenKind::Keyword => Style::new().fg(colours.keyword),
            TokenKind::Function => Style::new().fg(colours.function),
            TokenKind::Type => Style::new().fg(colours.kind),
            TokenKind::String => self.good,
            TokenKind::Number | TokenKind::Constant => self.accent,
            TokenKind::Punctuation | TokenKind::Variable => self.text,
        }
    }

    /// The style of a syntax token in a line with a tone. Strings do not get the colour of added or removed lines.
    pub fn token_in(&self, kind: TokenKind, tone: Tone) -> Style {
        match (kind, tone, self.ground) {
            // A reader looks at changed text, so a comment in it is not dimmed.
            (TokenKind::Comment, Tone::Added | Tone::Removed, _) => Style::new(),
            (TokenKind::String, Tone::Added | Tone::Removed, Ground::Dark) => self.warn,
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

    /// The style of a marked part of a line, combined with the tone of the line.
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

    /// Makes the style that a program requested legible on this theme: nothing concealed, nothing blinking, no text in
    /// the colour of its background, and no colours in a theme without colours.
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

/// The colours of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Colours {
    accent: Color,
    good: Color,
    warn: Color,
    bad: Color,
    /// For remarks and borders; `None` uses the terminal's own foreground, faint for borders.
    dim: Option<Color>,
    /// The background of search matches, and the text on it.
    found: Color,
    on_found: Color,
    keyword: Color,
    function: Color,
    kind: Color,
}

impl Colours {
    const DARK: Colours = Colours {
        accent: Color::Indexed(80),
        good: Color::Indexed(114),
        warn: Color::Indexed(221),
        bad: Color::Indexed(210),
        dim: Some(Color::Indexed(248)),
        found: Color::Indexed(221),
        on_found: Color::Indexed(16),
        keyword: Color::Indexed(177),
        function: Color::Indexed(111),
        kind: Color::Indexed(180),
    };
    const LIGHT: Colours = Colours {
        accent: Color::Indexed(25),
        good: Color::Indexed(22),
        warn: Color::Indexed(94),
        bad: Color::Indexed(124),
        dim: Some(Color::Indexed(240)),
        found: Color::Indexed(221),
        on_found: Color::Indexed(16),
        keyword: Color::Indexed(90),
        function: Color::Indexed(18),
        kind: Color::Indexed(58),
    };
    const BRIGHT: Colours = Colours {
        accent: Color::Indexed(51),
        good: Color::Indexed(83),
        warn: Color::Indexed(227),
        bad: Color::Indexed(217),
        dim: Some(Color::Indexed(254)),
        found: Color::Indexed(227),
        on_found: Color::Indexed(16),
        keyword: Color::Indexed(219),
        function: Color::Indexed(153),
        kind: Color::Indexed(229),
    };
    const DEEP: Colours = Colours {
        accent: Color::Indexed(18),
        good: Color::Rgb(0, 70, 0),
        warn: Color::Indexed(52),
        bad: Color::Indexed(88),
        dim: Some(Color::Indexed(236)),
        found: Color::Indexed(227),
        on_found: Color::Indexed(16),
        keyword: Color::Indexed(53),
        function: Color::Indexed(17),
        kind: Color::Indexed(234),
    };
    const ANSI_DARK: Colours = Colours {
        accent: Color::Cyan,
        good: Color::Green,
        warn: Color::Yellow,
        bad: Color::LightRed,
        dim: None,
        found: Color::Yellow,
        on_found: Color::Black,
        keyword: Color::LightMagenta,
        function: Color::LightBlue,
        kind: Color::Yellow,
    };
    const ANSI_LIGHT: Colours = Colours {
        accent: Color::Blue,
        good: Color::Green,
        warn: Color::Magenta,
        bad: Color::Red,
        dim: None,
        found: Color::Yellow,
        on_found: Color::Black,
        keyword: Color::Magenta,
        function: Color::Blue,
        kind: Color::Blue,
    };
}

/// The kind of background for the colour that a terminal reported, by its brightness.
pub fn ground_of(rgb: [u8; 3]) -> Ground {
    if brightness(rgb.map(u32::from)) > 127 { Ground::Light } else { Ground::Dark }
}

/// Red, green, blue of a colour that does not depend on the terminal's palette.
pub(in crate::tui) fn fixed_rgb(colour: Color) -> Option<[u32; 3]> {
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

    /// Relative luminance, as WCAG 2 defines it.
    fn luminance(rgb: [u32; 3]) -> f64 {
        let linear = |part: u32| {
            let part = f64::from(part) / 255.0;
            if part <= 0.039_28 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2])
    }

    fn contrast(one: [u32; 3], other: [u32; 3]) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Backgrounds of common terminals and themes.
    const DARK_GROUNDS: [[u32; 3]; 5] =
        [[0, 0, 0], [0x1e, 0x1e, 0x1e], [0x28, 0x2c, 0x34], [0x00, 0x2b, 0x36], [0x2e, 0x34, 0x40]];
    const LIGHT_GROUNDS: [[u32; 3]; 4] = [[255, 255, 255], [0xfd, 0xf6, 0xe3], [0xef, 0xf1, 0xf5], [0xf2, 0xe5, 0xbc]];

    #[test]
    fn text_has_a_contrast_of_4_5_on_widespread_backgrounds_and_of_7_in_the_theme_for_it() {
        let themes = [
            (Theme::dark(), &DARK_GROUNDS[..], 4.5),
            (Theme::light(), &LIGHT_GROUNDS[..], 4.5),
            (Theme::high_contrast(Ground::Dark), &DARK_GROUNDS[..], 7.0),
            (Theme::high_contrast(Ground::Light), &LIGHT_GROUNDS[..], 7.0),
        ];
        for (theme, grounds, least) in themes {
            let colours = theme.colours.unwrap();
            let Colours { accent, good, warn, bad, dim, keyword, function, kind, .. } = colours;
            for colour in [accent, good, warn, bad, dim.unwrap(), keyword, function, kind] {
                for ground in grounds {
                    let measured = contrast(fixed_rgb(colour).unwrap(), *ground);
                    assert!(measured >= least, "{colour} on {ground:?}: {measured:.2}");
                }
            }
            let found = contrast(fixed_rgb(colours.found).unwrap(), fixed_rgb(colours.on_found).unwrap());
            assert!(found >= 4.5, "{found}");
        }
    }

    #[test]
    fn the_theme_of_16_colours_leaves_text_as_bright_as_the_terminal_has_it() {
        for theme in [Theme::ansi(Ground::Dark), Theme::ansi(Ground::Light)] {
            let Theme { text, dim, accent, good, warn, bad, gutter, title, .. } = theme;
            for style in [text, dim, accent, good, warn, bad, gutter, title, theme.token(TokenKind::Comment)] {
                assert!(!style.add_modifier.contains(Modifier::DIM), "how faint that is nobody knows: {style:?}");
                assert!(style.fg.is_none_or(|colour| fixed_rgb(colour).is_none()), "{style:?}");
            }
        }
    }

    #[test]
    fn a_background_is_light_or_dark_by_its_brightness() {
        assert_eq!(ground_of([0xfd, 0xf6, 0xe3]), Ground::Light);
        assert_eq!(ground_of([0x28, 0x2c, 0x34]), Ground::Dark);
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
