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

#[test]
fn damaged_and_removed_versions_are_put_back_by_whoever_has_them_and_others_decide_nothing() {
    let (team, ada, bob) = shared();
    assert!(ada.sync().ends_with("nothing new"), "what it handed out itself is whole");
    let path = team.paths("versions/").remove(0);
    let version = team.bucket().join(&path);
    let genuine = fs::read(&version).unwrap();
    let forged = String::from_utf8(genuine.clone()).unwrap().replace("echo 1", "echo 2");
    for damage in [Some(forged.as_bytes()), Some(&b""[..]), None] {
        match damage {
            Some(bytes) => fs::write(&version, bytes).unwrap(),
            None => fs::remove_file(&version).unwrap(),
        }
        // A machine that does not have the version cannot repair it.
        bob.sync();
        assert_eq!(fs::read(&version).ok().as_deref(), damage);
        let told = ada.sync();
        assert!(told.contains(&format!("somebody changed or removed {path}: its files were put back")), "{told}");
        assert_eq!(fs::read(&version).unwrap(), genuine);
        assert!(ada.sync().ends_with("nothing new"));
    }
    assert!(bob.sync().contains("alpha 1.0.0 is new in tools/approved/alpha"));
    assert!(bob.sync().ends_with("nothing new"));
    // What the team took back stays away where somebody removed it.
    ada.undo().unwrap();
    ada.sync();
    fs::remove_file(&version).unwrap();
    assert!(ada.sync().ends_with("nothing new") && !version.exists());
}

#[cfg(feature = "team-s3")]
mod s3 {
    use super::super::world::{Machine, Team};
    use crate::needs;
    use crate::support::terminal_input;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::process::{Child, Command, Stdio};
    use std::sync::{Arc, Mutex};
    use toolsmith::domain::DecisionKind;

