//! Who asks: what only a human may do needs a terminal, and an agent is one also when it hides its name.

use super::permissions::approved;
use super::{Answered, Shell};
use crate::needs;
use rustix::process::getuid;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, PoisonError};
use toolsmith::action::{ACTIONS, Arg, ArgKind, Form, Risk, Spec};

/// A user that nobody is, outside of the range that runs of root's use.
const PLAIN: u32 = 60_124;

/// A value that an argument of this kind takes.
fn value(kind: ArgKind) -> &'static str {
    match kind {
        ArgKind::Run
        | ArgKind::Review
        | ArgKind::Operation
        | ArgKind::Number
        | ArgKind::Numbered(_)
        | ArgKind::Count => "1",
        ArgKind::Json => "{}",
        ArgKind::KeyValue => "a=1",
        ArgKind::Word(words) => words[0],
        ArgKind::Duration => "1s",
        ArgKind::Digest => "aaaaaaaa",
        ArgKind::ReviewDigest => "1=aaaaaaaa",
        ArgKind::Tool
        | ArgKind::Instance
        | ArgKind::RunOrInstance
        | ArgKind::Failure
        | ArgKind::Named(_)
        | ArgKind::Text
        | ArgKind::Arguments
        | ArgKind::Path
        | ArgKind::Switch => "x",
    }
}

/// How an argument is written.
fn written(arg: &Arg) -> Vec<String> {
    match (arg.form, arg.kind) {
        (Form::Positional | Form::Several, kind) => vec![value(kind).to_owned()],
        (_, ArgKind::Switch) => vec![format!("--{}", arg.name)],
        (_, kind) => vec![format!("--{}", arg.name), value(kind).to_owned()],
    }
}

/// The verb with what it must have, and this argument.
fn line(row: &Spec, more: Option<&Arg>) -> Vec<String> {
    let needed = row.args.iter().filter(|arg| arg.required || more.is_some_and(|more| more.name == arg.name));
    let words = needed.flat_map(written);
    std::iter::once(row.name.to_owned()).chain(words).chain(["--json".to_owned()]).collect()
}

