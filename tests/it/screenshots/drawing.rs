//! A screen as a drawing: a window with rectangles, bends and pieces of text at exact places.
//!
//! The one description from which both formats are painted, so that they show the same. It knows
//! nothing of files and fonts.

use super::palette::{Palette, Rgb};
use super::shapes::{self, Bend, Shape};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

/// Width of a cell in pixels: 0.6 of [`TEXT_SIZE`], the advance of the bundled font.
pub const CELL_WIDTH: u16 = 15;
/// Height of a cell in pixels: 1.32 of [`TEXT_SIZE`], the line of the bundled font.
pub const CELL_HEIGHT: u16 = 33;
/// Size of the letters in pixels an em.
pub const TEXT_SIZE: u16 = 25;
/// From the upper edge of a cell to the line on which letters stand, in pixels.
pub const BASELINE: u16 = 25;
/// Height of the title bar in pixels.
pub const BAR_HEIGHT: u16 = 48;
/// Between the edge of the window and the cells, in pixels.
pub const PADDING: u16 = 14;
/// Radius of the window's corners in pixels.
pub const CORNER: u16 = 16;
/// How much of the text's colour is left when it is dim, 0 to 255.
const DIM_SHARE: u8 = 150;
/// From the line the letters stand on to the underline, in pixels.
const UNDERLINE_DEPTH: u16 = 4;

/// A filled rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Left edge in pixels.
    pub x: u16,
    /// Upper edge in pixels.
    pub y: u16,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Its colour.
    pub colour: Rgb,
}

/// A rounded corner of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corner {
    /// Left edge of its cell in pixels.
    pub x: u16,
    /// Upper edge of its cell in pixels.
    pub y: u16,
    /// Which sides it joins.
    pub bend: Bend,
    /// Its colour.
    pub colour: Rgb,
}

/// How letters look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// Their colour.
    pub colour: Rgb,
    /// Heavy.
    pub bold: bool,
    /// Slanted.
    pub italic: bool,
}

/// A piece of text in one look, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Left edge of its first cell in pixels.
    pub x: u16,
    /// The line its letters stand on, in pixels.
    pub y: u16,
    /// How many cells it takes.
    pub cells: u16,
    /// What it says.
    pub words: String,
    /// Its look.
    pub face: Face,
}

/// A window with a screen in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Its colours.
    pub palette: Palette,
    /// The title in the bar.
    pub title: String,
    /// Rectangles, painted first, in this order.
    pub fills: Vec<Fill>,
    /// Rounded corners.
    pub corners: Vec<Corner>,
    /// Text, painted last.
    pub texts: Vec<Text>,
}

impl Drawing {
    /// Draws what a terminal with these colours would show.
    pub fn of(screen: &Buffer, cursor: Option<Position>, title: &str, palette: &Palette) -> Drawing {
        let area = screen.area;
        let mut drawing = Drawing {
            width: area.width * CELL_WIDTH + 2 * PADDING,
            height: area.height * CELL_HEIGHT + BAR_HEIGHT + 2 * PADDING,
            palette: *palette,
            title: title.to_owned(),
            fills: Vec::new(),
            corners: Vec::new(),
            texts: Vec::new(),
        };
        let mut above = Vec::new();
        for row in 0..area.height {
            let mut column = 0;
            while column < area.width {
                let at = Position { x: area.x + column, y: area.y + row };
                let Some(cell) = screen.cell(at) else { break };
                let cells = (cell.symbol().width() as u16).max(1);
                let look = Look::of(cell, palette, cursor == Some(at));
                drawing.cell(cell.symbol(), Place::new(column, row, cells), look, &mut above);
                column += cells;
            }
        }
        drawing.fills.extend(above);
        drawing
    }

    fn cell(&mut self, symbol: &str, place: Place, look: Look, above: &mut Vec<Fill>) {
        if look.behind != self.palette.ground {
            let fill = Fill { x: place.x, y: place.y, width: place.width(), height: CELL_HEIGHT, colour: look.behind };
            join(&mut self.fills, fill);
        }
        if look.underline {
            let y = place.y + BASELINE + UNDERLINE_DEPTH;
            join(above, Fill { x: place.x, y, width: place.width(), height: 2, colour: look.face.colour });
        }
        if look.struck {
            let y = place.y + CELL_HEIGHT / 2;
            join(above, Fill { x: place.x, y, width: place.width(), height: 2, colour: look.face.colour });
        }
        if symbol.trim().is_empty() || look.hidden {
            return;
        }
        let mut signs = symbol.chars();
        match (signs.next().and_then(shapes::of), signs.next()) {
            (Some(parts), None) => self.shapes(&parts, place, look, above),
            _ => self.text(symbol, place, look.face),
        }
    }

    fn shapes(&mut self, parts: &[Shape], place: Place, look: Look, above: &mut Vec<Fill>) {
        for part in parts {
            match *part {
                Shape::Bar { x, y, width, height, share } => {
                    let colour = look.face.colour.over(look.behind, share);
                    join(above, Fill { x: place.x + x, y: place.y + y, width, height, colour });
                }
                Shape::Bend(bend) => {
                    self.corners.push(Corner { x: place.x, y: place.y, bend, colour: look.face.colour });
                    self.shapes(&shapes::straight(bend), place, look, above);
                }
            }
        }
    }

