//! Tests of criteria, of approvals of differences, and of decisions of other teams.

use super::signature::test_key;
use super::*;
use crate::domain::{CostTier, Digest, Instant, Stage, ToolName};
use std::collections::BTreeMap;

const NAMES: [&str; 3] = ["Ada <ada@x>", "Bob <bob@x>", "Cy <cy@x>"];
const THEIRS: [&str; 2] = ["Zoe <zoe@z>", "Yan <yan@z>"];

/// A policy with these signers, the first of whom is the administrator; `seed` distinguishes their keys from others.
fn policy(extra: &str, names: &[&str], seed: u8) -> TeamPolicy {
    let signers = names.iter().zip(seed..).map(|(name, seed)| {
        format!("[[signers]]\nname = \"{name}\"\nkey = \"{}\"\nroles = [\"admin\"]\n", test_key(seed))
    });
    TeamPolicy::read(format!("{extra}\n{}", signers.collect::<String>()).as_bytes()).unwrap()
}

fn ours(extra: &str) -> TeamPolicy {
    policy(extra, &NAMES, 1)
}

fn digest(number: u8) -> Digest {
    Digest([number; 32])
}

#[derive(Default, Clone)]
struct Files(BTreeMap<FileName, SignedDecision>);

impl Files {
    fn put(&mut self, (name, seed): (&str, u8), version: u8, change: impl Fn(&mut TeamDecision)) -> FileName {
        let mut decision = TeamDecision {
            kind: TeamKind::Approve,
            subject: Subject::Version {
                tool: ToolName::new("t").unwrap(),
                version: "1.0.0".parse().unwrap(),
                digest: digest(version),
                stage: Stage::Core,
                tier: CostTier::Low,
            },
            criteria: vec![RUN.to_owned()],
            base: None,
            evidence: None,
            answers: Vec::new(),
            reviewer: name.to_owned(),
            role: None,
            agent: None,
            at: Instant(1_700_000_000_000 + i64::try_from(self.0.len()).unwrap()),
            reason: None,
        };
        change(&mut decision);
        let key = test_key(seed);
        let name = FileName::of(format!("{}{key}", decision.text()).as_bytes());
        self.0.insert(name, SignedDecision { decision, key });
        name
    }

    /// An approval by one of our signers.
    fn yes(&mut self, who: u8, version: u8, criteria: &[&str], base: Option<u8>) -> FileName {
        self.put((NAMES[usize::from(who)], who + 1), version, |decision| {
            decision.criteria = criteria.iter().map(|name| (*name).to_owned()).collect();
            decision.base = base.map(digest);
        })
    }

    fn no(&mut self, who: u8, version: u8, kind: TeamKind, answers: &[FileName]) -> FileName {
        self.put((NAMES[usize::from(who)], who + 1), version, |decision| {
            (decision.kind, decision.answers) = (kind, answers.to_vec());
            decision.criteria.clear();
        })
    }

    fn version(&self, rules: &TeamRules, version: u8) -> TeamVersion {
        TeamVersion::of(rules, digest(version), &self.0).unwrap()
    }

    /// The criteria for which a version is approved, and its status.
    fn found(&self, rules: &TeamRules, version: u8) -> (String, TeamStatus) {
        let found = self.version(rules, version);
        let criteria: Vec<&str> = found.criteria_for(&found.tool, Stage::Core).into_iter().collect();
        (criteria.join(" "), found.status())
    }
}

const CORE_IS_DEPLOYED: &str = "thresholds = [{ stage = \"core\", criteria = [\"deploy\"] }]";

