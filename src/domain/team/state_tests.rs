//! Tests of the state that results from a set of decision files.

use super::signature::test_key;
use super::*;
use crate::domain::{CostTier, Digest, Instant, Stage, ToolName};
use std::collections::BTreeMap;

const NAMES: [&str; 4] = ["Ada <ada@x>", "Bob <bob@x>", "Cy <cy@x>", "Eve <eve@x>"];

fn key(who: usize) -> SigningKey {
    test_key(u8::try_from(who).unwrap() + 1)
}

fn policy(extra: &str) -> (FileName, TeamPolicy) {
    let signers = NAMES[..3].iter().enumerate().map(|(who, name)| {
        let roles = ["\"admin\", \"security\"", "\"admin\"", "\"security\""][who];
        format!("[[signers]]\nname = \"{name}\"\nkey = \"{}\"\nroles = [{roles}]\n", key(who))
    });
    let text = format!("{extra}\n{}", signers.collect::<String>());
    (FileName::of(text.as_bytes()), TeamPolicy::read(text.as_bytes()).unwrap())
}

/// The files of a team, by name.
#[derive(Default, Clone)]
struct Files(BTreeMap<FileName, SignedDecision>);

impl Files {
    fn add(&mut self, who: usize, kind: TeamKind, answers: &[FileName]) -> FileName {
        self.put(who, kind, answers, |_| ())
    }

    fn put(
        &mut self,
        who: usize,
        kind: TeamKind,
        answers: &[FileName],
        change: impl Fn(&mut TeamDecision),
    ) -> FileName {
        let mut answers = answers.to_vec();
        answers.sort();
        let at = Instant(1_700_000_000_000 + i64::try_from(self.0.len()).unwrap());
        let subject = Subject::Version {
            tool: ToolName::new("t").unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest: Digest([1; 32]),
            stage: Stage::Approved,
            tier: CostTier::Low,
        };
        let criteria = if kind == TeamKind::Approve { vec![RUN.to_owned()] } else { Vec::new() };
        let mut decision = TeamDecision {
            kind,
            subject,
            criteria,
            base: None,
            evidence: None,
            answers,
            reviewer: NAMES[who].to_owned(),
            role: None,
            agent: None,
            at,
            reason: None,
        };
        change(&mut decision);
        let name = FileName::of(format!("{}{}", decision.text(), key(who)).as_bytes());
        self.0.insert(name, SignedDecision { decision, key: key(who) });
        name
    }

    fn version(&self, extra: &str) -> TeamVersion {
        TeamVersion::of(&TeamRules::alone(policy(extra).1), Digest([1; 32]), &self.0).unwrap()
    }

    fn status(&self) -> TeamStatus {
        self.version("").status()
    }
}

fn state(extra: &str, files: &Files) -> TeamState {
    let (pin, policy) = policy(extra);
    TeamState::of(pin, &UnsignedFiles { policies: BTreeMap::from([(pin, policy)]), ..Default::default() }, &files.0)
}

#[test]
fn a_no_stands_until_a_later_yes_names_it_whatever_the_clocks_say() {
    let mut files = Files::default();
    let yes = files.add(0, TeamKind::Approve, &[]);
    assert_eq!(files.status(), TeamStatus::Approved);
    let revoke = files.add(1, TeamKind::Revoke, &[yes]);
    assert_eq!(files.status(), TeamStatus::Revoked);
    // An approval whose signer had not seen the revocation changes nothing, however far its clock is ahead.
    files.put(2, TeamKind::Approve, &[yes], |decision| decision.at = Instant(4_000_000_000_000));
    assert_eq!(files.status(), TeamStatus::Revoked);
    // An approval that answers the revocation counts, however far its clock is behind.
    files.put(2, TeamKind::Approve, &[revoke], |decision| decision.at = Instant(1));
    assert_eq!(files.status(), TeamStatus::Approved);
    let approvals = &files.version("").scopes[0].approvals;
    assert!(approvals.iter().all(|approval| approval.signer == NAMES[2]), "the revoked yes does not come back");
    files.add(1, TeamKind::Reject, &[]);
    assert_eq!(files.status(), TeamStatus::Rejected);
}

