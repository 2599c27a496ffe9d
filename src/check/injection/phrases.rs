//! Phrases that instruct a model, recognised with other words in between.

use crate::domain::Severity;
use std::ops::Range;

/// A phrase: slots of words in order, each with the maximum number of other words before it.
pub(super) struct Phrase {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    /// A description of what it requests.
    pub(super) says: &'static str,
    slots: &'static [Slot],
}

/// One of these words, after at most `gap` others. A trailing `*` matches any ending.
pub(super) struct Slot {
    gap: usize,
    words: &'static [&'static str],
}

const fn slot(gap: usize, words: &'static [&'static str]) -> Slot {
    Slot { gap, words }
}

const fn high(code: &'static str, says: &'static str, slots: &'static [Slot]) -> Phrase {
    Phrase { code, severity: Severity::High, says, slots }
}

const fn medium(code: &'static str, says: &'static str, slots: &'static [Slot]) -> Phrase {
    Phrase { code, severity: Severity::Medium, says, slots }
}

const FORGET: &[&str] = &["ignore", "disregard", "forget", "override", "bypass"];
const RULES: &[&str] = &["instruction*", "prompt*", "guideline*", "directive*", "guardrail*", "polic*", "safeguard*"];
const NOT: &[&str] = &["not", "don't", "dont", "never", "without", "avoid", "nor"];
const TELL: &[&str] = &[
    "tell",
    "telling",
    "inform",
    "informing",
    "mention",
    "mentioning",
    "notify",
    "notifying",
    "reveal",
    "alert",
    "alerting",
    "disclose",
    "disclosing",
    "warn",
    "warning",
];
const HUMAN: &[&str] = &["user*", "human*", "operator*", "developer*", "reviewer*", "anyone", "anybody", "person"];
const HAND_OVER: &[&str] = &[
    "send",
    "upload",
    "forward",
    "include",
    "pass",
    "attach",
    "append",
    "copy",
    "provide",
    "put",
    "supply",
    "read",
    "fetch",
    "collect",
    "paste",
    "leak",
    "exfiltrate",
    "submit",
    "base64",
];
const SECRETS: &[&str] = &[
    "id_rsa",
    "id_ed25519",
    ".ssh",
    "ssh",
    ".aws",
    ".env",
    "mcp.json",
    "credentials.json",
    ".netrc",
    "authorized_keys",
    "known_hosts",
];

/// Text that addresses the reviewer does not belong in a comment.
pub(super) const TO_REVIEWER: &str = "speaks-to-reviewer";

