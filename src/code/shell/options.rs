//! Options of commands in one form: `--quiet` is `-q`, `-rf` is `-r -f`, `-n1` is `-n 1`.

/// A command, its one-letter options that take a value, and its long options with the letter of each.
type Options = (&'static str, &'static str, &'static [(&'static str, char)]);

/// Commands whose one-letter options may share a dash (POSIX, utility syntax guideline 5): the rest of the word after a
/// letter that takes a value is the value. `chmod` is not included: `-rx` is a mode there. A long option is included only
/// if its short name means exactly the same.
const COMMANDS: &[Options] = &[
    ("cat", "", &[("number", 'n'), ("show-ends", 'E'), ("squeeze-blank", 's')]),
    ("chown", "", &[("recursive", 'R'), ("verbose", 'v'), ("changes", 'c'), ("no-dereference", 'h')]),
    (
        "cp",
        "St",
        &[
            ("recursive", 'r'),
            ("archive", 'a'),
            ("force", 'f'),
            ("verbose", 'v'),
            ("no-clobber", 'n'),
            ("interactive", 'i'),
            ("dereference", 'L'),
            ("target-directory", 't'),
        ],
    ),
    (
        "curl",
        "AbcCdDeEFHKmoPQrTtuUwxXYyz",
        &[
            ("silent", 's'),
            ("fail", 'f'),
            ("location", 'L'),
            ("output", 'o'),
            ("show-error", 'S'),
            ("header", 'H'),
            ("data", 'd'),
            ("request", 'X'),
            ("user", 'u'),
            ("insecure", 'k'),
            ("remote-name", 'O'),
            ("head", 'I'),
            ("include", 'i'),
            ("verbose", 'v'),
            ("max-time", 'm'),
            ("user-agent", 'A'),
            ("form", 'F'),
            ("get", 'G'),
            ("cookie", 'b'),
            ("cookie-jar", 'c'),
            ("proxy", 'x'),
            ("write-out", 'w'),
            ("upload-file", 'T'),
            ("referer", 'e'),
        ],
    ),
    (
        "cut",
        "bcdf",
        &[("delimiter", 'd'), ("fields", 'f'), ("characters", 'c'), ("bytes", 'b'), ("only-delimited", 's')],
    ),
    ("date", "dr", &[("date", 'd'), ("utc", 'u'), ("reference", 'r')]),
    ("df", "Btx", &[("human-readable", 'h'), ("inodes", 'i')]),
    ("diff", "U", &[("brief", 'q'), ("recursive", 'r'), ("ignore-case", 'i'), ("new-file", 'N')]),
    ("du", "BdtX", &[("summarize", 's'), ("human-readable", 'h'), ("all", 'a'), ("max-depth", 'd'), ("total", 'c')]),
    ("egrep", "ABCDdefm", GREP),
    ("fgrep", "ABCDdefm", GREP),
    ("grep", "ABCDdefm", GREP),
    ("groupadd", "gKp", &[("system", 'r'), ("gid", 'g')]),
    ("head", "cn", &[("lines", 'n'), ("bytes", 'c'), ("quiet", 'q'), ("verbose", 'v')]),
    (
        "jq",
        "",
        &[
            ("raw-output", 'r'),
            ("compact-output", 'c'),
            ("slurp", 's'),
            ("exit-status", 'e'),
            ("null-input", 'n'),
            ("sort-keys", 'S'),
            ("raw-input", 'R'),
            ("join-output", 'j'),
            ("monochrome-output", 'M'),
            ("color-output", 'C'),
        ],
    ),
    (
        "ln",
        "St",
        &[
            ("symbolic", 's'),
            ("force", 'f'),
            ("no-dereference", 'n'),
            ("verbose", 'v'),
            ("relative", 'r'),
            ("target-directory", 't'),
        ],
    ),
    (
        "ls",
        "ITw",
        &[
            ("all", 'a'),
            ("almost-all", 'A'),
            ("recursive", 'R'),
            ("reverse", 'r'),
            ("human-readable", 'h'),
            ("directory", 'd'),
        ],
    ),
    ("mkdir", "mZ", &[("parents", 'p'), ("mode", 'm'), ("verbose", 'v')]),
    (
        "mv",
        "St",
        &[("force", 'f'), ("interactive", 'i'), ("no-clobber", 'n'), ("verbose", 'v'), ("target-directory", 't')],
    ),
    ("read", "adinNptu", &[]),
    ("rm", "", &[("recursive", 'r'), ("force", 'f'), ("verbose", 'v'), ("dir", 'd')]),
    ("set", "o", &[]),
    (
        "sort",
        "koStT",
        &[
            ("unique", 'u'),
            ("reverse", 'r'),
            ("numeric-sort", 'n'),
            ("key", 'k'),
            ("field-separator", 't'),
            ("version-sort", 'V'),
            ("human-numeric-sort", 'h'),
            ("output", 'o'),
            ("ignore-case", 'f'),
            ("zero-terminated", 'z'),
        ],
    ),
    ("tail", "cns", &[("lines", 'n'), ("bytes", 'c'), ("quiet", 'q'), ("verbose", 'v'), ("follow", 'f')]),
    ("tee", "", &[("append", 'a'), ("ignore-interrupts", 'i')]),
    ("touch", "drt", &[("no-create", 'c'), ("date", 'd'), ("reference", 'r')]),
    ("tr", "", &[("delete", 'd'), ("squeeze-repeats", 's'), ("complement", 'c'), ("truncate-set1", 't')]),
    ("uniq", "fsw", &[("count", 'c'), ("repeated", 'd'), ("unique", 'u'), ("ignore-case", 'i'), ("skip-fields", 'f')]),
    (
        "useradd",
        "bcdefgGkKpsuRZ",
        &[
            ("system", 'r'),
            ("gid", 'g'),
            ("groups", 'G'),
            ("no-create-home", 'M'),
            ("create-home", 'm'),
            ("shell", 's'),
            ("home-dir", 'd'),
            ("comment", 'c'),
        ],
    ),
    (
        "usermod",
        "cdefgGlpsuRZ",
        &[
            ("append", 'a'),
            ("groups", 'G'),
            ("gid", 'g'),
            ("shell", 's'),
            ("home", 'd'),
            ("login", 'l'),
            ("lock", 'L'),
            ("unlock", 'U'),
        ],
    ),
    ("wc", "", &[("lines", 'l'), ("words", 'w'), ("bytes", 'c'), ("chars", 'm')]),
];

