//! Clients of agents: the programs that let an agent run commands. Some are known by their name, or by a variable that
//! they set for what they start; every other one is written down when it starts `toolsmith mcp`.
//!
//! A note is a file named by process number, start time and boot, so that a number that is used again is somebody else.
//! It stays while the client lives, also when the client has ended its server. It holds the namespaces that the client
//! runs in, so that a program in a container of its own is not taken for a human's, and the name of the agent.

use super::processes::{self, chain};
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io::ErrorKind};

/// Programs that run commands for an agent. An editor, in which a human may open a terminal, is none of them.
const PROGRAMS: [&str; 15] = [
    "aider",
    "amp",
    "auggie",
    "claude",
    "codex",
    "copilot",
    "crush",
    "cursor-agent",
    "droid",
    "gemini",
    "goose",
    "kiro-cli",
    "opencode",
    "openhands",
    "qwen",
];

/// Their packages, for those that an interpreter starts from a file with another name.
const PACKAGES: [(&str, &str); 7] = [
    ("/@anthropic-ai/claude-code/", "claude"),
    ("/@github/copilot/", "copilot"),
    ("/@google/gemini-cli/", "gemini"),
    ("/@openai/codex/", "codex"),
    ("/@qwen-code/qwen-code/", "qwen"),
    ("/@sourcegraph/amp/", "amp"),
    ("/opencode-ai/", "opencode"),
];

/// Variables that they set for the commands of an agent.
const VARIABLES: [(&str, &str); 8] = [
    ("CLAUDECODE", "claude"),
    ("CODEX_CI", "codex"),
    ("CODEX_SANDBOX", "codex"),
    ("CODEX_THREAD_ID", "codex"),
    ("CURSOR_AGENT", "cursor"),
    ("GEMINI_CLI", "gemini"),
    ("GOOSE_TERMINAL", "goose"),
    ("OPENCODE", "opencode"),
];

/// Programs that start a program named by their arguments: the name of that one counts.
const INTERPRETERS: [&str; 5] = ["node", "nodejs", "bun", "deno", "python"];

/// Programs between a client and the server that it starts.
const LAUNCHERS: [&str; 16] = [
    "sh", "bash", "dash", "zsh", "fish", "ksh", "busybox", "env", "nice", "nohup", "npx", "npm", "setsid", "timeout",
    "uv", "uvx",
];

/// Programs in which a human may open a terminal, or that start everything of a user: never noted as a client, or that
/// human would be locked out. That a program holds pseudo-terminals is not a sign of this: clients run commands in
/// them.
const OF_HUMANS: [&str; 37] = [
    "abduco",
    "byobu",
    "clion",
    "code",
    "code-insiders",
    "codium",
    "cursor",
    "dtach",
    "dvtm",
    "emacs",
    "goland",
    "hyper",
    "idea",
    "init",
    "java",
    "login",
    "mosh-server",
    "nvim",
    "phpstorm",
    "pycharm",
    "rider",
    "rustrover",
    "screen",
    "sshd",
    "systemd",
    "tabby",
    "tmux",
    "vim",
    "vscodium",
    "warp",
    "warp-terminal",
    "waveterm",
    "webstorm",
    "windsurf",
    "zed",
    "zed-editor",
    "zellij",
];

/// Programs that let a human log in, or show a terminal or a desktop on a screen.
pub(super) const LOG_INS_AND_SCREENS: [&str; 47] = [
    "Hyprland",
    "Xorg",
    "agetty",
    "alacritty",
    "code",
    "code-insiders",
    "codium",
    "contour",
    "cosmic-term",
    "cursor",
    "deepin-terminal",
    "dropbear",
    "foot",
    "gdm",
    "getty",
    "ghostty",
    "gnome-shell",
    "gnome-terminal-server",
    "guake",
    "kgx",
    "kitty",
    "konsole",
    "kwin_wayland",
    "lightdm",
    "login",
    "lxterminal",
    "mate-terminal",
    "plasmashell",
    "ptyxis",
    "ptyxis-agent",
    "qterminal",
    "rio",
    "rxvt-unicode",
    "sddm",
    "sshd",
    "sshd-session",
    "st",
    "sway",
    "terminology",
    "urxvt",
    "wezterm-gui",
    "windsurf",
    "xfce4-terminal",
    "xterm",
    "yakuake",
    "zed",
    "zed-editor",
];

