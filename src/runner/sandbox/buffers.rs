//! How much memory the kernel holds for processes in addition to their own: unread data in sockets and pipes. No limit
//! of a process counts it.
//!
//! A socket reports the data that was sent through it. Data of a closed socket remains until it is read. If the network
//! belongs to the run, the kernel reports how many local sockets there are, so that those not held by any process are
//! counted as full. The filter keeps buffers at their default size.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::collections::BTreeSet;
use std::fs;
use std::mem::size_of;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::OnceLock;

/// The capacity of a pipe in bytes: 16 pages. The filter refuses to enlarge it.
const PIPE: u64 = 64 << 10;

/// The memory that one byte in a pipe may occupy: a page.
const PAGE: u64 = 4096;

/// The socket option for memory use (`asm-generic/socket.h`, Linux 4.12).
const SO_MEMINFO: libc::c_int = 55;

/// How many numbers the kernel returns (`linux/sock_diag.h`).
const NUMBERS: usize = 9;
const RECEIVED: usize = 0;
const SENT: usize = 2;
const QUEUED: usize = 5;
const BACKLOG: usize = 7;

/// The file that contains the default buffer size of a new socket.
const USUAL: &str = "/proc/sys/net/core/wmem_default";

/// How much unread data one local socket may have sent, in bytes: its buffer, and one message beyond it.
fn most_of_socket() -> u64 {
    static MOST: OnceLock<u64> = OnceLock::new();
    *MOST
        .get_or_init(|| fs::read_to_string(USUAL).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(212_992) * 2)
}

/// How many files a process has open; 0 if it has ended.
fn open_files(pid: i32) -> u64 {
    let folder = format!("/proc/{pid}/fd");
    match fs::metadata(&folder) {
        // Since Linux 6.2, the size of the folder is this number.
        Ok(meta) if meta.len() > 0 => meta.len(),
        Ok(_) => fs::read_dir(folder).map_or(0, |entries| entries.count() as u64),
        Err(_) => 0,
    }
}

/// How many local sockets there are in the network of a process; 0 if unknown.
pub(in crate::runner) fn local_sockets(pid: i32) -> u64 {
    count_local(&fs::read_to_string(format!("/proc/{pid}/net/protocols")).unwrap_or_default())
}

/// An upper bound for the data of these processes in sockets and pipes, in bytes, computed from the number of their
/// files; counting stops at `enough`. `local` as for [`buffered_bytes`].
pub(in crate::runner) fn possible_bytes(pids: &[i32], local: Option<u64>, enough: u64) -> u64 {
    let files: u64 = pids.iter().map(|pid| open_files(*pid)).sum();
    let rough = match local {
        Some(local) => local * most_of_socket() + files * PIPE,
        None => files * most_of_socket(),
    };
    if rough <= enough || local.is_some() {
        return rough;
    }
    let mut seen = BTreeSet::new();
    for pid in pids {
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return rough };
        seen.extend(entries.flatten().filter_map(|entry| kind_of(&entry.path())));
    }
    seen.iter().map(|(kind, _)| if *kind == DescriptorKind::Socket { most_of_socket() } else { PIPE }).sum()
}

/// Reads the kernel's table of protocols: name, size of a socket, sockets.
fn count_local(table: &str) -> u64 {
    let of_line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let is_local = words.next()?.starts_with("UNIX");
        words.nth(1)?.parse::<u64>().ok().filter(|_| is_local)
    };
    table.lines().filter_map(of_line).sum()
}

/// The memory that these processes hold in sockets and pipes, in bytes; shared sockets and pipes are counted once.
/// `local` is the number of local sockets in their network, if it is theirs alone.
pub(in crate::runner) fn buffered_bytes(pids: &[i32], local: Option<u64>) -> u64 {
    let mut seen = BTreeSet::new();
    let (mut bytes, mut known) = (0, 0);
    for pid in pids {
        let pidfd = Pid::from_raw(*pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let folder = format!("/proc/{pid}/fd");
        let Ok(entries) = fs::read_dir(&folder) else {
            // Its open files are hidden, so they count as full.
            bytes += open_files(*pid) * most_of_socket();
            continue;
        };
        for entry in entries.flatten() {
            let Some((kind, number)) = kind_of(&entry.path()) else { continue };
            if !seen.insert((kind, number)) {
                continue;
            }
            let fd = entry.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok());
            let copy =
                pidfd.as_ref().zip(fd).and_then(|(pidfd, fd)| pidfd_getfd(pidfd, fd, PidfdGetfdFlags::empty()).ok());
            bytes += match (kind, copy) {
                (DescriptorKind::Pipe, Some(pipe)) => {
                    rustix::io::ioctl_fionread(&pipe).map_or(PIPE, |unread| PIPE.min(unread * PAGE))
                }
                (DescriptorKind::Pipe, None) => PIPE,
                (DescriptorKind::Socket, Some(socket)) => {
                    known += u64::from(local.is_some() && is_local(&socket));
                    match of_socket(&socket) {
                        0 if local.is_none() => of_closed_peer(&socket),
                        bytes => bytes,
                    }
                }
                (DescriptorKind::Socket, None) => most_of_socket(),
            };
        }
    }
    bytes + local.unwrap_or(0).saturating_sub(known) * most_of_socket()
}

