//! A relay passes all bytes in both directions, and buffers a limited amount.

use super::*;
use crate::runner::process::poll::poll_some;
use crate::runner::supervisor::{receive_parcel, send_fds};
use rustix::event::PollFlags;
use rustix::net::RecvFlags;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;

/// Longer than any step here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// Two connected sockets.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let other = listener.accept().unwrap().0;
    for end in [&one, &other] {
        end.set_read_timeout(Some(LONG)).unwrap();
        end.set_write_timeout(Some(LONG)).unwrap();
    }
    (one, other)
}

/// Two ends with a relay between them.
fn relayed(relay: &Relay) -> (TcpStream, TcpStream) {
    let ((one, a), (b, other)) = (connected(), connected());
    relay.join(a.into(), b.into());
    (one, other)
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LONG, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let next = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as u8
    };
    (0..length).map(|_| next(&mut state)).collect()
}

#[test]
fn bytes_arrive_whole_in_both_directions_at_one_time() {
    let relay = Relay::start().unwrap();
    let (one, other) = relayed(&relay);
    let there = noise(8 << 20, 1);
    let back = noise(5 << 20, 2);
    std::thread::scope(|scope| {
        for (end, bytes) in [(&one, &there), (&other, &back)] {
            scope.spawn(move || {
                (&mut &*end).write_all(bytes).unwrap();
                end.shutdown(Shutdown::Write).unwrap();
            });
        }
        for (end, bytes) in [(&other, &there), (&one, &back)] {
            scope.spawn(move || {
                let mut got = Vec::new();
                (&mut &*end).read_to_end(&mut got).unwrap();
                assert!(got == *bytes, "{} of {}", got.len(), bytes.len());
            });
        }
    });
    wait_until("the end of the pair", || relay.connections() == 0);
}

#[test]
fn the_end_of_one_direction_is_passed_on_and_the_other_goes_on() {
    let relay = Relay::start().unwrap();
    let (mut one, mut other) = relayed(&relay);
    one.write_all(b"question").unwrap();
    one.shutdown(Shutdown::Write).unwrap();
    let mut question = String::new();
    other.read_to_string(&mut question).unwrap();
    assert_eq!(question, "question");
    other.write_all(b"answer").unwrap();
    drop(other);
    let mut answer = String::new();
    one.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer");
    wait_until("the end of the pair", || relay.connections() == 0);
}

