//! The current time by the system clock; times before 1970 count as 1970.

use crate::domain::Instant;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
