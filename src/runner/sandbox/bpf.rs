//! A small assembler for filters of system calls (classic BPF).
//!
//! Written here because the one library for it (seccompiler) knows one answer a filter and cannot hand calls to
//! an observer; stacking several of its filters would let refusals hide calls from the observer, because the
//! kernel takes the strictest answer.

/// One instruction, as the kernel takes it.
pub(super) type Instruction = libc::sock_filter;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// The kernel does it.
    Allow,
    /// It fails with this number.
    Errno(i32),
    /// It waits for the observer's answer.
    Notify,
    /// It ends the process.
    Kill,
}

/// A question about the arguments of a call. Numbers are compared in their low 32 bits, which is what the kernel
/// uses of an `int`: comparing 64 let high bits slip past (CVE-2019-10063).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FilterTest {
    /// The low half of an argument, under a mask, is a value.
    Is { arg: usize, mask: u32, value: u32 },
    /// The low half of an argument has one of these bits.
    HasAny { arg: usize, bits: u32 },
    /// An argument, all 64 bits of it, is not a null pointer.
    Points { arg: usize },
    /// An argument, all 64 bits of it, is a null pointer.
    IsNull { arg: usize },
}

/// What happens to a call when all tests hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilterCase {
    pub(super) tests: Vec<FilterTest>,
    pub(super) action: Action,
}

/// What happens to the calls of one number: the first case that holds, else `otherwise`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilterRule {
    pub(super) number: i64,
    pub(super) cases: Vec<FilterCase>,
    pub(super) otherwise: Action,
}

impl FilterRule {
    /// The same for every call of a number.
    pub(super) fn always(number: i64, action: Action) -> FilterRule {
        FilterRule { number, cases: Vec::new(), otherwise: action }
    }
}

/// The value that `struct seccomp_data` carries for this architecture.
#[cfg(target_arch = "x86_64")]
pub(super) const ARCHITECTURE: u32 = 0xC000_003E;
/// The value that `struct seccomp_data` carries for this architecture.
#[cfg(target_arch = "aarch64")]
pub(super) const ARCHITECTURE: u32 = 0xC000_00B7;

/// Numbers from here on are calls of the x32 variant, which would go past every rule.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// What a tracer puts in place of a call that is not to be made.
#[cfg(target_arch = "x86_64")]
const NO_CALL: u32 = u32::MAX;

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const AND: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const BITS: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
const AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

impl Action {
    fn value(self) -> u32 {
        match self {
            Action::Allow => libc::SECCOMP_RET_ALLOW,
            Action::Errno(errno) => libc::SECCOMP_RET_ERRNO | (errno as u32 & libc::SECCOMP_RET_DATA),
            Action::Notify => libc::SECCOMP_RET_USER_NOTIF,
            Action::Kill => libc::SECCOMP_RET_KILL_PROCESS,
        }
    }
}

/// Turns rules into a program. Calls of other architectures end the process, calls newer than `newest` do not exist,
/// other calls without a rule are allowed.
pub(super) fn assemble(rules: &[FilterRule], newest: i64) -> Vec<Instruction> {
    let mut program = vec![
        plain(LOAD, ARCH),
        branch(EQUAL, ARCHITECTURE, 1, 0),
        plain(RETURN, Action::Kill.value()),
        plain(LOAD, NUMBER),
    ];
    #[cfg(target_arch = "x86_64")]
    program.extend([
        branch(AT_LEAST, X32, 0, 3),
        branch(EQUAL, NO_CALL, 0, 1),
        plain(RETURN, Action::Allow.value()),
        plain(RETURN, Action::Kill.value()),
    ]);
    program.extend([branch(AT_LEAST, newest as u32 + 1, 0, 1), plain(RETURN, Action::Errno(libc::ENOSYS).value())]);
    let mut rules: Vec<&FilterRule> = rules.iter().collect();
    rules.sort_by_key(|rule| rule.number);
    program.extend(search(&rules));
    program
}

/// Finds the rule of the number by halves: most calls that get here are files being opened, often.
fn search(rules: &[&FilterRule]) -> Vec<Instruction> {
    let mut program = Vec::new();
    if rules.len() > FEW {
        let (low, high) = rules.split_at(rules.len() / 2);
        let (first, low, high) = (high[0].number as u32, search(low), search(high));
        program.extend([branch(AT_LEAST, first, 0, 1), plain(JUMP, low.len() as u32)]);
        program.extend(low);
        program.extend(high);
        return program;
    }
    for rule in rules {
        let body = body(rule);
        if let [only] = body[..] {
            program.extend([branch(EQUAL, rule.number as u32, 0, 1), only]);
        } else {
            // The long jump: a body may be longer than a branch reaches.
            program.extend([branch(EQUAL, rule.number as u32, 1, 0), plain(JUMP, body.len() as u32)]);
            program.extend(body);
        }
    }
    program.push(plain(RETURN, Action::Allow.value()));
    program
}

