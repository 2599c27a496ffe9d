//! Plain words that a script takes by their number and gives a name: `file="$1"`, `path = sys.argv[1]`,
//! `const [,, path] = process.argv`.

use super::{Declared, DeclaredInput, ScriptText, input_name, shell};
use crate::domain::source::Language;
use crate::domain::{ArgRule, InputMode};

/// Other languages: a file extension, a program, and names of the command line or its parsers in code.
const OTHERS: &[(&str, &str, &[&str])] = &[
    ("rb", "ruby", &["ARGV", "ARGF", "OptionParser", "Thor"]),
    ("pl", "perl", &["ARGV", "GetOptions", "getopt", "Getopt"]),
    ("php", "php", &["$argv", "getopt("]),
    ("lua", "lua", &["arg["]),
];

/// Option parsers: they use the command line, whatever else the script reads.
const PARSERS: &[&str] = &["OptionParser", "Thor", "GetOptions", "getopt", "Getopt"];

/// Reads a script that takes plain words.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let text = script.text;
    let Some(language) = script.language else { return other(script) };
    let inputs = match language {
        Language::Bash => shell::words(text, &[]),
        Language::Python => {
            let mut found = indexed(text, "sys.argv[", 1);
            let least = demanded(text, found.len());
            found.iter_mut().take(least).for_each(|input| input.required = true);
            found
        }
        _ => {
            let mut found =
                if text.contains("process.argv[") { indexed(text, "process.argv[", 2) } else { destructured(text) };
            let least = demanded_by_javascript(text, &found);
            found.iter_mut().take(least).for_each(|input| input.required = true);
            found
        }
    };
    let mut inputs = inputs;
    let takes_more = if inputs.is_empty() { takes_all(script) } else { takes_rest(script) };
    if takes_more {
        let mut rest = super::rest_words(&inputs);
        // As many as the script stops without.
        let least = match language {
            Language::Bash => shell::demanded_words(text),
            Language::Python => 0,
            _ => demanded_by_javascript(text, &inputs),
        };
        if let Some(least) = least.checked_sub(inputs.len()).filter(|least| *least > 0) {
            rest.required = true;
            rest.put("minItems", least);
        }
        inputs.push(rest);
    }
    (!inputs.is_empty()).then(|| Declared { inputs, input: Some(InputMode::Args), ..Declared::default() })
}

/// A script in a language that is not analysed: whether it uses its words.
fn other(script: &ScriptText<'_>) -> Option<Declared> {
    let extension = script.path.rsplit('/').next()?.rsplit_once('.').map(|(_, extension)| extension);
    let first = script.text.lines().next().unwrap_or_default();
    let is_in = |ending: &str, program: &str| {
        extension == Some(ending) || extension.is_none() && first.starts_with("#!") && first.contains(program)
    };
    let (_, _, marks) = OTHERS.iter().find(|(ending, program, _)| is_in(ending, program))?;
    // A name in a comment is not used.
    let is_code = |line: &&str| !["#", "//", "--"].iter().any(|sign| line.trim_start().starts_with(sign));
    let code = script.text.lines().filter(is_code).collect::<Vec<_>>().join("\n");
    let has = |marks: &[&str]| marks.iter().any(|mark| code.contains(mark));
    let takes = has(marks) && (has(PARSERS) || !code.to_ascii_lowercase().contains("stdin"));
    takes.then(|| Declared {
        inputs: vec![super::rest_words(&[])],
        input: Some(InputMode::Args),
        ..Declared::default()
    })
}

/// Whether a script accepts any number of unnamed words.
fn takes_all(script: &ScriptText<'_>) -> bool {
    if script.language == Some(Language::Bash) {
        return shell::takes_rest(script.text);
    }
    let marks: &[&str] = match script.language {
        Some(Language::Python) => &["sys.argv[1:]"],
        _ => &["process.argv.slice(2)", "Deno.args"],
    };
    marks.iter().any(|mark| script.text.contains(mark)) && !script.text.contains("stdin")
}

/// Whether a script accepts more words after the named ones.
fn takes_rest(script: &ScriptText<'_>) -> bool {
    let text = script.text;
    let has_slice = |mark: &str| {
        let mut parts = text.split(mark).skip(1);
        parts.any(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with([':', ')']))
    };
    match script.language {
        Some(Language::Bash) => shell::takes_rest(text),
        Some(Language::Python) => has_slice("sys.argv["),
        _ => has_slice("process.argv.slice(") && !text.contains("] = process.argv.slice("),
    }
}

