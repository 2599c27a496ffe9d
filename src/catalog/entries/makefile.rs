//! Makefiles: one tool for each target that is a command and not a file.

use super::{Entry, RecipeNeeds, is_private, variable, words, words_of};
use crate::catalog::{description, document};
use crate::domain::{Problem, VersionFile};
use std::collections::{BTreeSet, HashMap};

/// Variables that make itself or the environment sets.
const KNOWN: &[&str] = &[
    "MAKE",
    "MAKEFLAGS",
    "MAKECMDGOALS",
    "MAKEFILE_LIST",
    "CURDIR",
    "SHELL",
    "HOME",
    "PATH",
    "PWD",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "CC",
    "CXX",
    "CPP",
    "LD",
    "AR",
    "AS",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "LDLIBS",
    "RM",
    "FC",
    "ARFLAGS",
    "TERM",
    "LANG",
    "OS",
    "MFLAGS",
    "SUFFIXES",
    "VPATH",
    "MAKE_VERSION",
];

pub(super) fn is_one(name: &str) -> bool {
    matches!(name, "Makefile" | "makefile" | "GNUmakefile")
}

/// The content of a Makefile, before targets are chosen.
#[derive(Default)]
struct Makefile<'t> {
    targets: Vec<Target<'t>>,
    phony: BTreeSet<&'t str>,
    /// Variables that are set, with the value where it is a default (`?=`).
    set: HashMap<&'t str, Option<&'t str>>,
    /// Whether other files are included, which may set more.
    includes: bool,
    /// The files without which make reads nothing.
    included: Vec<&'t str>,
}

#[derive(Default)]
struct Target<'t> {
    name: &'t str,
    line: u64,
    description: String,
    prerequisites: &'t str,
    recipe: Vec<&'t str>,
}

/// Reads a Makefile.
///
/// # Errors
/// A [`Problem`] for what is not UTF-8.
pub(super) fn read(file: &VersionFile) -> Result<Vec<Entry>, Problem> {
    let makefile = Makefile::parse(document::text(&file.path, &file.bytes)?);
    let is_command = |target: &&Target<'_>| {
        let name = target.name;
        let is_file = name.contains(['.', '/']) && !makefile.phony.contains(name);
        let is_empty = target.recipe.is_empty() && target.prerequisites.is_empty() && target.description.is_empty();
        !is_private(name) && !name.contains(['%', '$', '(', '*', '\\']) && !is_file && !is_empty
    };
    Ok(makefile.targets.iter().filter(is_command).map(|target| makefile.entry(target)).collect())
}

