//! The question in a message to a name server.

/// Bytes before the first question.
const HEADER: usize = 12;

/// Bytes of a message that are read: a question needs no more.
pub(super) const MAX_QUESTION: usize = 512;

/// The name that a message asks for; `None` when it is not a question.
pub(super) fn question(message: &[u8]) -> Option<String> {
    let header = message.get(..HEADER)?;
    let is_question = header[2] & 0xf8 == 0;
    let questions = u16::from_be_bytes([header[4], header[5]]);
    if !is_question || questions == 0 {
        return None;
    }
    let mut rest = &message[HEADER..];
    let mut labels: Vec<String> = Vec::new();
    loop {
        let (length, after) = rest.split_first()?;
        match *length {
            0 => {
                // Type and class follow.
                after.get(..4)?;
                let name = labels.join(".");
                return Some(if name.is_empty() { ".".to_owned() } else { name });
            }
            1..=63 => {
                let (label, after) = after.split_at_checked(usize::from(*length))?;
                labels.push(String::from_utf8_lossy(label).into_owned());
                rest = after;
            }
            // A pointer has nothing to point to yet.
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(flags: u8, questions: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![0x12, 0x34, flags, 0, 0, questions, 0, 0, 0, 0, 0, 0];
        message.extend_from_slice(body);
        message
    }

    #[test]
    fn a_question_gives_its_name() {
        let body = b"\x05exfil\x08attacker\x07invalid\0\0\x01\0\x01";
        assert_eq!(question(&message(1, 1, body)).as_deref(), Some("exfil.attacker.invalid"));
        assert_eq!(question(&message(1, 1, b"\0\0\x02\0\x01")).as_deref(), Some("."));
    }

    #[test]
    fn what_is_no_question_gives_nothing() {
        let body = b"\x01a\0\0\x01\0\x01";
        assert_eq!(question(&message(0x81, 1, body)), None, "an answer");
        assert_eq!(question(&message(1, 0, body)), None, "no question");
        assert_eq!(question(&message(1, 1, b"\xc0\x0c\0\x01\0\x01")), None, "a pointer");
        for end in 0..body.len() {
            assert_eq!(question(&message(1, 1, &body[..end])), None, "cut at {end}");
        }
        assert_eq!(question(b"GET / HTTP/1.1\r\n\r\n"), None);
    }
}
