//! Machines of a team: each has a workspace, settings and a key of its own; they share a bare repository.

use crate::support::{Workspace, program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use toolsmith::check::CHECKS;
use toolsmith::domain::team::{DecisionText, FileName, RUN, Subject, TeamDecision, TeamKind};
use toolsmith::domain::{
    Caller, Command, CostTier, DecisionKind, DecisionRequest, Digest, DisplayRecord, Instant, Outcome, Review, Run,
    Stage, ToolName, VerbCall,
};
use toolsmith::engine::{Asker, Engine, EngineError, Home, OpenOptions, ReviewFilter, RunRequest, TeamReport};

/// Makes a key without a passphrase.
pub fn make_key(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let args = ["-q", "-t", "ed25519", "-C", name, "-N", "", "-f"];
    assert!(Process::new("ssh-keygen").args(args).arg(&path).status().unwrap().success());
    path
}

/// The line of the public half of a key.
pub fn public(key: &Path) -> String {
    fs::read_to_string(key.with_extension("pub")).unwrap().trim().to_owned()
}

/// An entry of a policy.
pub fn signer(name: &str, key: &Path, more: &str) -> String {
    format!("[[signers]]\nname = \"{name} <{name}@x>\"\nkey = \"{}\"\n{more}\n", public(key))
}

/// A machine of a team.
pub struct Machine {
    pub name: String,
    pub workspace: Workspace,
    pub key: PathBuf,
    remote: String,
    settings: String,
}

impl Machine {
    pub fn new(name: &str, team: &Team) -> Machine {
        let workspace = Workspace::new();
        let key = make_key(&workspace.home(), name);
        let (name, remote) = (name.to_owned(), team.remote.clone());
        Machine { name, workspace, key, remote, settings: String::new() }
    }

    pub fn who(&self) -> String {
        format!("{0} <{0}@x>", self.name)
    }

    pub fn caller(&self) -> Caller {
        Caller::Human(self.who())
    }

    /// Writes the settings; `more` goes under `[team]`.
    pub fn configure(&mut self, more: &str) {
        more.clone_into(&mut self.settings);
        let folder = self.workspace.home().join("toolsmith/config");
        fs::create_dir_all(&folder).unwrap();
        let off = CHECKS.iter().fold("[checks]\n".to_owned(), |text, check| text + check.name + " = \"off\"\n");
        let (key, remote) = (self.key.display(), &self.remote);
        let text = format!("[signing]\nkey = \"{key}\"\n[team]\nremote = \"{remote}\"\n{more}\n{off}");
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// What the team approved counts on this machine.
    pub fn trust_team(&mut self) {
        let more = format!("{}\ntrust = \"team\"", self.settings);
        self.configure(&more);
    }

    /// Names another carrier; the rest of the settings stays.
    #[cfg(feature = "team-s3")]
    pub fn use_remote(&mut self, remote: &str) {
        remote.clone_into(&mut self.remote);
        let more = self.settings.clone();
        self.configure(&more);
    }

    pub fn engine(&self) -> Engine {
        let home = self.workspace.home().join("toolsmith");
        let home = Home { config: home.join("config"), data: home.join("data") };
        let (workspace, program) = (self.workspace.root(), Some(program().into()));
        let engine = Engine::open(OpenOptions { workspace, home, program, asker: Asker::Human }).unwrap();
        engine.library().scan(&mut |_| {}).unwrap();
        engine
    }

    pub fn verb(&self, verb: &'static str, args: &[(&'static str, &str)]) -> Result<Outcome, EngineError> {
        self.engine().execute(Command::Verb(VerbCall::new(verb, args)), &self.caller())
    }

    pub fn sync(&self) -> String {
        self.verb("sync", &[]).unwrap().message
    }

    pub fn tool(&self, name: &str, script: &str) {
        self.tool_in("experimental", name, script, "cost_tier = \"low\"");
    }

    pub fn tool_in(&self, stage: &str, name: &str, script: &str, more: &str) {
        let manifest = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"The tool {name}\"\n{more}\ncategory = \"data\"\n\
             [run]\ncommand = [\"sh\", \"{{file}}\"]\nentry = \"{name}.sh\"\n"
        );
        self.workspace.write(&format!("tools/{stage}/{name}/tool.toml"), &manifest);
        self.workspace.write(&format!("tools/{stage}/{name}/{name}.sh"), script);
    }

    /// Writes a version of a tool among the experimental ones.
    pub fn version(&self, name: &str, version: &str, script: &str) {
        self.tool(name, script);
        let path = format!("tools/experimental/{name}/tool.toml");
        let manifest = fs::read_to_string(self.workspace.path(&path)).unwrap();
        self.workspace.write(&path, &manifest.replace("\"1.0.0\"", &format!("\"{version}\"")));
    }

    /// Writes a version of a tool, approves it here and shares that.
    pub fn publish(&self, name: &str, version: &str, script: &str) {
        self.version(name, version, script);
        self.decide(name, DecisionKind::Approve).unwrap();
        self.sync();
    }

    /// The version and digest of the tool that a name means, and whether it is approved.
    pub fn in_use(&self, name: &str) -> (String, Digest, bool) {
        let tool = self.engine().library().resolve(name).unwrap();
        (tool.version.to_string(), tool.digest, tool.facts.approved)
    }

    /// The reviews that wait: what they are about.
    pub fn waiting(&self) -> Vec<String> {
        let waiting = self.engine().reviews().list(ReviewFilter::Waiting).unwrap();
        let about = waiting.iter().map(|review| format!("{} {} {}", review.kind, review.tool, review.version));
        let mut about: Vec<String> = about.collect();
        about.sort();
        about
    }

    /// The review of a tool that waits.
    pub fn review(&self, tool: &str) -> Review {
        let waiting = self.engine().reviews().list(ReviewFilter::Waiting).unwrap();
        waiting.into_iter().find(|review| review.tool.as_str() == tool).unwrap()
    }

    pub fn decide_as(
        &self,
        caller: &Caller,
        tool: &str,
        kind: DecisionKind,
        role: Option<&str>,
    ) -> Result<Outcome, EngineError> {
        let review = self.review(tool);
        let request = DecisionRequest {
            reason: Some("seen".to_owned()),
            role: role.map(str::to_owned),
            shown: DisplayRecord::default(),
            unread: true,
            ..DecisionRequest::new(review.id, review.digest, kind)
        };
        self.engine().execute(Command::Decide(request), caller)
    }

    pub fn decide(&self, tool: &str, kind: DecisionKind) -> Result<Outcome, EngineError> {
        self.decide_as(&self.caller(), tool, kind, None)
    }

    /// Approves for these criteria, all of it or only the difference.
    pub fn approve_for(&self, tool: &str, criteria: &[&str], delta: bool) -> Result<Outcome, EngineError> {
        let review = self.review(tool);
        let request = DecisionRequest {
            reason: Some("seen".to_owned()),
            shown: DisplayRecord::default(),
            unread: true,
            criteria: criteria.iter().map(|name| (*name).to_owned()).collect(),
            delta,
            ..DecisionRequest::new(review.id, review.digest, DecisionKind::Approve)
        };
        self.engine().execute(Command::Decide(request), &self.caller())
    }

    /// Agrees to a policy, at this time by its own word.
    pub fn agreement(&self, policy: FileName, at: Instant) -> (String, Vec<u8>) {
        let mut decision = self.approval(Digest([0; 32]), at);
        (decision.kind, decision.subject) = (TeamKind::Policy, Subject::Policy(policy));
        decision.criteria.clear();
        self.file(&decision)
    }

    /// What the team says of the version of a review.
    pub fn evidence(&self, tool: &str) -> Vec<String> {
        let detail = self.engine().reviews().detail(self.review(tool).id).unwrap();
        detail.evidence.into_iter().filter(|line| line.label == "team").map(|line| line.text).collect()
    }

    pub fn undo(&self) -> Result<Outcome, EngineError> {
        self.engine().execute(Command::Undo { operation: None }, &self.caller())
    }

    pub fn run(&self, tool: &str) -> Run {
        let engine = self.engine();
        let tool = engine.library().resolve(tool).unwrap();
        let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
        engine.runs().start(&request, &self.caller()).unwrap().wait().unwrap()
    }

    pub fn report(&self) -> TeamReport {
        self.engine().teams().report().unwrap()
    }

    pub fn faults(&self) -> Vec<String> {
        self.engine().integrity().verify().unwrap().faults
    }

    /// Writes a decision as this machine would, whatever it says.
    pub fn file(&self, decision: &TeamDecision) -> (String, Vec<u8>) {
        let signature = self.sign(&decision.text());
        let bytes = DecisionText::sign(decision.clone(), &signature).unwrap().bytes();
        (decision_path(&bytes), bytes)
    }

    pub fn sign(&self, text: &str) -> String {
        let mut command = Process::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", "toolsmith", "-f"]).arg(&self.key);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    /// An approval of this digest.
    pub fn approval(&self, digest: Digest, at: Instant) -> TeamDecision {
        TeamDecision {
            kind: TeamKind::Approve,
            subject: Subject::Version {
                tool: ToolName::new("alpha").unwrap(),
                version: "1.0.0".parse().unwrap(),
                digest,
                stage: Stage::Approved,
                tier: CostTier::Low,
            },
            criteria: vec![RUN.to_owned()],
            base: None,
            evidence: None,
            answers: Vec::new(),
            reviewer: self.who(),
            role: None,
            agent: None,
            at,
            reason: None,
        }
    }
}