/// The first namespaces of the system (`PROC_PID_INIT_INO` and `PROC_USER_INIT_INO` of Linux): whoever is there sees everybody.
const FIRST_NAMESPACES: [&str; 2] = ["pid:[4026531836]", "user:[4026531837]"];

/// The notes about clients.
#[derive(Debug, Clone)]
pub struct Clients {
    folder: PathBuf,
}

impl Clients {
    /// Notes in this folder, which need not exist.
    pub fn new(folder: PathBuf) -> Clients {
        Clients { folder }
    }

    /// Notes the client that started this process as the one of this agent, if none was noted for it before. An empty name
    /// is a client that has not said its name yet: a later name takes its place. Nothing is noted for a human who starts
    /// this process in a shell.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn note(&self, agent: &str) -> io::Result<()> {
        if io::stdin().is_terminal() {
            return Ok(());
        }
        let Some(client) = client() else { return Ok(()) };
        let Some(path) = self.place(client) else { return Ok(()) };
        fs::create_dir_all(&self.folder)?;
        self.forget_dead()?;
        self.write(&path, agent)
    }

    fn write(&self, path: &Path, agent: &str) -> io::Result<()> {
        // Written elsewhere first: a note that is there is complete.
        let whole = self.folder.join(format!(".{}", processes::own_pid()));
        fs::write(&whole, format!("{}\n{agent}", namespaces().join(" ")))?;
        let noted = fs::hard_link(&whole, path);
        let is_there = noted.as_ref().is_err_and(|error| error.kind() == ErrorKind::AlreadyExists);
        if is_there && !agent.is_empty() && Note::read(path).is_some_and(|note| note.agent.is_empty()) {
            return fs::rename(&whole, path);
        }
        fs::remove_file(&whole)?;
        // The first name holds: who is named later could borrow what another agent was granted.
        if is_there { Ok(()) } else { noted }
    }

    /// Whether a client was noted, with or without a name.
    pub(super) fn is_noted(&self, pid: i32) -> bool {
        self.place(pid).is_some_and(|place| Note::read(&place).is_some())
    }

    /// The agent of a client that was noted with its name.
    pub(super) fn agent_of(&self, pid: i32) -> Option<String> {
        Note::read(&self.place(pid)?).map(|note| note.agent).filter(|agent| !agent.is_empty())
    }

    /// The agent of a client that was noted outside the container that this process runs in, and may live.
    pub(super) fn outside_container(&self) -> Option<String> {
        let own = namespaces();
        let notes = fs::read_dir(&self.folder).ok()?.flatten();
        let of_this_boot = notes.filter(|note| note.file_name().to_string_lossy().ends_with(&boot()));
        of_this_boot
            .filter_map(|note| Note::read(&note.path()))
            .find(|note| note.is_outside(&own))
            .map(|note| if note.agent.is_empty() { "without a name".to_owned() } else { note.agent })
    }

    fn place(&self, pid: i32) -> Option<PathBuf> {
        let started = processes::process_started(pid)?;
        Some(self.folder.join(format!("{pid}-{started}-{}", boot())))
    }

    /// Removes notes about processes that have ended.
    fn forget_dead(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.split('-').next()?.parse().ok());
            let is_alive = pid.and_then(|pid| self.place(pid)).is_some_and(|place| place == entry.path());
            if pid.is_some() && !is_alive {
                // Another server may have removed it in the meantime.
                fs::remove_file(entry.path())
                    .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
            }
        }
        Ok(())
    }
}

/// What is noted of a client.
#[derive(Debug)]
struct Note {
    namespaces: String,
    agent: String,
}

impl Note {
    fn read(path: &Path) -> Option<Note> {
        let text = fs::read(path).ok()?;
        let text = String::from_utf8_lossy(&text);
        let (namespaces, agent) = text.split_once('\n')?;
        Some(Note { namespaces: namespaces.to_owned(), agent: agent.to_owned() })
    }

    /// Whether the client runs in other namespaces than a process in `own`, and that process is in a container.
    fn is_outside(&self, own: &[String]) -> bool {
        let theirs: Vec<&str> = self.namespaces.split(' ').collect();
        let differs = |(own, theirs): (&String, &&str)| own != theirs && !FIRST_NAMESPACES.contains(&own.as_str());
        own.iter().zip(&theirs).any(differs)
    }
}