#[test]
fn a_version_is_approved_for_what_its_stage_needs_and_a_criterion_counts_for_what_it_implies() {
    let own = "[[criteria]]\nname = \"audited\"\nimplies = [\"deploy\"]\n[[criteria]]\nname = \"licence\"\n";
    let rules = TeamRules::alone(ours(&format!("{CORE_IS_DEPLOYED}\n{own}")));
    let of = |criteria: &[&str]| {
        let mut files = Files::default();
        files.yes(0, 1, criteria, None);
        files.found(&rules, 1)
    };
    assert_eq!(of(&["run"]), ("run".to_owned(), TeamStatus::PartlyApproved));
    assert_eq!(of(&["deploy"]), ("deploy run".to_owned(), TeamStatus::Approved));
    assert_eq!(of(&["audited"]), ("audited deploy run".to_owned(), TeamStatus::Approved));
    assert_eq!(of(&["licence"]), ("licence".to_owned(), TeamStatus::PartlyApproved));
    assert_eq!(of(&["unheard"]), (String::new(), TeamStatus::PartlyApproved));
    let mut files = Files::default();
    files.yes(0, 1, &["run"], None);
    files.yes(1, 1, &["deploy"], None);
    assert_eq!(files.found(&rules, 1), ("deploy run".to_owned(), TeamStatus::Approved));
    // Unless the policy states more, a version needs only the criterion `run`.
    assert_eq!(files.found(&TeamRules::alone(ours("")), 1).1, TeamStatus::Approved);
}

#[test]
fn each_criterion_has_its_own_number_of_approvals() {
    let rules = TeamRules::alone(ours(
        "thresholds = [{ stage = \"core\", criteria = [\"deploy\"], approvals = 2 }, { stage = \"core\", approvals = 1 }]",
    ));
    let mut files = Files::default();
    files.yes(0, 1, &["deploy"], None);
    let version = files.version(&rules, 1);
    let missing =
        |criterion: &str| version.scopes.iter().find(|scope| scope.criterion == criterion).unwrap().missing.join(", ");
    assert_eq!((missing("run"), missing("deploy")), (String::new(), "1 more approval".to_owned()));
    files.yes(1, 1, &["run"], None);
    assert_eq!(files.found(&rules, 1), ("run".to_owned(), TeamStatus::PartlyApproved));
    files.yes(2, 1, &["deploy"], None);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::Approved);
}

#[test]
fn a_difference_counts_when_a_chain_leads_to_a_version_that_is_approved_in_full() {
    let rules = TeamRules::alone(ours(""));
    let mut files = Files::default();
    files.yes(0, 3, &["run"], Some(2));
    files.yes(1, 2, &["deploy"], Some(1));
    let alone = files.version(&rules, 3);
    assert_eq!((alone.status(), alone.unfounded.len()), (TeamStatus::PartlyApproved, 1));
    let full = files.yes(2, 1, &["run"], None);
    assert_eq!(files.found(&rules, 3), ("run".to_owned(), TeamStatus::Approved));
    // A version that was approved only for running does not gain further criteria by a difference.
    assert_eq!(files.found(&rules, 2), ("run".to_owned(), TeamStatus::Approved));
    assert_eq!(files.version(&rules, 3).unfounded, Vec::new());
    // Revoking the first approval removes the basis of all others.
    files.no(2, 1, TeamKind::Revoke, &[full]);
    assert_eq!(files.found(&rules, 3).1, TeamStatus::PartlyApproved);
}

#[test]
fn versions_that_only_refer_to_each_other_are_not_approved() {
    let rules = TeamRules::alone(ours(""));
    let mut files = Files::default();
    files.yes(0, 1, &["run"], Some(2));
    files.yes(1, 2, &["run"], Some(1));
    assert_eq!(files.found(&rules, 1).1, TeamStatus::PartlyApproved);
    assert_eq!(files.found(&rules, 2).1, TeamStatus::PartlyApproved);
    files.yes(2, 2, &["run"], None);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::Approved);
    files.no(0, 2, TeamKind::Reject, &[]);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::PartlyApproved, "it rests on a rejected version");
}

