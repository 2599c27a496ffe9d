//! Searching the kept output of runs, off the loop's thread.

use super::Performer;
use super::logs::ReadSpool;
use crate::engine::{Engine, EngineError, Spool};
use crate::tui::effect::SpoolQuest;
use crate::tui::msg::{Answer, chunk};
use crate::tui::widget::{Hit, SpoolSearch};
use std::sync::atomic::Ordering;

/// How many bytes of a spool are read at once; between two reads the search can be cancelled.
const STEP: usize = 1 << 20;
/// How many matches are counted and can be visited.
const MOST_HITS: usize = 500_000;

impl Performer {
    /// Searches, and sends matches as they are found. A later search cancels this one.
    pub(super) fn find(&self, engine: &Engine, quest: &SpoolQuest) {
        if self.shared.search.fetch_max(quest.ticket, Ordering::Relaxed) > quest.ticket {
            return;
        }
        let path = engine.runs().spool_path(quest.run);
        let is_wanted = || self.shared.search.load(Ordering::Relaxed) == quest.ticket;
        let found = |hits, over| {
            self.answer(Answer::SpoolHits { tab: quest.tab, ticket: quest.ticket, hits, over });
            is_wanted()
        };
        let searched = Spool::open(&path).map_err(EngineError::internal).and_then(|spool| {
            search(quest, &|offset| spool.frames(offset, STEP).map_err(EngineError::internal), &is_wanted, &found)
        });
        if let Err(error) = searched {
            found(Vec::new(), Some(false));
            self.answer(Answer::Trouble(error));
        }
    }
}

/// Searches the data that is read; passes on new matches, and at the end whether there are more.
pub(in crate::tui) fn search(
    quest: &SpoolQuest,
    read: &ReadSpool<'_>,
    is_wanted: &dyn Fn() -> bool,
    found: &dyn Fn(Vec<Hit>, Option<bool>) -> bool,
) -> Result<(), EngineError> {
    let Some(mut search) = SpoolSearch::new(&quest.text, quest.before) else { return Ok(()) };
    let (mut offset, mut count) = (0, 0);
    loop {
        let (frames, next) = read(offset)?;
        let goes_on = !frames.is_empty() && frames.iter().all(|frame| search.push(chunk(frame)));
        if !is_wanted() {
            return Ok(());
        }
        if !goes_on {
            search.end();
        }
        offset = next;
        let mut hits = search.take();
        let has_more = count + hits.len() > MOST_HITS;
        hits.truncate(MOST_HITS - count);
        count += hits.len();
        if !goes_on || has_more {
            found(hits, Some(has_more));
            return Ok(());
        }
        if !hits.is_empty() && !found(hits, None) {
            return Ok(());
        }
    }
}
