//! Which entries count if signatures are required, for logs that an attacker could write.

use super::*;
use crate::store::LogSignature;

fn unsigned(operation: i64, subject: &str, target: Option<&str>) -> Unsigned {
    Unsigned {
        operation: OperationId(operation),
        verb: "grant".to_owned(),
        subject: subject.to_owned(),
        who: "Eve".to_owned(),
        why: "it has no signature".to_owned(),
        target: target.map(str::to_owned),
    }
}

#[test]
fn an_unsigned_entry_speaks_against_its_own_subject_and_against_what_it_took_back() {
    let trust = Trust { whole: None, unsigned: vec![unsigned(3, "t", None), unsigned(5, "undone", Some("u"))] };
    for (subject, operation, by) in [
        ("t", 1, Some(3)),
        ("other", 3, Some(3)),
        ("u", 1, Some(5)),
        ("undone", 1, Some(5)),
        ("other", 5, Some(5)),
        ("other", 4, None),
    ] {
        let against = trust.against(subject, OperationId(operation));
        assert_eq!(against.is_some(), by.is_some(), "{subject} {operation}");
        let (against, wanted) = (against.unwrap_or_default(), by.map(|by| format!("entry {by} (grant ")));
        assert!(against.starts_with(&wanted.unwrap_or_default()), "{subject} {operation}: {against}");
    }
    assert!(trust.against_subject("t").is_some_and(|why| why.ends_with("is not signed: it has no signature")));
    assert_eq!(trust.against_subject("other"), None);
    let broken = Trust { whole: Some("it is truncated".to_owned()), ..trust };
    assert_eq!(broken.against("other", OperationId(4)).as_deref(), Some("it is truncated"));
}

/// An engine that requires signatures, with this cached result about its log.
fn with_trust(trust: Trust) -> (crate::engine::tests::World, Engine) {
    let world = crate::engine::tests::World::new();
    let config = world.home().config;
    fs::create_dir_all(&config).unwrap();
    let signers = config.join("signers");
    fs::write(&signers, "").unwrap();
    let table = format!("[signing]\nrequired = true\nallowed_signers = {:?}\n", signers.to_string_lossy());
    fs::write(world.home().config_file(), table).unwrap();
    let engine = world.open();
    let judge = engine.integrity().judge().unwrap_or_else(|why| panic!("{why}"));
    let version = engine.workspace.read(|q| Ok(q.data_version()?)).unwrap();
    *lock(&engine.states.trust_cache.trust) = Some((version, judge.digest, Arc::new(trust)));
    (world, engine)
}

