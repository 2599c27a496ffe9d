//! An exchange with many signatures: it says how far it is, and can be stopped.

use super::world::Team;
use std::fs;
use toolsmith::domain::{Digest, Instant};

/// How many decisions wait. Each takes some milliseconds to verify.
const DECISIONS: u8 = 40;

#[test]
fn a_stopped_sync_keeps_what_it_verified_and_the_next_one_goes_on() {
    let (team, mut machines) = Team::on_storage().of(&["ada", "bob"], "");
    let bob = machines.pop().unwrap();
    let ada = machines.pop().unwrap();
    fs::create_dir_all(team.bucket().join("decisions")).unwrap();
    for at in 0..DECISIONS {
        let (path, bytes) = ada.file(&ada.approval(Digest([at; 32]), Instant(1_767_323_045_000)));
        let name = path.rsplit('/').next().unwrap();
        fs::write(team.bucket().join(format!("decisions/{:013}-{name}", 1_767_323_045_000_u64)), bytes).unwrap();
    }
    let before = bob.report().files;
    let engine = bob.engine();
    let teams = engine.teams();
    assert!(teams.progress().is_none() && !teams.stop_verifying(), "nothing is verified yet");
    let call = || toolsmith::domain::Command::Verb(toolsmith::domain::VerbCall::new("sync", &[]));
    let (stopped, seen) = std::thread::scope(|scope| {
        let sync = scope.spawn(|| engine.execute(call(), &bob.caller()));
        let mut seen = None;
        while !sync.is_finished() {
            seen = teams.progress().filter(|progress| progress.done > 0);
            if seen.is_some() && teams.stop_verifying() {
                break;
            }
            std::thread::yield_now();
        }
        (sync.join().unwrap(), seen)
    });
    let stopped = stopped.unwrap_err();
    assert_eq!(seen.map(|progress| progress.total), Some(usize::from(DECISIONS)));
    assert!(stopped.message.starts_with("stopped: verified ") && stopped.hint.contains("it goes on from here"));
    let kept = bob.report().files - before;
    assert!((1..usize::from(DECISIONS)).contains(&kept), "{kept}");
    // The rest comes with the next one, and nothing is said to be removed.
    let told = bob.sync();
    let rest = usize::from(DECISIONS) - kept;
    assert!(told.contains(&format!("{rest} approval")) && !told.contains("removed"), "{kept} {told}");
    assert_eq!(bob.report().files - before, usize::from(DECISIONS));
    assert!(teams.progress().is_none());
}
