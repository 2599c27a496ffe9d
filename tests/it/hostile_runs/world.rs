//! A small world for one attack: a workspace and a home, things outside that nobody may touch, ears
//! on the network, a process to be hurt. What an attack did is read off the world, not off what the
//! attack says or how it exits; only what lies in its own output (a secret, "worked") is read there.

use super::user::User;
use rustix::fs::listxattr;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What an attack achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// A file outside has another content, name or place.
    Changed,
    /// A file outside has another mode, time, owner or attribute.
    MetaChanged,
    /// A secret stands in the output.
    Secret,
    /// Somebody outside heard from it.
    Heard,
    /// Somebody outside reached it.
    Reached,
    /// The victim died or was changed.
    VictimHurt,
    /// A process of it lives on.
    ProcessLeft,
    /// A file of it lies about.
    FileLeft,
    /// A mount of it is there.
    MountLeft,
    /// Keys that nobody typed wait in the terminal.
    Typed,
    /// The terminal has other modes.
    TerminalChanged,
    /// It was still going when its time was long over.
    Overstayed,
    /// A line of its output that begins with `worked` has these words.
    Says(&'static str),
}

/// What came of one start.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Both streams of the attack.
    pub output: String,
    /// What the world itself noticed while it ran.
    pub noticed: BTreeSet<Sign>,
    /// The record of the run, where it was one.
    pub run: Value,
    /// How long it took.
    pub took: Duration,
}

/// A file as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Was {
    content: Vec<u8>,
    meta: (u32, u32, i64, u64, usize),
}

/// A process of the attack.
struct Named {
    pid: i32,
    group: i32,
    is_dead: bool,
}

/// The world.
pub struct World {
    folder: TempDir,
    user: User,
    /// Names every process and file of the attack.
    pub token: String,
    secret: String,
    before: BTreeMap<PathBuf, Was>,
    mounts: usize,
    tcp: [Option<TcpListener>; 2],
    udp: UdpSocket,
    unix: UnixListener,
    datagram: UnixDatagram,
    hidden: UnixListener,
    victim: Child,
    victim_at: u64,
    free: u16,
}

static WORLDS: AtomicU64 = AtomicU64::new(0);

const VICTIM: &str = "import ctypes, sys
room = ctypes.create_string_buffer(sys.stdin.readline().strip().encode(), 64)
print(ctypes.addressof(room), flush=True)
sys.stdin.read()
";

