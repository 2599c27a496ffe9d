//! One attack for each row of the register of outside programs: everything that an agent and a workspace can prepare at
//! once, in variables, on the `PATH` and in files. Each row is used for real; nothing that was planted may run.

use super::{World, users};
use crate::hostile_runs::program_path;
use crate::hostile_runs::user::User;
use crate::support::Terminal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

/// Programs that are started by their names.
const NAMES: &[&str] = &[
    "agent-x",
    "bandit",
    "bwrap",
    "git",
    "gpg",
    "mypy",
    "node",
    "perl",
    "python3",
    "shellcheck",
    "ssh-keygen",
    "uv",
    "vault-x",
];

/// What leaves a mark when it is loaded by the interpreter of its name.
const LOADED: &[(&str, &str)] = &[
    ("evil/sitecustomize.py", "open('{marks}/python', 'a').close()\n"),
    ("evil/usercustomize.py", "open('{marks}/python', 'a').close()\n"),
    ("evil/evil.js", "require('fs').appendFileSync('{marks}/node', 'x')\n"),
    ("evil/evil.pm", "package evil; open(my $file, '>>', '{marks}/perl'); close($file); 1;\n"),
    ("evil/evil.sh", "echo x >> {marks}/bash\n"),
    ("evil/plugin.py", "def plugin(version):\n    open('{marks}/mypy', 'a').close()\n    raise SystemExit\n"),
];

/// What a program would find as its settings, in the workspace, beside the tool, and in a home that is not the user's.
const SETTINGS: &[(&str, &str)] = &[
    ("mypy.ini", "[mypy]\nplugins = {work}/evil/plugin.py\n"),
    (".mypy.ini", "[mypy]\nplugins = {work}/evil/plugin.py\n"),
    ("setup.cfg", "[mypy]\nplugins = {work}/evil/plugin.py\n"),
    ("pyproject.toml", "[tool.mypy]\nplugins = [\"{work}/evil/plugin.py\"]\n[tool.bandit]\nskips = [\"B1\"]\n"),
    (".bandit", "[bandit]\nprofile = evil\n"),
    ("bandit.yaml", "plugin_name_pattern: 'evil.py'\n"),
    (".shellcheckrc", "external-sources=true\nsource-path={work}/evil\n"),
    ("eslint.config.js", "require('{work}/evil/evil.js'); module.exports = []\n"),
    (".eslintrc.js", "require('{work}/evil/evil.js'); module.exports = {}\n"),
    (".npmrc", "node-options=--require {work}/evil/evil.js\n"),
    ("uv.toml", "python-preference = 'only-system'\n"),
    (".python-version", "{work}/bin/python3\n"),
    ("sitecustomize.py", "open('{marks}/python', 'a').close()\n"),
    ("planted.pth", "import os; open('{marks}/python', 'a').close()\n"),
    (".gnupg/gpg.conf", "agent-program {work}/bin/gpg\n"),
    (".config/mypy/config", "[mypy]\nplugins = {work}/evil/plugin.py\n"),
    (".config/git/config", "[core]\nfsmonitor = {work}/evil/fsmonitor\n"),
    (".gitconfig", "[core]\nfsmonitor = {work}/evil/fsmonitor\n"),
];

/// A configuration of git's that a variable names.
const GIT_CONFIG: &str = "[core]\nfsmonitor = {work}/evil/fsmonitor\nhooksPath = {work}/evil/hooks\n\
                          attributesFile = {work}/evil/attributes\n[filter \"evil\"]\nclean = {work}/evil/clean\n\
                          [gpg]\nprogram = {work}/bin/gpg\n[safe]\ndirectory = *\n";

/// Says who loaded it.
const LIBRARY: &str = r#"
#include <stdio.h>
#include <string.h>
__attribute__((constructor)) static void loaded(void) {
    char name[64] = "", path[4096];
    FILE *file = fopen("/proc/self/comm", "r");
    if (file) { if (!fgets(name, sizeof name, file)) name[0] = 0; fclose(file); }
    name[strcspn(name, "\n")] = 0;
    snprintf(path, sizeof path, "MARKS/loaded-%s", name);
    file = fopen(path, "a");
    if (file) fclose(file);
}
"#;

