//! TCP sockets of the network that this process is in, as the kernel lists them in `/proc/net`.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

/// States of a socket (`net/tcp_states.h`) in which it may still wait to be accepted: established, half open, and closed
/// by the other end.
const WAITING: [u8; 3] = [1, 3, 8];

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TcpSocket {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    /// What names it among the files of a process; 0 when no process has it.
    inode: u64,
}

/// Whether somebody has accepted a connection to a listening socket of this machine; also when it is closed again.
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
