//! What a manifest may ask for, judged by words and paths alone: no disk, no environment.
//!
//! Two steps. [`Permissions::faults`] judges what is written, without knowing whose machine it is: it
//! is asked when a folder is scanned and again in a review. [`Ground::judge`] judges an absolute path
//! on one machine; the runner asks it for the path as declared and once more for what that path
//! really is. Neither says what is granted: that is for the runner, by profile.
//!
//! Programs under `run` are told to the human and compared with what was seen. They are not enforced: what
//! a tool may read, it may also start.

mod starts;

pub use starts::{is_followed_anywhere, is_never_written};

use super::hidden::is_hidden;
use super::manifest::Permissions;
use super::name::ToolName;
use super::words::words;
use serde::{Deserialize, Serialize};
use starts::{folded, in_home, in_system};
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// The modules with which a tool calls others, as it imports them; the sandbox offers them.
pub const CALL_MODULES: [&str; 2] = ["toolsmith_call", "node_runtime"];

/// How an entry of `run` begins that names a tool, not a program.
const CALLED: &str = "tool:";

/// More entries under one permission than a human would read before saying yes.
const MAX_ENTRIES: usize = 32;

/// Longest path or name, in bytes.
const MAX_BYTES: usize = 1024;

/// Folders of the system that hold no files of anybody: devices, sockets, the kernel's own state.
const NEVER: &[&str] = &["/proc", "/sys", "/dev", "/run", "/var/run"];

/// Folders of the system that nobody's tool writes to.
const NEVER_WRITTEN: &[&str] = &[
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/sbin",
    "/usr",
    "/var/spool",
    "/System",
    "/Library",
];

/// Of the system: what only its administrator knows, such as passwords and private keys. A run of root's could
/// read it.
const ADMINISTRATORS: &[&str] = &[
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
];

/// The home of the system's administrator: another's, unless the caller says that it is theirs.
const ROOTS_HOME: &str = "/root";

/// Below a home folder: keys and passwords. Not complete; the ones that every machine has.
const SECRETS: &[&str] = &[
    ".aws",
    ".config/gcloud",
    ".config/gh",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".local/share/keyrings",
    ".netrc",
    ".password-store",
    ".ssh",
];

/// Below a home folder: what a shell or a session reads when it starts.
const START_FILES: &[&str] = &[
    ".bash_login",
    ".bash_logout",
    ".bash_profile",
    ".bashrc",
    ".config/autostart",
    ".config/environment.d",
    ".config/fish",
    ".config/systemd",
    ".cshrc",
    ".inputrc",
    ".kshrc",
    ".login",
    ".pam_environment",
    ".profile",
    ".tcshrc",
    ".xinitrc",
    ".xprofile",
    ".xsession",
    ".zlogin",
    ".zlogout",
    ".zprofile",
    ".zshenv",
    ".zshrc",
];

/// In the workspace: what only the workbench and humans write. A granted tree that holds them keeps
/// them read-only ([`PROTECTED`] lists all such names).
const OWN_FILES: &[&str] = &["tools", "toolsmith.toml", ".tool_promotions.json"];

/// Names in the workspace that stay read-only inside a granted tree; names that [`is_never_written`] knows do so
/// anywhere.
pub const PROTECTED: &[&str] = &[".git", ".toolsmith", "tools", "toolsmith.toml", ".tool_promotions.json"];

/// Variables that every run has anyway.
const SET_ANYWAY: &[&str] = &["HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "TERM", "TMPDIR"];

words!(
    /// Which addresses a run may reach.
    Network {
        /// Nothing, not even this machine.
        None = "none",
        /// Addresses of its own loopback interface, which nobody outside the run shares.
        Loopback = "loopback",
        /// Everything that this machine reaches.
        Full = "full",
    }
);

words!(
    /// What is done with a path.
    Access {
        /// Opening to read, or listing.
        Read = "read",
        /// Creating, changing or deleting.
        Write = "write",
    }
);

words!(
    /// What becomes of writes to declared paths.
    WriteMode {
        /// They go to a layer of their own and are applied as one step after a run that succeeded.
        Staged = "staged",
        /// They happen at once.
        Direct = "direct",
    }
);

/// What a human allowed one version when asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// Permissions as the manifest declared them when it was asked.
    #[serde(flatten)]
    pub permissions: Permissions,
    /// What becomes of its writes; staged where it has none, and where nobody wrote it down.
    #[serde(default = "staged")]
    pub writes: WriteMode,
}

