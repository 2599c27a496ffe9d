//! How the inner stage isolates itself, and how it starts the tool.

use super::super::{Exit, Reaped, fork, keep_signals_inside, reap, start_in_our_memory};
use super::{Said, in_a_process, listen_to};
use rustix::process::{Pid, Signal, kill_process};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A copy of this process that waits for signals until this one ends.
fn waiting() -> Pid {
    let (read, write) = rustix::pipe::pipe().unwrap();
    // Kept open here.
    let write = write.into_raw_fd();
    let pid = fork(|| {
        // SAFETY: nothing else in the copy owns this descriptor.
        drop(unsafe { OwnedFd::from_raw_fd(write) });
        rustix::io::read(&read, &mut [0; 1]).map_or(1, |_| 0)
    });
    Pid::from_raw(pid.unwrap()).unwrap()
}

#[test]
fn signals_stay_inside_for_good() {
    let said = listen_to(in_a_process(|_| {
        let outside = waiting();
        // The signal would reach the process.
        let before = kill_process(outside, Signal::CONT).is_ok();
        keep_signals_inside().unwrap();
        let inside = waiting();
        let of_a_copy = fork(|| i32::from(kill_process(outside, Signal::CONT).is_ok())).unwrap();
        let of_a_copy = reap(of_a_copy).unwrap().exit;
        let after = [outside, inside].map(|pid| kill_process(pid, Signal::KILL).is_ok());
        format!("{before} {after:?} {of_a_copy:?}")
    }));
    assert_eq!(said, Said::of("true [false, true] Code(0)"));
}

#[test]
fn a_process_in_our_memory_has_all_else_of_its_own() {
    let said = listen_to(in_a_process(|_| {
        let mut seen = 0;
        let pid = start_in_our_memory(|| {
            seen = rustix::process::getpid().as_raw_nonzero().get();
            rustix::process::chdir("/proc").unwrap();
            rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), 700).unwrap();
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o777));
            7
        });
        let pid = pid.unwrap();
        let Reaped { exit, .. } = reap(pid).unwrap();
        let is_here = std::env::current_dir().unwrap() != std::path::Path::new("/proc");
        // SAFETY: queries whether the descriptor is open.
        let is_open = unsafe { libc::fcntl(700, libc::F_GETFD) } != -1;
        let mask = rustix::process::umask(rustix::fs::Mode::empty()).bits();
        format!("{} {} {is_here} {is_open} {}", exit == Exit::Code(7), seen == pid, mask == 0o777)
    }));
    assert_eq!(said, Said::of("true true true false false"));
}

#[test]
fn a_program_that_is_started_in_our_memory_leaves_it() {
    let said = listen_to(in_a_process(|_| {
        let ends = [("/bin/true", 0), ("/bin/false", 1), ("/nowhere", 9)].map(|(program, code)| {
            let pid = start_in_our_memory(|| {
                let _ = Command::new(program).exec();
                9
            });
            reap(pid.unwrap()).unwrap().exit == Exit::Code(code)
        });
        // No other process is suspended with it.
        let lasting = start_in_our_memory(|| {
            let _ = Command::new("/bin/sleep").arg("60").exec();
            9
        });
        let lasting = lasting.unwrap();
        kill_process(Pid::from_raw(lasting).unwrap(), Signal::KILL).unwrap();
        format!("{ends:?} {:?}", reap(lasting).unwrap().exit)
    }));
    assert_eq!(said, Said::of("[true, true, true] Signal(9)"));
}
