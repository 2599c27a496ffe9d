//! Values that are secret because of the name before them: `password=…`, `X-Api-Key: …`, `curl -u name:…`.

/// The label of such a value.
pub(super) const LABEL: &str = "password";

/// Longest value, in bytes.
pub(super) const MAX_VALUE: usize = 512;

/// Maximum length of blanks, quotes and operators between a name and its value, in bytes.
const MAX_BETWEEN: usize = 8;

/// The result for a place after a name.
pub(super) enum NamedMatch {
    No,
    /// More input is needed; nothing before this place is secret.
    More(usize),
    /// A value between these places.
    Value(usize, usize),
}

/// Names of secrets, in lower case. A prefix is ignored (`DB_PASSWORD`), a suffix is not.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "api_key",
    "api-key",
    "apikey",
    "secret_key",
    "secret-key",
    "secretkey",
    "access_key",
    "access-key",
    "accesskey",
    "access_token",
    "access-token",
    "accesstoken",
    "auth_token",
    "auth-token",
    "authtoken",
    "refresh_token",
    "refreshtoken",
    "private_token",
    "private-token",
    "encryption_key",
    "signing_key",
];

/// The names in usual spellings: lower case, upper case, each word or the later words capitalised.
pub(super) fn spellings() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in NAMES {
        let words: Vec<&str> = name.split(['_', '-']).collect();
        let sign = name.find(['_', '-']).map(|at| &name[at..=at]).unwrap_or_default();
        let capital = |word: &str| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]);
        let capitals: Vec<String> = words.iter().map(|word| capital(word)).collect();
        all.extend([(*name).to_owned(), name.to_ascii_uppercase(), capitals.join(sign), capitals.concat()]);
        all.push(format!("{}{}", words[0], capitals[1..].concat()));
    }
    // Words without a separator, as they are written.
    all.extend(["apiKey", "ApiKey", "secretKey", "accessKey", "authToken", "_TOKEN"].map(str::to_owned));
    all.sort();
    all.dedup();
    all
}

/// Options that are followed by a name and a password.
pub(super) const USER_OPTIONS: &[&str] =
    &["-u ", "-u\"", "-u'", "curl -u", "--user ", "--user=", "--proxy-user ", "--proxy-user="];

/// The value after a name that ends at `from`.
pub(super) fn value(text: &[u8], from: usize, is_all: bool) -> NamedMatch {
    let open = |at: usize| at >= text.len() && !is_all;
    // Quotes and blanks, one operator, blanks and quotes.
    let quotes =
        |at: usize| count(&text[at.min(text.len())..], |byte| matches!(byte, b'"' | b'\'' | b'\\' | b']' | b'`'));
    let blanks = |at: usize| count(&text[at.min(text.len())..], |byte| matches!(byte, b' ' | b'\t'));
    let mut at = from + quotes(from);
    at += blanks(at);
    if open(at) {
        return NamedMatch::More(text.len());
    }
    match text.get(at) {
        Some(b'=' | b':') => at += 1,
        _ => return NamedMatch::No,
    }
    if text.get(at) == Some(&b'>') {
        at += 1;
    }
    at += blanks(at);
    let quote_at = at;
    at += quotes(at);
    if open(at) {
        return NamedMatch::More(text.len());
    }
    if at - from > MAX_BETWEEN {
        return NamedMatch::No;
    }
    let quote = text[quote_at..at].last().copied().filter(|byte| *byte != b']');
    let is_of_value = |byte: u8| match quote {
        Some(quote) => byte != quote && byte != b'\\' && byte >= b' ' && byte != 0x7f,
        None => is_plain(byte),
    };
    let run = count_to(&text[at..], is_of_value, MAX_VALUE);
    let to = at + run;
    if run < MAX_VALUE && open(to) {
        return NamedMatch::More(at);
    }
    // `password=read(…)`, `password=words[1]`, `(password=a1, …)` are code, as is anything followed by a dot.
    let is_code = quote.is_none() && matches!(text.get(to), Some(b'(' | b')' | b'[' | b',' | b'}' | b']'));
    if !is_code && looks_secret(&text[at..to], quote.is_some()) { NamedMatch::Value(at, to) } else { NamedMatch::No }
}

/// The password after `-u name:`.
pub(super) fn user(text: &[u8], from: usize, is_all: bool) -> NamedMatch {
    let open = |at: usize| at >= text.len() && !is_all;
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'');
    let from = from + count_to(&text[from..], |byte| is_quote(&byte), 1);
    let quote = from.checked_sub(1).map(|at| text[at]).filter(is_quote);
    let name = count_to(&text[from..], |byte| is_plain(byte) && byte != b':', 64);
    let colon = from + name;
    if open(colon) {
        return NamedMatch::More(text.len());
    }
    if name == 0 || text.get(colon) != Some(&b':') || !text[from].is_ascii_alphanumeric() {
        return NamedMatch::No;
    }
    let at = colon + 1;
    let is_of_value = |byte: u8| match quote {
        Some(quote) => byte != quote && byte >= b' ',
        None => is_plain(byte) || matches!(byte, b'&' | b';'),
    };
    let run = count_to(&text[at..], is_of_value, MAX_VALUE);
    if run < MAX_VALUE && open(at + run) {
        return NamedMatch::More(at);
    }
    let value = &text[at..at + run];
    // `docker -u 1000:1000`, `-u http://…`, `-u $A:$B`.
    let is_number = value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':'));
    if run < 4 || is_number || value.starts_with(b"/") || is_filled_in(value) {
        return NamedMatch::No;
    }
    NamedMatch::Value(at, at + run)
}

/// Whether a byte can be in a value without quotes.
fn is_plain(byte: u8) -> bool {
    byte > b' '
        && byte != 0x7f
        && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'&' | b'<' | b'>' | b'\\')
        && !matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|')
}

/// Whether a value is a placeholder: `$PASSWORD`, `{{ password }}`, `<password>`, `***`.
fn is_filled_in(value: &[u8]) -> bool {
    matches!(value.first(), Some(b'$' | b'{' | b'<' | b'%' | b'*' | b'[' | b'('))
}

/// Whether a value may be a secret rather than a word or a name: letters and digits, or letters of both cases and a
/// special character; within quotes also long values without a blank.
fn looks_secret(value: &[u8], is_quoted: bool) -> bool {
    if value.len() < 6 || is_filled_in(value) || value.contains(&b' ') || value.windows(3).any(|part| part == b"://") {
        return false;
    }
    let has = |is: fn(&u8) -> bool| value.iter().any(is);
    let letters = has(u8::is_ascii_alphabetic);
    let sizes = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let signs =
        value.iter().any(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'.' | b'-' | b'/' | b':'));
    // A path, a dotted name or a call contains only these.
    let is_name = !is_quoted
        && value.contains(&b'.')
        && value.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'_'));
    !is_name && letters && (has(u8::is_ascii_digit) || sizes && signs || signs && value.len() >= 8)
}

fn count(text: &[u8], class: impl Fn(u8) -> bool) -> usize {
    count_to(text, class, MAX_BETWEEN)
}

fn count_to(text: &[u8], class: impl Fn(u8) -> bool, max: usize) -> usize {
    text.iter().take(max).take_while(|byte| class(**byte)).count()
}
