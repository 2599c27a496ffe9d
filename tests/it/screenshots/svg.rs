//! Paints a drawing as SVG text. No fonts inside: the reader's monospace font is stretched to the cells.

use super::drawing::{BAR_HEIGHT, CELL_WIDTH, CORNER, Drawing, Face, Fill, TEXT_SIZE};
use super::shapes::{BEND_LINE, BEND_RADIUS, Bend, turn};
use super::window;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Fonts in order of preference.
const FAMILY: &str = "'JetBrains Mono', 'Cascadia Code', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// The drawing as an SVG document that ends with a line break.
pub fn paint(drawing: &Drawing) -> String {
    let mut svg = String::new();
    let (width, height) = (drawing.width, drawing.height);
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">"#
    );
    let _ = writeln!(svg, "<title>{}</title>", escape(&drawing.title));
    window(drawing, &mut svg);
    fills(&drawing.fills, &mut svg);
    corners(drawing, &mut svg);
    texts(drawing, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

fn window(drawing: &Drawing, svg: &mut String) {
    let palette = &drawing.palette;
    let (width, height) = (drawing.width, drawing.height);
    let (right, bottom) = (width - 1, height - 1);
    let _ = writeln!(
        svg,
        r#"<rect x="1" y="1" width="{}" height="{}" rx="{CORNER}" fill="{}" stroke="{}" stroke-width="2"/>"#,
        right - 1,
        bottom - 1,
        palette.ground,
        palette.edge
    );
    let _ = writeln!(
        svg,
        r#"<path d="M2 {BAR_HEIGHT}V{0}A{1} {1} 0 0 1 {0} 2H{2}A{1} {1} 0 0 1 {3} {0}V{BAR_HEIGHT}Z" fill="{4}"/>"#,
        CORNER + 1,
        CORNER - 1,
        width - CORNER - 1,
        width - 2,
        palette.bar
    );
    for button in window::BUTTONS {
        let _ = writeln!(
            svg,
            r#"<circle cx="{}" cy="{}" r="{}" fill="{}"/>"#,
            button,
            BAR_HEIGHT / 2,
            window::BUTTON_RADIUS,
            palette.edge
        );
    }
    if let Some(title) = window::title(drawing) {
        let _ = writeln!(svg, r#"<g font-family="{FAMILY}" font-size="{TEXT_SIZE}">"#);
        text(&title.words, title.x, title.y, title.cells, &attributes(title.face), svg);
        svg.push_str("</g>\n");
    }
}

/// Rectangles grouped by colour only where that keeps their order of painting.
fn fills(fills: &[Fill], svg: &mut String) {
    svg.push_str("<g shape-rendering=\"crispEdges\">\n");
    for group in fills.chunk_by(|a, b| a.colour == b.colour) {
        let mut path = String::new();
        for fill in group {
            let _ = write!(path, "M{} {}h{}v{}h-{}z", fill.x, fill.y, fill.width, fill.height, fill.width);
        }
        let _ = writeln!(svg, r#"<path fill="{}" d="{path}"/>"#, group[0].colour);
    }
    svg.push_str("</g>\n");
}

fn corners(drawing: &Drawing, svg: &mut String) {
    let mut groups: BTreeMap<String, String> = BTreeMap::new();
    for corner in &drawing.corners {
        let path = groups.entry(corner.colour.to_string()).or_default();
        let ((x, y), (left, above)) = turn(corner.bend);
        let (x, y) = (corner.x + x, corner.y + y);
        let side = if left { x - BEND_RADIUS } else { x + BEND_RADIUS };
        let end = if above { y - BEND_RADIUS } else { y + BEND_RADIUS };
        // From the upright half line to the level one.
        let sweep = u8::from(matches!(corner.bend, Bend::DownRight | Bend::UpLeft));
        let _ = write!(path, "M{side} {y}A{BEND_RADIUS} {BEND_RADIUS} 0 0 {sweep} {x} {end}");
    }
    for (colour, path) in groups {
        let _ = writeln!(svg, r#"<path fill="none" stroke="{colour}" stroke-width="{BEND_LINE}" d="{path}"/>"#);
    }
}

fn texts(drawing: &Drawing, svg: &mut String) {
    // Text never overlaps, so it may be grouped by look; the order within a group is that of reading.
    let mut groups: BTreeMap<String, String> = BTreeMap::new();
    for piece in &drawing.texts {
        let group = groups.entry(attributes(piece.face)).or_default();
        text(&piece.words, piece.x, piece.y, piece.cells, "", group);
    }
    let _ = writeln!(svg, r#"<g font-family="{FAMILY}" font-size="{TEXT_SIZE}">"#);
    for (look, group) in groups {
        let _ = write!(svg, "<g{look}>\n{group}</g>\n");
    }
    svg.push_str("</g>\n");
}

/// Signs that some systems paint as coloured emoji unless told otherwise.
const EMOJI: &str = "‼⁉⚠⚡✔✖▶◀▪▫↔↕";
/// Asks for the plain form of the sign before it.
const PLAIN_FORM: char = '\u{fe0e}';

fn text(text: &str, x: u16, y: u16, cells: u16, attributes: &str, svg: &mut String) {
    // A single sign keeps its own width: stretching it would deform it.
    let length = match text.chars().nth(1) {
        None => String::new(),
        Some(_) => format!(r#" textLength="{}""#, cells * CELL_WIDTH),
    };
    let mut words = escape(text);
    if text.chars().next().is_some_and(|sign| EMOJI.contains(sign)) {
        words.push(PLAIN_FORM);
    }
    let _ = writeln!(svg, r#"<text x="{x}" y="{y}"{length}{attributes}>{words}</text>"#);
}

fn attributes(face: Face) -> String {
    let bold = if face.bold { r#" font-weight="bold""# } else { "" };
    let italic = if face.italic { r#" font-style="italic""# } else { "" };
    format!(r#" fill="{}"{bold}{italic}"#, face.colour)
}

/// Text for the inside of an element: what XML cannot hold becomes the replacement character.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screenshots::palette::Palette;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Modifier, Style};
    use toolsmith::tui::theme::Ground;

    #[test]
    fn a_small_screen_becomes_this_document() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        buffer.set_string(0, 0, "╭ a<b ─╮", Style::new());
        buffer.set_string(0, 1, "ok", Style::new().fg(Color::Green).add_modifier(Modifier::BOLD));
        buffer.set_string(3, 1, " on ", Style::new().add_modifier(Modifier::REVERSED | Modifier::UNDERLINED));
        let drawing = Drawing::of(&buffer, None, "t & t", Palette::of(Ground::Dark));
        insta::assert_snapshot!(paint(&drawing));
    }
}
