//! Decisions signed with a hardware-backed key: each needs one touch, whoever types. The key is one of software behind
//! the real `ssh-agent` and `ssh-keygen`; see `security_key.c`.

use super::Shell;
use crate::needs;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A key in an agent of its own.
struct SecurityKey {
    dir: tempfile::TempDir,
    agent: Child,
}

impl Drop for SecurityKey {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

fn done(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

impl SecurityKey {
    /// `None` where this system has no compiler, no libcrypto, or an OpenSSH without security keys.
    fn new() -> Option<SecurityKey> {
        // Below /tmp whatever TMPDIR says: the name of a socket has to be short.
        let dir = tempfile::Builder::new().prefix("sk").tempdir_in("/tmp").unwrap();
        let path = |name: &str| dir.path().join(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cli/security_key.c");
        let library = path("key.so");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-l:libcrypto.so.3");
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-t", "ed25519-sk", "-N", "", "-w"]).arg(&library).arg("-f").arg(path("id"));
        if !done(&mut compile) || !done(&mut make) {
            return None;
        }
        let mut agent = Command::new("ssh-agent");
        agent.arg("-D").arg("-a").arg(path("agent")).arg("-P").arg(&library).env("TOUCH", path("touch"));
        let agent = agent.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let key = SecurityKey { dir, agent };
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg("-S").arg(&library).arg(key.path("id")).env("SSH_AUTH_SOCK", key.path("agent"));
        // It fails until the agent listens.
        let give_up = Instant::now() + Duration::from_secs(20);
        while !done(add.stderr(Stdio::null())) {
            assert!(Instant::now() < give_up, "ssh-agent does not take the key");
            std::thread::yield_now();
        }
        Some(key)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A finger on the key: it serves for one signature.
    fn touch(&self) {
        fs::write(self.path("touch"), "").unwrap();
    }

    fn is_touched(&self) -> bool {
        self.path("touch").exists()
    }
}

#[test]
fn with_a_hardware_key_each_decision_needs_a_touch() {
    let Some(key) = SecurityKey::new() else {
        needs::not_run("no security keys on this system");
        return;
    };
    let shell = Shell::new().with("SSH_AUTH_SOCK", key.path("agent").to_str().unwrap());
    let public = fs::read_to_string(key.path("id.pub")).unwrap();
    fs::write(key.path("signers"), format!("* namespaces=\"toolsmith\" {public}")).unwrap();
    let [private, signers] = ["id", "signers"].map(|name| key.path(name).display().to_string());
    shell.config(&format!("[signing]\nkey = \"{private}\"\nallowed_signers = \"{signers}\"\nrequired = true\n"));
    shell.tool("experimental", "one", "echo 1\n", "");
    shell.tool("experimental", "two", "echo 2\n", "");
    let stage = |name: &str| shell.call(&["show", name, "--json"]).exits(0).json()["tool"]["stage"].clone();
    let approve = |review: &str| {
        let digest = shell.call(&["review", review, "--json"]).exits(0).json()["review"]["digest"].clone();
        let digest = digest.as_str().unwrap()[..12].to_owned();
        shell.at_terminal(&["approve", review, "--digest", &digest, "--unread", "--reason", "looked at elsewhere"])
    };
    let without = approve("1").exits(4);
    assert!(without.stdout.contains("the decision is not signed"), "{}", without.stdout);
    assert!(without.stdout.contains("touch your security key"), "{}", without.stdout);
    assert_eq!(stage("one"), "experimental");
    key.touch();
    approve("1").exits(0);
    assert_eq!(stage("one"), "approved");
    assert!(!key.is_touched(), "the decision used the touch up");
    // One touch is one decision.
    approve("2").exits(4);
    assert_eq!(stage("two"), "experimental");
    key.touch();
    approve("2").exits(0);
    assert!(!key.is_touched());
    shell.call(&["verify"]).exits(0);
    // What is signed once is not asked for again.
    shell.call(&["run", "one", "--as-agent", "bot"]).exits(0);
}
