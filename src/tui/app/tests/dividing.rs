//! Moving the divider between the panes, and lists that are longer than their pane.

use super::*;

#[test]
fn the_divider_moves_by_key_is_remembered_and_leaves_both_sides_their_room() {
    let mut bench = Bench::ready(120, 40);
    let width = |bench: &mut Bench| bench.screen().lines().nth(1).unwrap().chars().position(|c| c == '╮').unwrap();
    let before = width(&mut bench);
    bench.press("> >");
    assert!(matches!(bench.taken().as_slice(), [.., Effect::KeepLayout(8)]));
    assert_eq!(width(&mut bench), before + 8);
    for _ in 0..60 {
        bench.press("<");
    }
    assert_eq!(width(&mut bench), 29, "thirty columns stay");
    bench.press(">");
    assert_eq!(width(&mut bench), 33, "and the first key back moves it");
    let mut bench = Bench::ready(120, 40);
    bench.send(Msg::Layout(8));
    assert_eq!(width(&mut bench), before + 8);
    let mut narrow = Bench::ready(80, 24);
    narrow.press(">");
    assert!(narrow.screen().contains("enlarge the window"));
}

#[test]
fn a_terminal_that_is_too_small_is_looked_at_again_without_a_key() {
    let mut bench = Bench::empty(120, 40);
    assert_eq!(bench.app.next_wake(), None, "nothing goes on");
    bench.send(Msg::Resize { width: 7, height: 3 });
    assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + 500));
    bench.send(Msg::Resize { width: 120, height: 40 });
    assert_eq!(bench.app.next_wake(), None);
}

#[test]
fn a_list_that_is_longer_than_its_pane_has_a_scrollbar_and_a_shorter_one_has_none() {
    let many: Vec<_> = (0..60).map(|at| Arc::new(tool(&format!("tool-{at:02}"), Stage::Experimental))).collect();
    let mut bench = Bench::ready(80, 24);
    assert!(!bench.screen().contains('┃'));
    let view = CatalogView { tools: many, generation: 9, ..(*catalog(CatalogState::Ready)).clone() };
    bench.send(Msg::Catalog(Arc::new(view)));
    let rows = |bench: &mut Bench| -> Vec<usize> {
        let screen = bench.screen();
        screen.lines().enumerate().filter(|(_, line)| line.contains('┃')).map(|(at, _)| at).collect()
    };
    let top = rows(&mut bench);
    bench.press("G");
    let bottom = rows(&mut bench);
    assert!(!top.is_empty() && top.len() == bottom.len() && top[0] < bottom[0], "{top:?} {bottom:?}");
}

#[test]
fn the_catalog_is_sorted_by_what_its_columns_say() {
    let mut bench = Bench::ready(100, 30);
    let first = |bench: &mut Bench| match bench.press("g").app.catalog.selected() {
        crate::tui::pane::catalog::Selected::Tool(tool) => tool.name.to_string(),
        _ => String::new(),
    };
    assert_eq!(first(&mut bench), "csv-stats");
    bench.press("o");
    assert!(bench.screen().contains("by stage"), "{}", bench.screen());
    assert_eq!(first(&mut bench), "json-query", "core first");
    bench.press("o o");
    assert_eq!(first(&mut bench), "web-fetch", "what costs most first");
}

#[test]
fn the_divider_is_dragged_with_the_mouse() {
    let mut bench = Bench::ready(120, 40);
    let width =
        |bench: &mut Bench| bench.screen().lines().nth(1).unwrap().chars().position(|c| c == '╮').unwrap() as u16;
    let at = width(&mut bench);
    let mut mouse = |kind, column| {
        bench.send(Msg::Mouse(MouseEvent { kind, column, row: 10, modifiers: KeyModifiers::NONE }));
    };
    mouse(MouseEventKind::Down(MouseButton::Left), at);
    mouse(MouseEventKind::Drag(MouseButton::Left), at + 11);
    mouse(MouseEventKind::Up(MouseButton::Left), at + 11);
    assert_eq!(width(&mut bench), at + 10, "the border is where the mouse let it go");
    assert!(bench.taken().iter().any(|effect| matches!(effect, Effect::KeepLayout(10))));
    bench.send(Msg::Mouse(MouseEvent {
        kind: MouseEventKind::Drag(MouseButton::Left),
        column: 90,
        row: 10,
        modifiers: KeyModifiers::NONE,
    }));
    assert_eq!(width(&mut bench), at + 10, "nothing is dragged any more");
}
