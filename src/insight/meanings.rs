//! The one table of what words mean: which are the same, which are related, which are opposites, which say little.
//!
//! Search, the comparison of tools and the check of duplicates read it, so that a word means the same to all of them.
//! A search finds every word of a line for any other, for part of the worth; where two tools are compared only the words
//! between two bars are one. That is why there are bars: what finds more in a search would call different tools
//! duplicates. Kept short: a thesaurus finds everything everywhere.

use super::terms::{Telling, stem, telling};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// A line of related words; those between two bars mean the same.
const RELATED: &[&str] = &[
    "analyze,inspect,examine,assess,evaluate",
    "auth,authentication,login",
    "bug,error,exception,failure,crash",
    "calculate,compute,math",
    "chunk,divide,split",
    "compare,diff,difference",
    "condense,shorten,summarize",
    "config,configuration,settings",
    "convert,transform,turn,change",
    "correct,fix,repair,mend",
    "create,generate,make,build,produce,construct",
    "database,db,sql",
    "delete,remove,erase,drop,strip,trim,prune",
    "directory,folder,filesystem,dir",
    "documentation,docs,readme",
    "download,fetch,retrieve,get",
    "duplicate,identical",
    "email,mail",
    "explain,describe",
    "fast,performance,speed,slow,latency",
    "find,lookup,search,discover,locate,identify,detect",
    "grammar,spelling,spellcheck,typo,proofread",
    "image,photo,picture",
    "javascript,js",
    "library,module|package,dependency",
    "lint,style,format",
    "list,show,display,enumerate",
    "load,read,open",
    "merge,combine,join",
    "mock,fake,random,dummy|placeholder|sample",
    "persist,save,store,write",
    "py,python",
    "rename,move",
    "render,renderer,draw",
    "repo,repository,git",
    "resize,scale",
    "retry,resilience",
    "schedule,cron,timer",
    "security,vulnerability",
    "send,post,publish,submit",
    "ts,typescript",
    "unused,dead",
    "url,link",
    "validate,verify,check",
    "web,website,webpage,html",
    "zip,compress,archive",
];

/// Words that turn a name into that of the counterpart: who sends does not listen.
const OPPOSITES: &[(&str, &str)] = &[
    ("add", "remove"),
    ("build", "render"),
    ("client", "server"),
    ("compress", "decompress"),
    ("connect", "disconnect"),
    ("create", "delete"),
    ("decode", "encode"),
    ("decrypt", "encrypt"),
    ("deserialize", "serialize"),
    ("disable", "enable"),
    ("download", "upload"),
    ("export", "import"),
    ("find", "store"),
    ("format", "parse"),
    ("get", "store"),
    ("listen", "send"),
    ("load", "save"),
    ("lock", "unlock"),
    ("pack", "unpack"),
    ("pull", "push"),
    ("read", "write"),
    ("receive", "send"),
    ("request", "response"),
    ("start", "stop"),
];

/// Words for what is done, beside those that [`telling`] knows.
const DEEDS: &[&str] = &[
    "archive",
    "copy",
    "crop",
    "deploy",
    "download",
    "filter",
    "group",
    "install",
    "lint",
    "monitor",
    "rename",
    "resize",
    "rotate",
    "schedule",
    "summarize",
    "upload",
];

/// What descriptions boast of, or say of every tool.
const BOASTS: &[&str] = &[
    "advanced",
    "api",
    "authentication",
    "automatic",
    "automatically",
    "based",
    "code",
    "common",
    "complete",
    "comprehensive",
    "content",
    "data",
    "direct",
    "easy",
    "existing",
    "fast",
    "file",
    "free",
    "general",
    "great",
    "include",
    "including",
    "input",
    "instant",
    "intelligent",
    "llm",
    "multiple",
    "no",
    "output",
    "perfect",
    "powerful",
    "process",
    "provide",
    "provides",
    "python",
    "quick",
    "realistic",
    "required",
    "simple",
    "smart",
    "specific",
    "support",
    "supports",
    "system",
    "tool",
    "tools",
    "use",
    "user",
    "various",
];