#[test]
fn an_answer_that_was_itself_taken_back_answers_nothing() {
    let mut files = Files::default();
    let reject = files.add(0, TeamKind::Reject, &[]);
    let yes = files.add(1, TeamKind::Approve, &[reject]);
    assert_eq!(files.status(), TeamStatus::Approved);
    let revoke = files.add(1, TeamKind::Revoke, &[yes]);
    let again = files.add(2, TeamKind::Approve, &[revoke]);
    assert_eq!(files.status(), TeamStatus::Rejected, "nobody answered the rejection any more");
    files.add(2, TeamKind::Approve, &[reject, again]);
    assert_eq!(files.status(), TeamStatus::Approved);
}

#[test]
fn who_rejected_takes_that_back_alone_and_nobody_else_does() {
    let mut files = Files::default();
    files.add(1, TeamKind::Approve, &[]);
    let reject = files.add(0, TeamKind::Reject, &[]);
    let mut others = files.clone();
    others.add(1, TeamKind::Revoke, &[reject]);
    assert_eq!(others.status(), TeamStatus::Revoked, "a revocation of another's no is one more no");
    files.add(0, TeamKind::Revoke, &[reject]);
    assert_eq!(files.status(), TeamStatus::Approved);
}

#[test]
fn thresholds_count_people_and_each_role_needs_a_person_of_its_own() {
    const TWO: &str = "thresholds = [{ approvals = 2, roles = [\"security\"] }]";
    let missing = |files: &Files| files.version(TWO).scopes[0].missing.join(", ");
    let role = |decision: &mut TeamDecision| decision.role = Some("security".to_owned());
    let mut files = Files::default();
    files.add(0, TeamKind::Approve, &[]);
    assert_eq!(missing(&files), "an approval in the role security");
    // The same person cannot approve twice.
    files.put(0, TeamKind::Approve, &[], role);
    assert_eq!(missing(&files), "1 more approval");
    assert_eq!(files.version(TWO).status(), TeamStatus::PartlyApproved);
    files.add(1, TeamKind::Approve, &[]);
    assert_eq!(missing(&files), "");
    assert_eq!(files.version(TWO).status(), TeamStatus::Approved);
    let both = "thresholds = [{ roles = [\"admin\", \"security\"] }]";
    let mut one = Files::default();
    one.put(0, TeamKind::Approve, &[], role);
    one.put(0, TeamKind::Approve, &[], |decision| decision.role = Some("admin".to_owned()));
    assert_eq!(one.version(both).scopes[0].missing.len(), 1, "two roles of one person");
    one.put(2, TeamKind::Approve, &[], role);
    assert_eq!(one.version(both).scopes[0].missing, Vec::<String>::new());
}

