//! Derived rules: names of secrets in all their spellings, and tokens of services within base64.

use super::encoded::{self, Decoded, Encoded, Inner};
use super::named::{self, NamedMatch};
use super::tokens::{self, KEY_BLOCK, OneClass, TokenMatch, is_alphanumeric, is_base64url, is_dotted};
use std::sync::LazyLock;

/// Shorter tokens are not searched within base64, in bytes.
const MIN_ENCODED: usize = 16;

/// Tokens that are searched within base64 in addition to those of one class: anchor, label, class, minimum and maximum
/// length.
const OTHERS: &[OneClass] = &[
    ("sk-proj-", "api-key", is_base64url, 20, 256),
    ("sk-ant-", "anthropic-key", is_base64url, 20, 256),
    ("sk-or-", "api-key", is_base64url, 20, 256),
    ("sk-", "api-key", is_alphanumeric, 32, 64),
    ("eyJ", "jwt", is_dotted, 60, 2048),
    ("PRIVATE KEY-----", KEY_BLOCK, |_| true, 16, 9 * 1024),
];

enum SecretName {
    Named(String),
    User(&'static str),
    Encoded(Encoded),
}

static MADE: LazyLock<Vec<SecretName>> = LazyLock::new(|| {
    let users = named::USER_OPTIONS.iter().copied().map(SecretName::User);
    let mut made: Vec<SecretName> = named::spellings().into_iter().map(SecretName::Named).chain(users).collect();
    for (anchor, label, class, min, max) in tokens::simple().chain(OTHERS.iter().copied()) {
        if min >= MIN_ENCODED {
            made.extend(encoded::of(|| Inner { anchor, label, class, min, max }).map(SecretName::Encoded));
        }
    }
    made
});

/// The anchors of these rules.
pub(super) fn anchors() -> impl Iterator<Item = &'static [u8]> {
    MADE.iter().map(|made| match made {
        SecretName::Named(name) => name.as_bytes(),
        SecretName::User(option) => option.as_bytes(),
        SecretName::Encoded(encoded) => encoded.anchor.as_bytes(),
    })
}

/// Judges the text at a place by the rule with this number. `is_all`: the text is complete.
pub(super) fn judge(rule: usize, text: &[u8], at: usize, is_all: bool) -> TokenMatch {
    let of_named = |named| match named {
        NamedMatch::No => TokenMatch::No,
        NamedMatch::More(show) => TokenMatch::More { show },
        NamedMatch::Value(from, to) => TokenMatch::Found { from, to, label: named::LABEL },
    };
    match MADE.get(rule) {
        Some(SecretName::Named(name)) if text[at..].starts_with(name.as_bytes()) => {
            of_named(named::value(text, at + name.len(), is_all))
        }
        Some(SecretName::User(option)) if text[at..].starts_with(option.as_bytes()) => {
            let is_option =
                option.starts_with("curl") || at.checked_sub(1).is_none_or(|at| !text[at].is_ascii_graphic());
            if is_option { of_named(named::user(text, at + option.len(), is_all)) } else { TokenMatch::No }
        }
        Some(SecretName::Encoded(encoded)) if text[at..].starts_with(encoded.anchor.as_bytes()) => {
            let from = at + encoded.anchor.len();
            match encoded.judge(text, at, is_all) {
                Decoded::No => TokenMatch::No,
                Decoded::More => TokenMatch::More { show: from },
                Decoded::Until(to) => TokenMatch::Found { from, to, label: encoded.inner.label },
            }
        }
        Some(SecretName::Named(_) | SecretName::User(_) | SecretName::Encoded(_)) | None => TokenMatch::No,
    }
}
