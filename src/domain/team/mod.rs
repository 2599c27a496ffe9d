//! Decisions of a team: signed decision files named by their content, the policy that defines whose decisions count,
//! and the resulting state. Everything here is a function of the set of files: neither their order of arrival nor a
//! clock changes the result.

mod criteria;
mod decision;
mod file_name;
mod import;
mod policy;
mod policy_changes;
mod scopes;
#[cfg(test)]
mod scopes_tests;
mod signature;
mod standing;
mod state;
#[cfg(test)]
mod state_tests;
mod statement;
mod verdict;

pub use criteria::{DEPLOY, Need, RUN};
pub use decision::{DecisionText, MAX_FILE_BYTES, MAX_REASON_CHARS, SignedDecision, Subject, TeamDecision, TeamKind};
pub use file_name::FileName;
pub use import::{ImportLock, ImportedRules, MAX_LOCKED, TeamRules, UnsignedFile};
pub use policy::{ADMIN, Criterion, Import, MAX_POLICY_BYTES, Signer, TeamPolicy, Threshold, mail_or_name};
pub use signature::{SIGNATURE_NAMESPACE, SigningKey};
#[cfg(test)]
pub(crate) use signature::{test_key, test_signature};
pub use state::{PolicyChain, TeamState, UnsignedFiles};
pub use statement::{Scope, Statement};
pub use verdict::{TeamStatus, TeamVersion};