#[test]
fn what_nobody_takes_is_not_read_and_holds_up_nobody_else() {
    let relay = Relay::start().unwrap();
    let (one, mut other) = relayed(&relay);
    one.set_nonblocking(true).unwrap();
    let piece = noise(1 << 16, 3);
    let (mut written, mut quiet) = (0_usize, Instant::now());
    // Until nothing was accepted for a while: all buffers on the way are full.
    while quiet.elapsed() < Duration::from_millis(300) {
        match (&mut &one).write(&piece) {
            Ok(got) => (written, quiet) = (written + got, Instant::now()),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
    assert!(written < 64 << 20, "{written} bytes are on the way");
    let (mut third, mut fourth) = relayed(&relay);
    third.write_all(b"now").unwrap();
    let mut now = [0; 3];
    fourth.read_exact(&mut now).unwrap();
    // Then all of it arrives.
    one.shutdown(Shutdown::Write).unwrap();
    assert_eq!(io::copy(&mut other, &mut io::sink()).unwrap(), written as u64);
}

#[test]
fn a_broken_connection_ends_its_pair_and_a_dropped_relay_ends_all() {
    let relay = Relay::start().unwrap();
    let (one, mut other) = relayed(&relay);
    let (_keep, mut third) = relayed(&relay);
    wait_until("both pairs", || relay.connections() == 2);
    // Closed with unread data: the other side is reset.
    other.write_all(b"unread").unwrap();
    let mut seen = [0; 1];
    one.peek(&mut seen).unwrap();
    drop(one);
    let begun = Instant::now();
    while other.write_all(b"more").is_ok() {
        assert!(begun.elapsed() < LONG);
    }
    wait_until("the end of one pair", || relay.connections() == 1);
    drop(relay);
    assert!(matches!(third.read(&mut seen), Ok(0) | Err(_)));
}

#[test]
fn as_many_connections_are_taken_as_leave_files_for_everything_else() {
    let files = [None, Some(1 << 20), Some(FILES), Some(1024), Some(64)];
    assert_eq!(files.map(most_connections), [MOST, MOST, MOST, 256, 1]);
}

#[test]
fn hundreds_of_connections_at_one_time_hold_little_memory() {
    let relay = Relay::start().unwrap();
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let before = resident();
    let mut ends: Vec<_> = (0..400).map(|_| relayed(&relay)).collect();
    for round in 0..3_u8 {
        for (one, _) in &mut ends {
            one.write_all(&[round; 1000]).unwrap();
        }
        for (_, other) in &mut ends {
            let mut got = [0; 1000];
            other.read_exact(&mut got).unwrap();
            assert_eq!(got, [round; 1000]);
        }
    }
    wait_until("all pairs", || relay.connections() == 400);
    let grown = resident().saturating_sub(before);
    // Other tests of this process allocate memory meanwhile.
    assert!(grown < 64 << 20, "{grown}");
    drop(ends);
    wait_until("the end of all", || relay.connections() == 0);
}

/// The inner end of a connector.
struct Stage(OwnedFd);

impl Stage {
    /// The next request before the deadline, if any.
    fn request(&self, until: Instant) -> Option<OwnedFd> {
        loop {
            match receive_parcel(&self.0, RecvFlags::DONTWAIT) {
                Ok(parcel) => return parcel.fds.into_iter().next(),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            if Instant::now() >= until {
                return None;
            }
            poll_some([(Some(&self.0), PollFlags::IN)], until).unwrap();
        }
    }

    /// Refuses requests for this long; returns how many there were.
    fn refuse(&self, how_long: Duration) -> usize {
        let until = Instant::now() + how_long;
        let refuse = |answer: &OwnedFd| send_fds(answer, &Errno::CONNREFUSED.raw_os_error().to_ne_bytes(), &[]);
        let mut requests = 0;
        while let Some(answer) = self.request(until) {
            // A request that was cancelled meanwhile accepts no answer.
            let _ = refuse(&answer);
            requests += 1;
        }
        requests
    }
}

/// A relayed port without a listener behind it; the stage decides the results.
fn port(relay: &Relay) -> (Stage, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let number = listener.local_addr().unwrap().port();
    let (connector, requests) = NamespaceConnector::pair().unwrap();
    relay.set_connector(Some(connector));
    relay.serve(listener.into(), 80);
    (Stage(requests), number)
}

fn client(port: u16) -> TcpStream {
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client
}

#[test]
fn many_connections_that_wait_for_a_service_cost_no_more_than_one() {
    for waiting in [1, 100] {
        let relay = Relay::start().unwrap();
        let (stage, number) = port(&relay);
        let mut clients: Vec<TcpStream> = (0..waiting).map(|_| client(number)).collect();
        // Until all are accepted and the requested ones were refused.
        stage.refuse(Duration::from_millis(500));
        let requests = stage.refuse(Duration::from_secs(1));
        assert!((5..=110).contains(&requests), "{waiting} wait: {requests} requests within a second");
        // None of them is lost.
        let mut ends = Vec::new();
        while ends.len() < waiting {
            let answer = stage.request(Instant::now() + LONG).unwrap();
            let (inner, end) = connected();
            send_fds(answer, &0_i32.to_ne_bytes(), &[inner.as_fd()]).unwrap();
            ends.push(end);
        }
        for end in &mut ends {
            end.write_all(b"up").unwrap();
        }
        for client in &mut clients {
            let mut answer = [0; 2];
            client.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"up");
        }
        wait_until("all pairs", || relay.connections() == waiting);
    }
}

#[test]
fn a_connection_that_waits_is_given_up_after_its_patience_and_no_sooner() {
    let patience = Duration::from_millis(500);
    for (name, has_run) in [("refused", true), ("without a run", false)] {
        let (short, long) = (Relay::start_with(patience).unwrap(), Relay::start().unwrap());
        let ((stage, number), (other_stage, other_number)) = (port(&short), port(&long));
        let begun = Instant::now();
        let (mut given_up, mut kept) = (client(number), client(other_number));
        for (stage, relay) in [(&stage, &short), (&other_stage, &long)] {
            let answer = stage.request(Instant::now() + LONG).unwrap();
            if has_run {
                send_fds(answer, &Errno::CONNREFUSED.raw_os_error().to_ne_bytes(), &[]).unwrap();
            } else {
                relay.set_connector(None);
            }
        }
        stage.refuse(patience * 2);
        // A signal of another test may interrupt a single read.
        assert_eq!(given_up.read_to_end(&mut Vec::new()).unwrap(), 0, "{name}");
        assert!(begun.elapsed() >= patience, "{name}");
        kept.set_nonblocking(true).unwrap();
        assert_eq!(kept.read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock, "{name}");
    }
}