#[test]
fn what_is_not_signed_is_told_of_all_tools_or_of_one_and_not_without_end() {
    let entries = [unsigned(1, "t", None), unsigned(2, "u", Some("t")), unsigned(3, "v", None)];
    let (_world, engine) = with_trust(Trust { whole: None, unsigned: entries.to_vec() });
    let told = |only: Option<&str>| {
        let only = only.map(|name| ToolName::new(name).unwrap());
        let faults = engine.integrity().faults_of_trust(only.as_ref()).unwrap();
        faults.iter().map(|fault| fault.split(' ').nth(1).unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(None), ["1", "2", "3"]);
    assert_eq!((told(Some("t")), told(Some("v"))), (vec!["1".to_owned(), "2".to_owned()], vec!["3".to_owned()]));
    assert_eq!(told(Some("nobody")), Vec::<String>::new());
    let problem = engine.integrity().problem_of_trust().unwrap().unwrap().message;
    assert!(problem.starts_with("entry 1 ") && problem.ends_with(", and 2 more"), "{problem}");
    for (count, last) in [(NAMED, "entry 20 "), (NAMED + 1, "1 entry more"), (NAMED + 2, "2 entries more")] {
        let unsigned = (1..).map(|id| unsigned(id, "t", None)).take(count).collect();
        let (_world, engine) = with_trust(Trust { whole: None, unsigned });
        let faults = engine.integrity().faults_of_trust(None).unwrap();
        assert!(faults.last().unwrap().starts_with(last), "{faults:?}");
        assert_eq!(faults.len(), count.min(NAMED + 1));
    }
    let (_world, engine) = with_trust(Trust { whole: Some("it is truncated".to_owned()), unsigned: Vec::new() });
    assert_eq!(engine.integrity().faults_of_trust(None).unwrap(), ["it is truncated"]);
    assert!(
        engine.integrity().problem_of_trust().unwrap().unwrap().message.contains("are not in force: it is truncated")
    );
    let (_world, engine) = with_trust(Trust::default());
    assert_eq!(
        (engine.integrity().faults_of_trust(None).unwrap(), engine.integrity().problem_of_trust().unwrap()),
        (Vec::new(), None)
    );
}

#[test]
fn signers_count_only_from_where_the_tools_and_their_state_cannot_be_written() {
    let (world, engine) = with_trust(Trust::default());
    let judged = |path: &Path| {
        fs::write(path, "").unwrap();
        engine.integrity().judge_of(path).map(drop)
    };
    assert_eq!(judged(&world.home().config.join("others")), Ok(()));
    assert!(judged(&world.root().join("signers")).unwrap_err().contains("is in the workspace"));
    assert!(judged(&engine.workspace.state_dir.join("signers")).unwrap_err().contains("is in the state folder"));
    assert!(engine.integrity().judge_of(Path::new("/nowhere/signers")).is_err());
    let digest = |text: &str| {
        let path = world.home().config.join("others");
        fs::write(&path, text).unwrap();
        engine.integrity().judge_of(&path).map_or(Digest([0; 32]), |judge| judge.digest)
    };
    assert_ne!(digest("a"), digest("b"), "what was verified is known of these signers");
    assert_eq!(digest("a"), digest("a"));
    // The private key, or the public key of a key in the agent.
    let key = world.home().config.join("id");
    fs::write(key.with_extension("pub"), "ssh-ed25519 AAAA ada\n").unwrap();
    fs::write(&key, "").unwrap();
    for path in [&key, &key.with_extension("pub")] {
        let text = fs::read_to_string(engine.integrity().own_signers(path).unwrap()).unwrap();
        assert_eq!(text, format!("* namespaces=\"{}\" ssh-ed25519 AAAA ada\n", runner::NAMESPACE));
    }
    fs::write(key.with_extension("pub"), "ssh-ed25519 BBBB ada\n").unwrap();
    assert!(fs::read_to_string(engine.integrity().own_signers(&key).unwrap()).unwrap().contains("BBBB"), "a new key");
    let inside = world.root().join("id");
    fs::write(&inside, "").unwrap();
    assert_eq!(engine.integrity().own_signers(&inside).unwrap_err(), "the key is in the workspace");
}

#[test]
fn a_key_that_expires_is_asked_about_again_every_hour() {
    const HOUR: i64 = 3_600_000;
    for (signers, at, hour) in [
        ("ada ssh-ed25519 AAAA", 7 * HOUR, -1),
        ("ada valid-before=\"20270101\" ssh-ed25519 AAAA", 7 * HOUR, 7),
        ("ada VALID-AFTER=\"20270101\" ssh-ed25519 AAAA", 8 * HOUR - 1, 7),
        ("ada valid-before=\"20270101\" ssh-ed25519 AAAA", 8 * HOUR, 8),
    ] {
        assert_eq!(hour_of(signers.as_bytes(), Instant(at)), hour, "{signers}");
    }
}

#[test]
fn how_far_the_log_was_signed_is_kept_read_back_and_not_guessed() {
    let (_world, engine) = with_trust(Trust::default());
    assert_eq!(engine.integrity().head("here"), Ok(None));
    let head = (OperationId(7), Digest([7; 32]));
    engine.integrity().keep_head("here", head).unwrap();
    assert_eq!((engine.integrity().head("here"), engine.integrity().head("there")), (Ok(Some((7, head.1))), Ok(None)));
    for damaged in ["", "7", "x y", "7 0707"] {
        fs::write(engine.integrity().head_file("here"), damaged).unwrap();
        assert!(engine.integrity().head("here").unwrap_err().contains("is damaged"), "{damaged:?}");
    }
    fs::remove_file(engine.integrity().head_file("here")).unwrap();
    fs::create_dir(engine.integrity().head_file("here")).unwrap();
    assert!(engine.integrity().head("here").is_err(), "what cannot be read is not taken for nothing");
}

/// A key, an engine that requires its signatures, and logs signed with it.
struct Forge {
    world: crate::engine::tests::World,
    engine: Engine,
    key: PathBuf,
}

/// An entry of a forged log.
#[derive(Clone)]
struct Entry {
    id: i64,
    verb: &'static str,
    detail: String,
    prev_hash: Digest,
    hash: Digest,
    undone_by: Option<i64>,
    signature: Option<LogSignature>,
}

impl Entry {
    fn row(&self) -> LogRow<'_> {
        LogRow {
            id: self.id,
            at: Instant(self.id),
            who: "Ada <ada@example.org>",
            verb: self.verb,
            subject: "t",
            detail: &self.detail,
            prev_hash: self.prev_hash,
            hash: self.hash,
            reversible: true,
            undone_by: self.undone_by,
            signature: self.signature.clone(),
        }
    }
}

