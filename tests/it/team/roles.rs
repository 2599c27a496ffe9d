//! A role, and a name, belong to whoever has their key in the policy of the team.

use super::world::{Machine, Team, public};
use std::fs;
use toolsmith::domain::{Caller, DecisionKind};
use toolsmith::engine::ErrorCode;

/// Adds the rule that a tool of the high tier needs an approval in the role security, and lets the log of the first
/// machine be signed by the keys of all.
fn needs_security(machines: &[Machine]) {
    let machine = &machines[0];
    let line = |other: &Machine| format!("{0}@x namespaces=\"toolsmith\" {1}\n", other.name, public(&other.key));
    let signers = machine.workspace.home().join("allowed_signers");
    fs::write(&signers, machines.iter().map(line).collect::<String>()).unwrap();
    let path = machine.workspace.home().join("toolsmith/config/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("[signing]\n", &format!("[signing]\nallowed_signers = \"{}\"\n", signers.display()));
    fs::write(&path, format!("{text}\n[review]\nhigh_roles = [\"security\"]\n")).unwrap();
}

#[test]
fn a_name_alone_gives_neither_a_second_vote_nor_a_role() {
    let (_team, machines) = Team::with(&["ada", "bob"], "");
    let ada = &machines[0];
    needs_security(&machines);
    ada.tool_in("experimental", "alpha", "echo 1\n", "cost_tier = \"high\"");
    let vote = |name: &str, role: Option<&str>| {
        ada.decide_as(&Caller::Human(name.to_owned()), "alpha", DecisionKind::Approve, role)
    };
    let first = vote("ada <ada@x>", None).unwrap().message;
    assert!(first.contains("1 of 2 approvals, still needs the role security"), "{first}");
    for (name, role, says) in [
        // As GIT_AUTHOR_NAME would make it: the same person, under the name of another signer, or of nobody.
        ("bob <bob@x>", Some("security"), "bob <bob@x> has a key in the team's policy, and it is not yours"),
        ("bob <bob@x>", None, "bob <bob@x> has a key in the team's policy, and it is not yours"),
        ("eve <eve@x>", Some("security"), "eve <eve@x> is not a signer of the team's policy with the key SHA256:"),
        ("ada <ada@x>", Some("security"), "ada <ada@x> does not have the role security"),
    ] {
        let error = vote(name, role).unwrap_err();
        assert!(error.code == ErrorCode::Refused && error.message.contains(says), "{name}: {error:?}");
    }
    // With the key of the role it counts.
    let mine = fs::read(&ada.key).unwrap();
    let of_bob = |end: &str| fs::read(machines[1].key.with_extension(end)).unwrap();
    fs::write(&ada.key, of_bob("")).unwrap();
    let error = vote("bob <bob@x>", Some("security")).unwrap_err();
    assert!(error.message.contains("it is not yours"), "the public half is still Ada's: {error:?}");
    fs::write(ada.key.with_extension("pub"), of_bob("pub")).unwrap();
    fs::write(&ada.key, mine).unwrap();
    let error = vote("bob <bob@x>", Some("security")).unwrap_err();
    assert!(error.code == ErrorCode::Refused, "a public half proves nothing: {error:?}");
    fs::write(&ada.key, of_bob("")).unwrap();
    let done = vote("bob <bob@x>", Some("security")).unwrap().message;
    assert!(done.contains("alpha 1.0.0 is approved"), "{done}");
}
