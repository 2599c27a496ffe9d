//! Words that a search finds for each other although they do not mean the same, and words that say little in a question.
//!
//! People seldom ask with the words of a description: they want the "old" version "back", a tool offers a "rollback". The
//! table of meanings ([`super::meanings`]) is also used to compare tools, so it has only words of one meaning. The words
//! here are used by a search alone, where a word that does not fit costs a rank and nothing else.

use super::terms::stem;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// A word, and words that each find it and are found for it. They do not find each other.
const ASSOCIATED: &[&str] = &[
    "account|profile,member",
    "activate|enable,disable,toggle",
    "add|append,insert,attach",
    "alarm|alert,notification",
    "alert|notify,notification,warn,remind",
    "allow|permit,permission,grant,access",
    "amazon|aws",
    "animal|pet,dog,cat",
    "anonymous|anonymize,redact,mask,privacy",
    "answer|reply,response,prompt",
    "approve|review,accept",
    "app|application,program,software",
    "artist|band,singer,musician",
    "ask|prompt,question,request",
    "asleep|sleep,awake,caffeinate",
    "attachment|mail,file",
    "attach|attachment,mail",
    "audio|music,speech,mp3",
    "audit|security,vulnerability,scan",
    "automate|automatic,bot",
    "average|mean,median,statistics",
    "backup|snapshot,dump,restore",
    "ban|block,deny,forbid",
    "begin|start,launch,run",
    "benchmark|speed,performance,measure",
    "birthday|age,born",
    "bitcoin|crypto,cryptocurrency,btc,coin",
    "blank|empty,clear",
    "bookmark|favorite,favourite",
    "book|ebook,epub,novel",
    "boot|bootable,startup,start",
    "browser|firefox,chrome,safari",
    "budget|expense,money",
    "buy|order,shop,purchase",
    "calendar|agenda,event,meeting,appointment,schedule",
    "camera|webcam",
    "capture|record",
    "car|vehicle,automobile",
    "category|classify,topic",
    "cell|column,spreadsheet",
    "chart|plot,graph,diagram,visualize,draw",
    "chat|conversation,message,messenger",
    "checksum|hash,md5,sha256,digest",
    "child|kid,parent",
    "choose|pick,select",
    "christmas|holiday,countdown",
    "cite|citation,reference,bibliography",
    "city|town,location",
    "clean|cleanup,clear,purge,wipe,tidy",
    "clock|time,timezone",
    "clone|mirror,copy",
    "close|quit,exit,kill",
    "cloud|aws,gcp,azure",
    "cluster|kubernetes,node",
    "code|source,program",
    "color|colour,palette,rgb",
    "command|shell,terminal,console",
    "comment|annotation,docstring",
    "connect|login,session,join",
    "contact|vcard,phone",
    "container|docker,pod",
    "contract|rule,policy,compliance,standard,convention,guideline",
    "control|remote,manage",
    "copy|duplicate",
    "core|cpu,processor",
    "countdown|timer,until,remaining",
    "count|total,statistics,frequency",
    "cpu|processor,load",
    "crash|hang,freeze,stuck,unresponsive",
    "crawl|scrape,spider",
    "cut|trim,truncate,shorten",
    "daily|day,today",
    "dashboard|panel,monitor",
    "date|calendar",
    "debug|trace,breakpoint",
    "definition|dictionary,meaning,define",
    "deploy|deployment,release,publish,ship,rollout",
    "desktop|wallpaper,window",
    "diagram|draw,mermaid",
    "disconnect|logout,leave",
    "disk|drive,storage,volume,space",
    "distance|kilometre,kilometer,mile,metre,meter",
    "document|doc,docx",
    "domain|dns,hostname,whois",
    "draw|plot,sketch,paint",
    "duplicate|twice,repeated,double,dedupe",
    "earth|planet,space,nasa",
    "edit|modify",
    "email|inbox,gmail,smtp",
    "emoji|emoticon,smiley",
    "empty|clear",
    "environment|env,variable,dotenv",
    "epoch|timestamp,seconds",
    "escape|encode,quote",
    "estimate|predict,forecast",
    "event|meeting,appointment",
    "exit|quit,stop",
    "expire|expiration,valid",
    "explorer|finder",
    "extract|parse,unpack",
    "face|facial,portrait",
    "factor|prime,divisor",
    "feedback|review,comment",
    "feed|rss,news",
    "film|record",
    "filter|select,grep",
    "finish|complete,done,end",
    "flight|plane,airport,travel",
    "font|typeface",
    "food|recipe,meal,restaurant",
    "free|available,unused,clean",
    "frequency|often",
    "fresh|new,random",
    "full|capacity,usage,percent",
    "function|method",
    "game|play,puzzle",
    "google|gcp,gce",
    "gpu|graphics",
    "greedy|greed",
    "grep|search,pattern",
    "group|cluster,category,classify",
    "guess|estimate,predict",
    "hardware|device,machine,system",
    "hash|digest,fingerprint",
    "headphones|airpods,headset,bluetooth",
    "health|fitness,medical,bmi",
    "heat|temperature,thermal",
    "helm|chart",
    "hide|hidden,conceal",
    "history|log,past",
    "holiday|vacation,festival",
    "host|machine,server",
    "hour|hourly,time",
    "html|page",
    "http|request,api,curl",
    "icon|logo,favicon",
    "identifier|id,uuid,guid,unique",
    "improve|optimize,enhance,better",
    "index|indices",
    "infrastructure|terraform,cloud",
    "insert|put",
    "install|setup",
    "instance|vm,virtual",
    "investor|stock,market,finance",
    "invoice|bill,payment,receipt",
    "ip|address,network",
    "issue|ticket,bug",
    "job|task,batch,queue",
    "joke|funny,quote",
    "journal|diary,log,note",
    "junk|spam",
    "kernel|linux",
    "keyboard|shortcut,hotkey",
    "key|keypair,ssh",
    "kilogram|pound,weight",
    "laptop|computer,notebook",
    "large|enlarge,upscale,maximum,size",
    "law|legal,court",
    "leftover|unused,orphaned,stale,obsolete",
    "limit|quota,maximum",
    "line|row",
    "listen|receive",
    "loan|interest,mortgage",
    "location|place,map,coordinates,gps,geocode",
    "logged|session,user,who",
    "long|duration",
    "machine|computer,server,device,system",
    "manage|organize",
    "map|route,directions",
    "market|stock,price",
    "maze|labyrinth",
    "measure|meter",
    "medicine|medical,health,drug",
    "memory|ram,swap",
    "message|sms,notification",
    "microphone|mic,voice",
    "migrate|move,transfer",
    "minute|timer",
    "mirror|replicate,sync",
    "money|price,cost,finance",
    "monitor|screen,display",
    "month|monthly",
    "mood|feeling,emotion,sentiment",
    "most|top,popular",
    "mouse|click,cursor",
    "move|transfer,relocate",
    "music|playlist,album",
    "mute|silence,sound",
    "news|headline,article",
    "night|schedule,dark,daily",
    "note|memo",
    "number|integer,digit",
    "numeral|roman,number",
    "offline|cache,download",
    "old|outdated,stale,previous,age,oldest",
    "online|web,maintenance",
    "optimize|performance",
    "order|shop,delivery",
    "otp|totp,2fa,mfa,authenticator,onetime",
    "outdated|upgrade,update,newer",
    "overview|summary,dashboard",
    "owner|author",
    "own|custom",
    "package|npm,pip,brew,apt",
    "packet|udp,tcp,datagram",
    "page|website",
    "paper|arxiv,research",
    "paraphrase|rephrase,reword",
    "parcel|tracking,delivery,shipping",
    "password|otp,login",
    "pause|resume,stop,play",
    "pay|payment,price,cost",
    "photograph|photo,image,picture",
    "pipeline|workflow,ci,build",
    "plagiarism|similarity,copied",
    "plain|text,raw",
    "plan|schedule",
    "playing|current,nowplaying",
    "poem|poetry,verse",
    "popular|top,trending",
    "popup|dialog,notification",
    "port|socket,listening",
    "presentation|slides,powerpoint,pptx",
    "previous|last,rollback",
    "price|rate,value",
    "private|personal,secret",
    "program|process,software",
    "progress|status",
    "protect|secure",
    "proxy|tunnel",
    "public|open,shared",
    "publish|release",
    "pull|fetch,sync",
    "push|upload,sync",
    "puzzle|sudoku",
    "question|query,prompt",
    "queue|broker",
    "quiz|question,trivia",
    "quote|citation",
    "radio|stream,music",
    "rain|weather,umbrella",
    "random|shuffle,dice",
    "read|parse,extract",
    "reboot|shutdown",
    "receive|incoming",
    "recipe|cook,meal",
    "recognize|recognition,detect,classify",
    "recover|restore,backup",
    "redact|mask,anonymize,sanitize",
    "refactor|rewrite,cleanup",
    "reference|link,citation",
    "refresh|reload,update",
    "regex|regular,expression,pattern",
    "reminder|todo",
    "remote|ssh,server",
    "replace|substitute,swap",
    "report|summary,statistics",
    "repository|project",
    "request|call,query",
    "research|study",
    "restart|reload,relaunch",
    "restore|undo,revert",
    "rest|api",
    "resume|cv,career",
    "revert|rollback,undo,reset",
    "review|critique,audit",
    "rewrite|rephrase,paraphrase",
    "robot|bot,automation",
    "rule|policy,lint",
    "salary|pay,income",
    "sanitize|clean,escape",
    "scan|ocr",
    "scared|fear,afraid",
    "schedule|periodic",
    "school|student,course,exam,grade",
    "score|match,result",
    "screenshot|screen",
    "screen|display,window",
    "second|rate,time",
    "secret|credential,token,vault",
    "security|exploit",
    "sell|shop,market",
    "send|deliver",
    "sentence|text,phrase",
    "session|login",
    "share|upload,link",
    "shell|bash,terminal",
    "ship|vessel,marine",
    "shop|product,ecommerce",
    "shortcut|alias,hotkey",
    "show|view,print,open",
    "shrink|compress,reduce,resize,smaller",
    "signature|verify",
    "sign|login,signature",
    "silent|mute,quiet",
    "similar|likeness,same",
    "simulate|emulate",
    "single|merge,combine,one",
    "sky|astronomy,star,weather",
    "small|compress,reduce,lower,lowercase,minify,mini",
    "song|audio,spotify",
    "sort|order,arrange,rank,organize",
    "space|usage,size,capacity",
    "speak|say,voice,speech,tts",
    "speech|voice,spoken,dictation,transcribe",
    "sport|football,cricket,soccer,match",
    "spreadsheet|sheet,workbook,xls",
    "stats|statistics,usage,metrics",
    "status|state,info",
    "stick|usb,flash",
    "stock|ticker,share,finance",
    "stopwatch|timer",
    "story|tale,novel",
    "stream|live,twitch",
    "street|address,map",
    "subtitle|caption,srt",
    "summary|abstract,digest",
    "sum|total,add",
    "sun|sunrise,sunset,solar",
    "switch|toggle,change",
    "synchronize|sync,mirror",
    "table|column,row",
    "tag|label,version",
    "talk|speak,voice",
    "task|todo",
    "tax|finance,income",
    "team|group,member",
    "telephone|call",
    "temperature|sensor,thermal,celsius,fahrenheit",
    "template|boilerplate,scaffold,skeleton,starter,example",
    "terminal|console",
    "test|check,try,spec",
    "theme|appearance,dark,mode",
    "ticket|jira",
    "timer|pomodoro",
    "today|day",
    "together|merge,combine,join",
    "toggle|turn",
    "token|credential",
    "topic|subject,theme",
    "track|monitor,follow",
    "traffic|bandwidth,network",
    "train|railway,transit,bus",
    "transcribe|transcript",
    "trash|bin,recycle,rubbish",
    "travel|trip,hotel",
    "trend|history",
    "tunnel|vpn",
    "undo|rollback,reset",
    "unique|distinct,duplicate",
    "unit|convert,conversion",
    "unused|orphaned,dangling,stale",
    "upgrade|latest",
    "upload|send",
    "usb|drive,flash",
    "user|member,login",
    "variable|env",
    "version|release,installed",
    "view|display",
    "virtual|vm",
    "virus|malware,antivirus",
    "visit|open,browse",
    "voice|audio",
    "vote|poll,survey",
    "vpn|wireguard",
    "wait|until,finished",
    "wallpaper|background",
    "waste|unused,cache,clean",
    "watch|monitor,observe,tail",
    "week|weekly",
    "weight|mass",
    "whitespace|spaces,trailing,indent",
    "word|vocabulary,dictionary,term",
    "workbook|excel,xlsx",
    "workflow|action",
    "world|country,global,globe",
    "worth|value",
    "writable|write,permission",
    "write|author",
    "wrote|author,contributor",
    "year|yearly,annual",
    "youtube|video,playlist",
    "zip|unzip,tar,gzip,extract",
];

