use super::*;
use crossterm::event::KeyModifiers;

fn press(report: &mut Report, code: KeyCode) -> Reply {
    report.key(&KeyEvent::new(code, KeyModifiers::NONE), &Keymap::default())
}

#[test]
fn arrows_go_from_tool_to_tool_and_enter_goes_to_the_selected_one() {
    let mut told = Description::new();
    for name in ["one", "two"] {
        told.line(StyledLine::of(name).leading_to(&format!("tools/core/{name}/tool.toml")));
        told.detail(Ink::Plain, "what it does");
        told.detail(Ink::Dim, "why it was found");
    }
    told.summary("2 tools");
    let mut report = Report::awaited(Verb::Search);
    report.set(Ok(told), Instant(0));
    let go = |name: &str| Reply::GoToTool(format!("tools/core/{name}/tool.toml"));
    assert_eq!(press(&mut report, KeyCode::Enter), go("one"));
    press(&mut report, KeyCode::Down);
    assert_eq!(press(&mut report, KeyCode::Enter), go("two"));
    press(&mut report, KeyCode::Up);
    assert_eq!(press(&mut report, KeyCode::Enter), go("one"));
    // Enter closes a report without links.
    let mut told = Description::new();
    told.summary("no tool matches");
    report.set(Ok(told), Instant(0));
    assert_eq!(press(&mut report, KeyCode::Enter), Reply::Close);
}
