//! The limits of a run: defaults by profile, changes by the manifest, and caps.
//!
//! Time and memory are limited twice. The kernel limits each process (rlimits); the run as a whole is limited by the
//! wall clock and by monitoring the memory and number of all its processes. Disk is the total size of scratch and
//! staged writes: the size of their file system if the run has its own, otherwise it is monitored. Line length is not
//! limited: whole lines are kept, and the screen wraps long ones.

use crate::domain::{LimitsDeclared, Profile};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const MIB: u64 = 1 << 20;

/// The maximum time limit of a run, from any source.
const MAX_WALL: Duration = Duration::from_hours(1);
/// The most that a manifest may declare; larger values are reduced to this.
const MAX_MEMORY: u64 = 8 << 30;
const MAX_CPU_SECONDS: u64 = 3600;
const MAX_PROCESSES: u64 = 1024;
const MAX_OUTPUT: u64 = 1024 * MIB;
/// If scratch is a separate file system, it uses memory, so a large one is expensive.
const MAX_DISK: u64 = 4 << 30;
const MIN_DISK: u64 = MIB;
/// One inode for this many bytes of disk, as file systems themselves compute: 16,384 for 64 MiB.
const BYTES_PER_INODE: u64 = 4096;
/// No interpreter starts with less than this.
const MIN_MEMORY: u64 = 16 * MIB;

/// The limits of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct RunLimits {
    /// Wall clock, from the start; `Duration::MAX` for no limit.
    pub(in crate::runner) wall: Duration,
    /// CPU time of each process, in seconds; `u64::MAX` for no limit.
    pub(in crate::runner) cpu_seconds: u64,
    /// Private memory of each process, and of all processes of the run together, in bytes.
    pub(in crate::runner) memory_bytes: u64,
    /// Processes at one time.
    pub(in crate::runner) processes: u64,
    /// Both output streams together, in bytes; `u64::MAX` for no limit.
    pub(in crate::runner) output_bytes: u64,
    /// Each file written, in bytes; never more than the disk.
    pub(in crate::runner) file_bytes: u64,
    /// Scratch and staged writes together, in bytes.
    pub(in crate::runner) disk_bytes: u64,
    /// Files, folders and links in them.
    pub(in crate::runner) inodes: u64,
}

/// The sources of a run's time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::runner) struct Wall {
    /// The caller, for this run.
    pub(in crate::runner) asked: Option<Duration>,
    pub(in crate::runner) stated: Option<Duration>,
    /// The user's settings, in place of the default.
    pub(in crate::runner) usual: Option<Duration>,
}

impl RunLimits {
    const STRICT: RunLimits = RunLimits {
        wall: Duration::from_secs(10),
        cpu_seconds: 5,
        memory_bytes: 512 * MIB,
        processes: 64,
        output_bytes: MIB,
        file_bytes: 64 * MIB,
        disk_bytes: 64 * MIB,
        inodes: 64 * MIB / BYTES_PER_INODE,
    };

    const DECLARED: RunLimits = RunLimits {
        wall: Duration::from_mins(1),
        cpu_seconds: 30,
        memory_bytes: 1024 * MIB,
        processes: 256,
        output_bytes: 256 * MIB,
        file_bytes: 256 * MIB,
        disk_bytes: 256 * MIB,
        inodes: 256 * MIB / BYTES_PER_INODE,
    };

    /// The limits of a run.
    ///
    /// The wall-clock limit is the caller's, otherwise the manifest's, otherwise the default. With [`Profile::Strict`],
    /// the manifest can only lower it; only a human can extend such a run. An unstated limit of CPU time grows with it.
    /// The other declared limits may always be lower than the default, but higher (up to the caps) only with
    /// [`Profile::Declared`].
    pub(in crate::runner) fn of(profile: Profile, declared: &LimitsDeclared, wall: Wall) -> RunLimits {
        let (default, lenient) = match profile {
            Profile::Strict => (RunLimits::STRICT, false),
            Profile::Declared => (RunLimits::DECLARED, true),
        };
        let pick = |stated: Option<u64>, default: u64, least: u64, cap: u64| {
            let cap = if lenient { cap } else { default };
            stated.unwrap_or(default).clamp(least, cap)
        };
        let usual = wall.usual.unwrap_or(default.wall);
        let stated = wall.stated.map_or(usual, |stated| if lenient { stated } else { stated.min(usual) });
        let wall = wall.asked.unwrap_or(stated).clamp(Duration::from_millis(1), MAX_WALL);
        let scaled = default.cpu_seconds * wall.as_secs() / default.wall.as_secs();
        let cpu_default = default.cpu_seconds.max(scaled);
        let disk_bytes = pick(declared.disk_bytes, default.disk_bytes, MIN_DISK, MAX_DISK);
        RunLimits {
            wall,
            cpu_seconds: pick(declared.cpu_seconds, cpu_default, 1, MAX_CPU_SECONDS),
            memory_bytes: pick(declared.memory_bytes, default.memory_bytes, MIN_MEMORY, MAX_MEMORY),
            processes: pick(declared.processes, default.processes, 1, MAX_PROCESSES),
            output_bytes: pick(declared.output_bytes, default.output_bytes, 1, MAX_OUTPUT),
            file_bytes: disk_bytes,
            disk_bytes,
            inodes: disk_bytes / BYTES_PER_INODE,
        }
    }
}

