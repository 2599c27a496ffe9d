//! Who may run what.

use crate::domain::{Allowed, Caller, CostTier, Kind, Permissions, Profile, Stage, Tiers, Tool, WriteMode};
use crate::engine::error::ErrorCode;

/// The result of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunPolicy {
    /// It may run under these rules.
    Allow {
        /// Permissions that the sandbox grants.
        profile: Profile,
        /// A warning for a human.
        warning: Option<String>,
    },
    /// It may run once a human agrees.
    Ask {
        /// The question to the human.
        question: Question,
        /// Why it does not run yet.
        message: String,
    },
    /// It may not run, and no answer to a question changes that.
    Refuse {
        /// `Refused`, or `HumanNeeded` if a human could do it.
        code: ErrorCode,
        /// Sentence for the caller that names the rule.
        message: String,
    },
}

/// The consent that a run needs from a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Consent to the declared permissions of the tool; asked once for each version.
    Allow,
    /// Consent to unlocking its cost tier.
    Unlock,
    /// Consent to this one call of an agent.
    Permit,
}

/// Set if the files under the name of an approved tool do not count as approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The reason, in one line.
    pub why: String,
    /// How a human can fix it, in one line.
    pub remedy: String,
}

/// What is known about exactly this version in addition to its row.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Whether an approval is in force.
    pub approved: bool,
    /// Set if the present files under its name do not count as approved.
    pub quarantined: Option<&'a Quarantine>,
    /// Permissions that the manifest declares.
    pub permissions: &'a Permissions,
    /// How its writes are made.
    pub writes: WriteMode,
    /// What a human granted when asked.
    pub granted: Option<&'a Allowed>,
    /// Whether this agent has a grant for exactly this unapproved version.
    pub is_let: bool,
    /// The cost tiers that may run here and now.
    pub tiers: &'a Tiers,
    /// The set of tools in use, if it excludes this tool; `None` otherwise.
    pub unused: Option<&'a str>,
}

impl Standing<'_> {
    fn is_allowed(&self) -> bool {
        self.permissions.is_nothing() || self.granted == Some(&Allowed::new(self.permissions, self.writes))
    }
}

/// Decides by stage, approval, tier, grant and caller.
///
/// INVARIANT: every way to run a tool calls this function. An archived, prohibited or unrunnable tool is refused before
/// anything else is tested, whoever asks.
pub fn policy(tool: &Tool, standing: Standing<'_>, caller: &Caller) -> RunPolicy {
    let refuse = |code, message: String| RunPolicy::Refuse { code, message };
    if tool.stage == Stage::Archived {
        return refuse(
            ErrorCode::Refused,
            format!("{} is archived; `toolsmith restore {}` restores it", tool.name, tool.reviewed_as()),
        );
    }
    if tool.cost_tier == CostTier::Prohibited {
        return refuse(ErrorCode::Refused, format!("{} has the cost tier prohibited, so it never runs", tool.name));
    }
    if standing.tiers.is_above_cap(tool) {
        let cap = standing.tiers.cap.unwrap_or(CostTier::Low);
        let message = format!("{} has the cost tier {}, but the limit here is {cap}", tool.name, tool.cost_tier);
        return refuse(ErrorCode::Refused, message);
    }
    if let Some(selection) = standing.unused {
        return refuse(ErrorCode::Refused, format!("{} is not in the tool set in use ({selection})", tool.name));
    }
    if !tool.may_start() {
        let reason = tool.reason.as_deref().unwrap_or("this kind of tool is not supported");
        return refuse(ErrorCode::Refused, format!("{} cannot run: {reason}", tool.name));
    }
    let vouched = tool.stage.is_vouched() && standing.approved && standing.quarantined.is_none();
    if let (Caller::Agent(_), Some(found)) = (caller, standing.quarantined) {
        return refuse(ErrorCode::Refused, format!("{}; a human must check it first", found.why));
    }
    let locked = standing.tiers.is_locked(tool, vouched || standing.is_let);
    match caller {
        // Strictly sandboxed, and never for a tier that needs a permit for each call.
        Caller::Agent(_) if standing.is_let && tool.stage == Stage::Experimental && tool.cost_tier < CostTier::High => {
            RunPolicy::Allow { profile: Profile::Strict, warning: None }
        }
        Caller::Agent(_) if !vouched => refuse(
            ErrorCode::Refused,
            format!(
                "{0} is not approved; agents may run approved versions only; `toolsmith request {0} --rationale TEXT` asks for approval",
                tool.name
            ),
        ),
        Caller::Agent(_) if !standing.is_allowed() => refuse(
            ErrorCode::HumanNeeded,
            format!("{}: a human must allow it first by running it once", unallowed(tool, standing)),
        ),
        Caller::Agent(_) if tool.cost_tier == CostTier::High => RunPolicy::Ask {
            question: Question::Permit,
            message: format!("{} has the cost tier high: a human permits each run of an agent", tool.name),
        },
        Caller::Agent(_) if locked => {
            let message =
                format!("{} has the cost tier {} and is locked; a human must unlock it", tool.name, tool.cost_tier);
            refuse(ErrorCode::HumanNeeded, message)
        }
        Caller::Agent(_) => RunPolicy::Allow { profile: Profile::Declared, warning: None },
        Caller::Human(_) if locked => RunPolicy::Ask {
            question: Question::Unlock,
            message: format!(
                "{0} has the cost tier {1} and is locked; `toolsmith unlock {2}` unlocks it",
                tool.name,
                tool.cost_tier,
                tool.reviewed_as()
            ),
        },
        Caller::Human(_) if vouched && !standing.is_allowed() => RunPolicy::Ask {
            question: Question::Allow,
            message: format!(
                "{}; `toolsmith {} {} --allow` allows it",
                unallowed(tool, standing),
                if tool.kind == Kind::Service { "launch" } else { "run" },
                tool.name
            ),
        },
        Caller::Human(_) if vouched => RunPolicy::Allow { profile: Profile::Declared, warning: None },
        Caller::Human(_) => RunPolicy::Allow { profile: Profile::Strict, warning: warning(tool, standing.quarantined) },
    }
}