/// `name = sys.argv[1]`, where the first word of the script has the number `first`.
fn indexed(text: &str, mark: &str, first: usize) -> Vec<DeclaredInput> {
    let mut names: Vec<Option<String>> = Vec::new();
    for (at, _) in text.match_indices(mark) {
        let rest = &text[at + mark.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: Option<usize> = rest[..end].parse().ok().and_then(|number: usize| number.checked_sub(first));
        let Some(number) = number.filter(|number| *number < 9 && rest[end..].starts_with(']')) else { continue };
        let begin = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        let name = target(line, at - begin, mark);
        names.resize(names.len().max(number + 1), None);
        names[number] = names[number].take().or(name.filter(|name| super::scanner::is_word(name)));
    }
    named(names)
}

/// How many words a Python script requires: by tests of their number that stop it, otherwise those that it always
/// reads. `count` is how many it reads.
fn demanded(text: &str, count: usize) -> usize {
    const STOPS: &[&str] = &["exit", "quit(", "raise ", "usage", "return"];
    const NEAR: usize = 6;
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let stops = |at: usize| {
        let inner = lines[at + 1..].iter().take(NEAR).take_while(|line| indent(line) > indent(lines[at]));
        std::iter::once(&lines[at]).chain(inner).any(|line| STOPS.iter().any(|word| line.contains(word)))
    };
    let tests: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains("len(sys.argv)")).collect();
    let of_test = |at: &usize| {
        let rest = lines[*at].split_once("len(sys.argv)")?.1.trim_start();
        let (sign, rest) = ["<=", "<", "!=", "=="].iter().find_map(|sign| Some((*sign, rest.strip_prefix(sign)?)))?;
        let digits = rest.trim_start().trim_end_matches(|c: char| !c.is_ascii_digit());
        let number: usize = digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        let least = match sign {
            "<" | "!=" => number.checked_sub(1)?,
            "<=" => number,
            _ if number == 1 => 1,
            _ => return None,
        };
        stops(*at).then_some(least)
    };
    if let Some(least) = tests.iter().filter_map(of_test).max() {
        return least.min(count);
    }
    let tries: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains("IndexError")).collect();
    if !tries.is_empty() || !tests.is_empty() {
        let is_needed = tests.is_empty() && tries.iter().all(|at| stops(*at));
        return if is_needed { count } else { 0 };
    }
    // Without any test, what it takes outside of a condition must be there.
    let is_free = |at: usize| {
        let mut edge = indent(lines[at]);
        let above = lines[..at].iter().rev().filter(|line| !line.trim().is_empty());
        let holders = above.filter(move |line| {
            let is_outer = indent(line) < edge;
            edge = if is_outer { indent(line) } else { edge };
            is_outer
        });
        let is_open = |line: &&str| {
            let line = line.trim_start();
            line.starts_with("def ") || line.starts_with("if __name__") || line.starts_with("with ")
        };
        let own = lines[at];
        let is_conditional = [" if ", " or ", " and "].iter().any(|word| own.contains(word));
        !is_conditional && holders.copied().all(|line| is_open(&line))
    };
    let taken = |number: usize| format!("sys.argv[{number}]");
    let is_taken = |number: &usize| {
        (0..lines.len())
            .any(|at| lines[at].contains(&taken(*number)) && !lines[at].trim_start().starts_with('#') && is_free(at))
    };
    if text.contains("in sys.argv") { 0 } else { (1..=count).take_while(is_taken).count() }
}