#[test]
fn every_verb_and_flag_for_humans_needs_a_terminal_and_no_agent() {
    let shell = Shell::new();
    let rows = ACTIONS.iter().filter(|row| row.cli);
    let lines = rows.flat_map(|row| {
        let flags = row.args.iter().filter(|arg| arg.human_only).map(|arg| line(row, Some(arg)));
        let verb = (row.risk == Risk::HumanOnly).then(|| line(row, None));
        verb.into_iter().chain(flags).collect::<Vec<_>>()
    });
    let mut tried = 0;
    for words in lines {
        let args: Vec<&str> = words.iter().map(String::as_str).collect();
        let message = |answered: &Answered| answered.json()["error"]["message"].as_str().unwrap().to_owned();
        let without = shell.call(&args).exits(4);
        assert_eq!(without.error_code(), "human-needed", "{args:?}");
        assert!(message(&without).contains("needs a human at a terminal"), "{args:?}: {}", message(&without));
        let agent = shell.call_by_human(&[&args[..], &["--as-agent", "bot"]].concat()).exits(4);
        assert!(message(&agent).contains("is for humans only, and bot is an agent"), "{args:?}: {}", message(&agent));
        // The control: whoever sits at a terminal is not refused for that.
        let human = shell.call_by_human(&args);
        assert!(!human.stdout.contains("human-needed"), "{args:?}: {}", human.stdout);
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

/// Ways to call the program without the variable. Each gets the command to call, which drops it, as one string for
/// `sh -c`; its output and exit code go to the file `$RESULT`, and its end is told by the FIFO `$ENDED`.
const WAYS: [(&str, &str); 7] = [
    ("straight", r#"subprocess.call(["sh", "-c", command])"#),
    ("through script", r#"subprocess.call(["script", "-qec", command, "/dev/null"])"#),
    ("in a session of its own", r#"subprocess.call(["setsid", "-w", "sh", "-c", command])"#),
    ("in a pseudo-terminal", r#"pty.spawn(["sh", "-c", command], lambda fd: os.read(fd, 1024))"#),
    // Parents are gone; whoever holds the terminal is not.
    (
        "left alone in a pseudo-terminal of the agent",
        r"
master, slave = os.openpty()
if os.fork() == 0:
    parent = os.getpid()
    if os.fork() == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        os.dup2(slave, 0)
        call_as_orphan(parent)
    os._exit(0)
os.wait()
",
    ),
    // Parents and session are gone; the agent still lives on the terminal that it uses.
    (
        "left alone in another session",
        r"
if os.fork() == 0:
    os.setsid()
    parent = os.getpid()
    if os.fork() == 0:
        call_as_orphan(parent)
    os._exit(0)
os.wait()
",
    ),
    // Parents are gone; the session is that of the agent.
    (
        "left alone in the background",
        r"
if os.fork() == 0:
    parent = os.getpid()
    if os.fork() == 0:
        call_as_orphan(parent)
    os._exit(0)
os.wait()
",
    ),
];

/// An agent: what it was started with names it, and what it starts does not.
const AGENT: &str = r#"
import fcntl, os, pty, select, subprocess, sys, termios
# A terminal that another test was just opening may have been inherited; this agent would count as its holder.
os.closerange(3, 1024)
program, way, ended = sys.argv[1], sys.argv[2], os.environ["ENDED"]
command = "env -u TOOLSMITH_AGENT " + program + " > $RESULT 2>&1; echo code $? >> $RESULT; echo > " + ended

def call_as_orphan(parent):
    # A pidfd is readable once the parent has ended; what is executed then begins without the variable.
    try:
        poll = select.poll()
        poll.register(os.pidfd_open(parent), select.POLLIN)
        poll.poll()
    except ProcessLookupError:
        pass
    os.environ.pop("TOOLSMITH_AGENT", None)
    os.execvp("sh", ["sh", "-c", command])

if os.environ.get("HOLDS"):
    # Clients run commands in terminals of their own.
    terminals = os.openpty()
if os.environ.get("SERVES"):
    # What a client does that knows this program: it starts a server and greets it, with a name or without one.
    name = ["--as-agent", os.environ["SERVES"]] if os.environ["SERVES"] != "nobody" else []
    server = subprocess.Popen([program.split()[0]] + name + ["mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    client = '{"name":"x","version":"1"}'
    params = '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":' + client + '}'
    if not os.environ.get("SILENT"):
        server.stdin.write(('{"jsonrpc":"2.0","id":1,"method":"initialize","params":' + params + '}\n').encode())
        server.stdin.flush()
        server.stdout.readline()
    # What it noted outlives it: an agent can end the server.
    server.stdin.close()
    server.wait()
fifo = os.open(ended, os.O_RDWR)
exec(way)
os.read(fifo, 1)
"#;

/// Lets an agent of this name, or nobody's program where it is empty, call the program in some way at a terminal.
fn called(shell: &Shell, name: &str, way: &str, args: &[&str]) -> Answered {
    let agent = ["/usr/bin/python3", "-c", AGENT].map(str::to_owned);
    called_by(shell, &agent, &[("TOOLSMITH_AGENT", name)], way, args)
}

/// One agent at a time: while one lives, nothing younger than it counts as a human's.
static ONE_AGENT: Mutex<()> = Mutex::new(());

/// The same for this program, with this environment.
pub(super) fn called_by(shell: &Shell, agent: &[String], more: &[(&str, &str)], way: &str, args: &[&str]) -> Answered {
    let _alone = ONE_AGENT.lock().unwrap_or_else(PoisonError::into_inner);
    let [result, ended] = ["result", "ended"].map(|file| shell.home().join(file));
    for path in [&result, &ended] {
        let _ = fs::remove_file(path);
    }
    rustix::fs::mkfifoat(rustix::fs::CWD, &ended, rustix::fs::Mode::from_raw_mode(0o666)).unwrap();
    if let Some(user) = shell.user {
        std::os::unix::fs::chown(&ended, Some(user), Some(user)).unwrap();
    }
    let program = [&[assert_cmd::cargo::cargo_bin("toolsmith").to_str().unwrap()], args].concat().join(" ");
    let environment = [("RESULT", result.to_str().unwrap()), ("ENDED", ended.to_str().unwrap())];
    let set = environment.iter().chain(more).map(|(name, value)| format!("{name}={value}"));
    let words: Vec<String> = std::iter::once("env".to_owned()).chain(set).collect();
    let words = [words, agent.to_vec(), vec![program, way.to_owned()]].concat();
    let agent = shell.program_at_terminal(&words);
    let text = fs::read_to_string(&result).unwrap_or_else(|error| panic!("{error}: {}", agent.stdout));
    let (stdout, code) = text.trim_end().rsplit_once("code ").unwrap();
    Answered { code: code.parse().unwrap(), stdout: stdout.to_owned(), stderr: agent.stdout }
}

/// Shells of root and of a plain user, or of whoever runs the tests.
pub(super) fn shells() -> Vec<Shell> {
    let users = if getuid().is_root() { vec![None, Some(PLAIN)] } else { vec![None] };
    let with = |user: Option<u32>| {
        let mut shell = Shell::new();
        approved(&shell, "starter", "echo it-ran\n", "[permissions]\nrun = [\"git\"]\n");
        if let Some(user) = user {
            shell.hand_over(user);
        }
        shell
    };
    users.into_iter().map(with).collect()
}

#[test]
fn an_agent_that_drops_its_name_is_an_agent_by_its_parents_its_session_or_its_terminal() {
    for shell in shells() {
        let mut last_entry = 0;
        for (what, way) in WAYS {
            let refused = called(&shell, "bot", way, &["run", "starter", "--allow"]);
            let text = format!("{what}: {}{}", refused.stdout, refused.stderr);
            assert_eq!(refused.code, 4, "{text}");
            assert!(refused.stdout.contains("bot is an agent (found in "), "{text}");
            assert!(refused.stdout.contains("PID"), "{text}");
            let log = shell.call(&["log", "--json"]).exits(0).json();
            let entries = log["operations"].as_array().unwrap();
            let is_new = |entry: &&Value| entry["verb"] == "agent-found" && entry["id"].as_i64() > Some(last_entry);
            let new: Vec<&Value> = entries.iter().filter(is_new).collect();
            let [entry] = new[..] else { panic!("one new entry is expected: {text}{log:#}") };
            assert_eq!(entry["who"], "agent:bot", "{text}{log:#}");
            let found = entry["detail"]["found_in"].as_str().unwrap();
            assert!(found.contains(" PID ") && found.contains('('), "{what}: {found}");
            last_entry = entry["id"].as_i64().unwrap();
        }
        // Nothing was granted, and a run of its own is an agent's.
        let (_, way) = WAYS[0];
        let plain = called(&shell, "bot", way, &["run", "starter"]);
        assert_eq!(plain.code, 4, "{}", plain.stdout);
        assert_eq!(shell.call(&["runs", "--json"]).json()["runs"][0]["caller"], "bot");
        let log = shell.call(&["log"]).exits(0).stdout;
        assert!(log.contains("called by an agent: bot was found in ancestor PID"), "{log}");
    }
}

/// Leaves its parents and its terminal behind, but not its session: that is the one of the client.
const THROUGH_SCRIPT_AS_ORPHAN: &str = r#"
if os.fork() == 0:
    parent = os.getpid()
    if os.fork() == 0:
        poll = select.poll()
        try:
            poll.register(os.pidfd_open(parent), select.POLLIN)
            poll.poll()
        except ProcessLookupError:
            pass
        os.execvp("script", ["script", "-qec", command, "/dev/null"])
    os._exit(0)
os.wait()
"#;

/// A program with this name that does what an agent's client does.
pub(super) fn client(shell: &Shell, name: &str) -> Vec<String> {
    let path = shell.home().join(name);
    fs::write(&path, format!("#!/usr/bin/python3\n{AGENT}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    vec![path.to_str().unwrap().to_owned()]
}

#[test]
fn an_agent_whose_client_names_nobody_is_an_agent_by_its_client() {
    for shell in shells() {
        let codex = client(&shell, "codex");
        let ways = WAYS.into_iter().chain([("an orphan through script", THROUGH_SCRIPT_AS_ORPHAN)]);
        for (what, way) in ways {
            let refused = called_by(&shell, &codex, &[], way, &["run", "starter", "--allow"]);
            let text = format!("{what}: {}{}", refused.stdout, refused.stderr);
            assert_eq!(refused.code, 4, "{text}");
            assert!(refused.stdout.contains("codex is an agent (found in "), "{text}");
            assert!(refused.stdout.contains("a terminal that the agent did not start"), "{text}");
        }
        // A run of its own is an agent's, without any flag for humans.
        let plain = called_by(&shell, &codex, &[], WAYS[0].1, &["run", "starter"]);
        assert_eq!(plain.code, 4, "{}", plain.stdout);
        assert_eq!(shell.call(&["runs", "--json"]).json()["runs"][0]["caller"], "codex");
        // A client of any name that started a server, also when that has ended, and one that is known by its variable.
        let other = client(&shell, "my-client");
        for (set, agent) in [(("SERVES", "rosa"), "rosa"), (("CLAUDECODE", "1"), "claude")] {
            let refused = called_by(&shell, &other, &[set], WAYS[1].1, &["run", "starter", "--allow"]);
            assert_eq!(refused.code, 4, "{}{}", refused.stdout, refused.stderr);
            assert!(refused.stdout.contains(&format!("{agent} is an agent (found in ")), "{}", refused.stdout);
        }
    }
}

#[test]
fn a_human_in_the_terminal_of_an_editor_that_serves_agents_is_no_agent() {
    for shell in shells() {
        for name in ["code", "bash"] {
            let editor = client(&shell, name);
            for (what, way) in &WAYS[..4] {
                let done = called_by(&shell, &editor, &[("SERVES", "vscode")], way, &["set", "mine", "starter"]);
                assert_eq!(done.code, 0, "{name} {what}: {}{}", done.stdout, done.stderr);
                shell.call_by_human(&["unset", "mine"]).exits(0);
            }
        }
    }
}

#[test]
fn an_agent_that_calls_itself_another_one_is_who_it_was_started_as() {
    let shell = Shell::new();
    shell.tool("experimental", "quick", "echo it-ran\n", "");
    let digest =
        shell.call(&["show", "quick", "--json"]).exits(0).json()["tool"]["digest"].as_str().unwrap().to_owned();
    shell.call_by_human(&["grant", &format!("quick@{}", &digest[..12]), "--agent", "coder"]).exits(0);
    let program = assert_cmd::cargo::cargo_bin("toolsmith").display().to_string();
    let run = |agent: &str, line: &str| {
        let command = shell.command(&[]);
        let mut agent_process = std::process::Command::new("env");
        agent_process.arg(format!("TOOLSMITH_AGENT={agent}")).args(["sh", "-c", &format!("{line}; exit $?")]);
        agent_process.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        agent_process.env("PROGRAM", &program).current_dir(shell.workspace());
        Shell::ended(agent_process.stdin(std::process::Stdio::null()))
    };
    // The control: the agent that was granted it.
    assert_eq!(run("coder", "$PROGRAM run quick").stdout, "it-ran\n");
    for line in [
        "$PROGRAM run quick --as-agent coder",
        "TOOLSMITH_AGENT=coder $PROGRAM run quick",
        "env TOOLSMITH_AGENT=coder sh -c '$PROGRAM run quick; exit $?'",
    ] {
        let refused = run("mallory", line);
        assert_eq!(refused.code, 4, "{line}: {}{}", refused.stdout, refused.stderr);
        assert_eq!(shell.call(&["runs", "--json"]).json()["runs"][0]["caller"], "mallory", "{line}");
    }
}

#[test]
fn nobodys_program_is_no_agent_in_any_of_these_ways() {
    for shell in shells() {
        for (what, way) in &WAYS[..5] {
            let done = called(&shell, "", way, &["set", "mine", "starter"]);
            assert_eq!(done.code, 0, "{what}: {}{}", done.stdout, done.stderr);
            shell.call_by_human(&["unset", "mine"]).exits(0);
        }
        // Who left its parents behind but not its session cannot be told apart from an agent that did.
        let (what, way) = WAYS[6];
        let done = called(&shell, "", way, &["set", "mine", "starter"]);
        assert_eq!(done.code, 4, "{what}: {}", done.stdout);
        assert!(done.stdout.contains("the calling program has ended"), "{what}: {}", done.stdout);
    }
}

#[test]
fn an_agent_does_not_make_a_run_longer_whose_tool_nobody_approved() {
    let shell = Shell::new();
    shell.tool("experimental", "quick", "echo it-ran\n", "");
    let digest = shell.call(&["show", "quick", "--json"]).json()["tool"]["digest"].as_str().unwrap().to_owned();
    let tool = format!("quick@{}", &digest[..12]);
    shell.call_by_human(&["grant", &tool, "--agent", "bot"]).exits(0);
    for (timeout, code) in [("5s", 0), ("1h", 4), ("10001ms", 4)] {
        let run = shell.call(&["run", "quick", "--as-agent", "bot", "--timeout", timeout]).exits(code);
        assert_eq!(run.stderr.contains("only a human may raise its time limit"), code == 4, "{}", run.stderr);
    }
    shell.call(&["run", "quick", "--timeout", "20s"]).exits(0);
}

/// A container whose first program did not begin a session, as `docker exec` and many build servers start one.
#[test]
fn a_session_from_outside_a_container_is_no_error() {
    let shell = Shell::new();
    shell.tool("experimental", "quick", "echo it-ran\n", "");
    let inside = |words: &[&str]| {
        let own = shell.command(words);
        let mut command = std::process::Command::new("unshare");
        command.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.arg(own.get_program()).args(own.get_args()).current_dir(shell.workspace());
        command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(std::process::Stdio::null());
        command
    };
    let mut session = std::process::Command::new("unshare");
    session.args([
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--mount-proc",
        "cut",
        "-d ",
        "-f6",
        "/proc/self/stat",
    ]);
    let session = Shell::ended(&mut session);
    if session.code != 0 {
        needs::not_run(session.stderr.trim());
        return;
    }
    assert_eq!(session.stdout.trim(), "0", "the control: the session is not in the container");
    Shell::ended(&mut inside(&["list", "--json"])).exits(0);
    let run = Shell::ended(&mut inside(&["run", "quick", "--as-agent", "bot"]));
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    // The namespace maps one user, and a tool of root's needs another one.
    let run = Shell::ended(&mut inside(&["run", "quick"]));
    assert!(run.stderr.contains("no unused user IDs"), "{}", run.stderr);
    let human = Shell::ended(&mut inside(&["approve", "1", "--json"])).exits(4);
    assert_eq!(human.error_code(), "human-needed");
}
