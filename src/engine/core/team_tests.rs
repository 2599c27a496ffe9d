//! Files that arrive one by one give the same result as all files at once.

use super::team::{decision_of, take_in, team_version, team_version_here, unanswered, unsigned_file};
use crate::domain::team::{
    DecisionText, FileName, ImportLock, Subject, TeamDecision, TeamKind, TeamState, TeamStatus, UnsignedFiles,
    test_key, test_signature,
};
use crate::domain::{CostTier, Digest, Instant, Stage, ToolName};
use crate::engine::EngineError;
use crate::store::{Store, TeamFile, TeamFiles};
use std::collections::BTreeMap;

/// The number of generated teams.
const ROUNDS: u64 = 15;

/// The number of signers in this team; the others are in another team.
const OURS: usize = 3;

const CRITERIA: [&str; 3] = ["run", "deploy", "licence"];
const STAGES: [Stage; 2] = [Stage::Approved, Stage::Core];
const TIERS: [CostTier; 2] = [CostTier::Low, CostTier::High];

/// Pseudo-random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn shuffled<T>(&mut self, mut all: Vec<T>) -> Vec<T> {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
        all
    }
}

fn seed(who: usize) -> u8 {
    u8::try_from(who).unwrap() + 1
}

fn policy(extra: &str, who: std::ops::Range<usize>) -> String {
    let signer = |who: usize| {
        format!("[[signers]]\nname = \"P{who} <p{who}@x>\"\nkey = \"{}\"\nroles = [\"admin\"]\n", test_key(seed(who)))
    };
    format!("{extra}\n{}", who.map(signer).collect::<String>())
}

/// A decision about one of four versions that answers some of the earlier decisions.
fn decision(random: &mut Random, who: usize, before: &[TeamFile]) -> TeamFile {
    const KINDS: [TeamKind; 6] = [
        TeamKind::Approve,
        TeamKind::Approve,
        TeamKind::Approve,
        TeamKind::Reject,
        TeamKind::Revoke,
        TeamKind::Request,
    ];
    let (kind, version) = (random.one(&KINDS), random.below(4));
    let digest = |version: usize| Digest([u8::try_from(version).unwrap() + 1; 32]);
    let approves = kind == TeamKind::Approve;
    let base = (approves && random.below(2) == 0).then(|| digest((version + 1 + random.below(3)) % 4));
    let mut answers: Vec<FileName> =
        before.iter().filter(|_| random.below(4) == 0).map(|file| file.name.parse().unwrap()).collect();
    answers.sort();
    let decision = TeamDecision {
        kind,
        subject: Subject::Version {
            tool: ToolName::new("t").unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest: digest(version),
            stage: random.one(&STAGES),
            tier: random.one(&TIERS),
        },
        criteria: if approves { vec![random.one(&CRITERIA).to_owned()] } else { Vec::new() },
        base,
        evidence: None,
        answers,
        reviewer: format!("P{who} <p{who}@x>"),
        role: None,
        agent: None,
        at: Instant(1_700_000_000_000 + i64::try_from(random.below(1_000_000)).unwrap()),
        reason: None,
    };
    signed_file(decision, who)
}

fn signed_file(decision: TeamDecision, who: usize) -> TeamFile {
    let (key, name) = (test_key(seed(who)), decision.kind.word().to_owned());
    let text = DecisionText::sign(decision, &test_signature(&key)).unwrap();
    let (digest, bytes) = (text.decision.digest(), text.bytes());
    TeamFile { name: FileName::of(&bytes).hex(), kind: name, digest, bytes, key: Some(key.to_string()), object: None }
}

/// A team with criteria that imports another team: the pinned policy, and all files.
fn team(random: &mut Random) -> (FileName, Vec<TeamFile>) {
    let mut files = Vec::new();
    for _ in 0..4 + random.below(16) {
        let who = random.below(OURS + 1);
        let file = decision(random, who, &files);
        files.push(file);
    }
    let mut theirs = Vec::new();
    for _ in 0..random.below(8) {
        let who = OURS + 1 + random.below(2);
        let file = decision(random, who, &theirs);
        theirs.push(file);
    }
    let their_policy = policy("", OURS + 1..OURS + 3);
    let mut decisions: Vec<FileName> = theirs.iter().map(|file| file.name.parse().unwrap()).collect();
    decisions.sort();
    decisions.dedup();
    let lock = ImportLock { remote: "/z".to_owned(), policy: FileName::of(their_policy.as_bytes()), decisions };
    let lock = lock.text();
    let extra = format!(
        "thresholds = [{{ stage = \"core\", criteria = [\"deploy\"] }}, {{ tier = \"high\", approvals = 2 }}]\n\
         [[criteria]]\nname = \"licence\"\nimplies = [\"run\"]\n\
         [[imports]]\nname = \"z\"\nlock = \"{}\"\ncriteria = {{ run = [\"run\"], deploy = [\"licence\"] }}\n",
        FileName::of(lock.as_bytes())
    );
    let own = policy(&extra, 0..OURS);
    files.extend(theirs);
    files.extend([&their_policy, &lock, &own].map(|text| unsigned_file(text.as_bytes(), None)));
    (FileName::of(own.as_bytes()), files)
}

