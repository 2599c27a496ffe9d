//! How long `sync` takes: `cargo bench -- team`, or `cargo bench -- team 3000` for as many decisions.
//!
//! A program that accepts every signature stands for `ssh-keygen`, because verifying takes longer than all the rest; its
//! own cost is measured beside it. 30,000 decisions may take 60 s besides signatures the first time, and 1 s after that. They
//! are about 10,000 versions of 5,000 tools, whose newest versions are put into the workspace.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant as Clock};
use toolsmith::domain::team::{DecisionText, FileName, RUN, SigningKey, Subject, TeamDecision, TeamKind};
use toolsmith::domain::{Caller, Command, CostTier, Digest, FileMode, Instant, Stage, ToolName, VerbCall, VersionFile};
use toolsmith::engine::{Asker, Engine, Home, OpenOptions};

/// When the decisions were made: 2026-01-02.
const AT: Instant = Instant(1_767_323_045_000);

/// Decisions of one version.
const PER_VERSION: usize = 3;

/// Approved versions of one tool.
const PER_TOOL: usize = 2;

/// How often the program that accepts signatures is timed.
const CALLS: u32 = 100;

/// Measures 30,000 decisions, or these numbers.
pub fn run(words: &[String]) {
    let asked: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    for decisions in if asked.is_empty() { vec![30_000] } else { asked } {
        measure(decisions).unwrap_or_else(|error| panic!("{error}"));
    }
}

fn measure(decisions: usize) -> Result<(), Box<dyn std::error::Error>> {
    let team = prepare(decisions)?;
    let folder = team.folder.path();
    let home = Home { config: folder.join("config"), data: folder.join("data") };
    std::fs::create_dir_all(&home.config)?;
    std::fs::write(home.config_file(), &team.settings)?;
    let workspace = folder.join("work");
    std::fs::create_dir_all(workspace.join("tools"))?;
    let engine = Engine::open(OpenOptions { workspace, home, program: None, asker: Asker::Human })?;

    let call = timed(|| {
        for _ in 0..CALLS {
            let _ = Process::new(&team.accepting).stdin(Stdio::null()).stdout(Stdio::null()).status();
        }
    }) / CALLS;
    println!("{decisions} decisions; starting the program that accepts a signature takes {call:.1?}");
    for name in ["first sync", "next sync", "sync after that"] {
        let mut said = String::new();
        let took = timed(|| {
            let sync = Command::Verb(VerbCall::new("sync", &[]));
            said =
                engine.execute(sync, &Caller::Human("Ada".to_owned())).map_or_else(|e| e.message, |done| done.message);
        });
        println!("{name:<16} {took:>9.2?}  {}", said.chars().take(100).collect::<String>());
    }
    Ok(())
}

/// A team that decided, and the settings of somebody who belongs to it.
pub struct Decided {
    folder: tempfile::TempDir,
    _programs: tempfile::TempDir,
    /// A program that accepts every signature.
    accepting: PathBuf,
    /// What goes into `config.toml`.
    pub settings: String,
}

/// A repository with so many decisions.
///
/// # Errors
/// When git or `ssh-keygen` cannot be started.
pub fn prepare(decisions: usize) -> Result<Decided, Box<dyn std::error::Error>> {
    // Programs in the folder of temporary files, or in a folder that holds a workspace, are not trusted.
    let programs = tempfile::tempdir_in(std::env::var("HOME")?)?;
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key");
    run_program(Process::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key))?;
    let public = std::fs::read_to_string(key.with_extension("pub"))?;
    let signature = signature(&key)?;
    let accepting = programs.path().join("ssh-keygen");
    let fingerprint = SigningKey::new(&public)?.fingerprint();
    std::fs::write(&accepting, format!("#!/bin/sh\necho 'Good signature with ED25519 key {fingerprint}'\n"))?;
    std::fs::set_permissions(&accepting, std::fs::Permissions::from_mode(0o755))?;

    let policy = format!("[[signers]]\nname = \"Ada <ada@x>\"\nkey = \"{}\"\nroles = [\"admin\"]\n", public.trim());
    let remote = folder.path().join("team.git");
    run_program(Process::new("git").args(["init", "-q", "--bare"]).arg(&remote))?;
    fill(&remote, &policy, &signature, decisions)?;
    let pin = FileName::of(policy.as_bytes());
    let settings = format!(
        "[signing]\nkey = \"{}\"\n[programs]\nssh-keygen = \"{}\"\n[team]\nremote = \"{}\"\npolicy = \"{pin}\"\n",
        key.display(),
        accepting.display(),
        remote.display()
    );
    Ok(Decided { folder, _programs: programs, accepting, settings })
}

