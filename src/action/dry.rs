//! Verbs that change something and have no `--dry-run`, each with the reason.

use super::Verb;

/// Every verb that changes something has `--dry-run` or is listed here.
pub const NO_DRY_RUN: &[(Verb, &str)] = &[
    (Verb::Starter, "it shows what each tool declares and asks before it writes"),
    (Verb::Similar, "it changes something with --propose only, and shows without it what that would propose"),
    (Verb::Stale, "it changes something with --propose only, and shows without it what that would propose"),
    (Verb::Run, "`--show` prints the command line and starts nothing"),
    (Verb::RunStrict, "`run --show` prints the command line and starts nothing"),
    (Verb::Call, "`--show` lists the candidates and starts nothing"),
    (Verb::Cancel, "it signals a process"),
    (Verb::Rerun, "it starts a process"),
    (Verb::Continue, "it starts processes"),
    (Verb::Buffer, "`buffer status` shows what a flush would hand over"),
    (Verb::New, "what it makes waits for a review"),
    (Verb::Edit, "the editor changes the file"),
    (Verb::Define, "what it makes waits for a review"),
    (Verb::Spec, "it stores a document"),
    (Verb::Evolve, "`--show` prints the request and sends nothing"),
    (Verb::ListTools, "what a server lists is known only after it was started"),
    (Verb::Accept, "what it makes waits for a review"),
    (Verb::Keep, "what it makes waits for a review"),
    (Verb::Stop, "it ends an evolution that is under way"),
    (Verb::Resume, "it asks a generator"),
    (Verb::Launch, "it starts a process"),
    (Verb::Terminate, "it signals a process"),
    (Verb::Relaunch, "it signals and starts a process"),
    (Verb::Say, "it talks to a process"),
    (Verb::Attach, "it talks to a process"),
    (Verb::Context, "it changes prompts that are sent later; `services NAME` shows them"),
    (Verb::Check, "it only examines; its verdicts are kept"),
    (Verb::Request, "what it asks for waits for a review"),
    (Verb::Sign, "without --yes it shows what is not signed"),
    (Verb::Mcp, "it serves until its client leaves"),
    (Verb::Hook, "it answers one question of a client"),
    (Verb::ServeRun, "it is started by another machine"),
];
