//! Lines out of bytes that arrive in pieces, none of them longer than a bound.

/// Bytes that came and are not taken yet.
#[derive(Debug)]
pub(in crate::runner) struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the next line begins.
    at: usize,
    /// This many bytes were searched for the end of the line.
    searched: usize,
    most: usize,
}

/// A line has more bytes than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) struct TooLong;

impl LineBuffer {
    /// A buffer for lines of at most this many bytes.
    pub(in crate::runner) fn new(most: usize) -> LineBuffer {
        LineBuffer { bytes: Vec::new(), at: 0, searched: 0, most }
    }

    /// Changes how long a line may be.
    pub(in crate::runner) fn allow(&mut self, most: usize) {
        self.most = most;
    }

    /// Takes what came.
    pub(in crate::runner) fn push(&mut self, piece: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.searched -= self.at;
            self.at = 0;
        }
        self.bytes.extend_from_slice(piece);
    }

    /// The next whole line, without its end.
    ///
    /// # Errors
    /// [`TooLong`] for a line above the bound, whether it ended or not.
    pub(in crate::runner) fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let found = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(end) = found.map(|offset| self.searched + offset) else {
            self.searched = self.bytes.len();
            return if self.searched - self.at > self.most { Err(TooLong) } else { Ok(None) };
        };
        let line = self.at..end;
        (self.at, self.searched) = (end + 1, end + 1);
        if line.len() > self.most { Err(TooLong) } else { Ok(Some(&self.bytes[line])) }
    }

    /// The result of a line that has not ended.
    pub(in crate::runner) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_whatever_the_pieces() {
        let text = b"one\n\ntwo three\nfour";
        for size in 1..=text.len() {
            let (mut buffer, mut lines) = (LineBuffer::new(20), Vec::new());
            for piece in text.chunks(size) {
                buffer.push(piece);
                while let Some(line) = buffer.next().unwrap() {
                    lines.push(line.to_vec());
                }
            }
            assert_eq!(lines, [b"one".to_vec(), b"".to_vec(), b"two three".to_vec()], "{size}");
            assert_eq!(buffer.rest(), b"four");
        }
    }

    #[test]
    fn a_line_has_a_bound_before_and_at_its_end() {
        let mut buffer = LineBuffer::new(4);
        buffer.push(b"1234\n12345");
        assert_eq!(buffer.next(), Ok(Some(&b"1234"[..])));
        assert_eq!(buffer.next(), Err(TooLong));
        let mut buffer = LineBuffer::new(4);
        buffer.push(b"12345\n");
        assert_eq!(buffer.next(), Err(TooLong));
    }
}
