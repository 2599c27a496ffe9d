//! Programs of awk and scripts of sed: the ones that only turn text into text are plain to see.

/// Whether a program of awk only turns text into text: no call of a command, no pipe, nothing loaded or called by name.
pub(super) fn is_plain_awk(program: &str) -> bool {
    let without_or = program.replace("||", "");
    !(without_or.contains(['|', '@']) || ["system", "getline"].iter().any(|word| program.contains(word)))
}

/// Whether a script of sed only turns text into text: substitutions and the commands without an argument.
pub(super) fn is_plain_sed(script: &str) -> bool {
    let mut rest = script.trim();
    while !rest.is_empty() {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || "$,!;{}~+".contains(c));
        let Some(first) = rest.chars().next() else { return true };
        match first {
            '/' => {
                let Some(end) = behind(&rest[1..], '/', 1) else { return false };
                rest = rest[1 + end..].trim_start_matches(['I', 'M']);
            }
            's' | 'y' => {
                let Some(mark) = rest.chars().nth(1) else { return false };
                let from = 1 + mark.len_utf8();
                let Some(end) = behind(&rest[from..], mark, 2) else { return false };
                rest = rest[from + end..].trim_start_matches(|c: char| c.is_ascii_digit() || "gpiIM".contains(c));
                if rest.starts_with(|c: char| c.is_alphabetic()) {
                    return false;
                }
            }
            'd' | 'p' | 'q' | 'P' | 'D' | 'G' | 'H' | 'h' | 'g' | 'x' | 'n' | 'N' | '=' | 'l' | 'z' => {
                rest = &rest[1..];
                if rest.starts_with(|c: char| c.is_alphabetic()) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

/// Where the text continues behind the `times`-th mark that is not escaped.
fn behind(text: &str, mark: char, times: usize) -> Option<usize> {
    let (mut seen, mut is_escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' {
            is_escaped = true;
        } else if c == mark {
            seen += 1;
            if seen == times {
                return Some(at + c.len_utf8());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_sed_and_awk_that_start_nothing_are_plain() {
        for script in
            ["s/a/b/g", "/x y/d", "1,5p;$!d", "s|/|\\||; s,a,b,2p", "$=", "y/abc/xyz/", "/a\\/b/,/c/s/x//", "2q"]
        {
            assert!(is_plain_sed(script), "{script}");
        }
        for script in
            ["1e id", "s/x/id/e", "w /tmp/x", "s/a/b/w f", "r /etc/passwd", "$!N;e", "s/a/b/ge", "a\\ x", "s/a"]
        {
            assert!(!is_plain_sed(script), "{script}");
        }
        for program in ["{print $1}", "$3 > 5 || NR == 1", "BEGIN{FS=\",\"} {s+=$2} END{print s}"] {
            assert!(is_plain_awk(program), "{program}");
        }
        for program in
            ["BEGIN{system(\"id\")}", "{print | \"sh\"}", "BEGIN{f=\"sys\" \"tem\"; @f(\"id\")}", "{\"id\"|getline x}"]
        {
            assert!(!is_plain_awk(program), "{program}");
        }
    }
}
