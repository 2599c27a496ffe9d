//! The possible locations of a script that a definition names, taken from real definitions.

use super::argv::{Anchor, Script};
use super::plan::{folder_of, join};
use crate::domain::clean_path;

/// The possible locations of a script, in order.
pub(super) fn places(script: Script<'_>, base: &str, root: &str) -> Vec<String> {
    let collection = folder_of(root);
    let tail = script.tail;
    let mut places = match script.anchor {
        Anchor::Tool => vec![join(base, tail)],
        Anchor::Outer => vec![join(root, tail), join(collection, tail), tail.to_owned()],
        Anchor::Anywhere => {
            let mut places = vec![tail.to_owned(), join(collection, tail), join(base, tail), join(root, tail)];
            // `PROJECT/tools/x.py`, relative to the parent folder.
            if let Some((_, rest)) = tail.split_once('/') {
                places.extend([rest.to_owned(), join(collection, rest)]);
            }
            places
        }
    };
    let mut seen = Vec::new();
    places.retain_mut(|place| {
        let Some(clean) = clean_path(place) else { return false };
        *place = clean;
        let is_new = !seen.contains(place);
        seen.push(place.clone());
        is_new
    });
    places
}