/// Where a decision file lies.
pub fn decision_path(bytes: &[u8]) -> String {
    let name = FileName::of(bytes).hex();
    format!("decisions/{}/{name}.toml", &name[..2])
}

/// The shared repository, or what stands in its place.
pub struct Team {
    pub folder: tempfile::TempDir,
    pub remote: String,
}

impl Team {
    pub fn new() -> Team {
        let folder = tempfile::tempdir().unwrap();
        let remote = folder.path().join("team.git");
        let init = Process::new("git").args(["init", "-q", "--bare", "--template="]).arg(&remote).status();
        assert!(init.unwrap().success());
        Team { folder, remote: remote.to_str().unwrap().to_owned() }
    }

    /// A team whose files lie in a folder that is used like a bucket.
    pub fn on_storage() -> Team {
        let folder = tempfile::tempdir().unwrap();
        let remote = format!("file://{}/bucket", folder.path().display());
        Team { folder, remote }
    }

    /// The folder that is used like a bucket.
    pub fn bucket(&self) -> PathBuf {
        self.folder.path().join("bucket")
    }

    /// Machines with a policy that names them all, pinned and shared. The first one is the administrator.
    pub fn with(names: &[&str], extra: &str) -> (Team, Vec<Machine>) {
        Team::new().of(names, extra)
    }