fn timed(act: impl FnOnce()) -> Duration {
    let begun = Clock::now();
    act();
    begun.elapsed()
}

fn run_program(command: &mut Process) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        other => Err(format!("{command:?}: {other:?}")),
    }
}

/// A signature that names the key; it is not one of the decisions.
fn signature(key: &PathBuf) -> Result<String, Box<dyn std::error::Error>> {
    let mut command = Process::new("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", "toolsmith", "-f"]).arg(key);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(b"x")?;
    Ok(String::from_utf8(child.wait_with_output()?.stdout)?)
}

/// The files of a version.
fn files(name: &str, minor: usize) -> Vec<VersionFile> {
    let manifest = format!(
        "name = \"{name}\"\nversion = \"1.{minor}.0\"\ndescription = \"The tool {name}\"\ncategory = \"data\"\n\
         [run]\ncommand = [\"sh\", \"{{file}}\"]\nentry = \"run.sh\"\n"
    );
    let file = |path: &str, text: String| VersionFile {
        path: path.to_owned(),
        mode: FileMode::Plain,
        bytes: text.into_bytes(),
    };
    vec![file("run.sh", format!("echo {name} {minor}\n")), file("tool.toml", manifest)]
}

/// Fills the branch of the team with a policy and decisions.
fn fill(remote: &Path, policy: &str, signature: &str, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut stream = "commit refs/heads/toolsmith\ncommitter A <a> 0 +0000\ndata 0\n".to_owned();
    let mut put = |path: &str, text: &str| write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len());
    put(&format!("policies/{}.toml", FileName::of(policy.as_bytes())), policy)?;
    for number in 0..count {
        let version = number / PER_VERSION;
        let (name, minor) = (format!("tool-{}", version / PER_TOOL), version % PER_TOOL);
        let files = files(&name, minor);
        let digest = Digest::of_files(&files);
        if number % PER_VERSION == 0 {
            for file in &files {
                put(&format!("versions/{}/{}", digest.hex(), file.path), std::str::from_utf8(&file.bytes)?)?;
            }
        }
        let decision = TeamDecision {
            kind: [TeamKind::Request, TeamKind::Claim, TeamKind::Approve][number % PER_VERSION],
            subject: Subject::Version {
                tool: ToolName::new(&name)?,
                version: semver::Version::new(1, minor as u64, 0),
                digest,
                stage: Stage::Approved,
                tier: CostTier::Low,
            },
            criteria: if number % PER_VERSION == 2 { vec![RUN.to_owned()] } else { Vec::new() },
            base: None,
            evidence: None,
            answers: Vec::new(),
            reviewer: "Ada <ada@x>".to_owned(),
            role: None,
            agent: None,
            at: AT,
            reason: Some("reads only what it declares".to_owned()),
        };
        let bytes = DecisionText::sign(decision, signature)?.bytes();
        let name = FileName::of(&bytes).hex();
        put(&format!("decisions/{}/{name}.toml", &name[..2]), std::str::from_utf8(&bytes)?)?;
    }
    let mut import = Process::new("git");
    import.arg("-C").arg(remote).args(["fast-import", "--quiet"]);
    let mut child = import.stdin(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(stream.as_bytes())?;
    if child.wait()?.success() { Ok(()) } else { Err("git fast-import failed".into()) }
}
