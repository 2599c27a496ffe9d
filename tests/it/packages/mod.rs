//! Packages that a script declares: nothing of them runs outside of the sandbox, and nothing is fetched before a
//! human agreed. The registry is a stand-in on the loopback.

use crate::needs;
use crate::support::{Terminal, Workspace, program};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const BLOCK: &str = "# /// script\n# requires-python = '>=3.8'\n# dependencies = ['absent-a']\n# ///\n";
const SIZE: (u16, u16) = (160, 50);

/// A registry with one package, `absent-a`, whose hook writes a mark whenever a Python starts that has it.
struct Registry {
    folder: tempfile::TempDir,
    server: Child,
    port: String,
    digest: String,
}

impl Registry {
    /// Starts it; `None`, with a word about it, where this machine cannot.
    fn start(mark: &Path) -> Option<Registry> {
        if !needs::has(&[&needs::UV, &needs::OPENSSL, &needs::PYTHON]) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let hook = format!("import os; open({:?}, 'a').write('executed')", mark.display().to_string());
        let mut command = Command::new("python3");
        command.args(["-c", include_str!("mirror.py")]).arg(folder.path()).arg(hook).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (port, digest) = line.trim().split_once(' ').unwrap();
        let (port, digest) = (port.to_owned(), digest.to_owned());
        Some(Registry { folder, server, port, digest })
    }

    fn wheel(&self) -> PathBuf {
        self.folder.path().join("absent_a-1.0-py3-none-any.whl")
    }

    /// A lock that takes the package from an address.
    fn lock(&self, address: &str) -> String {
        let wheel = format!("{{ url = '{address}', hash = 'sha256:{}' }}", self.digest);
        let source = "{ registry = 'https://registry.example.org/simple' }";
        format!(
            "version = 1\nrevision = 3\nrequires-python = '>=3.8'\n[manifest]\nrequirements = [{{ name = 'absent-a' \
             }}]\n[[package]]\nname = 'absent-a'\nversion = '1.0'\nsource = {source}\nwheels = [{wheel}]\n"
        )
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default()
    }

