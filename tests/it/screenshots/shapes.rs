//! Frames and bars as geometry, so that lines meet without a gap whatever the font.
//!
//! Only signs that must touch their neighbours; everything else is text.

use super::drawing::{CELL_HEIGHT, CELL_WIDTH};

/// Width of a light line in pixels.
const LINE: u16 = 2;
/// Width of a heavy line in pixels.
const HEAVY: u16 = 4;
/// Left edge of a light vertical line in its cell.
const MIDDLE_X: u16 = (CELL_WIDTH - 1) / 2;
/// Upper edge of a light horizontal line in its cell.
const MIDDLE_Y: u16 = (CELL_HEIGHT - 1) / 2;

/// A part of a sign, in pixels from the left upper corner of its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A filled rectangle; `share` is how much of its colour counts, 0 to 255.
    Bar {
        /// Left edge.
        x: u16,
        /// Upper edge.
        y: u16,
        /// Width.
        width: u16,
        /// Height.
        height: u16,
        /// How much of the colour counts.
        share: u8,
    },
    /// A quarter of a circle that joins two half lines of light weight.
    Bend(Bend),
}

/// Which sides a quarter circle joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bend {
    /// `╭`
    DownRight,
    /// `╮`
    DownLeft,
    /// `╯`
    UpLeft,
    /// `╰`
    UpRight,
}

/// How strong a half line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arm {
    None,
    Light,
    Heavy,
}

/// The shapes of a sign that must touch its neighbours; `None` for all others.
pub fn of(sign: char) -> Option<Vec<Shape>> {
    if let Some(bend) = bend(sign) {
        return Some(vec![Shape::Bend(bend)]);
    }
    lines(sign).or_else(|| block(sign).map(|shape| vec![shape]))
}

/// The radius of the middle of a bend's line, in pixels.
pub const BEND_RADIUS: u16 = CELL_WIDTH - MIDDLE_X - LINE / 2;

/// The point around which a bend turns, in pixels from the left upper corner of its cell, and
/// whether the bend lies left of and above it.
pub fn turn(bend: Bend) -> ((u16, u16), (bool, bool)) {
    let (x, y) = (MIDDLE_X + LINE / 2, MIDDLE_Y + LINE / 2);
    match bend {
        Bend::DownRight => ((x + BEND_RADIUS, y + BEND_RADIUS), (true, true)),
        Bend::DownLeft => ((x - BEND_RADIUS, y + BEND_RADIUS), (false, true)),
        Bend::UpLeft => ((x - BEND_RADIUS, y - BEND_RADIUS), (false, false)),
        Bend::UpRight => ((x + BEND_RADIUS, y - BEND_RADIUS), (true, false)),
    }
}

/// What of a bend's two half lines is straight.
pub fn straight(bend: Bend) -> Vec<Shape> {
    let ((_, turn_y), (_, above)) = turn(bend);
    let (top, bottom) = if above { (turn_y, CELL_HEIGHT) } else { (0, turn_y) };
    let left =
        if matches!(bend, Bend::DownLeft | Bend::UpLeft) { Some((0, MIDDLE_X + LINE / 2 - BEND_RADIUS)) } else { None };
    let mut parts = vec![bar(MIDDLE_X, top, LINE, bottom - top)];
    parts.extend(left.filter(|(_, width)| *width > 0).map(|(x, width)| bar(x, MIDDLE_Y, width, LINE)));
    parts
}

/// The width of a bend's line in pixels.
pub const BEND_LINE: u16 = LINE;

const fn bar(x: u16, y: u16, width: u16, height: u16) -> Shape {
    Shape::Bar { x, y, width, height, share: 255 }
}

fn bend(sign: char) -> Option<Bend> {
    match sign {
        '╭' => Some(Bend::DownRight),
        '╮' => Some(Bend::DownLeft),
        '╯' => Some(Bend::UpLeft),
        '╰' => Some(Bend::UpRight),
        _ => None,
    }
}

/// Up, right, down, left.
fn arms(sign: char) -> Option<[Arm; 4]> {
    use Arm::{Heavy as H, Light as L, None as N};
    Some(match sign {
        '─' => [N, L, N, L],
        '━' => [N, H, N, H],
        '│' => [L, N, L, N],
        '┃' => [H, N, H, N],
        '┌' => [N, L, L, N],
        '┐' => [N, N, L, L],
        '└' => [L, L, N, N],
        '┘' => [L, N, N, L],
        '├' => [L, L, L, N],
        '┤' => [L, N, L, L],
        '┬' => [N, L, L, L],
        '┴' => [L, L, N, L],
        '┼' => [L, L, L, L],
        '┏' => [N, H, H, N],
        '┓' => [N, N, H, H],
        '┗' => [H, H, N, N],
        '┛' => [H, N, N, H],
        '╴' => [N, N, N, L],
        '╵' => [L, N, N, N],
        '╶' => [N, L, N, N],
        '╷' => [N, N, L, N],
        _ => return None,
    })
}