#[test]
fn a_key_speaks_only_for_its_own_name_role_and_time() {
    let valid = "from = \"2023-01-01T00:00:00Z\"\nuntil = \"2024-01-01T00:00:00Z\"\n";
    let text = format!("[[signers]]\nname = \"{}\"\nkey = \"{}\"\nroles = [\"admin\"]\n{valid}", NAMES[0], key(0));
    let policy = TeamPolicy::read(text.as_bytes()).unwrap();
    let at = |text: &str| Instant(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let inside = at("2023-06-01T00:00:00Z");
    assert!(policy.counts(&key(0), "ada@x", None, inside).is_ok());
    for (who, name, role, when, says) in [
        (3, NAMES[3], None, inside, "is not a key of the policy"),
        (0, NAMES[3], None, inside, "is signed with the key of Ada"),
        (0, NAMES[0], Some("security"), inside, "does not have the role security"),
        (0, NAMES[0], None, at("2022-06-01T00:00:00Z"), "before the key of Ada"),
        (0, NAMES[0], None, at("2024-01-01T00:00:00Z"), "expired 2024-01-01"),
    ] {
        let why = policy.counts(&key(who), name, role, when).unwrap_err();
        assert!(why.contains(says), "{why}");
    }
    let mut files = Files::default();
    files.add(3, TeamKind::Approve, &[]);
    let version = files.version("");
    assert_eq!((version.status(), version.uncounted.len()), (TeamStatus::Open, 1));
    files.put(0, TeamKind::Approve, &[], |decision| decision.role = Some("legal".to_owned()));
    assert_eq!(files.status(), TeamStatus::Open);
}

#[test]
fn a_policy_says_what_it_changes_for_signers_and_for_what_approvals_need() {
    let entry = |who: usize, name: &str, more: &str| {
        format!("[[signers]]\nname = \"{name}\"\nkey = \"{}\"\n{more}\n", key(who))
    };
    let read = |text: String| TeamPolicy::read(text.as_bytes()).unwrap();
    let admin = "roles = [\"admin\"]";
    let before = read(
        "thresholds = [{ tier = \"high\", approvals = 2 }]\n".to_owned()
            + &entry(0, NAMES[0], admin)
            + &entry(1, NAMES[1], "")
            + &entry(2, NAMES[2], ""),
    );
    let after = read(
        "administrators = 2\nthresholds = [{ approvals = 2, roles = [\"security\"] }]\n".to_owned()
            + &entry(0, NAMES[0], "roles = [\"admin\", \"security\"]")
            + &entry(2, NAMES[2], "until = \"2026-01-01T00:00:00Z\"")
            + &entry(3, NAMES[3], admin),
    );
    let print = |who: usize| key(who).fingerprint();
    assert_eq!(
        after.changes_from(Some(&before)),
        [
            "change Ada <ada@x>: admin, security; now admin".to_owned(),
            "change Cy <cy@x>: no role, until 2026-01-01T00:00:00.000Z; now no role".to_owned(),
            format!("add Eve <eve@x>: admin, key {}", print(3)),
            format!("remove Bob <bob@x>, key {}: its decisions stop counting", print(1)),
            "need 2 approvals, one in the role security, for every version".to_owned(),
            "need no longer 2 approvals, for versions of tier high".to_owned(),
            "the next policy needs 2 administrators, now 1".to_owned(),
        ]
    );
    assert_eq!(before.changes_from(Some(&before)), Vec::<String>::new());
    assert_eq!(before.changes_from(None).len(), 5, "three signers, a threshold, and who changes the policy");
}

#[test]
fn a_policy_counts_when_enough_administrators_of_the_one_before_agreed() {
    let (pin, first) = policy("administrators = 2");
    let (second, next) = policy(&format!("administrators = 1\nprevious = \"{pin}\""));
    let (other, rival) = policy(&format!("administrators = 2\nprevious = \"{pin}\""));
    let (third, last) = policy(&format!("previous = \"{second}\""));
    let policies = BTreeMap::from([(pin, first), (second, next), (third, last)]);
    let mut files = Files::default();
    let agree = |files: &mut Files, who: usize, name: FileName| {
        files.put(who, TeamKind::Policy, &[], |decision| decision.subject = Subject::Policy(name))
    };
    let chain = |policies: &BTreeMap<FileName, TeamPolicy>, files: &Files| PolicyChain::of(pin, policies, &files.0);
    agree(&mut files, 0, second);
    agree(&mut files, 0, second);
    // Cy is not an administrator, and Eve is unknown.
    agree(&mut files, 2, second);
    agree(&mut files, 3, second);
    agree(&mut files, 0, third);
    let found = chain(&policies, &files);
    assert_eq!((found.policies.as_slice(), found.proposed.as_slice()), (&[pin][..], &[(second, 1)][..]));
    agree(&mut files, 1, second);
    assert_eq!(chain(&policies, &files).policies, [pin, second, third]);
    // A second successor has enough agreement: neither of them counts, on any machine.
    agree(&mut files, 0, other);
    agree(&mut files, 1, other);
    let forked = policies.into_iter().chain([(other, rival)]).collect();
    let found = chain(&forked, &files);
    let mut fork = vec![second, other];
    fork.sort();
    assert_eq!((found.policies, found.fork), (vec![pin], fork));
    // Pinning one of them by hand continues from there.
    assert_eq!(PolicyChain::of(second, &forked, &files.0).policies, [second, third]);
    assert!(PolicyChain::of(FileName::of(b"?"), &forked, &files.0).policies.is_empty());
}

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    let good = format!("[[signers]]\nname = \"{}\"\nkey = \"{}\"\nroles = [\"admin\"]\n", NAMES[0], key(0));
    assert!(TeamPolicy::read(good.as_bytes()).is_ok());
    for (text, says) in [
        (format!("{good}{good}"), "also the key of another signer"),
        (format!("administrators = 2\n{good}"), "administrators = 2, but 1 signers"),
        (good.replace("Ada", "A\u{202e}da"), "hidden character U+202E"),
        (format!("{good}colour = 1\n"), "cannot be read"),
        (format!("thresholds = [{{ approvals = 0 }}]\n{good}"), "1 to 20 approvals"),
        (format!("thresholds = [{{ roles = [\"a\", \"a\"] }}]\n{good}"), "names a role twice"),
        (format!("{good}from = \"2025-01-01T00:00:00Z\"\nuntil = \"2024-01-01T00:00:00Z\"\n"), "before `from`"),
    ] {
        let why = TeamPolicy::read(text.as_bytes()).unwrap_err();
        assert!(why.contains(says), "{why}");
    }
}

