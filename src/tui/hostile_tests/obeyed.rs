//! The effects of a screen on a terminal, in addition to printing.

use super::*;

/// The effects on a terminal in addition to printing.
#[derive(Default)]
pub(super) struct Obeyed {
    pub(super) foreign: Vec<String>,
    pub(super) hidden: Vec<char>,
    pub(super) printed: usize,
}

impl vte::Perform for Obeyed {
    fn print(&mut self, c: char) {
        self.printed += 1;
        if is_hidden(c) {
            self.hidden.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        self.foreign.push(format!("control {byte:#x}"));
    }

    fn csi_dispatch(&mut self, params: &vte::Params, intermediates: &[u8], _ignore: bool, action: char) {
        let first = params.iter().next().and_then(|group| group.first()).copied();
        // Colours, cursor movement of the backend, showing and hiding the cursor, erasing for a first frame.
        let ours = match (intermediates, action) {
            ([], 'm' | 'H') => true,
            ([], 'J') => first == Some(2),
            ([b'?'], 'h' | 'l') => first == Some(25),
            _ => false,
        };
        if !ours {
            self.foreign.push(format!("CSI {intermediates:?} {params:?} {action}"));
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignore: bool, byte: u8) {
        self.foreign.push(format!("ESC {intermediates:?} {byte:#x}"));
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _bell_terminated: bool) {
        self.foreign.push(format!("OSC {params:?}"));
    }

    fn hook(&mut self, _params: &vte::Params, _intermediates: &[u8], _ignore: bool, action: char) {
        self.foreign.push(format!("DCS {action}"));
    }
}

/// The output of the backend for the current state, and the effects of this output on a terminal.
pub(super) fn obeyed(bench: &mut Bench, (width, height): (u16, u16)) -> Obeyed {
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let mut bytes = Vec::new();
    let backend = CrosstermBackend::new(&mut bytes);
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
    terminal.draw(|frame| view::draw(&mut bench.app, frame)).unwrap();
    drop(terminal);
    let mut obeyed = Obeyed::default();
    vte::Parser::new().advance(&mut obeyed, &bytes);
    // vte hides sequences that it does not know, so the text is also checked as a whole.
    let text = String::from_utf8(bytes).unwrap();
    obeyed.hidden.extend(text.chars().filter(|c| is_hidden(*c) && *c != '\u{1b}'));
    obeyed
}
