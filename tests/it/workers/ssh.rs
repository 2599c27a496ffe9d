//! A worker through ssh: sshd on a high port of the loopback, with keys that live as long as the test.

use super::World;
use crate::needs;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The server, which is ended with the test.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn key(folder: &Path, name: &str) {
    let path = folder.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().unwrap();
    assert!(made.success());
}

fn serve(folder: &Path) -> Server {
    key(folder, "host");
    key(folder, "client");
    fs::copy(folder.join("client.pub"), folder.join("authorized")).unwrap();
    // Free a moment ago; sshd says so when it is not any more, and the connection fails.
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n",
        folder.display()
    );
    fs::write(folder.join("sshd_config"), config).unwrap();
    if rustix::process::geteuid().is_root() {
        // Debian's server wants it for its own use.
        fs::create_dir_all("/run/sshd").unwrap();
    }
    let mut process = Command::new("/usr/sbin/sshd");
    process.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config")).stderr(Stdio::null());
    Server { process: process.spawn().unwrap(), port }
}

#[test]
fn a_run_through_ssh_is_like_one_through_any_prefix() {
    if !needs::has(&[&needs::SSHD, &needs::SSH]) {
        return;
    }
    let world = World::plain();
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    let at = folder.path().display();
    let who = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let prefix = [
        "ssh".to_owned(),
        "-F".to_owned(),
        "none".to_owned(),
        "-i".to_owned(),
        format!("{at}/client"),
        "-p".to_owned(),
        server.port.to_string(),
        "-o".to_owned(),
        "BatchMode=yes".to_owned(),
        "-o".to_owned(),
        "StrictHostKeyChecking=accept-new".to_owned(),
        "-o".to_owned(),
        format!("UserKnownHostsFile={at}/known"),
        "-o".to_owned(),
        "ConnectionAttempts=20".to_owned(),
        format!("{who}@127.0.0.1"),
        "env".to_owned(),
        format!("TOOLSMITH_HOME={}", world.far_home().display()),
    ];
    world.set(&format!("[workers.two]\nprefix = {prefix:?}\nprogram = {:?}\n", world.far_program()));
    world.tool("one", "echo real; echo err >&2; exit 4\n", "");
    let answer = world.run(&["one"]);
    assert_eq!(answer["run"]["outcome"], "failed", "{answer:#}");
    assert_eq!((&answer["stdout"], &answer["stderr"]), (&"real\n".into(), &"err\n".into()));
    assert_eq!((&answer["run"]["exit_code"], &answer["run"]["isolation"]["level"]), (&4.into(), &"isolated".into()));
    let (tried, code) = world.workspace.json(&["workers", "two"]);
    assert_eq!(code, 0, "{tried:#}");
}
