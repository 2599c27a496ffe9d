//! TCP sockets of the network namespace of this process, as the kernel lists them in `/proc/net`.

use super::processes::{descendants, face, process_started};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

/// The state of a listening socket (`net/tcp_states.h`).
const LISTENS: u8 = 10;

/// The states of a socket that may still wait to be accepted: established, half open, and closed by the peer.
const WAITING: [u8; 3] = [1, 3, 8];

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TcpSocket {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    /// Its inode number; 0 if no process holds it.
    inode: u64,
}

/// Whether a process has accepted a connection to a listening socket of this machine, even if it is closed again.
///
/// # Errors
/// If the list cannot be read.
pub fn is_accepted(client: &TcpStream) -> io::Result<bool> {
    let (theirs, ours) = (client.peer_addr()?, client.local_addr()?);
    let waits = |socket: &TcpSocket| {
        (socket.local, socket.remote) == (theirs, ours) && socket.inode == 0 && WAITING.contains(&socket.state)
    };
    Ok(!list("/proc/net/tcp")?.iter().any(waits))
}

/// A socket that a process holds on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortSocket {
    /// Its local address; unspecified if it is bound to all addresses of this machine.
    pub address: IpAddr,
    /// Whether it accepts connections.
    pub listens: bool,
    /// Its inode number; never 0.
    pub inode: u64,
}

/// The TCP sockets that processes hold on a port of this machine.
///
/// # Errors
/// If the list cannot be read.
pub fn sockets_at(port: u16) -> io::Result<Vec<PortSocket>> {
    let mut all = list("/proc/net/tcp")?;
    match list("/proc/net/tcp6") {
        // A machine without IPv6.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        more => all.extend(more?),
    }
    let at_port = all.into_iter().filter(|socket| socket.local.port() == port && socket.inode != 0);
    Ok(at_port
        .map(|socket| PortSocket { address: socket.local.ip(), listens: socket.state == LISTENS, inode: socket.inode })
        .collect())
}

/// The inode numbers of the sockets that the descendants of a process hold. `None` if `pid` is no longer the process
/// that started at `started`.
///
/// # Errors
/// If the open files of a descendant cannot be read.
pub fn sockets_below(pid: i32, started: u64) -> Option<io::Result<BTreeSet<u64>>> {
    if process_started(pid) != Some(started) {
        return None;
    }
    Some(descendants(pid).iter().try_fold(BTreeSet::new(), |mut all, process| {
        all.extend(sockets_of(process.pid)?);
        Ok(all)
    }))
}

/// The id of a process that holds this socket; `None` if no process with readable open files does.
pub fn process_with_socket(inode: u64) -> Option<i32> {
    let all = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.find(|pid| sockets_of(*pid).is_ok_and(|sockets| sockets.contains(&inode)))
}

