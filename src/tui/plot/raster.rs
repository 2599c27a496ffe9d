//! Columns of a chart as pixels.

use super::{PlacedPlot, PlotLook, Rgb};

/// Pixels with red, green, blue and opacity, row by row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Raster {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Raster {
    fn fill(&mut self, (left, right): (usize, usize), (top, bottom): (usize, usize), [red, green, blue]: Rgb) {
        for y in top..bottom.min(self.height) {
            let row = (y * self.width + left) * 4..(y * self.width + right.min(self.width)) * 4;
            for pixel in self.pixels.get_mut(row).into_iter().flat_map(|row| row.chunks_exact_mut(4)) {
                pixel.copy_from_slice(&[red, green, blue, 0xff]);
            }
        }
    }
}

/// The visible part of a chart. A column without a value is a dot on the base line; a value of zero is one pixel high
/// in the colour of the bars.
pub(super) fn draw(placed: &PlacedPlot, look: &PlotLook) -> Raster {
    let (cell_width, cell_height) = (usize::from(look.cell.0), usize::from(look.cell.1));
    let (width, all) = (usize::from(placed.area.width) * cell_width, usize::from(placed.rows) * cell_height);
    let mut raster = Raster { width, height: all, pixels: vec![0; width * all * 4] };
    // Free space above separates neighbours.
    let most = all.saturating_sub(2).max(1);
    let gap = (cell_width / 5).min(2);
    for (at, column) in placed.plot.columns.iter().enumerate() {
        let (left, right) = (at * cell_width, (at + 1) * cell_width - gap);
        if let Some(height) = column {
            let height = (most * usize::from(*height)).div_ceil(1_000).max(1);
            raster.fill((left, right), (all - height, all), look.bar);
        } else {
            let (middle, size) = (usize::midpoint(left, right), (cell_width / 6).max(1));
            raster.fill((middle - size / 2, middle - size / 2 + size), (all - size, all), look.faint);
        }
    }
    let above = usize::from(placed.above) * cell_height * width * 4;
    let shown = usize::from(placed.area.height) * cell_height;
    raster.pixels.drain(..above.min(raster.pixels.len()));
    raster.pixels.truncate(shown * width * 4);
    Raster { height: shown, ..raster }
}