    /// The same, with this carrier.
    pub fn of(self, names: &[&str], extra: &str) -> (Team, Vec<Machine>) {
        let team = self;
        let mut machines: Vec<Machine> = names.iter().map(|name| Machine::new(name, &team)).collect();
        let roles = |at: usize| if at == 0 { "roles = [\"admin\"]" } else { "roles = [\"security\"]" };
        let entries = machines.iter().enumerate().map(|(at, machine)| signer(&machine.name, &machine.key, roles(at)));
        let policy = format!("{extra}\n{}", entries.collect::<String>());
        team.begin(&mut machines, &policy);
        (team, machines)
    }

    /// Pins this policy on all machines; the first one shares it.
    pub fn begin(&self, machines: &mut [Machine], policy: &str) -> FileName {
        let file = self.folder.path().join("policy.toml");
        fs::write(&file, policy).unwrap();
        let pin = FileName::of(policy.as_bytes());
        for machine in machines.iter_mut() {
            machine.configure(&format!("policy = \"{pin}\""));
        }
        machines[0].verb("team-policy", &[("policy", file.to_str().unwrap())]).unwrap();
        for machine in machines.iter() {
            machine.sync();
        }
        pin
    }

    fn git(&self, args: &[&str]) -> String {
        let identity = ["-c", "user.name=Mallory", "-c", "user.email=m@x"];
        let output = Process::new("git").args(identity).args(args).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The newest commit of the branch.
    pub fn head(&self) -> String {
        self.git(&["-C", "team.git", "rev-parse", "refs/heads/toolsmith"])
    }

    /// Sets the branch to an older commit.
    pub fn rewind(&self, commit: &str) {
        self.git(&["-C", "team.git", "update-ref", "refs/heads/toolsmith", commit]);
    }

    /// Changes files of the branch as anybody may who can push: a path and its bytes, `None` removes it.
    pub fn tamper(&self, files: &[(&str, Option<&[u8]>)]) {
        let clone = self.folder.path().join("clone");
        if clone.exists() {
            fs::remove_dir_all(&clone).unwrap();
        }
        self.git(&["clone", "-q", "-b", "toolsmith", "team.git", "clone"]);
        for (path, bytes) in files {
            let path = clone.join(path);
            match bytes {
                Some(bytes) => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(&path, bytes).unwrap();
                }
                None => fs::remove_file(&path).unwrap(),
            }
        }
        self.git(&["-C", "clone", "add", "-A"]);
        self.git(&["-C", "clone", "commit", "-q", "-m", "changed"]);
        self.git(&["-C", "clone", "push", "-q", "origin", "toolsmith"]);
    }