fn staged() -> WriteMode {
    WriteMode::Staged
}

impl Allowed {
    /// What is allowed to a version whose writes, if it declares any, are made like this.
    pub fn new(permissions: &Permissions, writes: WriteMode) -> Allowed {
        let writes = if permissions.write.is_empty() { WriteMode::Staged } else { writes };
        Allowed { permissions: permissions.clone(), writes }
    }
}

/// Something that a manifest asks for and no tool gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionFault {
    /// As declared: `write ~/.ssh`. Raw: made safe where it is shown.
    pub permission: String,
    /// Why not, and what to declare instead where there is something.
    pub reason: String,
}

impl fmt::Display for PermissionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.permission, self.reason)
    }
}

impl PermissionFault {
    /// A fault of one path.
    pub fn of_path(access: Access, declared: &str, reason: impl Into<String>) -> PermissionFault {
        PermissionFault { permission: format!("{access} {declared}"), reason: reason.into() }
    }
}

/// Where a declared path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The workspace: `{workspace}`, and every relative path.
    Workspace,
    /// The home folder of whoever starts the run: `~`.
    Home,
    /// The root of the file system.
    Root,
}

/// A path as a manifest writes it: an anchor and plain names below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPath {
    /// Folder that the names below start from.
    pub anchor: Anchor,
    /// The names below; empty for the anchor itself.
    pub rest: PathBuf,
    /// Whether it is written with a closing `/`, as a folder.
    pub folder: bool,
}

impl DeclaredPath {
    /// Reads a path as written.
    ///
    /// # Errors
    /// Why it is none, for a human.
    pub fn parse(text: &str) -> Result<DeclaredPath, String> {
        if text.trim().is_empty() {
            return Err("it is empty".to_owned());
        }
        if text.len() > MAX_BYTES || text.chars().any(is_hidden) || text.contains('\n') {
            return Err("it is too long or contains hidden characters".to_owned());
        }
        let workspace = text.strip_prefix("{workspace}").filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let (anchor, rest) = match (workspace, text.strip_prefix('~')) {
            (Some(rest), _) => (Anchor::Workspace, rest),
            (None, Some(rest)) if rest.is_empty() || rest.starts_with('/') => (Anchor::Home, rest),
            (None, Some(_)) => return Err("home folders of other users are never granted".to_owned()),
            (None, None) if text.starts_with('/') => (Anchor::Root, text),
            (None, None) => (Anchor::Workspace, text),
        };
        if rest.contains(['{', '}', '$']) {
            return Err("only {workspace} and a leading ~ are expanded in a path".to_owned());
        }
        if rest.contains(['*', '?', '[']) {
            return Err("patterns are not granted; declare the folder".to_owned());
        }
        let mut plain = PathBuf::new();
        for part in Path::new(rest).components() {
            match part {
                Component::Normal(name) => plain.push(name),
                Component::RootDir | Component::CurDir => {}
                Component::ParentDir | Component::Prefix(_) => {
                    return Err("a path with .. is never granted; write the resolved path".to_owned());
                }
            }
        }
        Ok(DeclaredPath { anchor, rest: plain, folder: rest.ends_with('/') })
    }

    /// The absolute path; `None` below a home that nobody knows.
    pub fn at(&self, workspace: &Path, home: Option<&Path>) -> Option<PathBuf> {
        let base = match self.anchor {
            Anchor::Workspace => workspace,
            Anchor::Home => home?,
            Anchor::Root => Path::new("/"),
        };
        // Joining an empty path would add a closing `/`.
        Some(if self.rest.as_os_str().is_empty() { base.to_owned() } else { base.join(&self.rest) })
    }
}

impl Permissions {
    /// Everything declared that no tool gets, as far as the words alone tell.
    pub fn faults(&self) -> Vec<PermissionFault> {
        let mut faults = Vec::new();
        if let Err(reason) = self.network_word() {
            let permission = format!("network {}", self.network.join(", "));
            faults.push(PermissionFault { permission, reason });
        }
        for (access, list) in [(Access::Read, &self.read), (Access::Write, &self.write)] {
            faults.extend(list.iter().filter_map(|text| {
                let reason = path_fault(access, text)?;
                Some(PermissionFault::of_path(access, text, reason))
            }));
        }
        for (word, list, judge) in
            [("env", &self.env, env_fault as fn(&str) -> Option<String>), ("run", &self.run, run_fault)]
        {
            let bad = list.iter().filter_map(|name| Some((name, judge(name)?)));
            faults.extend(bad.map(|(name, reason)| PermissionFault { permission: format!("{word} {name}"), reason }));
        }
        for (word, list) in self.lists() {
            if list.len() > MAX_ENTRIES {
                let reason = format!("more than {MAX_ENTRIES} entries cannot be reviewed; declare a folder instead");
                faults.push(PermissionFault { permission: format!("{word} ({} entries)", list.len()), reason });
            }
        }
        faults
    }