impl Forge {
    fn new() -> Forge {
        let world = crate::engine::tests::World::new();
        let config = world.home().config;
        fs::create_dir_all(&config).unwrap();
        let key = config.join("key");
        let keygen = ["-q", "-t", "ed25519", "-C", "", "-N", "", "-f"];
        assert!(std::process::Command::new("ssh-keygen").args(keygen).arg(&key).status().unwrap().success());
        let table = format!("[signing]\nrequired = true\nkey = {:?}\n", key.to_string_lossy());
        fs::write(world.home().config_file(), table).unwrap();
        let engine = world.open();
        Forge { world, engine, key }
    }

    /// Appends an entry, and signs it if its verb demands a signature.
    fn append(&self, log: &mut Vec<Entry>, verb: &'static str, detail: &str) {
        let prev_hash = log.last().map_or(Digest([0; 32]), |last| last.hash);
        let (id, detail) = (log.len() as i64 + 1, detail.to_owned());
        let mut entry = Entry { id, verb, detail, prev_hash, hash: Digest([0; 32]), undone_by: None, signature: None };
        entry.hash = entry.row().expected_hash();
        if demands_signature(verb) {
            self.sign(&mut entry, &self.engine.integrity().signing_space());
        }
        log.push(entry);
    }

    fn sign(&self, entry: &mut Entry, space: &str) {
        let text = signed_text(space, &entry.row().operation().unwrap());
        let signature = runner::sign(&self.engine.workspace.programs, &self.key, &text).unwrap();
        entry.signature = Some(LogSignature { space: space.to_owned(), signature });
    }

    /// Five entries: two that need no signature, an undone approval with its undo, and a valid approval.
    fn log(&self) -> Vec<Entry> {
        let mut log = Vec::new();
        self.append(&mut log, "scan", "{}");
        self.append(&mut log, "approve", "{\"digest\": \"00\"}");
        self.append(&mut log, "undo", "{\"operation\": 2}");
        self.append(&mut log, "approve", "{\"digest\": \"11\"}");
        self.append(&mut log, "scan", "{}");
        log[1].undone_by = Some(3);
        log
    }

    /// Signs a log at its present state.
    fn sign_whole(&self, log: &mut Vec<Entry>) {
        let rows = log.iter().fold(Digest([0; 32]), |rows, entry| entry.row().digest_after(rows));
        self.append(log, SIGN, &format!("{{\"rows\": \"{rows}\"}}"));
    }

    /// The result for a log that is known to be signed up to `head`: the fault of the whole log, and the numbers of
    /// unsigned entries.
    fn walk(&self, head: Option<(i64, Digest)>, log: &[Entry]) -> (String, Vec<i64>) {
        let judge = self.engine.integrity().judge().unwrap_or_else(|why| panic!("{why}"));
        let mut walk = Walk {
            engine: &self.engine,
            judge: &judge,
            space: self.engine.integrity().signing_space(),
            head,
            last: 0,
            hash: Digest([0; 32]),
            rows: Digest([0; 32]),
            faults: Vec::new(),
            unsigned: Vec::new(),
            marked: HashSet::new(),
            undone: HashSet::new(),
        };
        for entry in log {
            walk.step(&entry.row());
        }
        let trust = walk.end();
        (trust.whole.unwrap_or_default(), trust.unsigned.iter().map(|entry| entry.operation.0).collect())
    }
}