/// How many words a JavaScript program requires: by tests of their number, or of a word, that stop it.
fn demanded_by_javascript(text: &str, words: &[DeclaredInput]) -> usize {
    const STOPS: &[&str] = &["process.exit", "Deno.exit", "throw ", "usage(", "Usage("];
    const NEAR: usize = 6;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    // The lists of words, each with the number of the first one.
    let listed = lines.iter().filter_map(|line| {
        let (head, value) = line.split_once("= process.argv")?;
        let name = head.trim().rsplit(' ').next().filter(|name| super::scanner::is_word(name))?;
        let first = match value {
            value if value.starts_with(".slice(2)") => 0,
            value if value.trim_end_matches([';', ' ']).is_empty() => 2,
            _ => return None,
        };
        Some((format!("{name}.length"), first))
    });
    let lists: Vec<(String, usize)> =
        listed.chain([("process.argv.length".to_owned(), 2), ("Deno.args.length".to_owned(), 0)]).collect();
    let stops = |at: usize| {
        let has = |line: &str| STOPS.iter().any(|word| line.contains(word));
        // Without braces, one statement belongs to the test.
        let body = match lines[at].trim_end() {
            line if line.ends_with('{') => NEAR,
            line if line.ends_with(')') => 1,
            _ => 0,
        };
        let inner = lines[at + 1..].iter().take(body).take_while(|line| !line.trim_start().starts_with('}'));
        has(lines[at]) || inner.copied().any(has)
    };
    let by_number = |line: &str| {
        let (name, first) = lists.iter().find(|(name, _)| line.contains(name.as_str()))?;
        let (before, rest) = line.split_once(name.as_str())?;
        if before.ends_with('!') {
            return (*first == 0).then_some(1);
        }
        let rest = rest.trim_start();
        let signs = ["<=", "<", "!==", "!=", "===", "=="];
        let (sign, rest) = signs.iter().find_map(|sign| Some((*sign, rest.strip_prefix(sign)?)))?;
        let digits = rest.trim_start();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let number = digits[..end].parse::<usize>().ok()?;
        let number = number.checked_sub(*first)?;
        match sign {
            "<" | "!==" | "!=" => Some(number),
            "<=" => Some(number + 1),
            _ => (number == 0).then_some(1),
        }
    };
    let by_word = |line: &str| {
        // Names of inputs are in lower case.
        let line = line.to_ascii_lowercase();
        let lacks = |at: usize, name: &str| {
            let names = [format!("!{name}"), format!("!process.argv[{}]", at + 2)];
            let is_end =
                |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '['));
            names.iter().any(|name| line.split_once(name.as_str()).is_some_and(|(_, rest)| is_end(rest)))
        };
        words.iter().enumerate().filter(|(at, word)| lacks(*at, &word.name)).map(|(at, _)| at + 1).max()
    };
    let is_test = |line: &str| line.trim_start().starts_with("if ") && !line.contains("&&");
    let found = (0..lines.len()).filter(|at| is_test(lines[*at]) && stops(*at));
    found.filter_map(|at| by_number(lines[at]).max(by_word(lines[at]))).max().unwrap_or(0)
}

/// The name that the word at this place of a line is given: `name = …`, `a, b = …, …`. None where the value is made of several
/// words, which the name then says nothing of.
fn target(line: &str, at: usize, mark: &str) -> Option<String> {
    let (targets, value) = line.split_once('=')?;
    let at = at.checked_sub(targets.len() + 1)?;
    let (mut depth, mut commas) = (0, Vec::new());
    for (place, c) in value.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => commas.push(place),
            _ => {}
        }
    }
    let targets: Vec<&str> = targets.split(',').collect();
    if targets.len() != commas.len() + 1 {
        return None;
    }
    let nth = commas.iter().take_while(|comma| **comma < at).count();
    let begin = nth.checked_sub(1).map_or(0, |before| commas[before] + 1);
    let value = &value[begin..commas.get(nth).copied().unwrap_or(value.len())];
    let target = targets[nth];
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let mut numbers = value.split(mark).skip(1).map(number);
    let first = numbers.next();
    if numbers.any(|other| Some(other) != first) {
        return None;
    }
    let name = target.split(':').next().unwrap_or_default().trim();
    Some(name.rsplit(' ').next().unwrap_or_default().to_owned())
}

/// `const [, , path, count] = process.argv`, `const [path] = process.argv.slice(2)`.
fn destructured(text: &str) -> Vec<DeclaredInput> {
    let found = text.lines().find_map(|line| {
        let (head, value) = line.split_once("= process.argv")?;
        let list = head.split_once('[')?.1.split_once(']')?.0;
        Some((list, if value.starts_with(".slice(2)") { 0 } else { 2 }))
    });
    let Some((list, skipped)) = found else { return Vec::new() };
    let names = list.split(',').skip(skipped).map(|name| {
        let name = name.split('=').next().unwrap_or_default().trim();
        Some(name.to_owned()).filter(|name| super::scanner::is_word(name))
    });
    named(names.collect())
}

