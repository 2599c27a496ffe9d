//! Who may run what.

use crate::domain::{Allowed, Caller, CostTier, Permissions, Profile, Stage, Tool, WriteMode};
use crate::engine::error::ErrorCode;

/// The answer of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunPolicy {
    /// It may run under these rules; the warning is shown to a human.
    Allow {
        /// The rules.
        profile: Profile,
        /// What a human should know.
        warning: Option<String>,
    },
    /// It may as soon as a human allows what it declares; asked once for each version.
    Ask {
        /// What it declares.
        permissions: Permissions,
        /// Why it does not run yet.
        message: String,
    },
    /// It may not.
    Refuse {
        /// `Refused` or `HumanNeeded`.
        code: ErrorCode,
        /// Why.
        message: String,
    },
}

/// What is known of exactly this version beside its row.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Whether an approval is in force.
    pub approved: bool,
    /// Why what lies on disk under its name, as it is now, does not count as approved.
    pub quarantined: Option<&'a str>,
    /// What it declares.
    pub permissions: &'a Permissions,
    /// What becomes of its writes.
    pub writes: WriteMode,
    /// What a human allowed when asked.
    pub granted: Option<&'a Allowed>,
    /// Whether a human let this very agent run exactly this version although nobody approved it.
    pub is_let: bool,
}

impl Standing<'_> {
    fn is_allowed(&self) -> bool {
        self.permissions.is_nothing() || self.granted == Some(&Allowed::new(self.permissions, self.writes))
    }
}

/// Decides by stage, approval, tier, grant and caller.
///
/// INVARIANT: every way to run a tool asks here; what is archived, prohibited or not runnable is refused
/// before anything else is looked at, whoever asks.
pub fn policy(tool: &Tool, standing: Standing<'_>, caller: &Caller) -> RunPolicy {
    let refuse = |code, message: String| RunPolicy::Refuse { code, message };
    if tool.stage == Stage::Archived {
        return refuse(ErrorCode::Refused, format!("{} is archived; restore it to run it", tool.name));
    }
    if tool.cost_tier == CostTier::Prohibited {
        return refuse(ErrorCode::Refused, format!("{} has the cost tier prohibited and never runs", tool.name));
    }
    if !tool.runnable {
        let reason = tool.reason.as_deref().unwrap_or("nothing here can run it");
        return refuse(ErrorCode::Refused, format!("{} cannot run: {reason}", tool.name));
    }
    let vouched = tool.stage.is_vouched() && standing.approved && standing.quarantined.is_none();
    if let (Caller::Agent(_), Some(why)) = (caller, standing.quarantined) {
        return refuse(ErrorCode::Refused, format!("{why}; a human must look first"));
    }
    match caller {
        // Strictly contained, and never what costs so much that a human answers each call.
        Caller::Agent(_) if standing.is_let && tool.stage == Stage::Experimental && tool.cost_tier < CostTier::High => {
            RunPolicy::Allow { profile: Profile::Strict, warning: None }
        }
        Caller::Agent(_) if !vouched => {
            refuse(ErrorCode::Refused, format!("{} is not approved; agents run approved versions only", tool.name))
        }
        Caller::Agent(_) if tool.cost_tier == CostTier::High => {
            refuse(ErrorCode::HumanNeeded, format!("{} has the cost tier high; a human must run it", tool.name))
        }
        Caller::Agent(_) if !standing.is_allowed() => refuse(
            ErrorCode::HumanNeeded,
            format!("{}: a human must allow it first, by running it once", unallowed(tool, standing)),
        ),
        Caller::Agent(_) => RunPolicy::Allow { profile: Profile::Declared, warning: None },
        Caller::Human(_) if vouched && !standing.is_allowed() => RunPolicy::Ask {
            permissions: standing.permissions.clone(),
            message: format!("{}; `run {} --allow` allows it", unallowed(tool, standing), tool.name),
        },
        Caller::Human(_) if vouched => RunPolicy::Allow { profile: Profile::Declared, warning: None },
        Caller::Human(_) => RunPolicy::Allow { profile: Profile::Strict, warning: warning(tool, standing.quarantined) },
    }
}

fn unallowed(tool: &Tool, standing: Standing<'_>) -> String {
    if standing.granted.is_some_and(|granted| granted.permissions == *standing.permissions) {
        let how = match standing.writes {
            WriteMode::Direct => "at once",
            WriteMode::Staged => "in one step after a run",
        };
        let paths = standing.permissions.write.join(", ");
        return format!("{} was allowed before it wrote {how} ({paths})", tool.name);
    }
    format!("nobody allowed {} what it declares ({})", tool.name, standing.permissions.summary())
}

fn warning(tool: &Tool, quarantined: Option<&str>) -> Option<String> {
    if let Some(why) = quarantined {
        return Some(format!("{why}: it runs strictly; restore-files, fork or a review end that"));
    }
    tool.stage.is_vouched().then(|| {
        format!("no approval of this version of {} is in force here; it runs like an experimental tool", tool.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Risk;

    fn tool(stage: Stage, cost_tier: CostTier) -> Tool {
        Tool { stage, cost_tier, classified: true, risk: Risk::Low, ..Tool::ordinary("t") }
    }

    fn writes() -> Permissions {
        Permissions { write: vec!["out".into()], ..Permissions::default() }
    }

    fn word(answer: &RunPolicy) -> &'static str {
        match answer {
            RunPolicy::Allow { profile: Profile::Strict, .. } => "strict",
            RunPolicy::Allow { profile: Profile::Declared, .. } => "declared",
            RunPolicy::Ask { .. } => "ask",
            RunPolicy::Refuse { code: ErrorCode::HumanNeeded, .. } => "human",
            RunPolicy::Refuse { .. } => "refuse",
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
                    let standing =
                        Standing { approved: true, quarantined: None, permissions, writes, granted, is_let: true };
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
            // A yes to writes that can be taken back is none to writes that cannot, nor the other way round.
            (true, &writes, WriteMode::Direct, Some(&staged), "ask", "human"),
            (true, &writes, WriteMode::Staged, Some(&direct), "ask", "human"),
            (true, &wider, WriteMode::Staged, Some(&staged), "ask", "human"),
            (false, &writes, WriteMode::Staged, Some(&staged), "strict", "refuse"),
        ] {
            for stage in [Stage::Approved, Stage::Core] {
                let (quarantined, is_let) = (None, true);
                let standing = Standing { approved, quarantined, permissions, writes: mode, granted, is_let };
                let answers = [human(), agent()].map(|who| word(&policy(&tool(stage, CostTier::Low), standing, &who)));
                assert_eq!(answers, [for_human, for_agent], "{stage} {standing:?}");
            }
        }
        let kept = Standing {
            approved: true,
            quarantined: Some("it changed"),
            permissions: &nothing,
            writes: WriteMode::Staged,
            granted: None,
            is_let: true,
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
            let standing = Standing { approved: false, quarantined, permissions, writes: mode, granted: None, is_let };
            assert_eq!(word(&policy(&tool(stage, tier), standing, &agent())), expected, "{stage} {tier} {is_let}");
        }
    }
}