/// The PID namespace and the user namespace of this process.
fn namespaces() -> Vec<String> {
    let named = |kind| fs::read_link(format!("/proc/self/ns/{kind}")).unwrap_or_default();
    ["pid", "user"].map(|kind| named(kind).to_string_lossy().into_owned()).to_vec()
}

/// The number of this boot: start times count from it.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.chars().filter(char::is_ascii_hexdigit).take(8).collect()
}

/// The process that started this one to serve an agent: the nearest parent that is not a launcher. `None` if that may
/// be a program of a human.
fn client() -> Option<i32> {
    let me = processes::own_pid();
    let user = fs::metadata("/proc/self").ok()?.uid();
    for pid in chain(me).into_iter().skip(1) {
        let is_ours = fs::metadata(format!("/proc/{pid}")).is_ok_and(|meta| meta.uid() == user);
        if pid <= 1 || !is_ours {
            return None;
        }
        let names = names(pid);
        if names.iter().any(|name| LAUNCHERS.contains(&name.as_str())) {
            // A shell that leads its session is one that a human types into.
            if processes::session_of(pid) == Some(pid) {
                return None;
            }
            continue;
        }
        let is_of_human =
            names.iter().any(|name| OF_HUMANS.contains(&name.as_str()) || LOG_INS_AND_SCREENS.contains(&name.as_str()));
        return (!is_of_human).then_some(pid);
    }
    None
}

/// The client that a process is, when its program is a known one.
pub(super) fn known_client(pid: i32) -> Option<&'static str> {
    let of_name = |name: &String| PROGRAMS.into_iter().find(|program| program == name);
    names(pid).iter().find_map(of_name).or_else(|| script(&arguments(pid)).and_then(client_of_package))
}

/// The client in the environment that a process began with.
pub(super) fn client_in(environment: &[u8]) -> Option<&'static str> {
    let is_set = |name: &str| {
        let mut values = environment.split(|byte| *byte == 0).filter_map(|entry| entry.strip_prefix(name.as_bytes()));
        values.any(|rest| rest.len() > 1 && rest[0] == b'=')
    };
    VARIABLES.into_iter().find(|(name, _)| is_set(name)).map(|(_, client)| client)
}

fn client_of_package(path: &Path) -> Option<&'static str> {
    let path = path.to_str()?;
    PACKAGES.into_iter().find(|(package, _)| path.contains(package)).map(|(_, client)| client)
}

/// What a process is called: by itself, by its file, and by the file that it interprets.
fn names(pid: i32) -> Vec<String> {
    let own = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let own = String::from_utf8_lossy(&own).trim_end().to_owned();
    let file = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let arguments = arguments(pid);
    let begun_as = arguments.first().map(PathBuf::from);
    let files = [file, begun_as, script(&arguments).map(Path::to_owned)];
    std::iter::once(own).chain(files.into_iter().flatten().filter_map(|path| stem(&path))).collect()
}

fn arguments(pid: i32) -> Vec<std::ffi::OsString> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0).take(16);
    words.map(|word| OsStr::from_bytes(word).to_owned()).collect()
}

/// The file that an interpreter was started with.
fn script(arguments: &[std::ffi::OsString]) -> Option<&Path> {
    let (program, rest) = arguments.split_first()?;
    let program = stem(Path::new(program))?;
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !INTERPRETERS.contains(&program) {
        return None;
    }
    rest.iter().find(|word| !word.as_bytes().starts_with(b"-")).map(Path::new)
}

