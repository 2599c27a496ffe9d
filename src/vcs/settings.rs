//! Git's configuration: the repository's own settings cannot name a program.
//!
//! The configuration of a repository (`.git/config`, that of a work tree, and included files) comes with its folder,
//! and may come from somebody else. It is read before every call, without starting a program. Every key in it that
//! could name a program is overridden by the user's own configuration, or by nothing. The same applies to keys that
//! name a file for git to read: the file could be a FIFO, and git would wait for it. The harmless keys are listed, and
//! unknown keys are overridden, because new versions of git add new keys that name programs.

use super::call::GitCall;
use super::error::GitError;
use super::place::GitContext;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Sections whose keys name no program and no file that git reads in our calls.
const SECTIONS: &[&str] = &[
    "advice",
    "apply",
    "attr",
    "author",
    "branch",
    "checkout",
    "color",
    "column",
    "commitgraph",
    "committer",
    "extensions",
    "feature",
    "fetch",
    "format",
    "fsck",
    "i18n",
    "include",
    "includeif",
    "index",
    "init",
    "log",
    "maintenance",
    "notes",
    "pack",
    "promisor",
    "protocol",
    "pull",
    "push",
    "rebase",
    "reftable",
    "rerere",
    "safe",
    "sparse",
    "splitindex",
    "status",
    "tag",
    "transfer",
    "url",
    "versionsort",
    "worktree",
];

/// Harmless keys of other sections: the section and the last part of each key.
const KEYS: &[(&str, &[&str])] = &[
    ("blame", &["blankboundary", "coloring", "date", "showemail", "showroot"]),
    ("commit", &["cleanup", "gpgsign", "status", "verbose"]),
    (
        "core",
        &[
            "abbrev",
            "autocrlf",
            "bare",
            "bigfilethreshold",
            "checkroundtripencoding",
            "checkstat",
            "commentchar",
            "commentstring",
            "commitgraph",
            "compression",
            "createobject",
            "deltabasecachelimit",
            "eol",
            "filemode",
            "filesreflocktimeout",
            "fsync",
            "fsyncmethod",
            "fsyncobjectfiles",
            "hidedotfiles",
            "ignorecase",
            "ignorestat",
            "logallrefupdates",
            "longpaths",
            "loosecompression",
            "maxtreedepth",
            "multipackindex",
            "notesref",
            "packedgitlimit",
            "packedgitwindowsize",
            "packedrefstimeout",
            "precomposeunicode",
            "preloadindex",
            "prefersymlinkrefs",
            "protecthfs",
            "protectntfs",
            "quotepath",
            "repositoryformatversion",
            "safecrlf",
            "sharedrepository",
            "sparsecheckout",
            "sparsecheckoutcone",
            "splitindex",
            "symlinks",
            "trustctime",
            "untrackedcache",
            "usereplacerefs",
            "warnambiguousrefs",
            "whitespace",
            "worktree",
        ],
    ),
    (
        "diff",
        &[
            "algorithm",
            "autorefreshindex",
            "binary",
            "colormoved",
            "colormovedws",
            "context",
            "dirstat",
            "ignoresubmodules",
            "indentheuristic",
            "interhunkcontext",
            "mnemonicprefix",
            "noprefix",
            "relative",
            "renamelimit",
            "renames",
            "statgraphwidth",
            "statnamewidth",
            "submodule",
            "suppressblankempty",
            "wordregex",
            "wserrorhighlight",
            "xfuncname",
        ],
    ),
    // Without its program, a required filter makes git fail, which is better than committing plain text instead of
    // ciphertext.
    ("filter", &["required"]),
    (
        "gc",
        &[
            "auto",
            "autodetach",
            "autopacklimit",
            "bigpackthreshold",
            "pruneexpire",
            "reflogexpire",
            "reflogexpireunreachable",
        ],
    ),
    ("gpg", &["format", "mintrustlevel"]),
    ("lfs", &["access", "locksverify", "repositoryformatversion", "url"]),
    ("merge", &["autostash", "conflictstyle", "ff", "log", "renamelimit", "renames", "stat", "verbosity"]),
    ("remote", &["fetch", "mirror", "partialclonefilter", "promisor", "prune", "push", "pushurl", "tagopt", "url"]),
    ("user", &["email", "name", "useconfigonly"]),
    ("submodule", &["active", "branch", "fetchrecursesubmodules", "ignore", "recurse", "url"]),
];

