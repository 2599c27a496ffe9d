//! From a call to its answer and what it shows: no kernel in here but what [`Tool`] tells.

use super::finding::{Finding, Findings};
use super::judge::Judge;
use super::log::Found;
use super::process::Tool;
use crate::domain::{Answer, Network, Touch};
use crate::runner::sandbox::{Call, Group, Notification, Verdict};

/// One process or thread, for `ioprio_set`.
const IOPRIO_WHO_PROCESS: u32 = 1;

impl Judge {
    /// The answer to a call, and what it shows if it is still the call that waits.
    pub(super) fn judge(&mut self, call: &Notification, tool: &mut dyn Tool) -> (Verdict, Findings) {
        let mut findings = Vec::new();
        let verdict = match call.call.group() {
            Group::File => {
                self.file(call, tool, &mut findings);
                Verdict::Continue
            }
            Group::Exec => {
                if std::mem::replace(&mut self.started, true) {
                    self.program(call, tool, &mut findings);
                }
                self.started_code(call, tool, &mut findings);
                tool.forget();
                Verdict::Continue
            }
            Group::Network => self.address(call, tool, &mut findings),
            Group::Forbidden => match named_process(call) {
                Some(number) if number == call.pid || tool.process_of(call.pid) == Some(number) => Verdict::Continue,
                // Programs with threads do it to each thread by its number; that it is refused is no sign of anything.
                Some(number) if tool.process_of(number).is_some_and(|of| tool.process_of(call.pid) == Some(of)) => {
                    Verdict::Errno(libc::EPERM)
                }
                _ => {
                    findings.extend(forbidden(call, self.network));
                    Verdict::Errno(libc::EPERM)
                }
            },
        };
        (verdict, findings)
    }
}

/// The process that a call is to change, where it numbers one. A number is not behind a pointer, and nobody else can
/// get that of the process which waits for the answer; so for that one the call may be let through.
fn named_process(call: &Notification) -> Option<u32> {
    let number = match call.call {
        Call::Prlimit64
        | Call::SchedSetscheduler
        | Call::SchedSetparam
        | Call::SchedSetattr
        | Call::SchedSetaffinity => call.args[0],
        // Only where it numbers one process, not a group of them or all of a user.
        Call::Setpriority if call.args[0] as u32 == libc::PRIO_PROCESS => call.args[1],
        Call::IoprioSet if call.args[0] as u32 == IOPRIO_WHO_PROCESS => call.args[1],
        _ => return None,
    };
    // The kernel takes the low half.
    Some(number as u32)
}

fn forbidden(call: &Notification, network: Network) -> Option<Finding> {
    let target = match call.call {
        // The C library asks the kernel for its own addresses whenever it looks a name up.
        Call::Socket if call.args[0] as i32 == libc::AF_NETLINK => return None,
        // With a network, it also knocks at the name cache through one of these.
        Call::Socket if network != Network::None && call.args[0] as i32 == libc::AF_UNIX => return None,
        Call::Socket | Call::Socketpair => format!("{} family {}", call.call.word(), call.args[0] as i32),
        Call::Ioctl => format!("ioctl {:#x}", call.args[1] as u32),
        other => other.word().to_owned(),
    };
    Some(Finding::Attempt(Found { touch: Touch::Forbidden, target, answer: Answer::Denied }))
}
