//! Reserved names: those of approved, core and archived tools, and their aliases.
//!
//! A later tool with one of them, or with a confusable name, is a newcomer: it stays in the catalog with a problem, and
//! only its path refers to it. A tool's own versions are not newcomers: a tool of the same name at a lower stage
//! proposes the next version, and the name never refers to it.

use super::facts::Facts;
use crate::domain::{Problem, ProblemCode, SafeText, Stage, Tool};
use std::collections::HashMap;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// File extensions that are not part of a name.
const ENDINGS: &[&str] = &[".py", ".sh", ".bash", ".js", ".mjs", ".ts", ".rb", ".pl"];

/// The strength of a claim to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Approved here, or now in the place of an approved tool.
    Approved,
    /// In the approved or core folder, but not approved here: it came with the workspace.
    Unadopted,
    Archived,
    Newcomer,
}

/// A claimed name, and whether it is the name of the tool or an alias.
struct Claim<'a> {
    text: &'a str,
    what: &'static str,
}

/// Records in each row whose name it takes, if any, and returns the resulting problems.
pub(super) fn reserve(tools: &mut [Arc<Tool>], facts: &Facts) -> Vec<Problem> {
    let away = |tool: &Tool| facts.is_put_away(tools, tool);
    let standings: Vec<Standing> = tools.iter().map(|tool| standing(tool, facts, &away)).collect();
    let mut owners: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, tool) in tools.iter().enumerate().filter(|(index, _)| standings[*index] != Standing::Newcomer) {
        for claim in claims(tool).filter(|claim| claim.what != TITLE) {
            owners.entry(key(claim.text)).or_default().push(index);
        }
    }
    if owners.is_empty() {
        return Vec::new();
    }
    let (mut taken, mut problems) = (Vec::new(), Vec::new());
    for (index, tool) in tools.iter().enumerate() {
        if tool.stage == Stage::Archived || !matches!(standings[index], Standing::Newcomer | Standing::Unadopted) {
            continue;
        }
        for claim in claims(tool) {
            let others = owners.get(&key(claim.text)).into_iter().flatten().filter(|other| **other != index);
            let mut pairs = others.map(|&other| Pair {
                tool,
                standing: standings[index],
                owner: &tools[other],
                of: standings[other],
            });
            let Some(pair) = pairs.find(|pair| pair.takes(&claim, facts)) else { continue };
            let message = told(&claim, pair.owner);
            taken.push((index, message.clone()));
            problems.push(problem(tool, message));
            break;
        }
    }
    for (index, message) in taken {
        Arc::make_mut(&mut Arc::make_mut(&mut tools[index]).facts).reserved = Some(message);
    }
    problems
}

/// All names of a tool, each as [`key`] returns it.
pub(super) fn keys(tool: &Tool) -> impl Iterator<Item = String> {
    claims(tool).map(|claim| key(claim.text))
}

const NAME: &str = "name";
const TITLE: &str = "display name";

fn claims(tool: &Tool) -> impl Iterator<Item = Claim<'_>> {
    let name = std::iter::once(Claim { text: tool.name.as_str(), what: NAME });
    let aliases = tool.aliases.iter().map(|alias| Claim { text: alias, what: "alias" });
    name.chain(aliases).chain(tool.title.iter().map(|title| Claim { text: title, what: TITLE }))
}

fn standing(tool: &Tool, facts: &Facts, away: &dyn Fn(&Tool) -> bool) -> Standing {
    match tool.stage {
        // A tool that was never approved releases its name when it is archived.
        Stage::Archived if facts.keeps_its_name(tool) => Standing::Archived,
        Stage::Archived | Stage::Experimental => Standing::Newcomer,
        Stage::Approved | Stage::Core => {
            // If the approved bytes are in the archive, the content of their place is newer.
            let is_changed = || facts.was_approved_there(tool) && !away(tool);
            if tool.facts.approved || is_changed() { Standing::Approved } else { Standing::Unadopted }
        }
    }
}

/// A tool and an earlier one.
struct Pair<'a> {
    tool: &'a Tool,
    standing: Standing,
    owner: &'a Tool,
    of: Standing,
}

impl Pair<'_> {
    /// Whether the claim takes a name of the owner.
    fn takes(&self, claim: &Claim<'_>, facts: &Facts) -> bool {
        let Pair { tool, owner, .. } = self;
        let outranked = match (self.of, self.standing) {
            (Standing::Unadopted, standing) => standing == Standing::Newcomer,
            // A tool that came with a workspace may have an archived predecessor legitimately.
            (Standing::Archived, Standing::Unadopted) => facts.was_archived_here(&owner.name),
            (Standing::Approved | Standing::Archived, _) => true,
            (Standing::Newcomer, _) => false,
        };
        if !outranked || tool.digest == owner.digest {
            return false;
        }
        if claim.what == TITLE {
            let same = |text: &str| text.trim().to_lowercase() == claim.text.trim().to_lowercase();
            let is_taken = claims(owner).any(|of| of.what != TITLE && same(of.text));
            return is_taken && tool.name != owner.name;
        }
        if tool.name != owner.name {
            return true;
        }
        // At a lower stage, it proposes the next version, and the name never refers to it.
        let is_proposal = self.standing == Standing::Newcomer && self.of != Standing::Archived;
        claim.what == NAME && !is_proposal
    }
}

