//! Unlocking of cost tiers above low. In a new workspace, only the low tier is unlocked; a human unlocks more, for one
//! tool or for a whole tier, for a period, for a session, or until it is revoked.

use super::grant::GrantScope;
use super::ids::{OperationId, UnlockId};
use super::name::ToolName;
use super::time::Instant;
use super::tool::Tool;
use super::words::CostTier;
use serde::{Deserialize, Serialize};

/// An unlocked tool or tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlock {
    /// Counts up within the workspace; `revoke` takes it.
    pub id: UnlockId,
    /// The tool; `None` unlocks every tool of the tier and of those below it.
    pub tool: Option<ToolName>,
    /// The highest unlocked tier. For a tool, its tier at that time: if the tier rises, the tool is locked again.
    pub tier: CostTier,
    /// The callers for whom it applies, and its duration.
    pub scope: GrantScope,
    /// When it expires; `None` for never.
    pub until: Option<Instant>,
    /// The human who unlocked it.
    pub who: String,
    /// When it was unlocked.
    pub at: Instant,
    /// The log entry of the unlock.
    pub operation: OperationId,
    /// Why it currently has no effect; `None` while it has.
    #[serde(default)]
    pub void: Option<String>,
}

impl Unlock {
    /// The subject in the log: the name of a tool, or `tier medium`.
    pub fn subject(&self) -> String {
        subject(self.tool.as_ref(), self.tier)
    }

    /// Whether it has not expired.
    pub fn lasts(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether it unlocks a tool of this name and tier.
    pub fn opens(&self, name: &ToolName, tier: CostTier) -> bool {
        tier <= self.tier && self.tool.as_ref().is_none_or(|tool| tool == name)
    }
}

/// The subject of an unlock in the log.
pub fn subject(tool: Option<&ToolName>, tier: CostTier) -> String {
    tool.map_or_else(|| format!("tier {tier}"), ToString::to_string)
}

/// The cost tiers that may run here and now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tiers {
    /// The highest tier that may run; `None` means everything except prohibited.
    pub cap: Option<CostTier>,
    /// Unlocks in force.
    pub unlocks: Vec<Unlock>,
    /// Whether everything up to the cap is unlocked: for a service that was unlocked when a human launched it.
    pub all_open: bool,
}

impl Tiers {
    /// Whether a tool is above the cap.
    pub fn is_above_cap(&self, tool: &Tool) -> bool {
        self.cap.is_some_and(|cap| tool.cost_tier > cap)
    }

    /// Whether a human must unlock it first. An approval in force unlocks the medium tier, because the reviewer saw the
    /// tier. An unclassified tool counts as medium, but is not locked because of that: while it is not approved, it
    /// runs strictly sandboxed.
    pub fn is_locked(&self, tool: &Tool, approved: bool) -> bool {
        let free = match tool.cost_tier {
            CostTier::Low => true,
            CostTier::Medium => approved || !tool.classified,
            CostTier::High | CostTier::Prohibited => false,
        };
        !free && !self.all_open && !self.unlocks.iter().any(|unlock| unlock.opens(tool.reviewed_as(), tool.cost_tier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unlock(tool: Option<&str>, tier: CostTier) -> Unlock {
        Unlock {
            id: UnlockId(1),
            tool: tool.map(|name| ToolName::new(name).unwrap()),
            tier,
            scope: GrantScope::Version,
            until: Some(Instant(10)),
            who: "Ada".to_owned(),
            at: Instant(0),
            operation: OperationId(1),
            void: None,
        }
    }

    fn tool(cost_tier: CostTier, classified: bool) -> Tool {
        Tool { cost_tier, classified, ..Tool::ordinary("t") }
    }

    #[test]
    fn a_workspace_begins_with_low_and_opens_a_tool_or_a_tier_at_a_time() {
        use CostTier::{High, Low, Medium};
        let none = Tiers::default();
        let of = |unlock| Tiers { unlocks: vec![unlock], ..Tiers::default() };
        let (medium, high) = (tool(Medium, true), tool(High, true));
        for (tiers, tool, approved, locked) in [
            (&none, &tool(Low, true), false, false),
            (&none, &medium, false, true),
            (&none, &medium, true, false),
            (&none, &tool(Medium, false), false, false),
            (&none, &high, true, true),
            (&of(unlock(Some("t"), Medium)), &medium, false, false),
            (&of(unlock(Some("t"), Medium)), &high, false, true),
            (&of(unlock(Some("other"), High)), &medium, false, true),
            (&of(unlock(None, High)), &medium, false, false),
            (&of(unlock(None, High)), &high, false, false),
            (&of(unlock(None, High)), &tool(CostTier::Prohibited, true), true, true),
        ] {
            assert_eq!(tiers.is_locked(tool, approved), locked, "{tiers:?} {} {approved}", tool.cost_tier);
        }
    }

    #[test]
    fn a_cap_is_the_most_that_runs_and_an_unlock_ends_with_its_time() {
        let capped = Tiers { cap: Some(CostTier::Low), unlocks: vec![unlock(None, CostTier::High)], all_open: false };
        assert!(
            capped.is_above_cap(&tool(CostTier::Medium, false)) && !capped.is_above_cap(&tool(CostTier::Low, true))
        );
        assert!(!Tiers::default().is_above_cap(&tool(CostTier::High, true)));
        assert!(unlock(None, CostTier::High).lasts(Instant(9)) && !unlock(None, CostTier::High).lasts(Instant(10)));
        assert!(Unlock { until: None, ..unlock(None, CostTier::High) }.lasts(Instant(i64::MAX)));
    }
}
