//! The user's own editor and pager take the terminal, and the workbench gets it back, however they end.

use super::{LARGE, waiting_review};
use crate::support::{PATIENCE, Terminal, Workspace, key, program};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Instant;
use tempfile::TempDir;

/// A folder of the user's with a program `vi`, which draws, waits for a key, and changes the file or dies.
struct Editor {
    folder: TempDir,
}

impl Editor {
    fn new(ending: &str) -> Editor {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let told = folder.path().join("told");
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > {told}\nold=$(stty -g)\nstty raw -echo\n\
             printf '\\033[?1049h\\033[?1000h\\033[?2004h\\033[5;9r\\033[2J\\033[HEDITING'\ndd bs=1 count=1 2>/dev/null >/dev/null\n{ending}\n",
            told = told.display()
        );
        let file = folder.path().join("vi");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        Editor { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vi")
    }

    fn told(&self) -> String {
        fs::read_to_string(self.folder.path().join("told")).unwrap()
    }

    /// The workbench with this editor.
    fn workbench(&self, workspace: &Workspace) -> Terminal {
        let set = format!("VISUAL={}", self.path().display());
        let mut terminal = Terminal::program(workspace, &["env", &set, "EDITOR=/bin/false", program()], LARGE);
        terminal.wait_text("Ready").wait_text("greet");
        terminal
    }
}

const GENTLE: &str = "for file; do :; done\necho '# edited' >> \"$file\"\nprintf '\\033[r\\033[?1000l\\033[?2004l\\033[?1049l'\nstty \"$old\"\nexit 0";
const CRASH: &str = "kill -9 $$";

fn long_script() -> Workspace {
    let lines = (0..120).map(|number| format!("print({number})\n")).collect::<Vec<_>>().concat();
    Workspace::new().with_script("greet", &lines)
}

#[test]
fn the_editor_opens_the_file_at_the_line_that_is_shown() {
    let (workspace, editor) = (long_script(), Editor::new(GENTLE));
    let mut terminal = editor.workbench(&workspace);
    terminal.send("s").wait_text("print(0)").send(" ").wait_gone("print(0)").send("\x05").wait_text("EDITING");
    terminal.send("x").wait_text("edited tools/experimental/greet.py:").wait_gone("EDITING");
    let told = editor.told();
    let line: u64 = told.lines().next().unwrap().strip_prefix('+').unwrap().parse().unwrap();
    assert!(line > 20 && told.trim_end().ends_with("tools/experimental/greet.py"), "{told}");
    let text = fs::read_to_string(workspace.path("tools/experimental/greet.py")).unwrap();
    assert!(text.ends_with("# edited\n"), "{text}");
    terminal.send(key::ESC).wait_text("1 Catalog").send("q").wait_end();
    assert_eq!(terminal.left_behind(), Vec::<&str>::new());
}

#[test]
fn an_editor_that_crashes_leaves_a_terminal_that_works() {
    let (workspace, editor) = (long_script(), Editor::new(CRASH));
    let mut terminal = Terminal::shell(&workspace, LARGE);
    let start = format!("VISUAL={} {}\r", editor.path().display(), program());
    terminal.wait_text("$ ").send(&start).wait_text("Ready").wait_text("greet");
    for _ in 0..2 {
        terminal
            .send("\x05")
            .wait_text("EDITING")
            .send("x")
            .wait_text("vi ended with signal: 9")
            .wait_text("1 Catalog");
        terminal.send("?").wait_text("Keys in").send(key::ESC).wait_gone("Keys in");
    }
    // What is typed before the prompt comes would be thrown away with the modes of the terminal.
    terminal
        .send("q")
        .wait_for("the prompt", |screen| !screen.alternate_screen() && screen.contents().trim_end().ends_with("\n$"));
    assert_eq!(terminal.left_behind(), Vec::<&str>::new());
    terminal.send("echo modes: $(stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo)\r").wait_text("modes: 2");
    assert_eq!(terminal.send("exit\r").wait_end().exit_code(), 0);
}

