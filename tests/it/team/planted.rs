//! What somebody can plant who may push to the team's repository, or is one of its signers: links, names that no folder
//! takes, files that say two things at once, times that cannot be.

use super::world::{Machine, Team, decision_path, signer};
use std::fs;
use std::sync::Barrier;
use toolsmith::domain::team::{FileName, TeamKind};
use toolsmith::domain::{DecisionKind, Digest, FileMode, Instant, RunOutcome, VersionFile};
use toolsmith::objects;

const MANIFEST: &str = "name = \"alpha\"\nversion = \"1.0.0\"\ndescription = \"The tool alpha\"\ncost_tier = \"low\"\n\
category = \"data\"\n[run]\ncommand = [\"sh\", \"{file}\"]\nentry = \"alpha.sh\"\n";

fn two() -> (Team, Machine, Machine) {
    let (team, mut machines) = Team::with(&["ada", "bob"], "");
    let bob = machines.pop().unwrap();
    (team, machines.pop().unwrap(), bob)
}

fn file(path: &str, bytes: &[u8]) -> VersionFile {
    VersionFile { path: path.to_owned(), mode: FileMode::Plain, bytes: bytes.to_vec() }
}

/// Now, as this machine has it.
fn today() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant(i64::try_from(since.as_millis()).unwrap())
}

/// What a good decision that came at the same time led to: nothing keeps it from arriving.
fn beta_arrived(told: &str, machine: &Machine) {
    assert!(told.contains("beta 1.0.0 is new in tools/approved/beta"), "{told}");
    assert_eq!(fs::read_to_string(machine.workspace.path("tools/approved/beta/beta.sh")).unwrap(), "echo 1\n");
}

fn share_beta(ada: &Machine) {
    ada.tool("beta", "echo 1\n");
    ada.decide("beta", DecisionKind::Approve).unwrap();
    ada.sync();
}

#[test]
fn links_and_repositories_within_the_repository_are_followed_nowhere() {
    let (team, ada, bob) = two();
    share_beta(&ada);
    let secret = team.folder.path().join("secret");
    fs::write(&secret, "kind = \"approve\"\n").unwrap();
    let secret = secret.to_str().unwrap().as_bytes();
    let files = [file("alpha.sh", b"echo 1\n"), file("tool.toml", MANIFEST.as_bytes())];
    let digest = Digest::of_files(&files);
    let approval = bob.file(&bob.approval(digest, today()));
    let version = |path: &str| format!("versions/{}/{path}", digest.hex());
    let link = decision_path(secret);
    team.plant(&[
        // The bytes of a link are where it leads: their name is right.
        ("120000", &link, secret),
        ("120000", &format!("policies/{}.toml", FileName::of(secret)), secret),
        ("100755", &decision_path(b"x"), b"x"),
        ("100644", &approval.0, &approval.1),
        ("100644", &version("tool.toml"), MANIFEST.as_bytes()),
        ("120000", &version("alpha.sh"), b"/etc/passwd"),
    ]);
    team.plant_commit(&format!("versions/{}/module", Digest([5; 32]).hex()));
    let told = ada.sync();
    for path in [link, format!("policies/{}.toml", FileName::of(secret)), decision_path(b"x")] {
        let refused = ada.report().refused;
        let why = refused.iter().find(|(known, _)| *known == path).map(|(_, why)| why.as_str());
        assert_eq!(why, Some("it is not a regular file without execute permission"), "{told}");
    }
    assert!(told.contains("alpha.sh is not a plain file of a version"), "{told}");
    assert!(!ada.workspace.path("tools/approved/alpha").exists());
    beta_arrived(&bob.sync(), &bob);
    assert_eq!(ada.report().state, bob.report().state);
}