    /// Adds a sign to the text before it when they belong together.
    fn text(&mut self, symbol: &str, place: Place, face: Face) {
        let y = place.y + BASELINE;
        let alone = !symbol.is_ascii();
        if let Some(last) = self.texts.last_mut() {
            // Signs outside of ASCII may come from another font with another advance: each starts anew.
            let touches = last.y == y && last.x + last.cells * CELL_WIDTH == place.x;
            if touches && last.face == face && !alone && last.words.is_ascii() {
                last.words.push_str(symbol);
                last.cells += place.cells;
                return;
            }
        }
        self.texts.push(Text { x: place.x, y, cells: place.cells, words: symbol.to_owned(), face });
    }
}

/// Adds a rectangle, as a part of the one before where they make one.
fn join(fills: &mut Vec<Fill>, next: Fill) {
    if let Some(last) = fills.last_mut() {
        let same = (last.y, last.height, last.colour) == (next.y, next.height, next.colour);
        if same && last.x + last.width == next.x {
            last.width += next.width;
            return;
        }
    }
    fills.push(next);
}

/// Where a sign stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: u16,
    y: u16,
    cells: u16,
}

impl Place {
    fn new(column: u16, row: u16, cells: u16) -> Place {
        Place { x: PADDING + column * CELL_WIDTH, y: BAR_HEIGHT + PADDING + row * CELL_HEIGHT, cells }
    }

    fn width(self) -> u16 {
        self.cells * CELL_WIDTH
    }
}

/// The look of a cell, with colours instead of names.
#[derive(Debug, Clone, Copy)]
struct Look {
    face: Face,
    behind: Rgb,
    underline: bool,
    struck: bool,
    hidden: bool,
}

impl Look {
    fn of(cell: &Cell, palette: &Palette, cursor: bool) -> Look {
        let has = |modifier| cell.modifier.contains(modifier);
        let mut front = palette.rgb(cell.fg, palette.text);
        let mut behind = palette.rgb(cell.bg, palette.ground);
        if has(Modifier::DIM) {
            front = front.over(behind, DIM_SHARE);
        }
        if has(Modifier::REVERSED) != cursor {
            (front, behind) = (behind, front);
        }
        Look {
            face: Face { colour: front, bold: has(Modifier::BOLD), italic: has(Modifier::ITALIC) },
            behind,
            underline: has(Modifier::UNDERLINED),
            struck: has(Modifier::CROSSED_OUT),
            hidden: has(Modifier::HIDDEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};
    use toolsmith::tui::theme::Ground;

    fn drawing(width: u16, pieces: &[(u16, &str, Style)]) -> Drawing {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        for (x, text, style) in pieces {
            buffer.set_string(*x, 0, text, *style);
        }
        Drawing::of(&buffer, None, "", Palette::of(Ground::Dark))
    }

    fn texts(drawing: &Drawing) -> Vec<(u16, &str)> {
        drawing.texts.iter().map(|text| ((text.x - PADDING) / CELL_WIDTH, text.words.as_str())).collect()
    }

    #[test]
    fn text_of_one_look_is_one_piece_and_blanks_are_none() {
        let plain = Style::new();
        let drawing = drawing(20, &[(0, "ab cd", plain), (5, "e", plain.fg(Color::Red)), (6, "f", plain)]);
        assert_eq!(texts(&drawing), [(0, "ab"), (3, "cd"), (5, "e"), (6, "f")]);
        assert_eq!(drawing.fills, []);
    }

    #[test]
    fn wide_signs_take_two_cells_and_every_sign_outside_of_ascii_stands_alone() {
        let drawing = drawing(20, &[(0, "a日b⚑c", Style::new())]);
        assert_eq!(texts(&drawing), [(0, "a"), (1, "日"), (3, "b"), (4, "⚑"), (5, "c")]);
        assert_eq!(drawing.texts[1].cells, 2);
    }

    #[test]
    fn reversed_swaps_dim_fades_and_a_ground_is_one_rectangle() {
        let palette = Palette::of(Ground::Dark);
        let dim = palette.text.over(palette.ground, DIM_SHARE);
        let reversed = drawing(4, &[(0, "abcd", Style::new().add_modifier(Modifier::REVERSED))]);
        let Place { x, y, .. } = Place::new(0, 0, 1);
        let whole = Fill { x, y, width: 4 * CELL_WIDTH, height: CELL_HEIGHT, colour: palette.text };
        assert_eq!(reversed.fills, [whole]);
        assert_eq!(reversed.texts[0].face.colour, palette.ground);
        let faded = drawing(4, &[(0, "ab", Style::new().add_modifier(Modifier::DIM))]);
        assert_eq!(faded.texts[0].face, Face { colour: dim, bold: false, italic: false });
    }

    #[test]
    fn frames_become_lines_and_bends() {
        let drawing = drawing(4, &[(0, "╭──╮", Style::new())]);
        assert_eq!(drawing.texts, []);
        assert_eq!(drawing.corners.iter().map(|c| c.bend).collect::<Vec<_>>(), [Bend::DownRight, Bend::DownLeft]);
        let across = drawing.fills.iter().filter(|fill| fill.width > fill.height).count();
        assert_eq!(across, 1, "one line joins both bends: {:?}", drawing.fills);
    }

    #[test]
    fn the_cursor_is_a_reversed_cell() {
        let buffer = Buffer::with_lines(["ab"]);
        let palette = Palette::of(Ground::Light);
        let drawing = Drawing::of(&buffer, Some(Position { x: 1, y: 0 }), "", palette);
        assert_eq!(drawing.fills.iter().map(|fill| fill.colour).collect::<Vec<_>>(), [palette.text]);
        assert_eq!(drawing.texts[1].face.colour, palette.ground);
    }
}
