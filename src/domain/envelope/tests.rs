use super::declared::MAX_UNDECLARED;
use super::*;

fn attempt(touch: Touch, target: &str, answer: Answer) -> Attempt {
    Attempt { touch, target: target.to_owned(), answer, count: 1 }
}

fn seen_by(observer: Observer, attempts: &[(Touch, &str, Answer)]) -> Observation {
    let attempts = attempts.iter().map(|(touch, target, answer)| attempt(*touch, target, *answer)).collect();
    Observation { observer, attempts, ..Observation::off("") }
}

fn watched(attempts: &[(Touch, &str, Answer)]) -> Observation {
    seen_by(Observer::On, attempts)
}

fn folded(runs: &[Observation]) -> Envelope {
    let mut envelope = Envelope::default();
    for (id, observation) in (1..).zip(runs) {
        envelope.fold(RunId(id), observation);
    }
    envelope
}

fn departing(envelope: &Envelope, declared: &Permissions, attempts: &[(Touch, &str, Answer)]) -> Vec<String> {
    let observation = watched(attempts);
    envelope.departures(declared, &observation).iter().map(|attempt| attempt.target.clone()).collect()
}

fn lines(envelope: &Envelope, declared: &Permissions) -> Vec<(String, PermissionUse)> {
    envelope.against(declared).into_iter().map(|line| (line.permission, line.verdict)).collect()
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_run_that_nobody_watched_counts_apart_and_what_was_seen_of_it_stays() {
    let half = seen_by(Observer::Off("it ran out".to_owned()), &[(Touch::Read, "/etc/shadow", Answer::Denied)]);
    let envelope = folded(&[watched(&[]), half, Observation::off("switched off")]);
    assert_eq!((envelope.observed, envelope.unobserved, envelope.seen.len()), (1, 2, 1));
}

#[test]
fn runs_are_counted_once_each_however_often_they_did_it() {
    let first = watched(&[
        (Touch::Write, "{scratch}/tmpab12cd", Answer::Allowed),
        (Touch::Write, "{scratch}/tmpef34gh", Answer::Allowed),
    ]);
    let envelope = folded(&[first.clone(), first]);
    let seen: Vec<&SeenAttempt> = envelope.seen.values().collect();
    let expected = SeenAttempt {
        touch: Touch::Write,
        target: "{scratch}/tmp{id}".to_owned(),
        answer: Answer::Allowed,
        runs: 2,
        first_run: RunId(1),
        last_run: RunId(2),
    };
    assert_eq!(seen, [&expected]);
}

#[test]
fn many_files_of_a_folder_become_the_folder_when_they_were_let_through_only() {
    let name = |i: u8| format!("/data/in/{}", char::from(b'a' + i));
    let names: Vec<String> = (0..26).map(name).collect();
    let of = |answer| names.iter().map(|name| (Touch::Read, name.as_str(), answer)).collect::<Vec<_>>();
    let read = folded(&[watched(&of(Answer::Allowed)), watched(&of(Answer::Allowed))]);
    let targets: Vec<(&str, u64)> = read.seen.values().map(|seen| (seen.target.as_str(), seen.runs)).collect();
    assert_eq!(targets, [("/data/in/*", 2)]);
    assert_eq!(folded(&[watched(&of(Answer::Denied))]).seen.len(), 26);
}

#[test]
fn an_envelope_is_bounded_and_counts_what_it_left_out() {
    let names: Vec<String> = (0..700)
        .map(|i| format!("/secret/{}{}/x", char::from(b'a' + (i / 26) as u8), char::from(b'a' + (i % 26) as u8)))
        .collect();
    let attempts: Vec<_> = names.iter().map(|name| (Touch::Read, name.as_str(), Answer::Denied)).collect();
    let envelope = folded(&[watched(&attempts)]);
    assert_eq!((envelope.seen.len(), envelope.cut), (MAX_SEEN, 700 - MAX_SEEN as u64));
}

#[test]
fn what_no_run_did_before_is_a_departure_and_once_for_each_place() {
    let envelope = folded(&[watched(&[(Touch::Read, "/data/in/a", Answer::Missing)])]);
    let none = Permissions::default();
    let now = [
        (Touch::Read, "/data/in/b", Answer::Missing),
        (Touch::Read, "/data/out/a", Answer::Missing),
        (Touch::Read, "/data/out/b", Answer::Missing),
        (Touch::Delete, "/data/in/a", Answer::Missing),
        (Touch::Read, "{tool}/main.py", Answer::Allowed),
        (Touch::Write, "{scratch}/x", Answer::Allowed),
    ];
    assert_eq!(departing(&envelope, &none, &now), ["/data/out/a", "/data/in/a"]);
}

#[test]
fn another_way_of_being_refused_is_no_departure_and_the_first_time_let_through_is() {
    let none = Permissions::default();
    let of = |answer| [(Touch::Read, "/data/in/a", answer)];
    for (before, now, departs) in [
        (Answer::Missing, Answer::Denied, false),
        (Answer::Denied, Answer::Missing, false),
        (Answer::Allowed, Answer::Denied, false),
        (Answer::Allowed, Answer::Missing, false),
        (Answer::Denied, Answer::Allowed, true),
        (Answer::Missing, Answer::Allowed, true),
    ] {
        let envelope = folded(&[watched(&of(before))]);
        let found = departing(&envelope, &none, &of(now));
        assert_eq!(!found.is_empty(), departs, "{before}, then {now}");
    }
}

#[test]
fn what_was_refused_in_two_ways_is_one_line() {
    let of = |answer| watched(&[(Touch::Read, "/srv/a", answer)]);
    let envelope = folded(&[of(Answer::Missing), of(Answer::Denied), of(Answer::Missing), of(Answer::Allowed)]);
    let tried = envelope.tried();
    let told: Vec<_> = tried.iter().map(|seen| (seen.answer, seen.runs, seen.first_run, seen.last_run)).collect();
    assert_eq!(told, [(Answer::Allowed, 1, RunId(4), RunId(4)), (Answer::Denied, 3, RunId(1), RunId(3))]);
    let line = envelope.against(&Permissions::default()).remove(0);
    assert_eq!(line.seen, ["read /srv/a (allowed)", "read /srv/a (denied, 3 runs)"]);
}

#[test]
fn looking_up_the_names_of_users_is_one_line_and_needs_no_permission() {
    let attempts = [
        (Touch::Read, "/run/userdb", Answer::Denied),
        (Touch::Read, "/run/userdb/0.user", Answer::Denied),
        (Touch::Read, "/run/host/userdb/root.user", Answer::Missing),
        (Touch::Connect, "unix:/run/systemd/userdb/io.systemd.Multiplexer", Answer::Missing),
        (Touch::Connect, "unix:/var/run/nscd/socket", Answer::Denied),
        (Touch::Read, "/run", Answer::Missing),
        (Touch::Read, "/", Answer::Denied),
    ];
    let envelope = folded(&[watched(&attempts)]);
    let told: Vec<String> = envelope.tried().iter().map(|seen| format!("{} {}", seen.touch, seen.target)).collect();
    assert_eq!(told, ["connect {user names}", "read {user names}"]);
    assert_eq!(envelope.against(&Permissions::default()), []);
    assert_eq!(departing(&Envelope::default(), &Permissions::default(), &attempts), [""; 0]);
    let alone = [(Touch::Read, "/run", Answer::Missing)];
    assert_eq!(departing(&Envelope::default(), &Permissions::default(), &alone), ["/run"]);
    // Paths next to the name services, and accesses beyond asking them, are reported.
    for (touch, target) in [
        (Touch::Read, "/run/userdb/../secrets"),
        (Touch::Read, "/run/userdbs"),
        (Touch::Write, "/run/userdb/x"),
        (Touch::Connect, "unix:/run/docker.sock"),
    ] {
        let found = departing(&Envelope::default(), &Permissions::default(), &[(touch, target, Answer::Denied)]);
        assert_eq!(found, [target]);
    }
}

#[test]
fn a_wide_folder_hides_no_other_file_of_it() {
    let envelope = folded(&[watched(&[(Touch::Read, "/etc/passwd", Answer::Allowed)])]);
    let now = [(Touch::Read, "/etc/shadow", Answer::Denied), (Touch::Read, "/etc/passwd", Answer::Allowed)];
    assert_eq!(departing(&envelope, &Permissions::default(), &now), ["/etc/shadow"]);
}

#[test]
fn the_same_program_with_other_arguments_is_no_departure() {
    let envelope = folded(&[watched(&[(Touch::Exec, "/usr/bin/git status", Answer::Allowed)])]);
    let none = Permissions::default();
    assert!(departing(&envelope, &none, &[(Touch::Exec, "/usr/bin/git log -1", Answer::Allowed)]).is_empty());
    assert_eq!(departing(&envelope, &none, &[(Touch::Exec, "/usr/bin/ssh x", Answer::Allowed)]).len(), 1);
}

#[test]
fn what_is_declared_never_departs() {
    let declared = Permissions {
        network: words(&["full"]),
        read: words(&["/data/2026"]),
        write: words(&["out/"]),
        env: vec![],
        run: words(&["git"]),
    };
    let now = [
        (Touch::Connect, "192.0.2.1:443", Answer::Allowed),
        (Touch::Resolve, "example.org", Answer::Allowed),
        (Touch::Read, "/data/2026/x/y", Answer::Allowed),
        (Touch::Read, "{workspace}/out", Answer::Allowed),
        (Touch::Delete, "{workspace}/out/x", Answer::Allowed),
        (Touch::Exec, "/usr/bin/git status", Answer::Allowed),
    ];
    assert!(departing(&Envelope::default(), &declared, &now).is_empty());
    assert_eq!(departing(&Envelope::default(), &Permissions::default(), &now).len(), now.len());
    assert!(lines(&folded(&[watched(&now)]), &declared).iter().all(|(_, verdict)| *verdict == PermissionUse::Used));
}

#[test]
fn loopback_covers_addresses_of_the_machine_and_no_names() {
    let declared = Permissions { network: words(&["loopback"]), ..Permissions::default() };
    let now = [
        (Touch::Connect, "127.0.0.1:40001", Answer::Allowed),
        (Touch::Connect, "[::1]:80", Answer::Allowed),
        (Touch::Listen, "0.0.0.0:0", Answer::Allowed),
        (Touch::Connect, "192.0.2.1:80", Answer::Denied),
        (Touch::Resolve, "example.org", Answer::Denied),
    ];
    assert_eq!(departing(&Envelope::default(), &declared, &now), ["192.0.2.1:80", "example.org"]);
    let expected =
        [("network full".to_owned(), PermissionUse::Undeclared), ("network loopback".to_owned(), PermissionUse::Used)];
    assert_eq!(lines(&folded(&[watched(&now)]), &declared), expected);
}

#[test]
fn undeclared_attempts_come_first_and_say_what_they_would_need() {
    let declared = Permissions {
        network: words(&["none"]),
        read: words(&["{workspace}"]),
        write: words(&["{workspace}/out"]),
        env: words(&["TOKEN"]),
        run: vec![],
    };
    let envelope = folded(&[watched(&[
        (Touch::Read, "{workspace}/src/x", Answer::Allowed),
        (Touch::Read, "~/.ssh/id_rsa", Answer::Missing),
        (Touch::Write, "{workspace}/src/x", Answer::Denied),
        (Touch::Write, "{tool}/main.py", Answer::Denied),
        (Touch::Exec, "/usr/bin/curl -s", Answer::Allowed),
        (Touch::Connect, "192.0.2.1:80", Answer::Denied),
        (Touch::Connect, "unix:/run/docker.sock", Answer::Missing),
        (Touch::Connect, "unix:@own", Answer::Allowed),
        (Touch::Forbidden, "ptrace", Answer::Denied),
    ])]);
    let expected = [
        ("network full", PermissionUse::Undeclared),
        ("ptrace (not permitted)", PermissionUse::Undeclared),
        ("read /run/docker.sock", PermissionUse::Undeclared),
        ("read ~/.ssh", PermissionUse::Undeclared),
        ("run /usr/bin/curl", PermissionUse::Undeclared),
        ("write {tool}", PermissionUse::Undeclared),
        ("write {workspace}/src", PermissionUse::Undeclared),
        ("read {workspace}", PermissionUse::Used),
        ("write {workspace}/out", PermissionUse::Unused),
        ("env TOKEN", PermissionUse::NotObservable),
    ];
    let expected: Vec<_> = expected.iter().map(|(words, verdict)| ((*words).to_owned(), *verdict)).collect();
    assert_eq!(lines(&envelope, &declared), expected);
    let ssh = envelope.against(&declared).remove(3);
    assert_eq!(ssh.seen, ["read ~/.ssh/id_rsa (missing)"]);
}

#[test]
fn unused_is_never_said_when_nobody_watched() {
    let declared = Permissions { read: words(&["/data"]), ..Permissions::default() };
    let envelope = folded(&[Observation::off("switched off")]);
    assert_eq!(lines(&envelope, &declared), [("read /data".to_owned(), PermissionUse::NotObservable)]);
    let envelope = folded(&[Observation::off("switched off"), watched(&[])]);
    assert_eq!(lines(&envelope, &declared), [("read /data".to_owned(), PermissionUse::Unused)]);
}

#[test]
fn a_flood_of_undeclared_attempts_stays_a_few_lines() {
    let names: Vec<String> =
        (b'a'..=b'z').flat_map(|a| [format!("/{}", a as char), format!("/z{}", a as char)]).collect();
    let attempts: Vec<_> = names.iter().map(|name| (Touch::Read, name.as_str(), Answer::Denied)).collect();
    let lines = folded(&[watched(&attempts)]).against(&Permissions::default());
    assert_eq!(lines.len(), MAX_UNDECLARED + 1);
    assert_eq!(lines[MAX_UNDECLARED].permission, "12 more undeclared");
}

#[test]
fn an_envelope_survives_being_stored() {
    let envelope = folded(&[watched(&[(Touch::Read, "/etc/shadow", Answer::Denied)])]);
    let text = serde_json::to_string(&envelope).unwrap();
    assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope);
}
