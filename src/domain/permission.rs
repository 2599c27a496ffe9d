//! What a manifest may declare, judged by text and paths alone: no disk, no environment.
//!
//! There are two steps. [`Permissions::faults`] judges the declaration independently of the machine: it is called when
//! a folder is scanned and again in a review. [`Ground::judge`] judges an absolute path on one machine; the runner
//! calls it for the declared path and again for the path that it resolves to. Neither grants anything: the runner does,
//! by profile.
//!
//! Programs under `run` are shown to humans and compared with observed behaviour. They are not enforced: what a tool
//! may read, it may also start.

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

/// The prefix of an entry of `run` that names a tool, not a program.
const CALLED: &str = "tool:";

/// The maximum number of entries of one permission that a human can be expected to read.
const MAX_ENTRIES: usize = 32;

/// Longest path or name, in bytes.
const MAX_BYTES: usize = 1024;

/// System folders without user files: devices, sockets, kernel state.
const NEVER: &[&str] = &["/proc", "/sys", "/dev", "/run", "/var/run"];

/// System folders that no tool may write.
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

/// System files that only the administrator may read, such as passwords and private keys. A run as root could read
/// them.
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

/// The home of root: another user's, unless the caller owns it.
const ROOTS_HOME: &str = "/root";

/// Below a home folder: keys and passwords. Not complete; the ones on every machine.
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

/// Below a home folder: files that a shell or a session reads when it starts.
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

/// In the workspace: files that only Toolsmith and humans write. They stay read-only inside a granted tree
/// ([`PROTECTED`] lists all such names).
const OWN_FILES: &[&str] = &["tools", "toolsmith.toml", ".tool_promotions.json"];

/// Names in the workspace that stay read-only inside a granted tree; names for which [`is_never_written`] is true are
/// read-only anywhere.
pub const PROTECTED: &[&str] = &[".git", ".toolsmith", "tools", "toolsmith.toml", ".tool_promotions.json"];

/// Variables that every run has without a permission.
const SET_ANYWAY: &[&str] = &["HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "TERM", "TMPDIR"];

words!(
    /// Which addresses a run may reach.
    Network {
        /// None, not even the local machine.
        None = "none",
        /// Addresses of its own loopback interface, which is not shared outside the run.
        Loopback = "loopback",
        /// Everything that the machine can reach.
        Full = "full",
    }
);

words!(
    /// The kind of access to a path.
    Access {
        /// Opening to read, or listing.
        Read = "read",
        /// Creating, changing or deleting.
        Write = "write",
    }
);

words!(
    /// How writes to declared paths are made.
    WriteMode {
        /// They go to a separate layer and are applied as one step after a successful run.
        Staged = "staged",
        /// They take effect at once.
        Direct = "direct",
    }
);

/// What a human granted to one version when asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// The declared permissions at that time.
    #[serde(flatten)]
    pub permissions: Permissions,
    /// How its writes are made; staged if it has none, or if this was not recorded.
    #[serde(default = "staged")]
    pub writes: WriteMode,
}

fn staged() -> WriteMode {
    WriteMode::Staged
}

impl Allowed {
    /// The grant for a version whose writes, if it declares any, are made like this.
    pub fn new(permissions: &Permissions, writes: WriteMode) -> Allowed {
        let writes = if permissions.write.is_empty() { WriteMode::Staged } else { writes };
        Allowed { permissions: permissions.clone(), writes }
    }
}

/// A declared permission that no tool gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionFault {
    /// As declared: `write ~/.ssh`. Raw: made safe when it is shown.
    pub permission: String,
    /// The reason, and an alternative if there is one.
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

/// The start of a declared path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The workspace: `{workspace}`, and every relative path.
    Workspace,
    /// The home folder of the user who starts the run: `~`.
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
    /// Whether it is written with a trailing `/`, as a folder.
    pub folder: bool,
}

impl DeclaredPath {
    /// Reads a path as written.
    ///
    /// # Errors
    /// Why it is invalid, for a human.
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

    /// The absolute path; `None` if it is below an unknown home.
    pub fn at(&self, workspace: &Path, home: Option<&Path>) -> Option<PathBuf> {
        let base = match self.anchor {
            Anchor::Workspace => workspace,
            Anchor::Home => home?,
            Anchor::Root => Path::new("/"),
        };
        // Joining an empty path would add a trailing `/`.
        Some(if self.rest.as_os_str().is_empty() { base.to_owned() } else { base.join(&self.rest) })
    }
}

impl Permissions {
    /// All declared permissions that no tool gets, judged by their text alone.
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

    /// The declared network; [`Network::None`] if the text is invalid.
    pub fn reach(&self) -> Network {
        self.network_word().unwrap_or(Network::None)
    }

    /// Whether it declares nothing beyond what every run has: no question is asked for such a tool.
    pub fn is_nothing(&self) -> bool {
        self.reach() == Network::None && self.lists().into_iter().skip(1).all(|(_, list)| list.is_empty())
    }

    /// What an approval permits, a sentence for each permission, the widest first.
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

/// Why a path as written is never granted; `None` if its text gives no reason.
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

/// Refusals by name, in any folder.
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

/// Whether an attempted path, as the observer names it, is a place of keys or passwords: of the user, of another user,
/// of the system.
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

/// The rules of a home folder. `is_own` means that the path belongs to the workspace, so that a hidden folder around it
/// is ignored.
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

/// The rules of an absolute path, judged by its text, including whose home contains it.
fn root_fault(access: Access, rest: &Path) -> Option<String> {
    let path = Path::new("/").join(rest);
    system_fault(access, &path, None).or_else(|| {
        let rest = home_rest(&path)?;
        home_fault(access, rest, false)
    })
}

/// The part below a home folder, for places that contain homes on every machine.
fn home_rest(path: &Path) -> Option<&Path> {
    let of_user = ["/home", "/Users", "/var/home"].into_iter().find_map(|homes| path.strip_prefix(homes).ok());
    match of_user {
        Some(rest) => rest.strip_prefix(rest.components().next()?).ok(),
        None => path.strip_prefix(ROOTS_HOME).ok(),
    }
}

/// The rules of the system; `base` is the workspace or home that contains the path, if one does.
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

/// Whether one path is the other, or is inside it.
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

/// The places of one machine that absolute paths are judged against. All are absolute, and resolved as far as they
/// exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ground {
    /// Folder of the workspace.
    pub workspace: PathBuf,
    /// Home folders of the user who starts the run; the first is the meaning of `~`.
    pub homes: Vec<PathBuf>,
    /// Home folders of others.
    pub strangers: Vec<PathBuf>,
    /// Toolsmith's folders for state and settings, and files that contain secrets.
    pub ours: Vec<PathBuf>,
    /// Files and folders from which programs are started: the folders of `PATH`, and the targets of hidden links in a
    /// home. Their parts inside the workspace stay read-only in a granted tree.
    pub starts: Vec<PathBuf>,
}

impl Ground {
    /// Why an absolute path is never granted; `None` if it may be.
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
            // A workspace inside a hidden folder is still a workspace.
            let own = self.workspace.strip_prefix(home).is_ok_and(|own| in_home(own).is_some());
            // Names on the way to the workspace are irrelevant for its content.
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

    /// The start place that contains a path, or that is inside it and outside the workspace.
    fn start_of(&self, path: &Path) -> Option<&Path> {
        let is_ours = path.starts_with(&self.workspace);
        let meets = |place: &Path| path.starts_with(place) || !is_ours && place.starts_with(path);
        // For a folder around the workspace, start places inside the workspace are not considered.
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