#[test]
fn a_decision_file_has_one_form_and_hides_nothing() {
    let mut files = Files::default();
    let name = files.put(0, TeamKind::Reject, &[FileName::of(b"1")], |decision| {
        decision.reason = Some("reads \"all\"\nof \\ it".to_owned());
        decision.agent = Some("bot".to_owned());
    });
    let SignedDecision { decision, .. } = &files.0[&name];
    let armored = signature::test_signature(&key(0));
    let file = DecisionText::sign(decision.clone(), &armored).unwrap();
    let bytes = file.bytes();
    assert_eq!(DecisionText::read(&bytes).unwrap(), file);
    assert_eq!((file.decision.clone(), file.key.clone()), (decision.clone(), key(0)));
    let text = String::from_utf8(bytes.clone()).unwrap();
    for (changed, says) in [
        (text.replace("kind = ", "kind  = "), "not written in the form"),
        (format!("# note\n{text}"), "not written in the form"),
        (format!("{text}reason2 = \"x\"\n"), "unknown field"),
        (text.replace("reject", "approve"), "has criteria"),
        (text.replace("reads", "re\u{200b}ads"), "its reason has hidden characters"),
        (text.replace("Ada", "A\u{202e}da"), "hidden characters"),
        (text.replace("tier = \"low\"\n", ""), "it names neither"),
        ("x".repeat(MAX_FILE_BYTES + 1), "larger than 64 KiB"),
    ] {
        let why = DecisionText::read(changed.as_bytes()).unwrap_err();
        assert!(why.contains(says), "{why}");
    }
}

