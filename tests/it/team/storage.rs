//! Object storage in place of a repository: a folder that is used like a bucket, and a stand-in of S3.

use super::world::{Machine, Team};
use std::fs;
use toolsmith::domain::DecisionKind;
use toolsmith::domain::team::TeamStatus;
use toolsmith::engine::ReviewFilter;

/// Two machines, of which the first approved and shared `alpha`.
fn shared() -> (Team, Machine, Machine) {
    let (team, mut machines) = Team::on_storage().of(&["ada", "bob"], "");
    let bob = machines.pop().unwrap();
    let ada = machines.pop().unwrap();
    ada.tool("alpha", "echo 1\n");
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    assert!(ada.sync().contains("1 file handed out"));
    (team, ada, bob)
}

/// Makes the next look a complete one, as it is once a day.
fn look_at_everything(machine: &Machine) {
    let database = machine.engine().state_dir().join("store.db");
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.execute("UPDATE team_syncs SET commit_id = '0 0'", []).unwrap();
}

#[test]
fn what_one_decides_arrives_lands_and_is_stopped_by_a_revocation() {
    let (team, ada, bob) = shared();
    let came = bob.sync();
    assert!(came.contains("1 approval") && came.contains("alpha 1.0.0 is new in tools/approved/alpha"), "{came}");
    // What the team approved waits for bob all the same.
    assert_eq!(bob.engine().reviews().list(ReviewFilter::Waiting).unwrap().len(), 1);
    assert!(bob.sync().ends_with("nothing new"));
    ada.undo().unwrap();
    ada.sync();
    assert!(bob.sync().contains("1 revocation"));
    assert_eq!(bob.report().stopped[0].status, TeamStatus::Revoked);
    assert_eq!((ada.faults(), bob.faults()), (vec![], vec![]));
    assert_eq!(ada.report().state, bob.report().state);
    assert_eq!((team.paths("decisions/").len(), team.paths("versions/").len()), (2, 1));
}

#[test]
fn what_somebody_removed_or_forged_is_named_still_counts_and_is_put_back() {
    let (team, _ada, bob) = shared();
    bob.sync();
    let state = bob.report().state;
    let path = team.paths("decisions/").remove(0);
    let name = path.rsplit('-').next().unwrap().to_owned();
    fs::remove_file(team.bucket().join(&path)).unwrap();
    look_at_everything(&bob);
    let told = bob.sync();
    assert!(told.contains(&format!("removed by somebody: decisions/*-{name}; it still counts here, and was put back")));
    assert_eq!(team.paths("decisions/").len(), 1);

    let path = team.paths("decisions/").remove(0);
    fs::write(team.bucket().join(&path), "kind = \"revoke\"\n").unwrap();
    look_at_everything(&bob);
    let told = bob.sync();
    assert!(told.contains(&format!("1 refused ({path}: its content is not what its name says)")), "{told}");
    assert_eq!((bob.report().state, team.paths("decisions/").len()), (state, 2));
    // It stays named between complete looks.
    assert!(bob.sync().contains("1 refused"));
    assert_eq!(bob.report().refused.len(), 1);
}

#[test]
fn bytes_that_are_not_the_version_do_not_land_and_nothing_is_read_through_a_link() {
    let (team, _ada, bob) = shared();
    let version = team.bucket().join(team.paths("versions/").remove(0));
    let genuine = fs::read(&version).unwrap();
    fs::write(&version, String::from_utf8(genuine).unwrap().replace("echo 1", "echo 2")).unwrap();
    let elsewhere = team.folder.path().join("secret");
    fs::write(&elsewhere, "secret").unwrap();
    std::os::unix::fs::symlink(&elsewhere, team.bucket().join("decisions").join("0000000000000-link.toml")).unwrap();
    let told = bob.sync();
    assert!(told.contains("refused: its files have the digest") && !told.contains("link.toml"), "{told}");
    assert!(!bob.workspace.path("tools/approved/alpha").exists());
    assert_eq!(bob.report().absent.len(), 1);
}

#[cfg(feature = "team-s3")]
mod s3 {
    use super::super::world::Team;
    use crate::needs;
    use crate::support::terminal_input;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};
    use toolsmith::domain::DecisionKind;

    struct Server {
        process: Child,
        port: u16,
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// A stand-in of S3 with the bucket `team`.
    fn serve() -> Server {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server { process: command.spawn().unwrap(), port };
        let request = "PUT /team HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let begun = std::time::Instant::now();
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", port)) {
                Ok(stream) => break stream,
                Err(_) => assert!(begun.elapsed().as_secs() < 60, "the stand-in of S3 does not start"),
            }
            std::thread::yield_now();
        };
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        server
    }

    /// What the program says, with the credentials of the environment.
    fn call(team: &super::Machine, server: &Server, args: &[&str]) -> (bool, String) {
        let (_terminal, input) = terminal_input();
        let mut command = team.workspace.toolsmith(args);
        command
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", server.port))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "topsecret")
            .env("AWS_REGION", "us-east-1")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), said)
    }

    #[test]
    fn a_bucket_carries_decisions_versions_and_bundles() {
        if !needs::has(&[&needs::MOTO]) {
            return;
        }
        let server = serve();
        let (_team, mut machines) = Team::on_storage().of(&["ada", "bob"], "");
        for machine in &mut machines {
            machine.use_remote("s3://team/decided");
        }
        let [ada, bob] = machines.as_slice() else { panic!() };
        ada.tool("alpha", "echo 1\n");
        ada.decide("alpha", DecisionKind::Approve).unwrap();
        let (done, said) = call(ada, &server, &["sync"]);
        assert!(done && said.contains("2 files handed out"), "{said}");
        assert!(!said.contains("topsecret"));
        let (done, said) = call(bob, &server, &["sync"]);
        assert!(done && said.contains("1 approval") && said.contains("alpha 1.0.0 is new in tools/approved"), "{said}");
        let (_, said) = call(bob, &server, &["sync"]);
        assert!(said.contains("nothing new"), "{said}");
        assert_eq!(ada.report().state, bob.report().state);

        let (done, said) = call(ada, &server, &["push", "s3://team/tools", "alpha"]);
        assert!(done && said.contains("written"), "{said}");
        let (done, said) = call(ada, &server, &["push", "s3://team/tools", "alpha"]);
        assert!(done && said.contains("same"), "{said}");
        let (_, said) = call(bob, &server, &["pull", "s3://team/tools"]);
        assert!(said.contains("alpha") && said.contains("ada <ada@x>"), "{said}");
        // Without credentials nothing is guessed, and nothing here changes.
        let (_terminal, input) = terminal_input();
        let mut command = ada.workspace.toolsmith(&["sync"]);
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", server.port)).stdin(input);
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert!(!output.status.success());
    }
}
