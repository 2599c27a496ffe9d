//! Whether the command of a server starts Toolsmith as a server again.

/// Our own program, and the verb that serves agents.
const PROGRAM: &str = "toolsmith";
const VERB: &str = "mcp";

/// Whether a command starts `toolsmith mcp`: directly, by any path, or in a word that a shell or another program takes
/// apart (`sh -c`, `env`, `npx`). A program that hides it is found when it starts.
pub fn starts_toolsmith(command: &[String]) -> bool {
    let words = words(command);
    let is_program = |word: &String| word.rsplit('/').next() == Some(PROGRAM);
    let Some(at) = words.iter().position(is_program) else { return false };
    words[at + 1..].iter().any(|word| word == VERB)
}

/// The words, and those inside of words that hold several.
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
}