fn named(names: Vec<Option<String>>) -> Vec<DeclaredInput> {
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    for (at, name) in names.into_iter().enumerate() {
        let name = input_name(&name.unwrap_or_default(), &format!("word{}", at + 1), &inputs);
        inputs.push(DeclaredInput::text(&name, ArgRule::position(&name)));
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Vec<String> {
        let declared = read(&ScriptText::new(path, text, Language::of(path, text))).unwrap_or_default();
        declared.inputs.iter().map(|input| input.rule.as_ref().unwrap().to_string()).collect()
    }

    #[test]
    fn words_of_python_are_required_where_it_stops_without_them() {
        for (text, expected) in [
            ("if len(sys.argv) != 3:\n    sys.exit(1)\na = sys.argv[1]\nb = sys.argv[2]\n", 2),
            (
                "def main():\n    if len(sys.argv) < 2:\n        print('usage')\n        sys.exit(1)\n    a = sys.argv[1]\n",
                1,
            ),
            ("try:\n    a = sys.argv[1]\nexcept IndexError:\n    sys.exit('give one')\n", 1),
            ("try:\n    a = sys.argv[1]\nexcept IndexError:\n    a = 'x'\n", 0),
            ("a = sys.argv[1]\nif a == 'x':\n    b = sys.argv[2]\n", 1),
            ("if __name__ == '__main__':\n    go(sys.argv[1])\n", 1),
            ("if len(sys.argv) > 1:\n    a = sys.argv[1]\n", 0),
            ("a = sys.argv[1] if len(sys.argv) > 1 else 'x'\n", 0),
            ("if '-v' in sys.argv:\n    a = sys.argv[2]\nb = sys.argv[1]\n", 0),
        ] {
            let count = indexed(text, "sys.argv[", 1).len();
            assert_eq!(demanded(text, count), expected, "{text}");
        }
        let declared =
            read(&ScriptText::new("x.sh", "if [ $# -eq 0 ]; then\n  exit 1\nfi\nls \"$@\"\n", Some(Language::Bash)));
        let input = declared.unwrap().inputs.remove(0);
        assert_eq!((input.required, input.schema.get("minItems")), (true, Some(&1.into())));
    }

    #[test]
    fn words_of_javascript_are_required_where_it_stops_without_them() {
        for (text, expected) in [
            (
                "if (process.argv.length < 4) {\n  console.error('usage');\n  process.exit(1);\n}\nconst a = process.argv[2];\nconst b = process.argv[3];\n",
                "a! b!",
            ),
            (
                "const a = process.argv[2];\nif (!a) {\n  console.log('which?');\n  process.exit(1);\n}\nconst b = process.argv[3];\n",
                "a! b",
            ),
            ("const [,, a, b] = process.argv;\nif (!a || !b) throw new Error('two');\n", "a! b!"),
            (
                "const args = process.argv.slice(2);\nif (args.length === 0) {\n  process.exit(1);\n}\ngo(args);\n",
                "args!",
            ),
            ("const a = process.argv[2] || 'x';\nif (!b) process.exit(1);\n", "a"),
            ("const a = process.argv[2];\nif (!a) {\n  list();\n}\nfunction f() {\n  process.exit(1);\n}\n", "a"),
            ("const a = process.argv[2];\nif (!a && !process.stdin.isTTY) process.exit(1);\n", "a"),
        ] {
            let declared = read(&ScriptText::new("x.js", text, Some(Language::JavaScript))).unwrap_or_default();
            let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
            let shown: Vec<String> =
                declared.inputs.iter().map(|input| format!("{}{}", input.name, sign(input))).collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn words_with_a_number_get_the_name_of_their_variable() {
        assert_eq!(
            shown(
                "x.py",
                "if len(sys.argv) < 2: usage()\npath: str = sys.argv[1]\nn = int(sys.argv[2])\nopen(sys.argv[3])"
            ),
            ["path", "n", "word3"]
        );
        assert_eq!(shown("x.js", "const city = process.argv[2] || 'x';"), ["city"]);
        assert_eq!(shown("x.js", "const [,, a, b = 1] = process.argv;"), ["a", "b"]);
        assert_eq!(shown("x.ts", "const [a] = process.argv.slice(2);"), ["a"]);
        assert_eq!(shown("x.sh", "A=$1\n"), ["a"]);
        let pair = "source, target = Path(sys.argv[1]), sys.argv[2]\n";
        assert_eq!(shown("x.py", pair), ["source", "target"]);
        assert_eq!(shown("x.py", "total = add(int(sys.argv[1]), int(sys.argv[2]))\n"), ["word1", "word2"]);
        assert_eq!(shown("x.py", "n = int(sys.argv[1]) if len(sys.argv) > 1 else 3\n"), ["n"]);
        assert_eq!(shown("x.py", "print(sys.argv)"), Vec::<String>::new());
        assert_eq!(shown("x.sh", "exec ls \"$@\"\n"), ["args..."]);
        assert_eq!(shown("x", "#!/usr/bin/env perl\nmy $x = $ARGV[0];\n"), ["args..."]);
        assert_eq!(shown("x.rb", "puts ARGV.first\n"), ["args..."]);
        assert_eq!(shown("x.rb", "puts STDIN.read, ARGV\n"), Vec::<String>::new());
        assert_eq!(shown("x.rb", "# or stdin\nputs ARGV.first\n"), ["args..."]);
        assert_eq!(shown("x.sh", "# a file or stdin\ngrep -c x \"$@\"\n"), ["args..."]);
        assert_eq!(shown("x.sh", "A=$1\nshift\nexec ls \"$@\"\n"), ["a", "args..."]);
        assert_eq!(shown("x.sh", "A=$1\nf() {\n  ls \"$@\"\n}\n"), ["a"]);
        assert_eq!(shown("x.py", "a = sys.argv[1]\nrest = sys.argv[2:]\n"), ["a", "args..."]);
    }
}