    /// The network asked for; [`Network::None`] when what is written is no network.
    pub fn reach(&self) -> Network {
        self.network_word().unwrap_or(Network::None)
    }

    /// Whether it asks for nothing beyond what every run has: such a tool is never asked about.
    pub fn is_nothing(&self) -> bool {
        self.reach() == Network::None && self.lists().into_iter().skip(1).all(|(_, list)| list.is_empty())
    }

    /// What saying yes allows, a sentence for each permission, the widest first.
    pub fn sentences(&self, direct: bool) -> Vec<String> {
        let mut lines = Vec::new();
        match self.reach() {
            Network::None => {}
            Network::Loopback => lines.push("use a private loopback interface".to_owned()),
            Network::Full => {
                lines.push("connect to every address that this machine can reach, and send data there".into());
            }
        }
        let how = if direct { "directly" } else { "in one step after a successful run; undo reverts it" };
        lines.extend(self.write.iter().map(|path| format!("write {path}, {how}")));
        lines.extend(self.read.iter().map(|path| format!("read {path}")));
        lines.extend(self.env.iter().map(|name| format!("read the variable {name}")));
        lines.extend(self.called_tools().map(|tool| format!("call the tool {tool}, each time as a run of its own")));
        lines.extend(self.programs().map(|program| format!("start {program} (declared, not enforced)")));
        lines
    }

    /// The tools that it calls: the entries `tool:NAME` of `run`.
    pub fn called_tools(&self) -> impl Iterator<Item = &str> {
        self.run.iter().filter_map(|entry| entry.strip_prefix(CALLED))
    }

    /// The programs that it starts: the other entries of `run`.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.run.iter().map(String::as_str).filter(|entry| !entry.starts_with(CALLED))
    }

    fn lists(&self) -> [(&'static str, &Vec<String>); 5] {
        let Permissions { network, read, write, env, run } = self;
        [("network", network), ("read", read), ("write", write), ("env", env), ("run", run)]
    }

    fn network_word(&self) -> Result<Network, String> {
        match self.network.as_slice() {
            [] => Ok(Network::None),
            [word] => word
                .parse()
                .map_err(|_| "single hosts cannot be enforced yet; declare none, loopback or full".to_owned()),
            _ => Err("use one word: none, loopback or full".to_owned()),
        }
    }
}

/// Why a path as written is never granted; `None` when nothing in its words says so.
fn path_fault(access: Access, text: &str) -> Option<String> {
    match DeclaredPath::parse(text) {
        Err(reason) => Some(reason),
        Ok(path) => anchored_fault(access, path.anchor, &path.rest),
    }
}

/// The rules of one anchor.
fn anchored_fault(access: Access, anchor: Anchor, rest: &Path) -> Option<String> {
    named_fault(access, rest).or_else(|| match anchor {
        Anchor::Workspace => workspace_fault(access, rest),
        Anchor::Home => home_fault(access, rest, false),
        Anchor::Root => root_fault(access, rest),
    })
}

/// What is refused by a name, wherever it lies.
fn named_fault(access: Access, rest: &Path) -> Option<String> {
    let folded = folded(rest);
    let names: Vec<&str> = folded.components().filter_map(|part| part.as_os_str().to_str()).collect();
    if names.iter().any(|name| matches!(*name, ".ssh" | ".gnupg")) {
        return Some("keys are never granted".to_owned());
    }
    if names.windows(2).any(|pair| pair == [".git", "hooks"]) {
        return Some("git hooks are never granted".to_owned());
    }
    if let Some(name) = names.iter().find(|name| is_never_written(name)).filter(|_| access == Access::Write) {
        return Some(format!("{name} is never written by a tool: other programs start code from it"));
    }
    let socket = names.last().is_some_and(|name| {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        matches!(ending, Some("sock" | "socket"))
    });
    socket.then(|| "sockets are never granted: they give access to another program".to_owned())
}

fn workspace_fault(access: Access, rest: &Path) -> Option<String> {
    let own = OWN_FILES.iter().find(|own| folded(rest).starts_with(own))?;
    (access == Access::Write).then(|| format!("{own} in the workspace is written only by humans and the workbench"))
}