#[test]
fn what_is_not_for_editing_is_refused_with_the_reason() {
    let (workspace, editor) = (Workspace::new().with_git().with_script("greet", "print(1)"), Editor::new(GENTLE));
    let edit = |set: &str, args: &[&str]| {
        let words = [&["env", "VISUAL=", set, program(), "edit", "greet"], args].concat();
        let mut terminal = Terminal::program(&workspace, &words, LARGE);
        let code = terminal.wait_end().exit_code();
        (code, terminal.text())
    };
    let (code, text) = edit("EDITOR=", &[]);
    assert!(code != 0 && text.contains("set VISUAL or EDITOR"), "{text}");
    let planted = workspace.path("vi");
    fs::copy(editor.path(), &planted).unwrap();
    let (code, text) = edit(&format!("EDITOR={}", planted.display()), &[]);
    assert!(code != 0 && text.contains("cannot be used"), "an editor of the workspace: {text}");
    let own = format!("EDITOR={}", editor.path().display());
    let (code, text) = edit(&own, &["--path", "other.py"]);
    assert!(code != 0 && text.contains("greet has no file other.py"), "{text}");
    let (refused, code) = workspace.json(&["--as-agent", "rosa", "edit", "greet"]);
    assert_eq!(code, 4, "{refused:#}");

    let review = waiting_review(&workspace);
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    let args = ["approve", &id, "--digest", &digest, "--unread", "--reason", "a test"];
    assert_eq!(workspace.json_of_human(&args).1, 0);
    let (code, text) = edit(&own, &[]);
    assert!(code != 0 && text.contains("greet is approved") && text.contains("toolsmith evolve greet"), "{text}");
    assert!(!editor.folder.path().join("told").exists(), "no editor was started");
}

#[test]
fn the_pager_gets_the_whole_output_of_a_run_as_plain_text() {
    let workspace = Workspace::new().with_script("greet", "print('\\x1b[31mred\\x1b[0m ' * 2000)\nprint('end')");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let paged = folder.path().join("paged");
    let set = format!("PAGER=sh -c 'cat > {}'", paged.display());
    let mut terminal = Terminal::program(&workspace, &["env", &set, program()], LARGE);
    terminal.wait_text("Ready").wait_text("greet").send("r").wait_text("succeeded").send("|");
    let begun = Instant::now();
    while !fs::read_to_string(&paged).is_ok_and(|text| text.ends_with("end\n")) {
        assert!(begun.elapsed() < PATIENCE, "{}", terminal.text());
        std::thread::yield_now();
    }
    let text = fs::read_to_string(&paged).unwrap();
    assert!(text.starts_with("red red ") && !text.contains('\x1b'), "{}", &text[..60]);
    terminal.wait_text("1 Catalog").send("q").wait_end();
}

#[test]
fn the_workbench_of_a_reader_opens_in_the_editor_where_a_run_failed() {
    let lines = (0..30).map(|number| format!("x = {number}\n")).collect::<Vec<_>>().concat();
    let workspace = Workspace::new().with_script("greet", &format!("{lines}raise ValueError('no')"));
    workspace.toolsmith(&["run", "greet"]).output().unwrap();
    let editor = Editor::new(GENTLE);
    let mut terminal = editor.workbench(&workspace);
    terminal.send("3").wait_text("ValueError").send("\x05").wait_text("EDITING").send("x").wait_text("edited ");
    assert!(editor.told().starts_with("+32\n"), "{}", editor.told());
}

#[test]
fn what_is_copied_within_tmux_is_passed_on_to_the_terminal_around_it() {
    let workspace = Workspace::new().with_script("greet", "print(1)");
    let copied = |set: &str| {
        let mut terminal = Terminal::program(&workspace, &["env", set, program()], LARGE);
        terminal.wait_text("Ready").wait_text("greet").send("y").wait_text("clipboard").send("q").wait_end();
        String::from_utf8_lossy(&terminal.bytes()).into_owned()
    };
    let plain = copied("TMUX=");
    assert!(plain.contains("\x1b]52;c;") && !plain.contains("\x1bPtmux;"), "{plain:?}");
    let within = copied("TMUX=/tmp/tmux-0/default,1,0");
    assert!(within.contains("\x1bPtmux;\x1b\x1b]52;c;"), "{within:?}");
}
