//! Points in time as plain numbers: the domain never reads a clock, callers pass the time.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: milliseconds since the Unix epoch, UTC. On the wire it is RFC 3339 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub i64);

impl Instant {
    /// Milliseconds from `earlier` to `self`; 0 if `earlier` is later.
    pub fn since_ms(self, earlier: Instant) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

/// Writes a point in time as RFC 3339 in UTC with milliseconds, for example
/// `2026-01-02T03:04:05.678Z`. A value outside jiff's range (years -9999 to 9999) is clamped.
pub fn rfc3339(at: Instant) -> String {
    let stamp = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    format!("{stamp:.3}")
}

/// Writes a point in time for people, in UTC: `2026-01-02 03:04 UTC`. Clamped as by [`rfc3339`].
pub fn to_the_minute(at: Instant) -> String {
    let stamp = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
    stamp.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(*self))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let stamp: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Instant(stamp.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_time_survives_the_wire() {
        let at = Instant(1_767_323_045_678);
        assert_eq!(rfc3339(at), "2026-01-02T03:04:05.678Z");
        assert_eq!(to_the_minute(at), "2026-01-02 03:04 UTC");
        let wire = serde_json::to_string(&at).unwrap();
        assert_eq!(serde_json::from_str::<Instant>(&wire).unwrap(), at);
    }
}
