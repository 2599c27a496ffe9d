//! Tests of the library and the program as others use them; one binary for all of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong in a test shall end it")]

mod agents;
mod asking;
mod book;
mod bundled;
mod cli;
mod corpus;
mod evolve_answers;
mod evolving;
mod failures;
mod folder_watch;
mod formats;
mod generators;
mod history;
mod hostile;
mod hostile_runs;
mod instances;
mod interrupted;
mod journeys;
mod keeping;
mod keeping_output;
mod kept_state;
mod kills;
mod kills_everywhere;
mod layering;
mod loaded;
mod making;
mod nasty_inputs;
#[path = "../needs.rs"]
mod needs;
mod opportunities;
mod packages;
mod planted;
mod readme;
mod sabotage;
mod scarce;
mod screenshots;
mod scripted_server;
mod secret_inputs;
mod services;
mod starter;
mod state;
mod store_processes;
mod support;
mod team;
mod two_processes;
mod upkeep;
mod workers;