/// The one process that is loaded with what a variable says: that which the attacker starts.
const OWN: &str = "loaded-toolsmith";

impl World {
    fn filled(&self, text: &str) -> String {
        let (work, marks) = (self.workspace.root().display().to_string(), self.marks().display().to_string());
        text.replace("{work}", &work).replace("{marks}", &marks)
    }

    /// Plants everything.
    fn plant(&self) {
        for name in NAMES {
            self.put(&format!("work/bin/{name}"), &self.marking(&format!("program-{name}")), 0o755);
        }
        for (path, text) in LOADED {
            self.put(&format!("work/{path}"), &self.filled(text), 0o644);
        }
        for (path, text) in SETTINGS {
            for folder in ["work", "work/tools/experimental/worker", "work/home", "work/tmp"] {
                self.put(&format!("{folder}/{path}"), &self.filled(text), 0o644);
            }
        }
        for name in ["fsmonitor", "clean", "hooks/pre-commit", "hooks/post-commit", "hooks/reference-transaction"] {
            let mark = format!("git-{}", name.rsplit('/').next().unwrap());
            self.put(&format!("work/evil/{name}"), &self.marking(&mark), 0o755);
        }
        self.put("work/evil/gitconfig", &self.filled(GIT_CONFIG), 0o644);
        self.put("work/evil/attributes", "* filter=evil\n", 0o644);
        self.put("work/node_modules/.bin/eslint", &self.marking("program-eslint"), 0o755);
        self.put("work/evil/library.c", &LIBRARY.replace("MARKS", &self.marks().display().to_string()), 0o644);
        let evil = self.path("work/evil");
        let made =
            Command::new("cc").args(["-shared", "-fPIC", "-o", "evil.so", "library.c"]).current_dir(&evil).output();
        assert!(made.is_ok_and(|output| output.status.success()), "a compiler is needed for the planted library");
        symlink(self.path("work/bin"), self.path("linked")).unwrap();
        self.put("work/tools/experimental/worker/worker.py", "\"\"\"Works.\"\"\"\nprint('real')\n", 0o644);
        self.put(
            "work/tools/experimental/worker/tool.toml",
            "name = \"worker\"\nversion = \"1.0.0\"\ndescription = \"works\"\ncost_tier = \"low\"\n[run]\n\
             command = [\"python3\", \"{file}\"]\nentry = \"worker.py\"\ninput = \"none\"\n",
            0o644,
        );
        for (name, line) in [("two.sh", "/bin/bash"), ("three.js", "/usr/bin/env node"), ("four.pl", "/usr/bin/perl")] {
            self.put(&format!("work/tools/experimental/{name}"), &format!("#!{line}\n# Says something.\n"), 0o755);
        }
        self.put("work/plain.py", "x: int = 1\n", 0o644);
        self.hand_over();
    }

