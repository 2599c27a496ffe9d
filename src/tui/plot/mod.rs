//! Charts as pictures, where the terminal shows some; everywhere else their characters stay.
//!
//! A picture is made of numbers only. It is sent once and stays as long as nothing changes: whatever covers it, moves it
//! or changes it has the whole screen drawn anew.

mod choice;
#[cfg(feature = "plots")]
mod picture;
#[cfg(any(feature = "plots", test))]
mod raster;

pub use choice::{Asked, Protocol, TerminalName, protocol};

use super::theme::{Ground, Theme, fixed_rgb};
use crate::domain::description::{Ink, Plot};
use crate::engine::PlotSetting;
#[cfg(feature = "plots")]
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A chart on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlacedPlot {
    /// What it shows.
    pub plot: Plot,
    /// Its cells, as far as they are on the screen.
    pub area: Rect,
    /// Rows of it above those.
    pub above: u16,
    /// Rows of the whole chart.
    pub rows: u16,
}

impl PlacedPlot {
    /// What of it lies in these rows of the screen.
    pub fn within(mut self, top: u16, bottom: u16) -> Option<PlacedPlot> {
        let (first, end) = (self.area.y.max(top), self.area.bottom().min(bottom));
        self.above += first.saturating_sub(self.area.y);
        self.area = Rect { y: first, height: end.saturating_sub(first), ..self.area };
        (!self.area.is_empty()).then_some(self)
    }
}

/// Red, green, blue.
type Rgb = [u8; 3];

/// What a picture looks like on this terminal: with another look it is another picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PlotLook {
    protocol: Protocol,
    /// Pixels of a cell.
    cell: (u16, u16),
    bar: Rgb,
    faint: Rgb,
    /// Whether tmux has to pass it on.
    within_tmux: bool,
}

/// Whether charts are pictures, and those that are on the screen.
#[derive(Default)]
pub struct Plots {
    /// What the settings say.
    pub setting: PlotSetting,
    /// What the terminal says of itself in the environment.
    pub name: TerminalName,
    /// What it answered to the question of its name.
    pub answer: Option<String>,
    /// Pixels of a cell; `None` where the terminal does not say.
    pub cell: Option<(u16, u16)>,
    /// The pictures of the last frame.
    shown: Vec<(PlacedPlot, PlotLook)>,
    /// Those of this frame.
    wanted: Vec<(PlacedPlot, PlotLook)>,
    /// What the encoded pictures show; a picture that could not be encoded is none.
    #[cfg(feature = "plots")]
    encoded: Vec<(PlacedPlot, PlotLook)>,
    #[cfg(feature = "plots")]
    pictures: Vec<Option<picture::Picture>>,
}

impl Plots {
    /// How pictures are sent, if they are.
    pub fn protocol(&self, theme: &Theme) -> Option<Protocol> {
        if cfg!(not(feature = "plots")) || theme.ground == Ground::Plain || theme.numbered {
            return None;
        }
        // Where the colours or the size of a cell are not known, a picture would not fit in.
        self.cell.filter(|_| colour(Ink::Accent, theme).is_some())?;
        protocol(self.setting, &self.name, self.answer.as_deref())
    }

    /// Says which charts are on the screen now.
    pub fn want(&mut self, plots: Vec<PlacedPlot>, theme: &Theme) {
        let look = |ink| {
            let (protocol, cell) = (self.protocol(theme)?, self.cell?);
            let (bar, faint) = (colour(ink, theme)?, colour(Ink::Dim, theme)?);
            Some(PlotLook { protocol, cell, bar, faint, within_tmux: self.name.is_within_another })
        };
        self.wanted = plots.into_iter().filter_map(|placed| Some((placed.clone(), look(placed.plot.ink)?))).collect();
    }

    /// Whether the pictures on the screen are not those of the last frame: then the screen must be drawn anew, because
    /// some terminals keep a picture under the text that is drawn over it. Afterwards they are, and are sent again: to blank
    /// the screen removes them on other terminals.
    pub fn take_changed(&mut self) -> bool {
        if self.shown == self.wanted {
            return false;
        }
        self.forget();
        self.shown.clone_from(&self.wanted);
        true
    }

    /// The terminal lost its pictures: they are sent again.
    pub fn forget(&mut self) {
        self.shown.clear();
        #[cfg(feature = "plots")]
        self.encoded.clear();
    }

    /// Draws the pictures over their characters, unless the screen must be drawn anew first.
    #[cfg(feature = "plots")]
    pub fn draw(&mut self, buf: &mut Buffer) {
        if self.shown == self.wanted {
            self.draw_pictures(buf);
        }
    }

    #[cfg(feature = "plots")]
    fn draw_pictures(&mut self, buf: &mut Buffer) {
        if self.encoded != self.wanted {
            self.encoded.clone_from(&self.wanted);
            let made =
                (1..).zip(&self.wanted).map(|(number, (placed, look))| picture::Picture::new(number, placed, look));
            self.pictures = made.collect();
        }
        for (picture, (placed, _)) in self.pictures.iter().zip(&self.wanted) {
            if let Some(picture) = picture {
                picture.draw(placed.area, buf);
            }
        }
    }
}

/// What an ink looks like; `None` where only the terminal knows.
fn colour(ink: Ink, theme: &Theme) -> Option<Rgb> {
    let style: Style = match ink {
        Ink::Plain | Ink::Strong => {
            return Some(if theme.ground == Ground::Light { [0x30; 3] } else { [0xd0; 3] });
        }
        Ink::Dim => theme.dim,
        Ink::Good => theme.good,
        Ink::Warn => theme.warn,
        Ink::Bad => theme.bad,
        Ink::Accent => theme.accent,
    };
    let rgb = fixed_rgb(style.fg?)?;
    Some(rgb.map(|part| u8::try_from(part).unwrap_or(u8::MAX)))
}

#[cfg(test)]
mod tests;
