//! The attacks: what each does where nothing holds it, and what may still come of it behind walls.

use super::world::Sign;
use std::time::Duration;

/// How an attack is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As it is.
    Plain,
    /// Two times: the second start finds what the first left.
    Twice,
    /// By a parent that holds files open.
    Heir,
    /// By a parent that only waits.
    Child,
    /// While its user has a hundred other processes.
    Crowd,
    /// At the reviewer's terminal.
    Terminal,
    /// While somebody outside tries to reach it.
    Reach,
    /// With somebody who cleans up after it.
    Cleaner,
}

/// Who can be attacked this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Root and a plain user.
    Anybody,
    /// Root only: nobody else could do it anyway.
    Root,
    /// A user of which nothing else is lost; root would lose the machine.
    Throwaway,
}

/// One attack.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: &'static str,
    pub attack: &'static str,
    pub who: Who,
    pub way: Way,
    /// What it achieves without walls; at least this, or the case proves nothing.
    pub harm: Sign,
    /// What it may achieve at the level `confined`, and the word of the run's `missing` that says so.
    pub gap: Option<(Sign, &'static str)>,
    /// Where a limit stops it: words of which the run's `error` has one.
    pub stopped_by: &'static [&'static str],
    /// Lines below `[limits]`.
    pub limits: &'static str,
    /// The wall clock of the run, where it is not the usual one.
    pub wall: Option<&'static str>,
    /// After how long the control counts as one that never ends.
    pub overstays: Option<Duration>,
    /// Further variables of the caller, paths of the world.
    pub extra: &'static [(&'static str, &'static str)],
}

macro_rules! attack {
    ($name:literal) => {
        Case::named($name, include_str!(concat!("attacks/", $name, ".py")))
    };
}

impl Case {
    /// An attack that writes outside, unless it says otherwise.
    pub fn named(name: &'static str, attack: &'static str) -> Case {
        Case {
            name,
            attack,
            who: Who::Anybody,
            way: Way::Plain,
            harm: Sign::Changed,
            gap: None,
            stopped_by: &[],
            limits: "",
            wall: None,
            overstays: None,
            extra: &[],
        }
    }

    fn harm(self, harm: Sign) -> Case {
        Case { harm, ..self }
    }

    fn says(self, words: &'static str) -> Case {
        self.harm(Sign::Says(words))
    }

    fn way(self, way: Way) -> Case {
        Case { way, ..self }
    }

    fn who(self, who: Who) -> Case {
        Case { who, ..self }
    }

    /// The gap of `confined`, and how its label says so.
    fn gap(self, word: &'static str) -> Case {
        Case { gap: Some((self.harm, word)), ..self }
    }

    fn stopped_by(self, words: &'static [&'static str], limits: &'static str) -> Case {
        Case { stopped_by: words, limits, ..self }
    }

    /// A case whose control never ends.
    fn endless(self, words: &'static [&'static str], limits: &'static str, wall: &'static str) -> Case {
        let overstays = Some(Duration::from_secs(3));
        Case { overstays, wall: Some(wall), ..self.harm(Sign::Overstayed).stopped_by(words, limits) }
    }
}

/// Files and secrets.
pub fn files() -> Vec<Case> {
    vec![
        attack!("write_outside"),
        attack!("append_outside"),
        attack!("symlink_write"),
        attack!("rename_outside"),
        attack!("delete_outside"),
        attack!("truncate_outside"),
        attack!("hardlink_outside"),
        attack!("chmod_outside").harm(Sign::MetaChanged).gap("modes:"),
        attack!("utime_outside").harm(Sign::MetaChanged).gap("modes:"),
        attack!("xattr_outside").harm(Sign::MetaChanged).gap("modes:"),
        attack!("read_ssh").harm(Sign::Secret),
        attack!("list_ssh").says("id_ed25519"),
        attack!("stat_ssh").says("size").gap("names:"),
        attack!("read_shadow").says("SHADOW").who(Who::Root),
        attack!("proc_root").harm(Sign::Secret),
        attack!("environment").harm(Sign::Secret),
        attack!("parent_environ").harm(Sign::Secret),
        attack!("open_files").harm(Sign::Secret).way(Way::Heir),
    ]
}

/// The workbench's own things, and what is left behind.
pub fn traces() -> Vec<Case> {
    vec![
        attack!("own_state"),
        attack!("loosen_config"),
        attack!("approve_itself"),
        attack!("rewrite_itself").says("append"),
        attack!("plant_import").says("PLANTED").way(Way::Twice),
        Case { extra: &[("PYTHONPATH", "config")], ..attack!("preload").says("PRELOADED") },
        attack!("leave_files").harm(Sign::FileLeft),
        attack!("scratch_link").way(Way::Cleaner),
        attack!("scratch_fifo").harm(Sign::FileLeft),
        attack!("scratch_device").says("DEVICE").who(Who::Root),
        Case { wall: Some("60s"), ..attack!("deep_folder").harm(Sign::FileLeft) },
    ]
}

