//! The only table of word meanings: synonyms, related words, opposites, and words with little weight.
//!
//! Search, the comparison of tools and the check of duplicates read it, so that a word means the same in all of them. A
//! search finds every word of a line for any other, with a lower weight; the comparison of tools only equates words
//! between two bars. Bars are needed because equating related words would make different tools duplicates. The table is
//! short: a thesaurus would find everything everywhere.

use super::terms::{Telling, stem, telling};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Lines of related words; those between two bars mean the same.
const RELATED: &[&str] = &[
    "address|geolocation",
    "analyze,inspect,examine,assess,evaluate",
    "article,publication|paper,scientific",
    "auth,authentication,login",
    "author|contributor",
    "backwards,reverse|palindrome",
    "battery|charge,power",
    "bright,brightness|dim,dark",
    "bug,error,exception,failure,crash",
    "calculate,compute,math",
    "certificate,cert|ssl,tls,https",
    "chunk,divide,split|cut,piece,part,section",
    "clipboard,pasteboard|copied",
    "compare,diff,difference",
    "condense,shorten,summarize",
    "config,configuration,settings",
    "convert,transform,turn,change",
    "correct,fix,repair,mend",
    "count|number,many",
    "create,generate,make,build,produce,construct",
    "csv|spreadsheet,excel,xlsx",
    "currency|money,exchange,dollar,euro",
    "database,db,sql",
    "decrease,reduce|lower,less",
    "delete,remove,erase,drop,strip,trim,prune|rid",
    "directory,folder,filesystem,dir",
    "documentation,docs,readme",
    "download,fetch,retrieve,get",
    "duplicate,identical",
    "email,mail",
    "encrypt,cipher|protect,lock",
    "explain,describe",
    "fast,performance,speed,slow,latency|bandwidth",
    "find,lookup,search,discover,locate,identify,detect",
    "grammar,spelling,spellcheck,typo,proofread",
    "image,photo,picture",
    "increase,raise|grow,growth",
    "internet|network,online",
    "javascript,js",
    "kill,terminate|quit",
    "kubernetes,k8s|pod",
    "lamp,bulb|light",
    "letter,character,char",
    "library,module|package,dependency",
    "limit,throttle|rate",
    "lint,style,format",
    "list,show,display,enumerate",
    "load,read,open",
    "lowercase|uppercase,case,capital",
    "merge,combine,join",
    "mock,fake,random,dummy|placeholder|sample,invented",
    "movie,film|video,clip",
    "parcel,shipment",
    "password,passphrase|credential",
    "percent,percentage",
    "persist,save,store,write",
    "person,people|user,account",
    "phone,telephone|mobile,sms",
    "postgres,postgresql",
    "price|cost,worth",
    "py,python",
    "rename,move",
    "render,renderer,draw",
    "repo,repository,git",
    "resize,scale",
    "restart,reboot",
    "retry,resilience",
    "schedule,cron,timer|reminder,alarm",
    "screenshot,screengrab|capture,photograph",
    "security,vulnerability",
    "send,post,publish,submit",
    "shutdown,poweroff",
    "sleep,suspend|awake,caffeinate",
    "song,track|music,tune",
    "sound,audio|volume,loud,speaker",
    "stock|portfolio",
    "clock|date,day,timestamp",
    "translate|language",
    "ts,typescript",
    "tv,television",
    "unused,dead|never",
    "unix|epoch",
    "update,upgrade",
    "url,link",
    "validate,verify,check",
    "watermark|logo",
    "weather|forecast,temperature",
    "web,website,webpage,html|site",
    "wifi,wireless,wlan",
    "zip,compress,archive",
    "deep|depth",
    "high|height",
    "hot|heat",
    "long|length",
    "strong|strength",
    "wide|width",
];

/// Words that distinguish a name from its counterpart: a sender does not listen.
const OPPOSITES: &[(&str, &str)] = &[
    ("activate", "deactivate"),
    ("add", "remove"),
    ("attach", "detach"),
    ("build", "render"),
    ("client", "server"),
    ("compress", "decompress"),
    ("connect", "disconnect"),
    ("create", "delete"),
    ("decode", "encode"),
    ("decrease", "increase"),
    ("decrypt", "encrypt"),
    ("deserialize", "serialize"),
    ("disable", "enable"),
    ("download", "upload"),
    ("dump", "import"),
    ("export", "import"),
    ("external", "internal"),
    ("external", "local"),
    ("find", "store"),
    ("first", "last"),
    ("follow", "unfollow"),
    ("format", "parse"),
    ("get", "store"),
    ("hide", "show"),
    ("input", "output"),
    ("install", "uninstall"),
    ("left", "right"),
    ("listen", "send"),
    ("load", "save"),
    ("local", "remote"),
    ("lock", "unlock"),
    ("login", "logout"),
    ("lower", "upper"),
    ("lowercase", "uppercase"),
    ("max", "min"),
    ("maximum", "minimum"),
    ("mount", "unmount"),
    ("mute", "unmute"),
    ("next", "previous"),
    ("pack", "unpack"),
    ("pause", "resume"),
    ("pin", "unpin"),
    ("private", "public"),
    ("pull", "push"),
    ("read", "write"),
    ("receive", "send"),
    ("request", "response"),
    ("start", "stop"),
    ("subscribe", "unsubscribe"),
];

/// Words for actions, in addition to those that [`telling`] knows.
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

/// Words that descriptions use as praise, or that apply to every tool.
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

/// Weights of words of praise, of words for actions, and of general words.
const BOAST: f64 = 0.15;
const ACTION: f64 = 0.6;
const GENERAL: f64 = 0.3;

/// The table, by stem.
pub(super) struct Meanings {
    /// The representative of a stem with the same meaning.
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

    /// The stem that represents all stems of the same meaning; usually the stem itself.
    pub(super) fn of<'a>(&'a self, stem: &'a str) -> &'a str {
        self.same.get(stem).map_or(stem, String::as_str)
    }

    /// The stems that a search also finds for a stem.
    pub(super) fn related(&self, stem: &str) -> &[String] {
        self.related.get(stem).map_or(&[], Vec::as_slice)
    }

    /// The weight of a meaning, above 0 and up to 1.
    pub(super) fn worth(&self, meaning: &str) -> f64 {
        match telling(meaning) {
            _ if self.boasts.contains(meaning) => BOAST,
            Telling::Action => ACTION,
            Telling::General => GENERAL,
            Telling::Thing => 1.0,
        }
    }

    /// Whether a meaning is an action.
    pub(super) fn is_deed(&self, meaning: &str) -> bool {
        telling(meaning) == Telling::Action || self.deeds.contains(meaning)
    }

    /// Pairs of opposite meanings, each pair once.
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
