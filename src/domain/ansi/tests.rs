use super::*;
use proptest::prelude::*;

/// The pieces of bytes that arrive in these parts, as text; adjacent text is one piece.
fn pieces(parts: &[&[u8]]) -> Vec<String> {
    let mut found: Vec<(u64, String, bool)> = Vec::new();
    let mut take = |at: u64, piece: AnsiPiece<'_>| {
        let is_text = matches!(piece, AnsiPiece::Text(_));
        let told = match piece {
            AnsiPiece::Text(text) => text.to_owned(),
            AnsiPiece::Control(byte) => format!("control {byte:02x}"),
            AnsiPiece::Invalid(bytes) => format!("invalid {bytes:02x?}"),
            AnsiPiece::Csi { params, action, bytes } => {
                let groups: Vec<String> = params.iter().map(|group| format!("{group:?}")).collect();
                format!("csi {} {action} of {}", groups.join(""), String::from_utf8_lossy(bytes))
            }
            AnsiPiece::Sequence(bytes) => format!("sequence {}", String::from_utf8_lossy(bytes)),
            AnsiPiece::Broken(bytes) => format!("broken {}", bytes.escape_ascii()),
        };
        match found.last_mut() {
            Some((_, before, true)) if is_text => before.push_str(&told),
            _ => found.push((at, told, is_text)),
        }
    };
    let mut scanner = AnsiScanner::default();
    for part in parts {
        scanner.push(part, &mut take);
    }
    scanner.end(&mut take);
    found.into_iter().map(|(at, told, _)| format!("{at}: {told}")).collect()
}

/// All bytes of the pieces, in order.
fn bytes_of(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut scanner = AnsiScanner::default();
    let mut take = |at: u64, piece: AnsiPiece<'_>| {
        assert_eq!(at, all.len() as u64, "a piece begins where the one before it ends");
        match piece {
            AnsiPiece::Text(text) => all.extend_from_slice(text.as_bytes()),
            AnsiPiece::Control(byte) => all.push(byte),
            other => all.extend_from_slice(other.bytes()),
        }
    };
    scanner.push(bytes, &mut take);
    scanner.end(&mut take);
    all
}

#[test]
fn each_kind_of_sequence_ends_where_a_terminal_ends_it() {
    for sequence in [
        "\x1b[?25l",
        "\x1b[2 q",
        "\x1b[>c",
        "\x1bc",
        "\x1b(0",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bPq#0\x07\x1b\\",
        "\x1bXa\x1b\\",
        "\x1b_G\x1b\\",
        "\x1b^x\x1b\\",
    ] {
        let length = sequence.len();
        let then = format!("{sequence}text");
        assert_eq!(pieces(&[then.as_bytes()]), [format!("0: sequence {sequence}"), format!("{length}: text")]);
    }
    assert_eq!(pieces(&[b"\x1b[1;38:5:7mx"]), ["0: csi [1][38, 5, 7] m of \x1b[1;38:5:7m", "11: x"]);
    assert_eq!(pieces(&[b"\x1b[K"]), ["0: csi [0] K of \x1b[K"]);
}

#[test]
fn more_numbers_than_anybody_writes_are_no_colours() {
    let many = format!("\x1b[{}m", "1;".repeat(60));
    assert_eq!(pieces(&[many.as_bytes()]), [format!("0: sequence {many}")]);
    let huge = "\x1b[99999999999999999999m";
    assert_eq!(pieces(&[huge.as_bytes()]), [format!("0: csi [65535] m of {huge}")]);
}