/// Common words of English that say less than their rarity in a catalog suggests: descriptions seldom have them, but
/// questions do.
const WEAK: &str = "\
    able actually again allowed already also always anybody apart away back become begin best better bit bring \
    came come currently doing done down either enough even everybody everyone exactly far few first found full \
    get go goes going gone good great happen hard hold keep kept know known last later least leave left less \
    lets long look lot made make many maybe means mine moment myself near nearby needs never new next nice off \
    often old once one others otherwise part people person place possible put quite rather ready real really \
    right said say see seen several shall short simply since single somebody somehow somewhere soon still stuff \
    sure take taken tell thing think three till together told took toward try two under until upon useful \
    usually wanted way well went whole within without wont work yet";

/// Both tables, by stems.
pub(super) struct Associations {
    found: HashMap<String, Vec<String>>,
    weak: HashSet<String>,
}

static TABLE: LazyLock<Associations> = LazyLock::new(Associations::new);

pub(super) fn associations() -> &'static Associations {
    &TABLE
}

impl Associations {
    fn new() -> Associations {
        let mut found = HashMap::<String, Vec<String>>::new();
        for (word, others) in ASSOCIATED.iter().filter_map(|line| line.split_once('|')) {
            let word = stem(word);
            for other in others.split(',').map(stem) {
                found.entry(word.clone()).or_default().push(other.clone());
                found.entry(other).or_default().push(word.clone());
            }
        }
        Associations { found, weak: WEAK.split(' ').map(stem).collect() }
    }

