//! Packages that the start command fetches from a registry: without a version in the command, what runs can change after
//! the review.

use crate::domain::{Finding, Kind, Manifest, Severity};

/// Programs that fetch and run a package, and the words that make them do so.
const LAUNCHERS: &[(&str, &[&str])] = &[
    ("npx", &[]),
    ("bunx", &[]),
    ("pnpx", &[]),
    ("uvx", &[]),
    ("npm", &["exec"]),
    ("npm", &["x"]),
    ("pnpm", &["dlx"]),
    ("yarn", &["dlx"]),
    ("bun", &["x"]),
    ("uv", &["tool", "run"]),
    ("pipx", &["run"]),
];

/// Options that name a package; with one of them, the first word after the options is only the program in it.
const NAMING: &[&str] = &["--package", "--from", "--spec", "--with"];

/// Options with a value that is not a package.
const VALUED: &[&str] =
    &["--python", "--index-url", "--index", "--default-index", "-i", "--registry", "--cache", "--userconfig", "-w"];

/// The packages that a start command fetches without a fixed version.
pub(super) fn unpinned(manifest: &Manifest) -> Vec<Finding> {
    let Some(recipe) = &manifest.recipe else { return Vec::new() };
    let severity = if manifest.kind == Kind::Mcp { Severity::Medium } else { Severity::Low };
    let packages = fetched(&recipe.command).into_iter().filter(|(package, is_node)| !is_pinned(package, *is_node));
    let findings = packages.map(|(package, is_node)| {
        let how = if is_node { "@1.2.3" } else { "==1.2.3" };
        let message = format!(
            "the command fetches {package} without a version: what runs can change after the review; write {package}{how}"
        );
        Finding::new("unpinned-package", severity, message)
    });
    findings.collect()
}

/// The packages that a command fetches, and whether each is a Node.js package.
fn fetched(command: &[String]) -> Vec<(String, bool)> {
    // A word for a shell contains several words.
    let split = |word: &String| shell_words::split(word).unwrap_or_else(|_| vec![word.clone()]);
    let words: Vec<String> = command.iter().flat_map(split).collect();
    let launched = (0..words.len()).find_map(|at| {
        let program = words[at].rsplit('/').next()?;
        let rest = || words[at + 1..].iter().map(String::as_str);
        let follows = |behind: &[&str]| rest().take(behind.len()).eq(behind.iter().copied());
        let (program, behind) = LAUNCHERS.iter().find(|(name, behind)| *name == program && follows(behind))?;
        Some((!["uvx", "uv", "pipx"].contains(program), at + 1 + behind.len()))
    });
    let Some((is_node, begin)) = launched else { return Vec::new() };
    let (mut named, mut rest) = (Vec::new(), words[begin..].iter());
    while let Some(word) = rest.next() {
        let (option, value) =
            word.split_once('=').map_or((word.as_str(), None), |(option, value)| (option, Some(value)));
        let names = NAMING.contains(&option) || (is_node && option == "-p");
        match value {
            Some(value) if names => named.push((value.to_owned(), is_node)),
            None if names => named.extend(rest.next().map(|value| (value.clone(), is_node))),
            None if VALUED.contains(&option) || (!is_node && option == "-p") => {
                rest.next();
            }
            _ if option.starts_with('-') => {}
            _ => {
                // `--with` adds packages to the main package.
                let has_own = words[begin..].iter().any(|word| {
                    let option = word.split('=').next().unwrap_or_default();
                    ["--package", "--from", "--spec"].contains(&option) || (is_node && option == "-p")
                });
                if !has_own {
                    named.insert(0, (word.clone(), is_node));
                }
                break;
            }
        }
    }
    named
}

/// Whether a package is pinned to an exact version, a commit, or a path.
fn is_pinned(package: &str, is_node: bool) -> bool {
    let is_path = package.starts_with(['.', '/', '{']);
    let commit = package.rsplit(['@', '#']).next().unwrap_or_default();
    if is_path || (commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return true;
    }
    let version = match package.split_once("==") {
        Some((_, version)) => version,
        // The first character of a scoped Node.js package is part of its name.
        None => package.get(1..).and_then(|rest| rest.rsplit_once('@')).map_or("", |(_, version)| version),
    };
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    let least = if is_node { 3 } else { 1 };
    let numbers: Vec<&str> = numbers.split('.').collect();
    let is_number =
        |part: &&str| part.starts_with(|c: char| c.is_ascii_digit()) && !part.contains(['*', ',', ' ', '|']);
    numbers.len() >= least && numbers.iter().all(is_number) && !version.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dialect, InputMode, Recipe, ToolName};

    fn found(words: &[&str]) -> Vec<String> {
        let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Native);
        manifest.kind = Kind::Mcp;
        let mut recipe = Recipe::blank(InputMode::StdinJson);
        recipe.command = words.iter().map(|word| (*word).to_owned()).collect();
        manifest.recipe = Some(recipe);
        let findings = unpinned(&manifest);
        assert!(findings.iter().all(|finding| finding.severity == Severity::Medium));
        let name = |finding: Finding| {
            let rest = finding.message.strip_prefix("the command fetches ").unwrap().to_owned();
            rest.split(' ').next().unwrap().to_owned()
        };
        findings.into_iter().map(name).collect()
    }

    #[test]
    fn a_package_without_one_exact_version_is_told() {
        for (words, told) in [
            (&["npx", "-y", "@acme/server"][..], &["@acme/server"][..]),
            (&["npx", "-y", "@acme/server@1.2.3", "--port", "1"], &[]),
            (&["npx", "-y", "@acme/server@latest"], &["@acme/server@latest"]),
            (&["npx", "server@^1.2.3"], &["server@^1.2.3"]),
            (&["npx", "server@1.2"], &["server@1.2"]),
            (&["npx", "server@1.2.3-beta.1"], &[]),
            (&["npx", "-p", "one@1.0.0", "--package=two", "program"], &["two"]),
            (&["/usr/bin/env", "npx", "server"], &["server"]),
            (&["sh", "-c", "npx -y server --stdio"], &["server"]),
            (&["npm", "exec", "server"], &["server"]),
            (&["npm", "start"], &[]),
            (&["uvx", "acme-server", "--stdio"], &["acme-server"]),
            (&["uvx", "acme-server==1.2"], &[]),
            (&["uvx", "acme-server@1.2.3"], &[]),
            (&["uvx", "acme-server==1.*"], &["acme-server==1.*"]),
            (&["uvx", "acme-server>=1.2"], &["acme-server>=1.2"]),
            (&["uvx", "--python", "3.12", "--from", "acme==2.0", "acme-server"], &[]),
            (&["uvx", "--with", "other", "acme==2.0"], &["other"]),
            (&["uvx", "--from", "git+https://x.org/a@main", "a"], &["git+https://x.org/a@main"]),
            (&["uvx", "--from", "git+https://x.org/a@0123456789012345678901234567890123456789", "a"], &[]),
            (&["uv", "tool", "run", "acme"], &["acme"]),
            (&["uv", "run", "{file}"], &[]),
            (&["pipx", "run", "--spec", "acme==1.0", "acme"], &[]),
            (&["npx", "./server"], &[]),
            (&["python3", "{file}"], &[]),
        ] {
            assert_eq!(found(words), told, "{words:?}");
        }
    }
}