/// Pseudo-random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// Three machines decide and exchange their files in random order; a decision answers the files that its machine has
/// seen.
fn play(random: &mut Random) -> [Files; 3] {
    const KINDS: [TeamKind; 5] =
        [TeamKind::Approve, TeamKind::Approve, TeamKind::Reject, TeamKind::Revoke, TeamKind::RequestChanges];
    let mut machines: [Files; 3] = Default::default();
    for _ in 0..8 + random.below(20) {
        let here = random.below(3);
        if random.below(3) == 0 {
            let there = random.below(3);
            let came: Vec<_> = machines[there].0.iter().map(|(name, file)| (*name, file.clone())).collect();
            // Only a part of the files arrives, as after a broken connection.
            let count = random.below(came.len() + 1);
            machines[here].0.extend(came.into_iter().take(count));
            continue;
        }
        let seen: Vec<FileName> = machines[here].0.keys().copied().filter(|_| random.below(2) == 0).collect();
        let (who, kind) = (random.below(4), KINDS[random.below(KINDS.len())]);
        let skew = i64::try_from(random.below(1_000)).unwrap() * 86_400_000 * 365;
        machines[here].put(who, kind, &seen, |decision| decision.at = Instant(1_700_000_000_000 - skew));
    }
    machines
}

#[test]
fn three_machines_that_decide_at_once_come_to_the_same_state_in_any_order() {
    const RULES: [&str; 2] = ["", "thresholds = [{ approvals = 2 }]"];
    for round in 1..=1_000 {
        let mut random = Random(round * 0x9e37_79b9);
        let machines = play(&mut random);
        let orders = [[0, 1, 2], [2, 0, 1], [1, 2, 0]];
        for extra in RULES {
            let digests = orders.map(|order| {
                let mut all = Files::default();
                for machine in order {
                    let mut files: Vec<_> = machines[machine].0.clone().into_iter().collect();
                    if machine != 1 {
                        files.reverse();
                    }
                    all.0.extend(files);
                }
                state(extra, &all).digest()
            });
            assert!(digests[0] == digests[1] && digests[1] == digests[2], "round {round}");
        }
        check_rules(
            round,
            machines.into_iter().fold(Files::default(), |mut all, machine| {
                all.0.extend(machine.0);
                all
            }),
        );
    }
}

/// Properties of every set of files, tested without the code that computes the state.
fn check_rules(round: u64, mut all: Files) {
    let counted = |file: &SignedDecision| file.key != key(3);
    let before = all.version_or_none();
    let Some(before) = before else { return };
    let answered = |name: &FileName| {
        all.0.values().any(|file| {
            counted(file)
                && file.decision.answers.contains(name)
                && matches!(file.decision.kind, TeamKind::Approve | TeamKind::Revoke)
        })
    };
    let is_no = |kind: TeamKind| matches!(kind, TeamKind::Reject | TeamKind::RequestChanges);
    let open = all.0.iter().any(|(name, file)| counted(file) && is_no(file.decision.kind) && !answered(name));
    let approved = before.status() == TeamStatus::Approved;
    assert!(!(open && approved), "round {round}: a no that nobody answered, and approved");
    let yes = all.0.values().any(|file| counted(file) && file.decision.kind == TeamKind::Approve);
    assert!(yes || !approved, "round {round}: nobody said yes");
    // A stranger changes nothing, and another rejection by a signer always stops the version.
    let names: Vec<FileName> = all.0.keys().copied().collect();
    all.add(3, TeamKind::Approve, &names);
    assert_eq!(all.version_or_none().unwrap().status(), before.status(), "round {round}: a stranger decided");
    all.add(0, TeamKind::Reject, &[]);
    assert_ne!(all.version_or_none().unwrap().status(), TeamStatus::Approved, "round {round}");
}

impl Files {
    fn version_or_none(&self) -> Option<TeamVersion> {
        TeamVersion::of(&TeamRules::alone(policy("").1), Digest([1; 32]), &self.0)
    }
}

/// A policy with these signers: each with the rest of its entry.
fn policy_of(extra: &str, signers: &[(usize, &str)]) -> (FileName, TeamPolicy) {
    let entry = |(who, more): &(usize, &str)| {
        format!("[[signers]]\nname = \"{}\"\nkey = \"{}\"\n{more}\n", NAMES[*who], key(*who))
    };
    let text = format!("{extra}\n{}", signers.iter().map(entry).collect::<String>());
    (FileName::of(text.as_bytes()), TeamPolicy::read(text.as_bytes()).unwrap())
}