    /// Adds to the branch what no work tree has to hold: a mode, a path and the bytes.
    pub fn plant(&self, files: &[(&str, &str, &[u8])]) {
        let mut stream = Vec::new();
        for (mode, path, bytes) in files {
            let path = path.replace('\\', "\\\\").replace('\n', "\\n");
            stream.extend_from_slice(format!("M {mode} inline \"{path}\"\ndata {}\n", bytes.len()).as_bytes());
            stream.extend_from_slice(bytes);
            stream.push(b'\n');
        }
        self.import(&stream);
    }

    /// Adds a repository within the repository.
    pub fn plant_commit(&self, path: &str) {
        self.import(format!("M 160000 {} {path}\n", "a".repeat(40)).as_bytes());
    }

    fn import(&self, changes: &[u8]) {
        let branch = "refs/heads/toolsmith";
        let head = format!("commit {branch}\ncommitter M <m@x> 0 +0000\ndata 0\nfrom {branch}^0\n");
        let mut git = Process::new("git");
        git.args(["-C", "team.git", "fast-import", "--quiet"]).current_dir(self.folder.path()).stdin(Stdio::piped());
        let mut child = git.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, &[head.as_bytes(), changes].concat()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
    }

    /// Paths of the branch that begin like this, or of objects in this folder; files that are being written are none.
    pub fn paths(&self, prefix: &str) -> Vec<String> {
        if self.remote.starts_with("file://") {
            let entries = fs::read_dir(self.bucket().join(prefix)).into_iter().flatten();
            let path = |entry: fs::DirEntry| format!("{prefix}{}", entry.file_name().to_str().unwrap());
            let paths = entries.map(|entry| path(entry.unwrap()));
            return paths.filter(|path| !path.contains("/.incoming-")).collect();
        }
        let all = self.git(&["-C", "team.git", "ls-tree", "-r", "--name-only", "refs/heads/toolsmith"]);
        all.lines().filter(|path| path.starts_with(prefix)).map(str::to_owned).collect()
    }
}