#[test]
fn names_that_no_folder_takes_keep_one_version_out_and_nothing_else() {
    let long = "x".repeat(300);
    let deep = vec!["d".repeat(200); 30].join("/");
    for odd in [long.as_str(), &deep, "a\nb", "CON\u{202e}", "a\\b"] {
        let (team, ada, bob) = two();
        let files = [file("alpha.sh", b"echo 1\n"), file(odd, b"x"), file("tool.toml", MANIFEST.as_bytes())];
        let mut sorted = files.to_vec();
        sorted.sort_by(|one, other| one.path.cmp(&other.path));
        let digest = Digest::of_files(&sorted);
        let approval = ada.file(&ada.approval(digest, today()));
        let path = |file: &VersionFile| format!("versions/{}/{}", digest.hex(), file.path);
        let paths: Vec<String> = files.iter().map(path).collect();
        let mut planted: Vec<(&str, &str, &[u8])> =
            paths.iter().zip(&files).map(|(path, file)| ("100644", path.as_str(), file.bytes.as_slice())).collect();
        planted.push(("100644", &approval.0, &approval.1));
        team.plant(&planted);
        share_beta(&ada);
        for told in [bob.sync(), bob.sync()] {
            let is_told = told.contains(&digest.hex()) || told.contains("alpha 1.0.0 was not added");
            // What a file system takes is a version like any other.
            let is_here = bob.workspace.path("tools/approved/alpha").exists();
            assert!(is_told != is_here, "{odd:?}: {told}");
        }
        assert!(bob.workspace.path("tools/approved/beta/beta.sh").exists(), "{odd:?}");
        assert_eq!((bob.faults(), bob.report().waiting), (vec![], 0), "{odd:?}");
        assert_eq!(ada.report().state, bob.report().state, "{odd:?}");
    }
}

#[test]
fn a_file_of_a_bucket_that_is_also_a_folder_is_no_version() {
    let (team, mut machines) = Team::on_storage().of(&["ada", "bob"], "");
    let bob = machines.pop().unwrap();
    let ada = machines.pop().unwrap();
    let files =
        [file("a", b"x"), file("a/b", b"x"), file("alpha.sh", b"echo 1\n"), file("tool.toml", MANIFEST.as_bytes())];
    let digest = Digest::of_files(&files);
    let approval = ada.file(&ada.approval(digest, today()));
    let name = FileName::of(&approval.1);
    fs::create_dir_all(team.bucket().join("versions")).unwrap();
    fs::create_dir_all(team.bucket().join("decisions")).unwrap();
    fs::write(team.bucket().join("versions").join(digest.hex()), objects::pack(&files).unwrap()).unwrap();
    fs::write(team.bucket().join(format!("decisions/{:013}-{name}.toml", today().0)), &approval.1).unwrap();
    share_beta(&ada);
    let told = bob.sync();
    beta_arrived(&told, &bob);
    assert!(!bob.workspace.path("tools/approved/alpha").exists(), "{told}");
    assert!(bob.sync().contains(&digest.hex()) || told.contains("alpha 1.0.0 was not added"), "{told}");
    assert_eq!(bob.faults(), Vec::<String>::new());
}

