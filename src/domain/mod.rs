//! Pure data and rules: what a tool, a version, a run, a failure and a review are.
//!
//! No IO, no async, no clock, no environment: everything here is a value or a function of values.
//! The types that front ends print (`Tool`, `Run`, `FailureGroup`, `Review`, `Operation`, `Problem`)
//! serialize to exactly the fields that scripts rely on.

pub mod ansi;
mod argument;
mod as_written;
mod attempt;
pub mod budget;
mod buffer;
mod capability;
mod check;
mod code_sketch;
mod command;
mod comment;
pub mod composite;
mod decision_request;
pub mod description;
mod digest;
mod encoding;
mod envelope;
pub mod evaluators;
mod event;
mod evolution;
mod failure;
mod failure_kind;
mod form;
mod grant;
mod hidden;
mod http;
mod ids;
mod implementation;
mod interpreter;
mod keeping;
mod manifest;
mod mapped;
mod mark;
pub mod mcp;
mod mutation;
mod name;
mod natural;
mod near;
mod need;
mod observation;
mod operation;
mod opportunity;
mod origin;
mod parameter;
mod paths;
mod permission;
mod place;
mod problem;
mod promotions;
mod prompt;
mod quantity;
mod query;
mod redact;
mod replay;
mod request;
mod review;
mod run;
mod schema;
mod schema_cost;
mod schema_fault;
mod schema_hidden;
mod secret;
mod secret_input;
mod selection;
mod semver_step;
pub mod service;
pub mod shell;
mod shown;
mod skipped;
pub mod source;
mod specification;
pub mod standard;
mod state_rule;
pub mod team;
mod text;
mod texts;
mod time;
mod told_apart;
mod tool;
mod tool_extras;
mod typical;
mod unlock;
mod upkeep;
mod uses;
mod utility;
mod verb_call;
mod versioned;
pub(crate) mod words;