fn unallowed(tool: &Tool, standing: Standing<'_>) -> String {
    if standing.granted.is_some_and(|granted| granted.permissions == *standing.permissions) {
        let how = match standing.writes {
            WriteMode::Direct => "directly",
            WriteMode::Staged => "in one step after a run",
        };
        let paths = standing.permissions.write.join(", ");
        return format!("{} was allowed before, but not to write {how} ({paths})", tool.name);
    }
    format!("the declared permissions of {} are not granted yet ({})", tool.name, standing.permissions.summary())
}

fn warning(tool: &Tool, quarantined: Option<&Quarantine>) -> Option<String> {
    if let Some(Quarantine { why, remedy }) = quarantined {
        return Some(format!("{why}: it runs strictly sandboxed; {remedy}"));
    }
    tool.stage
        .is_vouched()
        .then(|| format!("this version of {} is not approved here; it runs like an experimental tool", tool.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GrantScope, Instant, OperationId, Risk, Unlock, UnlockId};

    fn tool(stage: Stage, cost_tier: CostTier) -> Tool {
        Tool { stage, cost_tier, classified: true, risk: Risk::Low, ..Tool::ordinary("t") }
    }

    fn changed() -> Quarantine {
        Quarantine { why: "it changed".to_owned(), remedy: "put it back".to_owned() }
    }

    fn writes() -> Permissions {
        Permissions { write: vec!["out".into()], ..Permissions::default() }
    }

    fn word(answer: &RunPolicy) -> &'static str {
        match answer {
            RunPolicy::Allow { profile: Profile::Strict, .. } => "strict",
            RunPolicy::Allow { profile: Profile::Declared, .. } => "declared",
            RunPolicy::Ask { question: Question::Allow, .. } => "ask",
            RunPolicy::Ask { question: Question::Unlock, .. } => "locked",
            RunPolicy::Ask { question: Question::Permit, .. } => "permit",
            RunPolicy::Refuse { code: ErrorCode::HumanNeeded, .. } => "human",
            RunPolicy::Refuse { .. } => "refuse",
        }
    }

    fn everything() -> Unlock {
        Unlock {
            id: UnlockId(1),
            tool: None,
            tier: CostTier::Prohibited,
            scope: GrantScope::Version,
            until: None,
            who: "Ada".to_owned(),
            at: Instant(0),
            operation: OperationId(1),
            void: None,
        }
    }

    #[test]
    fn what_costs_more_than_low_waits_for_a_human_and_nothing_goes_above_a_cap() {
        use CostTier::{High, Low, Medium};
        let nothing = Permissions::default();
        let (closed, open) = (Tiers::default(), Tiers { unlocks: vec![everything()], ..Tiers::default() });
        let capped = Tiers { cap: Some(Medium), ..open.clone() };
        for (tier, tiers, approved, for_human, for_agent) in [
            (Low, &closed, false, "strict", "refuse"),
            (Medium, &closed, false, "locked", "refuse"),
            (Medium, &open, false, "strict", "refuse"),
            // The reviewer saw the tier.
            (Medium, &closed, true, "declared", "declared"),
            (High, &closed, true, "locked", "permit"),
            (High, &open, true, "declared", "permit"),
            (Medium, &capped, true, "declared", "declared"),
            (High, &capped, true, "refuse", "refuse"),
        ] {
            let standing = Standing {
                approved,
                quarantined: None,
                permissions: &nothing,
                writes: WriteMode::Staged,
                granted: None,
                is_let: false,
                tiers,
                unused: None,
            };
            let tool = tool(if approved { Stage::Approved } else { Stage::Experimental }, tier);
            let answers = [human(), agent()].map(|who| word(&policy(&tool, standing, &who)));
            assert_eq!(answers, [for_human, for_agent], "{tier} {approved} {tiers:?}");
            let unused = Standing { unused: Some("minimal"), ..standing };
            assert_eq!(word(&policy(&tool, unused, &human())), "refuse", "it is not in use");
        }
    }

    fn human() -> Caller {
        Caller::Human("Ada".into())
    }

    fn agent() -> Caller {
        Caller::Agent("a".into())
    }

    #[test]
    fn what_is_prohibited_runs_for_nobody_whatever_was_approved_and_allowed() {
        let (nothing, writes) = (Permissions::default(), writes());
        for stage in Stage::ALL {
            for permissions in [&nothing, &writes] {
                for caller in [human(), agent()] {
                    let writes = WriteMode::Staged;
                    let allowed = Allowed::new(permissions, writes);
                    let granted = Some(&allowed);
                    let open = Tiers { unlocks: vec![everything()], ..Tiers::default() };
                    let standing = Standing {
                        approved: true,
                        quarantined: None,
                        permissions,
                        writes,
                        granted,
                        is_let: true,
                        tiers: &open,
                        unused: None,
                    };
                    let answer = policy(&tool(*stage, CostTier::Prohibited), standing, &caller);
                    assert_eq!(word(&answer), "refuse", "{stage} {caller:?}");
                }
            }
        }
    }

    #[test]
    fn the_first_run_of_an_approved_version_that_declares_anything_is_asked_about() {
        let (nothing, writes) = (Permissions::default(), writes());
        let wider = Permissions { network: vec!["full".into()], ..writes.clone() };
        let staged = Allowed::new(&writes, WriteMode::Staged);
        let direct = Allowed::new(&writes, WriteMode::Direct);
        for (approved, permissions, mode, granted, for_human, for_agent) in [
            (true, &nothing, WriteMode::Staged, None, "declared", "declared"),
            (true, &writes, WriteMode::Staged, None, "ask", "human"),
            (true, &writes, WriteMode::Staged, Some(&staged), "declared", "declared"),
            (true, &writes, WriteMode::Direct, Some(&direct), "declared", "declared"),
            // Permission for writes that can be undone does not permit writes that cannot be undone, and vice versa.
            (true, &writes, WriteMode::Direct, Some(&staged), "ask", "human"),
            (true, &writes, WriteMode::Staged, Some(&direct), "ask", "human"),
            (true, &wider, WriteMode::Staged, Some(&staged), "ask", "human"),
            (false, &writes, WriteMode::Staged, Some(&staged), "strict", "refuse"),
        ] {
            for stage in [Stage::Approved, Stage::Core] {
                let (quarantined, is_let) = (None, true);
                let standing = Standing {
                    approved,
                    quarantined,
                    permissions,
                    writes: mode,
                    granted,
                    is_let,
                    tiers: &Tiers::default(),
                    unused: None,
                };
                let answers = [human(), agent()].map(|who| word(&policy(&tool(stage, CostTier::Low), standing, &who)));
                assert_eq!(answers, [for_human, for_agent], "{stage} {standing:?}");
            }
        }
        let changed = changed();
        let kept = Standing {
            approved: true,
            quarantined: Some(&changed),
            permissions: &nothing,
            writes: WriteMode::Staged,
            granted: None,
            is_let: true,
            tiers: &Tiers::default(),
            unused: None,
        };
        let answers = [human(), agent()].map(|who| word(&policy(&tool(Stage::Core, CostTier::Low), kept, &who)));
        assert_eq!(answers, ["strict", "refuse"], "the kept copy is approved, what lies on disk is not");
        let standing = Standing {
            approved: false,
            quarantined: None,
            permissions: &writes,
            writes: WriteMode::Staged,
            granted: None,
            is_let: true,
            tiers: &Tiers::default(),
            unused: None,
        };
        assert_eq!(word(&policy(&tool(Stage::Experimental, CostTier::Low), standing, &human())), "strict");
    }

    #[test]
    fn an_agent_with_leave_runs_an_experimental_version_strictly_and_nothing_else() {
        let nothing = writes();
        let mode = WriteMode::Staged;
        for (stage, tier, is_let, expected) in [
            (Stage::Experimental, CostTier::Low, true, "strict"),
            (Stage::Experimental, CostTier::Medium, true, "strict"),
            (Stage::Experimental, CostTier::High, true, "refuse"),
            (Stage::Experimental, CostTier::Prohibited, true, "refuse"),
            (Stage::Experimental, CostTier::Low, false, "refuse"),
            (Stage::Approved, CostTier::Low, true, "refuse"),
            (Stage::Archived, CostTier::Low, true, "refuse"),
        ] {
            let (quarantined, permissions) = (None, &nothing);
            let standing = Standing {
                approved: false,
                quarantined,
                permissions,
                writes: mode,
                granted: None,
                is_let,
                tiers: &Tiers::default(),
                unused: None,
            };
            assert_eq!(word(&policy(&tool(stage, tier), standing, &agent())), expected, "{stage} {tier} {is_let}");
        }
    }
}
