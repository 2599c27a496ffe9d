//! Fixed texts: addresses in them, secrets by name, unreadable texts.

use crate::domain::Redactor;

/// The minimum length of an opaque text, in bytes. Icons and test vectors are about this long; code is longer.
const OPAQUE: usize = 200;

/// This many escapes of printable characters in one text hide its content.
const ESCAPES: usize = 4;

/// Longest host, in bytes.
const MAX_HOST: usize = 253;

/// Why a text is unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opaque {
    /// Long, without a blank, in the characters of base64 or hex.
    Long,
    /// Plain letters written as escapes.
    Escaped,
}

/// The hosts of URLs in a text: `https://api.x.com/v1` contains `api.x.com`.
pub(super) fn hosts(text: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    for (at, _) in text.match_indices("://") {
        let scheme = text[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '+').next().unwrap_or_default();
        if !["http", "https", "ws", "wss", "ftp", "ftps", "sftp", "ssh", "git", "tcp"].contains(&scheme) {
            continue;
        }
        if let Some(host) = authority(&text[at + 3..]).filter(|host| !hosts.contains(host)) {
            hosts.push(host);
        }
    }
    hosts
}

/// The host and port at the beginning of a text, after a user if there is one.
fn authority(text: &str) -> Option<String> {
    let is_end =
        |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | ')' | ',' | '\\') || c.is_whitespace();
    let whole = text.split(is_end).next().unwrap_or_default();
    let host = whole.rsplit('@').next().unwrap_or_default().trim_end_matches(['.', ':']);
    let is_fixed = !host.is_empty() && host.len() <= MAX_HOST && !host.contains(['{', '}', '$', '%', '*']);
    is_fixed.then(|| host.to_lowercase())
}

/// The network location in a text: its host, otherwise the text itself.
pub(super) fn host_or_text(text: &str) -> Option<String> {
    let text = text.trim();
    hosts(text).into_iter().next().or_else(|| (!text.is_empty() && !text.contains("://")).then(|| text.to_owned()))
}

/// Whether a path leads out of the workspace, the tool's own folder and its scratch.
pub(super) fn is_outside(path: &str) -> bool {
    const EVERYBODYS: &[&str] = &["/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd", "/tmp"];
    if EVERYBODYS.iter().any(|own| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    {
        return false;
    }
    path.starts_with('/') && path.len() > 1
        || path.starts_with('~')
        || path.starts_with("../")
        || path.starts_with("$HOME")
}

/// Whether a text is unreadable for a human. `code` is the text as written, `value` its meaning.
pub(super) fn opaque(code: &str, value: &str) -> Option<Opaque> {
    let printable = code.match_indices("\\x").filter(|(at, _)| {
        let digits = code.get(at + 2..at + 4).unwrap_or_default();
        u8::from_str_radix(digits, 16).is_ok_and(|byte| byte.is_ascii_alphanumeric())
    });
    if printable.count() >= ESCAPES {
        return Some(Opaque::Escaped);
    }
    if value.len() < OPAQUE {
        return None;
    }
    // One long sequence, even if the text is broken into lines.
    let longest =
        value.split([' ', '\t', ',', ';']).map(|run| run.replace(['\n', '\r'], "")).max_by_key(String::len)?;
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    if longest.len() < OPAQUE || !longest.bytes().all(is_code) {
        return None;
    }
    let mut counts = [0_u32; 256];
    longest.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    // Base64 uses 64 characters, hex 16 of them; `=====` and `abcabc` use few. Texts that list an alphabet once are
    // short.
    let distinct = counts.iter().filter(|count| **count > 0).count();
    let has_digits = longest.bytes().any(|byte| byte.is_ascii_digit());
    (distinct >= 12 && has_digits).then_some(Opaque::Long)
}

/// Whether a name indicates that its value is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    const WORDS: &[&str] =
        &["password", "passwd", "secret", "apikey", "accesskey", "privatekey", "authtoken", "accesstoken"];
    const WHOLE: &[&str] = &["token", "pwd", "passphrase"];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or_default().to_ascii_lowercase();
    let is_name_of_name =
        ["name", "path", "file", "field", "env", "var", "url", "header", "pattern", "re", "regex", "prefix"]
            .contains(&last.as_str());
    !is_name_of_name && (WORDS.iter().any(|word| plain.contains(word)) || WHOLE.contains(&last.as_str()))
}

/// Whether a value looks like a secret, and not like a placeholder.
pub(super) fn is_secret_value(value: &str) -> bool {
    const PLACES: &[&str] =
        &["example", "changeme", "change-me", "placeholder", "your", "xxx", "todo", "dummy", "redacted", "***", "..."];
    let lower = value.to_ascii_lowercase();
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    let kinds = [u8::is_ascii_alphabetic as fn(&u8) -> bool, u8::is_ascii_digit];
    // A slash indicates a path, except in keys of random bytes in base64.
    let is_mixed = kinds.iter().all(|kind| value.bytes().any(|byte| kind(&byte)))
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_base64 = value.len() >= 32
        && is_mixed
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    value.len() >= 8
        && is_plain
        && !value.contains(['{', '}', '<', '>', '$', '('])
        && (is_base64 || !value.contains('/'))
        && kinds.iter().all(|kind| value.bytes().any(|byte| kind(&byte)))
        && !PLACES.iter().any(|place| lower.contains(place))
}