    /// Starts the program at a terminal, with the way to this registry.
    fn terminal(&self, workspace: &Workspace, args: &[&str]) -> Terminal {
        let proxy = format!("HTTPS_PROXY=http://127.0.0.1:{}", self.port);
        let trusted = format!("SSL_CERT_FILE={}", self.folder.path().join("ca.pem").display());
        let words = ["env", &proxy, &trusted, program()];
        Terminal::program(workspace, &[&words[..], args].concat(), SIZE)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

const ADDRESS: &str = "https://registry.example.org/files/absent_a-1.0-py3-none-any.whl";

fn workspace(lock: &str) -> Workspace {
    let workspace = Workspace::new();
    let manifest = "name = \"packed\"\nversion = \"1.0.0\"\ndescription = \"prints the value of a package\"\n[run]\ncommand \
                    = [\"python3\", \"{file}\"]\nentry = \"packed.py\"\n";
    workspace.write("tools/experimental/packed/tool.toml", manifest);
    workspace.write("tools/experimental/packed/packed.py", &format!("{BLOCK}import absent_a\nprint(absent_a.VALUE)\n"));
    workspace.write("tools/experimental/packed/packed.py.lock", lock);
    workspace
}

fn error_of(workspace: &Workspace) -> (Value, String) {
    let (run, _) = workspace.json(&["run", "packed"]);
    (run["run"]["outcome"].clone(), run["run"]["error"].as_str().unwrap_or_default().to_owned())
}

fn environments(workspace: &Workspace) -> Vec<PathBuf> {
    let entries = fs::read_dir(workspace.home().join("toolsmith/data/environments")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_lock_that_names_a_file_never_executes() {
    let place = tempfile::tempdir().unwrap();
    let mark = place.path().join("mark");
    let Some(registry) = Registry::start(&mark) else { return };
    let lock = registry.lock(&format!("file://{}", registry.wheel().display()));
    // The control: what a lock like this does where nobody looks at it.
    let script = place.path().join("packed.py");
    fs::write(&script, format!("{BLOCK}import absent_a\n")).unwrap();
    fs::write(place.path().join("packed.py.lock"), &lock).unwrap();
    let mut uv = Command::new("uv");
    uv.args(["run", "--offline", "--no-build", "--no-config", "--frozen", "--script"]).arg(&script);
    let ended = uv.env("UV_CACHE_DIR", place.path().join("cache")).output().unwrap();
    assert!(mark.exists(), "{}", String::from_utf8_lossy(&ended.stderr));
    fs::remove_file(&mark).unwrap();

    let workspace = workspace(&lock);
    for verb in ["show", "check", "source"] {
        workspace.json(&[verb, "packed"]);
    }
    let (outcome, error) = error_of(&workspace);
    assert_eq!(outcome, "spawn-failed");
    assert!(
        error.contains("its lock file takes absent-a from a host other than its registry registry.example.org"),
        "{error}"
    );
    let mut terminal = registry.terminal(&workspace, &["run", "packed"]);
    terminal.wait_end();
    // A workbench looks at everything by itself.
    let mut screen = registry.terminal(&workspace, &[]);
    screen.wait_text("packed");
    workspace.json(&["check", "packed"]);
    assert!(!mark.exists() && environments(&workspace).is_empty() && registry.asked().is_empty());
}

#[test]
fn packages_are_fetched_after_a_human_agreed_and_run_in_the_sandbox_only() {
    let place = tempfile::tempdir().unwrap();
    let mark = place.path().join("mark");
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let Some(registry) = Registry::start(&mark) else { return };
    let workspace = workspace(&registry.lock(ADDRESS));
    let (outcome, error) = error_of(&workspace);
    assert_eq!(outcome, "spawn-failed");
    assert!(error.contains("run `toolsmith run packed` at a terminal and agree to fetch them"), "{error}");
    let mut refused = registry.terminal(&workspace, &["run", "packed"]);
    refused.wait_text("Type yes to allow it").send("no\r").wait_end();
    assert!(environments(&workspace).is_empty() && registry.asked().is_empty(), "{}", registry.asked());

    let mut agreed = registry.terminal(&workspace, &["run", "packed"]);
    agreed.wait_text("absent-a 1.0").wait_text("registry.example.org").wait_text("Type yes to allow it");
    let code = agreed.send("yes\r").wait_end().exit_code();
    let said = String::from_utf8_lossy(&agreed.bytes()).into_owned();
    assert_eq!(code, 0, "{said}\n{}", registry.asked());
    assert!(registry.asked().contains("GET registry.example.org/files/absent_a-1.0"), "{}", registry.asked());
    let asked = registry.asked();
    let (run, code) = workspace.json(&["run", "packed"]);
    assert_eq!((code, &run["stdout"]), (0, &json!("7\n")), "{run:#}");
    assert_eq!(run["run"]["interpreter"]["packages"], json!(["absent_a 1.0"]));
    for verb in ["show", "check"] {
        workspace.json(&[verb, "packed"]);
    }
    assert_eq!(registry.asked(), asked, "nothing more is fetched");
    assert!(!mark.exists(), "the hook of a package ran outside of a run");
    let (log, _) = workspace.json(&["log"]);
    let fetched = log["operations"].as_array().unwrap().iter().find(|operation| operation["verb"] == "fetch");
    assert_eq!(fetched.unwrap()["detail"]["hosts"], json!(["registry.example.org"]), "{log:#}");
    // The control: any start of the environment's Python outside would have executed it.
    let python = environments(&workspace).remove(0).join("bin/python3");
    Command::new(python).args(["-c", "pass"]).status().unwrap();
    assert!(mark.exists());
}

#[test]
fn a_wheel_with_another_digest_is_not_installed() {
    let place = tempfile::tempdir().unwrap();
    let Some(registry) = Registry::start(place.path()) else { return };
    let other = registry.lock(ADDRESS).replace(&registry.digest, &"0".repeat(64));
    let workspace = workspace(&other);
    let mut agreed = registry.terminal(&workspace, &["run", "packed"]);
    agreed.wait_text("Type yes to allow it").send("yes\r");
    assert_ne!(agreed.wait_end().exit_code(), 0);
    let said = String::from_utf8_lossy(&agreed.bytes()).into_owned();
    assert!(said.contains("are not installed: uv:") && said.contains("mismatch"), "{said}");
    assert_eq!(environments(&workspace), Vec::<PathBuf>::new());
}
