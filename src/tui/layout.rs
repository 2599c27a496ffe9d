//! Where everything lies on a screen of a given size.

use ratatui::layout::Rect;

/// Fewer columns than this and one line says so.
pub const MIN_WIDTH: u16 = 40;
/// Fewer rows than this and one line says so.
pub const MIN_HEIGHT: u16 = 10;
/// From this many columns all four panes are shown.
pub const FOUR_WIDTH: u16 = 100;
/// From this many rows all four panes are shown.
pub const FOUR_HEIGHT: u16 = 30;
/// From this many columns on the right, failures and reviews lie side by side.
const SIDE_BY_SIDE: u16 = 100;

/// How the workbench is cut up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// Too small for anything but a sentence.
    TooSmall,
    /// All four panes at once, on a terminal that is large enough.
    Four {
        /// One line on top.
        header: Rect,
        /// Left side, full height.
        catalog: Rect,
        /// Right side, at the top.
        output: Rect,
        /// Right side, below the output.
        failures: Rect,
        /// Right side, below the failures or beside them.
        queue: Rect,
        /// One line at the bottom.
        footer: Rect,
    },
    /// One pane with a line of tabs.
    One {
        /// One line on top.
        tabs: Rect,
        /// Area of the pane with the focus.
        pane: Rect,
        /// One line at the bottom.
        footer: Rect,
    },
}

/// Cuts up a screen. A zoomed pane has it for itself whatever the size.
pub fn arrange(screen: Rect, zoomed: bool) -> Arrangement {
    if screen.width < MIN_WIDTH || screen.height < MIN_HEIGHT {
        return Arrangement::TooSmall;
    }
    let header = Rect { height: 1, ..screen };
    let footer = Rect { y: screen.bottom() - 1, height: 1, ..screen };
    let body = Rect { y: screen.y + 1, height: screen.height - 2, ..screen };
    if zoomed || screen.width < FOUR_WIDTH || screen.height < FOUR_HEIGHT {
        return Arrangement::One { tabs: header, pane: body, footer };
    }
    let left = (screen.width / 2).clamp(50, 96);
    let catalog = Rect { width: left, ..body };
    let right = Rect { x: body.x + left, width: body.width - left, ..body };
    let (output, failures, queue) = right_side(right);
    Arrangement::Four { header, catalog, output, failures, queue, footer }
}

fn right_side(right: Rect) -> (Rect, Rect, Rect) {
    if right.width >= SIDE_BY_SIDE {
        let top = right.height * 62 / 100;
        let below = Rect { y: right.y + top, height: right.height - top, ..right };
        let half = below.width / 2;
        let failures = Rect { width: half, ..below };
        let queue = Rect { x: below.x + half, width: below.width - half, ..below };
        return (Rect { height: top, ..right }, failures, queue);
    }
    let list = (right.height / 4).clamp(6, 14);
    let top = right.height - 2 * list;
    let output = Rect { height: top, ..right };
    let failures = Rect { y: right.y + top, height: list, ..right };
    let queue = Rect { y: right.y + top + list, height: list, ..right };
    (output, failures, queue)
}

/// A box of at most `width` by `height` in the middle of the screen, a little above its centre.
pub fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(screen.width.saturating_sub(2)).max(1);
    let height = height.min(screen.height.saturating_sub(2)).max(1);
    let x = screen.x + (screen.width.saturating_sub(width)) / 2;
    let y = screen.y + (screen.height.saturating_sub(height)) * 2 / 5;
    Rect { x, y, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_the_screen_without_overlap_at_every_size() {
        for width in 40..260 {
            for height in 10..90 {
                let screen = Rect::new(0, 0, width, height);
                let parts = match arrange(screen, false) {
                    Arrangement::TooSmall => panic!("{width}x{height} is large enough"),
                    Arrangement::One { tabs, pane, footer } => vec![tabs, pane, footer],
                    Arrangement::Four { header, catalog, output, failures, queue, footer } => {
                        vec![header, catalog, output, failures, queue, footer]
                    }
                };
                let covered: u32 = parts.iter().map(|part| part.area()).sum();
                assert_eq!(covered, screen.area(), "{width}x{height}");
                assert!(parts.iter().all(|part| part.intersection(screen) == *part));
            }
        }
    }

    #[test]
    fn four_panes_begin_at_one_hundred_by_thirty() {
        assert!(matches!(arrange(Rect::new(0, 0, 100, 30), false), Arrangement::Four { .. }));
        assert!(matches!(arrange(Rect::new(0, 0, 99, 30), false), Arrangement::One { .. }));
        assert!(matches!(arrange(Rect::new(0, 0, 100, 29), false), Arrangement::One { .. }));
        assert_eq!(arrange(Rect::new(0, 0, 39, 9), false), Arrangement::TooSmall);
    }
}
