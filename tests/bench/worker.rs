//! What a worker adds to a run: `cargo bench -- worker`.
//!
//! The whole command `toolsmith run` of a tool that does nothing is timed: on this machine, on a worker whose prefix is
//! `env`, and on one behind `ssh` to a server on the loopback, with keys that live as long as the measurement. The
//! connection alone (`ssh … true`) is timed beside it and taken off. A worker may add 50 ms.

use crate::screen::worlds::PROGRAM;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant as Clock};

/// Where Debian and most others have the server.
const SSHD: &str = "/usr/sbin/sshd";

/// How often each is timed; in turns, so that all meet the same machine.
const ROUNDS: usize = 15;

/// What a worker may add.
const MOST: Duration = Duration::from_millis(50);

/// Measures local runs, and runs on both workers.
pub fn run() {
    measure().unwrap_or_else(|error| panic!("{error}"));
}

fn measure() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let server = serve(&folder.path().join("ssh"))?;
    let place = Place::new(folder.path(), server.as_ref())?;
    let mut named = vec![("local", place.run(None)), ("env", place.run(Some("near")))];
    if server.is_some() {
        named.push(("ssh", place.run(Some("far"))));
        named.push(("connection", Place::connection(server.as_ref())));
    } else {
        println!("ssh: skipped, {SSHD} is not installed (package openssh-server)");
    }
    let mut taken: Vec<Vec<Duration>> = named.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for ((name, command), times) in named.iter_mut().zip(&mut taken) {
            let begun = Clock::now();
            let done = command.output()?;
            if !done.status.success() {
                return Err(format!("{name}: {}", String::from_utf8_lossy(&done.stderr)).into());
            }
            // The first one starts what later ones find.
            if round > 0 {
                times.push(begun.elapsed());
            }
        }
    }
    let medians: Vec<Duration> = taken.into_iter().map(median).collect();
    println!("{:<12} {:>10} {:>10}", "", "median", "added");
    for ((name, _), whole) in named.iter().zip(&medians) {
        let connection = if *name == "ssh" { medians[medians.len() - 1] } else { Duration::ZERO };
        let added = whole.saturating_sub(medians[0]).saturating_sub(connection);
        let verdict = if added <= MOST { "kept" } else { "EXCEEDED" };
        match *name {
            "local" | "connection" => println!("{name:<12} {whole:>8.1?}"),
            _ => println!("{name:<12} {whole:>8.1?} {added:>8.1?}  {MOST:?}: {verdict}"),
        }
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A workspace with a tool that does nothing, and settings with both workers.
struct Place {
    workspace: PathBuf,
    home: PathBuf,
}

impl Place {
    fn new(folder: &Path, server: Option<&Server>) -> Result<Place, Box<dyn std::error::Error>> {
        let place = Place { workspace: folder.join("work"), home: folder.join("home") };
        std::fs::create_dir_all(place.workspace.join("tools"))?;
        std::fs::create_dir_all(place.home.join("config"))?;
        std::fs::write(place.workspace.join("tools/nothing.sh"), "#!/bin/sh\n# Does nothing.\n:\n")?;
        let far = format!("TOOLSMITH_HOME={}", folder.join("far").display());
        let worker = |name: &str, prefix: &[String]| {
            format!("[workers.{name}]\nprefix = {prefix:?}\nprogram = {PROGRAM:?}\nleast = \"confined\"\n")
        };
        let env = ["env".to_owned(), far.clone()];
        let mut settings = "[checks]\nbackground = false\n".to_owned() + &worker("near", &env);
        if let Some(server) = server {
            let prefix: Vec<String> = server.words().into_iter().chain(env).collect();
            settings += &worker("far", &prefix);
        }
        std::fs::write(place.home.join("config/config.toml"), settings)?;
        Ok(place)
    }

    fn run(&self, worker: Option<&str>) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("--workspace").arg(&self.workspace).args(["run", "nothing"]);
        command.args(worker.iter().flat_map(|name| ["--on", name]));
        command.env("TOOLSMITH_HOME", &self.home).stdin(Stdio::null());
        command
    }

    fn connection(server: Option<&Server>) -> Command {
        let words = server.map(Server::words).unwrap_or_default();
        let mut command = Command::new(words.first().map_or("true", String::as_str));
        command.args(words.iter().skip(1)).arg("true").stdin(Stdio::null());
        command
    }
}

/// A server on the loopback, which is ended with the measurement.
struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn words(&self) -> Vec<String> {
        let (at, port) = (self.folder.display(), self.port);
        let who = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let line = format!(
            "ssh -F none -i {at}/client -p {port} -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR \
             -o UserKnownHostsFile={at}/known {who}@127.0.0.1"
        );
        line.split(' ').map(str::to_owned).collect()
    }
}

/// Starts a server; `None` where none is installed.
fn serve(folder: &Path) -> Result<Option<Server>, Box<dyn std::error::Error>> {
    if !Path::new(SSHD).exists() {
        return Ok(None);
    }
    std::fs::create_dir_all(folder)?;
    for name in ["host", "client"] {
        let args = ["-q", "-t", "ed25519", "-N", "", "-f"];
        Command::new("ssh-keygen").args(args).arg(folder.join(name)).status()?;
    }
    std::fs::copy(folder.join("client.pub"), folder.join("authorized"))?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/authorized\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n",
        folder.display()
    );
    std::fs::write(folder.join("sshd_config"), config)?;
    // Debian's server, started by root, wants it for its own use.
    let _ = std::fs::create_dir_all("/run/sshd");
    let mut process = Command::new(SSHD);
    process.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config")).stderr(Stdio::null());
    let server = Server { process: process.spawn()?, folder: folder.to_owned(), port };
    let begun = Clock::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err("sshd does not answer".into());
        }
        std::thread::yield_now();
    }
    Ok(Some(server))
}
