//! Standard programs that only read and transform text.

/// The utilities of POSIX.1-2024 (Shell and Utilities, chapter 3) that read files and standard input and write only to
/// standard output, without those that start other programs or use the network. `sed`, `sort` and `find` are included
/// because of their usual use: what they write or delete is detected separately.
const POSIX: &[&str] = &[
    "[", "awk", "basename", "cat", "cksum", "cmp", "comm", "cut", "date", "df", "diff", "dirname", "du", "echo",
    "expand", "expr", "false", "file", "find", "fold", "getconf", "grep", "head", "id", "join", "locale", "logname",
    "ls", "nl", "od", "paste", "pathchk", "pr", "printf", "pwd", "readlink", "realpath", "sed", "sleep", "sort",
    "strings", "tail", "test", "tr", "true", "tsort", "tty", "uname", "unexpand", "uniq", "wc", "who",
];

/// The same of GNU coreutils, grep and gawk: other names for them, digests, and sequences of numbers.
const GNU: &[&str] = &[
    "b2sum",
    "base32",
    "base64",
    "egrep",
    "fgrep",
    "fmt",
    "gawk",
    "groups",
    "hostname",
    "mawk",
    "md5sum",
    "nproc",
    "numfmt",
    "rev",
    "seq",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "shuf",
    "stat",
    "sum",
    "tac",
    "whoami",
];

/// Folders of programs that belong to the system.
const FOLDERS: &[&str] = &["/bin", "/usr/bin", "/sbin", "/usr/sbin"];

/// Whether a program, by its name or its path in a system folder, is a standard utility that only reads and transforms
/// text. A program of that name elsewhere is not.
pub fn only_reads(program: &str) -> bool {
    let (folder, name) = program.rsplit_once('/').unwrap_or(("/bin", program));
    FOLDERS.contains(&folder) && (POSIX.contains(&name) || GNU.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_utility_is_known_by_its_name_and_its_folder() {
        for program in ["wc", "/usr/bin/tr", "/bin/cat"] {
            assert!(only_reads(program), "{program}");
        }
        for program in
            ["rm", "/usr/bin/dd", "tee", "xargs", "sh", "python3", "curl", "/tmp/wc", "./wc", "/usr/local/bin/cat", ""]
        {
            assert!(!only_reads(program), "{program}");
        }
    }
}