/// The signing programs: the keys that name each, and its default name.
const SIGNERS: &[(&[&str], &str)] = &[
    (&["gpg.program", "gpg.openpgp.program"], "gpg"),
    (&["gpg.x509.program"], "gpgsm"),
    (&["gpg.ssh.program"], "ssh-keygen"),
];

/// The key of the hooks folder, as git lists it.
const HOOKS: &str = "core.hookspath";

/// Stands for a folder without hooks, and for a program that cannot be started.
const NOTHING: &str = "/dev/null";

/// One line of the configuration.
#[derive(Debug)]
struct Setting {
    key: OsString,
    /// The value; `None` for a key without a value, which git reads as true.
    value: Option<OsString>,
    is_users: bool,
}

impl Setting {
    /// Whether its value names a signing key that is not a file: by its id, by the mail address of its owner, or as a
    /// key in an agent. A file could be anything.
    fn is_key_without_file(&self) -> bool {
        let value = self.value.as_deref().unwrap_or_default().to_string_lossy();
        let is_id = value.len() >= 8 && value.trim_end_matches('!').chars().all(|c| c.is_ascii_hexdigit());
        let is_mail = value.contains('@') && !value.contains('/');
        let is_literal = value.starts_with("key::") || value.starts_with("ssh-");
        self.key == "user.signingkey" && (is_id || is_mail || is_literal)
    }
}

/// The whole configuration of a place, in git's order: later lines take precedence.
#[derive(Debug)]
pub(super) struct Settings {
    all: Vec<Setting>,
    /// Settings files of the user that somebody else could have written, with the reason; the programs in them are
    /// ignored.
    distrusted: BTreeMap<PathBuf, String>,
}

impl Settings {
    /// Reads the configuration. Git starts no program for this call.
    pub(super) fn read(place: &GitContext<'_>) -> Result<Settings, GitError> {
        const READ: &str = "read its configuration";
        let probe = BTreeMap::from([(OsString::from(HOOKS), OsString::from(NOTHING))]);
        let call = GitCall::new(&["config", "--list", "--show-scope", "--show-origin", "-z"]).configuration();
        let answer = call.run(place, &variables(&probe))?.demand(READ)?;
        let judge = |file: &Path| place.programs.trust().file(file).map_err(|distrust| distrust.to_string());
        let (settings, takes_overrides) = Settings::parse(&answer.stdout, &judge);
        if takes_overrides {
            return Ok(settings);
        }
        Err(GitError::Failed { action: READ, message: "it is too old; version 2.31 or later is required".to_owned() })
    }

    /// Parses git's output, and returns whether it contains the probe: before 2.31, git would ignore every override. A
    /// file of the user counts only if it is trusted, because a variable can name any file, and one file can include
    /// another.
    fn parse(bytes: &[u8], judge: &dyn Fn(&Path) -> Result<(), String>) -> (Settings, bool) {
        let mut settings = Settings { all: Vec::new(), distrusted: BTreeMap::new() };
        let mut judged: BTreeMap<PathBuf, bool> = BTreeMap::new();
        let mut takes_overrides = false;
        let mut fields = bytes.split(|byte| *byte == 0);
        while let (Some(scope), Some(origin), Some(line)) = (fields.next(), fields.next(), fields.next()) {
            let mut parts = line.splitn(2, |byte| *byte == b'\n');
            let key = OsStr::from_bytes(parts.next().unwrap_or_default()).to_owned();
            let value = parts.next().map(|value| OsStr::from_bytes(value).to_owned());
            if scope == b"command" {
                takes_overrides |= key == HOOKS;
                continue;
            }
            let mut is_users = matches!(scope, b"system" | b"global");
            if is_users && !is_harmless(key.as_bytes()) {
                let file = PathBuf::from(OsStr::from_bytes(origin.strip_prefix(b"file:").unwrap_or(origin)));
                let Settings { distrusted, .. } = &mut settings;
                is_users = *judged
                    .entry(file.clone())
                    .or_insert_with(|| judge(&file).map_err(|why| distrusted.insert(file, why)).is_ok());
            }
            settings.all.push(Setting { key, value, is_users });
        }
        (settings, takes_overrides)
    }