/// Whether a path that a run tried, as the observer names it, is one where keys or passwords lie: of the user, of
/// another user, of the system.
pub fn names_secrets(target: &str) -> bool {
    let path = Path::new(target);
    let below = |rest: &Path| SECRETS.iter().any(|name| rest.starts_with(name));
    if let Ok(rest) = path.strip_prefix("~").or_else(|_| path.strip_prefix(ROOTS_HOME)) {
        return below(rest);
    }
    let of_user = ["/home", "/Users"].into_iter().find_map(|homes| path.strip_prefix(homes).ok());
    if let Some(rest) = of_user {
        return below(&rest.components().skip(1).collect::<PathBuf>());
    }
    ADMINISTRATORS.iter().any(|name| path.starts_with(name))
}

/// The rules of a home folder. `is_own` says that what lies here is the workspace's, so that a hidden folder around it
/// counts for nothing.
fn home_fault(access: Access, rest: &Path, is_own: bool) -> Option<String> {
    if rest.as_os_str().is_empty() {
        return Some("the whole home folder is never granted; declare the needed paths in it".to_owned());
    }
    let lower = folded(rest);
    let meets = |list: &[&'static str]| list.iter().copied().find(|name| overlap(&lower, Path::new(name)));
    if let Some(name) = meets(SECRETS) {
        return Some(format!("~/{name} contains keys or passwords and is never granted"));
    }
    if let Some(name) = meets(START_FILES) {
        return Some(format!("~/{name} is read when a shell or session starts, so it is never granted"));
    }
    if access == Access::Read || is_own {
        return None;
    }
    let name = in_home(rest)?;
    Some(format!(
        "~/{name} may control what other programs start, so hidden files in a home folder are never written by a tool; declare a folder without a leading dot, or one in the workspace"
    ))
}

/// The rules of an absolute path as far as its words tell; whose home a path lies in is known by its words, too.
fn root_fault(access: Access, rest: &Path) -> Option<String> {
    let path = Path::new("/").join(rest);
    system_fault(access, &path, None).or_else(|| {
        let rest = home_rest(&path)?;
        home_fault(access, rest, false)
    })
}

/// What lies below a home folder, for places that hold homes on every machine.
fn home_rest(path: &Path) -> Option<&Path> {
    let of_user = ["/home", "/Users", "/var/home"].into_iter().find_map(|homes| path.strip_prefix(homes).ok());
    match of_user {
        Some(rest) => rest.strip_prefix(rest.components().next()?).ok(),
        None => path.strip_prefix(ROOTS_HOME).ok(),
    }
}

/// The rules of the system; `base` is the workspace or home that holds the path, where one does.
fn system_fault(access: Access, path: &Path, base: Option<&Path>) -> Option<String> {
    if path.parent().is_none() {
        return Some("the whole file system is never granted; declare the needed paths".to_owned());
    }
    let meets = |list: &[&'static str]| list.iter().copied().find(|name| overlap(path, Path::new(name)));
    if let Some(name) = meets(NEVER) {
        return Some(format!("{name} is never granted"));
    }
    if let Some(name) = meets(ADMINISTRATORS) {
        return Some(format!("{name} is for the system administrator only and is never granted"));
    }
    let installed = || in_system(path, base);
    if let Some(name) = meets(NEVER_WRITTEN).or_else(installed).filter(|_| access == Access::Write) {
        return Some(format!("{name} belongs to the system and is never written by a tool"));
    }
    let depth = path.components().count();
    let whole = path == Path::new(ROOTS_HOME)
        || [Path::new("/home"), Path::new("/Users")].iter().any(|homes| path.starts_with(homes) && depth <= 3);
    whole.then(|| "a whole home folder is never granted; declare the needed paths in it".to_owned())
}

/// Whether one path is the other, or lies in it.
fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

fn env_fault(name: &str) -> Option<String> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.len() <= 128;
    if !plain || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some("a variable name uses A-Z a-z 0-9 _ and does not start with a digit".to_owned());
    }
    if SET_ANYWAY.contains(&name) {
        return Some("every run gets its own value; remove it".to_owned());
    }
    if name.starts_with("TOOLSMITH_") || name.starts_with("LD_") || name.starts_with("DYLD_") {
        return Some("it controls the workbench or the loader, so it is never passed on".to_owned());
    }
    (name.ends_with("_SOCK") || name.ends_with("_SOCKET") || name == "DBUS_SESSION_BUS_ADDRESS")
        .then(|| "it points to a socket, which gives access to another program".to_owned())
}

