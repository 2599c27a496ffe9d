//! By which names the rows of the last scan go: what finds the few rows that one name may mean without reading all, and
//! all rows without a scan.

use super::reserved;
use crate::catalog::{RowFrame, Scan, ScanFrame};
use crate::domain::Digest;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// This many rows may share names before all are read instead.
const MOST_ROWS: usize = 256;

/// The names of all rows of a scan, and what else is to be known to have it again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NameIndex {
    /// Which form it is kept in.
    form: u32,
    pub(super) frame: ScanFrame,
    /// Of each row how many names it has.
    counts: Vec<u32>,
    /// Of all rows name, aliases and display name, each as a hurried reader takes it, as numbers.
    keys: Vec<u64>,
}

/// Counts up whenever an index is kept in another form.
const FORM: u32 = 3;

impl NameIndex {
    /// The index of the rows of a scan.
    pub(super) fn new(scan: &Scan) -> NameIndex {
        let (mut counts, mut keys) = (Vec::with_capacity(scan.tools.len()), Vec::with_capacity(scan.tools.len()));
        for tool in &scan.tools {
            let before = keys.len();
            keys.extend(reserved::keys(tool).map(|key| number(&key)));
            counts.push(u32::try_from(keys.len() - before).unwrap_or(u32::MAX));
        }
        NameIndex { form: FORM, frame: ScanFrame::of(scan), counts, keys }
    }

    /// Bytes to keep; `None` for what cannot be kept.
    pub(super) fn pack(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }

    /// What was kept; `None` for bytes that are no index.
    pub(super) fn unpack(bytes: &[u8]) -> Option<NameIndex> {
        if NameIndex::is_readable(bytes) { postcard::from_bytes(bytes).ok() } else { None }
    }

    /// Whether bytes are in the form of today. It comes first, so that what another version of the program kept is not
    /// understood by chance.
    pub(super) fn is_readable(bytes: &[u8]) -> bool {
        postcard::take_from_bytes::<u32>(bytes).is_ok_and(|(form, _)| form == FORM)
    }

    /// Each row with the numbers of its names.
    fn rows(&self) -> impl Iterator<Item = (RowFrame<'_>, &[u64])> {
        let mut rest = self.keys.as_slice();
        self.frame.rows().zip(&self.counts).map(move |(row, count)| {
            let (keys, others) = rest.split_at_checked(*count as usize).unwrap_or((rest, &[]));
            rest = others;
            (row, keys)
        })
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.counts.len()
    }

    /// The rows that go by a name or are at a path, with all that share a name with one of them, directly or through
    /// others; `None` for none, and for too many.
    pub(super) fn around(&self, text: &str) -> Option<Vec<RowFrame<'_>>> {
        let at_path = self.rows().filter(|(row, _)| row.path == text);
        let mut wanted: HashSet<u64> = at_path.flat_map(|(_, keys)| keys.iter().copied()).collect();
        if wanted.is_empty() {
            wanted.insert(number(&reserved::key(text)));
        }
        self.sharing(wanted)
    }

    /// The same for the rows at these paths.
    pub(super) fn around_paths(&self, paths: &HashSet<&str>) -> Option<Vec<RowFrame<'_>>> {
        let at_paths = self.rows().filter(|(row, _)| paths.contains(row.path));
        self.sharing(at_paths.flat_map(|(_, keys)| keys.iter().copied()).collect())
    }

    fn sharing(&self, mut wanted: HashSet<u64>) -> Option<Vec<RowFrame<'_>>> {
        let mut found = 0;
        loop {
            let fits = |keys: &[u64]| keys.iter().any(|key| wanted.contains(key));
            let near: Vec<_> = self.rows().filter(|(_, keys)| fits(keys)).take(MOST_ROWS + 1).collect();
            if near.is_empty() || near.len() > MOST_ROWS {
                return None;
            }
            if near.len() == found {
                return Some(near.into_iter().map(|(row, _)| row).collect());
            }
            wanted.extend(near.iter().flat_map(|(_, keys)| keys.iter()));
            found = near.len();
        }
    }
}

fn number(key: &str) -> u64 {
    Digest::of_bytes(key.as_bytes()).first_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Tool;
    use std::sync::Arc;

    fn paths(index: &NameIndex, text: &str) -> Option<Vec<String>> {
        Some(index.around(text)?.iter().map(|row| row.path.to_owned()).collect())
    }

    #[test]
    fn rows_are_found_with_all_that_share_a_name() {
        let mut alias = Tool::ordinary("reader");
        alias.aliases = vec!["csv".to_owned()];
        let mut title = Tool::ordinary("other");
        title.title = Some("Reader".to_owned());
        let tools = [Tool::ordinary("csv"), alias, title, Tool::ordinary("alone")];
        let scan = Scan { tools: tools.iter().cloned().map(Arc::new).collect(), ..Scan::default() };
        let index = NameIndex::unpack(&NameIndex::new(&scan).pack().unwrap()).unwrap();
        let all: Vec<String> = tools[..3].iter().map(|tool| tool.path.clone()).collect();
        for text in ["csv", "CSV", "reader", "other", tools[0].path.as_str()] {
            assert_eq!(paths(&index, text), Some(all.clone()), "{text}");
        }
        assert_eq!(paths(&index, "alone"), Some(vec![tools[3].path.clone()]));
        assert_eq!(paths(&index, "nobody"), None);
    }

    #[test]
    fn what_was_kept_in_another_form_is_no_index() {
        let mut index = NameIndex::new(&Scan::default());
        assert!(NameIndex::unpack(&index.pack().unwrap()).is_some());
        index.form += 1;
        assert!(NameIndex::unpack(&index.pack().unwrap()).is_none());
    }

    #[test]
    fn a_row_gets_back_what_it_was_to_others() {
        let mut tool = Tool::ordinary("a");
        tool.shadowed_by = Some("tools/core/a/tool.toml".to_owned());
        tool.clashes = vec!["tools/b.py".to_owned()];
        let index = NameIndex::new(&Scan { tools: vec![Arc::new(tool.clone())], ..Scan::default() });
        let row = index.around("a").unwrap()[0];
        let mut placed = Tool::ordinary("a");
        row.place(&mut placed).unwrap();
        assert_eq!(placed, tool);
    }
}