impl World {
    /// A world that belongs to this user.
    pub fn new(user: User) -> World {
        let folder = tempfile::Builder::new().prefix("hostile-").tempdir().unwrap();
        let path = folder.path();
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let token = format!("h{:x}x{number:x}", std::process::id());
        let secret = format!("SECRET-{token}-{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for name in [
            "work/tools/experimental",
            "home/.ssh",
            "home/x",
            "outside/empty",
            "tmp",
            "scratch",
            "config",
            "home/toolsmith/config",
        ] {
            fs::create_dir_all(path.join(name)).unwrap();
        }
        fs::write(path.join("outside/plain.txt"), "untouched").unwrap();
        fs::write(path.join("home/.ssh/id_ed25519"), &secret).unwrap();
        fs::write(path.join("home/.bashrc"), "# mine\n").unwrap();
        fs::write(path.join("config/sitecustomize.py"), "print('worked PRELOADED')\n").unwrap();
        let unix = UnixListener::bind(path.join("outside/socket")).unwrap();
        let datagram = UnixDatagram::bind(path.join("outside/datagram")).unwrap();
        let hidden = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&token).unwrap()).unwrap();
        user.give(path);
        for name in ["home/.ssh", "home/.ssh/id_ed25519"] {
            let mode = if name.ends_with("ssh") { 0o700 } else { 0o600 };
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        // The sockets stay open to the user, so that only the sandbox can be what stops it.
        for name in ["outside/socket", "outside/datagram"] {
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o777)).unwrap();
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let (victim, victim_at) = start_victim(user, &secret);
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let tcp = [TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok(), TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok()];
        tcp.iter().flatten().for_each(|ear| ear.set_nonblocking(true).unwrap());
        udp.set_nonblocking(true).unwrap();
        unix.set_nonblocking(true).unwrap();
        datagram.set_nonblocking(true).unwrap();
        hidden.set_nonblocking(true).unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut world = World {
            user,
            token,
            secret,
            before: BTreeMap::new(),
            mounts: mounts(),
            tcp,
            udp,
            unix,
            datagram,
            hidden,
            victim,
            victim_at,
            free,
            folder,
        };
        world.before = world.look();
        world
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Who lives in it.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The port on which nobody listens but the tool.
    pub fn free_port(&self) -> u16 {
        self.free
    }

    /// What every program of this world gets and nothing else, a secret among it.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let pairs: [(&str, OsString); 9] = [
            ("HOME", self.path("home").into()),
            ("TOOLSMITH_HOME", self.path("home/toolsmith").into()),
            ("TMPDIR", self.path("tmp").into()),
            ("PATH", "/usr/bin:/bin".into()),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
            ("VAULT_TOKEN", self.secret.clone().into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
        ];
        pairs.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }

    /// The source of an attack, aimed at this world.
    pub fn aimed(&self, tool: &str, attack: &str) -> String {
        let port = |ear: &Option<TcpListener>| ear.as_ref().map_or(1, |ear| ear.local_addr().unwrap().port());
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let facts = json!({
            "token": self.token, "tool": tool, "typed": "typed\n",
            "outside": path("outside"), "home": path("home"), "work": path("work"), "state": path("home/toolsmith"),
            "config": path("home/toolsmith/config/config.toml"), "toolsmith": super::program_path(),
            "tcp4": port(&self.tcp[0]), "tcp6": port(&self.tcp[1]), "udp": self.udp.local_addr().unwrap().port(),
            "unix": path("outside/socket"), "unix_datagram": path("outside/datagram"), "abstract": self.token,
            "free": self.free, "victim": self.victim.id(), "victim_at": self.victim_at,
        });
        super::PRELUDE.replace("@FACTS@", &facts.to_string()) + attack
    }

    /// Whether the victim ended. Where an attack says that it sent a signal, the end may still be on its way.
    fn victim_is_hurt(&mut self, output: &str) -> bool {
        let give_up = Instant::now() + Duration::from_secs(5);
        loop {
            if !matches!(self.victim.try_wait(), Ok(None)) {
                return true;
            }
            if !output.contains("worked kill") || Instant::now() > give_up {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// What can be seen to have happened, given what the attack wrote.
    pub fn signs(&mut self, outcome: &Outcome, says: Option<&'static str>) -> BTreeSet<Sign> {
        let mut found = outcome.noticed.clone();
        let now = self.look();
        let gone = self.before.keys().any(|path| !now.contains_key(path));
        for (path, is) in &now {
            match self.before.get(path) {
                None => drop(found.insert(Sign::Changed)),
                Some(was) if was.content != is.content => drop(found.insert(Sign::Changed)),
                Some(was) if was.meta != is.meta => drop(found.insert(Sign::MetaChanged)),
                Some(_) => {}
            }
        }
        let heard = self.heard();
        let victim_hurt = self.victim_is_hurt(&outcome.output);
        let worked =
            |words: &str| outcome.output.lines().any(|line| line.starts_with("worked") && line.contains(words));
        let facts = [
            (gone, Sign::Changed),
            (outcome.output.contains(&self.secret), Sign::Secret),
            (heard, Sign::Heard),
            (victim_hurt, Sign::VictimHurt),
            (self.process_stays(), Sign::ProcessLeft),
            (self.file_left(), Sign::FileLeft),
            (mounts() != self.mounts, Sign::MountLeft),
        ];
        found.extend(facts.into_iter().filter_map(|(is, sign)| is.then_some(sign)));
        found.extend(says.filter(|words| worked(words)).map(Sign::Says));
        found
    }

    /// Kills every process of the attack; a control leaves what a sandbox would not.
    pub fn end_all(&self) {
        let give_up = Instant::now() + Duration::from_secs(10);
        let mine = own_group();
        let mut unseen = 0;
        while Instant::now() < give_up && unseen < 10 {
            let named = self.named();
            unseen = if named.iter().all(|process| process.is_dead) { unseen + 1 } else { 0 };
            for process in named {
                if let Some(pid) = Pid::from_raw(process.pid).filter(|_| !process.is_dead) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                // Who forks away faster than it can be looked for is caught with its group.
                if let Some(group) = Pid::from_raw(process.group).filter(|_| process.group != mine) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
            }
        }
    }

    /// Processes of the attack that live, wherever they are.
    pub fn processes(&self) -> Vec<i32> {
        self.named().into_iter().filter(|process| !process.is_dead).map(|process| process.pid).collect()
    }

    /// Processes with the name of the attack, also what is dead and not yet buried.
    fn named(&self) -> Vec<Named> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(line) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let Some((_, rest)) = line.split_once(&format!("({}) ", self.token)) else { continue };
            let mut fields = rest.split(' ');
            let is_dead = fields.next().is_some_and(|state| state == "Z" || state == "X");
            let group = fields.nth(1).and_then(|group| group.parse().ok()).unwrap_or(0);
            found.push(Named { pid, group, is_dead });
        }
        found
    }

    /// Whether a process of it is there a moment after the end.
    fn process_stays(&self) -> bool {
        let give_up = Instant::now() + Duration::from_secs(1);
        // One that forks away all the time can be missed by a look; then what it leaves unburied shows it.
        let mut known: Option<BTreeSet<i32>> = None;
        let mut quiet = 0;
        while quiet < 10 {
            let named = self.named();
            let lives = named.iter().any(|process| !process.is_dead);
            let now: BTreeSet<i32> = named.into_iter().map(|process| process.pid).collect();
            let forks = known.is_some_and(|known| !now.is_subset(&known));
            known = Some(now);
            quiet += 1;
            if lives || forks {
                quiet = 0;
                if Instant::now() > give_up {
                    return true;
                }
            }
        }
        false
    }

    fn file_left(&self) -> bool {
        let mut waiting: Vec<(PathBuf, usize)> = ["tmp", "home", "scratch"].map(|name| (self.path(name), 6)).into();
        waiting.extend(["/tmp", "/var/tmp", "/dev/shm"].map(|name| (PathBuf::from(name), 1)));
        while let Some((folder, depth)) = waiting.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(&self.token) {
                    return true;
                }
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder && depth > 0 && entry.path() != self.folder.path() {
                    waiting.push((entry.path(), depth - 1));
                }
            }
        }
        false
    }

    fn heard(&self) -> bool {
        let mut room = [0; 16];
        let tcp = self.tcp.iter().flatten().any(|ear| ear.accept().is_ok());
        // A connection alone tells nothing but that it is possible; it counts.
        tcp || self.udp.recv(&mut room).is_ok()
            || self.datagram.recv(&mut room).is_ok()
            || self.unix.accept().is_ok()
            || self.hidden.accept().is_ok()
    }

    /// Everything outside, as it is.
    fn look(&self) -> BTreeMap<PathBuf, Was> {
        let mut found = BTreeMap::new();
        let mut waiting = ["outside", "home/.ssh", "home/.bashrc", "work"].map(|name| self.path(name)).to_vec();
        while let Some(path) = waiting.pop() {
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            let mut times = meta.mtime();
            let content = if meta.is_dir() {
                waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                // A folder's time changes with what is in it, and that is looked at itself.
                times = 0;
                Vec::new()
            } else if meta.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if meta.is_file() {
                fs::read(&path).unwrap_or_default()
            } else {
                Vec::new()
            };
            let attributes = listxattr(&path, &mut [0_u8; 4_096][..]).unwrap_or(0);
            found.insert(path, Was { content, meta: (meta.mode(), meta.uid(), times, meta.nlink(), attributes) });
        }
        // What is planted in the state or loosens the settings is outside too, though the workbench writes there.
        for name in ["home/toolsmith/planted", "home/toolsmith/config/config.toml"] {
            if let Ok(content) = fs::read(self.path(name)) {
                found.insert(self.path(name), Was { content, meta: (0, 0, 0, 0, 0) });
            }
        }
        found
    }

    /// Takes the world as it is now for untouched.
    pub fn settle(&mut self) {
        self.before = self.look();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end_all();
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

/// The process group of this process; 0 where it was begun outside this PID namespace, which `getpgrp` of rustix fails
/// an assertion for.
fn own_group() -> i32 {
    let line = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = line.rsplit_once(") ").unwrap();
    after_name.split(' ').nth(2).unwrap().parse().unwrap()
}

fn mounts() -> usize {
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    table.lines().filter(|line| line.contains("hostile-") || line.contains("toolsmith")).count()
}

/// A process of the user that knows the secret, and where in its memory it lies.
fn start_victim(user: User, secret: &str) -> (Child, u64) {
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", VICTIM]).env_clear().env("VAULT_TOKEN", secret);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/");
    std::os::unix::process::CommandExt::process_group(user.be(&mut command), 0);
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.as_ref().unwrap(), "{secret}").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let at = line.trim().parse().unwrap();
    (child, at)
}
