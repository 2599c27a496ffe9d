//! The words that an argument of a verb can have.

use super::arg::ArgKind;

pub(super) const TEMPLATES: ArgKind = ArgKind::Word(&["cli-wrapper", "api-client", "data-transform", "file-processor"]);
pub(super) const LANGUAGES: ArgKind = ArgKind::Word(&["python", "typescript", "shell"]);
pub(super) const STAGES: ArgKind = ArgKind::Word(&["experimental", "approved", "core", "archived"]);
pub(super) const KINDS: ArgKind = ArgKind::Word(&["command", "service", "prompt", "http", "mcp", "composite"]);
pub(super) const TIERS: ArgKind = ArgKind::Word(&["low", "medium", "high", "prohibited"]);
pub(super) const ORIGINS: ArgKind = ArgKind::Word(&["ai", "admin", "unknown"]);
pub(super) const OUTCOMES: ArgKind = ArgKind::Word(&[
    "running",
    "succeeded",
    "failed",
    "timed-out",
    "cancelled",
    "killed",
    "limit-exceeded",
    "invalid-input",
    "invalid-output",
    "spawn-failed",
    "refused",
    "interrupted",
]);
pub(super) const STEPS: ArgKind = ArgKind::Word(&["patch", "minor", "major"]);
pub(super) const CLIENTS: ArgKind =
    ArgKind::Word(&["claude", "codex", "cursor", "gemini", "goose", "inspector", "opencode", "vscode"]);
pub(super) const SHELLS: ArgKind = ArgKind::Word(&["bash", "elvish", "fish", "powershell", "zsh"]);

/// The words of `candidates`: what completion scripts and the palette can list.
pub(super) const CANDIDATES: ArgKind = ArgKind::Word(&[
    "tools",
    "reviews",
    "runs",
    "live-runs",
    "outputs",
    "failures",
    "instances",
    "operations",
    "grants",
    "marks",
    "comments",
    "evolutions",
    "opportunities",
    "connections",
    "tokens",
    "sets",
    "workers",
    "comments",
    "tags",
    "tagged-tools",
    "versions",
]);
