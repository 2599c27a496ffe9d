//! Phrases that readers stumbled over, and that texts of the program no longer use.

use super::source::Source;

/// Phrases that a native speaker would not write. They are looked for as whole words.
const RETIRED: [&str; 64] = [
    "a yes",
    "abreast",
    "alike in both",
    "anew",
    "any more",
    "are gone",
    "asks for no",
    "bears",
    "behind walls",
    "bent",
    "by its words",
    "byte by byte",
    "can be had",
    "cannot be had",
    "came of it",
    "did not count",
    "gave leave",
    "given leave",
    "goes first",
    "goes on with",
    "goes over it",
    "hardly says",
    "is demanded",
    "is gone",
    "is none",
    "is there twice",
    "it does not say",
    "kempt",
    "leave for",
    "leave is",
    "lies here",
    "lies in",
    "lies there",
    "makes them now",
    "mend",
    "mended",
    "mends",
    "nobody can",
    "nobody reads",
    "on its way",
    "or look at",
    "put away",
    "put it away",
    "puts away",
    "reckon",
    "reckons",
    "said yes",
    "says so itself",
    "seen to do",
    "stands in the way",
    "take leave",
    "take them away",
    "takes it away",
    "takes it back",
    "taken away",
    "taken back",
    "thrown away",
    "to be had",
    "vouch",
    "walls",
    "was meant",
    "ways lead",
    "whoever asked",
    "yes votes",
];

/// The retired phrases of a text. `is no` is one where a noun follows: "is no list", not "is no longer" or "there is no".
pub fn retired(text: &str) -> Vec<String> {
    let words = words(text);
    let joined = format!(" {} ", words.join(" "));
    let mut found: Vec<String> = RETIRED
        .iter()
        .filter(|phrase| joined.contains(&format!(" {phrase} ")))
        .map(|phrase| (*phrase).to_owned())
        .collect();
    let is_no = |at: usize| words[at] == "is" && words.get(at + 1).is_some_and(|word| word == "no");
    let is_meant = |at: usize| {
        let before = at.checked_sub(1).map(|before| words[before].as_str());
        before != Some("there") && words.get(at + 2).is_some_and(|word| word != "longer")
    };
    if (0..words.len()).any(|at| is_no(at) && is_meant(at)) {
        found.push("is no".to_owned());
    }
    found
}

/// The words of a text in lower case; other characters only separate them.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '_');
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// What the string literals of a source file say in retired words.
pub fn retired_in(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    // A single word is a name, or an entry of a list of words.
    for (line, text) in source.texts.iter().filter(|(_, text)| text.contains(' ')) {
        found.extend(retired(text).iter().map(|phrase| format!("src/{}:{line}: says {phrase:?}", source.path)));
    }
    found
}

#[test]
fn the_texts_of_the_program_use_no_retired_words() {
    let found: Vec<String> =
        super::sources().iter().filter(|source| !source.path.ends_with("_tests.rs")).flat_map(retired_in).collect();
    assert!(found.is_empty(), "write it in plain English:\n{}", found.join("\n"));
}

#[test]
fn retired_words_are_found_in_texts_and_only_there() {
    let code = "/// a yes\nfn f() { // mend\n    say(\"a yes: move \\\n         it\");\n    say(r#\"x is no list\"#);\n}\n\
                #[cfg(test)]\nmod tests {\n    fn g() { say(\"is none\"); }\n}\n";
    let found = retired_in(&Source::new("a.rs", code));
    assert_eq!(found, ["src/a.rs:3: says \"a yes\"", "src/a.rs:5: says \"is no\""]);
    for fine in ["there is no list", "it is no longer here", "amended", "a yesterday", "walled"] {
        assert!(retired(fine).is_empty(), "{fine}");
    }
    for odd in ["What is there twice", "the JSON is no object", "stands in\nthe way", "MEND it"] {
        assert!(!retired(odd).is_empty(), "{odd}");
    }
}
