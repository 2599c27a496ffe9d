//! A list of texts in one piece of memory: a catalog has several such lists in each of its rows.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The terminator of each text, which no text contains.
const END: char = '\u{1f}';

/// Short texts that are read in order and never changed individually.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Texts(Box<str>);

impl Texts {
    /// The texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.split_terminator(END)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts joined with this separator.
    pub fn join(&self, between: &str) -> String {
        self.iter().collect::<Vec<_>>().join(between)
    }

    /// All texts in their stored form.
    pub(crate) fn kept(&self) -> &str {
        &self.0
    }

    /// Reads the result of [`Texts::kept`].
    pub(crate) fn of_kept(kept: &str) -> Texts {
        Texts(kept.into())
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Texts {
        let mut all = String::new();
        for text in texts {
            // This character has no legitimate use in a text.
            all.extend(text.as_ref().chars().map(|c| if c == END { char::REPLACEMENT_CHARACTER } else { c }));
            all.push(END);
        }
        Texts(all.into())
    }
}

impl From<Vec<String>> for Texts {
    fn from(texts: Vec<String>) -> Texts {
        texts.into_iter().collect()
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        Vec::<String>::deserialize(deserializer).map(Texts::from)
    }
}

/// Texts as one text, for a form that only this program reads.
pub(crate) mod kept_texts {
    use super::Texts;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(texts: &Texts, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(texts.kept())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        <&str>::deserialize(deserializer).map(Texts::of_kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_as_it_was() {
        for list in [vec![], vec![""], vec!["a"], vec!["a b", "", "é\n"]] {
            let texts: Texts = list.iter().collect();
            assert_eq!(texts.iter().collect::<Vec<_>>(), list);
            assert_eq!((texts.is_empty(), texts.join(", ")), (list.is_empty(), list.join(", ")));
            assert_eq!(Texts::of_kept(texts.kept()), texts);
            let json = serde_json::to_string(&texts).unwrap();
            assert_eq!(json, serde_json::to_string(&list).unwrap());
            assert_eq!(serde_json::from_str::<Texts>(&json).unwrap(), texts);
        }
    }

    #[test]
    fn no_text_becomes_two() {
        let texts: Texts = ["a\u{1f}b"].into_iter().collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), ["a\u{fffd}b"]);
    }
}