/// Rules that are tried one after the other.
const FEW: usize = 4;

/// The instructions for one number; each way through them ends in an answer.
fn body(rule: &FilterRule) -> Vec<Instruction> {
    let mut body = Vec::new();
    for case in &rule.cases {
        let parts: Vec<Vec<Instruction>> = case.tests.iter().map(|test| question(*test)).collect();
        let mut left: usize = parts.iter().map(Vec::len).sum::<usize>() + 1;
        for part in parts {
            left -= part.len();
            let length = part.len();
            // INVARIANT: a case has a handful of tests of at most four instructions, so `left` fits in a branch.
            body.extend(part.into_iter().enumerate().map(|(at, instruction)| {
                let rest = (length - 1 - at + left) as u8;
                let to = |step| if step == FAIL { rest } else { step };
                Instruction { jt: to(instruction.jt), jf: to(instruction.jf), ..instruction }
            }));
        }
        body.push(plain(RETURN, case.action.value()));
    }
    body.push(plain(RETURN, rule.otherwise.value()));
    body
}

/// Stands for "to the next case" until the distance is known.
const FAIL: u8 = u8::MAX;

/// The instructions of a test: falling out of their end means that it holds.
fn question(test: FilterTest) -> Vec<Instruction> {
    let low = |arg: usize| plain(LOAD, ARGS + 8 * arg as u32 + LOW);
    let high = |arg: usize| plain(LOAD, ARGS + 8 * arg as u32 + 4 - LOW);
    match test {
        FilterTest::Is { arg, mask, value } => vec![low(arg), plain(AND, mask), branch(EQUAL, value, 0, FAIL)],
        FilterTest::HasAny { arg, bits } => vec![low(arg), branch(BITS, bits, 0, FAIL)],
        FilterTest::Points { arg } => {
            vec![low(arg), branch(EQUAL, 0, 0, 2), high(arg), branch(EQUAL, 0, FAIL, 0)]
        }
        FilterTest::IsNull { arg } => {
            vec![low(arg), branch(EQUAL, 0, 0, FAIL), high(arg), branch(EQUAL, 0, 0, FAIL)]
        }
    }
}

/// Where the low half of an argument begins.
const LOW: u32 = if cfg!(target_endian = "little") { 0 } else { 4 };

fn plain(code: u32, k: u32) -> Instruction {
    branch(code, k, 0, 0)
}

fn branch(code: u32, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code: code as u16, jt, jf, k }
}