/// A text with its keys and tokens masked, if it contains one that is not a placeholder.
pub(super) fn masked(redactor: &Redactor, text: &str) -> Option<String> {
    let (masked, redactions) = redactor.counted(text);
    // Names are checked where they are assigned.
    if redactions.is_by_name_only() {
        return None;
    }
    let front = text.bytes().zip(masked.bytes()).take_while(|(a, b)| a == b).count();
    let back = text.bytes().rev().zip(masked.bytes().rev()).take_while(|(a, b)| a == b).count();
    let secret = text.get(front..text.len() - back.min(text.len() - front)).unwrap_or(text);
    (!is_place(secret)).then_some(masked)
}

/// Placeholders such as `your-token` or `token123`.
fn is_place(secret: &str) -> bool {
    const WORDS: &[&str] = &[
        "password", "passwd", "access", "secret", "example", "token", "your", "user", "pass", "here", "test", "key",
        "api", "jwt", "abc", "xyz", "my", "the",
    ];
    // Example keys from the documentation of a provider are harmless.
    if secret.ends_with("EXAMPLE") || secret.ends_with("EXAMPLEKEY") {
        return true;
    }
    let mut rest = secret.to_ascii_lowercase();
    for word in WORDS {
        rest = rest.replace(word, "");
    }
    secret.len() < 40 && rest.chars().all(|c| c.is_ascii_digit() || !c.is_alphanumeric()) && rest.len() < 8
}

/// The decoded text, given the name of the encoding; only for texts.
pub(super) fn decoded(text: &str, encoding: &str) -> Option<String> {
    match encoding {
        "base64" | "base64url" => unbased(text),
        "hex" => {
            let pairs =
                text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
            String::from_utf8(pairs.collect::<Option<Vec<u8>>>()?).ok()
        }
        "utf8" | "utf-8" | "ascii" | "latin1" | "binary" => Some(text.to_owned()),
        _ => None,
    }
}

/// The text encoded in base64, with either alphabet.
pub(super) fn unbased(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The decoded text of `%61%62`.
pub(super) fn unpercented(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_out_of_addresses() {
        assert_eq!(
            hosts("see https://User@API.x.com:8080/v1?q and wss://b.c, not file:///etc"),
            ["api.x.com:8080", "b.c"]
        );
        assert_eq!(hosts("https://{host}/x and http://"), Vec::<String>::new());
        assert_eq!(host_or_text("10.0.0.1").as_deref(), Some("10.0.0.1"));
        assert_eq!(host_or_text("https://{host}"), None);
    }

    #[test]
    fn a_path_outside_is_known_by_its_beginning() {
        for path in ["/etc/passwd", "~/.ssh/id", "../other/file"] {
            assert!(is_outside(path), "{path}");
        }
        for path in ["data/x", "/tmp/x", "/dev/null", "/", "", "./x"] {
            assert!(!is_outside(path), "{path}");
        }
    }

    #[test]
    fn a_text_is_opaque_when_nobody_can_read_it() {
        let base64 = "aW1wb3J0IG9zCm9zLnN5c3RlbSgiY3VybCBodHRwOi8vZXZpbC5leGFtcGxlL3gifHNoKQ0123456789".repeat(4);
        assert_eq!(opaque(&base64, &base64), Some(Opaque::Long));
        let prose = "a long text of words that a human can read without any trouble at all, ".repeat(6);
        assert_eq!(opaque(&prose, &prose), None);
        let line = "=".repeat(300);
        assert_eq!(opaque(&line, &line), None);
        assert_eq!(opaque(r#""\x65\x76\x61\x6c""#, "eval"), Some(Opaque::Escaped));
        assert_eq!(opaque(r#""\x1b[0m\x00\x07\x1b""#, ""), None);
    }

    #[test]
    fn a_secret_is_told_from_a_place_for_one() {
        assert!(is_secret_name("API_KEY") && is_secret_name("db_password") && is_secret_name("github_token"));
        assert!(!is_secret_name("tokens") && !is_secret_name("password_field") && !is_secret_name("keyboard"));
        assert!(is_secret_value("hunter2-blue-9"));
        for value in ["short1", "no digits here", "your-key-123", "{TOKEN_1234}", "changeme123"] {
            assert!(!is_secret_value(value), "{value}");
        }
    }

    #[test]
    fn a_token_is_told_from_words_for_one() {
        let redactor = Redactor::new([]);
        for place in
            ["Authorization: Bearer token123", "Authorization: Bearer your-token", "https://user:password@host/x"]
        {
            assert_eq!(masked(&redactor, place), None, "{place}");
        }
        let secret = masked(&redactor, "a: \"Authorization: Bearer 9fQ2kd81LmZpX0a\" b").unwrap();
        assert!(secret.starts_with("a: \"Authorization: Bearer [redacted") && secret.ends_with("\" b"), "{secret}");
    }
}
