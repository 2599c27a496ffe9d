//! What source code is able to do, as far as reading it tells.

use super::failure::Severity;
use super::words::words;
use serde::{Deserialize, Serialize};
use std::ops::Range;

words!(
    /// The sort of thing that a place in the source does.
    CapabilityKind {
        /// Opens a file to read it, where its path is made by the program or lies in a shared place.
        ReadsFiles = "reads-files",
        /// Reads a file at a fixed place outside of the tool and the workspace.
        ReadsOutside = "reads-outside",
        /// Writes, creates, moves or changes files.
        WritesFiles = "writes-files",
        /// Deletes files or folders.
        DeletesFiles = "deletes-files",
        /// Opens a connection or a socket.
        Network = "network",
        /// Names an address; that alone does nothing.
        Address = "address",
        /// Starts other programs without a shell.
        StartsPrograms = "starts-programs",
        /// Starts programs through a shell, with a fixed text.
        Shell = "shell",
        /// Starts programs through a shell, with a text that is put together at run time.
        ShellText = "shell-text",
        /// Executes text as code.
        Eval = "eval",
        /// Reads a format that executes what it holds.
        Unpickles = "unpickles",
        /// Reads variables of the environment.
        ReadsEnvironment = "reads-environment",
        /// Holds a key, token or password.
        HardCodedSecret = "hard-coded-secret",
        /// Hides what it does: decoded code, names put together at run time.
        Obfuscation = "obfuscation",
        /// Holds a long text that says nothing to a reader.
        OpaqueLiteral = "opaque-literal",
        /// Sends signals to processes.
        Signals = "signals",
        /// Calls machine code past the language.
        NativeCode = "native-code",
        /// Trusts any server: certificates are not verified.
        UnverifiedTls = "unverified-tls",
    }
);

impl CapabilityKind {
    /// What it does, as a reader would say it of the tool: "writes files".
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

    /// How bad it is where nothing declares it: `high` is bad whatever is declared.
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

/// One place in the source that is able to do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// Kind of access that the code has.
    pub kind: CapabilityKind,
    /// The line, counted from 1.
    pub line: u64,
    /// Where in that line, in bytes; it ends with the line where the code goes on in the next.
    pub columns: Range<usize>,
    /// What it does and by what, for a reader; no secret is in it, other text of the tool is not escaped yet:
    /// `starts programs through a shell: subprocess.run(…, shell=True)`.
    pub words: String,
    /// On what, where the source says it as a fixed text: a host or an address, a path, a program, the name of a
    /// variable. Never a secret.
    pub argument: Option<String>,
}