fn agree(files: &mut Files, who: usize, name: FileName, at: Instant) {
    files.put(who, TeamKind::Policy, &[], |decision| (decision.subject, decision.at) = (Subject::Policy(name), at));
}

const ADMINISTRATOR: &str = "roles = [\"admin\"]";
const EARLIER: Instant = Instant(1_600_000_000_000);

#[test]
fn a_key_with_an_end_agrees_to_no_policy_whatever_time_it_writes() {
    let expired = "roles = [\"admin\"]\nuntil = \"2024-01-01T00:00:00Z\"";
    let (pin, first) = policy_of("", &[(0, expired), (1, ADMINISTRATOR)]);
    let (grab, taken) = policy_of(&format!("previous = \"{pin}\""), &[(0, ADMINISTRATOR)]);
    let policies = BTreeMap::from([(pin, first), (grab, taken)]);
    let mut files = Files::default();
    agree(&mut files, 0, grab, EARLIER);
    let chain = PolicyChain::of(pin, &policies, &files.0);
    assert_eq!((chain.policies, chain.proposed), (vec![pin], vec![(grab, 1)]));
    agree(&mut files, 1, grab, EARLIER);
    assert_eq!(PolicyChain::of(pin, &policies, &files.0).policies, [pin, grab]);
    assert_eq!(policies[&pin].fault_of_succession(), None);
    let fault = policy_of("", &[(0, expired)]).1.fault_of_succession().unwrap();
    assert!(fault.contains("0 signers have the role admin and a key without `until`"), "{fault}");
}

#[test]
fn who_was_removed_cannot_undo_that_with_a_rival_policy() {
    let (pin, first) = policy_of("", &[(0, ADMINISTRATOR), (1, ADMINISTRATOR)]);
    let next = |text: &str, signers: &[(usize, &str)]| policy_of(&format!("previous = \"{pin}\"\n{text}"), signers);
    let until = "roles = [\"admin\"]\nuntil = \"2024-01-01T00:00:00Z\"";
    for lesser in [None, Some("roles = [\"security\"]"), Some(until)] {
        // Bob removes Ada's power in one of three ways; Ada then writes a rival policy that adds Eve.
        let signers: Vec<(usize, &str)> =
            lesser.map(|more| (0, more)).into_iter().chain([(1, ADMINISTRATOR)]).collect();
        let (accepted, second) = next("", &signers);
        let (rival, other) = next("", &[(0, ADMINISTRATOR), (1, ADMINISTRATOR), (3, ADMINISTRATOR)]);
        let policies = BTreeMap::from([(pin, first.clone()), (accepted, second), (rival, other)]);
        let mut files = Files::default();
        agree(&mut files, 1, accepted, EARLIER);
        agree(&mut files, 0, rival, EARLIER);
        let chain = PolicyChain::of(pin, &policies, &files.0);
        assert_eq!((chain.policies, chain.fork), (vec![pin, accepted], vec![]), "{lesser:?}");
    }
}

