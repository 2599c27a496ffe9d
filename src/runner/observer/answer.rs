//! From a call to its answer and what it shows: no kernel in here but what [`Tool`] tells.

use super::finding::{CallFinding, Findings};
use super::judge::Judge;
use super::log::ObservedAttempt;
use super::process::Tool;
use crate::domain::{Answer, Network, Touch};
use crate::runner::sandbox::{CallAnswer, Notification, SystemCall, SystemCallGroup};

/// One process or thread, for `ioprio_set`.
const IOPRIO_WHO_PROCESS: u32 = 1;

impl Judge {
    /// The answer to a call, and what it shows if it is still the call that waits.
    pub(super) fn judge(&mut self, call: &Notification, tool: &mut dyn Tool) -> (CallAnswer, Findings) {
        let mut findings = Vec::new();
        let verdict = match call.call.group() {
            SystemCallGroup::File => {
                self.file(call, tool, &mut findings);
                CallAnswer::Continue
            }
            SystemCallGroup::Exec => {
                self.started = true;
                match self.own_starts.checked_sub(1) {
                    Some(left) => self.own_starts = left,
                    None => self.program(call, tool, &mut findings),
                }
                self.started_code(call, tool, &mut findings);
                tool.forget();
                CallAnswer::Continue
            }
            SystemCallGroup::Network => self.address(call, tool, &mut findings),
            SystemCallGroup::Forbidden => match named_process(call) {
                Some(number) if number == call.pid || tool.process_of(call.pid) == Some(number) => CallAnswer::Continue,
                // Programs with threads do it to each thread by its number; that it is refused is no sign of anything.
                Some(number) if tool.process_of(number).is_some_and(|of| tool.process_of(call.pid) == Some(of)) => {
                    CallAnswer::Errno(libc::EPERM)
                }
                _ => {
                    findings.extend(forbidden(call, self.network));
                    CallAnswer::Errno(libc::EPERM)
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
        SystemCall::Prlimit64
        | SystemCall::SchedSetscheduler
        | SystemCall::SchedSetparam
        | SystemCall::SchedSetattr
        | SystemCall::SchedSetaffinity => call.args[0],
        // Only where it numbers one process, not a group of them or all of a user.
        SystemCall::Setpriority if call.args[0] as u32 == libc::PRIO_PROCESS => call.args[1],
        SystemCall::IoprioSet if call.args[0] as u32 == IOPRIO_WHO_PROCESS => call.args[1],
        _ => return None,
    };
    // The kernel takes the low half.
    Some(number as u32)
}

fn forbidden(call: &Notification, network: Network) -> Option<CallFinding> {
    let target = match call.call {
        // The C library asks the kernel for its own addresses whenever it looks a name up.
        SystemCall::Socket if call.args[0] as i32 == libc::AF_NETLINK => return None,
        // With a network, it also knocks at the name cache through one of these.
        SystemCall::Socket if network != Network::None && call.args[0] as i32 == libc::AF_UNIX => return None,
        SystemCall::Socket | SystemCall::Socketpair => format!("{} family {}", call.call.word(), call.args[0] as i32),
        SystemCall::Ioctl => format!("ioctl {:#x}", call.args[1] as u32),
        other => other.word().to_owned(),
    };
    Some(CallFinding::Attempt(ObservedAttempt { touch: Touch::Forbidden, target, answer: Answer::Denied }))
}
