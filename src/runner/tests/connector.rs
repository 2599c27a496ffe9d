//! Connections from outside into the network namespace of a service without any permission.

use super::listeners::{listener, ways};
use super::service::terms;
use super::*;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::OwnedFd;

/// Answers on a port of its own network. One thread for all: a run has at most 64 threads and processes.
const OWN: &str = "
import asyncio, sys
async def answer(reader, writer):
    while said := await reader.read(1000):
        writer.write(said.upper())
    writer.close()
async def serve():
    own = await asyncio.start_server(answer, '127.0.0.1', int(sys.argv[1]), backlog=256)
    print('ready', flush=True)
    await own.serve_forever()
asyncio.run(serve())
";

const PORT: u16 = 8405;

fn own() -> Bench {
    Bench::new(&["python3", "-c", OWN, &PORT.to_string()])
}

fn say(socket: OwnedFd, text: &str) -> String {
    let mut peer = TcpStream::from(socket);
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.write_all(text.as_bytes()).unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_service_without_any_permission_is_reached_through_its_connector() {
    for way in ways().into_iter().filter(|way| way.0 == IsolationLevel::Isolated) {
        let mut bench = own();
        bench.in_way(way);
        let (spec, connector) = bench.spec().unwrap().as_service(terms()).with_connector().unwrap();
        let running = start(spec, Hooks::default());
        wait_for(&running, "ready\n");
        assert_eq!(say(connector.connect(PORT, PATIENCE).unwrap(), "hello"), "HELLO", "{way:?}");
        // Nothing listens there in the host's network.
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, PORT)).is_err());
        // The host cannot be reached through the connector either.
        let (_victim, port) = listener();
        let begun = Instant::now();
        let error = connector.connect(port, PATIENCE).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused, "{way:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
        let all: Vec<_> = (0..100)
            .map(|number| {
                let connector = connector.clone();
                std::thread::spawn(move || say(connector.connect(PORT, PATIENCE).unwrap(), &format!("n{number}")))
            })
            .collect();
        let answers: Vec<_> = all.into_iter().map(std::thread::JoinHandle::join).collect();
        running.cancel();
        let report = running.wait();
        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(
                answer.ok(),
                Some(format!("N{number}")),
                "{way:?}: {:?}, {}",
                report.end,
                bench.output(Stream::Stderr)
            );
        }
        assert_eq!((report.end, report.isolation.level), (RunEnd::Cancelled, IsolationLevel::Isolated), "{way:?}");
        let error = connector.connect(PORT, PATIENCE).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotConnected, "{way:?}");
    }
}

#[test]
fn a_connector_of_a_run_that_never_starts_fails() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let (spec, connector) = own().spec().unwrap().as_service(terms()).with_connector().unwrap();
    let pending = connector.request(PORT).unwrap();
    assert!(pending.poll().unwrap().is_none());
    assert_eq!(connector.connect(PORT, Duration::from_millis(50)).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    drop(spec);
    // Programs that other tests start share its files until they call exec.
    let end = loop {
        match pending.poll() {
            Ok(None) => {}
            end => break end,
        }
    };
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::NotConnected);
    assert_eq!(connector.connect(PORT, PATIENCE).unwrap_err().kind(), std::io::ErrorKind::NotConnected);
}

#[test]
fn a_service_that_does_not_accept_holds_up_only_itself() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let full = "import socket, time
own = socket.create_server(('127.0.0.1', 8405), backlog=0)\n\
                print('ready', flush=True)\ntime.sleep(300)";
    let bench = Bench::python(full);
    let (spec, connector) = bench.spec().unwrap().as_service(terms()).with_connector().unwrap();
    let running = start(spec, Hooks::default());
    wait_for(&running, "ready\n");
    // Its queue holds some, the rest waits inside.
    let pending: Vec<_> = (0..20).map(|_| connector.request(PORT).unwrap()).collect();
    assert_eq!(connector.connect(9, PATIENCE).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    assert!(pending.iter().any(|one| matches!(one.poll(), Ok(None))));
    drop(pending);
    running.cancel();
    assert_eq!(running.wait().end, RunEnd::Cancelled);
}

#[test]
fn there_is_no_connector_without_a_network_of_its_own() {
    let mut bench = own();
    bench.at(IsolationLevel::Confined);
    match bench.spec().unwrap().with_connector() {
        Err(RunEnd::Uncontained { message }) => assert!(message.contains("listen-fds"), "{message}"),
        other => panic!("{other:?}"),
    }
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    bench.at(IsolationLevel::Isolated);
    bench.profile = Profile::Declared;
    bench.manifest.permissions.network = vec!["full".to_owned()];
    assert!(matches!(bench.spec().unwrap().with_connector(), Err(RunEnd::Refused { .. })));
    bench.manifest.permissions.network.clear();
    let inherited = || vec![("port".to_owned(), listener().0)];
    let (spec, _connector) = bench.spec().unwrap().with_connector().unwrap();
    assert!(matches!(spec.with_listeners(inherited()), Err(RunEnd::Refused { .. })));
    let spec = bench.spec().unwrap().with_listeners(inherited()).unwrap();
    assert!(matches!(spec.with_connector(), Err(RunEnd::Refused { .. })));
}

#[test]
fn a_relayed_port_is_kept_over_relaunches_and_refuses_nobody() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let relay = Relay::start().unwrap();
    let (socket, port) = listener();
    relay.serve(socket, PORT);
    let is_over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let is_over = is_over.clone();
            std::thread::spawn(move || {
                let mut answered = 0_u32;
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let text = format!("{client} {answered}");
                    let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it was refused");
                    peer.set_read_timeout(Some(PATIENCE)).unwrap();
                    // A connection that the service had when it was killed is lost, as with any server.
                    let mut answer = vec![0; text.len()];
                    if peer.write_all(text.as_bytes()).and_then(|()| peer.read_exact(&mut answer)).is_ok() {
                        assert_eq!(answer, text.to_uppercase().as_bytes());
                        answered += 1;
                    }
                }
                answered
            })
        })
        .collect();
    for _ in 0..5 {
        let bench = own();
        let (spec, connector) = bench.spec().unwrap().as_service(terms()).with_connector().unwrap();
        let running = start(spec, Hooks::default());
        relay.set_connector(Some(connector));
        // Including connections from before the service was there.
        let before = relay.connections();
        wait_for(&running, "ready\n");
        let text = "after";
        let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        peer.write_all(text.as_bytes()).unwrap();
        let mut answer = [0; 5];
        peer.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"AFTER", "{before}");
        relay.set_connector(None);
        running.canceller().kill();
        running.wait();
    }
    let bench = own();
    let (spec, connector) = bench.spec().unwrap().as_service(terms()).with_connector().unwrap();
    let running = start(spec, Hooks::default());
    relay.set_connector(Some(connector));
    is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    for client in clients {
        assert!(client.join().unwrap() > 0);
    }
    running.canceller().kill();
    running.wait();
}