#[test]
fn policies_that_exclude_each_other_freeze_approvals_and_no_power_to_stop_is_lost() {
    let (pin, first) = policy_of("", &[(0, ADMINISTRATOR), (1, ADMINISTRATOR)]);
    let next = |signers: &[(usize, &str)]| policy_of(&format!("previous = \"{pin}\""), signers);
    let ((one, without_ada), (other, without_bob)) =
        (next(&[(1, ADMINISTRATOR), (2, "")]), next(&[(0, ADMINISTRATOR)]));
    let policies = BTreeMap::from([(pin, first), (one, without_ada), (other, without_bob)]);
    let unsigned = UnsignedFiles { policies, ..UnsignedFiles::default() };
    let mut files = Files::default();
    files.add(1, TeamKind::Approve, &[]);
    let version = |files: &Files| {
        let state = TeamState::of(pin, &unsigned, &files.0);
        (state.chain.clone(), state.versions[&Digest([1; 32])].clone())
    };
    assert_eq!(version(&files).1.status(), TeamStatus::Approved);
    agree(&mut files, 1, one, EARLIER);
    agree(&mut files, 0, other, EARLIER);
    let (chain, frozen) = version(&files);
    let mut fork = vec![one, other];
    fork.sort();
    assert_eq!((chain.policies, chain.fork), (vec![pin], fork));
    assert_eq!((frozen.status(), frozen.is_frozen), (TeamStatus::PartlyApproved, true));
    assert!(frozen.approved_as(&frozen.tool, Stage::Approved).is_none());
    assert!(frozen.scopes[0].missing.contains(&"a policy that the team agrees on".to_owned()));
    // Cy is a signer in only one of the rivals: an approval has no effect, a revocation stops the version.
    files.add(2, TeamKind::Approve, &[]);
    assert_eq!(version(&files).1.approvals().count(), 1);
    files.add(2, TeamKind::Revoke, &[]);
    assert_eq!(version(&files).1.status(), TeamStatus::Revoked);
}

#[test]
fn going_back_to_older_rules_gains_nothing() {
    let (pin, first) = policy_of("", &[(0, ADMINISTRATOR), (1, ADMINISTRATOR)]);
    let both = &[(0, ADMINISTRATOR), (1, ADMINISTRATOR)];
    let (two, second) = policy_of(&format!("administrators = 2\nprevious = \"{pin}\""), both);
    let (lone, rival) = policy_of(&format!("previous = \"{pin}\""), &[(0, ADMINISTRATOR)]);
    // The accepted policy needs two administrators. Ada alone returns to the older one, which needed only one, and
    // removes Bob.
    let mut files = Files::default();
    agree(&mut files, 1, two, EARLIER);
    agree(&mut files, 0, lone, EARLIER);
    let policies = BTreeMap::from([(pin, first.clone()), (two, second), (lone, rival.clone())]);
    let chain = PolicyChain::of(pin, &policies, &files.0);
    assert_eq!((chain.policies, chain.fork.len()), (vec![pin], 2));

    // Ada is removed two policies later, and returns to a policy before both. A second fork does not hide that either.
    let (kept, third) = policy_of(&format!("previous = \"{pin}\""), both);
    let (removed, fourth) = policy_of(&format!("previous = \"{kept}\""), &[(1, ADMINISTRATOR)]);
    let (hiding, fifth) = policy_of(&format!("previous = \"{kept}\""), &[(0, ADMINISTRATOR)]);
    let (open, sixth) = policy_of(&format!("previous = \"{pin}\"\ncriteria = [{{ name = \"x\" }}]"), both);
    let mut files = Files::default();
    agree(&mut files, 1, kept, EARLIER);
    agree(&mut files, 1, removed, EARLIER);
    let mut policies = BTreeMap::from([(pin, first), (kept, third), (removed, fourth)]);
    let chain = |policies: &BTreeMap<FileName, TeamPolicy>, files: &Files| PolicyChain::of(pin, policies, &files.0);
    assert_eq!(chain(&policies, &files).policies, [pin, kept, removed]);
    policies.insert(open, sixth);
    agree(&mut files, 0, open, EARLIER);
    assert_eq!(chain(&policies, &files).policies, [pin, kept, removed], "Bob could still replace the rival");
    policies.extend([(lone, rival), (hiding, fifth)]);
    agree(&mut files, 0, lone, EARLIER);
    agree(&mut files, 0, hiding, EARLIER);
    let found = chain(&policies, &files);
    assert_eq!(found.policies, [pin], "nobody wins");
    assert!(found.fork.contains(&kept) && found.fork.contains(&lone), "{found:?}");
}
