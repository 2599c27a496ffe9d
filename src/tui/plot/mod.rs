//! Charts as pictures on terminals that can show pictures; as characters elsewhere.
//!
//! A picture is made of numbers only. It is sent once and stays until something changes: if the picture is covered,
//! moved or changed, the whole screen is redrawn.

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
    /// The content of the chart.
    pub plot: Plot,
    /// Its visible cells.
    pub area: Rect,
    /// Number of its rows above the visible ones.
    pub above: u16,
    /// Number of rows of the whole chart.
    pub rows: u16,
}

impl PlacedPlot {
    /// The part of the chart within these rows of the screen.
    pub fn within(mut self, top: u16, bottom: u16) -> Option<PlacedPlot> {
        let (first, end) = (self.area.y.max(top), self.area.bottom().min(bottom));
        self.above += first.saturating_sub(self.area.y);
        self.area = Rect { y: first, height: end.saturating_sub(first), ..self.area };
        (!self.area.is_empty()).then_some(self)
    }
}

/// Red, green, blue.
type Rgb = [u8; 3];

/// The look of a picture on this terminal; a different look needs a different picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PlotLook {
    protocol: Protocol,
    /// Size of a cell in pixels.
    cell: (u16, u16),
    bar: Rgb,
    faint: Rgb,
    /// Whether tmux must pass the picture on.
    within_tmux: bool,
}

/// Whether charts are pictures, and the pictures on the screen.
#[derive(Default)]
pub struct Plots {
    /// The protocol setting.
    pub setting: PlotSetting,
    /// The identity of the terminal according to the environment.
    pub name: TerminalName,
    /// The terminal's answer to the question for its name.
    pub answer: Option<String>,
    /// Size of a cell in pixels; `None` if the terminal does not report it.
    pub cell: Option<(u16, u16)>,
    /// The pictures of the last frame.
    shown: Vec<(PlacedPlot, PlotLook)>,
    /// The pictures of this frame.
    wanted: Vec<(PlacedPlot, PlotLook)>,
    /// The content of the encoded pictures; pictures that could not be encoded are missing.
    #[cfg(feature = "plots")]
    encoded: Vec<(PlacedPlot, PlotLook)>,
    #[cfg(feature = "plots")]
    pictures: Vec<Option<picture::Picture>>,
}

impl Plots {
    /// The picture protocol in use; `None` if charts are characters.
    pub fn protocol(&self, theme: &Theme) -> Option<Protocol> {
        if cfg!(not(feature = "plots")) || theme.ground == Ground::Plain || theme.numbered {
            return None;
        }
        // If the colours or the size of a cell are unknown, a picture would not match its surroundings.
        self.cell.filter(|_| colour(Ink::Accent, theme).is_some())?;
        protocol(self.setting, &self.name, self.answer.as_deref())
    }

    /// Sets the charts that are on the screen now.
    pub fn want(&mut self, plots: Vec<PlacedPlot>, theme: &Theme) {
        let look = |ink| {
            let (protocol, cell) = (self.protocol(theme)?, self.cell?);
            let (bar, faint) = (colour(ink, theme)?, colour(Ink::Dim, theme)?);
            Some(PlotLook { protocol, cell, bar, faint, within_tmux: self.name.is_within_another })
        };
        self.wanted = plots.into_iter().filter_map(|placed| Some((placed.clone(), look(placed.plot.ink)?))).collect();
    }

    /// Whether the pictures differ from those of the last frame. If so, the screen must be redrawn, because some
    /// terminals keep a picture below newly drawn text. The new pictures then count as shown and are sent again,
    /// because other terminals remove pictures when the screen is blanked.
    pub fn take_changed(&mut self) -> bool {
        if self.shown == self.wanted {
            return false;
        }
        self.forget();
        self.shown.clone_from(&self.wanted);
        true
    }

    /// The terminal lost its pictures; they are sent again.
    pub fn forget(&mut self) {
        self.shown.clear();
        #[cfg(feature = "plots")]
        self.encoded.clear();
    }

    /// Draws the pictures over their characters, unless the screen must be redrawn first.
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

/// The colour of an ink; `None` if only the terminal knows it.
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
