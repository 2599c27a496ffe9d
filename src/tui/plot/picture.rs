//! A chart, encoded for one picture protocol.

use super::raster;
use super::{PlacedPlot, PlotLook, Protocol};
use crate::tui::ink::draw_picture;
use image::{DynamicImage, RgbaImage};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui_image::protocol::Protocol as Encoded;
use ratatui_image::protocol::iterm2::Iterm2;
use ratatui_image::protocol::kitty::Kitty;
use ratatui_image::protocol::sixel::Sixel;

/// The first picture number for kitty. A picture with the same number replaces the earlier one.
const FIRST_NUMBER: u32 = 0x54_53_00;

/// An encoded chart that can be drawn into cells.
pub(super) struct Picture(Encoded);

impl Picture {
    /// Encodes a chart; `None` if the encoder refuses it.
    pub(super) fn new(number: u32, placed: &PlacedPlot, look: &PlotLook) -> Option<Picture> {
        let raster = raster::draw(placed, look);
        let (width, height) = (u32::try_from(raster.width).ok()?, u32::try_from(raster.height).ok()?);
        let image = DynamicImage::ImageRgba8(RgbaImage::from_raw(width, height, raster.pixels)?);
        let size = Size::new(placed.area.width, placed.area.height);
        // Wrapped for tmux only if the setting names a protocol despite tmux.
        let within_tmux = look.within_tmux;
        let encoded = match look.protocol {
            // Compressed: both terminals that support placeholders can decompress it, and a chart with few colours gets
            // 100 times smaller.
            Protocol::Kitty => Encoded::Kitty(Kitty::new(image, size, FIRST_NUMBER + number, within_tmux, true).ok()?),
            Protocol::Iterm2 => Encoded::ITerm2(Iterm2::new(image, size, within_tmux).ok()?),
            Protocol::Sixel => Encoded::Sixel(Sixel::new(image, size, within_tmux).ok()?),
        };
        Some(Picture(encoded))
    }

    /// Draws the picture into its cells.
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer) {
        draw_picture(&self.0, area, buf);
    }
}
