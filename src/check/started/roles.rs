//! What the programs of a command do with the words behind them.

use crate::check::source::{Language, program_name};
use crate::domain::only_reads;

/// What a program does with what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Executes code in a language that is read here.
    Interpreter(Language),
    /// Executes code that nobody reads here, from a file, an argument or the folder it is started in.
    Unread,
    /// Starts the program behind its own options.
    Wrapper,
    /// Runs files by their ending, programs behind it, or packages that it fetches.
    Runner,
    /// Only reads and transforms text.
    Reader,
    /// Not known.
    Unknown,
}

/// Shells beside those of [`Language::of_program`] whose scripts the grammar of shell reads.
const SHELLS: &str = "zsh mksh lksh pdksh yash rbash rzsh posh osh";

/// Wrappers that are given a whole command as one word.
pub(super) const TAKE_TEXTS: &str = "su runuser sg script watch flock nix nix-shell entr hyperfine ssh tmux screen parallel at \
    batch trap eval capsh env";

/// Programs that start the one behind them.
const WRAPPERS: &str = "env nice ionice timeout gtimeout stdbuf nohup setsid time command exec builtin xargs sudo doas su runuser sg \
    newgrp script watch flock chroot unshare nsenter setarch linux i386 x86_64 arch chrt taskset numactl prlimit \
    cpulimit setpriv capsh firejail bwrap proot fakeroot fakechroot faketime strace ltrace perf valgrind catchsegv \
    rlwrap unbuffer parallel entr find busybox toybox systemd-run start-stop-daemon tini dumb-init catatonit \
    su-exec gosu torify torsocks proxychains dbus-run-session dbus-launch xvfb-run pkexec run-parts direnv mise \
    asdf nix nix-shell bundle ssh tmux screen at batch cgexec choom uclampset chpst softlimit envdir envuidgid \
    setuidgid s6-setuidgid runcon eatmydata hyperfine caffeinate coproc trap eval ts logger systemd-inhibit \
    systemd-cat chronic ifne lckdo dotenv op doppler conda mamba micromamba pixi";

/// Programs that run files by their ending, or packages.
const RUNNERS: &str = "uv uvx pipx poetry pdm hatch rye pipenv pytest py.test coverage nose npx bunx pnpm pnpx yarn npm vite-node \
    esno jiti zx nodemon mocha jest vitest ava nyc";

/// Interpreters, compilers and builders whose code nobody reads here.
const UNREAD: &str = "perl raku ruby jruby irb pry php php-cgi lua luajit texlua rscript r julia tclsh wish expect ghci ghc runghc \
    runhaskell stack cabal ocaml dune erl escript elixir iex mix groovy scala kotlin kotlinc java javac jshell \
    clojure clj bb lein dotnet csi fsi fsharpi mono pwsh powershell cmd fish csh tcsh nu xonsh elvish rc es guile \
    racket sbcl clisp ecl scheme emacs emacsclient vim nvim vi view ex ed gdb lldb octave octave-cli make gmake \
    bmake cmake ctest ninja just rake gradle gradlew mvn ant go cargo rust-script rustc gcc g++ tcc clang zig nim \
    crystal dmd rdmd osascript wasmtime wasmer wine qjs d8 m4 sqlite3 duckdb psql mysql mariadb mongosh jsc jjs \
    swipl gforth dart swift haxe coffee lsc janet fennel hy jython ipython jupyter cython sage maxima gp gnuplot \
    cscript wscript ansible ansible-playbook docker docker-compose podman vagrant terraform tox nox invoke fab \
    scons meson bazel buck dc sqlplus bpftrace dtrace stap mlr ld-linux-x86 ld-linux ld-musl-x86_64 tex latex \
    pdflatex xelatex lualatex gs pypy.exe node.exe python.exe";

/// Readers beside the utilities of every system: none of them starts a program or writes a file by what its filter says.
const READERS: &str = "jq gojq column iconv xxd hexdump tput getent zcat gunzip rg ag";