impl RunLimits {
    /// The same limits for a run that does not end by itself.
    pub(in crate::runner) fn endless(self) -> RunLimits {
        RunLimits { wall: Duration::MAX, cpu_seconds: u64::MAX, output_bytes: u64::MAX, ..self }
    }
}

/// The default time limit of a run under these rules.
pub fn usual_wall(profile: Profile) -> Duration {
    match profile {
        Profile::Strict => RunLimits::STRICT.wall,
        Profile::Declared => RunLimits::DECLARED.wall,
    }
}

/// A number of bytes for a human: `512 MiB`, `1 GiB`, `1000 bytes`.
pub(in crate::runner) fn in_words(bytes: u64) -> String {
    match bytes {
        b if b >= 1 << 30 && b % (1 << 30) == 0 => format!("{} GiB", b >> 30),
        b if b >= MIB && b % MIB == 0 => format!("{} MiB", b / MIB),
        b => format!("{b} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_lowers_limits_anywhere_and_raises_them_only_when_declared_counts() {
        let greedy = LimitsDeclared {
            memory_bytes: Some(u64::MAX),
            cpu_seconds: Some(u64::MAX),
            processes: Some(u64::MAX),
            output_bytes: Some(u64::MAX),
            disk_bytes: Some(u64::MAX),
        };
        assert_eq!(RunLimits::of(Profile::Strict, &greedy, Wall::default()), RunLimits::STRICT);
        let raised = RunLimits::of(Profile::Declared, &greedy, Wall::default());
        assert_eq!((raised.memory_bytes, raised.cpu_seconds), (MAX_MEMORY, MAX_CPU_SECONDS));
        assert_eq!((raised.output_bytes, raised.disk_bytes), (MAX_OUTPUT, MAX_DISK));
        let modest = LimitsDeclared { processes: Some(2), cpu_seconds: Some(0), ..Default::default() };
        let lowered = RunLimits::of(Profile::Strict, &modest, Wall::default());
        assert_eq!(lowered, RunLimits { processes: 2, cpu_seconds: 1, ..RunLimits::STRICT });
    }

    fn asked(wall: Duration) -> Wall {
        Wall { asked: Some(wall), ..Wall::default() }
    }

    #[test]
    fn only_a_human_makes_a_run_of_nobodys_trust_longer() {
        let none = LimitsDeclared::default();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let of = |profile, asked, stated, usual| {
            let limits = RunLimits::of(profile, &none, Wall { asked, stated, usual });
            (limits.wall.as_secs(), limits.cpu_seconds)
        };
        assert_eq!(of(Profile::Strict, None, seconds(3600), None), (10, 5));
        assert_eq!(of(Profile::Strict, None, seconds(3), None), (3, 5));
        assert_eq!(of(Profile::Strict, None, seconds(3600), seconds(20)), (20, 10));
        assert_eq!(of(Profile::Strict, seconds(120), seconds(3), seconds(20)), (120, 60));
        assert_eq!(of(Profile::Declared, None, seconds(120), seconds(20)), (120, 60));
        assert_eq!(of(Profile::Declared, None, None, seconds(20)), (20, 30));
    }

    #[test]
    fn a_run_of_nobodys_trust_has_the_limits_that_the_readme_names() {
        let strict = RunLimits::of(Profile::Strict, &LimitsDeclared::default(), Wall::default());
        assert_eq!((strict.wall.as_secs(), strict.cpu_seconds, strict.memory_bytes >> 20), (10, 5, 512));
        assert_eq!((strict.processes, strict.disk_bytes >> 20, strict.inodes), (64, 64, 16_384));
        assert_eq!(strict.output_bytes >> 20, 1);
    }

    #[test]
    fn no_file_is_larger_than_the_disk_and_the_number_of_files_goes_with_it() {
        let small = LimitsDeclared { disk_bytes: Some(8 * MIB), ..Default::default() };
        for profile in [Profile::Strict, Profile::Declared] {
            let limits = RunLimits::of(profile, &small, Wall::default());
            assert_eq!((limits.disk_bytes, limits.file_bytes, limits.inodes), (8 * MIB, 8 * MIB, 2048));
        }
        let none = LimitsDeclared { disk_bytes: Some(0), ..Default::default() };
        assert_eq!(RunLimits::of(Profile::Strict, &none, Wall::default()).disk_bytes, MIN_DISK);
    }

    #[test]
    fn cpu_time_grows_with_a_longer_wall_clock_up_to_the_cap() {
        let none = LimitsDeclared::default();
        let long = RunLimits::of(Profile::Strict, &none, asked(Duration::from_mins(5)));
        assert_eq!((long.wall.as_secs(), long.cpu_seconds), (300, 150));
        assert_eq!(RunLimits::of(Profile::Declared, &none, asked(Duration::from_secs(1 << 40))).wall, MAX_WALL);
        assert_eq!(RunLimits::of(Profile::Declared, &none, asked(Duration::from_secs(1))).cpu_seconds, 30);
    }

    #[test]
    fn sizes_read_like_sizes() {
        assert_eq!([in_words(1 << 30), in_words(512 << 20), in_words(1000)], ["1 GiB", "512 MiB", "1000 bytes"]);
    }
}
