//! Services that inherit listening sockets of the host: they can be reached from it and can reach nothing.

use super::service::{levels, terms};
use super::*;
use crate::domain::service::StopSignal;
use crate::domain::{Network, WriteMode};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

/// Answers on its listeners, like any server made for systemd.
const SERVER: &str = "
import os, select, socket
count = int(os.environ['LISTEN_FDS'])
names = os.environ['LISTEN_FDNAMES'].split(':')
assert os.environ['LISTEN_PID'] == str(os.getpid()), os.environ['LISTEN_PID']
sockets = [socket.socket(fileno=3 + n) for n in range(count)]
for own in sockets: own.listen(64)
print('ready', *names, sockets[0].getsockname()[0])
while True:
    for own in select.select(sockets, [], [])[0]:
        peer, _ = own.accept()
        said = peer.recv(100)
        peer.sendmsg([names[sockets.index(own)].encode(), b' ', said])
        peer.shutdown(socket.SHUT_WR)
        peer.close()
";

pub(super) fn listener() -> (OwnedFd, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener.into(), port)
}

fn ask(port: u16, text: &str) -> String {
    let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    answer
}

/// Every way in which a run starts: the level, whether writes are staged, whether it is observed.
pub(super) fn ways() -> Vec<(IsolationLevel, bool, bool)> {
    let of = |level: IsolationLevel| {
        let staged = if level == IsolationLevel::Isolated { vec![false, true] } else { vec![false] };
        staged.into_iter().flat_map(move |staged| [false, true].map(|observe| (level, staged, observe)))
    };
    levels().into_iter().flat_map(of).collect()
}

impl Bench {
    pub(super) fn in_way(&mut self, (level, staged, observe): (IsolationLevel, bool, bool)) {
        self.at(level);
        self.observe = observe;
        if staged {
            let path = self.path("workspace/out");
            fs::create_dir_all(&path).unwrap();
            self.profile = Profile::Declared;
            self.writes = WriteMode::Staged;
            self.manifest.permissions.write = vec![path.to_str().unwrap().to_owned()];
        }
    }
}

#[test]
fn a_service_without_any_permission_is_reached_through_what_it_inherits() {
    for way in ways() {
        let mut bench = Bench::python(SERVER);
        bench.in_way(way);
        let (ports, sockets): (Vec<u16>, Vec<_>) = ["http", "admin"]
            .map(|name| {
                let (fd, port) = listener();
                (port, (name.to_owned(), fd))
            })
            .into_iter()
            .unzip();
        let spec = bench.spec().unwrap().as_service(ServiceTerms { stop: StopSignal::Int, ..terms() });
        let running = start(spec.with_listeners(sockets).unwrap(), Hooks::default());
        wait_for(&running, "ready http admin 127.0.0.1\n");
        for number in 0..20 {
            assert_eq!(ask(ports[0], &number.to_string()), format!("http {number}"), "{way:?}");
            assert_eq!(ask(ports[1], &number.to_string()), format!("admin {number}"), "{way:?}");
        }
        running.cancel();
        let report = running.wait();
        assert_eq!((report.end, report.isolation.level), (RunEnd::Cancelled, way.0), "{way:?}");
        // The port belonged to the run and is closed now.
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, ports[0])).is_err());
    }
}

#[test]
fn a_service_that_is_only_limited_inherits_them_too() {
    let mut bench = Bench::python(SERVER);
    bench.at(IsolationLevel::Confined);
    let (own, port) = listener();
    let mut spec = bench.spec().unwrap().as_service(terms()).with_listeners(vec![("port".to_owned(), own)]).unwrap();
    for level in [&mut spec.plan.level, &mut spec.plan.least, &mut spec.plan.walls.level, &mut spec.plan.policy.level] {
        *level = IsolationLevel::LimitsOnly;
    }
    let running = start(spec, Hooks::default());
    wait_for(&running, "ready port 127.0.0.1\n");
    assert_eq!(ask(port, "hello"), "port hello");
    running.canceller().kill();
    assert_eq!(running.wait().isolation.level, IsolationLevel::LimitsOnly);
}

#[test]
fn without_a_listener_nothing_in_the_network_of_a_run_is_reached() {
    if !needs::has(&[&needs::BUBBLEWRAP]) {
        return;
    }
    let (spare, port) = listener();
    drop(spare);
    let mut bench = Bench::python(&format!(
        "import socket, time\nserver = socket.create_server(('127.0.0.1', {port}))\n\
         print('connected', socket.create_connection(('127.0.0.1', {port})) is not None)\ntime.sleep(300)"
    ));
    bench.at(IsolationLevel::Isolated);
    bench.profile = Profile::Declared;
    bench.manifest.permissions.network = vec!["loopback".to_owned()];
    let running = bench.serve(terms());
    wait_for(&running, "connected True\n");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    running.canceller().kill();
    assert_eq!(running.wait().end, RunEnd::Cancelled);
}

