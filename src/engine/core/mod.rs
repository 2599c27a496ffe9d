//! The rules: how a command changes the store, and which effects follow.
//!
//! Every function here works inside one transaction, gets the time from it, and accesses nothing outside the store.
//! Work outside the store (moving files, committing) is recorded as an intent in the same transaction and performed by
//! the caller; after a crash, the intent still exists.

mod allow;
mod ancestors;
mod annotate;
mod applying;
mod approvals;
mod behaviour;
mod bringing;
pub mod buffering;
mod commit_notes;
mod decide;
#[cfg(test)]
mod decide_tests;
mod decided;
mod decision;
mod deprecate;
mod expiry;
mod failing;
#[cfg(test)]
mod fixture;
mod gate;
mod gates;
mod grant;
mod leave;
mod ledger;
mod lifecycle;
mod marking;
mod opportunity;
mod part;
mod pen;
mod pins;
mod placed;
mod policy;
mod posted;
mod promotion;
mod proposals;
mod reading;
mod rebuild;
mod relocation;
mod reopening;
mod rollback;
mod row_changes;
#[cfg(test)]
mod rule_tests;
mod scan;
#[cfg(test)]
mod scan_tests;
pub mod services;
mod sign_log;
mod staged_edits;
mod starter;
mod statement;
mod step;
mod team;
#[cfg(test)]
mod team_tests;
mod tiers;
mod tool_state;
mod undo;
mod undo_effects;
mod undo_note;
#[cfg(test)]
mod undo_tests;
mod versions;
mod votes;
mod vouch;

pub use allow::allow;
pub use ancestors::Ancestors;
pub use annotate::{NewComment, comment, mark, withdraw};
pub use applying::apply;
pub use approvals::Approvals;
pub use behaviour::{ask_about_server, end_run};
pub use bringing::{TeamApproval, bring, redefine, update};
pub use decide::{decide, undecided};
pub use decided::{fault_of_review, fault_of_state};
pub use decision::DecisionContext;
pub use deprecate::{Mark, deprecate};
pub use expiry::expire;
pub use failing::{resolve, untag};
pub use gates::Gates;
pub use grant::{grant, revoke};
pub use leave::{fault_of_allowed, fault_of_leave, fault_of_unlock};
pub use ledger::Ledger;
pub use lifecycle::{archive, archived_placement, promote, restore};
pub use marking::{check_scenario, edit_mark, mark_failure, take_back_lesson, unknown_mark};
pub use opportunity::dismiss_opportunity;
pub use part::part_of;
pub use pen::{Pen, SIGN, Signed, demands_signature, signed_text};
pub use pins::pin;
pub use placed::{Beside, Placed, stage_placement};
pub use policy::{Quarantine, Question, RunPolicy, Standing, policy};
pub use posted::{Posted, post};
pub use promotion::Promoted;
pub use reading::{evidence_digest, evidence_now, objections};
pub use rebuild::{FROM_LOG, rebuild};
pub use relocation::{APPROVAL_FILE, ApprovalFileChange, CommitNote, Relocation, Touched};
pub use rollback::{Comeback, Fork, fork, restore_files, rollback};
pub use scan::{Unsettled, apply_scan, digest_of_rows, is_applied, is_followed, reviews_about};
pub use sign_log::sign_log;
pub use staged_edits::{Applying, Content, Edit, run_subject};
pub use starter::{StarterSet, adopt_starter};
pub use step::{Actor, IntentBody, Step, Work};
pub use team::{
    POLICY_IN_FORCE, Shared, TeamChange, TeamContext, TeamVote, basis_of, chain_of, decision_of, log_team,
    ours_against, ours_for, policies_of, rules_of, share, take_in, team_version, team_version_here, unanswered,
    unsigned_file, with_bases,
};
pub use tiers::{save_set, told_scope, unlock};
pub use tool_state::clear_state;
pub use undo::undo;
pub use undo_note::UndoNote;
pub use versions::{trim, use_in_session};
pub use votes::missing_votes;
pub use vouch::{OF_TEAM, Vouched, adopt_signed, approval_file, beside, was_taken_back};