    /// The variables that name a bucket of the stand-in.
    const KEYS: [(&str, &str); 4] = [
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "topsecret"),
        ("AWS_REGION", "us-east-1"),
    ];

    /// A stand-in of S3 with the bucket `team`, and a port before it that notes what is asked.
    struct Server {
        process: Child,
        port: u16,
        asked: Arc<Mutex<String>>,
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    fn free_port() -> u16 {
        TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
    }

    impl Server {
        fn start() -> Server {
            let inner = free_port();
            let mut command = Command::new("moto_server");
            command.args(["-H", "127.0.0.1", "-p", &inner.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
            let process = command.spawn().unwrap();
            let asked = Arc::new(Mutex::new(String::new()));
            let port = note(inner, Arc::clone(&asked));
            let server = Server { process, port, asked };
            let request = "PUT /team HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let begun = std::time::Instant::now();
            let mut stream = loop {
                match TcpStream::connect(("127.0.0.1", inner)) {
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

        /// Asks the stand-in as anybody may who can reach it, and gives the body of its answer.
        fn request(&self, method: &str, path: &str, body: &str) -> String {
            let length = body.len();
            let head = format!("{method} /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            // The stand-in looks whether there is a signature, and not which.
            let who = "Authorization: AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, \
                       SignedHeaders=host, Signature=0\r\n";
            stream.write_all(format!("{head}{who}Content-Length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            answer.split_once("\r\n\r\n").unwrap().1.to_owned()
        }

        /// What was asked since the last call, a request line or header in each line.
        fn asked(&self) -> String {
            std::mem::take(&mut *self.asked.lock().unwrap())
        }

        /// What the program says, with the credentials of the environment.
        fn call(&self, machine: &Machine, args: &[&str]) -> (bool, String) {
            self.call_with(machine, args, &KEYS)
        }

        fn call_with(&self, machine: &Machine, args: &[&str], keys: &[(&str, &str)]) -> (bool, String) {
            let (_terminal, input) = terminal_input();
            let mut command = machine.workspace.toolsmith(args);
            command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)).envs(keys.iter().copied());
            command.env("GIT_AUTHOR_NAME", &machine.name).env("GIT_AUTHOR_EMAIL", format!("{}@x", machine.name));
            let child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(!said.contains("topsecret"), "{said}");
            (output.status.success(), said)
        }
    }

    /// Passes connections on to a port, and notes what they ask.
    fn note(inner: u16, asked: Arc<Mutex<String>>) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(("127.0.0.1", inner)) else { continue };
                let (mut answers, mut back) = (far.try_clone().unwrap(), near.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut answers, &mut back);
                    let _ = back.shutdown(std::net::Shutdown::Write);
                });
                let (asked, mut near, mut far) = (Arc::clone(&asked), near, far);
                std::thread::spawn(move || {
                    let mut bytes = [0; 16 * 1024];
                    while let Ok(count @ 1..) = near.read(&mut bytes) {
                        asked.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
                        if far.write_all(&bytes[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = far.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        port
    }

    /// A bucket, and two machines that decide through it; `None` without the stand-in.
    fn team() -> Option<(Server, Team, Machine, Machine)> {
        if !needs::has(&[&needs::MOTO]) {
            return None;
        }
        let (team, mut machines) = Team::on_storage().of(&["ada", "bob"], "");
        for machine in &mut machines {
            machine.use_remote("s3://team/decided");
        }
        let bob = machines.pop().unwrap();
        Some((Server::start(), team, machines.pop().unwrap(), bob))
    }

    #[test]
    fn a_bucket_carries_decisions_and_versions_and_lists_only_what_is_new() {
        let Some((server, _team, ada, bob)) = team() else { return };
        ada.tool("alpha", "echo 1\n");
        ada.decide("alpha", DecisionKind::Approve).unwrap();
        let (done, said) = server.call(&ada, &["sync"]);
        assert!(done && said.contains("2 files handed out"), "{said}");
        // Nothing that lies there is ever written over.
        let asked = server.asked().to_lowercase();
        let puts = asked.matches("put /team/decided/").count();
        assert!(puts >= 3 && asked.matches("if-none-match: *").count() == puts, "{asked}");

        let (done, said) = server.call(&bob, &["sync"]);
        assert!(done && said.contains("1 approval") && said.contains("alpha 1.0.0 is new in tools/approved"), "{said}");
        assert_eq!(ada.report().state, bob.report().state);
        server.asked();
        let (_, said) = server.call(&bob, &["sync"]);
        assert!(said.contains("nothing new"), "{said}");
        let asked = server.asked();
        assert!(asked.contains("start-after=decided%2Fdecisions%2F"), "{asked}");
        assert!(!asked.contains("GET /team/decided/decisions"), "what is known is not read again: {asked}");

        // What is new arrives in a short look, too.
        ada.undo().unwrap();
        assert!(server.call(&ada, &["sync"]).1.contains("1 file handed out"));
        assert!(server.call(&bob, &["sync"]).1.contains("1 revocation"));
        assert_eq!(ada.report().state, bob.report().state);
        // Without credentials nothing is guessed, and nothing here changes.
        let (done, said) = server.call_with(&ada, &["sync"], &[("AWS_ALLOW_HTTP", "true")]);
        assert!(!done, "{said}");
    }

    #[test]
    fn a_damaged_version_of_a_bucket_is_replaced_if_it_is_still_the_damaged_one() {
        let Some((server, _team, ada, bob)) = team() else { return };
        ada.tool("alpha", "echo 1\n");
        ada.decide("alpha", DecisionKind::Approve).unwrap();
        assert!(server.call(&ada, &["sync"]).0);
        let digest = ada.engine().library().resolve("alpha").unwrap().digest;
        let version = format!("team/decided/versions/{}", digest.hex());
        let genuine = server.request("GET", &version, "");
        server.request("PUT", &version, "forged");
        server.asked();
        let (_, said) = server.call(&ada, &["sync"]);
        assert!(said.contains("its files were put back"), "{said}");
        assert!(server.asked().to_lowercase().contains("if-match: "), "it is written on a condition");
        assert_eq!(server.request("GET", &version, ""), genuine);
        assert!(server.call(&bob, &["sync"]).1.contains("alpha 1.0.0 is new in tools/approved"));
        assert!(server.call(&ada, &["sync"]).1.contains("nothing new"));
    }

    #[test]
    fn bundles_of_a_bucket_are_signed_and_what_is_foreign_waits_for_a_review() {
        let Some((server, _team, ada, bob)) = team() else { return };
        ada.tool("alpha", "echo 1\n");
        let (done, said) = server.call(&ada, &["push", "s3://team/tools", "alpha"]);
        assert!(done && said.contains("written"), "{said}");
        let (done, said) = server.call(&ada, &["push", "s3://team/tools", "alpha"]);
        assert!(done && said.contains("same"), "{said}");
        let (done, said) = server.call(&bob, &["pull", "s3://team/tools"]);
        assert!(done && said.contains("alpha") && said.contains("ada <ada@x>"), "{said}");
        assert_eq!(bob.review("alpha").tool.as_str(), "alpha");
        let (done, said) = server.call(&bob, &["run", "alpha", "--as-agent", "bot"]);
        assert!(!done, "it runs unseen: {said}");

        // Somebody who can write there changes the signed list, or puts other bytes under the digest.
        let gone = |machine: &Machine| {
            std::fs::remove_dir_all(machine.workspace.path("tools/experimental/alpha")).unwrap();
        };
        let listed = server.request("GET", "team?list-type=2&prefix=tools/pushes/", "");
        let key = listed.split_once("<Key>").and_then(|(_, rest)| rest.split_once("</Key>")).unwrap().0;
        let path = format!("team/{key}");
        let genuine = server.request("GET", &path, "");
        server.request("PUT", &path, &genuine.replace("alpha", "alphb"));
        gone(&bob);
        let (done, said) = server.call(&bob, &["pull", "s3://team/tools"]);
        assert!(!done && !bob.workspace.path("tools/experimental/alpha").exists(), "{said}");
        server.request("PUT", &path, &genuine);
        let (done, said) = server.call(&bob, &["pull", "s3://team/tools"]);
        assert!(done, "the control: {said}");
        let version = format!("team/tools/versions/{}", ada.review("alpha").digest.hex());
        server.request("PUT", &version, "{\"files\":[]}");
        gone(&bob);
        let (done, said) = server.call(&bob, &["pull", "s3://team/tools"]);
        assert!(!done && !bob.workspace.path("tools/experimental/alpha").exists(), "{said}");
    }
}
