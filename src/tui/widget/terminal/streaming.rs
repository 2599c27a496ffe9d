//! A transcript for streamed output: lines are removed at the front once they cannot change any more.

use super::{OutLine, Transcript};

impl Transcript {
    /// Removes the first line.
    pub(in crate::tui::widget) fn pop(&mut self) -> Option<OutLine> {
        let line = self.lines.pop_front()?;
        self.bytes -= line.text.len();
        self.first += 1;
        self.leave_dropped();
        Some(line)
    }

    /// A stream whose line was dropped begins a new one.
    pub(super) fn leave_dropped(&mut self) {
        for pen in &mut self.pens {
            if pen.line.is_some_and(|line| line < self.first) {
                (pen.line, pen.cells, pen.column, pen.width) = (None, None, 0, 0);
                pen.pending.clear();
            }
        }
    }

    /// The lines that the streams are writing, with their length in bytes so far.
    pub(in crate::tui::widget) fn open_lines(&mut self) -> Vec<(usize, usize)> {
        for pen in 0..self.pens.len() {
            self.flush(pen);
        }
        let open = self.pens.iter().filter_map(|pen| pen.line);
        open.filter_map(|number| Some((number, self.line(number)?.text.len()))).collect()
    }
}
