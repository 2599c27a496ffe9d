//! What source code can do, as far as static analysis shows.

use super::failure::Severity;
use super::words::words;
use serde::{Deserialize, Serialize};
use std::ops::Range;

words!(
    /// The kind of thing that a place in the source does.
    CapabilityKind {
        /// Opens a file for reading whose path is computed or is in a shared place.
        ReadsFiles = "reads-files",
        /// Reads a file at a fixed path outside the tool and the workspace.
        ReadsOutside = "reads-outside",
        /// Writes, creates, moves or changes files.
        WritesFiles = "writes-files",
        /// Deletes files or folders.
        DeletesFiles = "deletes-files",
        /// Opens a connection or a socket.
        Network = "network",
        /// Names an address, which alone does nothing.
        Address = "address",
        /// Starts other programs without a shell.
        StartsPrograms = "starts-programs",
        /// Starts programs through a shell, with fixed text.
        Shell = "shell",
        /// Starts programs through a shell, with text that is built at run time.
        ShellText = "shell-text",
        /// Executes text as code.
        Eval = "eval",
        /// Reads a format that executes its content.
        Unpickles = "unpickles",
        /// Reads environment variables.
        ReadsEnvironment = "reads-environment",
        /// Contains a key, token or password.
        HardCodedSecret = "hard-coded-secret",
        /// Hides what it does: decoded code, or names built at run time.
        Obfuscation = "obfuscation",
        /// Contains a long text that a reader cannot interpret.
        OpaqueLiteral = "opaque-literal",
        /// Sends signals to processes.
        Signals = "signals",
        /// Calls native code.
        NativeCode = "native-code",
        /// Accepts any server: certificates are not verified.
        UnverifiedTls = "unverified-tls",
    }
);

impl CapabilityKind {
    /// What the tool does, as a verb phrase: "writes files".
    pub const fn phrase(self) -> &'static str {
        match self {
            CapabilityKind::ReadsFiles => "reads files",
            CapabilityKind::ReadsOutside => "reads files outside its folder and the workspace",
            CapabilityKind::WritesFiles => "writes files",
            CapabilityKind::DeletesFiles => "deletes files",
            CapabilityKind::Network => "uses the network",
            CapabilityKind::Address => "contains a network address",
            CapabilityKind::StartsPrograms => "starts programs",
            CapabilityKind::Shell => "starts programs through a shell",
            CapabilityKind::ShellText => "starts programs through a shell with a command built at run time",
            CapabilityKind::Eval => "executes text as code",
            CapabilityKind::Unpickles => "reads a format that can execute code",
            CapabilityKind::ReadsEnvironment => "reads environment variables",
            CapabilityKind::HardCodedSecret => "contains a key or password",
            CapabilityKind::Obfuscation => "hides its behaviour",
            CapabilityKind::OpaqueLiteral => "contains a long unreadable text",
            CapabilityKind::Signals => "sends signals to processes",
            CapabilityKind::NativeCode => "calls native code",
            CapabilityKind::UnverifiedTls => "does not verify its peer (TLS)",
        }
    }

    /// The severity if it is not declared; `high` applies even if it is declared.
    pub const fn severity(self) -> Severity {
        match self {
            CapabilityKind::ShellText
            | CapabilityKind::Eval
            | CapabilityKind::Unpickles
            | CapabilityKind::HardCodedSecret
            | CapabilityKind::Obfuscation => Severity::High,
            CapabilityKind::ReadsFiles
            | CapabilityKind::ReadsOutside
            | CapabilityKind::WritesFiles
            | CapabilityKind::DeletesFiles
            | CapabilityKind::Network
            | CapabilityKind::StartsPrograms
            | CapabilityKind::Shell
            | CapabilityKind::ReadsEnvironment
            | CapabilityKind::OpaqueLiteral
            | CapabilityKind::Signals
            | CapabilityKind::NativeCode
            | CapabilityKind::UnverifiedTls => Severity::Medium,
            CapabilityKind::Address => Severity::Low,
        }
    }
}

/// One place in the source that can do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// Kind of access that the code has.
    pub kind: CapabilityKind,
    /// The line, counted from 1.
    pub line: u64,
    /// The bytes in that line; it ends with the line if the code continues in the next one.
    pub columns: Range<usize>,
    /// What it does and how, for a reader: `starts programs through a shell: subprocess.run(…, shell=True)`. It
    /// contains no secret; other text of the tool is not escaped yet.
    pub words: String,
    /// The target, if the source contains it as fixed text: a host or an address, a path, a program, the name of a
    /// variable. Never a secret.
    pub argument: Option<String>,
}