const GREP: &[(&str, char)] = &[
    ("quiet", 'q'),
    ("silent", 'q'),
    ("ignore-case", 'i'),
    ("invert-match", 'v'),
    ("recursive", 'r'),
    ("dereference-recursive", 'R'),
    ("count", 'c'),
    ("line-number", 'n'),
    ("fixed-strings", 'F'),
    ("extended-regexp", 'E'),
    ("perl-regexp", 'P'),
    ("word-regexp", 'w'),
    ("line-regexp", 'x'),
    ("only-matching", 'o'),
    ("files-with-matches", 'l'),
    ("files-without-match", 'L'),
    ("no-messages", 's'),
    ("no-filename", 'h'),
    ("with-filename", 'H'),
    ("max-count", 'm'),
    ("after-context", 'A'),
    ("before-context", 'B'),
    ("context", 'C'),
    ("regexp", 'e'),
    ("file", 'f'),
    ("text", 'a'),
];

/// The words in one form for an option word of a command: `-e` and `-u` of `set -eu`, `-n` and `1` of `head --lines=1`.
/// `None` for any other word, and for one that is in its form.
pub(crate) fn options_of(command: &str, word: &str) -> Option<Vec<String>> {
    let sign = word.chars().next().filter(|sign| matches!(sign, '-' | '+'))?;
    let (_, with_value, long) = COMMANDS.iter().find(|(name, ..)| *name == command)?;
    let letters = &word[1..];
    if let Some(name) = letters.strip_prefix('-').filter(|_| sign == '-') {
        let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
        let (_, letter) = long.iter().find(|(known, _)| *known == name)?;
        let option = format!("-{letter}");
        // curl does not accept `--name=value`.
        return match value {
            None => Some(vec![option]),
            Some(value) if with_value.contains(*letter) && command != "curl" && !value.is_empty() => {
                Some(vec![option, value.to_owned()])
            }
            Some(_) => None,
        };
    }
    // `head -1` is `head -n 1`.
    if matches!(command, "head" | "tail") && !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_digit()) {
        return (sign == '-').then(|| vec!["-n".to_owned(), letters.to_owned()]);
    }
    let valued = letters.find(|c| with_value.contains(c));
    let (options, value) = valued.map_or((letters, ""), |at| letters.split_at(at + 1));
    let is_cluster = options.len() + value.len() > 1 && options.chars().all(|c| c.is_ascii_alphabetic());
    let value = Some(value).filter(|value| !value.is_empty()).map(str::to_owned);
    // The value of a letter that begins with `=` is an error of the writer for some commands.
    is_cluster.then(|| options.chars().map(|c| format!("{sign}{c}")).chain(value).collect())
}

