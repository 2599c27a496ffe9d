//! The state of a workspace: one SQLite database and the kept copies of versions.
//!
//! This is the only module that uses SQL. A change is one transaction ([`Store::transact`]) that writes rows and event
//! rows together; observers read [`Queries::events_since`]. There is no other notification path.
//!
//! The store deliberately decides nothing (no policy, no stage rules), starts nothing, reads no clock (each transaction
//! is given the time), and never touches the workspace. Kept copies ([`Copies`]) do not use SQL, and the database does
//! not hold their bytes.
//!
//! A [`Store`] is the write connection of a process, a [`StoreReader`] is a read-only connection. Both give
//! [`Queries`], and so does the [`Tx`] inside a transaction. Several processes may have the same folder open; SQLite's
//! write lock orders them.

mod agent_grants;
mod answers;
mod approved_interpreters;
mod backup;
mod behaviour;
mod buffers;
mod cache;
mod comments;
mod connection;
mod connections;
mod copies;
mod decisions;
mod deprecations;
mod documents;
mod error;
mod events;
mod evolutions;
mod export;
mod failures;
mod files;
#[cfg(test)]
mod fixture;
mod grants;
mod held;
mod intents;
mod leases;
mod marks;
mod operations;
mod opportunities;
mod pins;
mod queries;
mod requests;
mod restoring;
mod reviews;
mod runs;
mod schema;
mod seen;
mod services;
mod signatures;
mod state;
mod steps;
mod team;
mod tiers;
mod tokens;
mod tx;
mod upkeep;
mod values;
mod verdicts;
mod versions;
mod viewing;

pub use answers::Lesson;
pub use backup::{look_into, make_if_due as make_backup_if_due, read as read_backup};
pub use buffers::{BufferClock, BufferItem, ItemMove, ItemState, ReportedUses, Tell, UseCounts};
pub use cache::{AppliedScan, LastScan};
pub use connection::{Store, StoreReader};
pub use connections::{ConnectionRow, agent_connections, connect_agent, disconnect_agent, use_permit};
pub use copies::{Copies, CopyError};
pub use decisions::{KeptDecision, KeptDecisions};
pub use documents::Documents;
pub use error::{StoreError, StoreResult};
pub use evolutions::{EvolutionQuery, NewEvolution};
pub use export::{ExportedTool, write_export};
pub use files::spools;
pub use files::{Backup, list as backups};
pub use held::HeldLock;
pub use intents::Intent;
pub use leases::RunningRow;
pub use operations::{LogCheck, NewOperation};
pub use queries::Queries;
pub use restoring::{Replaced, RestoreSource, has_database, replace};
pub use reviews::{NewReview, ReviewHead, ReviewOutcome};
pub use runs::{FinishedRun, HourOfRuns, JudgedRun, NewRun, RunQuery, Stats, VersionStats};
pub use schema::has_newer_format;
pub use seen::LogEnd;
pub use services::{InstanceRow, NewExchange, ServiceRows, ServiceWriter, Wish};
pub use signatures::{LogRow, LogSignature};
pub use steps::steps_of;
pub use team::{TeamFile, TeamFiles, TeamSync, TeamWriter};
pub use tokens::{TokenRow, agent_token, agent_tokens, create_agent_token, revoke_agent_token, use_agent_token};
pub use tx::Tx;
pub use verdicts::Unexamined;
pub use versions::{Approval, PresentRow, VersionRow};