/// The kinds of descriptors that hold kernel memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DescriptorKind {
    Pipe,
    Socket,
}

/// The kind and inode number of a descriptor, according to its link in `/proc`.
fn kind_of(link: &Path) -> Option<(DescriptorKind, u64)> {
    let target = fs::read_link(link).ok()?;
    let (kind, rest) = target.to_str()?.split_once(":[")?;
    let kind = match kind {
        "pipe" => DescriptorKind::Pipe,
        "socket" => DescriptorKind::Socket,
        _ => return None,
    };
    Some((kind, rest.trim_end_matches(']').parse().ok()?))
}

/// The memory for data that a socket received, and for data that it sent and that was not received yet, in bytes.
fn of_socket(socket: &OwnedFd) -> u64 {
    let mut numbers = [0_u32; NUMBERS];
    let mut length = size_of::<[u32; NUMBERS]>() as libc::socklen_t;
    let (at, room) = (numbers.as_mut_ptr().cast(), &raw mut length);
    // SAFETY: the pointers are to live memory of the given length, into which the kernel writes numbers.
    let done = unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, SO_MEMINFO, at, room) };
    if done != 0 {
        return most_of_socket();
    }
    [numbers[RECEIVED], numbers[SENT].max(numbers[QUEUED]), numbers[BACKLOG]].into_iter().map(u64::from).sum()
}

fn is_local(socket: &OwnedFd) -> bool {
    rustix::net::sockopt::socket_domain(socket) == Ok(rustix::net::AddressFamily::UNIX)
}

/// How much unread data the closed peer of a local socket may have sent.
fn of_closed_peer(socket: &OwnedFd) -> u64 {
    let mut wanted = [PollFd::new(socket, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_alone = poll(&mut wanted, Some(&now)).is_ok() && wanted[0].revents().contains(PollFlags::HUP);
    let has_unread = || rustix::io::ioctl_fionread(socket).is_ok_and(|unread| unread > 0);
    if is_alone && has_unread() && is_local(socket) { most_of_socket() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn the_table_of_protocols_says_how_many_local_sockets_there_are() {
        let table = "protocol  size sockets  memory press maxhdr\nUNIX-STREAM 1152    7      -1   NI\nUNIX      1152     50      -1\nTCP 3000 9 1\n";
        assert_eq!(count_local(table), 57);
        assert_eq!(count_local(""), 0);
    }

    /// A process that holds only the given descriptors, so that parallel tests do not count.
    fn child_with(fill: &str) -> std::process::Child {
        let script =
            format!("import os, socket, sys\nheld = []\n{fill}\nprint('ready', flush=True)\nsys.stdin.read()\n");
        let mut child = std::process::Command::new("/usr/bin/python3")
            .args(["-c", &script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line).unwrap();
        assert_eq!(line, "ready\n");
        child
    }

    fn measured(fill: &str) -> u64 {
        let mut child = child_with(fill);
        let bytes = buffered_bytes(&[child.id().cast_signed()], None);
        child.kill().unwrap();
        child.wait().unwrap();
        bytes
    }

    #[test]
    fn what_nobody_read_is_counted_and_what_is_empty_is_not() {
        assert!(
            measured("held = [socket.socketpair() for _ in range(50)] + [os.pipe() for _ in range(20)]") < 64 << 10
        );
        let sent = "for _ in range(20):\n    a, b = socket.socketpair()\n    a.setblocking(False)\n    held += [a, b]\n    \
                    try:\n        while True: a.send(b'x' * 8000)\n    except OSError: pass";
        let bytes = measured(sent);
        assert!((20 * 150_000..20 * 500_000).contains(&bytes), "{bytes}");
        let small = sent.replace("b'x' * 8000", "b'x'");
        assert!(measured(&small) > 20 * 150_000, "bytes one by one");
        let closed = format!("{sent}\nfor one in held[::2]: one.close()");
        assert!(measured(&closed) > 20 * 150_000, "of closed sockets");
        let pipes = "for _ in range(20):\n    a, b = os.pipe()\n    os.set_blocking(b, False)\n    held += [a, b]\n    \
                     try:\n        while True: os.write(b, b'x' * 4096)\n    except OSError: pass";
        assert!((20 * 60_000..20 * 70_000).contains(&measured(pipes)));
    }

    #[test]
    fn sockets_that_no_process_holds_count_as_full() {
        let (mut one, other) = UnixStream::pair().unwrap();
        one.write_all(b"x").unwrap();
        let mut child = child_with("held = list(socket.socketpair())");
        let pid = child.id().cast_signed();
        assert!(buffered_bytes(&[pid], Some(2)) < most_of_socket());
        assert!(buffered_bytes(&[pid], Some(12)) >= 10 * most_of_socket());
        child.kill().unwrap();
        child.wait().unwrap();
        drop((one, other));
        assert!(
            local_sockets(std::process::id().cast_signed()) > 0 && open_files(std::process::id().cast_signed()) > 2
        );
    }
}
