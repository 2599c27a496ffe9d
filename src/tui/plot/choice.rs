//! Chooses the picture protocol of a terminal by its name.

use crate::engine::PlotSetting;

/// How a picture is sent to a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The graphics protocol of kitty, with placeholders for cells.
    Kitty,
    /// Inline pictures, as in iTerm2.
    Iterm2,
    /// Sixel.
    Sixel,
}

/// The identity of the terminal according to the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TerminalName {
    /// `TERM`.
    pub term: String,
    /// `TERM_PROGRAM`, or a variable that only one terminal sets.
    pub program: String,
    /// Whether tmux or screen runs in between: they do not pass pictures on by themselves.
    pub is_within_another: bool,
}

/// Whether to ask the terminal for its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The environment names the terminal.
    No,
    /// The environment does not identify the terminal.
    Yes,
}

impl TerminalName {
    /// Reads the environment.
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> TerminalName {
        let said = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = said("TERM").unwrap_or_default();
        // Every terminal inherits the variables of the terminal that started it, so its own variables are checked
        // first.
        let by_variable =
            [("KITTY_WINDOW_ID", "kitty"), ("WEZTERM_EXECUTABLE", "WezTerm"), ("KONSOLE_VERSION", "konsole")];
        let program = said("TERM_PROGRAM").or_else(|| {
            let found = by_variable.into_iter().find(|(name, _)| said(name).is_some());
            found.map(|(_, program)| program.to_owned())
        });
        let is_within_another = said("TMUX").is_some() || ["tmux", "screen"].iter().any(|name| term.starts_with(name));
        TerminalName { term, program: program.unwrap_or_default(), is_within_another }
    }

    /// Whether to ask the terminal for its name.
    pub fn asked(&self) -> Asked {
        let is_known = cfg!(not(feature = "plots"))
            || !self.program.is_empty()
            || of_name(&self.term).is_some()
            || self.is_within_another;
        if is_known { Asked::No } else { Asked::Yes }
    }
}

/// The picture protocol: the setting's, otherwise that of the terminal's name, otherwise that of the terminal's answer.
pub fn protocol(setting: PlotSetting, name: &TerminalName, answer: Option<&str>) -> Option<Protocol> {
    match setting {
        PlotSetting::Characters => None,
        PlotSetting::Kitty => Some(Protocol::Kitty),
        PlotSetting::Iterm2 => Some(Protocol::Iterm2),
        PlotSetting::Sixel => Some(Protocol::Sixel),
        PlotSetting::Auto if name.is_within_another => None,
        PlotSetting::Auto if !name.program.is_empty() => of_name(&name.program),
        PlotSetting::Auto => of_name(&name.term).or_else(|| of_name(answer?)),
    }
}

/// Terminals by the beginning of their names, in lower case. A terminal with several protocols has its best one here:
/// `WezTerm` and `Konsole` support kitty's pictures, but not its placeholders.
const TERMINALS: [(&str, Protocol); 12] = [
    ("kitty", Protocol::Kitty),
    ("xterm-kitty", Protocol::Kitty),
    ("ghostty", Protocol::Kitty),
    ("xterm-ghostty", Protocol::Kitty),
    ("iterm", Protocol::Iterm2),
    ("wezterm", Protocol::Iterm2),
    ("konsole", Protocol::Iterm2),
    ("mintty", Protocol::Iterm2),
    ("rio", Protocol::Iterm2),
    ("foot", Protocol::Sixel),
    ("contour", Protocol::Sixel),
    ("mlterm", Protocol::Sixel),
];

fn of_name(name: &str) -> Option<Protocol> {
    let name = name.to_lowercase();
    let begins = |known: &str| {
        let rest = name.strip_prefix(known)?;
        // Another terminal's name may have the same beginning. A version or a build target may follow, but no letter.
        rest.chars().next().is_none_or(|next| !next.is_alphabetic()).then_some(())
    };
    // `iTerm.app`, `iTerm2 3.5.0`.
    TERMINALS.iter().find(|(known, _)| begins(known).is_some()).map(|(_, protocol)| *protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(pairs: &[(&str, &str)]) -> TerminalName {
        TerminalName::of(&|asked| {
            pairs.iter().find(|(variable, _)| *variable == asked).map(|(_, value)| (*value).to_owned())
        })
    }

    fn auto(pairs: &[(&str, &str)], answer: Option<&str>) -> Option<Protocol> {
        protocol(PlotSetting::Auto, &name(pairs), answer)
    }

    #[test]
    fn the_environment_says_which_pictures_a_terminal_shows() {
        for (pairs, wanted) in [
            (&[("TERM", "xterm-kitty"), ("KITTY_WINDOW_ID", "1")][..], Some(Protocol::Kitty)),
            (&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], Some(Protocol::Kitty)),
            (&[("TERM", "xterm-ghostty"), ("TERM_PROGRAM", "ghostty")], Some(Protocol::Kitty)),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], Some(Protocol::Iterm2)),
            (
                &[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm"), ("KITTY_WINDOW_ID", "1")],
                Some(Protocol::Iterm2),
            ),
            (&[("TERM", "xterm-256color"), ("KONSOLE_VERSION", "230804")], Some(Protocol::Iterm2)),
            (&[("TERM", "foot")], Some(Protocol::Sixel)),
            (&[("TERM", "foot-extra")], Some(Protocol::Sixel)),
            (&[("TERM", "footloose")], None),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal")], None),
            (&[("TERM", "xterm-256color")], None),
            (&[("TERM", "dumb")], None),
            (&[], None),
        ] {
            assert_eq!(auto(pairs, None), wanted, "{pairs:?}");
        }
    }

    #[cfg(feature = "plots")]
    #[test]
    fn a_terminal_that_the_environment_does_not_name_is_asked() {
        let far = [("TERM", "xterm-256color")];
        assert_eq!(name(&far).asked(), Asked::Yes);
        for (answer, wanted) in [
            ("kitty(0.35.2)", Some(Protocol::Kitty)),
            ("ghostty 1.1.3", Some(Protocol::Kitty)),
            ("iTerm2 3.5.0", Some(Protocol::Iterm2)),
            ("WezTerm 20240203-110809-5046fc22", Some(Protocol::Iterm2)),
            ("foot(1.16.2)", Some(Protocol::Sixel)),
            ("XTerm(390)", None),
            ("VTE(7600)", None),
        ] {
            assert_eq!(auto(&far, Some(answer)), wanted, "{answer}");
        }
        for known in [&[("TERM_PROGRAM", "vscode")][..], &[("TERM", "foot")], &[("TERM", "tmux-256color")]] {
            assert_eq!(name(known).asked(), Asked::No, "{known:?}");
        }
    }

    #[test]
    fn within_tmux_charts_are_characters_unless_the_setting_names_a_protocol() {
        let within = [("TERM", "tmux-256color"), ("TMUX", "/tmp/tmux"), ("KITTY_WINDOW_ID", "1")];
        assert_eq!(auto(&within, Some("kitty(0.35.2)")), None);
        assert_eq!(protocol(PlotSetting::Sixel, &name(&within), None), Some(Protocol::Sixel));
        assert_eq!(protocol(PlotSetting::Characters, &name(&[("TERM", "xterm-kitty")]), None), None);
    }
}