/// The long name of an option in its form: `--insecure` for `-k` of curl.
pub(crate) fn long_option(command: &str, option: &str) -> Option<String> {
    let mut letters = option.strip_prefix('-')?.chars();
    let letter = letters.next().filter(|_| letters.as_str().is_empty())?;
    let (.., long) = COMMANDS.iter().find(|(name, ..)| *name == command)?;
    long.iter().find(|(_, known)| *known == letter).map(|(name, _)| format!("--{name}"))
}

/// A command with its options that a variable keeps as a text, such as `curl -fsSL`, with the options in one form; `None`
/// for any other text.
pub(crate) fn kept_command(text: &str) -> Option<String> {
    let mut words = text.split(' ');
    let command = words.next()?;
    let is_plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.' | '='));
    let rest: Vec<&str> = words.collect();
    if rest.is_empty() || !rest.iter().all(|word| is_plain(word) && word.starts_with('-')) {
        return None;
    }
    let formed = rest.iter().flat_map(|word| options_of(command, word).unwrap_or_else(|| vec![(*word).to_owned()]));
    let formed = format!("{command} {}", formed.collect::<Vec<_>>().join(" "));
    (formed != text).then_some(formed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_clusters_and_joined_values_are_in_one_form() {
        for (command, word, wanted) in [
            ("grep", "--quiet", "-q"),
            ("grep", "-qw", "-q -w"),
            ("grep", "-A3", "-A 3"),
            ("grep", "--max-count=1", "-m 1"),
            ("head", "-1", "-n 1"),
            ("head", "-n1", "-n 1"),
            ("head", "--lines=1", "-n 1"),
            ("cut", "-d:", "-d :"),
            ("curl", "-fsSLo", "-f -s -S -L -o"),
            ("usermod", "-aG", "-a -G"),
            ("set", "-euo", "-e -u -o"),
            ("set", "+eu", "+e +u"),
            ("mkdir", "-pm755", "-p -m 755"),
        ] {
            assert_eq!(
                options_of(command, word).map(|words| words.join(" ")).as_deref(),
                Some(wanted),
                "{command} {word}"
            );
        }
        assert_eq!(long_option("curl", "-k").as_deref(), Some("--insecure"));
        for (command, option) in [("curl", "--insecure"), ("curl", "-9"), ("chmod", "-R"), ("curl", "k"), ("curl", "-")]
        {
            assert_eq!(long_option(command, option), None, "{command} {option}");
        }
        assert_eq!(kept_command("curl --fail --silent").as_deref(), Some("curl -f -s"));
        assert_eq!(kept_command("curl -fs"), kept_command("curl --fail --silent"));
    }

    #[test]
    fn other_words_stay_as_they_are() {
        for (command, word) in [
            ("chmod", "-rx"),
            ("cp", "--recursive-like"),
            ("chown", "--recursive=x"),
            ("grep", "-q"),
            ("grep", "--color=auto"),
            ("head", "+1"),
            ("git", "--force"),
            ("curl", "--output=x"),
            ("rm", "--no-preserve-root"),
            ("rm", "--"),
            ("rm", "-"),
            ("echo", "-en"),
        ] {
            assert_eq!(options_of(command, word), None, "{command} {word}");
        }
        assert_ne!(options_of("cp", "--recursive"), options_of("chown", "--recursive"));
        assert_eq!(kept_command("curl -f; rm"), None);
        assert_eq!(kept_command("use curl --fail here"), None);
    }
}
