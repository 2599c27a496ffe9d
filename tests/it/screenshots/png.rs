//! Paints a drawing as a PNG file with the bundled fonts.

use super::drawing::{BAR_HEIGHT, BASELINE, CELL_HEIGHT, CELL_WIDTH, CORNER, Corner, Drawing, Fill, Text};
use super::letters::{self, Cut, Letters};
use super::palette::Rgb;
use super::shapes::{BEND_LINE, BEND_RADIUS, turn};
use super::window;
#[cfg(test)]
use std::collections::BTreeSet;
use std::collections::HashMap;
use unicode_width::UnicodeWidthChar;

/// The drawing as a PNG file.
///
/// # Errors
/// When the picture cannot be encoded.
pub fn paint(drawing: &Drawing, letters: &Letters) -> Result<Vec<u8>, png::EncodingError> {
    let mut canvas = Canvas::new(drawing.width, drawing.height);
    canvas.window(drawing);
    for fill in &drawing.fills {
        canvas.fill(*fill);
    }
    for corner in &drawing.corners {
        canvas.corner(*corner);
    }
    for text in drawing.texts.iter().chain(&window::title(drawing)) {
        canvas.text(text, letters);
    }
    canvas.encode()
}

#[cfg(test)]
/// The signs of a drawing that no bundled font has; they are painted as empty boxes.
pub fn missing(drawing: &Drawing, letters: &Letters) -> BTreeSet<char> {
    let upright = Cut { bold: false, italic: false };
    let signs = drawing.texts.iter().flat_map(|text| text.words.chars());
    signs.filter(|sign| sign.width() != Some(0) && letters.stencil(*sign, upright).is_none()).collect()
}

/// Pixels: red, green, blue, opacity.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

impl Canvas {
    fn new(width: u16, height: u16) -> Canvas {
        let (width, height) = (usize::from(width), usize::from(height));
        Canvas { width, height, pixels: vec![[0; 4]; width * height] }
    }

    /// The window: a rounded edge, the ground, the bar with its buttons.
    fn window(&mut self, drawing: &Drawing) {
        let palette = &drawing.palette;
        let size = (self.width as f32, self.height as f32);
        for y in 0..self.height {
            let behind = if y < usize::from(BAR_HEIGHT) { palette.bar } else { palette.ground };
            for x in 0..self.width {
                let depth = depth((x as f32 + 0.5, y as f32 + 0.5), size, f32::from(CORNER) + 1.0);
                let inside = share(depth - 2.0);
                let Rgb([r, g, b]) = behind.over(palette.edge, inside);
                self.pixels[y * self.width + x] = [r, g, b, share(depth)];
            }
        }
        for x in window::BUTTONS {
            let middle = (f32::from(x), f32::from(BAR_HEIGHT / 2));
            let radius = f32::from(window::BUTTON_RADIUS);
            let reach = window::BUTTON_RADIUS + 1;
            for (px, py) in square(x - reach, BAR_HEIGHT / 2 - reach, 2 * reach, 2 * reach) {
                self.blend(px, py, palette.edge, share(radius - distance((px, py), middle) + 0.5));
            }
        }
    }

    fn fill(&mut self, fill: Fill) {
        for (x, y) in square(fill.x, fill.y, fill.width, fill.height) {
            self.blend(x, y, fill.colour, 255);
        }
    }

    fn corner(&mut self, corner: Corner) {
        let ((x, y), (left, above)) = turn(corner.bend);
        let middle = (f32::from(corner.x + x), f32::from(corner.y + y));
        let (radius, half) = (f32::from(BEND_RADIUS), f32::from(BEND_LINE) / 2.0);
        for (px, py) in square(corner.x, corner.y, CELL_WIDTH, CELL_HEIGHT) {
            let ours = ((px as f32) < middle.0) == left && ((py as f32) < middle.1) == above;
            if ours {
                let off = (distance((px, py), middle) - radius).abs();
                self.blend(px, py, corner.colour, share(half - off + 0.5));
            }
        }
    }

    fn text(&mut self, text: &Text, letters: &Letters) {
        let cut = Cut { bold: text.face.bold, italic: text.face.italic };
        let mut x = i32::from(text.x);
        for sign in text.words.chars() {
            let cells = sign.width().unwrap_or(0) as u16;
            match letters.stencil(sign, cut) {
                Some(stencil) => {
                    for (at, share) in stencil.coverage.iter().enumerate() {
                        let px = x + stencil.left + (at % stencil.width) as i32;
                        let py = i32::from(text.y) + stencil.top + (at / stencil.width) as i32;
                        if let (Ok(px), Ok(py)) = (usize::try_from(px), usize::try_from(py)) {
                            self.blend(px, py, text.face.colour, *share);
                        }
                    }
                }
                None if cells > 0 => self.missing(x as u16, text.y - BASELINE, cells * CELL_WIDTH, text.face.colour),
                None => {}
            }
            x += i32::from(cells * CELL_WIDTH);
        }
    }

    /// An empty box in place of a sign that no font has.
    fn missing(&mut self, x: u16, y: u16, width: u16, colour: Rgb) {
        let (x, y, width, height) = (x + 2, y + 5, width - 4, CELL_HEIGHT - 10);
        self.fill(Fill { x, y, width, height: 2, colour });
        self.fill(Fill { x, y: y + height - 2, width, height: 2, colour });
        self.fill(Fill { x, y, width: 2, height, colour });
        self.fill(Fill { x: x + width - 2, y, width: 2, height, colour });
    }

