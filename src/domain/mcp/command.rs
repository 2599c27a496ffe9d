//! Why the command of a server may not be started: it starts Toolsmith again, or it leaves the folder of its tool.

/// The name of Toolsmith's program.
const PROGRAM: &str = "toolsmith";
const VERB: &str = "mcp";

/// Why a server is never started by this command, as the end of a sentence about it; `None` if it may be.
pub fn command_fault(command: &[String]) -> Option<&'static str> {
    if starts_toolsmith(command) {
        return Some("starts `toolsmith mcp`: Toolsmith does not call itself as a server");
    }
    let leaves = command.iter().any(|word| leaves_folder(word));
    leaves.then_some("has a path that leaves its folder through `..`: files outside are no part of the version")
}

/// Whether a word is a relative path that leaves its starting folder. Absolute paths are accepted.
fn leaves_folder(word: &str) -> bool {
    let paths = word.split(|c: char| c.is_whitespace() || "=:;,&|()<>'\"`".contains(c));
    paths.filter(|path| !path.starts_with('/')).any(|path| {
        // A placeholder is a complete path and adds no depth.
        let mut depth = 0_i32;
        path.split('/').any(|part| {
            depth += match part {
                ".." => -1,
                "" | "." => 0,
                part => i32::from(!(part.starts_with('{') && part.ends_with('}'))),
            };
            depth < 0
        })
    })
}

/// Whether a command starts `toolsmith mcp`: directly, by any path, or in a word that a shell or another program splits
/// (`sh -c`, `env`, `npx`). A program that hides it is detected when it starts.
fn starts_toolsmith(command: &[String]) -> bool {
    let words = words(command);
    let is_program = |word: &String| word.rsplit('/').next() == Some(PROGRAM);
    let Some(at) = words.iter().position(is_program) else { return false };
    words[at + 1..].iter().any(|word| word == VERB)
}

/// The words, and those inside words that contain several.
fn words(command: &[String]) -> Vec<String> {
    let inside = |word: &String| {
        let text = word.replace([';', '&', '|', '(', ')', '\n'], " ");
        shell_words::split(&text).unwrap_or_else(|_| text.split_whitespace().map(str::to_owned).collect())
    };
    command.iter().flat_map(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolsmith_is_found_behind_other_programs() {
        let says = |words: &[&str]| starts_toolsmith(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        for words in [
            &["toolsmith", "mcp"][..],
            &["/usr/bin/toolsmith", "--workspace", "x", "mcp"],
            &["env", "A=1", "toolsmith", "mcp", "--list", "all"],
            &["sh", "-c", "cd x && exec ./toolsmith mcp"],
            &["bash", "-lc", "(toolsmith mcp)"],
            &["npx", "wrap", "--", "toolsmith", "mcp"],
        ] {
            assert!(says(words), "{words:?}");
        }
        for words in [
            &["github-mcp-server", "stdio"][..],
            &["toolsmith", "list"],
            &["mcp", "toolsmith"],
            &["my-toolsmith", "mcp"],
        ] {
            assert!(!says(words), "{words:?}");
        }
    }

    #[test]
    fn paths_that_leave_their_folder_are_found_in_every_word() {
        for word in [
            "..",
            "../x",
            "{dir}/../x",
            "{dir}/a/../../x",
            "--config={dir}/../x",
            "{workspace}/..",
            "./../x",
            "cd .. && ./x",
            "exec '{dir}/../x'",
        ] {
            assert!(leaves_folder(word), "{word}");
        }
        for word in ["{dir}/x", "{dir}/a/../x", "a/../b", "HEAD..main", "...", "x..", "/usr/lib/../bin/x", "-v"] {
            assert!(!leaves_folder(word), "{word}");
        }
    }
}
