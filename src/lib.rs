//! Toolsmith: a terminal workbench for the tools that AI agents write.
//!
//! # Bird's-eye view
//!
//! Agents drop scripts into `tools/`. A human sees each one arrive, reads it beside facts, runs it,
//! approves, promotes or archives it; what is approved is what runs, once for each call or
//! as a service that keeps running. The same verbs work from the screen and from the command line.
//!
//! ```text
//!   tools/ ──scan──▶ catalog ──▶ engine ◀── cli, tui, mcp
//!                                 │  ▲
//!                    rules (core) │  │ events, snapshots
//!                                 ▼  │
//!                  store (SQLite: rows and events in one transaction)
//!                                 │ intents
//!                                 ▼
//!           relocate + vcs (files, one commit) · runner (one process)
//! ```
//!
//! Five words carry it. A **command** is what someone asks ([`domain::Command`]). An **event** is
//! what happened, numbered and durable ([`domain::Event`]). An **intent** is work outside the store
//! that a command promised; it is written with the decision and finished after a crash. An
//! **action** is a verb declared once ([`action::ACTIONS`]). A **run** is one process from start to
//! end ([`domain::Run`]).
//!
//! # Modules, and who may import whom
//!
//! | module | is for | imports |
//! | --- | --- | --- |
//! | [`domain`] | words, values, rules without any IO, clock or environment | nothing |
//! | [`action`] | the one table of verbs: names, keys, arguments, risk | domain |
//! | [`store`] | the only SQL: events, log, reviews, runs, kept versions | domain |
//! | [`code`] | what source code says: imports, names and their scopes, headers of scripts, fixed texts; one reader for everybody | domain |
//! | [`outside`] | programs started outside of the sandbox: the register, finding, trusting and starting them | domain |
//! | [`catalog`] | folders to rows: formats, dialects, digests, search, watching | domain, code, outside: what stands for a program on `PATH` |
//! | [`runner`] | one run: argv, environment, walls, limits, observer, spool, ending | domain, outside, code |
//! | [`check`] | examines a version: one file a check, together the verdict | domain, code, outside, runner, insight: what is alike is measured there alone |
//! | [`evolve`] | better versions: what a generator is told, what its answer holds, the loop as a pure machine, repairs without a model | domain, code |
//! | [`generator`] | asking a generator: a program or an HTTP API, one question, one answer | domain, outside, runner, evolve |
//! | [`request`] | sending the request of an HTTP tool, and calling the tool of an MCP server, inside the sandbox of the run | domain |
//! | [`insight`] | what rows of decisions suggest; the one index by which tools are searched and compared | domain |
//! | [`vcs`] | git | domain, outside |
//! | [`objects`] | object storage: bytes by key, in a folder or a bucket | domain |
//! | [`engine`] | the facade, a folder a subject; its `core` holds the rules and imports domain and store only, the rest performs | all of the above but action |
//! | `mcp` | the table of actions as tools for agents, over the Model Context Protocol | domain, action, engine |
//! | [`cli`] | sub-commands built from the table; text and JSON | domain, action, engine |
//! | [`tui`] | the screen: `App::update` is a pure function, `view` draws it | domain, action, engine |
//!
//! # One program, several roles
//!
//! ```text
//!   workbench ──▶ supervisor ──▶ (bubblewrap ──▶) inner stage ──▶ the tool
//!    runner::actor  runner::supervisor              supervisor::inner  supervisor::tool, sandbox
//! ```
//!
//! Each run has a supervisor: this program started again, or a copy of one that waits. It copies itself once
//! more: the inner stage, which joins the namespaces that bubblewrap made, where there is one. (For staged
//! writes and trials bubblewrap starts the inner stage inside.) The supervisor answers the system calls that
//! the observer is told of, watches what the run uses, and leaves nothing of it behind, also when the
//! workbench is killed. The process that becomes the tool sets up its sandbox layers, verifies them, says what is in
//! force, and only then starts the program.
//!
//! A conversation with a generator has a keeper, and buffers that are flushed by time have a clock: one process a
//! workspace, started by whoever writes, over when nothing waits for a time.
//!
//! A run can take place on a worker: this program on another machine, started there as `serve-run` through a command of the
//! user's. It has the supervisor; what it tells and what the tool writes come as lines of JSON, and the thread of the run
//! here follows them like those of a supervisor of this machine (`runner::worker`).
//!
//! ```text
//!   workbench ──▶ keeper ──▶ ssh … ──▶ serve-run ──▶ supervisor ──▶ … ──▶ the tool
//!    runner::actor             prefix     run::serving
//! ```
//!
//! An instance of a service has a keeper: this program once more, in a session of its own, so that it outlives who
//! launched the instance. It starts the service as an ordinary run (with a supervisor of its own), owns the listening
//! sockets, passes messages on, checks the health and restarts the service. It learns what is wanted from the store;
//! its socket carries only messages, attached terminals and the hint to look at the store.
//!
//! ```text
//!   workbench, command line ──store──▶ keeper ──▶ supervisor ──▶ … ──▶ the service
//!                                       engine::service::keeper
//! ```
//!
//! # Invariants
//!
//! - A change is one transaction that writes rows and events together; every front end, also in another
//!   process, learns of it by reading events after the last one it saw.
//! - Every operation is an entry in a hash-chained log, written in the transaction of the change.
//! - What runs is a copy whose digest was checked; an approval names that digest.
//! - Moves are idempotent: performing one again after a crash at any point ends in the same state
//!   with exactly one commit.
//! - Text of tools reaches a screen only through [`domain::SafeText`] or the output emulator, which
//!   both turn hidden characters into visible escapes.
//! - What a run leaves (output, report, input) passes a [`domain::Redactor`] before anything keeps or shows it; a
//!   [`domain::Secret`] cannot be printed or serialized.
//! - Only `store` has SQL, only `outside` and the process that becomes the tool start programs (and inside the sandbox of a
//!   run that calls an MCP server, `request`), only `generator` and
//!   `objects` speak HTTP with other machines, and inside the sandbox of a run `request` (a keeper's health check sends one GET to its own port), only `tui` draws, `unsafe` is in
//!   `runner::sandbox` only. A test reads the sources and checks this.
//!
//! # Deliberately absent
//!
//! No sandbox of our own making: namespaces are bubblewrap's, the sandbox layers are the kernel's, and a level
//! that was not verified is not claimed. No telemetry, and no network but to the generators,
//! workers and the team's carrier that the user's settings name. No second way to be notified, and no cache that is not rebuilt from files and log.

pub mod action;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod code;
pub mod domain;
pub mod engine;
pub mod evolve;
pub mod generator;
pub mod insight;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod objects;
pub mod outside;
pub mod request;
pub mod runner;
pub mod store;
pub mod tui;
pub mod vcs;

#[cfg(test)]
#[path = "../tests/needs.rs"]
mod needs;