/// Attacks on the host with inherited sockets: every way to make a connection from a listening or connected socket.
const ATTACKS: &str = "
import ctypes, errno, fcntl, os, socket, struct
c = ctypes.CDLL(None, use_errno=True)
to = ('127.0.0.1', int(os.environ['VICTIM']))
def attempt(name, act):
    try: act(); print(name, 'done')
    except OSError as error: print(name, errno.errorcode[error.errno])
def disconnect(own):
    if c.connect(own.fileno(), struct.pack('H14x', 0), 16): raise OSError(ctypes.get_errno(), '')
one, two, three, four = [socket.socket(fileno=3 + n) for n in range(4)]
attempt('socket', lambda: socket.socket())
attempt('datagrams', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt('interfaces', lambda: fcntl.ioctl(3, 0x8915, struct.pack('256s', b'lo')))
print('ready')
peer, _ = four.accept()
peer.send(b'.')
attempt('disconnect', lambda: disconnect(peer))
for own in one, two, three: own.shutdown(socket.SHUT_RDWR)
attempt('connect', lambda: one.connect(to))
attempt('sendto', lambda: two.sendto(b'x', 0x20000000, to))
attempt('sendmsg', lambda: three.sendmsg([b'x'], [], 0x20000000, to))
";

#[test]
fn what_a_service_inherits_leads_nowhere() {
    for (way, network) in ways()
        .into_iter()
        .flat_map(|way| [Network::None, Network::Loopback, Network::Full].map(|network| (way, network)))
    {
        if network == Network::Loopback && way.0 == IsolationLevel::Confined {
            // No run is possible in this configuration.
            continue;
        }
        let mut bench = Bench::python(ATTACKS);
        bench.in_way(way);
        bench.profile = Profile::Declared;
        bench.manifest.permissions.network = vec![network.to_string()];
        let victim = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        victim.set_nonblocking(true).unwrap();
        let name = victim.local_addr().unwrap().port().to_string();
        bench.recipe().env.insert("VICTIM".to_owned(), name);
        let (ports, sockets): (Vec<u16>, Vec<_>) = ["a", "b", "c", "d"]
            .map(|name| {
                let (fd, port) = listener();
                (port, (name.to_owned(), fd))
            })
            .into_iter()
            .unzip();
        let spec = bench.spec().unwrap().as_service(terms()).with_listeners(sockets).unwrap();
        let running = start(spec, Hooks::default());
        wait_for(&running, "ready\n");
        let mut said = [0];
        TcpStream::connect((Ipv4Addr::LOCALHOST, ports[3])).unwrap().read_exact(&mut said).unwrap();
        let report = running.wait();
        let output = bench.output(Stream::Stdout);
        let reached = std::iter::from_fn(|| victim.accept().ok()).count();
        let names = ["socket", "datagrams", "interfaces", "disconnect", "connect", "sendto", "sendmsg"];
        let line = |name: &&str| {
            output.lines().find(|line| line.split(' ').next() == Some(name)).unwrap_or_default().to_owned()
        };
        let found: Vec<String> = names.iter().map(line).collect();
        if network == Network::Full {
            // The attacks work if the network is granted.
            assert_eq!(found, names.map(|name| format!("{name} done")), "{way:?} {report:?} {output}");
            assert_eq!(reached, 3, "{way:?}");
        } else {
            assert_eq!(found, names.map(|name| format!("{name} EPERM")), "{way:?} {network:?} {report:?} {output}");
            assert_eq!(reached, 0, "{way:?}");
        }
    }
}

#[test]
fn only_sockets_that_listen_for_tcp_are_passed_on() {
    let bench = Bench::sh("true");
    let refused = |name: &str, fd: OwnedFd| match bench
        .spec()
        .unwrap()
        .as_service(terms())
        .with_listeners(vec![(name.to_owned(), fd)])
    {
        Err(RunEnd::Refused { message }) => message,
        other => panic!("{other:?}"),
    };
    let (own, port) = listener();
    for name in ["", "a:b", "a\nb", &"x".repeat(256)] {
        assert!(refused(name, own.try_clone().unwrap()).contains("colons"), "{name:?}");
    }
    let udp = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let local = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let file = fs::File::open("/dev/null").unwrap();
    for fd in [OwnedFd::from(udp), connected.into(), local.into(), file.into()] {
        assert!(refused("port", fd).contains("the socket of port"), "{bench:?}", bench = bench.dir);
    }
    let many = (0..17).map(|number| (format!("p{number}"), own.try_clone().unwrap())).collect();
    assert!(bench.spec().unwrap().with_listeners(many).is_err());
}