fn lines(sign: char) -> Option<Vec<Shape>> {
    let [up, right, down, left] = arms(sign)?;
    let thick = |arm: Arm| match arm {
        Arm::None => 0,
        Arm::Light => LINE,
        Arm::Heavy => HEAVY,
    };
    let across = thick(left).max(thick(right));
    let along = thick(up).max(thick(down));
    let (x, y) = (MIDDLE_X - along.saturating_sub(LINE) / 2, MIDDLE_Y - across.saturating_sub(LINE) / 2);
    let mut parts = Vec::new();
    if across > 0 {
        let start = if left == Arm::None { MIDDLE_X } else { 0 };
        let end = if right == Arm::None { MIDDLE_X + LINE } else { CELL_WIDTH };
        parts.push(bar(start, y, end - start, across));
    }
    if along > 0 {
        let start = if up == Arm::None { MIDDLE_Y } else { 0 };
        let end = if down == Arm::None { MIDDLE_Y + LINE } else { CELL_HEIGHT };
        parts.push(bar(x, start, along, end - start));
    }
    Some(parts)
}

fn block(sign: char) -> Option<Shape> {
    let eighth = |length: u16, count: u32| (u32::from(length) * count + 4) as u16 / 8;
    Some(match sign {
        '▀' => bar(0, 0, CELL_WIDTH, CELL_HEIGHT / 2),
        '▁'..='█' => {
            let height = eighth(CELL_HEIGHT, sign as u32 - '▁' as u32 + 1);
            bar(0, CELL_HEIGHT - height, CELL_WIDTH, height)
        }
        '▉'..='▏' => bar(0, 0, eighth(CELL_WIDTH, 8 - (sign as u32 - '█' as u32)), CELL_HEIGHT),
        '▐' => bar(CELL_WIDTH / 2, 0, CELL_WIDTH - CELL_WIDTH / 2, CELL_HEIGHT),
        '▔' => bar(0, 0, CELL_WIDTH, eighth(CELL_HEIGHT, 1)),
        '▕' => bar(CELL_WIDTH - eighth(CELL_WIDTH, 1), 0, eighth(CELL_WIDTH, 1), CELL_HEIGHT),
        '░' | '▒' | '▓' => {
            let share = (sign as u32 - '░' as u32 + 1) as u8 * 64;
            Shape::Bar { x: 0, y: 0, width: CELL_WIDTH, height: CELL_HEIGHT, share }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_neighbours_meet() {
        assert_eq!(of('─'), Some(vec![bar(0, MIDDLE_Y, CELL_WIDTH, LINE)]));
        assert_eq!(of('│'), Some(vec![bar(MIDDLE_X, 0, LINE, CELL_HEIGHT)]));
        assert_eq!(
            of('├'),
            Some(vec![bar(MIDDLE_X, MIDDLE_Y, CELL_WIDTH - MIDDLE_X, LINE), bar(MIDDLE_X, 0, LINE, CELL_HEIGHT)])
        );
        for bend in [Bend::DownRight, Bend::DownLeft, Bend::UpLeft, Bend::UpRight] {
            let ((x, _), (left, _)) = turn(bend);
            assert!(x <= CELL_WIDTH);
            let edge = if left { CELL_WIDTH - x } else { x };
            let covered = if left { 0 } else { MIDDLE_X + LINE / 2 - BEND_RADIUS };
            assert_eq!(edge, covered, "{bend:?} reaches the edge of its cell");
        }
    }

    #[test]
    fn bars_grow_by_eighths_and_letters_are_text() {
        let height = |sign| match of(sign).as_deref() {
            Some([Shape::Bar { height, .. }]) => *height,
            _ => 0,
        };
        let heights: Vec<u16> = "▁▂▃▄▅▆▇█".chars().map(height).collect();
        assert!(heights.windows(2).all(|pair| pair[0] < pair[1]), "{heights:?}");
        assert_eq!(heights[7], CELL_HEIGHT);
        assert_eq!(of('█'), Some(vec![bar(0, 0, CELL_WIDTH, CELL_HEIGHT)]));
        assert_eq!((of('a'), of('●'), of('→')), (None, None, None));
    }
}
