//! Collects items of a stream, so that many share one transaction.

/// Maximum number of items in one transaction.
pub const GATHER_ITEMS: usize = 100;
/// Maximum time that an item waits for others, milliseconds. At 1,000 items a second, this makes 20 transactions a
/// second.
pub const GATHER_MS: u64 = 50;

/// Items that were read but not yet written. The caller passes in the time, in milliseconds that never decrease.
#[derive(Debug)]
pub struct Gather<T> {
    items: Vec<T>,
    since_ms: u64,
}

impl<T> Default for Gather<T> {
    fn default() -> Gather<T> {
        Gather { items: Vec::new(), since_ms: 0 }
    }
}

impl<T> Gather<T> {
    /// Adds an item; returns all items when there are enough.
    pub fn push(&mut self, item: T, now_ms: u64) -> Option<Vec<T>> {
        if self.items.is_empty() {
            self.since_ms = now_ms;
        }
        self.items.push(item);
        (self.items.len() >= GATHER_ITEMS).then(|| std::mem::take(&mut self.items))
    }

    /// Milliseconds until the oldest item is due; `None` when there is no item.
    pub fn left_ms(&self, now_ms: u64) -> Option<u64> {
        (!self.items.is_empty()).then(|| (self.since_ms + GATHER_MS).saturating_sub(now_ms))
    }

    /// Returns all items when the oldest one is due.
    pub fn due(&mut self, now_ms: u64) -> Option<Vec<T>> {
        (self.left_ms(now_ms) == Some(0)).then(|| std::mem::take(&mut self.items))
    }

    /// Returns the remaining items.
    pub fn rest(&mut self) -> Vec<T> {
        std::mem::take(&mut self.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_items_a_second_are_twenty_groups_a_second_and_a_burst_is_one() {
        let mut gather = Gather::default();
        let mut groups: Vec<usize> = Vec::new();
        for ms in 0..10_000 {
            groups.extend(gather.due(ms).map(|group| group.len()));
            groups.extend(gather.push(ms, ms).map(|group| group.len()));
        }
        groups.push(gather.rest().len());
        assert_eq!((groups.len(), groups.iter().sum::<usize>()), (200, 10_000));
        let burst: Vec<usize> = (0..250).filter_map(|n| gather.push(n, 10_000).map(|group| group.len())).collect();
        assert_eq!((burst, gather.left_ms(10_049), gather.due(10_049)), (vec![100, 100], Some(1), None));
        assert_eq!(gather.due(10_050).map(|group| group.len()), Some(50));
        assert_eq!(gather.left_ms(10_050), None);
    }
}