impl<'t> Makefile<'t> {
    fn parse(text: &'t str) -> Makefile<'t> {
        let mut makefile = Makefile::default();
        let mut comments: Vec<&str> = Vec::new();
        // The targets of the latest rule, whose recipe follows.
        let mut open: Vec<usize> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let (mut is_definition, mut goes_on, mut conditions) = (false, false, 0usize);
        for (number, line) in text.lines().enumerate() {
            // More of a value or of prerequisites; the lines of a recipe count one by one.
            let more = line.ends_with('\\') && (goes_on || !line.starts_with('\t'));
            if std::mem::replace(&mut goes_on, more) {
                continue;
            }
            if is_definition {
                is_definition = line.trim() != "endef";
            } else if let Some(command) = line.strip_prefix('\t') {
                for place in &open {
                    makefile.targets[*place].recipe.push(command);
                }
            } else if line.trim().is_empty() {
                comments.clear();
            } else if let Some(comment) = line.strip_prefix('#') {
                comments.push(comment);
            } else if line.starts_with("define ") {
                is_definition = true;
            } else if makefile.assign(line) {
                open.clear();
                comments.clear();
            } else if is_directive(line) {
                conditions = (conditions + usize::from(line.starts_with("if")))
                    .saturating_sub(usize::from(line.starts_with("endif")));
            } else {
                makefile.includes |= line.starts_with("include ") || line.starts_with("-include ");
                let files = line.strip_prefix("include ").filter(|_| conditions == 0).unwrap_or_default();
                let files = files.split('#').next().unwrap_or_default().split_whitespace();
                makefile.included.extend(files.filter(|file| !file.contains(['$', '*', '?', '[', '%', '(', ')'])));
                if let Some((names, rest)) = rule(line) {
                    open = makefile.open(number as u64 + 1, (names, rest), &comments, &mut places);
                    if names.trim() != ".PHONY" {
                        comments.clear();
                    }
                }
            }
        }
        makefile
    }

    /// Notes the targets of a rule; gives where they are.
    fn open(
        &mut self,
        line: u64,
        (names, rest): (&'t str, &'t str),
        comments: &[&'t str],
        places: &mut HashMap<&'t str, usize>,
    ) -> Vec<usize> {
        let (rest, inline) = rest.split_once('#').map_or((rest, ""), |(rest, comment)| (rest, comment));
        let prerequisites = rest.split(';').next().unwrap_or_default().trim().trim_end_matches('\\').trim();
        if names.trim() == ".PHONY" {
            self.phony.extend(prerequisites.split_whitespace());
            return Vec::new();
        }
        let is_set_for_target = ["=", ":=", "?=", "+="].iter().any(|sign| rest.contains(sign));
        let mut open = Vec::new();
        for name in names.split_whitespace() {
            let place = *places.entry(name).or_insert_with(|| {
                self.targets.push(Target { name, line, ..Target::default() });
                self.targets.len() - 1
            });
            let target = &mut self.targets[place];
            if target.description.is_empty() {
                // `## name   Does it`: the blanks separate the name from the text.
                let bare = |line: &&'t str| description::without_name(line.trim_start_matches('#').trim(), name);
                let comments: Vec<&str> = comments.iter().map(bare).collect();
                target.description = described(name, &words_of(&[bare(&inline)]), &words_of(&comments));
            }
            if target.prerequisites.is_empty() && !is_set_for_target {
                target.prerequisites = prerequisites;
            }
            if let Some((_, command)) = rest.split_once(';') {
                target.recipe.push(command);
            }
            open.push(place);
        }
        open
    }

    /// Notes a variable that a line sets; `false` when it sets none.
    fn assign(&mut self, line: &'t str) -> bool {
        let plain = ["export ", "override "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
        let Some(at) = plain.find('=') else { return false };
        let (name, value) = (&plain[..at], plain[at + 1..].trim());
        let bare = name.trim_end_matches([':', '?', '+', '!']);
        let is_name = |word: &str| !word.is_empty() && !word.contains([' ', '\t', ':', '#']);
        if !is_name(bare.trim()) {
            return false;
        }
        let value = name.ends_with('?').then(|| value.split('#').next().unwrap_or_default().trim());
        self.set.entry(bare.trim()).or_insert(value);
        true
    }

    fn entry(&self, target: &Target<'_>) -> Entry {
        let named = named_variables(&target.description);
        let used = target.recipe.iter().flat_map(|line| used_variables(line));
        let mut inputs = Vec::new();
        let mut overrides = false;
        let recipe = target.recipe.join("\n");
        let names: BTreeSet<&str> = used.chain(named.iter().map(String::as_str)).collect();
        // A variable that the recipe itself assigns is not an input.
        let is_own = |name: &str| {
            let sets = |rest: &str| rest.trim_start().starts_with([',', '=', ':', '?', '+']);
            ["$(foreach ", "${foreach ", "$(eval ", "${eval "].iter().any(|head| {
                recipe.split(head).skip(1).any(|rest| rest.trim_start().strip_prefix(name).is_some_and(sets))
            })
        };
        for name in names.into_iter().filter(|name| !KNOWN.contains(name) && !is_own(name)) {
            let default = self.set.get(name);
            let is_named = named.iter().any(|known| known == name);
            let is_free = default.is_none() && !self.includes;
            if !(is_named || is_free || matches!(default, Some(Some(_)))) {
                continue;
            }
            overrides |= matches!(default, Some(None));
            let is_needed = [format!("-z \"$({name})\""), format!("-n \"$({name})\"")];
            let is_required = is_free && is_needed.iter().any(|test| recipe.contains(test));
            let plain = default.copied().flatten().filter(|value| !value.is_empty() && !value.contains('$'));
            inputs.push(variable(name, is_required, plain));
        }
        // A value in the file overrides the environment, unless make has another option.
        let command = if overrides { words(["make", "-e", "-f", "{file}"]) } else { words(["make", "-f", "{file}"]) };
        let runs = target.recipe.iter().map(|line| line.trim().trim_start_matches(['@', '-', '+']).trim());
        let runs = runs.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let runs = runs.clone().find(|line| !line.starts_with("echo ")).or_else(|| runs.clone().next());
        Entry {
            name: target.name.to_owned(),
            description: target.description.clone(),
            runs: runs.unwrap_or(target.prerequisites).to_owned(),
            command: [command, vec![target.name.to_owned()]].concat(),
            inputs,
            needs: self.needs(target),
            line: target.line,
            ..Entry::default()
        }
    }
}

/// Targets that are followed from one.
const MAX_FOLLOWED: usize = 20;

impl Makefile<'_> {
    /// The needs of its recipe and those of its prerequisites. A prerequisite without a rule is a file.
    fn needs(&self, target: &Target<'_>) -> RecipeNeeds {
        let (mut text, mut files) = (String::new(), Vec::new());
        let (mut waiting, mut seen) = (vec![target], BTreeSet::new());
        while let Some(target) = waiting.pop().filter(|_| seen.len() < MAX_FOLLOWED) {
            if !seen.insert(target.name) {
                continue;
            }
            text = format!("{}\n{text}", target.recipe.join("\n"));
            for name in target.prerequisites.split_whitespace().filter(|name| !name.contains(['$', '%', '*', '|', ')']))
            {
                match self.targets.iter().find(|one| one.name == name) {
                    Some(other) => waiting.push(other),
                    None if name.contains(['.', '/']) && !self.includes => files.push(name.to_owned()),
                    None => {}
                }
            }
        }
        let mut needs = RecipeNeeds::of(&text, &|_| None);
        needs.files.extend(files);
        let is_made = |name: &str| self.targets.iter().any(|one| one.name == name || one.name.contains('%'));
        let included = self.included.iter().filter(|name| !name.starts_with('/') && !is_made(name));
        needs.files.extend(included.map(|name| (*name).to_owned()));
        needs
    }
}

/// Targets and the rest of a line that begins a rule.
fn rule(line: &str) -> Option<(&str, &str)> {
    if line.starts_with(' ') {
        return None;
    }
    let (names, rest) = line.split_once(':')?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let is_rule = !names.trim().is_empty() && !names.contains(['=', '#', '"', '\'']) && !rest.starts_with('=');
    is_rule.then_some((names.trim_end_matches('&'), rest))
}

fn is_directive(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let word = word.split('(').next().unwrap_or_default();
    matches!(word, "ifeq" | "ifneq" | "ifdef" | "ifndef" | "else" | "endif" | "undefine" | "unexport" | "vpath")
}

/// The comment after a target, otherwise the one above it, without a repeated name of the target.
fn described(name: &str, inline: &str, above: &str) -> String {
    let text = if inline.is_empty() { above } else { inline };
    let rest = text.strip_prefix(name).map(str::trim_start);
    let rest = rest.and_then(|rest| rest.strip_prefix([':', '-', '–', '—']));
    rest.unwrap_or(text).trim().to_owned()
}

/// Variables that words name, as in `make release VERSION=1.2`.
fn named_variables(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '='));
    let names = words.filter_map(|word| word.split_once('=')).map(|(name, _)| name.to_owned());
    names.filter(|name| is_input(name)).collect()
}