/// The result of all files at once: the JSON of each version.
fn at_once(pin: FileName, files: &[TeamFile]) -> BTreeMap<Digest, String> {
    let mut unsigned = UnsignedFiles::default();
    files.iter().filter(|file| file.key.is_none()).for_each(|file| unsigned.add(&file.bytes));
    let decisions = files.iter().filter_map(decision_of).collect();
    let versions = TeamState::of(pin, &unsigned, &decisions).versions;
    versions.into_iter().map(|(digest, version)| (digest, serde_json::to_string(&version).unwrap())).collect()
}

#[test]
fn in_whatever_order_and_portions_files_come_the_state_is_that_of_all_of_them() {
    let (mut with_base, mut with_team, mut approved) = (0, 0, 0);
    for round in 1..=ROUNDS {
        let mut random = Random(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (pin, files) = team(&mut random);
        let expected = at_once(pin, &files);
        with_base += usize::from(expected.values().any(|text| text.contains("\"base\"")));
        with_team += usize::from(expected.values().any(|text| text.contains("\"team\"")));
        approved += usize::from(expected.values().any(|text| text.contains("\"missing\":[]")));
        for order in 0..3 {
            let dir = tempfile::tempdir().unwrap();
            let mut store = Store::open(dir.path()).unwrap();
            let mut left = random.shuffled(files.clone());
            while !left.is_empty() {
                let portion = left.split_off(left.len() - (1 + random.below(left.len())));
                store
                    .transact(Instant(1), |tx| take_in(tx, pin, &portion).map(drop).map_err(|e: EngineError| e))
                    .unwrap();
            }
            let found: BTreeMap<Digest, String> = TeamFiles(&store).states(&[]).unwrap().into_iter().collect();
            assert_eq!(found, expected, "round {round}, order {order}");
        }
    }
    // The generated teams contain the cases that the test is for.
    assert!(with_base > 4 && with_team > 4 && approved > 4, "{with_base} {with_team} {approved}");
}

#[test]
fn an_approval_that_came_after_its_key_expired_counts_on_other_machines_and_not_here() {
    const UNTIL: Instant = Instant(1_704_067_200_000);
    let entry = |who: usize, more: &str| {
        format!(
            "[[signers]]\nname = \"P{who} <p{who}@x>\"\nkey = \"{}\"\nroles = [\"admin\"]\n{more}\n",
            test_key(seed(who))
        )
    };
    let text = entry(0, "") + &entry(1, "until = \"2024-01-01T00:00:00Z\"");
    let pin = FileName::of(text.as_bytes());
    // Decisions about versions 1, 2 and 3; version 3 is rejected first. All claim to be signed in time.
    let file = |who: usize, kind: TeamKind, version: u8, answers: &[FileName]| {
        let subject = Subject::Version {
            tool: ToolName::new("t").unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest: Digest([version; 32]),
            stage: Stage::Approved,
            tier: CostTier::Low,
        };
        let decision = TeamDecision {
            kind,
            subject,
            criteria: if kind == TeamKind::Approve { vec!["run".to_owned()] } else { Vec::new() },
            base: None,
            evidence: None,
            answers: answers.to_vec(),
            reviewer: format!("P{who} <p{who}@x>"),
            role: None,
            agent: None,
            at: Instant(1_700_000_000_000),
            reason: None,
        };
        signed_file(decision, who)
    };
    let name = |file: &TeamFile| file.name.parse::<FileName>().unwrap();
    let no = file(0, TeamKind::Reject, 3, &[]);
    let early = [unsigned_file(text.as_bytes(), None), file(1, TeamKind::Approve, 1, &[]), no.clone()];
    let late = [file(1, TeamKind::Approve, 2, &[]), file(1, TeamKind::Approve, 3, &[name(&no)])];
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut take = |at: Instant, files: &[TeamFile]| {
        store.transact(at, |tx| take_in(tx, pin, files).map(drop).map_err(|e: EngineError| e)).unwrap();
    };
    take(Instant(UNTIL.0 - 1), &early);
    take(UNTIL, &late);
    let status = |version: u8| {
        let digest = Digest([version; 32]);
        let everywhere = team_version(&store, digest).unwrap().unwrap().status();
        let here = team_version_here(&store, pin, digest).unwrap().unwrap();
        (everywhere, here.status(), here.uncounted)
    };
    assert_eq!(status(1), (TeamStatus::Approved, TeamStatus::Approved, vec![]));
    let (everywhere, here, uncounted) = status(2);
    assert_eq!((everywhere, here), (TeamStatus::Approved, TeamStatus::Open));
    let why = &uncounted[0].1;
    assert!(why.starts_with("it came here 2024-01-01") && why.contains("after the key of P1 <p1@x> expired"), "{why}");
    // A late approval does not answer an objection to a version either.
    assert_eq!((status(3).0, status(3).1), (TeamStatus::Approved, TeamStatus::Rejected));
    assert_eq!(unanswered(&store, pin, Digest([3; 32])).unwrap(), [name(&no)]);
}
