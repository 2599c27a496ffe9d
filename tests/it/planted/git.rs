//! Programs that the configuration and the hooks of a repository name: the workbench's git starts none of them.

use super::{World, users};
use crate::hostile_runs::program_path;
use crate::hostile_runs::user::User;
use crate::support::Terminal;
use std::path::Path;

/// What the planted configuration names; `{p}` is the folder of the programs.
const CONFIG: &str = r#"
[core]
    fsmonitor = {p}/fsmonitor
    sshCommand = {p}/ssh
[commit]
    gpgSign = true
[user]
    signingKey = Ada
[gpg]
    program = {p}/gpg
[gpg "openpgp"]
    program = {p}/gpg
[protocol "ext"]
    allow = always
[extensions]
    worktreeConfig = true
[remote "lazy"]
    url = ext::{p}/remote
    promisor = true
[filter "a=b.c"]
    clean = {p}/filter-clean
[filter "process"]
    process = {p}/filter-process
[diff]
    external = {p}/diff-external
[diff "text"]
    textconv = {p}/textconv
[diff "command"]
    command = {p}/diff-command
[include]
    path = more
"#;

/// Which of them look at which file; those of a tool, so that an approval meets them.
const ATTRIBUTES: &str = "worker.py filter=a=b.c diff=text\ntool.toml filter=included\n\
                          approval.toml filter=process\nnotes.txt filter=worktree diff=command\n";

/// Every planted program, by its mark, sorted.
const PLANTED: &[&str] = &[
    "diff-command",
    "diff-external",
    "filter-clean",
    "filter-process",
    "fsmonitor",
    "gpg",
    "included",
    "post-commit",
    "pre-commit",
    "remote",
    "ssh",
    "textconv",
    "worktree",
];

const TOOL: &str = "name = \"worker\"\nversion = \"1.0.0\"\ndescription = \"works\"\ncost_tier = \"low\"\n[run]\n\
                    command = [\"python3\", \"{file}\"]\nentry = \"worker.py\"\ninput = \"none\"\n";

/// A workspace that was copied with its repository.
fn world(user: User) -> World {
    let world = World::new(user);
    for (name, text) in [("worker.py", "print('real')\n"), ("tool.toml", TOOL), ("notes.txt", "of no account\n")] {
        world.put(&format!("work/tools/experimental/worker/{name}"), text, 0o644);
    }
    world.hand_over();
    git(&world, &["init", "-q", "-b", "main"]);
    git(&world, &["add", "-A"]);
    git(&world, &["commit", "-q", "-m", "First"]);
    for name in PLANTED {
        let folder = if name.ends_with("-commit") { "work/.git/hooks" } else { "work/programs" };
        world.put(&format!("{folder}/{name}"), &world.marking(name), 0o755);
    }
    let programs = world.path("work/programs").display().to_string();
    let own = std::fs::read_to_string(world.path("work/.git/config")).unwrap();
    world.put("work/.git/config", &format!("{own}{}", CONFIG.replace("{p}", &programs)), 0o644);
    world.put("work/.git/more", &format!("[filter \"included\"]\nclean = {programs}/included\n"), 0o644);
    world.put("work/.git/config.worktree", &format!("[filter \"worktree\"]\nclean = {programs}/worktree\n"), 0o644);
    world.put("work/.gitattributes", ATTRIBUTES, 0o644);
    world.hand_over();
    world
}

/// Git as anybody would start it; it may fail.
fn git(world: &World, args: &[&str]) -> String {
    let output = world.plainly(Path::new("/usr/bin/git"), args);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Makes git start every planted program.
fn start_all(world: &World) {
    for name in ["worker.py", "tool.toml", "approval.toml", "notes.txt", "plain"] {
        world.put(&format!("work/control/{name}"), "one\n", 0o644);
    }
    world.hand_over();
    git(
        world,
        &["add", "control/worker.py", "control/tool.toml", "control/notes.txt", "control/plain", ".gitattributes"],
    );
    git(world, &["commit", "-q", "-m", "Signed"]);
    git(world, &["-c", "commit.gpgSign=false", "commit", "-q", "-m", "Control"]);
    git(world, &["diff", "HEAD~1", "HEAD", "--", "control"]);
    git(world, &["cat-file", "--textconv", "HEAD:control/worker.py"]);
    git(world, &["ls-remote", "ssh://example.org/x"]);
    git(world, &["fetch", "lazy"]);
    // Last: git gives up when a process that filters does not answer.
    git(world, &["add", "control/approval.toml"]);
    assert_eq!(world.left(), PLANTED, "invalid cases: git by itself starts them");
    world.forget_marks();
}

/// The workbench as a human at a terminal starts it.
fn at_a_terminal(world: &World, args: &[&str]) {
    let own: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let words = [world.user.prefix(), vec![program_path()], own, vec!["--json".to_owned()]].concat();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut terminal = Terminal::program(&world.workspace, &words, (120, 40));
    let code = terminal.wait_end().exit_code();
    assert_eq!(code, 0, "{args:?}: {}", terminal.text());
}

#[test]
fn no_program_that_a_repository_names_is_started() {
    for user in users() {
        let world = world(user);
        start_all(&world);
        let unmarked = |what: &str| assert_eq!(world.left(), Vec::<String>::new(), "{what} as {}", user.word());
        for args in [&["list"][..], &["doctor"], &["show", "worker"], &["verify"]] {
            world.json(args, &[]);
            unmarked(&args.join(" "));
        }
        let review = world.json(&["reviews"], &[])["reviews"][0].clone();
        let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
        at_a_terminal(&world, &["approve", &id, "--digest", &digest, "--unread", "--reason", "a test"]);
        unmarked("approve");
        let made = git(&world, &["log", "-1", "--name-only", "--format="]);
        assert!(made.contains("tools/approved/worker/approval.toml"), "invalid case: nothing was committed: {made}");
        let stored = git(&world, &["cat-file", "blob", "HEAD:tools/approved/worker/worker.py"]);
        assert_eq!(stored, "print('real')");
        let mut terminal = world.open();
        terminal.wait_text("worker");
        terminal.send("q");
        unmarked("the workbench");
        at_a_terminal(&world, &["undo"]);
        assert_ne!(git(&world, &["log", "-1", "--name-only", "--format="]), made, "invalid case: undo made no commit");
        world.json(&["verify"], &[]);
        unmarked("undo");
    }
}