/// Variables that a line of a recipe asks make for.
fn used_variables(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices('$') {
        let rest = &line[at + 1..];
        let is_shells = at > 0 && line.as_bytes()[at - 1] == b'$';
        let close = match rest.as_bytes().first() {
            Some(b'(') => ')',
            Some(b'{') => '}',
            _ => continue,
        };
        let name = rest[1..].split(close).next().unwrap_or_default();
        if !is_shells && is_input(name) {
            found.push(name);
        }
    }
    found
}

/// Whether a variable is meant to be set from outside: by convention, those in capitals.
fn is_input(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn entries(text: &str) -> Vec<Entry> {
        read(&VersionFile { path: "Makefile".into(), mode: FileMode::Plain, bytes: text.into() }).unwrap()
    }

    fn told(text: &str) -> Vec<(String, String)> {
        entries(text).into_iter().map(|entry| (entry.name, entry.description)).collect()
    }

    #[test]
    fn commands_are_targets_with_what_their_comments_say() {
        let text = "# Prepares it.\n# ----\n.PHONY: build docs/all\nbuild: main.o ## Build it\n\tcc -o x main.o\n\n\
                    # test: Run tests\n# twice\ntest:\n\tcargo test\n\nmain.o: main.c\n\tcc -c main.c\n%.o: %.c\n\tcc $<\n\
                    docs/all:\n\tmkdocs\n_x:\n\techo\n.SILENT:\nFORCE:\nX := a:b\n$(OUT): build\n\ttouch x\n\
                    define T\nnot: one\nendef\nbuild: more.o\nrelease: X=1\nrelease: build\nY = a \\\n\tnot-a-command\n";
        let named = "## compress   to compress images\ncompress:\n\tx\nbuild: ## build the docs\n\tx\n";
        let wanted = [("compress", "to compress images"), ("build", "build the docs")];
        assert_eq!(told(named), wanted.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let wanted = [("build", "Build it"), ("test", "Run tests twice"), ("docs/all", ""), ("release", "")];
        assert_eq!(told(text), wanted.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let all = entries(text);
        assert_eq!(all[1].command, ["make", "-f", "{file}", "test"]);
        assert_eq!((all[2].runs.as_str(), all[3].runs.as_str(), all[1].line), ("mkdocs", "build", 9));
    }

    #[test]
    fn variables_that_a_caller_gives_are_inputs() {
        let text = "PORT ?= 80\nOUT := x\n# Serve (HOST=name OUT=dir)\nserve:\n\t@test -n \"$(TOKEN)\"\n\
                    \trun $(HOST) $(PORT) ${MODE} $$HOME $(CC) $(wildcard x)\n\nplain:\n\techo $(OUT)\n";
        let all = entries(text);
        let inputs: Vec<(&str, bool)> = all[0].inputs.iter().map(|one| (one.name.as_str(), one.required)).collect();
        assert_eq!(inputs, [("HOST", false), ("MODE", false), ("OUT", false), ("PORT", false), ("TOKEN", true)]);
        assert_eq!(all[0].inputs[3].schema["default"], "80");
        assert_eq!(all[0].inputs[0].rule.as_ref().unwrap().to_string(), "$HOST HOST");
        assert_eq!(all[0].command, ["make", "-e", "-f", "{file}", "serve"]);
        assert!(all[1].inputs.is_empty());
        let text = "install:\n\t$(eval TEMP := $(shell mktemp))\n\t$(foreach ONE, $(ALL), cp $(ONE) $(TEMP) $(TO);)\n";
        let all = entries(text);
        let inputs: Vec<&str> = all[0].inputs.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(inputs, ["ALL", "TO"]);
    }

    #[test]
    fn a_file_that_is_included_must_be_there() {
        let files = |text: &str| entries(text).remove(0).needs.files;
        assert_eq!(files("include config.mk\nall:\n\techo x\n"), ["config.mk"]);
        assert_eq!(
            files(
                "-include a.mk\ninclude $(B)\nifdef C\ninclude c.mk\nendif\ninclude d.mk\nd.mk:\n\ttouch d.mk\nall:\n\techo x\n"
            ),
            [""; 0]
        );
    }
}