#[test]
fn what_is_cut_off_is_no_sequence_and_swallows_nothing() {
    let cases: &[(&[u8], &[&str])] = &[
        (b"\x1b\x1b[mx", &["0: broken \\x1b", "1: csi [0] m of \x1b[m", "4: x"]),
        (b"\x1b[3\n1m", &["0: broken \\x1b[3", "3: control 0a", "4: 1m"]),
        (b"\x1b[3\x071m", &["0: broken \\x1b[3", "3: control 07", "4: 1m"]),
        (b"\x1b]0;a\nb", &["0: broken \\x1b]0;a", "5: control 0a", "6: b"]),
        (b"\x1bPa\x18b", &["0: broken \\x1bPa", "3: control 18", "4: b"]),
        (b"\x1b]0;a\x1b[mb", &["0: broken \\x1b]0;a", "5: csi [0] m of \x1b[m", "8: b"]),
        (b"\x1b[\xc3\xa9", &["0: broken \\x1b[", "2: é"]),
        (b"\x1b]0;a\x1b", &["0: broken \\x1b]0;a\\x1b"]),
        (b"\x1b\xff", &["0: broken \\x1b", "1: invalid [ff]"]),
    ];
    for (bytes, expected) in cases {
        assert_eq!(pieces(&[bytes]), *expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_sequence_without_an_end_is_held_up_to_a_bound() {
    for (begin, bound) in [("\x1b]", 64 * 1024), ("\x1b[", 256), ("\x1b ", 256)] {
        let filler = if begin == "\x1b " { ' ' } else { '1' };
        let long = format!("{begin}{}", filler.to_string().repeat(70_000));
        let found = pieces(&[long.as_bytes()]);
        assert_eq!(found.len(), 2, "{begin:?}");
        assert!(found[1].starts_with(&format!("{bound}: ")), "{begin:?}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_told_each_on_its_own() {
    assert_eq!(pieces(&[b"a\x9bmb"]), ["0: a", "1: invalid [9b]", "2: mb"], "a control character of eight bits");
    assert_eq!(pieces(&[b"a\xc2\x9bmb"]), ["0: a\u{9b}mb"], "the same character in UTF-8 is text to be escaped");
    assert_eq!(pieces(&[b"\xf0\x9f\x98"]), ["0: invalid [f0, 9f, 98]"]);
    assert_eq!(pieces(&[b"\xf0\x9f", b"\x98\x80!"]), ["0: \u{1f600}!"]);
    assert_eq!(pieces(&[b"\xf0\x9f", b"\x1b[m"]), ["0: invalid [f0, 9f]", "2: csi [0] m of \x1b[m"]);
    assert_eq!(
        pieces(&[b"\xe6\x97x\xed\xa0\x80"]),
        ["0: invalid [e6, 97]", "2: x", "3: invalid [ed]", "4: invalid [a0]", "5: invalid [80]"]
    );
}

#[test]
fn a_character_at_the_end_of_bytes_is_torn_or_is_not() {
    for (bytes, torn) in
        [("é", 0), ("aé", 0), ("", 0)].map(|(text, torn)| (text.as_bytes().to_vec(), torn)).into_iter().chain([
            (b"a\xc3".to_vec(), 1),
            (b"\xe6\x97".to_vec(), 2),
            (b"\xf0\x9f\x98".to_vec(), 3),
            (b"\x80\x80\x80".to_vec(), 0),
            (b"\xe6\x97\xff".to_vec(), 0),
            (b"\xc0".to_vec(), 0),
        ])
    {
        assert_eq!(torn_tail(&bytes), torn, "{bytes:?}");
    }
}

/// Bytes as hostile programs write them: mostly parts of sequences.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(vec![
            "\x1b", "\x1b[", "\x1b]0;", "\x1bP", "\x1b\\", "\x07", "\x18", "\n", "\r", "1;2", "m", "K", "é", "日",
            "\u{9b}", "\u{301}", "\x1b[31m",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_byte_is_lost_and_each_stands_where_it_came(bytes in hostile()) {
        prop_assert_eq!(bytes_of(&bytes), bytes);
    }

    #[test]
    fn the_pieces_do_not_depend_on_how_the_bytes_come(bytes in hostile(), cuts in prop::collection::vec(0_usize..120, 0..6)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let parts: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert_eq!(pieces(&parts), pieces(&[&bytes]));
    }

    #[test]
    fn no_text_holds_a_control_character_of_seven_bits(bytes in hostile()) {
        let mut scanner = AnsiScanner::default();
        let mut take = |_: u64, piece: AnsiPiece<'_>| {
            if let AnsiPiece::Text(text) = piece {
                assert!(text.bytes().all(|byte| byte >= 0x20), "{text:?}");
            }
        };
        scanner.push(&bytes, &mut take);
        scanner.end(&mut take);
    }
}