/// The name of a program file without what tells its language.
fn stem(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    // A login shell is called `-bash`.
    let name = name.trim_end_matches(" (deleted)").trim_start_matches('-');
    let known = [".js", ".mjs", ".cjs", ".py", ".sh"].into_iter().find_map(|ending| name.strip_suffix(ending));
    Some(known.unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<std::ffi::OsString> {
        words.iter().map(std::ffi::OsString::from).collect()
    }

    #[test]
    fn a_client_is_known_by_the_file_that_its_interpreter_runs() {
        for (line, wanted) in [
            (&["/usr/bin/node", "--no-warnings", "/usr/lib/node_modules/.bin/claude"][..], Some("claude")),
            (&["python3.12", "-m", "aider", "--model", "x"], Some("aider")),
            (&["-bash"], None),
            (&["python3", "deploy.py", "claude"], Some("deploy")),
            (&["bash", "-c", "codex exec"], None),
        ] {
            assert_eq!(script(&words(line)).and_then(stem).as_deref(), wanted, "{line:?}");
        }
        let package = Path::new("/opt/lib/node_modules/@google/gemini-cli/dist/index.js");
        assert_eq!(client_of_package(package), Some("gemini"));
        assert_eq!(client_of_package(Path::new("/home/ada/gemini-cli/index.js")), None);
        assert_eq!(stem(Path::new("-zsh")).as_deref(), Some("zsh"));
        assert_eq!(stem(Path::new("/opt/codex (deleted)")).as_deref(), Some("codex"));
    }

    #[test]
    fn a_client_is_known_by_the_variable_that_it_sets_for_commands() {
        assert_eq!(client_in(b"A=1\0CLAUDECODE=1\0"), Some("claude"));
        assert_eq!(client_in(b"GEMINI_CLI=1"), Some("gemini"));
        for nothing in [&b""[..], b"CLAUDECODE=\0", b"XCLAUDECODE=1\0", b"CLAUDECODES=1\0", b"TERM_PROGRAM=vscode\0"] {
            assert_eq!(client_in(nothing), None);
        }
    }

    #[test]
    fn no_editor_and_no_shell_is_a_client_by_its_name() {
        for name in OF_HUMANS.iter().chain(&LAUNCHERS) {
            assert!(!PROGRAMS.contains(name), "{name}");
        }
    }

    #[test]
    fn a_note_is_about_this_very_process_and_is_removed_when_that_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let clients = Clients::new(dir.path().to_owned());
        let me = processes::own_pid();
        let place = clients.place(me).unwrap();
        fs::write(&place, "pid:[1] user:[2]\nrosa").unwrap();
        assert_eq!(clients.agent_of(me).as_deref(), Some("rosa"));
        let [another_time, another_boot] = ["1", "00000000"];
        let name = place.file_name().unwrap().to_str().unwrap().to_owned();
        let parts: Vec<&str> = name.split('-').collect();
        let reused = dir.path().join(format!("{}-{another_time}-{}", parts[0], parts[2]));
        let before = dir.path().join(format!("{}-{}-{another_boot}", parts[0], parts[1]));
        for gone in [&reused, &before] {
            fs::write(gone, "old").unwrap();
        }
        clients.forget_dead().unwrap();
        assert!(place.exists() && !reused.exists() && !before.exists());
        fs::remove_file(&place).unwrap();
        assert_eq!(clients.agent_of(me), None);
    }

    #[test]
    fn a_name_takes_the_place_of_none_and_of_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let clients = Clients::new(dir.path().to_owned());
        let me = processes::own_pid();
        let place = clients.place(me).unwrap();
        let agent = || (clients.is_noted(me), clients.agent_of(me));
        assert_eq!(agent(), (false, None));
        for (name, known) in [("", None), ("rosa", Some("rosa")), ("", Some("rosa")), ("mallory", Some("rosa"))] {
            clients.write(&place, name).unwrap();
            assert_eq!(agent(), (true, known.map(str::to_owned)), "{name}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn whoever_is_in_a_container_does_not_see_the_client_outside() {
        let note = |namespaces: &str| Note { namespaces: namespaces.to_owned(), agent: "rosa".to_owned() };
        let [first_pid, first_user] = FIRST_NAMESPACES;
        let client = note(&FIRST_NAMESPACES.join(" "));
        for (pid, user, is_outside) in [
            (first_pid, first_user, false),
            ("pid:[7]", "user:[8]", true),
            ("pid:[7]", first_user, true),
            (first_pid, "user:[8]", true),
        ] {
            assert_eq!(client.is_outside(&[pid.to_owned(), user.to_owned()]), is_outside, "{pid} {user}");
        }
        // The human outside sees the client in the container, and those in one container see each other.
        let client = note("pid:[7] user:[8]");
        assert!(!client.is_outside(&FIRST_NAMESPACES.map(str::to_owned)));
        assert!(!client.is_outside(&["pid:[7]", "user:[8]"].map(str::to_owned)));
    }
}
