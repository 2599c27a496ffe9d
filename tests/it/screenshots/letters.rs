//! Letters as coverage of pixels, from the fonts that come with the program.
//!
//! The same bytes give the same coverage on every machine: no hints, no system fonts, no positions
//! between pixels.

use super::drawing::{CELL_WIDTH, TEXT_SIZE};
use ab_glyph::{Font, FontRef, Glyph, InvalidFont, PxScale, ScaleFont, point};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMono-Bold.ttf");
const SYMBOLS: &[u8] = include_bytes!("../../../assets/fonts/DejaVuSansMono-Symbols.ttf");
/// How far italics lean: pixels to the right for each pixel of height.
const SLANT: f32 = 0.2;

/// Which cut of the letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cut {
    /// Heavy.
    pub bold: bool,
    /// Slanted.
    pub italic: bool,
}

/// The coverage of a sign's pixels.
#[derive(Debug, PartialEq, Eq)]
pub struct Stencil {
    /// Pixels from the left edge of the cell to the first column; may be negative.
    pub left: i32,
    /// Pixels from the line the letters stand on to the first row; negative is above it.
    pub top: i32,
    /// Columns.
    pub width: usize,
    /// Coverage, row by row, 0 to 255.
    pub coverage: Vec<u8>,
}

/// The pixels of a sign; `None` when no font has it.
type Drawn = Option<Rc<Stencil>>;

/// The bundled fonts.
pub struct Letters {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
    symbols: FontRef<'static>,
    known: RefCell<HashMap<(char, Cut), Drawn>>,
}

impl Letters {
    /// Reads the fonts.
    ///
    /// # Errors
    /// When a bundled font is no font.
    pub fn new() -> Result<Letters, InvalidFont> {
        Ok(Letters {
            regular: FontRef::try_from_slice(REGULAR)?,
            bold: FontRef::try_from_slice(BOLD)?,
            symbols: FontRef::try_from_slice(SYMBOLS)?,
            known: RefCell::default(),
        })
    }

    /// The pixels of a sign; `None` when no font has it.
    pub fn stencil(&self, sign: char, cut: Cut) -> Option<Rc<Stencil>> {
        let mut known = self.known.borrow_mut();
        known.entry((sign, cut)).or_insert_with(|| self.outline(sign, cut).map(Rc::new)).clone()
    }

    fn outline(&self, sign: char, cut: Cut) -> Option<Stencil> {
        let preferred = if cut.bold { &self.bold } else { &self.regular };
        let font = [preferred, &self.regular, &self.symbols].into_iter().find(|font| font.glyph_id(sign).0 != 0)?;
        // ab_glyph scales by the height of the font, a terminal by its em.
        let em = font.units_per_em().unwrap_or(1000.0);
        let scale = PxScale::from(f32::from(TEXT_SIZE) * font.height_unscaled() / em);
        let id = font.glyph_id(sign);
        let spare = f32::from(CELL_WIDTH) - font.as_scaled(scale).h_advance(id);
        let left = if spare.abs() < 2.0 { 0.0 } else { (spare / 2.0).round() };
        let Some(outlined) = font.outline_glyph(Glyph { id, scale, position: point(left, 0.0) }) else {
            return Some(Stencil { left: 0, top: 0, width: 0, coverage: Vec::new() });
        };
        let bounds = outlined.px_bounds();
        let (width, height) = (bounds.width() as usize, bounds.height() as usize);
        let mut coverage = vec![0.0; width * height];
        outlined.draw(|x, y, share| coverage[y as usize * width + x as usize] = share);
        let upright = Upright { left: bounds.min.x as i32, top: bounds.min.y as i32, width, coverage };
        Some(if cut.italic { upright.slanted() } else { upright.stencil() })
    }
}

/// Coverage in 16 steps: no eye sees more, and a screen then has few enough colours for a table.
pub fn share(coverage: f32) -> u8 {
    (coverage.clamp(0.0, 1.0) * 15.0).round() as u8 * 17
}

/// A sign before its coverage is rounded.
struct Upright {
    left: i32,
    top: i32,
    width: usize,
    coverage: Vec<f32>,
}

impl Upright {
    fn stencil(self) -> Stencil {
        let coverage = self.coverage.into_iter().map(share).collect();
        Stencil { left: self.left, top: self.top, width: self.width, coverage }
    }

    /// Moves each row to the right by its height above the line the letters stand on.
    fn slanted(self) -> Stencil {
        let rows = self.coverage.len().checked_div(self.width).unwrap_or(0);
        let shift = |row: usize| -(self.top as f32 + row as f32 + 0.5) * SLANT;
        let (most, least) = (shift(0), shift(rows.saturating_sub(1)));
        let start = least.floor();
        let width = self.width + (most - start).ceil() as usize + 1;
        let mut coverage = vec![0.0; width * rows];
        for row in 0..rows {
            let moved = shift(row) - start;
            let (whole, rest) = (moved.floor() as usize, moved.fract());
            for column in 0..self.width {
                let share = self.coverage[row * self.width + column];
                coverage[row * width + column + whole] += share * (1.0 - rest);
                coverage[row * width + column + whole + 1] += share * rest;
            }
        }
        Upright { left: self.left + start as i32, top: self.top, width, coverage }.stencil()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPRIGHT: Cut = Cut { bold: false, italic: false };

    #[test]
    fn signs_come_from_the_font_that_has_them_and_others_are_missing() {
        let letters = Letters::new().unwrap();
        for sign in "aÄ…→●✓✗⚑○▸".chars() {
            assert!(letters.stencil(sign, UPRIGHT).is_some_and(|s| s.coverage.contains(&255)), "{sign}");
        }
        assert_eq!(letters.stencil('日', UPRIGHT), None);
    }

    #[test]
    fn a_letter_fits_its_cell_bold_is_heavier_and_italic_leans() {
        let letters = Letters::new().unwrap();
        let ink = |cut| letters.stencil('l', cut).map(|s| s.coverage.iter().map(|c| u32::from(*c)).sum::<u32>());
        assert!(ink(Cut { bold: true, italic: false }) > ink(UPRIGHT));
        let upright = letters.stencil('H', UPRIGHT).unwrap();
        assert!(upright.left >= 0 && upright.left as usize + upright.width <= usize::from(CELL_WIDTH));
        let italic = letters.stencil('H', Cut { bold: false, italic: true }).unwrap();
        assert!(italic.width > upright.width);
    }
}
