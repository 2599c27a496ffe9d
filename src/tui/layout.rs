//! The layout of a screen of a given size.

use super::pane::{Hidden, Pane};
use ratatui::layout::Rect;

/// The minimum width. A narrower screen shows only one line with a message.
pub const MIN_WIDTH: u16 = 40;
/// The minimum height. A lower screen shows only one line with a message.
pub const MIN_HEIGHT: u16 = 10;
/// The minimum number of columns for showing all panes.
pub const ALL_WIDTH: u16 = 100;
/// The minimum number of rows for showing all panes.
pub const ALL_HEIGHT: u16 = 30;
/// The minimum width of the right side for failures and reviews next to each other.
const SIDE_BY_SIDE: u16 = 100;
/// The maximum width of the catalog next to other panes.
const MOST_CATALOG: u16 = 96;
/// Rows of the services pane without instances: its border, the column headings, and the lines about the selected
/// instance.
const SERVICES_FRAME: u16 = 5;

/// The layout of the workbench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// Too small for more than a sentence.
    TooSmall,
    /// All panes at once, on a terminal that is large enough.
    All {
        /// One line on top.
        header: Rect,
        /// Left side; it has the full height if there are no services.
        catalog: Rect,
        /// Left side, below the catalog, when there are services.
        services: Option<Rect>,
        /// Right side, at the top.
        output: Rect,
        /// Right side, below the output.
        failures: Rect,
        /// Right side, below the failures or beside them.
        queue: Rect,
        /// One line at the bottom.
        footer: Rect,
    },
    /// One pane, below a line of tabs.
    One {
        /// One line on top.
        tabs: Rect,
        /// Area of the pane with the focus.
        pane: Rect,
        /// One line at the bottom.
        footer: Rect,
    },
}

/// The space that the panes need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Whether one pane fills the screen, whatever its size.
    pub zoomed: bool,
    /// How many instances there are.
    pub services: usize,
    /// How many more cells the catalog needs than half of the screen to show all names, while the output is empty.
    pub more_catalog: u16,
    /// How many columns the user moved the divider to the right.
    pub shift: i16,
    /// Hidden panes; their area is empty.
    pub hidden: Hidden,
    /// Lines of a message between the panes and the footer.
    pub said: u16,
}

/// The minimum width of each side when the divider is moved.
const LEAST_SIDE: u16 = 30;
/// Columns by which one key moves the divider.
pub const STEP: i16 = 4;

/// The possible movement of the divider: the requested movement, limited by the minimum width of each side.
pub fn clamp_shift(width: u16, needs: Needs) -> i16 {
    let left = left_width(width, Needs { shift: 0, ..needs });
    let most = i32::from(width.saturating_sub(LEAST_SIDE)) - i32::from(left);
    let least = i32::from(LEAST_SIDE) - i32::from(left);
    i32::from(needs.shift).clamp(least.min(0), most.max(0)).try_into().unwrap_or(0)
}

/// Columns of the left side.
fn left_width(width: u16, needs: Needs) -> u16 {
    let half = half(width);
    let left = half.max(half.saturating_add(needs.more_catalog).min(width * 3 / 5).min(MOST_CATALOG));
    left.saturating_add_signed(needs.shift).clamp(LEAST_SIDE.min(width), width.saturating_sub(LEAST_SIDE).max(1))
}

/// Divides a screen.
pub fn arrange(screen: Rect, needs: Needs) -> Arrangement {
    let Needs { zoomed, hidden, .. } = needs;
    let services = if hidden.has(Pane::Services) { 0 } else { needs.services };
    if screen.width < MIN_WIDTH || screen.height < MIN_HEIGHT {
        return Arrangement::TooSmall;
    }
    let header = Rect { height: 1, ..screen };
    let footer = Rect { y: screen.bottom() - 1, height: 1, ..screen };
    let body = Rect { y: screen.y + 1, height: screen.height - 2, ..screen };
    if zoomed || screen.width < ALL_WIDTH || screen.height < ALL_HEIGHT {
        return Arrangement::One { tabs: header, pane: shortened(body, body, needs.said), footer };
    }
    let is_alone = [Pane::Output, Pane::Failures, Pane::Queue].into_iter().all(|pane| hidden.has(pane));
    let left = if is_alone { screen.width } else { left_width(screen.width, needs) };
    let (catalog, services) = left_side(Rect { width: left, ..body }, services);
    let right = Rect { x: body.x + left, width: body.width - left, ..body };
    let (output, failures, queue) = right_side(right, hidden);
    let [catalog, output, failures, queue] =
        [catalog, output, failures, queue].map(|area| shortened(area, body, needs.said));
    let services = services.map(|area| shortened(area, body, needs.said));
    Arrangement::All { header, catalog, services, output, failures, queue, footer }
}

/// A pane that ends at the bottom gives its last rows to a message; all others keep their place.
fn shortened(area: Rect, body: Rect, said: u16) -> Rect {
    let said = if area.bottom() == body.bottom() { said } else { 0 };
    Rect { height: area.height.saturating_sub(said), ..area }
}

/// Columns of the catalog next to the other panes.
pub fn half(width: u16) -> u16 {
    (width / 2).clamp(50, MOST_CATALOG)
}

/// The catalog, and below it the space for the instances, at most a third.
fn left_side(left: Rect, services: usize) -> (Rect, Option<Rect>) {
    if services == 0 {
        return (left, None);
    }
    let wanted = u16::try_from(services).unwrap_or(u16::MAX).saturating_add(SERVICES_FRAME);
    let height = wanted.clamp(7, (left.height / 3).max(7));
    let catalog = Rect { height: left.height - height, ..left };
    (catalog, Some(Rect { y: catalog.bottom(), height, ..left }))
}