#[test]
fn every_link_of_a_chain_needs_as_many_people_as_the_version_itself() {
    let rules = TeamRules::alone(ours("thresholds = [{ tier = \"high\", approvals = 2 }]"));
    let mut files = Files::default();
    files.yes(0, 1, &["run"], None);
    let high = |files: &mut Files, who: u8| {
        files.put((NAMES[usize::from(who)], who + 1), 2, |decision| {
            decision.base = Some(digest(1));
            if let Subject::Version { tier, .. } = &mut decision.subject {
                *tier = CostTier::High;
            }
        })
    };
    high(&mut files, 0);
    high(&mut files, 1);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::Approved, "it is of a low tier itself");
    assert_eq!(files.found(&rules, 2).1, TeamStatus::PartlyApproved);
    files.yes(1, 1, &["run"], None);
    assert_eq!(files.found(&rules, 2).1, TeamStatus::Approved);
}

/// The policy of another team, its decisions, and a lock that pins all of them.
struct Other {
    policy: TeamPolicy,
    files: Files,
}

impl Other {
    fn new() -> Other {
        Other { policy: policy("thresholds = [{ criteria = [\"deploy\"] }]", &THEIRS, 101), files: Files::default() }
    }

    fn decide(&mut self, who: u8, version: u8, kind: TeamKind, criteria: &[&str]) -> FileName {
        self.files.put((THEIRS[usize::from(who)], who + 101), version, |decision| {
            decision.kind = kind;
            decision.criteria = criteria.iter().map(|name| (*name).to_owned()).collect();
        })
    }

    /// Our rules with a lock of their decisions; `mapped` maps their criteria to ours.
    fn rules(&self, extra: &str, mapped: &str, here: &Files) -> TeamRules {
        let name = FileName::of(b"their policy");
        let decisions = self.files.0.keys().copied().collect();
        let lock = ImportLock { remote: "https://z/tools.git".to_owned(), policy: name, decisions };
        let lock_name = FileName::of(lock.text().as_bytes());
        let import = format!("{extra}\n[[imports]]\nname = \"z\"\nlock = \"{lock_name}\"\ncriteria = {{ {mapped} }}\n");
        TeamRules::of(
            ours(&import),
            &BTreeMap::from([(name, self.policy.clone())]),
            &BTreeMap::from([(lock_name, lock)]),
            |name| here.0.contains_key(name),
        )
    }
}

#[test]
fn another_team_counts_only_for_the_criteria_that_the_policy_names_and_only_when_its_own_rules_are_met() {
    let mut other = Other::new();
    other.decide(0, 1, TeamKind::Approve, &["run"]);
    other.decide(0, 2, TeamKind::Approve, &["deploy"]);
    let files = other.files.clone();
    let found = |mapped: &str, version: u8| {
        let rules = other.rules("", mapped, &files);
        TeamVersion::of(&rules, digest(version), &files.0).map(|found| found.status())
    };
    assert_eq!(found("deploy = [\"run\"]", 2), Some(TeamStatus::Approved));
    assert_eq!(found("run = [\"run\"]", 1), Some(TeamStatus::Approved), "for running their own rules are met");
    assert_eq!(found("deploy = [\"run\"]", 1), Some(TeamStatus::Open), "they have not approved it for that");
    assert_eq!(found("", 2), Some(TeamStatus::Open));
    let version = files.version(&other.rules("", "deploy = [\"deploy\"]", &files), 2);
    assert!(version.uncounted.is_empty() && !version.is_of_own_team());
    assert!(version.approvals().all(|yes| yes.team.as_deref() == Some("z")));
    assert_eq!(version.criteria_for(&version.tool, Stage::Core).into_iter().collect::<Vec<_>>(), ["deploy", "run"]);
}