/// Whether a list of words holds one.
pub(super) fn has(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// What a program does, by its name or path.
pub(super) fn role(program: &str) -> Role {
    let plain = program.rsplit('/').next().unwrap_or_default();
    let name = program_name(program).to_ascii_lowercase();
    let is = |list: &str| has(list, &name) || has(list, plain);
    if is(RUNNERS) {
        Role::Runner
    } else if is(WRAPPERS) {
        Role::Wrapper
    } else if let Some(language) = Language::of_program(&name) {
        Role::Interpreter(language)
    } else if is(SHELLS) {
        Role::Interpreter(Language::Bash)
    } else if name.starts_with("pypy") || name.starts_with("graalpy") {
        Role::Interpreter(Language::Python)
    } else if is(UNREAD) || name.starts_with("perl") || name.starts_with("ruby") || name.starts_with("php") {
        Role::Unread
    } else if only_reads(program) || has(READERS, plain) {
        Role::Reader
    } else {
        Role::Unknown
    }
}

/// Folders from which only programs of the system are started.
const SYSTEM: &[&str] =
    &["/bin/", "/sbin/", "/usr/", "/lib/", "/lib64/", "/opt/", "/snap/", "/nix/store/", "/run/current-system/"];

/// Whether a program that is named by a path is neither in the version nor in a folder of the system.
pub(super) fn is_elsewhere(program: &str) -> bool {
    let is_system =
        SYSTEM.iter().any(|folder| program.starts_with(folder)) && program.split('/').all(|part| part != "..");
    program.contains('/') && !is_system
}

/// Modules of Python's own library that only read and print.
pub(super) const HARMLESS_MODULES: &str = "json.tool json base64 calendar tokenize ast gzip zipfile tarfile difflib platform sysconfig textwrap uuid \
    random tabnanny pyclbr quopri py_compile compileall this site locale mimetypes pickletools symtable filecmp \
    fileinput dis html encodings.rot_13 http";

/// Modules that execute the Python files that they are given.
pub(super) const FILE_MODULES: &str = "pdb cProfile profile trace runpy coverage doctest unittest pytest kernprof memory_profiler line_profiler \
    scalene pyinstrument viztracer debugpy nose2 torch.distributed.run";

/// Variables by which a program executes or loads what they name, whatever it is started for.
const LOADING: &str = "BASH_ENV ENV PERL5OPT PERL5LIB PERL5DB RUBYOPT RUBYLIB LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT \
    DYLD_INSERT_LIBRARIES PYTHONSTARTUP PYTHONINSPECT PYTHONHOME PYTHONBREAKPOINT LUA_INIT PHPRC PHP_INI_SCAN_DIR \
    JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS PROMPT_COMMAND PS4 SHELLOPTS BASHOPTS GIT_SSH_COMMAND \
    GIT_EXTERNAL_DIFF GIT_PAGER GIT_EDITOR LESSOPEN GCONV_PATH ZDOTDIR AWKPATH AWKLIBPATH \
    NODE_REPL_EXTERNAL_MODULE PYTHONPYCACHEPREFIX RUSTC_WRAPPER";

/// Whether a variable with this value makes a program execute something else than what it is started for.
pub(super) fn loads_code(name: &str, value: &str) -> bool {
    match name {
        _ if value.is_empty() => false,
        // Also nothing and a relative folder: where the run begins.
        "PATH" => value.split(':').any(|folder| is_elsewhere(&format!("{folder}/x"))),
        "NODE_OPTIONS" | "BUN_OPTIONS" => value
            .split_whitespace()
            .any(|word| word == "-r" || ["require", "import", "loader", "eval"].iter().any(|part| word.contains(part))),
        _ => has(LOADING, name) || name.starts_with("BASH_FUNC_"),
    }
}

/// Whether an option is one behind which programs take code.
pub(super) fn is_code_option(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    matches!(name, "-c" | "-e" | "-E" | "-r" | "-x" | "-p" | "-ex" | "-Command" | "-EncodedCommand" | "-eval" | "-exec")
        || name.starts_with("--")
            && ["eval", "exec", "command", "code", "expression", "program", "shell", "pager", "editor", "hook", "run"]
                .iter()
                .any(|part| name.contains(part))
        || name == "--pre"
        // `-oProxyCommand=…`, `alias.x=!…`
        || name.to_ascii_lowercase().ends_with("command")
}

/// Whether an option names a program that is started: `--to-command=…`, `--pre=…`.
pub(super) fn names_program(option: &str) -> bool {
    option == "--pre" || ["exec", "command", "program", "shell"].iter().any(|part| option.contains(part))
}

/// Whether a text looks like code rather than like a value: a call, a substitution, several statements. Behind an option
/// that takes code less is enough.
pub(super) fn looks_like_code(text: &str, option: Option<&str>) -> bool {
    let bytes = text.as_bytes();
    let is_call = |at: usize| {
        bytes[at] == b'(' && at.checked_sub(1).is_some_and(|at| bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_')
    };
    let is_known = |name: &str| matches!(name, "-c" | "-e" | "-x" | "-ex") || name.starts_with("--") && name != "--run";
    (0..bytes.len()).any(is_call)
        || text.contains("$(")
        || text.contains('`')
        || text.contains("; ")
        || text.trim_end().contains('\n')
        || option.is_some() && text.contains(['!', ';', '|', '&', '$', '<', '>', '(', '=', '{', '"'])
        || option.is_some_and(is_known) && text.trim().contains(' ')
}
