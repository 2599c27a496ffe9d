//! The window around a screen: where its buttons and its title lie.

use super::drawing::{BAR_HEIGHT, CELL_WIDTH, Drawing, Face, PADDING, TEXT_SIZE, Text};
use unicode_width::UnicodeWidthStr;

/// The middles of the buttons, in pixels from the left.
pub const BUTTONS: [u16; 3] = [30, 56, 82];
/// Their radius in pixels.
pub const BUTTON_RADIUS: u16 = 8;

/// The title where it is painted; `None` when there is no room for it.
pub fn title(drawing: &Drawing) -> Option<Text> {
    let cells = drawing.title.width() as u16;
    let x = drawing.width.checked_sub(cells * CELL_WIDTH)? / 2;
    if x < BUTTONS[2] + 2 * PADDING {
        return None;
    }
    let y = BAR_HEIGHT / 2 + TEXT_SIZE * 9 / 25;
    let face = Face { colour: drawing.palette.bar_text, bold: false, italic: false };
    (cells > 0).then(|| Text { x, y, cells, words: drawing.title.clone(), face })
}