    /// The variables of an attacker. The `HOME` is one of them only for an agent, whose word nobody takes for it.
    fn variables(&self, agent: bool) -> Vec<(String, String)> {
        let evil = |name: &str| self.filled(&format!("{{work}}/evil/{name}"));
        let bin = self.path("work/bin").display().to_string();
        let linked = self.path("linked").display().to_string();
        let path = format!("{bin}/:{linked}:.:bin::./bin:../work/bin:{bin}:/usr/local/bin:/usr/bin:/bin");
        let mut all = vec![
            ("PATH", path),
            ("LD_PRELOAD", evil("evil.so")),
            ("LD_LIBRARY_PATH", evil("")),
            ("PYTHONPATH", evil("")),
            ("PYTHONSTARTUP", evil("sitecustomize.py")),
            ("NODE_OPTIONS", format!("--require {}", evil("evil.js"))),
            ("NODE_PATH", evil("")),
            ("PERL5LIB", evil("")),
            ("PERL5OPT", "-Mevil".to_owned()),
            ("BASH_ENV", evil("evil.sh")),
            ("ENV", evil("evil.sh")),
            ("GIT_CONFIG_GLOBAL", evil("gitconfig")),
            ("GIT_CONFIG_SYSTEM", evil("gitconfig")),
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", "core.fsmonitor".to_owned()),
            ("GIT_CONFIG_VALUE_0", evil("fsmonitor")),
            ("GIT_EXTERNAL_DIFF", evil("clean")),
            ("GIT_SSH", evil("clean")),
            ("SSH_SK_PROVIDER", evil("evil.so")),
            ("MYPYPATH", evil("")),
            ("MYPY_CONFIG_FILE_DIR", self.filled("{work}")),
            ("UV_CONFIG_FILE", self.filled("{work}/uv.toml")),
            ("npm_config_node_options", format!("--require {}", evil("evil.js"))),
            ("XDG_CONFIG_HOME", self.filled("{work}/home/.config")),
            ("GNUPGHOME", self.filled("{work}/home/.gnupg")),
            ("TMPDIR", self.filled("{work}/tmp")),
        ];
        if agent {
            all.extend([("TOOLSMITH_AGENT", "coder".to_owned()), ("HOME", self.filled("{work}/home"))]);
        }
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// A program with these variables, as anybody could start it.
    fn attacked(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new("/usr/bin/env");
        command.arg("-C").arg(self.workspace.root()).arg(program).args(args).current_dir("/");
        command.env_clear().envs(self.workspace.environment()).envs(self.variables(true));
        self.user.be(&mut command).output().unwrap()
    }

    /// Toolsmith with these variables.
    fn under_attack(&self, args: &[&str], agent: bool) -> Value {
        let variables = self.variables(agent);
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.json(args, &variables)
    }

    /// The same, by a human at a terminal.
    fn at_terminal_under_attack(&self, args: &[&str]) {
        let variables = self.variables(false).into_iter().map(|(name, value)| format!("{name}={value}"));
        let words = [self.user.prefix(), vec!["/usr/bin/env".to_owned()], variables.collect(), vec![program_path()]];
        let words: Vec<String> = words.concat().into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut terminal = Terminal::program(&self.workspace, &words, (120, 40));
        let code = terminal.wait_end().exit_code();
        assert_eq!(code, 0, "{args:?}: {}", terminal.text());
    }

    /// Approves a review, whatever its checks say.
    fn approve_under_attack(&self, id: &str, digest: &str) {
        let why = ["--unread", "--reason", "a test", "--override", "a test"];
        self.at_terminal_under_attack(&[&["approve", id, "--digest", digest][..], &why].concat());
    }

    /// Nothing that was planted ran but in the process that the attacker started.
    #[track_caller]
    fn nothing_ran(&self, what: &str) {
        let left: Vec<String> = self.left().into_iter().filter(|mark| mark != OWN).collect();
        assert_eq!(left, Vec::<String>::new(), "{what} as {}", self.user.word());
    }

    fn configure(&self, text: &str) {
        self.put("home/toolsmith/config/config.toml", text, 0o600);
        self.hand_over();
    }

    /// A program of the user's own, where only the user can write: it says what it was started with, and this.
    fn own(&self, name: &str, answer: &str) -> String {
        let told = self.path(&format!("own/{name}.told"));
        self.put(
            &format!("own/{name}"),
            &format!("#!/bin/sh\n{{ pwd; ls -A; env; }} > {}\n{answer}\n", told.display()),
            0o755,
        );
        self.hand_over();
        self.path(&format!("own/{name}")).display().to_string()
    }

    /// What a program of the user's own was started with: an empty folder of ours, and no variable but these.
    #[track_caller]
    fn told_only(&self, name: &str, allowed: &[&str]) {
        let told =
            fs::read_to_string(self.path(&format!("own/{name}.told"))).unwrap_or_else(|_| panic!("{name} never ran"));
        let mut lines = told.lines();
        let folder = lines.next().unwrap();
        assert!(folder.contains("/toolsmith-") && !folder.starts_with(&self.filled("{work}")), "{told}");
        let shell = ["PWD", "OLDPWD", "SHLVL", "_"];
        for line in lines {
            let (variable, value) = line.split_once('=').unwrap_or_else(|| panic!("{name}: its folder has {line}"));
            assert!(allowed.contains(&variable) || shell.contains(&variable), "{name} got {line}");
            assert!(!value.contains(&self.filled("{work}/")), "{name} got {line}");
        }
        fs::remove_file(self.path(&format!("own/{name}.told"))).unwrap();
    }
}

/// A world in which every plant was seen to work.
fn world(user: User) -> World {
    let world = World::new(user);
    world.plant();
    for name in NAMES {
        world.attacked(name, &["x"]);
    }
    for (program, args) in [
        ("/usr/bin/python3", &["-c", ""][..]),
        ("/usr/bin/node", &["-e", ""]),
        ("/usr/bin/perl", &["-e", "1"]),
        ("/bin/bash", &["-c", ":"]),
        ("/usr/bin/mypy", &["plain.py"]),
        ("/usr/bin/git", &["init", "-q", "-b", "main"]),
        ("/usr/bin/git", &["add", "plain.py"]),
        ("/usr/bin/git", &["status", "--short"]),
        ("/usr/bin/git", &["commit", "-q", "-m", "First"]),
    ] {
        world.attacked(program, args);
    }
    let left = world.left();
    let mut wanted: Vec<String> = NAMES.iter().map(|name| format!("program-{name}")).collect();
    let has = |path: &str| Path::new(path).exists();
    wanted.extend(
        ["python", "bash", "perl", "git-fsmonitor", "git-clean", "git-pre-commit", "loaded-git"].map(str::to_owned),
    );
    wanted.extend(has("/usr/bin/node").then(|| "node".to_owned()));
    wanted.extend(has("/usr/bin/mypy").then(|| "mypy".to_owned()));
    wanted.retain(|mark| !left.contains(mark));
    assert_eq!(wanted, Vec::<String>::new(), "invalid cases: without the workbench they run; {left:?}");
    world.forget_marks();
    world
}

#[test]
fn interpreters() {
    for user in users() {
        let world = world(user);
        let ruby = world.own("ruby", "echo ruby 3.3.0");
        world.put("work/tools/experimental/five.rb", "#!/usr/bin/env ruby\n# Says something.\n", 0o755);
        world.configure(&format!("[programs]\nruby = \"{ruby}\"\n"));
        for agent in [true, false] {
            for name in ["worker", "two", "three", "four", "five"] {
                world.under_attack(&["show", name], agent);
                world.nothing_ran(&format!("show {name}"));
            }
            world.under_attack(&["doctor"], agent);
            world.under_attack(&["run", "worker"], agent);
            world.nothing_ran("run worker");
            if !world.path("").starts_with("/tmp") {
                world.told_only("ruby", &[]);
            }
        }
    }
}

#[test]
fn bubblewrap() {
    for user in users() {
        let world = world(user);
        let answer = world.under_attack(&["run", "worker"], false);
        assert_eq!(answer["stdout"], "real\n", "{answer:#}");
        assert_ne!(answer["run"]["isolation"]["level"], "none", "{answer:#}");
        world.nothing_ran("run worker");
        world.under_attack(&["doctor"], true);
        world.nothing_ran("doctor");
        // Named by a setting it is not taken either, from a workspace.
        world.configure(&format!("[isolation]\nbubblewrap = \"{}\"\n", world.path("work/bin/bwrap").display()));
        world.under_attack(&["run", "worker"], false);
        world.nothing_ran("bubblewrap of the workspace, named by a setting");
    }
}

/// As who runs the tests alone: ssh-keygen wants an account.
#[test]
fn ssh_keygen() {
    for user in users().into_iter().filter(|user| *user == User::Myself) {
        let world = world(user);
        let key = world.path("home/key").display().to_string();
        let made = world.plainly(Path::new("/usr/bin/ssh-keygen"), &["-q", "-t", "ed25519", "-N", "", "-f", &key]);
        assert!(made.status.success(), "invalid case: no key");
        let public = fs::read_to_string(format!("{key}.pub")).unwrap();
        let signers = world.path("home/signers").display().to_string();
        world.put("home/signers", &format!("ada@example.org {public}"), 0o600);
        world.configure(&format!("[signing]\nkey = \"{key}\"\nallowed_signers = \"{signers}\"\nrequired = true\n"));
        let review = world.under_attack(&["reviews"], true)["reviews"][0].clone();
        let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
        world.approve_under_attack(&id, &digest);
        world.nothing_ran("a signed approval");
        let tools = fs::read_dir(world.path("work/tools/approved")).unwrap().map(|entry| entry.unwrap().path());
        let notes: String = tools.map(|tool| fs::read_to_string(tool.join("approval.toml")).unwrap()).collect();
        assert!(notes.contains("SSH SIGNATURE"), "invalid case: nothing was signed: {notes}");
        world.under_attack(&["verify"], true);
        world.nothing_ran("verify");
    }
}

#[test]
fn git() {
    for user in users() {
        let world = world(user);
        for agent in [true, false] {
            for args in [&["list"][..], &["doctor"], &["show", "worker"], &["verify"], &["reviews"]] {
                world.under_attack(args, agent);
                world.nothing_ran(&args.join(" "));
            }
        }
        let told = world.under_attack(&["doctor"], false).to_string();
        assert!(told.contains("names are not started: "), "{told}");
        let before = world.plainly(Path::new("/usr/bin/git"), &["-c", "safe.directory=*", "rev-parse", "HEAD"]).stdout;
        let review = world.under_attack(&["reviews"], false)["reviews"][0].clone();
        let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
        world.approve_under_attack(&id, &digest);
        world.nothing_ran("an approval that was committed");
        let after = world.plainly(Path::new("/usr/bin/git"), &["-c", "safe.directory=*", "rev-parse", "HEAD"]).stdout;
        assert_ne!(before, after, "invalid case: nothing was committed");
    }
}

#[test]
fn linters() {
    for user in users() {
        let world = world(user);
        for agent in [true, false] {
            for name in ["worker", "two", "three"] {
                let told = world.under_attack(&["check", name], agent);
                world.nothing_ran(&format!("check {name}"));
                if name == "worker" && Path::new("/usr/bin/mypy").exists() {
                    assert!(told.to_string().contains("files read"), "invalid case: no linter ran: {told:#}");
                }
            }
        }
    }
}

/// Variables of the register that a program of the user's may get, and those that we set.
const COMMON: &[&str] =
    &["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TERM", "NO_COLOR", "MY_KEY", "TMPDIR"];

#[test]
fn generators() {
    for user in users() {
        let world = world(user);
        let own = world.own("agent-x", "cat > /dev/null; echo nothing of use");
        let asks = "[evolve]\ngenerators = [\"x\"]\n[generators.x]\ncommand = [\"agent-x\"]\nenv = [\"LD_PRELOAD\", \"PYTHONPATH\"]\n";
        // Only the workspace has one: none is asked, nor where an agent asks, who may not.
        world.configure(asks);
        for agent in [true, false] {
            world.under_attack(&["evolve", "worker", "faster"], agent);
            world.under_attack(&["doctor"], agent);
            world.nothing_ran("a generator of the workspace");
        }
        world.configure(&format!("{asks}[programs]\nagent-x = \"{own}\"\n"));
        world.under_attack(&["evolve", "worker", "faster"], false);
        world.nothing_ran("a generator of the user's own");
        world.told_only("agent-x", COMMON);
        // A whole path of a setting that leads into the workspace is refused as well.
        world.configure(&asks.replace("agent-x", &world.path("linked/agent-x").display().to_string()));
        world.under_attack(&["evolve", "worker", "faster"], false);
        world.nothing_ran("a generator that a link leads to");
    }
}

#[test]
fn secrets() {
    for user in users() {
        let world = world(user);
        let agent_x = world.own("agent-x", "cat > /dev/null; echo nothing of use");
        let vault = world.own("vault-x", "echo hunter-two");
        let asks = "[evolve]\ngenerators = [\"x\"]\n[generators.x]\ncommand = [\"agent-x\"]\nenv = [\"MY_KEY\"]\n\
                    [secrets]\nMY_KEY = { command = [\"vault-x\"], env = [\"LD_PRELOAD\", \"MYPYPATH\"] }\n";
        world.configure(&format!("{asks}[programs]\nagent-x = \"{agent_x}\"\n"));
        for agent in [true, false] {
            world.under_attack(&["evolve", "worker", "faster"], agent);
            world.under_attack(&["doctor"], agent);
            world.nothing_ran("the command of a secret in the workspace");
        }
        world.configure(&format!("{asks}[programs]\nagent-x = \"{agent_x}\"\nvault-x = \"{vault}\"\n"));
        world.under_attack(&["evolve", "worker", "faster"], false);
        world.nothing_ran("the command of a secret of the user's own");
        let told = fs::read_to_string(world.path("own/vault-x.told")).unwrap_or_default();
        // Named by the setting, a variable that loads nothing is handed on as it is.
        assert!(told.contains("MYPYPATH="), "{told}");
        let kept: Vec<&str> = told.lines().filter(|line| !line.starts_with("MYPYPATH=")).collect();
        fs::write(world.path("own/vault-x.told"), kept.join("\n")).unwrap();
        world.told_only("vault-x", COMMON);
    }
}

#[test]
fn editors() {
    for user in users() {
        let world = world(user);
        let own = world.own("agent-x", "exit 0");
        let edit = |editor: &str| {
            let set = [("VISUAL".to_owned(), String::new()), ("EDITOR".to_owned(), editor.to_owned())];
            let variables =
                world.variables(false).into_iter().chain(set).map(|(name, value)| format!("{name}={value}"));
            let words =
                [world.user.prefix(), vec!["/usr/bin/env".to_owned()], variables.collect(), vec![program_path()]];
            let words: Vec<String> =
                words.concat().into_iter().chain(["edit".to_owned(), "worker".to_owned()]).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut terminal = Terminal::program(&world.workspace, &words, (120, 40));
            let code = terminal.wait_end().exit_code();
            (code, terminal.text())
        };
        // Only the workspace has one of this name, or at this path.
        for editor in ["agent-x", "./bin/agent-x", &world.filled("{work}/bin/agent-x")] {
            let (code, text) = edit(editor);
            assert_ne!(code, 0, "{editor}: {text}");
            world.nothing_ran("an editor of the workspace");
        }
        let (code, text) = edit(&own);
        assert_eq!(code, 0, "{text}");
        world.nothing_ran("an editor of the user's own");
        let told = fs::read_to_string(world.path("own/agent-x.told")).unwrap();
        let loads = |line: &&str| {
            ["LD_", "PYTHON", "NODE_", "PERL", "BASH_ENV=", "ENV=", "GIT_"].iter().any(|begin| line.starts_with(begin))
        };
        assert_eq!(told.lines().find(loads), None, "{told}");
    }
}

#[test]
fn workers() {
    for user in users() {
        let world = world(user);
        let own = world.own("agent-x", "cat > /dev/null; exit 3");
        let asks = "[workers.two]\nprefix = [\"agent-x\", \"there\"]\npatience = \"1s\"\n";
        // Only the workspace has one.
        world.configure(asks);
        for agent in [true, false] {
            world.under_attack(&["workers", "two"], agent);
            world.under_attack(&["run", "worker", "--on", "two"], agent);
            world.under_attack(&["doctor"], agent);
            world.nothing_ran("the prefix of a worker in the workspace");
        }
        world.configure(&format!("{asks}[programs]\nagent-x = \"{own}\"\n"));
        world.under_attack(&["workers", "two"], false);
        world.under_attack(&["run", "worker", "--on", "two"], false);
        world.nothing_ran("the prefix of a worker of the user's own");
        let more = ["XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK", "KRB5CCNAME"];
        world.told_only("agent-x", &[COMMON, &more].concat());
    }
}

#[test]
fn ourselves() {
    for user in users() {
        let world = world(user);
        let own = world.own("agent-x", "cat > /dev/null; echo nothing of use");
        world.configure(&format!(
            "[evolve]\ngenerators = [\"x\"]\n[generators.x]\ncommand = [\"agent-x\"]\n[programs]\nagent-x = \"{own}\"\n"
        ));
        // Supervisors, the inner stage and the keeper of a generator are this program again.
        world.under_attack(&["run", "worker"], false);
        world.under_attack(&["evolve", "worker", "faster"], false);
        world.told_only("agent-x", COMMON);
        assert_eq!(world.left(), [OWN], "as {}", user.word());
    }
}