    fn blend(&mut self, x: usize, y: usize, colour: Rgb, share: u8) {
        if x >= self.width {
            return;
        }
        if let Some([r, g, b, _]) = self.pixels.get_mut(y * self.width + x) {
            let Rgb(mixed) = colour.over(Rgb([*r, *g, *b]), share);
            [*r, *g, *b] = mixed;
        }
    }

    fn encode(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        // Measured on a full screen: 95 KiB with a table of colours, 190 without, 240 with filters.
        encoder.set_filter(png::Filter::NoFilter);
        if let Some((table, places)) = self.indexed() {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(table.iter().flat_map(|colour| colour[..3].to_vec()).collect::<Vec<u8>>());
            encoder.set_trns(table.iter().map(|colour| colour[3]).collect::<Vec<u8>>());
            write(encoder, &places)?;
        } else {
            encoder.set_color(png::ColorType::Rgba);
            write(encoder, self.pixels.as_flattened())?;
        }
        Ok(file)
    }

    /// The colours in order of appearance, and for each pixel its place among them; `None` when
    /// there are more than a table can hold.
    fn indexed(&self) -> Option<(Vec<[u8; 4]>, Vec<u8>)> {
        let mut table = Vec::new();
        let mut known = HashMap::new();
        let mut places = Vec::with_capacity(self.pixels.len());
        for run in self.pixels.chunk_by(|a, b| a == b) {
            let place = *known.entry(run[0]).or_insert_with(|| {
                table.push(run[0]);
                table.len() - 1
            });
            places.resize(places.len() + run.len(), u8::try_from(place).ok()?);
        }
        Some((table, places))
    }
}

fn write(encoder: png::Encoder<'_, &mut Vec<u8>>, bytes: &[u8]) -> Result<(), png::EncodingError> {
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bytes)?;
    writer.finish()
}

/// Every pixel of a rectangle.
fn square(x: u16, y: u16, width: u16, height: u16) -> impl Iterator<Item = (usize, usize)> {
    let columns = usize::from(x)..usize::from(x) + usize::from(width);
    let rows = usize::from(y)..usize::from(y) + usize::from(height);
    rows.flat_map(move |row| columns.clone().map(move |column| (column, row)))
}

/// From the middle of a pixel to a point.
fn distance((x, y): (usize, usize), middle: (f32, f32)) -> f32 {
    let (across, down) = (x as f32 + 0.5 - middle.0, y as f32 + 0.5 - middle.1);
    (across * across + down * down).sqrt()
}

/// How deep a point lies inside a rounded rectangle that starts at the origin; negative is outside.
fn depth((x, y): (f32, f32), (width, height): (f32, f32), radius: f32) -> f32 {
    let across = (radius - x).max(x - (width - radius));
    let down = (radius - y).max(y - (height - radius));
    if across > 0.0 && down > 0.0 {
        return radius - (across * across + down * down).sqrt();
    }
    radius - across.max(down)
}

/// Coverage of a pixel whose middle is this far inside.
fn share(depth: f32) -> u8 {
    letters::share(depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screenshots::drawing::PADDING;
    use crate::screenshots::palette::Palette;
    use ratatui::buffer::Buffer;
    use toolsmith::tui::theme::Ground;

    fn painted(line: &str) -> (Drawing, Vec<u8>) {
        let letters = Letters::new().unwrap();
        let drawing = Drawing::of(&Buffer::with_lines([line]), None, "t", Palette::of(Ground::Dark));
        let file = paint(&drawing, &letters).unwrap();
        (drawing, file)
    }

    fn pixels(file: &[u8]) -> (usize, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width as usize, pixels)
    }

    #[test]
    fn the_picture_has_the_size_of_the_drawing_clear_corners_and_solid_blocks() {
        let (drawing, file) = painted("█ a");
        let (width, pixels) = pixels(&file);
        assert_eq!(width, usize::from(drawing.width));
        let at = |x: u16, y: u16| &pixels[(usize::from(y) * width + usize::from(x)) * 4..][..4];
        assert_eq!(at(0, 0)[3], 0);
        let Rgb([r, g, b]) = drawing.palette.text;
        assert_eq!(at(PADDING, BAR_HEIGHT + PADDING), [r, g, b, 255]);
        let Rgb([r, g, b]) = drawing.palette.ground;
        assert_eq!(at(PADDING + CELL_WIDTH, BAR_HEIGHT + PADDING), [r, g, b, 255]);
    }

    #[test]
    fn the_same_screen_gives_the_same_bytes() {
        assert_eq!(painted("╭ same ╮").1, painted("╭ same ╮").1);
    }

    #[test]
    fn signs_without_a_glyph_are_named_and_painted_as_boxes() {
        let letters = Letters::new().unwrap();
        let (drawing, file) = painted("a日");
        assert_eq!(missing(&drawing, &letters), BTreeSet::from(['日']));
        let (width, pixels) = pixels(&file);
        let (column, row) = (usize::from(PADDING + CELL_WIDTH + 2), usize::from(BAR_HEIGHT + PADDING + 5));
        assert_eq!(pixels[(row * width + column) * 4..][..3], drawing.palette.text.0);
    }
}
