//! Unexpected keys: bursts, random messages, typing.

use super::*;

fn any_msg() -> impl Strategy<Value = Msg> {
    let key = prop_oneof![
        4 => any::<char>().prop_map(KeyCode::Char),
        8 => proptest::sample::select("abcdefghijklmnopqrstuvwxyz0123456789?:/[]!GXRLMN ".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        6 => proptest::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up, KeyCode::Down, KeyCode::Left,
            KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Backspace,
            KeyCode::Delete, KeyCode::F(5),
        ]),
    ];
    let modifiers = prop_oneof![
        9 => Just(KeyModifiers::NONE),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::ALT),
    ];
    prop_oneof![
        30 => (key, modifiers).prop_map(|(code, modifiers)| Msg::Key(KeyEvent::new(code, modifiers))),
        1 => ".{0,20}".prop_map(Msg::Paste),
        1 => any::<bool>().prop_map(|_| Msg::FocusGained),
        1 => (0u16..130, 0u16..50).prop_map(|(width, height)| Msg::Resize { width, height }),
        1 => (0u16..120, 0u16..40).prop_map(|(column, row)| {
            let kind = MouseEventKind::Down(MouseButton::Left);
            Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Any keys at any pace cause no panic, and no approval unless its four digits were typed.
    #[test]
    fn random_keys_never_panic_and_never_approve(
        steps in prop::collection::vec((any_msg(), prop::sample::select(vec![0u64, 5, 100, 600]), any::<bool>()), 1..120),
        on_review in any::<bool>(),
    ) {
        let mut bench = if on_review { Bench::reviewing(80, 24) } else { Bench::ready(100, 30) };
        if on_review {
            bench.read_everything();
        }
        let digest = bench.app.queue.selected().map(|review| review.digest.hex()).unwrap_or_default();
        let mut typed = String::new();
        for (msg, pause, draw) in steps {
            if let Msg::Key(KeyEvent { code: KeyCode::Char(c), .. }) = &msg {
                typed.push(c.to_ascii_lowercase());
            }
            bench.wait(pause);
            bench.send(msg);
            if draw {
                bench.draw();
            }
            let approved = bench.taken().iter().any(|effect| {
                matches!(effect, Effect::Execute(Command::Decide(request)) if request.approves())
            });
            let digits = digest.chars().take(4).all(|c| typed.contains(c));
            prop_assert!(!approved || digits, "approved after {typed:?}");
        }
    }

    /// A burst of two hundred typed characters without pause answers no question, whatever they are.
    #[test]
    fn a_burst_of_keys_decides_nothing(text in "[a-z0-9y\\n ]{200}", verb in prop::sample::select(vec!["a", "x", "c"])) {
        let mut bench = Bench::reviewing(80, 24);
        bench.read_everything().press(verb);
        for c in text.chars() {
            let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
            bench.wait(30);
            bench.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            bench.draw();
        }
        prop_assert!(!bench.taken().iter().any(|effect| matches!(effect, Effect::Execute(_))));
    }
}
