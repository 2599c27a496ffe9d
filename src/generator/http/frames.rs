//! Splits a stream of bytes into frames: server-sent events, or lines.

/// The maximum size of a frame, in bytes; no server sends a whole answer in one frame.
const MAX_FRAME: usize = 5 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) data: String,
}

/// Assembles frames from bytes that are split anywhere.
#[derive(Debug)]
pub(super) struct Frames {
    is_lines: bool,
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, which a line feed may follow.
    was_return: bool,
    /// The data of an incomplete event.
    event: Option<String>,
}

impl Frames {
    pub(super) fn new(is_lines: bool) -> Frames {
        Frames { is_lines, line: Vec::new(), was_return: false, event: None }
    }

    /// Takes bytes, and returns the frames that are now complete.
    ///
    /// # Errors
    /// If a frame is too long.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, ()> {
        let mut frames = Vec::new();
        for &byte in bytes {
            let was_return = std::mem::replace(&mut self.was_return, byte == b'\r');
            match byte {
                b'\n' if was_return => {}
                b'\n' | b'\r' => frames.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.event.as_ref().map_or(0, String::len) > MAX_FRAME {
                return Err(());
            }
        }
        Ok(frames)
    }

    /// Ends the stream; an unfinished frame counts as complete.
    pub(super) fn finish(&mut self) -> Vec<Frame> {
        let last = if self.line.is_empty() { None } else { self.end_line() };
        last.into_iter().chain(self.event.take().map(|data| Frame { data })).collect()
    }

    fn end_line(&mut self) -> Option<Frame> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        if self.is_lines {
            return (!line.trim().is_empty()).then(|| Frame { data: line.into_owned() });
        }
        if line.is_empty() {
            return self.event.take().map(|data| Frame { data });
        }
        let rest = line.trim_start_matches('\u{feff}').strip_prefix("data:")?;
        let data = rest.strip_prefix(' ').unwrap_or(rest);
        match &mut self.event {
            Some(event) => {
                event.push('\n');
                event.push_str(data);
            }
            None => self.event = Some(data.to_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(is_lines: bool, bytes: &[u8], at: usize) -> Vec<String> {
        let mut frames = Frames::new(is_lines);
        let mut found = frames.push(&bytes[..at]).unwrap();
        found.extend(frames.push(&bytes[at..]).unwrap());
        found.extend(frames.finish());
        found.into_iter().map(|frame| frame.data).collect()
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let stream =
            "\u{feff}data: é1\r\n\r\n: ping\n\nevent: x\ndata:2\ndata: 2b\nid: 7\n\nretry: 3\r\rdata:  3\r\r\ndata: 4";
        for at in 0..=stream.len() {
            assert_eq!(all(false, stream.as_bytes(), at), ["é1", "2\n2b", " 3", "4"], "cut at {at}");
        }
    }

    #[test]
    fn lines_are_frames_and_blank_ones_are_none() {
        let stream = "{\"a\":1}\n\n{\"b\":\"é\"}\r\n  \nend".as_bytes();
        for at in 0..=stream.len() {
            assert_eq!(all(true, stream, at), ["{\"a\":1}", "{\"b\":\"é\"}", "end"], "cut at {at}");
        }
    }

    #[test]
    fn a_frame_without_end_is_given_up() {
        let mut frames = Frames::new(false);
        let piece = vec![b'x'; 64 * 1024];
        let taken = (0..1000).take_while(|_| frames.push(&piece).is_ok()).count();
        assert_eq!(taken, MAX_FRAME / piece.len());
        let mut frames = Frames::new(false);
        let taken =
            (0..1000).take_while(|_| frames.push(&[b"data:".as_slice(), &piece, b"\n"].concat()).is_ok()).count();
        assert!(taken < 100, "{taken}");
    }
}