/// How much a word says that every description boasts of, one for what is done, and one that fits nearly everything.
const BOAST: f64 = 0.15;
const ACTION: f64 = 0.6;
const GENERAL: f64 = 0.3;

/// The table, by stems.
pub(super) struct Meanings {
    /// The stem that stands for another one.
    same: HashMap<String, String>,
    related: HashMap<String, Vec<String>>,
    opposites: Vec<(String, String)>,
    deeds: HashSet<String>,
    boasts: HashSet<String>,
}

static TABLE: LazyLock<Meanings> = LazyLock::new(Meanings::new);

pub(super) fn meanings() -> &'static Meanings {
    &TABLE
}

impl Meanings {
    fn new() -> Meanings {
        let (mut same, mut related) = (HashMap::new(), HashMap::<String, Vec<String>>::new());
        for line in RELATED {
            for group in line.split('|') {
                let mut stems = group.split(',').map(stem);
                let Some(first) = stems.next() else { continue };
                same.extend(stems.map(|other| (other, first.clone())));
            }
            let all: Vec<String> = line.split(['|', ',']).map(stem).collect();
            for one in &all {
                related.entry(one.clone()).or_default().extend(all.iter().filter(|other| *other != one).cloned());
            }
        }
        let of = |word: &str| {
            let stem = stem(word);
            same.get(&stem).cloned().unwrap_or(stem)
        };
        let opposites = OPPOSITES.iter().map(|(one, other)| (of(one), of(other))).collect();
        let [deeds, boasts] = [DEEDS, BOASTS].map(|words| words.iter().map(|word| of(word)).collect());
        Meanings { same, related, opposites, deeds, boasts }
    }

    /// The stem that stands for all of one meaning; mostly the stem itself.
    pub(super) fn of<'a>(&'a self, stem: &'a str) -> &'a str {
        self.same.get(stem).map_or(stem, String::as_str)
    }

    /// The stems that a search finds for another one.
    pub(super) fn related(&self, stem: &str) -> &[String] {
        self.related.get(stem).map_or(&[], Vec::as_slice)
    }

    /// How much a meaning says, above 0 and up to 1.
    pub(super) fn worth(&self, meaning: &str) -> f64 {
        match telling(meaning) {
            _ if self.boasts.contains(meaning) => BOAST,
            Telling::Action => ACTION,
            Telling::General => GENERAL,
            Telling::Thing => 1.0,
        }
    }

    /// Whether a meaning is something that is done.
    pub(super) fn is_deed(&self, meaning: &str) -> bool {
        telling(meaning) == Telling::Action || self.deeds.contains(meaning)
    }

    /// The meanings that are opposites, each two once.
    pub(super) fn opposites(&self) -> &[(String, String)] {
        &self.opposites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str) -> String {
        meanings().of(&stem(word)).to_owned()
    }

    #[test]
    fn a_word_stands_in_the_table_once() {
        let mut seen = HashSet::new();
        for word in RELATED.iter().flat_map(|line| line.split(['|', ','])) {
            assert!(seen.insert(stem(word)), "{word} stands twice");
        }
    }

    #[test]
    fn what_means_the_same_is_found_and_what_is_related_is_only_found() {
        assert_eq!(of("downloading"), of("fetches"));
        assert!(meanings().related(&stem("mock")).contains(&stem("samples")));
        assert_ne!(of("mock"), of("sample"));
        assert_ne!(of("library"), of("packages"));
    }

    #[test]
    fn opposites_are_found_in_any_form_of_their_words() {
        for (one, other) in
            [("decoder", "encoding"), ("listener", "sender"), ("loads", "saving"), ("clients", "server")]
        {
            assert!(meanings().opposites().contains(&(of(one), of(other))), "{one} {other}");
        }
        assert!(meanings().opposites().iter().all(|(one, other)| one != other));
    }
}