/// The output, and below it the failures and the reviews; the other panes use the space of hidden panes.
fn right_side(right: Rect, hidden: Hidden) -> (Rect, Rect, Rect) {
    let is_here = |pane| u16::from(!hidden.has(pane));
    let (failures, queue) = (is_here(Pane::Failures), is_here(Pane::Queue));
    let lists = failures + queue;
    let is_wide = right.width >= SIDE_BY_SIDE;
    let top = match (hidden.has(Pane::Output), lists) {
        (true, _) => 0,
        (false, 0) => right.height,
        (false, _) if is_wide => right.height * 62 / 100,
        (false, _) => right.height - lists * (right.height / 4).clamp(6, 14),
    };
    let output = Rect { height: top, ..right };
    let below = Rect { y: right.y + top, height: right.height - top, ..right };
    if lists < 2 {
        let [failures, queue] =
            [failures, queue].map(|count| Rect { width: below.width * count, height: below.height * count, ..below });
        return (output, failures, queue);
    }
    if is_wide {
        let half = below.width / 2;
        let queue = Rect { x: below.x + half, width: below.width - half, ..below };
        return (output, Rect { width: half, ..below }, queue);
    }
    let half = below.height / 2;
    let queue = Rect { y: below.y + half, height: below.height - half, ..below };
    (output, Rect { height: half, ..below }, queue)
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
        let sizes = (40..260).flat_map(|width| (10..90).map(move |height| (width, height)));
        for (width, height) in sizes {
            let hidden = [vec![], vec![2], vec![3], vec![2, 4], vec![3, 4], vec![2, 3, 4]];
            for (at, (services, more_catalog)) in [(0, 0), (1, 9), (9, 300), (70_000, 0)].into_iter().enumerate() {
                let screen = Rect::new(0, 0, width, height);
                let hidden = Hidden::of(&hidden[(usize::from(width + height) + at) % hidden.len()]);
                let parts = match arrange(screen, Needs { services, more_catalog, hidden, ..Needs::default() }) {
                    Arrangement::TooSmall => panic!("{width}x{height} is large enough"),
                    Arrangement::One { tabs, pane, footer } => vec![tabs, pane, footer],
                    Arrangement::All { header, catalog, services: panes, output, failures, queue, footer } => {
                        assert_eq!(panes.is_some(), services > 0);
                        assert!(catalog.height >= 16, "{width}x{height}");
                        for (pane, area) in [(Pane::Output, output), (Pane::Failures, failures), (Pane::Queue, queue)] {
                            assert_eq!(area.is_empty(), hidden.has(pane), "{width}x{height} {pane:?}");
                        }
                        let parts = [header, catalog, output, failures, queue, footer];
                        parts.into_iter().chain(panes).collect()
                    }
                };
                let covered: u32 = parts.iter().map(|part| part.area()).sum();
                assert_eq!(covered, screen.area(), "{width}x{height}");
                assert!(parts.iter().all(|part| part.intersection(screen) == *part));
            }
        }
    }

    #[test]
    fn a_moved_divider_leaves_room_on_both_sides_at_every_width() {
        for width in 100..260 {
            for shift in [-500, -40, -4, 0, 4, 40, 500] {
                let needs = Needs { shift, ..Needs::default() };
                let Arrangement::All { catalog, output, .. } = arrange(Rect::new(0, 0, width, 40), needs) else {
                    panic!("{width} is wide enough")
                };
                assert_eq!(catalog.width + output.width, width);
                assert!(catalog.width >= LEAST_SIDE && output.width >= LEAST_SIDE, "{width} {shift}");
                let clamped = clamp_shift(width, needs);
                assert!(clamped.abs() <= shift.abs());
                let needs = Needs { shift: clamped, ..needs };
                assert!(matches!(arrange(Rect::new(0, 0, width, 40), needs),
                    Arrangement::All { catalog: same, .. } if same == catalog));
            }
        }
    }

    #[test]
    fn a_message_has_rows_of_its_own_and_only_the_lowest_panes_are_shorter() {
        for (width, height) in (40..260).flat_map(|width| [10, 24, 30, 47].map(|height| (width, height))) {
            for (said, services) in [(1, 0), (3, 2)] {
                let screen = Rect::new(0, 0, width, height);
                let needs = Needs { services, ..Needs::default() };
                let panes = |said| match arrange(screen, Needs { said, ..needs }) {
                    Arrangement::TooSmall => panic!("{width}x{height} is large enough"),
                    Arrangement::One { pane, .. } => vec![pane],
                    Arrangement::All { catalog, services, output, failures, queue, .. } => {
                        [catalog, output, failures, queue].into_iter().chain(services).collect()
                    }
                };
                for (silent, pane) in panes(0).into_iter().zip(panes(said)) {
                    assert!(pane.bottom() <= screen.bottom() - 1 - said, "{width}x{height}");
                    assert!(pane.height >= 3, "{width}x{height}");
                    if silent.bottom() < screen.bottom() - 1 {
                        assert_eq!(silent, pane, "{width}x{height}");
                    }
                }
            }
        }
    }

    #[test]
    fn all_panes_begin_at_one_hundred_by_thirty() {
        assert!(matches!(arrange(Rect::new(0, 0, 100, 30), Needs::default()), Arrangement::All { .. }));
        assert!(matches!(arrange(Rect::new(0, 0, 99, 30), Needs::default()), Arrangement::One { .. }));
        assert!(matches!(arrange(Rect::new(0, 0, 100, 29), Needs::default()), Arrangement::One { .. }));
        assert_eq!(arrange(Rect::new(0, 0, 39, 9), Needs::default()), Arrangement::TooSmall);
    }
}