    /// The stems that a search also looks for.
    pub(super) fn of(&self, stem: &str) -> &[String] {
        self.found.get(stem).map_or(&[], Vec::as_slice)
    }

    /// Whether a stem says little in a question.
    pub(super) fn is_weak(&self, stem: &str) -> bool {
        self.weak.contains(stem)
    }
}

#[cfg(test)]
mod tests {
    use super::super::meanings::meanings;
    use super::super::terms::is_stop_word;
    use super::*;

    #[test]
    fn each_pair_stands_once_and_not_in_the_table_of_meanings() {
        let mut seen = HashSet::new();
        for (word, others) in ASSOCIATED.iter().map(|line| line.split_once('|').unwrap()) {
            for other in others.split(',') {
                let (one, two) = (stem(word), stem(other));
                assert_ne!(one, two, "{word} and {other} are one term");
                assert!(!meanings().related(&one).contains(&two), "{word} and {other} are related already");
                let pair = if one < two { (one, two) } else { (two, one) };
                assert!(seen.insert(pair), "{word} and {other} stand twice");
            }
        }
        assert!(ASSOCIATED.is_sorted());
    }

    #[test]
    fn words_find_each_other_in_both_directions() {
        let table = associations();
        for (one, other) in [("rollback", "undo"), ("stick", "usb"), ("heat", "temperature")] {
            assert!(table.of(&stem(one)).contains(&stem(other)), "{one}");
            assert!(table.of(&stem(other)).contains(&stem(one)), "{other}");
        }
        assert!(table.of("zebra").is_empty());
    }

    #[test]
    fn weak_words_are_no_stop_words() {
        assert!(WEAK.split(' ').all(|word| !word.is_empty() && !is_stop_word(word)));
        assert!(associations().is_weak(&stem("put")) && !associations().is_weak(&stem("docker")));
    }
}
