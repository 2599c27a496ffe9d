//! The caller's variables that a program outside of the sandbox may get.

/// Variables that every program of the user gets.
pub(super) const COMMON: &[&str] =
    &["HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "TMPDIR"];

/// Variables that name a path: programs read files there, so it matters who could have created them.
const PLACES: &[&str] = &[
    "HOME",
    "SHELL",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "SSH_SK_PROVIDER",
];

/// Names of variables that make a program load or start code.
const LOADING: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "ZDOTDIR",
    "IFS",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "GETCONF_DIR",
    "HOSTALIASES",
    "CLASSPATH",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "LESSOPEN",
    "LESSCLOSE",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "MANPAGER",
    "BROWSER",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "MAKEFLAGS",
    "MFLAGS",
    "GNUMAKEFLAGS",
    "MAKEFILES",
    "AWKPATH",
    "AWKLIBPATH",
    "TCLLIBPATH",
    "FPATH",
    "CDPATH",
    "GLOBIGNORE",
    "BASH_XTRACEFD",
    "HISTFILE",
    "GTK_MODULES",
    "GTK_PATH",
    "QT_PLUGIN_PATH",
    "TAR_OPTIONS",
    "ZIPOPT",
    "UNZIPOPT",
    "RSYNC_RSH",
    "SVN_SSH",
    "CVS_RSH",
    "VIMINIT",
    "EXINIT",
    "FZF_DEFAULT_COMMAND",
    "FZF_DEFAULT_OPTS",
    "RIPGREP_CONFIG_PATH",
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "PATH",
];

/// Prefixes of such names.
const LOADING_BEGINNINGS: &[&str] = &[
    "LD_",
    "DYLD_",
    "GLIBC_",
    "MALLOC_",
    "BASH_FUNC_",
    "PYTHON",
    "NODE_",
    "NPM_",
    "npm_",
    "YARN_",
    "DENO_",
    "BUN_",
    "PERL",
    "RUBY",
    "GEM_",
    "BUNDLE_",
    "LUA_",
    "JULIA_",
    "R_",
    "GIT_",
    "OPENSSL_",
    "COR_",
    "CORECLR_",
    "DOTNET_",
    "UV_",
    "PIP_",
    "VIRTUAL_ENV",
    "CARGO_",
    "RUSTC",
];

/// Whether a variable of this name makes programs load or start code.
pub fn loads_code(name: &str) -> bool {
    LOADING.contains(&name) || LOADING_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Whether a variable of this name can control what programs execute: it makes them load code, or names a path where
/// they look for settings and programs. Such a variable is never an input.
pub fn steers_programs(name: &str) -> bool {
    loads_code(name) || is_place(name) || name.starts_with("TOOLSMITH_")
}

/// Whether the value of a variable is a path.
pub(super) fn is_place(name: &str) -> bool {
    PLACES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::super::REGISTER;
    use super::*;

    #[test]
    fn no_row_of_the_register_hands_on_a_variable_that_loads_code() {
        for name in ["LD_PRELOAD", "LD_AUDIT", "PYTHONPATH", "NODE_OPTIONS", "BASH_ENV", "GIT_EXEC_PATH", "PERL5OPT"] {
            assert!(loads_code(name), "{name}");
        }
        for name in [
            "MAKEFLAGS",
            "MAKEFILES",
            "IFS",
            "PATH",
            "HOME",
            "RUBYOPT",
            "GIT_SSH_COMMAND",
            "TOOLSMITH_HOME",
            "TAR_OPTIONS",
        ] {
            assert!(steers_programs(name), "{name}");
        }
        assert!(!steers_programs("API_KEY") && !steers_programs("arg_path") && !steers_programs("VERSION"));
        assert!(!loads_code("ANTHROPIC_API_KEY") && !loads_code("HOME") && !loads_code("REQUESTS_TOKEN"));
        // These variables of git name the committer and settings files, which are checked separately.
        let of_git = |name: &str| {
            ["GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_CEILING_", "GIT_DISCOVERY_"]
                .iter()
                .any(|beginning| name.starts_with(beginning))
        };
        for entry in REGISTER {
            let bad: Vec<_> = entry.variables.iter().filter(|name| loads_code(name) && !of_git(name)).collect();
            assert!(bad.is_empty(), "{}: {bad:?}", entry.program);
        }
    }
}