    /// The user's own settings that are ignored, each with the reason in one line.
    pub(super) fn notes(&self, place: &GitContext<'_>) -> Vec<String> {
        let of_files = self
            .distrusted
            .iter()
            .map(|(file, why)| format!("programs that {} names are not started: {why}", file.display()));
        let mut notes: Vec<String> = of_files.collect();
        if let Some(folder) = self.of_user(&[OsStr::new(HOOKS)]).filter(|folder| folder != NOTHING)
            && let Err(why) = place.named_folder(&folder)
        {
            notes.push(format!("hooks in {} do not run: {why}", folder.display()));
        }
        notes
    }

    /// Whether the repository's own configuration sets the identity of the user.
    pub(super) fn names_user(&self) -> bool {
        const NAMES: [&str; 4] = ["user.name", "user.email", "author.name", "author.email"];
        self.all.iter().any(|setting| !setting.is_users && NAMES.iter().any(|name| setting.key == *name))
    }

    /// The variables that override settings that the repository must not make.
    pub(super) fn overrides(&self, place: &GitContext<'_>) -> Vec<(OsString, OsString)> {
        let foreign = self.all.iter().filter(|setting| {
            !setting.is_users && !is_harmless(setting.key.as_bytes()) && !setting.is_key_without_file()
        });
        let mut values: BTreeMap<OsString, OsString> =
            foreign.map(|setting| (setting.key.clone(), self.of_user(&[&setting.key]).unwrap_or_default())).collect();
        let hooks = self.of_user(&[OsStr::new(HOOKS)]).and_then(|folder| place.named_folder(&folder).ok());
        values.insert(HOOKS.into(), hooks.map_or_else(|| NOTHING.into(), OsString::from));
        for (keys, usual) in SIGNERS {
            let named: Vec<&OsStr> = keys.iter().map(OsStr::new).collect();
            let program = self.of_user(&named).unwrap_or_else(|| (*usual).into());
            let program = place.named(&program).map_or_else(|| NOTHING.into(), OsString::from);
            values.extend(keys.iter().map(|key| (OsString::from(*key), program.clone())));
        }
        variables(&values)
    }

    /// The last value of one of these keys in the user's own configuration.
    fn of_user(&self, keys: &[&OsStr]) -> Option<OsString> {
        let found =
            self.all.iter().rev().find(|setting| setting.is_users && keys.contains(&setting.key.as_os_str()))?;
        Some(found.value.clone().unwrap_or_else(|| "true".into()))
    }
}

/// Whether a key names no program, and no file that git reads in our calls, whatever its value is.
fn is_harmless(key: &[u8]) -> bool {
    let section = key.split(|byte| *byte == b'.').next().unwrap_or_default();
    let last = key.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is = |name: &&str, part: &[u8]| name.as_bytes() == part;
    SECTIONS.iter().any(|name| is(name, section))
        || KEYS.iter().any(|(name, keys)| is(name, section) && keys.iter().any(|key| is(key, last)))
}