pub use argument::{ANSWERED, ArgCondition, ArgPlace, ArgRule, ArgRuleError, OPTIONS_FIRST, OptionForms};
pub use as_written::{LostJson, decimal, numbers, read_as_written};
pub use budget::DIFF_TIME;
pub use buffer::{
    Buffer, BufferAct, BufferEvent, BufferId, BufferLevel, BufferRule, BufferSink, MAX_BATCH, MAX_BATCH_BYTES,
    MAX_ITEM_BYTES, MAX_TRIES, MAX_WAITING, MAX_WAITING_BYTES, Strategy, ToolUse, USAGE_BUFFER,
};
pub use capability::{Capability, CapabilityKind};
pub use check::{CheckReport, CheckState, Finding, Gate, NO_BASE, Tally, Verdict};
pub use code_sketch::CodeSketch;
pub use command::{Caller, Command, Outcome, agent_name};
pub use comment::{Comment, CommentAnchor, CommentKind, ReadMark, lines_of};
pub use decision_request::DecisionRequest;
pub use digest::{Digest, DigestBuilder, DigestParseError, FileMode, VersionFile};
pub use encoding::{OtherEncoding, marked as marked_encoding, other_encoding};
pub use envelope::{Envelope, LoadedCode, PermissionLine, PermissionUse, SeenAttempt};
pub use event::{Event, EventKind, Topic};
pub use evolution::{Evolution, EvolutionState, EvolveAsked, ExaminedAnswer, Learnt};
pub use failure::{AffectedVersion, FailureGroup, GroupState, Incident, Severity, median_recovery_ms, signature_of};
pub use failure_kind::failure_kind;
pub use form::{Field, FieldKind, FieldViolation, Form, FormError, Scalar};
pub use grant::{AgentGrant, AllowGrant, GrantKey, GrantScope};
pub use hidden::hidden_in;
pub use hidden::is_hidden;
pub use http::{HttpBody, HttpDefinition, HttpOrder, HttpRequest, Origin as HttpOrigin};
pub use ids::{CommentId, EventSeq, EvolutionId, GrantId, MarkId, OperationId, ReviewId, RunId, UnlockId};
pub use implementation::{CommandLine, CommandWord, HttpCall, Implementation, limits_of};
pub use interpreter::{InterpreterFacts, Missing};
pub use keeping::{KeepOutput, KeptOutput};
pub use manifest::{
    Dialect, Example, InputMode, LimitsDeclared, Manifest, Permissions, Provenance, READ_FROM_CODE, Recipe,
    SuccessRule, TestCase, input_variable, is_read_from_code,
};
pub use mapped::MappedLine;
pub use mark::{FailureMark, MarkWords, NewMark, Unanswered, UnansweredKind, Winner};
pub use mutation::{FailureKind, Mutation};
pub use name::{NameError, ToolName};
pub use natural::natural_order;
pub use near::{near_word, nearest_word};
pub use need::Need;
pub use observation::{Answer, Attempt, Difference, FileChange, LoadedFile, Observation, Observer, Touch};
pub use operation::Operation;
pub use opportunity::{
    DismissedOpportunity, Opportunity, OpportunityKind, OpportunitySources, RunFact, Suggested, Witness, Worth,
};
pub use origin::{OriginDecision, OriginEvolution, VersionOrigin};
pub use parameter::{InputParameter, InputSource, ParameterType};
pub use paths::clean_path;
pub use permission::{
    Access, Allowed, Anchor, CALL_MODULES, DeclaredPath, Ground, Network, PROTECTED, PermissionFault, WriteMode,
    is_followed_anywhere, is_never_written, names_secrets,
};
pub use place::generalise;
pub use problem::{Problem, ProblemCode};
pub use promotions::{PROMOTIONS_FILE, Promotion, Promotions, PromotionsError};
pub use prompt::{PromptDefinition, Question};
pub use quantity::{age, ago, count, grouped, lasted, ordinal, percent, plural, size, span};
pub use query::{Query, QueryField, UnknownValue, named as query_values, unknown_term_words};
pub use redact::{
    CodeRedactor, MIN_SECRET, RedactStream, Redactions, Redactor, is_redacted, is_secret_variable, shown_variable,
    without_redacted,
};
pub use replay::{ReplayOutcome, Replayed};
pub use request::{PlanChange, Request, RequestKind, TestResult, TestState};
pub use review::{Decision, DecisionKind, Review, ReviewKind, ReviewOrder, ReviewState, Risk, ToolReview};
pub use run::{Isolation, IsolationLevel, Profile, Run, RunEnd, RunOutcome, RunUsage, Sample, Stream};
pub use schema::{Checker, Violation, unusable_schema, validate};
pub use schema_fault::schema_fault;
pub use schema_hidden::hidden_label;
pub use secret::Secret;
pub use secret_input::{MASK, is_secret_input, masked_input, redacted_input};
pub use selection::{Chosen, Preset, Selection, SetMember, ToolSet};
pub use semver_step::{Proposal, Step, propose};
pub use shown::{DisplayRecord, SeenPart, Unread};
pub use skipped::{SkippedFile, skipped_because, skipped_kinds};
pub use specification::{SPECIFICATION_SCHEMA, ScaffoldTemplate, ScriptLanguage, SpecifiedExample, ToolSpecification};
pub use state_rule::{StatePath, StateRule, is_loadable};
pub use text::{Marks, SafeText, escape_char, visible_words};
pub use texts::Texts;
pub(crate) use texts::kept_texts;
pub use time::{Instant, rfc3339, to_the_minute};
pub use told_apart::{first_few, told_apart};
pub use tool::{
    Deprecation, IS_SERVER, IS_SKILL, NEEDS_FILE, NEEDS_FILES, NEEDS_GENERATOR, NEEDS_NODE_PACKAGE, NEEDS_PACKAGE,
    NEEDS_PROGRAM, NODE_WITH_TYPES, NOT_ON_PATH, Placement, Tool, ToolDetail, ToolFacts, no_typescript,
};
pub use tool_extras::{Extras, StepTool, StepTools, ToolExtras};
pub use typical::Typical;
pub use unlock::{Tiers, Unlock, subject as unlock_subject};
pub use upkeep::{GroupKind, ProposedEnd, Retirement, Spared};
pub use uses::{HALF_LIFE_MS, Uses};
pub use utility::only_reads;
pub use verb_call::VerbCall;
pub use versioned::{paired, unversioned, versioned};
pub use words::{Category, CostTier, Format, Kind, Origin, Stage, ToolState};