#[test]
fn another_team_is_one_signer_and_its_no_takes_only_its_own_yes_away() {
    let mut other = Other::new();
    other.decide(0, 1, TeamKind::Approve, &["deploy"]);
    other.decide(1, 1, TeamKind::Approve, &["deploy"]);
    let mapped = "deploy = [\"deploy\"]";
    let mut files = other.files.clone();
    let rules = other.rules("thresholds = [{ approvals = 2 }]", mapped, &files);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::PartlyApproved);
    files.yes(0, 1, &["deploy"], None);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::Approved);
    other.decide(1, 1, TeamKind::Reject, &[]);
    files.0.extend(other.files.0.clone());
    let rules = other.rules("thresholds = [{ approvals = 2 }]", mapped, &files);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::PartlyApproved);
    let one = other.rules("", mapped, &files);
    assert_eq!(files.found(&one, 1).1, TeamStatus::Approved, "our own approval is enough, and nobody here objects");
}

#[test]
fn a_list_of_which_a_part_is_absent_counts_for_nothing() {
    let mut other = Other::new();
    other.decide(0, 1, TeamKind::Approve, &["deploy"]);
    let mut files = other.files.clone();
    other.decide(1, 1, TeamKind::Reject, &[]);
    let rules = other.rules("", "deploy = [\"run\"]", &files);
    assert_eq!(rules.incomplete, [("z".to_owned(), "1 of 2 decisions".to_owned())]);
    assert_eq!(files.version(&rules, 1).status(), TeamStatus::Open);
    files.0.extend(other.files.0.clone());
    assert!(other.rules("", "deploy = [\"run\"]", &files).incomplete.is_empty());
}

#[test]
fn people_whom_the_own_policy_knows_do_not_count_twice() {
    let mut other = Other::new();
    other.policy = policy("", &[NAMES[0]], 101);
    other.files.put((NAMES[0], 101), 1, |_| ());
    let mut files = other.files.clone();
    files.yes(0, 1, &["run"], None);
    let rules = other.rules("thresholds = [{ approvals = 2 }]", "run = [\"run\"]", &files);
    assert_eq!(files.found(&rules, 1).1, TeamStatus::PartlyApproved);
}

#[test]
fn criteria_imports_and_lists_that_make_no_sense_are_refused() {
    let lock = FileName::of(b"lock");
    for (extra, says) in [
        ("[[criteria]]\nname = \"run\"\n".to_owned(), "run is defined twice"),
        ("[[criteria]]\nname = \"a b\"\n".to_owned(), "has blanks"),
        ("[[criteria]]\nname = \"a\"\nimplies = [\"b\"]\n".to_owned(), "unknown criterion \"b\""),
        ("thresholds = [{ criteria = [\"b\"] }]\n".to_owned(), "unknown criterion \"b\""),
        (
            format!("[[imports]]\nname = \"z\"\nlock = \"{lock}\"\ncriteria = {{ run = [\"b\"] }}\n"),
            "unknown criterion",
        ),
        (format!("[[imports]]\nname = \" \"\nlock = \"{lock}\"\n"), "name of an import is empty"),
    ] {
        let text = format!("{extra}[[signers]]\nname = \"A\"\nkey = \"{}\"\nroles = [\"admin\"]\n", test_key(1));
        let why = TeamPolicy::read(text.as_bytes()).unwrap_err();
        assert!(why.contains(says), "{extra}: {why}");
    }
    let names = [FileName::of(b"1"), FileName::of(b"2")];
    let (low, high) = (names[0].min(names[1]), names[0].max(names[1]));
    let good = ImportLock { remote: "git@h:t.git".to_owned(), policy: lock, decisions: vec![low, high] };
    assert_eq!(UnsignedFile::read(good.text().as_bytes()), Ok(UnsignedFile::Lock(good.clone())));
    let unsorted = ImportLock { decisions: vec![high, low], ..good.clone() };
    let quoted = ImportLock { remote: "a\"b".to_owned(), ..good.clone() };
    for bad in [unsorted.text(), quoted.text(), good.text() + "\n", good.text().replace("decisions", "decision")] {
        assert!(UnsignedFile::read(bad.as_bytes()).is_err(), "{bad}");
    }
}
