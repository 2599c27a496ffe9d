//! Values of environment variables for display.

use super::{MARK, Redactor, plain_name};
use crate::domain::Secret;

/// Words in names of secrets, in any position.
const WORDS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "ACCESSKEY",
    "PRIVATE_KEY",
    "PRIVATEKEY",
    "ACCESS_TOKEN",
    "AUTH_TOKEN",
    "CREDENTIAL",
];

/// Last words of names of secrets.
const LAST: &[&str] = &["TOKEN", "KEY", "PWD", "PASS", "AUTH", "COOKIE", "BEARER", "PAT"];

/// Last words of names for a place or a name.
const PLACES: &[&str] =
    &["NAME", "PATH", "FILE", "DIR", "URL", "URI", "HOST", "VAR", "ENV", "HEADER", "FIELD", "PATTERN", "PREFIX", "ID"];

/// Words before `KEY` with which it is the key of an entry and not a secret.
const OF_ENTRIES: &[&str] = &[
    "CACHE",
    "COLUMN",
    "CONFIG",
    "DICT",
    "FOREIGN",
    "GROUP",
    "HOT",
    "INDEX",
    "JSON",
    "LOOKUP",
    "MAP",
    "OBJECT",
    "PARTITION",
    "PRIMARY",
    "QUERY",
    "ROW",
    "SEARCH",
    "SORT",
    "SORTING",
    "TRANSLATION",
    "YAML",
];

/// Whether the name of an environment variable indicates a secret.
pub fn is_secret_variable(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let mut words = name.rsplit('_');
    let (last, before) = (words.next().unwrap_or_default(), words.next());
    let is_entry = last == "KEY" && before.is_some_and(|word| OF_ENTRIES.contains(&word));
    let is_last = LAST.contains(&last) && !is_entry;
    !PLACES.contains(&last) && (is_last || WORDS.iter().any(|word| name.contains(word)))
}

/// The displayed value of a variable: `[redacted NAME]` if the name indicates a secret, otherwise without keys and
/// tokens of known form.
pub fn shown_variable(name: &str, value: &str) -> String {
    if is_secret_variable(name) && !value.is_empty() {
        return format!("{MARK}{}]", plain_name(name));
    }
    Redactor::new(std::iter::empty::<(&str, &Secret)>()).text(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::is_redacted;

    #[test]
    fn values_are_hidden_by_the_name_of_their_variable() {
        for name in
            ["OPENAI_API_KEY", "github_token", "DB_PASSWORD", "SECRET", "AWS_SECRET_ACCESS_KEY", "x-auth", "SSH_KEY"]
        {
            let shown = shown_variable(name, "a value");
            assert!(is_redacted(&shown) && !shown.contains("a value"), "{name}: {shown}");
        }
        for name in
            ["OPENAI_MODEL", "MAX_TOKENS", "PASSWORD_FILE", "KEYBOARD", "MONKEY", "PATH", "TOKEN_URL", "query_key"]
        {
            assert_eq!(shown_variable(name, "a value"), "a value", "{name}");
        }
        assert_eq!(shown_variable("API_KEY", ""), "");
        assert!(is_redacted(&shown_variable("OPTIONS", "--key ghp_abcdefghijklmnopqrstuvwxyz0123456789")));
    }
}