/// Settings as environment variables, in which every character of a key is literal.
fn variables(values: &BTreeMap<OsString, OsString>) -> Vec<(OsString, OsString)> {
    let mut all = vec![("GIT_CONFIG_COUNT".into(), values.len().to_string().into())];
    for (number, (key, value)) in values.iter().enumerate() {
        all.push((format!("GIT_CONFIG_KEY_{number}").into(), key.clone()));
        all.push((format!("GIT_CONFIG_VALUE_{number}").into(), value.clone()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::Programs;

    /// The overrides of a configuration; a line is `scope key value`, or only `scope key`.
    fn overrides(lines: &[&str]) -> BTreeMap<String, String> {
        let printed = lines.iter().map(|line| {
            let mut parts = line.splitn(3, ' ');
            let (scope, key) = (parts.next().unwrap(), parts.next().unwrap());
            let (scope, origin) = scope.split_once('@').unwrap_or((scope, "/etc/gitconfig"));
            let value = parts.next().map(|value| format!("\n{value}")).unwrap_or_default();
            format!("{scope}\0file:{origin}\0{key}{value}\0")
        });
        let place = GitContext::new(Path::new("/nonexistent"), Path::new(""), &[], &Programs::default());
        let judge = |file: &Path| if file.starts_with("/tmp") { Err("it lies in /tmp".to_owned()) } else { Ok(()) };
        let (settings, _) = Settings::parse(printed.collect::<String>().as_bytes(), &judge);
        let variables = settings.overrides(&place);
        let texts: Vec<String> = variables.into_iter().skip(1).map(|(_, text)| text.into_string().unwrap()).collect();
        texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }

    #[test]
    fn what_a_repository_names_is_replaced_by_what_the_user_names_or_by_nothing() {
        for (lines, key, value) in [
            (&["local filter.x.clean evil"][..], "filter.x.clean", Some("")),
            (&["global filter.x.clean mine", "local filter.x.clean evil"], "filter.x.clean", Some("mine")),
            (&["system filter.x.clean theirs", "worktree filter.x.clean evil"], "filter.x.clean", Some("theirs")),
            (&["global filter.x.clean mine"], "filter.x.clean", None),
            (&["local filter.a=b.c.clean evil"], "filter.a=b.c.clean", Some("")),
            (&["local filter..process evil"], "filter..process", Some("")),
            (&["local diff.x.textconv evil"], "diff.x.textconv", Some("")),
            (&["local diff.external evil"], "diff.external", Some("")),
            (&["local merge.x.driver evil"], "merge.x.driver", Some("")),
            (&["local core.sshcommand evil"], "core.sshcommand", Some("")),
            (&["local hook.x.command evil"], "hook.x.command", Some("")),
            (&["local not.yet.known"], "not.yet.known", Some("")),
            (&["unknown core.pager evil"], "core.pager", Some("")),
            (&["local remote.x.uploadpack evil"], "remote.x.uploadpack", Some("")),
            (&["local gc.recentobjectshook evil"], "gc.recentobjectshook", Some("")),
            (&["local lfs.extension.x.clean evil"], "lfs.extension.x.clean", Some("")),
            (&["local core.excludesfile fifo"], "core.excludesfile", Some("")),
            (
                &["global core.attributesfile mine", "local core.attributesfile fifo"],
                "core.attributesfile",
                Some("mine"),
            ),
            (&["local commit.template fifo"], "commit.template", Some("")),
            (&["local mailmap.file fifo"], "mailmap.file", Some("")),
            (&["local blame.ignorerevsfile fifo"], "blame.ignorerevsfile", Some("")),
            (&["local gpg.ssh.allowedsignersfile fifo"], "gpg.ssh.allowedsignersfile", Some("")),
            (&["local user.signingkey /tmp/key"], "user.signingkey", Some("")),
            (&["local user.signingkey a@b/c"], "user.signingkey", Some("")),
            (&["global user.signingkey mine", "local user.signingkey key.pub"], "user.signingkey", Some("mine")),
            (&["local user.signingkey 3AA5C34371567BD2!"], "user.signingkey", None),
            (&["local user.signingkey ada@example.org"], "user.signingkey", None),
            (&["local user.signingkey key::ssh-ed25519 AAAA"], "user.signingkey", None),
            (&["local commit.gpgsign true", "local core.autocrlf input"], "commit.gpgsign", None),
            (&["local user.name Ada", "local remote.origin.url x", "local core.bare false"], "user.name", None),
            (&["local filter.x.required true"], "filter.x.required", None),
            (&[], "core.hookspath", Some(NOTHING)),
            (&["local core.hookspath evil"], "core.hookspath", Some(NOTHING)),
            (&["global core.hookspath .hooks"], "core.hookspath", Some(NOTHING)),
            (&["global core.hookspath /tmp"], "core.hookspath", Some(NOTHING)),
            (&["global core.hookspath /usr/bin", "local core.hookspath evil"], "core.hookspath", Some("/usr/bin")),
            (&["global gpg.program ./gpg"], "gpg.program", Some(NOTHING)),
            (&["global@/tmp/config filter.x.clean evil"], "filter.x.clean", Some("")),
            (&["global@/tmp/config core.hookspath /usr/bin"], "core.hookspath", Some(NOTHING)),
            (&["global filter.x.clean mine", "global@/tmp/x filter.x.clean evil"], "filter.x.clean", Some("mine")),
            (&["global@/tmp/config user.name Ada"], "user.name", None),
            (
                &["global gpg.program /usr/bin/env", "local gpg.openpgp.program x"],
                "gpg.openpgp.program",
                Some("/usr/bin/env"),
            ),
        ] {
            assert_eq!(overrides(lines).get(key).map(String::as_str), value, "{lines:?}");
        }
    }

    #[test]
    fn a_git_that_would_ignore_the_overrides_is_not_used() {
        assert!(!Settings::parse(b"local\0file:x\0core.bare\nfalse\0", &|_| Ok(())).1);
        assert!(Settings::parse(b"command\0command line:\0core.hookspath\n/dev/null\0", &|_| Ok(())).1);
    }
}
