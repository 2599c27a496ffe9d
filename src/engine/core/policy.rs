//! Who may run what.

use crate::domain::{Caller, CostTier, Profile, Stage, Tool};
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
    /// It may not.
    Refuse {
        /// `Refused` or `HumanNeeded`.
        code: ErrorCode,
        /// Why.
        message: String,
    },
}

/// Decides by stage, approval, tier and caller. `approved` says whether an approval of exactly this
/// digest is in force.
pub fn policy(tool: &Tool, approved: bool, caller: &Caller) -> RunPolicy {
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
    let vouched = tool.stage.is_vouched() && approved;
    match caller {
        Caller::Agent(_) if !vouched => {
            refuse(ErrorCode::Refused, format!("{} is not approved; agents run approved versions only", tool.name))
        }
        Caller::Agent(_) if tool.cost_tier == CostTier::High => {
            refuse(ErrorCode::HumanNeeded, format!("{} has the cost tier high; a human must run it", tool.name))
        }
        Caller::Agent(_) => RunPolicy::Allow { profile: Profile::Declared, warning: None },
        Caller::Human(_) if vouched => RunPolicy::Allow { profile: Profile::Declared, warning: None },
        Caller::Human(_) => RunPolicy::Allow { profile: Profile::Strict, warning: warning(tool) },
    }
}

fn warning(tool: &Tool) -> Option<String> {
    tool.stage.is_vouched().then(|| {
        format!("no approval of this version of {} is in force here; it runs like an experimental tool", tool.name)
    })
}