/// Does what the kernel does with a program, for tests.
#[cfg(test)]
pub(super) fn interpret(program: &[Instruction], architecture: u32, number: u32, args: [u64; 6]) -> u32 {
    let mut data = Vec::new();
    data.extend(number.to_ne_bytes());
    data.extend(architecture.to_ne_bytes());
    data.extend(0u64.to_ne_bytes());
    data.extend(args.iter().flat_map(|arg| arg.to_ne_bytes()));
    let (mut at, mut a) = (0, 0);
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let mut choose = |holds| at += usize::from(if holds { jt } else { jf });
        match u32::from(code) {
            LOAD => a = u32::from_ne_bytes(data[k as usize..][..4].try_into().unwrap()),
            AND => a &= k,
            EQUAL => choose(a == k),
            BITS => choose(a & k != 0),
            AT_LEAST => choose(a >= k),
            JUMP => at += k as usize,
            RETURN => return k,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rules: &[FilterRule], number: i64, args: [u64; 6]) -> u32 {
        interpret(&assemble(rules, 1_000), ARCHITECTURE, number as u32, args)
    }

    const DENY: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;

    #[test]
    fn calls_without_a_rule_are_allowed_and_foreign_architectures_end_the_process() {
        let rules = [FilterRule::always(7, Action::Errno(libc::EPERM)), FilterRule::always(9, Action::Notify)];
        assert_eq!(answer(&rules, 7, [0; 6]), DENY);
        assert_eq!(answer(&rules, 8, [0; 6]), libc::SECCOMP_RET_ALLOW);
        assert_eq!(answer(&rules, 9, [0; 6]), libc::SECCOMP_RET_USER_NOTIF);
        // i386, where the numbers mean other calls.
        assert_eq!(interpret(&assemble(&rules, 1_000), 0x4000_0003, 8, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
    }

    #[test]
    fn calls_that_are_newer_than_the_table_do_not_exist() {
        let rules = [FilterRule::always(7, Action::Errno(libc::EPERM))];
        let no_such_call = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
        for (number, expected) in [(7, DENY), (1_000, libc::SECCOMP_RET_ALLOW), (1_001, no_such_call)] {
            assert_eq!(answer(&rules, number, [0; 6]), expected, "{number}");
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn numbers_of_the_x32_variant_end_the_process() {
        let rules = [FilterRule::always(7, Action::Errno(libc::EPERM))];
        assert_eq!(answer(&rules, 0x4000_0000 + 7, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(answer(&rules, -1, [0; 6]), libc::SECCOMP_RET_ALLOW);
    }

    #[test]
    fn each_number_gets_its_own_rule_however_many_there_are() {
        for count in 1..40 {
            let rules: Vec<FilterRule> =
                (1..=count).rev().map(|n| FilterRule::always(3 * n, Action::Errno(n as i32))).collect();
            for number in 0..3 * count + 4 {
                let expected = match number % 3 {
                    0 if number > 0 && number <= 3 * count => libc::SECCOMP_RET_ERRNO | (number / 3) as u32,
                    _ => libc::SECCOMP_RET_ALLOW,
                };
                assert_eq!(answer(&rules, number, [0; 6]), expected, "{number} of {count}");
            }
        }
    }

    #[test]
    fn a_case_holds_when_all_its_tests_do_and_the_first_that_holds_decides() {
        let is = |arg, value| FilterTest::Is { arg, mask: u32::MAX, value };
        let rule = FilterRule {
            number: 3,
            cases: vec![
                FilterCase {
                    tests: vec![is(0, 1), FilterTest::Is { arg: 1, mask: 0xf, value: 2 }],
                    action: Action::Allow,
                },
                FilterCase { tests: vec![is(0, 1)], action: Action::Notify },
            ],
            otherwise: Action::Errno(libc::EPERM),
        };
        let with = |args: [u64; 2]| {
            answer(&[rule.clone(), FilterRule::always(4, Action::Kill)], 3, [args[0], args[1], 0, 0, 0, 0])
        };
        assert_eq!(with([1, 0x802]), libc::SECCOMP_RET_ALLOW);
        assert_eq!(with([1, 3]), libc::SECCOMP_RET_USER_NOTIF);
        assert_eq!(with([2, 2]), DENY);
        assert_eq!(answer(&[rule, FilterRule::always(4, Action::Kill)], 4, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
    }

    #[test]
    fn numbers_are_compared_in_their_low_half_and_pointers_in_both() {
        let rule = |test| FilterRule {
            number: 3,
            cases: vec![FilterCase { tests: vec![test], action: Action::Errno(libc::EPERM) }],
            otherwise: Action::Allow,
        };
        let is = rule(FilterTest::Is { arg: 1, mask: u32::MAX, value: 0x5412 });
        assert_eq!(answer(std::slice::from_ref(&is), 3, [0, 0xdead_0000_5412, 0, 0, 0, 0]), DENY);
        assert_eq!(answer(&[is], 3, [0, 0x5413, 0, 0, 0, 0]), libc::SECCOMP_RET_ALLOW);
        let points = rule(FilterTest::Points { arg: 4 });
        let is_null = rule(FilterTest::IsNull { arg: 4 });
        for (pointer, is_set) in [(0, false), (1 << 32, true), (8, true), (u64::MAX, true)] {
            let with = |rule| answer(std::slice::from_ref(rule), 3, [0, 0, 0, 0, pointer, 0]) == DENY;
            assert_eq!((with(&points), with(&is_null)), (is_set, !is_set), "{pointer:#x}");
        }
        let any = rule(FilterTest::HasAny { arg: 0, bits: 0x1000_0000 | 0x2_0000 });
        assert_eq!(answer(std::slice::from_ref(&any), 3, [0x2_0011, 0, 0, 0, 0, 0]), DENY);
        assert_eq!(answer(&[any], 3, [0x1_2000_0011, 0, 0, 0, 0, 0]), libc::SECCOMP_RET_ALLOW);
    }
}
