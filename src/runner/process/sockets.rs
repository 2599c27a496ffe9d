//! TCP sockets of the network namespace of this process, as the kernel lists them in `/proc/net`.

use super::processes::{descendants, face, process_started};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

/// The state of a listening socket (`net/tcp_states.h`).
const LISTENS: u8 = 10;

/// States of a socket in which it may still wait to be accepted: established, half open, and closed by the peer.
const WAITING: [u8; 3] = [1, 3, 8];

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TcpSocket {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    /// Its inode number; 0 when no process holds it.
    inode: u64,
}

/// Whether a process has accepted a connection to a listening socket of this machine, even if it is closed again.
///
/// # Errors
/// When the list cannot be read.
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
    /// Its local address; unspecified when it is bound to all addresses of this machine.
    pub address: IpAddr,
    /// Whether it accepts connections.
    pub listens: bool,
    /// Its inode number; never 0.
    pub inode: u64,
}

/// The TCP sockets that processes hold on a port of this machine.
///
/// # Errors
/// When the list cannot be read.
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

/// The inode numbers of the sockets that the descendants of a process hold. `None` when `pid` is no longer the process
/// that started at `started`.
///
/// # Errors
/// When the open files of a descendant cannot be read.
pub fn sockets_below(pid: i32, started: u64) -> Option<io::Result<BTreeSet<u64>>> {
    if process_started(pid) != Some(started) {
        return None;
    }
    Some(descendants(pid).iter().try_fold(BTreeSet::new(), |mut all, process| {
        all.extend(sockets_of(process.pid)?);
        Ok(all)
    }))
}

/// The id of a process that holds this socket; `None` when no process with readable open files does.
pub fn process_with_socket(inode: u64) -> Option<i32> {
    let all = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.find(|pid| sockets_of(*pid).is_ok_and(|sockets| sockets.contains(&inode)))
}

/// The inode numbers of the sockets of a process; empty when it has ended.
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
            // Closed in the meantime.
            Err(error) if has_ended(&error) => {}
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
    // The first line has the names of the columns.
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
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::process::{Command, Stdio};

    #[test]
    fn a_listening_socket_is_found_by_its_port_and_among_the_files_of_its_process() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = sockets_at(port).unwrap();
        let [socket] = found[..] else { panic!("{found:?}") };
        assert_eq!((socket.address, socket.listens), (Ipv4Addr::LOCALHOST.into(), true));
        let me = std::process::id().cast_signed();
        assert!(sockets_of(me).unwrap().contains(&socket.inode));
        assert_eq!(process_with_socket(socket.inode), Some(me));
        // Descendants do not include the process itself; a child that inherited the socket is one.
        let started = process_started(me).unwrap();
        let below = || sockets_below(me, started).unwrap().unwrap().contains(&socket.inode);
        // Other tests start programs in parallel, which share the files of this process until they call exec.
        let until = |wanted: bool| while below() != wanted {};
        until(false);
        let input = listener.as_fd().try_clone_to_owned().unwrap();
        let mut child = Command::new("sleep").arg("300").stdin(Stdio::from(input)).spawn().unwrap();
        until(true);
        child.kill().unwrap();
        child.wait().unwrap();
        until(false);
        assert_eq!(sockets_below(me, started + 1).map(|found| found.is_ok()), None);
        drop(listener);
        assert_eq!(sockets_at(port).unwrap(), vec![]);
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
