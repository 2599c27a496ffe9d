//! Programs that an agent leaves behind: nobody can tell who started them, so they are no human's while it lives.

use super::callers::{called_by, client, shells};
use super::{Answered, Shell};
use crate::needs;
use std::process::Command;

/// One line each. The command is a string for `sh -c`.
const WAYS: [(&str, &str); 3] = [
    ("setsid -f", r#"subprocess.call(["setsid", "-f", "script", "-qec", command, "/dev/null"])"#),
    (
        "the background",
        r#"
line = '(setsid script -qec "$0" /dev/null < /dev/null > /dev/null 2>&1 &)'
subprocess.call(["sh", "-c", line, command])
"#,
    ),
    (
        "a terminal server of its own",
        r#"subprocess.call(["tmux", "-L", "toolsmith-%d" % os.getpid(), "new-session", "-d", command])"#,
    ),
];

const CONTAINER: &str =
    r#"subprocess.call(["unshare", "-Urpf", "--mount-proc", "script", "-qec", command, "/dev/null"])"#;

fn set(shell: &Shell, agent: &[String], more: &[(&str, &str)], way: &str) -> Answered {
    called_by(shell, agent, more, way, &["set", "mine", "starter"])
}

#[test]
fn what_an_agent_leaves_behind_is_no_humans() {
    let needs_tmux = !has("tmux", &["-V"]);
    for shell in shells() {
        let [known, noted] = ["codex", "my-client"].map(|name| client(&shell, name));
        for (what, way) in WAYS.iter().filter(|(what, _)| !(needs_tmux && what.contains("server"))) {
            for (agent, more) in [(&known, &[][..]), (&noted, &[("SERVES", "rosa")])] {
                let refused = set(&shell, agent, more, way);
                let text = format!("{what}: {}{}", refused.stdout, refused.stderr);
                assert_eq!(refused.code, 4, "{text}");
                assert!(refused.stdout.contains("may have started"), "{text}");
                assert!(refused.stdout.contains("open a new terminal"), "what a human can do: {text}");
            }
            // The control: nobody's program, while there is no agent. The note goes with the client.
            let done = set(&shell, &noted, &[], way);
            assert_eq!(done.code, 0, "{what}: {}{}", done.stdout, done.stderr);
            shell.call_by_human(&["unset", "mine"]).exits(0);
        }
    }
    if needs_tmux {
        needs::not_run("tmux is not installed");
    }
}

#[test]
fn a_client_is_noted_whatever_it_holds_and_before_it_says_anything() {
    for shell in shells() {
        let agent = client(&shell, "my-client");
        let (_, way) = WAYS[0];
        for more in [
            &[("SERVES", "rosa"), ("HOLDS", "1")][..],
            &[("SERVES", "nobody"), ("HOLDS", "1")],
            &[("SERVES", "nobody"), ("SILENT", "1")],
        ] {
            let refused = set(&shell, &agent, more, way);
            assert_eq!(refused.code, 4, "{more:?}: {}{}", refused.stdout, refused.stderr);
            assert!(refused.stdout.contains("may have started"), "{more:?}: {}", refused.stdout);
            // The control: the same client without a server.
            let done = set(&shell, &agent, &[("HOLDS", "1")], way);
            assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
            shell.call_by_human(&["unset", "mine"]).exits(0);
        }
    }
}

#[test]
fn a_program_in_a_container_is_no_humans_while_an_agent_is_noted_outside() {
    if !has("unshare", &["-Urpf", "--mount-proc", "true"]) {
        needs::not_run("namespaces of users are not allowed here");
        return;
    }
    for shell in shells() {
        let agent = client(&shell, "my-client");
        let done = set(&shell, &agent, &[], CONTAINER);
        assert_eq!(done.code, 0, "the control: {}{}", done.stdout, done.stderr);
        shell.call_by_human(&["unset", "mine"]).exits(0);
        let refused = set(&shell, &agent, &[("SERVES", "rosa")], CONTAINER);
        assert_eq!(refused.code, 4, "{}{}", refused.stdout, refused.stderr);
        assert!(refused.stdout.contains("in a container, and the agent rosa outside"), "{}", refused.stdout);
        // Humans outside are not locked out.
        shell.call_by_human(&["set", "mine", "starter"]).exits(0);
    }
}

#[test]
fn a_terminal_server_that_was_there_before_the_agent_is_a_humans() {
    if !has("tmux", &["-V"]) {
        needs::not_run("tmux is not installed");
        return;
    }
    for shell in shells() {
        let socket = shell.home().join("tmux").display().to_string();
        let tmux = |words: &[&str]| {
            let words = [&["tmux", "-S", &socket][..], words].concat();
            shell.program_at_terminal(&words.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        tmux(&["new-session", "-d", "sleep 1000"]).exits(0);
        let way = format!(
            "names = [\"export %s=%s; \" % (name, os.environ[name]) for name in [\"RESULT\", \"ENDED\"]]\n\
             subprocess.call([\"tmux\", \"-S\", \"{socket}\", \"new-window\", \"\".join(names) + command])"
        );
        let done = set(&shell, &client(&shell, "codex"), &[], &way);
        tmux(&["kill-server"]);
        assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
        shell.call_by_human(&["unset", "mine"]).exits(0);
    }
}

fn has(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|done| done.status.success())
}