fn told(claim: &Claim<'_>, owner: &Tool) -> String {
    let of = claims(owner).find(|of| of.what != TITLE && key(of.text) == key(claim.text));
    let (what, text) = of.map_or((NAME, owner.name.as_str()), |of| (of.what, of.text));
    let how = if text == claim.text { "is" } else { "can be confused with" };
    let (claimed, text) = (SafeText::new(claim.text), SafeText::new(text));
    let which = if text == claimed { String::new() } else { format!(" {:?}", text.to_string()) };
    let article = if what == "alias" { "an" } else { "the" };
    format!(
        "its {} {:?} {how} {article} {what}{which} of the {} tool {} ({})",
        claim.what,
        claimed.to_string(),
        owner.stage,
        owner.name,
        owner.path
    )
}

fn problem(tool: &Tool, message: String) -> Problem {
    let hint = format!(
        "names of approved, core and archived tools are reserved: rename it; until then use its path ({})",
        tool.path
    );
    Problem { path: tool.path.clone(), line: None, code: ProblemCode::ReservedName, message, hint }
}

/// A name normalised for confusion: without case, separators, look-alike characters, file extension, and a version at
/// its end. Names with the same key count as the same.
pub(super) fn key(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() { plain_key(name) } else { folded_key(&name.nfkc().collect::<String>()) }
}

/// [`key`] of letters of any script.
fn folded_key(name: &str) -> String {
    let lower = name.to_lowercase();
    let plain = ENDINGS.iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower);
    // Capitals are compared by their shape: `I` looks like `l`.
    let cased = name.get(..plain.len()).unwrap_or(name);
    let looks: String = without_version(cased).chars().filter(|c| !is_separator(*c)).collect();
    let looks: String =
        if looks.is_ascii() { looks.chars().map(look_alike).collect() } else { skeleton(&looks).collect() };
    let folded = looks.to_lowercase().replace('m', "rn");
    // The shape of a capital can be that of another small letter.
    folded.chars().map(look_alike).collect::<String>().replace('m', "rn")
}

/// [`key`] for ASCII letters, as a fast path: a catalog has one or more names in each row.
fn plain_key(name: &str) -> String {
    let is_ending = |ending: &&&str| {
        let at = name.len().checked_sub(ending.len());
        at.is_some_and(|at| name.as_bytes()[at..].eq_ignore_ascii_case(ending.as_bytes()))
    };
    let plain = ENDINGS.iter().find(is_ending).map_or(name, |ending| &name[..name.len() - ending.len()]);
    let mut key = String::with_capacity(plain.len() + 8);
    for c in without_version(plain).chars().filter(|c| !is_separator(*c)) {
        match look_alike(c).to_ascii_lowercase() {
            'm' => key.push_str("rn"),
            other => key.push(other),
        }
    }
    key
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | ' ')
}

fn look_alike(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'I' | '|' => 'l',
        other => other,
    }
}

/// A name without the version at its end: `_v1_1_0`, `-v2`, `-1.2.0`.
fn without_version(name: &str) -> &str {
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | '-'));
    let version = &name[digits.len()..];
    if version.is_empty() || !version.ends_with(|c: char| c.is_ascii_digit()) {
        return name;
    }
    if let Some(before) = digits.strip_suffix(['v', 'V'])
        && version.starts_with(|c: char| c.is_ascii_digit())
        && let Some(plain) = before.strip_suffix(is_separator)
    {
        return if plain.is_empty() { name } else { plain };
    }
    let is_dotted = version.trim_start_matches(is_separator).contains('.');
    if is_dotted && version.starts_with(is_separator) && !digits.is_empty() { digits } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_reader_takes_for_one_have_one_key() {
        for same in [
            "csv_parser",
            "csv-parser",
            "csvparser",
            "CSV Parser",
            "csv.parser",
            "csv_parser.py",
            "csv_parser_v1_1_0",
            "csv-parser-v2",
            "csv_parser-1.2.0",
            "csv_parser_v1_1_0.py",
            "\u{441}sv_parser",
            "csv_p\u{430}rser",
            "\u{ff43}sv_parser",
        ] {
            assert_eq!(key(same), key("csv_parser"), "{same}");
        }
        assert_eq!([key("f0rm"), key("fIow"), key("fl0w")], [key("form"), key("flow"), key("flow")]);
        assert_eq!(key("fonn_rnail"), key("fonn_mail"));
    }

    proptest::proptest! {
        #[test]
        fn plain_letters_are_folded_as_all_letters_are(name in "[ -~]{0,12}([._-]v?[0-9.]{1,5})?(\\.(py|sh|PY))?") {
            proptest::prop_assert_eq!(plain_key(name.trim()), folded_key(name.trim()));
        }
    }

    #[test]
    fn names_that_are_different_stay_different() {
        for (one, other) in [
            ("ipv4", "ipv6"),
            ("sha-256", "sha-512"),
            ("csv_parser", "tsv_parser"),
            ("csv", "csv2"),
            ("python3", "python"),
            ("v1_0_0", "v2_0_0"),
            ("report-2", "report-3"),
            ("a.py", "b.py"),
        ] {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
    }
}
