//! Keys as text: their notation, and the keys of each verb with the user's settings applied.

use super::{ACTIONS, Context, Spec, Verb, by_name, spec};
use std::collections::HashMap;
use std::fmt;

/// Contexts in which a pane or a screen can have the focus.
pub const FOCUSABLE: [Context; 8] = [
    Context::Catalog,
    Context::Output,
    Context::Failures,
    Context::Queue,
    Context::Services,
    Context::Review,
    Context::Source,
    Context::Evolution,
];

/// Named keys, and other spellings of them.
const NAMED: &[(&str, &str)] = &[
    ("enter", "enter"),
    ("return", "enter"),
    ("esc", "esc"),
    ("escape", "esc"),
    ("tab", "tab"),
    ("space", "space"),
    ("backspace", "backspace"),
    ("delete", "delete"),
    ("insert", "insert"),
    ("up", "up"),
    ("down", "down"),
    ("left", "left"),
    ("right", "right"),
    ("home", "home"),
    ("end", "end"),
    ("pageup", "pageup"),
    ("pagedown", "pagedown"),
];

/// One key press in the canonical notation of settings and table: `r`, `G`, `ctrl-k`, `shift-tab`, `space`, `f5`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyText(String);

impl KeyText {
    /// Reads a key.
    ///
    /// # Errors
    /// A sentence that names the invalid part.
    pub fn parse(text: &str) -> Result<KeyText, String> {
        let (mut ctrl, mut alt, mut shift, mut rest) = (false, false, false, text);
        while let Some((word, tail)) = rest.split_once('-').filter(|(word, tail)| !word.is_empty() && !tail.is_empty())
        {
            match word {
                "ctrl" => ctrl = true,
                "alt" => alt = true,
                "shift" => shift = true,
                _ => return Err(format!("{text:?} is not a key: {word:?} must be ctrl, alt or shift")),
            }
            rest = tail;
        }
        let mut key = name_of(rest).ok_or_else(|| format!("{text:?} is not a key"))?;
        if let (Some(c), None) = (key.chars().next(), key.chars().nth(1)) {
            // For letters, shift is part of the letter.
            if shift && !ctrl {
                key = c.to_ascii_uppercase().to_string();
            }
            shift = false;
        } else if key == "space" {
            shift = false;
        }
        let words = [(ctrl, "ctrl-"), (alt, "alt-"), (shift, "shift-")];
        let begin: String = words.into_iter().filter_map(|(on, word)| on.then_some(word)).collect();
        Ok(KeyText(begin + &key))
    }
}

impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn name_of(word: &str) -> Option<String> {
    let mut chars = word.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(if c == ' ' { "space".to_owned() } else { c.to_string() });
    }
    if let Some((_, name)) = NAMED.iter().find(|(spelling, _)| *spelling == word) {
        return Some((*name).to_owned());
    }
    let number: u8 = word.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then(|| format!("f{number}"))
}

/// The keys that a user sets for one verb.
#[derive(Debug, Clone, Copy)]
pub struct KeyWish<'a> {
    /// Name of the verb, as written.
    pub verb: &'a str,
    /// Its keys, as written; an empty list removes all keys.
    pub keys: &'a [String],
    /// Line in the settings.
    pub line: u64,
}

/// An invalid key setting, which is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFault {
    /// Line in the settings.
    pub line: u64,
    /// The error, one sentence.
    pub message: String,
    /// The next step.
    pub hint: String,
}

/// The keys of each verb of the screen after these settings are applied, and the errors in them.
pub fn settled_keys(wishes: &[KeyWish<'_>]) -> (HashMap<Verb, Vec<KeyText>>, Vec<KeyFault>) {
    let mut faults = Vec::new();
    let mut keys: HashMap<Verb, Vec<KeyText>> = HashMap::new();
    for row in ACTIONS.iter().filter(|row| row.tui) {
        keys.insert(row.verb, row.keys.iter().filter_map(|key| KeyText::parse(key).ok()).collect());
    }
    for wish in wishes {
        let mut fault = |(message, hint): (String, String)| faults.push(KeyFault { line: wish.line, message, hint });
        match wanted(wish) {
            Ok((verb, wanted)) => {
                let (kept, taken) = without_conflicts(&keys, verb, wanted);
                keys.insert(verb, kept);
                taken.into_iter().for_each(&mut fault);
            }
            Err(wrong) => fault(wrong),
        }
    }
    (keys, faults)
}

/// Whether the keys of a verb work if `context` has the focus.
pub fn works_in(row: &Spec, context: Context) -> bool {
    row.contexts.iter().any(|c| *c == context || matches!(c, Context::Motion | Context::Global))
}

/// The error, and the remedy.
type Wrong = (String, String);

fn wanted(wish: &KeyWish<'_>) -> Result<(Verb, Vec<KeyText>), Wrong> {
    let row = by_name(wish.verb).filter(|row| row.tui && !row.contexts.is_empty()).ok_or_else(|| {
        let message = format!("{:?} is not a verb that can have a key", wish.verb);
        (message, "press `?` to list the verbs with their names".to_owned())
    })?;
    let mut keys = Vec::new();
    for key in wish.keys {
        let key = KeyText::parse(key).map_err(|why| (why, "write keys like r, G, ctrl-k, shift-tab, f5".to_owned()))?;
        let decides = matches!(row.verb, Verb::Approve | Verb::ApproveOver | Verb::Reject | Verb::RequestChanges);
        if decides && (key.0.ends_with("enter") || key.0.ends_with("space")) {
            let message = format!("{} cannot use the key {key}", row.name);
            return Err((message, "use a key for decisions that is not pressed by habit".to_owned()));
        }
        keys.push(key);
    }
    Ok((row.verb, keys))
}

/// Removes keys that another active verb owns, and reports the owner of each.
fn without_conflicts(
    owned: &HashMap<Verb, Vec<KeyText>>,
    verb: Verb,
    keys: Vec<KeyText>,
) -> (Vec<KeyText>, Vec<Wrong>) {
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    for key in keys {
        let owner = ACTIONS.iter().find(|row| {
            let owns = owned.get(&row.verb).is_some_and(|owned| owned.contains(&key));
            row.verb != verb && owns && live_together(row, spec(verb))
        });
        match owner {
            None => kept.push(key),
            Some(other) => taken.push((
                format!("key {key} for {} is already used for {}", spec(verb).name, other.name),
                format!("give {} another key in an earlier line", other.name),
            )),
        }
    }
    (kept, taken)
}

fn live_together(a: &Spec, b: &Spec) -> bool {
    FOCUSABLE.iter().any(|context| works_in(a, *context) && works_in(b, *context))
}