/// The network, out and in.
pub fn network() -> Vec<Case> {
    vec![
        attack!("tcp4").harm(Sign::Heard),
        attack!("tcp6").harm(Sign::Heard),
        attack!("udp").harm(Sign::Heard),
        attack!("dns").harm(Sign::Heard),
        attack!("unix_path").harm(Sign::Heard),
        attack!("unix_abstract").harm(Sign::Heard),
        attack!("be_reached").harm(Sign::Reached).way(Way::Reach),
        attack!("vsock").says("vsock"),
        attack!("netlink").says("netlink"),
    ]
}

/// The kernel's doors and other processes.
pub fn kernel() -> Vec<Case> {
    vec![
        attack!("new_user_namespace").says("unshare"),
        attack!("mount_over").says("mount"),
        attack!("keyring").says("add_key"),
        attack!("io_uring").says("io_uring_setup"),
        attack!("userfaultfd").says("userfaultfd").who(Who::Root),
        attack!("kernel_calls").says("REACHED"),
        attack!("int80").says("REACHED"),
        attack!("ptrace_victim").says("TRACED"),
        attack!("process_vm").harm(Sign::Secret),
        attack!("see_processes").says("victim"),
        attack!("kill_victim").harm(Sign::VictimHurt),
        attack!("kill_all").harm(Sign::VictimHurt).who(Who::Throwaway),
        attack!("kill_parents").says("ORPHANED").way(Way::Child),
        attack!("change_limits").says("CHANGED").way(Way::Child),
        attack!("change_scheduling").says("CHANGED").way(Way::Child),
        attack!("change_priority").says("CHANGED").way(Way::Child),
        attack!("change_memory").says("CHANGED"),
        attack!("change_by_proc").says("CHANGED").way(Way::Child),
        attack!("signal_victim").says("SENT"),
        attack!("watch_victim").says("OPENED").who(Who::Root),
        attack!("child_for_parent").says("GIVEN").way(Way::Child),
        attack!("push_input").harm(Sign::Typed).way(Way::Terminal),
        attack!("change_terminal").harm(Sign::TerminalChanged).way(Way::Terminal),
        attack!("core_pattern").says("WRITTEN").who(Who::Root),
    ]
}

/// What uses things up, and what stays.
pub fn resources() -> Vec<Case> {
    const MEMORY: &str = "memory = \"128MiB\"";
    const PROCESSES: &str = "processes = 16";
    const DISK: &str = "disk = \"8MiB\"";
    vec![
        attack!("fork_bomb").says("ALL").stopped_by(&["processes"], PROCESSES),
        Case {
            name: "fork_bomb_in_a_crowd",
            ..attack!("fork_bomb").says("ALL").way(Way::Crowd).stopped_by(&["processes"], PROCESSES)
        },
        attack!("memory_one").says("ALL").stopped_by(&["memory"], MEMORY),
        attack!("memory_many").says("ALL").stopped_by(&["memory"], MEMORY),
        attack!("memory_file").says("ALL").stopped_by(&[], MEMORY),
        attack!("shared_memory_folder").says("ALL").stopped_by(&[], MEMORY),
        attack!("cpu_one").endless(&["cpu", "CPU", "processor"], "cpu = \"1s\"", "20s"),
        attack!("cpu_six").endless(&["cpu", "CPU", "processor"], "cpu = \"1s\"", "20s"),
        attack!("sleep_forever").endless(&["timed out"], "", "1s"),
        attack!("ignore_term").endless(&["timed out"], "", "1s"),
        attack!("flood").says("ALL").stopped_by(&["output"], "output = \"256KiB\""),
        attack!("giant_line").says("ALL").stopped_by(&["output"], "output = \"256KiB\""),
        attack!("big_file").says("ALL").stopped_by(&["file", "disk"], DISK),
        attack!("many_files").says("ALL").stopped_by(&["disk"], DISK),
        attack!("many_inodes").says("ALL").stopped_by(&["disk"], DISK),
        attack!("daemon").harm(Sign::ProcessLeft),
        attack!("daemon_without_traces").harm(Sign::ProcessLeft),
        attack!("fork_away").harm(Sign::ProcessLeft),
    ]
}

/// All of them.
pub fn all() -> Vec<Case> {
    [files(), traces(), network(), kernel(), resources()].concat()
}