#[test]
fn a_decision_that_says_two_things_at_once_says_nothing() {
    let (team, ada, bob) = two();
    share_beta(&ada);
    bob.sync();
    let genuine = String::from_utf8(ada.file(&ada.approval(Digest([7; 32]), today())).1).unwrap();
    let (signed, _) = genuine.split_once("signature = ").unwrap();
    let again = |text: &str| {
        let bytes = format!("{text}signature = '''\n{}\n'''\n", ada.sign(text).trim()).into_bytes();
        (decision_path(&bytes), bytes)
    };
    // The control: signed the same way, it is taken in.
    let control = again(signed);
    let twice = |line: &str| again(&format!("{signed}{line}\n"));
    let stage = signed.lines().find(|line| line.starts_with("stage = ")).unwrap();
    let forged = [
        twice("kind = \"revoke\""),
        twice(stage),
        twice("[kind]\nis = \"revoke\""),
        twice("\"kind\" = \"approve\""),
        twice("reason.text = \"x\""),
        again(&signed.replace('\n', "\r\n")),
        again(&format!("\u{feff}{signed}")),
        {
            let bytes = format!("{genuine}signature = \"x\"\n").into_bytes();
            (decision_path(&bytes), bytes)
        },
    ];
    let mut planted: Vec<(&str, &str, &[u8])> =
        forged.iter().map(|(path, bytes)| ("100644", path.as_str(), bytes.as_slice())).collect();
    planted.push(("100644", &control.0, &control.1));
    let before = bob.report().files;
    team.plant(&planted);
    let told = bob.sync();
    let report = bob.report();
    for (path, bytes) in &forged {
        let refused = report.refused.iter().any(|(known, _)| known == path);
        assert!(refused, "{}: {told}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(report.files, before + 1, "only the control: {told}");
    assert!(report.stopped.is_empty());
}

#[test]
fn times_that_cannot_be_change_nothing_and_show_no_claim_for_years() {
    let (team, ada, bob) = two();
    for machine in [&ada, &bob] {
        machine.tool("alpha", "echo 1\n");
    }
    let digest = ada.review("alpha").digest;
    let times = [i64::MIN, -62_135_596_800_000, 0, today().0 + 365 * 86_400_000, 253_402_207_200_000, i64::MAX];
    let mut files = Vec::new();
    for at in times {
        let mut claim = bob.approval(digest, Instant(at));
        (claim.kind, claim.criteria) = (TeamKind::Claim, Vec::new());
        files.push(bob.file(&claim));
    }
    let planted: Vec<(&str, &str, &[u8])> =
        files.iter().map(|(path, bytes)| ("100644", path.as_str(), bytes.as_slice())).collect();
    team.plant(&planted);
    ada.sync();
    bob.sync();
    assert_eq!(ada.report().state, bob.report().state);
    assert!(ada.report().requests.iter().all(|row| row.claimed_by.is_empty()), "{:?}", ada.report().requests);
    assert!(!ada.review("alpha").team.unwrap_or_default().contains("claimed"));
    // The clock of this machine goes far ahead and comes back: what arrives in between is not passed over.
    for at in ["2999-01-01T00:00:00Z", "1971-01-01T00:00:00Z"] {
        let at: Instant = serde_json::from_str(&format!("\"{at}\"")).unwrap();
        let database = ada.engine().state_dir().join("store.db");
        let connection = rusqlite::Connection::open(database).unwrap();
        connection.execute("UPDATE team_syncs SET at_ms = ?1", [at.0]).unwrap();
        drop(connection);
        bob.decide("alpha", DecisionKind::Reject).unwrap();
        bob.sync();
        assert!(ada.sync().contains("1 rejection"), "{at:?}");
        bob.undo().unwrap();
        bob.sync();
        ada.sync();
        assert!(ada.report().stopped.is_empty());
    }
}

#[test]
fn machines_that_sync_at_the_same_moment_all_hand_out_everything() {
    for team in [Team::new(), Team::on_storage()] {
        let (team, machines) = team.of(&["ada", "bob", "cy"], "");
        for machine in &machines {
            let name = format!("of-{}", machine.name);
            machine.tool(&name, &format!("echo {name}\n"));
            machine.decide(&name, DecisionKind::Approve).unwrap();
        }
        let together = &Barrier::new(machines.len());
        std::thread::scope(|scope| {
            for machine in &machines {
                scope.spawn(move || {
                    together.wait();
                    machine.sync()
                });
            }
        });
        assert_eq!(team.paths("decisions/").len(), machines.len());
        for machine in &machines {
            machine.sync();
        }
        let states: Vec<Digest> = machines.iter().map(|machine| machine.report().state).collect();
        assert!(states.iter().all(|state| *state == states[0]));
        for machine in &machines {
            assert_eq!((machine.report().waiting, machine.faults()), (0, vec![]));
            assert!(machine.workspace.path("tools/approved/of-ada/tool.toml").is_file());
        }
    }
}

#[test]
fn one_key_under_two_names_is_one_person() {
    let team = Team::new();
    let mut machines = vec![Machine::new("ada", &team), Machine::new("bob", &team)];
    let admin = "roles = [\"admin\"]";
    let needs_two = "thresholds = [{ approvals = 2 }]\n";
    let policy =
        needs_two.to_owned() + &signer("ada", &machines[0].key, admin) + &signer("bob", &machines[1].key, admin);
    team.begin(&mut machines, &policy);
    let [ada, bob] = machines.as_slice() else { panic!() };
    for machine in [ada, bob] {
        machine.tool("alpha", "echo 1\n");
    }
    let digest = ada.review("alpha").digest;
    // Twice by the same key, with another reason and at another time; and once in the name of the other.
    let (mut second, mut borrowed) = (bob.approval(digest, today()), bob.approval(digest, today()));
    second.reason = Some("looked again".to_owned());
    borrowed.reviewer = ada.who();
    let files = [bob.file(&bob.approval(digest, today())), bob.file(&second), bob.file(&borrowed)];
    let planted: Vec<(&str, &str, &[u8])> =
        files.iter().map(|(path, bytes)| ("100644", path.as_str(), bytes.as_slice())).collect();
    team.plant(&planted);
    ada.sync();
    let said = ada.evidence("alpha").concat();
    assert_eq!(said, "approved as approved for run by bob <bob@x>; still needs 1 more approval");
    assert_eq!(ada.report().absent.len(), 0);
    // The control: with a second person it is approved.
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    bob.sync();
    assert!(!bob.evidence("alpha").concat().contains("still needs"), "{:?}", bob.evidence("alpha"));
    assert_eq!(ada.run("alpha").outcome, RunOutcome::Succeeded);
}
