//! Imports: what a name of another module means, whatever it is called here; and what a header says.

use super::Program;
use super::tree::{Kind, Node};
use std::collections::HashMap;
use std::collections::HashSet;

/// Modules of which nobody notices that they were imported.
const SILENT: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "base64",
    "binascii",
    "bisect",
    "calendar",
    "collections",
    "collections.abc",
    "concurrent.futures",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "errno",
    "fnmatch",
    "fractions",
    "functools",
    "getpass",
    "glob",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http.client",
    "http.server",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "mimetypes",
    "numbers",
    "operator",
    "os",
    "os.path",
    "pathlib",
    "pickle",
    "platform",
    "pprint",
    "queue",
    "random",
    "re",
    "secrets",
    "select",
    "shlex",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tarfile",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "traceback",
    "types",
    "typing",
    "unicodedata",
    "urllib",
    "urllib.error",
    "urllib.parse",
    "urllib.request",
    "uuid",
    "warnings",
    "xml.etree.ElementTree",
    "zipfile",
    "zlib",
    "assert",
    "buffer",
    "child_process",
    "crypto",
    "dns",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "querystring",
    "readline",
    "stream",
    "stream/promises",
    "timers",
    "timers/promises",
    "tls",
    "url",
    "util",
    "v8",
    "vm",
    "worker_threads",
    "zlib",
];

/// Modules of Node: with `node:` before them they are the same.
const NODE: &[&str] = &[
    "assert",
    "buffer",
    "child_process",
    "crypto",
    "dns",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "querystring",
    "readline",
    "stream",
    "stream/promises",
    "timers",
    "timers/promises",
    "tls",
    "url",
    "util",
    "v8",
    "vm",
    "worker_threads",
    "zlib",
];

/// The module that a program of Node names, without `node:` where that makes no difference.
pub(super) fn of_node(module: &str) -> String {
    module.strip_prefix("node:").filter(|name| NODE.contains(name)).unwrap_or(module).to_owned()
}

/// Whether nobody notices that a module was loaded.
pub(super) fn is_silent(module: &str) -> bool {
    NODE.contains(&module)
}

/// The names that a file of Python imports or defines, as far as types may mention them.
pub(super) fn defined(text: &str, names: &mut HashSet<String>) {
    for line in text.lines() {
        let words: Vec<&str> = super::tree::words(line).collect();
        match words.as_slice() {
            ["import" | "from", rest @ ..] => names.extend(rest.iter().map(|word| (*word).to_owned())),
            ["class", name, ..] if line.starts_with("class") => {
                names.insert((*name).to_owned());
            }
            _ => {}
        }
    }
}

/// What comments at the beginning tell the system or a package manager.
pub(super) fn header(text: &str) -> String {
    let mut kept = Vec::new();
    let mut is_block = false;
    for (at, line) in text.lines().enumerate() {
        let is_mark = line.starts_with("# ///");
        // Programs that make a form of a script read these: argc, mise, launchers.
        let is_for_programs = ["# @", "#@", "#USAGE", "#MISE", "# MISE"].iter().any(|begin| line.starts_with(begin));
        if at == 0 && line.starts_with("#!")
            || is_for_programs
            || at < 2 && line.contains("coding") && line.starts_with('#')
            || is_block
            || is_mark
        {
            kept.push(line.trim_end());
        }
        if is_mark {
            is_block = !is_block;
        }
        is_block &= line.starts_with('#');
    }
    kept.join("\n")
}

/// Puts what a name was imported as in its place, and the modules in one order. Only imports count that come before
/// anything is done.
pub(super) fn resolve(program: &mut Program) {
    let known = program.known();
    let mut found: HashMap<String, Node> = HashMap::new();
    let mut modules: Vec<String> = Vec::new();
    let mut kept = Vec::new();
    let mut is_beginning = true;
    for step in std::mem::take(&mut program.root.kids) {
        let is_import = step.is(Kind::Raw) && step.text == "import";
        let can_go = |name: &str| known.bound.get(name) == Some(&1) && !program.pinned.contains(name);
        let pairs: Vec<(&Node, &Node)> =
            step.kids.chunks(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?))).collect();
        if is_import && (is_beginning || program.is_script) && pairs.iter().all(|(name, _)| can_go(&name.text)) {
            for (name, source) in pairs {
                let (value, module) = meaning(&source.text, program.is_script);
                modules.push(module);
                found.insert(name.text.clone(), value);
            }
            continue;
        }
        is_beginning &= is_import || matches!(step.kind, Kind::Def) || is_plain(&step);
        kept.push(step);
    }
    modules.sort();
    modules.dedup();
    modules.retain(|module| !SILENT.contains(&module.as_str()));
    let modules = modules.iter().map(|module| Node::leaf(Kind::Str, module)).collect();
    program.root.kids = vec![Node::new(Kind::Raw, "imports", modules)];
    program.root.kids.extend(kept);
    program.root.rewrite(&mut |node| {
        if let Some(value) = found.get(&node.text).filter(|_| node.is(Kind::Name)) {
            let lines = node.lines;
            *node = Node { lines, ..value.clone() };
        }
    });
}

/// Whether a statement before an import does nothing that the module could notice.
fn is_plain(step: &Node) -> bool {
    step.is(Kind::Assign)
        && step.kids[0].is(Kind::Name)
        && !step.kids[1].any(&|node| {
            !matches!(
                node.kind,
                Kind::Str | Kind::Num | Kind::Word | Kind::List | Kind::Tuple | Kind::Dict | Kind::Pair | Kind::Set
            )
        })
}

/// What an import means, and the module that it loads.
fn meaning(source: &str, is_script: bool) -> (Node, String) {
    let (module, member) = source.split_once(':').unwrap_or((source, ""));
    if is_script {
        let of_module = Node::name(&format!("@{module}"));
        let value = match member {
            // What a module of Node exports is the same as a whole and one by one.
            "default" | "*" if NODE.contains(&module) => of_module,
            member if NODE.contains(&module) => Node::new(Kind::Member, member, vec![of_module]),
            _ => Node::name(&format!("@{source}")),
        };
        return (value, module.to_owned());
    }
    let (first, inner) = module.strip_suffix("...").map_or((module, false), |first| (first, true));
    let mut parts = if first.starts_with('.') { vec![first] } else { first.split('.').collect::<Vec<_>>() };
    if inner {
        // `import a.b` names `a`.
        parts.truncate(1);
    }
    let mut value = Node::name(&format!("@{}", parts.first().copied().unwrap_or_default()));
    for part in parts.iter().skip(1).copied().chain(Some(member).filter(|member| !member.is_empty())) {
        value = Node::new(Kind::Member, part, vec![value]);
    }
    (value, first.to_owned())
}