#[test]
fn a_log_that_somebody_wrote_in_does_not_count() {
    let forge = Forge::new();
    let log = forge.log();
    let head = Some((4, log[3].hash));
    assert_eq!(forge.walk(head, &log), (String::new(), vec![]), "the log as it was written");
    assert_eq!(forge.walk(None, &log), (String::new(), vec![]));
    let last = Some((5, log[4].hash));
    assert_eq!(forge.walk(last, &log), (String::new(), vec![]), "signed to its very end");

    let fault = |head: Option<(i64, Digest)>, change: &dyn Fn(&mut Vec<Entry>)| {
        let mut log = log.clone();
        change(&mut log);
        forge.walk(head, &log).0
    };
    let begins = |said: &str, begin: &str| assert!(said.starts_with(begin), "{said:?} does not begin with {begin:?}");
    begins(&fault(None, &|log| drop(log.remove(0))), "entry 1 is missing from the log");
    begins(&fault(None, &|log| drop(log.drain(1..3))), "entries 2 to 3 are missing from the log");
    let other = Digest([7; 32]);
    let follows = fault(None, &|log| {
        log[4].prev_hash = other;
        log[4].hash = log[4].row().expected_hash();
    });
    assert_eq!(follows, "log entry 5 does not follow entry 4");
    let changed = fault(None, &|log| log[4].detail = "{\"to\": \"core\"}".to_owned());
    assert_eq!(changed, "log entry 5 was changed");
    let rewritten = fault(Some((5, other)), &|_| {});
    assert_eq!(rewritten, "log entry 5 is not the signed one: the log was rewritten");
    assert_eq!(
        fault(Some((9, other)), &|_| {}),
        "the log has 5 entries but was signed up to entry 9: it was truncated or replaced with an older copy"
    );
    begins(&fault(head, &|log| log.truncate(1)), "the log has 1 entry but was signed up to entry 4");
    let marked = fault(None, &|log| log[3].undone_by = Some(5));
    assert_eq!(marked, "entry 4 is marked as undone by 5, but the log does not say so");
    let unmarked = fault(None, &|log| log[1].undone_by = None);
    assert_eq!(unmarked, "entry 2 is marked as undone by 3, but the log does not say so");
    let unreadable = fault(None, &|log| {
        log[3].detail = "{".to_owned();
        log[3].hash = log[3].row().expected_hash();
    });
    assert!(unreadable.contains("log entry 4 cannot be read"), "{unreadable}");
}

#[test]
fn an_entry_counts_by_a_signature_over_itself_in_this_workspace_and_by_one_over_the_log() {
    let forge = Forge::new();
    let log = forge.log();
    let unsigned = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut log = log.clone();
        change(&mut log);
        let (whole, unsigned) = forge.walk(None, &log);
        assert_eq!(whole, "");
        unsigned
    };
    assert_eq!(unsigned(&|log| log[3].signature = None), [4]);
    assert_eq!(unsigned(&|log| log[3].signature = log[1].signature.clone()), [4], "that of another entry");
    assert_eq!(unsigned(&|log| forge.sign(&mut log[3], "elsewhere")), [4]);
    assert_eq!(unsigned(&|log| log[0].signature = None), Vec::<i64>::new(), "a scan needs none");
    assert_eq!(unsigned(&|log| log[2].signature = None), [3], "it takes something back all the same");

    // A signature over the current log makes earlier entries count; later unsigned entries do not.
    let mut whole = log.clone();
    whole[3].signature = None;
    whole[4].prev_hash = Digest([7; 32]);
    whole[4].hash = whole[4].row().expected_hash();
    let mut after = whole.clone();
    forge.sign_whole(&mut after);
    assert_eq!(forge.walk(None, &after), (String::new(), vec![]));
    forge.append(&mut after, "approve", "{}");
    after.last_mut().unwrap().signature = None;
    assert_eq!(forge.walk(None, &after), (String::new(), vec![7]));
    // A `sign` entry over other rows, or without a signature, signs nothing.
    let mut elsewhere = log.clone();
    forge.sign_whole(&mut elsewhere);
    elsewhere[4].detail = "{\"to\": \"core\"}".to_owned();
    elsewhere[4].hash = elsewhere[4].row().expected_hash();
    assert_eq!(forge.walk(None, &elsewhere), ("log entry 6 does not follow entry 5".to_owned(), vec![]));
    let mut by_nobody = whole;
    forge.sign_whole(&mut by_nobody);
    by_nobody[5].signature = None;
    let (fault, unsigned) = forge.walk(None, &by_nobody);
    assert_eq!((fault.as_str(), unsigned), ("log entry 5 does not follow entry 4", vec![4, 6]));
}

#[test]
fn a_key_signs_also_where_nothing_has_to_be_signed() {
    let forge = Forge::new();
    let config = forge.engine.workspace.options.home.config_file();
    let table = fs::read_to_string(&config).unwrap().replace("required = true\n", "");
    fs::write(&config, table).unwrap();
    forge.world.drop_pair();
    let engine = forge.world.open();
    crate::engine::tests::decide(&engine, crate::domain::DecisionKind::Approve).unwrap();
    let entry = engine.history().operations(1, None).unwrap().remove(0);
    let kept = engine.workspace.read(|q| Ok(q.log_signature(entry.id)?)).unwrap().unwrap();
    assert_eq!(kept.space, engine.integrity().signing_space());
    assert_eq!(engine.integrity().head(&kept.space), Ok(Some((entry.id.0, entry.hash))));
    assert_eq!(engine.integrity().touch_notice(), None);
    fs::write(forge.key.with_extension("pub"), "sk-ssh-ed25519@openssh.com AAAA\n").unwrap();
    assert_eq!(engine.integrity().touch_notice(), Some("touch your security key when it blinks, to sign this"));
}