/// The inode numbers of the sockets of a process; empty if it has ended.
fn sockets_of(pid: i32) -> io::Result<BTreeSet<u64>> {
    let folder = format!("/proc/{}/fd", face(pid).unwrap_or(pid));
    let files = match fs::read_dir(folder) {
        Err(error) if has_ended(&error) => return Ok(BTreeSet::new()),
        files => files?,
    };
    let mut found = BTreeSet::new();
    for file in files {
        match file.and_then(|file| fs::read_link(file.path())) {
            Ok(link) => found.extend(link.to_str().and_then(inode_of)),
            // Closed meanwhile, or a file whose path is too long for the kernel to return.
            Err(error) if has_ended(&error) || error.kind() == io::ErrorKind::InvalidFilename => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

/// The inode number in the link of an open file that is a socket: `socket:[12345]`.
fn inode_of(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn list(path: &str) -> io::Result<Vec<TcpSocket>> {
    // The first line contains the names of the columns.
    Ok(fs::read_to_string(path)?.lines().skip(1).filter_map(parse).collect())
}

fn parse(line: &str) -> Option<TcpSocket> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    Some(TcpSocket {
        local: address(words.get(1)?)?,
        remote: address(words.get(2)?)?,
        state: u8::from_str_radix(words.get(3)?, 16).ok()?,
        inode: words.get(9)?.parse().ok()?,
    })
}

/// An address as the kernel writes it: words of 32 bits as this machine reads them from memory, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |index: usize| {
        let digits = host.get(index * 8..index * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip: IpAddr = match host.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            IpAddr::from(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{Mode, OFlags};
    use rustix::process::{Pid, Signal, getpgid, kill_process_group};
    use std::fs::File;
    use std::net::TcpListener;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    fn is_in_group(pid: i32, group: i32) -> bool {
        let found = Pid::from_raw(pid).map(|pid| getpgid(Some(pid)));
        matches!(found, Some(Ok(found)) if found.as_raw_nonzero().get() == group)
    }

    /// Other tests start programs in parallel, and these share all files of this process until they call exec. So only
    /// processes of this test are examined, and the test waits for files that others hold briefly.
    #[test]
    fn a_listening_socket_is_found_by_its_port_and_among_the_files_of_its_process() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = sockets_at(port).unwrap();
        let [socket] = found[..] else { panic!("{found:?}") };
        assert_eq!((socket.address, socket.listens), (Ipv4Addr::LOCALHOST.into(), true));
        assert!(sockets_of(std::process::id().cast_signed()).unwrap().contains(&socket.inode));
        // The shell waits for a child that inherits the socket.
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 300; true"]).stdin(Stdio::from(OwnedFd::from(listener))).process_group(0);
        let mut child = shell.spawn().unwrap();
        drop(shell);
        let pid = child.id().cast_signed();
        let started = process_started(pid).unwrap();
        let below = || sockets_below(pid, started).unwrap().unwrap().contains(&socket.inode);
        let deadline = Instant::now() + Duration::from_mins(1);
        let until = |holds: &dyn Fn() -> bool| {
            while !holds() {
                assert!(Instant::now() < deadline, "{:?}", process_with_socket(socket.inode));
            }
        };
        until(&below);
        until(&|| process_with_socket(socket.inode).is_some_and(|holder| is_in_group(holder, pid)));
        assert_eq!(sockets_below(pid, started + 1).map(|found| found.is_ok()), None);
        kill_process_group(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        child.wait().unwrap();
        until(&|| sockets_at(port).unwrap().is_empty());
        assert_eq!(process_with_socket(socket.inode), None);
    }

    #[test]
    fn an_open_file_with_a_path_too_long_to_be_told_hides_no_socket() {
        let root = tempfile::tempdir().unwrap();
        let mut folder = OwnedFd::from(File::open(root.path()).unwrap());
        let name = "d".repeat(255);
        for _ in 0..20 {
            rustix::fs::mkdirat(&folder, &name, Mode::RWXU).unwrap();
            folder = rustix::fs::openat(&folder, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        let link = fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        assert_eq!(link.unwrap_err().kind(), io::ErrorKind::InvalidFilename, "a control");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = sockets_at(listener.local_addr().unwrap().port()).unwrap()[0];
        assert!(sockets_of(std::process::id().cast_signed()).unwrap().contains(&socket.inode));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_of_the_list_is_read_and_a_broken_one_is_not() {
        let line =
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100";
        let expected = TcpSocket {
            local: "127.0.0.1:8080".parse().unwrap(),
            remote: "0.0.0.0:0".parse().unwrap(),
            state: 10,
            inode: 12345,
        };
        assert_eq!(parse(line), Some(expected));
        let addresses = [
            ("00000000000000000000000001000000:0050", "[::1]:80"),
            ("00000000000000000000000000000000:0050", "[::]:80"),
            ("0000000000000000FFFF00000100007F:0050", "127.0.0.1:80"),
        ];
        for (text, expected) in addresses {
            assert_eq!(address(text), Some(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "0100007F", "0100007F:", "0100007:0050", "01é0007F:0050", "00:0050"] {
            assert_eq!(address(text), None, "{text}");
        }
        assert_eq!(parse("   0: 0100007F:1F90"), None);
    }
}
