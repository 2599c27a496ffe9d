//! By which names the rows of the last scan go: what finds the few rows that one name may mean without reading all, and
//! all rows without a scan.

use super::reserved;
use crate::catalog::{RowFrame, Scan, ScanFrame};
use crate::domain::{Digest, Tool};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;

/// So many rows may share names before all are read instead.
const MOST_ROWS: usize = 256;

/// The names of all rows of a scan, and what else is to be known to have it again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NameIndex {
    pub(super) frame: ScanFrame,
    /// Of each row its name, aliases and display name, each as a hurried reader takes it, as numbers.
    keys: Vec<Vec<u64>>,
}

impl NameIndex {
    /// The index of the rows of a scan.
    pub(super) fn new(scan: &Scan) -> NameIndex {
        let keys = |tool: &Arc<Tool>| reserved::keys(tool).map(|key| number(&key)).collect();
        NameIndex { frame: ScanFrame::of(scan), keys: scan.tools.iter().map(keys).collect() }
    }

    /// Bytes to keep; `None` for what cannot be kept.
    pub(super) fn pack(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }

    /// What was kept; `None` for bytes that are no index.
    pub(super) fn unpack(bytes: &[u8]) -> Option<NameIndex> {
        postcard::from_bytes(bytes).ok()
    }

    /// The rows that go by a name or lie at a path, with all that share a name with one of them, directly or through
    /// others; `None` for none, and for too many.
    pub(super) fn around(&self, text: &str) -> Option<Vec<&RowFrame>> {
        let rows = || self.frame.rows().iter().zip(&self.keys);
        let at_path = rows().filter(|(row, _)| row.path == text);
        let mut wanted: HashSet<u64> = at_path.flat_map(|(_, keys)| keys.iter().copied()).collect();
        if wanted.is_empty() {
            wanted.insert(number(&reserved::key(text)));
        }
        let mut found = 0;
        loop {
            let fits = |keys: &[u64]| keys.iter().any(|key| wanted.contains(key));
            let near: Vec<_> = rows().filter(|(_, keys)| fits(keys)).take(MOST_ROWS + 1).collect();
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

    fn paths(index: &NameIndex, text: &str) -> Option<Vec<String>> {
        Some(index.around(text)?.iter().map(|row| row.path.clone()).collect())
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