fn run_fault(program: &str) -> Option<String> {
    if let Some(tool) = program.strip_prefix(CALLED) {
        let why = "write tool:NAME with the name of one tool; patterns such as tool:* are not allowed";
        return ToolName::new(tool).is_err().then(|| why.to_owned());
    }
    let bad = program.trim().is_empty() || program.len() > MAX_BYTES || program.chars().any(is_hidden);
    bad.then(|| "write a program name or an absolute path".to_owned())
}

/// The places of one machine that absolute paths are judged against. All of them absolute, and without
/// symbolic links as far as they exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ground {
    /// Folder of the workspace.
    pub workspace: PathBuf,
    /// Home folders of whoever starts the run; the first is what `~` means.
    pub homes: Vec<PathBuf>,
    /// Home folders of others.
    pub strangers: Vec<PathBuf>,
    /// Folders of the workbench, for state and settings, and files that hold secrets.
    pub ours: Vec<PathBuf>,
    /// Files and folders that programs start from here: the folders of `PATH`, and what hidden links in a home lead to.
    /// What of them lies in the workspace stays read-only in a tree that is granted around it.
    pub starts: Vec<PathBuf>,
}

impl Ground {
    /// Why an absolute path is never granted; `None` when it may be.
    pub fn judge(&self, access: Access, path: &Path) -> Option<String> {
        if self.ours.iter().any(|ours| overlap(path, ours)) {
            return Some("it is or contains the state, settings or secrets of the workbench".to_owned());
        }
        if access == Access::Write
            && let Some(place) = self.start_of(path)
        {
            return Some(format!("programs are started from {}, so no tool may write there", place.display()));
        }
        let below = |base: &Path| path.strip_prefix(base).ok();
        if let Some(rest) = below(&self.workspace)
            && let Some(reason) = anchored_fault(access, Anchor::Workspace, rest)
        {
            return Some(reason);
        }
        let is_ours = path.starts_with(&self.workspace);
        let mut base = is_ours.then_some(self.workspace.as_path());
        for home in self.homes.iter().filter(|home| home.parent().is_some()) {
            if home.starts_with(path) {
                return home_fault(access, Path::new(""), false);
            }
            let Some(rest) = below(home) else { continue };
            // A workspace that lies in a hidden folder is a workspace all the same.
            let own = self.workspace.strip_prefix(home).is_ok_and(|own| in_home(own).is_some());
            // Names in the way to the workspace say nothing of what lies in it.
            let names = if is_ours { Access::Read } else { access };
            if let Some(reason) = named_fault(names, rest).or_else(|| home_fault(access, rest, is_ours && own)) {
                return Some(reason);
            }
            base = base.or(Some(home.as_path()));
        }
        let names = if base.is_some() { Access::Read } else { access };
        let root = below(Path::new("/")).and_then(|rest| named_fault(names, rest));
        let system = root.or_else(|| system_fault(access, path, base));
        system.or_else(|| self.is_strange(path).then(|| "home folders of other users are never granted".to_owned()))
    }

    /// What programs start from that a path lies in, or that it holds outside of the workspace.
    fn start_of(&self, path: &Path) -> Option<&Path> {
        let is_ours = path.starts_with(&self.workspace);
        let meets = |place: &Path| path.starts_with(place) || !is_ours && place.starts_with(path);
        // Of a folder around the workspace nothing can be said of what lies in the workspace.
        let places = self.starts.iter().map(PathBuf::as_path).filter(|place| !self.workspace.starts_with(place));
        places.into_iter().find(|place| meets(place))
    }

    fn is_strange(&self, path: &Path) -> bool {
        let is_own =
            |path: &Path| path.starts_with(&self.workspace) || self.homes.iter().any(|home| path.starts_with(home));
        let beside = self.homes.iter().filter_map(|home| home.parent());
        let among_homes = beside.filter(|folder| matches!(folder.to_str(), Some("/home" | "/Users")));
        let root = Path::new(ROOTS_HOME);
        let others = self.homes.iter().all(|home| home != root).then_some(root);
        let strangers: Vec<&Path> = self.strangers.iter().map(PathBuf::as_path).chain(others).collect();
        strangers.iter().any(|stranger| stranger.starts_with(path))
            || !is_own(path)
                && (strangers.iter().any(|stranger| path.starts_with(stranger))
                    || among_homes.into_iter().any(|all| path.starts_with(all)))
    }
}

#[cfg(test)]
mod tests;