/// The phrases that are searched for.
pub(super) const PHRASES: &[Phrase] = &[
    high(
        "overrides-instructions",
        "asks to ignore instructions",
        &[
            slot(0, FORGET),
            slot(
                3,
                &[
                    "previous",
                    "prior",
                    "above",
                    "earlier",
                    "preceding",
                    "all",
                    "any",
                    "other",
                    "your",
                    "system",
                    "existing",
                    "these",
                    "those",
                    "former",
                ],
            ),
            slot(2, RULES),
        ],
    ),
    high(
        "overrides-instructions",
        "asks to ignore instructions",
        &[
            slot(0, FORGET),
            slot(0, &["everything", "anything", "what"]),
            slot(4, &["told", "said", "before", "above", "previously", "learned"]),
        ],
    ),
    medium(
        "overrides-instructions",
        "claims to speak for the system",
        &[
            slot(0, &["new", "updated", "real", "actual", "hidden", "secret"]),
            slot(1, &["system"]),
            slot(0, &["instruction*", "prompt*", "message*", "directive*"]),
        ],
    ),
    high("hides-from-user", "asks to hide something from the user", &[slot(0, NOT), slot(2, TELL), slot(5, HUMAN)]),
    high(
        "hides-from-user",
        "asks to hide something from the user",
        &[slot(0, &["hide", "conceal", "keep", "withhold"]), slot(3, &["from"]), slot(1, HUMAN)],
    ),
    high(
        "hides-from-user",
        "asks to hide something from the user",
        &[
            slot(0, HUMAN),
            slot(0, &["must", "should", "shall", "may", "can", "need", "does", "do"]),
            slot(0, &["not", "never"]),
            slot(2, &["know", "see", "notice", "find", "be"]),
            slot(3, &["this", "it", "that", "about", "aware", "told"]),
        ],
    ),
    high(
        "skips-approval",
        "asks to skip human approval",
        &[
            slot(0, &["without", "skip", "bypass", "never", "don't", "avoid"]),
            slot(
                2,
                &[
                    "asking",
                    "ask",
                    "request",
                    "requesting",
                    "require",
                    "confirmation",
                    "approval",
                    "confirming",
                    "consent",
                    "permission",
                ],
            ),
            slot(2, &["user*", "human*", "confirmation", "approval", "permission", "consent"]),
        ],
    ),
    high(
        "steers-other-tools",
        "gives instructions for before other tools are used",
        &[
            slot(0, &["before", "prior", "whenever", "instead", "every"]),
            slot(3, &["using", "use", "calling", "call", "invoking", "invoke", "running", "run", "executing", "of"]),
            slot(2, &["other", "another", "any", "all"]),
            slot(1, &["tool", "tools", "function", "functions", "server", "servers"]),
        ],
    ),
    high(
        "steers-other-tools",
        "gives instructions about other tools",
        &[
            slot(0, &["when", "whenever", "after", "if"]),
            slot(4, &["send_email", "send_message", "other", "another"]),
            slot(1, &["tool", "tools"]),
            slot(2, &["is", "are", "was", "gets"]),
            slot(1, &["called", "used", "invoked", "available"]),
            slot(3, &["must", "always", "instead", "change", "redirect", "send", "replace"]),
        ],
    ),
    high("asks-for-secrets", "asks for keys or passwords", &[slot(0, HAND_OVER), slot(6, SECRETS)]),
    high(
        "asks-for-secrets",
        "asks for keys or passwords",
        &[
            slot(0, HAND_OVER),
            slot(4, &["private", "ssh", "secret", "user's", "users"]),
            slot(0, &["key", "keys", "password", "passwords", "credentials", "secrets", "token", "tokens"]),
            slot(3, &["as", "in", "into", "to", "via", "through"]),
        ],
    ),
    high(
        "asks-for-secrets",
        "asks for the earlier conversation",
        &[
            slot(
                0,
                &[
                    "send",
                    "upload",
                    "forward",
                    "include",
                    "attach",
                    "append",
                    "copy",
                    "paste",
                    "leak",
                    "exfiltrate",
                    "submit",
                    "pass",
                ],
            ),
            slot(4, &["conversation", "chat", "system", "message"]),
            slot(0, &["history", "prompt", "log", "logs", "transcript"]),
        ],
    ),
    high(
        "vouches-for-itself",
        "tells a reviewer to skip the review",
        &[
            slot(0, &["skip", "no", "without", "bypass"]),
            slot(2, &["need", "further", "security", "code", "human", "manual", "the"]),
            slot(2, &["review", "audit", "inspection", "scan", "checks"]),
            slot(3, &["needed", "necessary", "required", "tool", "file", "is", "code"]),
        ],
    ),
    high(
        "vouches-for-itself",
        "tells a reviewer what to decide",
        &[
            slot(0, &["you", "reviewer*", "model", "assistant", "ai", "llm"]),
            slot(0, &["must", "should", "shall"]),
            slot(2, &["approve", "accept", "trust", "rate"]),
            slot(2, &["this", "it", "tool", "the"]),
        ],
    ),
    medium(
        TO_REVIEWER,
        "speaks to whoever reviews the code",
        &[
            slot(0, &["note", "attention", "message", "dear", "hint", "memo", "notice"]),
            slot(2, &["to", "for"]),
            slot(2, &["reviewer*", "auditor*", "scanner*", "moderator*"]),
        ],
    ),
    medium(
        TO_REVIEWER,
        "tells whoever reviews the code what to decide",
        &[
            slot(0, &["automated", "automatic", "ai", "llm", "security", "code", "static", "human"]),
            slot(1, &["reviewer*", "auditor*", "scanner*", "analyzer*", "analyser*"]),
            slot(14, &["approve", "accept", "trust", "skip", "ignore", "disregard", "pass", "safe", "harmless"]),
        ],
    ),
    medium(
        TO_REVIEWER,
        "asks for an approval",
        &[
            slot(0, &["please", "kindly", "just", "always"]),
            slot(0, &["approve", "accept", "merge", "whitelist"]),
            slot(6, &["without", "as", "this", "since", "because", "it"]),
        ],
    ),
    medium(
        TO_REVIEWER,
        "claims to be reviewed already",
        &[
            slot(0, &["already", "previously", "been", "was", "pre"]),
            slot(1, &["audited", "vetted", "reviewed", "approved", "verified", "cleared", "whitelisted"]),
            slot(8, &["safe", "skip", "approve", "ignore", "unnecessary", "needn't", "no"]),
            slot(2, &["review", "to", "this", "further", "need", "it", "check*", "analysis", "re-review"]),
        ],
    ),
    medium(
        TO_REVIEWER,
        "tells whoever reviews the code what to decide",
        &[
            slot(0, &["mark", "rate", "classify", "treat", "consider", "score", "label", "report", "flag"]),
            slot(1, &["this", "the"]),
            slot(0, &["tool", "change", "script", "file", "code", "diff", "update", "version"]),
            slot(1, &["as", "to", "be"]),
            slot(1, &["safe", "benign", "harmless", "approved", "trusted", "low-risk", "clean"]),
        ],
    ),
    medium(
        "steers-choice",
        "asks to be preferred over other tools",
        &[
            slot(0, &["always", "must", "only", "exclusively"]),
            slot(1, &["use", "call", "invoke", "choose", "prefer", "select", "run"]),
            slot(1, &["this"]),
            slot(0, &["tool", "function", "one"]),
        ],
    ),
    medium(
        "steers-choice",
        "asks to be preferred over other tools",
        &[
            slot(0, &["prefer", "use", "choose"]),
            slot(0, &["this"]),
            slot(1, &["over", "instead", "rather", "before"]),
            slot(3, &["tool", "tools", "other*", "any", "all"]),
        ],
    ),
    medium(
        "steers-choice",
        "asks to be called first",
        &[
            slot(0, &["must", "should", "always"]),
            slot(1, &["be"]),
            slot(0, &["called", "used", "invoked", "run"]),
            slot(1, &["first", "before", "prior"]),
        ],
    ),
    medium(
        "speaks-to-model",
        "addresses a model",
        &[
            slot(0, &["you"]),
            slot(0, &["are", "must", "should", "will", "shall"]),
            slot(1, &["now", "always", "never", "a", "an", "not", "act", "comply", "obey"]),
        ],
    ),
    medium(
        "speaks-to-model",
        "addresses a model",
        &[
            slot(0, &["system", "hidden", "secret", "internal"]),
            slot(0, &["prompt", "instruction", "instructions", "note"]),
            slot(2, &["follow", "follows", "says", "must", "override", "overrides"]),
        ],
    ),
    medium(
        "speaks-to-model",
        "addresses a model",
        &[
            slot(0, &["note", "attention", "important", "message", "hint", "instruction*"]),
            slot(0, &["to", "for"]),
            slot(
                1,
                &[
                    "ai",
                    "llm",
                    "llms",
                    "assistant",
                    "assistants",
                    "model",
                    "models",
                    "agent",
                    "agents",
                    "claude",
                    "gpt",
                    "chatgpt",
                ],
            ),
        ],
    ),
    medium(
        "names-secrets",
        "names a location of keys",
        &[slot(0, &["id_rsa", "id_ed25519", ".netrc", "authorized_keys", "/etc/shadow", "/etc/passwd"])],
    ),
];

