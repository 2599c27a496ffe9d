//! Computes the answer to a system call and its findings, from [`Tool`] alone, without access to the kernel.

use super::finding::{CallFinding, Findings};
use super::judge::Judge;
use super::log::ObservedAttempt;
use super::process::Tool;
use crate::domain::{Answer, Network, Touch};
use crate::runner::sandbox::{CallAnswer, Notification, SystemCall, SystemCallGroup};

/// One process or thread, for `ioprio_set`.
const IOPRIO_WHO_PROCESS: u32 = 1;

impl Judge {
    /// The answer to a call, and its findings if the call is still waiting.
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
                // Programs with threads call it for each thread by its number; a refusal is not a finding.
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

/// The number of the process that a call is to change, if it names one. The number is not behind a pointer, and no
/// other process can get the number of the process that waits for the answer. So a call for that process may be let
/// through.
fn named_process(call: &Notification) -> Option<u32> {
    let number = match call.call {
        SystemCall::Prlimit64
        | SystemCall::SchedSetscheduler
        | SystemCall::SchedSetparam
        | SystemCall::SchedSetattr
        | SystemCall::SchedSetaffinity => call.args[0],
        // Only if it numbers one process, not a group or all processes of a user.
        SystemCall::Setpriority if call.args[0] as u32 == libc::PRIO_PROCESS => call.args[1],
        SystemCall::IoprioSet if call.args[0] as u32 == IOPRIO_WHO_PROCESS => call.args[1],
        _ => return None,
    };
    // The kernel uses the low half.
    Some(number as u32)
}

fn forbidden(call: &Notification, network: Network) -> Option<CallFinding> {
    let target = match call.call {
        // For each name look-up, the C library asks the kernel for its own addresses.
        SystemCall::Socket if call.args[0] as i32 == libc::AF_NETLINK => return None,
        // With a network, it also contacts the name cache through such a socket.
        SystemCall::Socket if network != Network::None && call.args[0] as i32 == libc::AF_UNIX => return None,
        SystemCall::Socket | SystemCall::Socketpair => format!("{} family {}", call.call.word(), call.args[0] as i32),
        SystemCall::Ioctl => format!("ioctl {:#x}", call.args[1] as u32),
        other => other.word().to_owned(),
    };
    Some(CallFinding::Attempt(ObservedAttempt { touch: Touch::Forbidden, target, answer: Answer::Denied }))
}