/// A text as normalised words with positions; look-alike characters and line breaks do not matter.
pub(super) struct NormalizedWords {
    list: Vec<Word>,
}

/// A normalised word.
struct Word {
    text: String,
    at: Range<usize>,
    /// Whether a sentence or clause ends after it.
    ends_clause: bool,
}

/// Words that may be anywhere: a clause does not end with them.
const FILLERS: &[&str] = &["please", "now", "also", "just", "immediately", "simply", "kindly", "important", "note"];

impl NormalizedWords {
    pub(super) fn of(text: &str) -> NormalizedWords {
        let mut list = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            let is_part = c.is_alphanumeric()
                || matches!(c, '_' | '\'' | '’' | '.' | '/' | '-')
                || crate::domain::is_hidden(c) && !c.is_control();
            match (is_part, start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    add(&mut list, &text[from..at], from);
                    let ends = text[from..at].ends_with('.') || matches!(c, ':' | ';' | '!' | '?');
                    if let Some(word) = list.last_mut().filter(|word| word.at.start == from) {
                        word.ends_clause = ends;
                    }
                    start = None;
                }
                _ => {}
            }
        }
        NormalizedWords { list }
    }

    /// The first match of a phrase.
    pub(super) fn find(&self, phrase: &Phrase) -> Option<Range<usize>> {
        let (first, rest) = phrase.slots.split_first()?;
        (0..self.list.len()).find_map(|at| {
            if !is_one(first, &self.list[at].text) {
                return None;
            }
            let last = self.follow(at, rest)?;
            Some(self.list[at].at.start..self.list[last].at.end)
        })
    }

    /// The position of the last word if all slots match after `at`.
    fn follow(&self, at: usize, slots: &[Slot]) -> Option<usize> {
        let Some((next, rest)) = slots.split_first() else { return Some(at) };
        for place in at + 1..(at + 2 + next.gap).min(self.list.len()) {
            let word = &self.list[place];
            if is_one(next, &word.text)
                && let Some(last) = self.follow(place, rest)
            {
                return Some(last);
            }
            // `Ignore case: previous instructions are …`: the object of the verb was already given.
            if word.ends_clause && !FILLERS.contains(&word.text.as_str()) {
                return None;
            }
        }
        None
    }
}

fn add(list: &mut Vec<Word>, word: &str, from: usize) {
    // Character by character, and only for other scripts: the skeleton of plain text maps I, l and 1 to one character.
    let seen = word.chars().filter(|c| !crate::domain::is_hidden(*c));
    let plain: String = seen
        .flat_map(
            |c| if c.is_ascii() { vec![c] } else { unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect() },
        )
        .collect();
    let plain = plain.to_lowercase();
    let path = plain.trim_end_matches(['.', '-', '\'', '/']).trim_start_matches(['-', '\'']);
    // `~/.ssh/id_rsa` also counts as its parts: the last one identifies it.
    let last = path.rsplit('/').next().unwrap_or(path);
    let inner = path.split('/').find(|part| matches!(*part, ".ssh" | ".aws" | ".env"));
    let word_is = inner.filter(|_| path.contains('/')).unwrap_or(if path.starts_with("/etc/") { path } else { last });
    if !word_is.is_empty() {
        list.push(Word { text: word_is.to_owned(), at: from..from + word.len(), ends_clause: false });
    }
}

fn is_one(slot: &Slot, word: &str) -> bool {
    slot.words.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None => word == *known,
    })
}
