//! The system calls that the filter refuses or tells the observer about, by number: one table for both.
//!
//! A call that is not here is allowed and never seen: Landlock and the file view judge its effects.

/// What the filter does with a call, and what the observer may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::runner) enum SystemCallGroup {
    /// Names a file. Observed only: other sandbox layers decide, so the answer is always to continue.
    File,
    /// Starts a program. Observed only.
    Exec,
    /// Reaches an address. Refused by number alone when the run has no network, else observed only.
    Network,
    /// No tool needs it. Refused by number and scalar arguments alone, observed or not.
    Forbidden,
}

macro_rules! calls {
    ($(
        $group:ident {
            $( $(#[$attr:meta])* $variant:ident = $word:literal : $number:expr ),+ $(,)?
        }
    )+) => {
        /// A system call by its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(in crate::runner) enum SystemCall {
            $($( $(#[$attr])* $variant, )+)+
        }

        impl SystemCall {
            /// Its name as the manual writes it.
            pub(in crate::runner) const fn word(self) -> &'static str {
                match self { $($( $(#[$attr])* SystemCall::$variant => $word, )+)+ }
            }

            /// What is done with it.
            pub(in crate::runner) const fn group(self) -> SystemCallGroup {
                match self { $($( $(#[$attr])* SystemCall::$variant => SystemCallGroup::$group, )+)+ }
            }

            /// Its number on this architecture.
            #[cfg(test)]
            pub(in crate::runner) const fn number(self) -> i64 {
                match self { $($( $(#[$attr])* SystemCall::$variant => $number as i64, )+)+ }
            }
        }

        /// Every call of the table with its number on this architecture.
        pub(in crate::runner) const CALLS: &[(i64, SystemCall)] = &[
            $($( $(#[$attr])* ($number as i64, SystemCall::$variant), )+)+
        ];
    };
}

calls! {
    File {
        Openat = "openat": libc::SYS_openat,
        Openat2 = "openat2": libc::SYS_openat2,
        #[cfg(target_arch = "x86_64")]
        Open = "open": libc::SYS_open,
        #[cfg(target_arch = "x86_64")]
        Creat = "creat": libc::SYS_creat,
        Unlinkat = "unlinkat": libc::SYS_unlinkat,
        #[cfg(target_arch = "x86_64")]
        Unlink = "unlink": libc::SYS_unlink,
        #[cfg(target_arch = "x86_64")]
        Rmdir = "rmdir": libc::SYS_rmdir,
        Renameat = "renameat": libc::SYS_renameat,
        Renameat2 = "renameat2": libc::SYS_renameat2,
        #[cfg(target_arch = "x86_64")]
        Rename = "rename": libc::SYS_rename,
        Linkat = "linkat": libc::SYS_linkat,
        #[cfg(target_arch = "x86_64")]
        Link = "link": libc::SYS_link,
        Symlinkat = "symlinkat": libc::SYS_symlinkat,
        #[cfg(target_arch = "x86_64")]
        Symlink = "symlink": libc::SYS_symlink,
        Mkdirat = "mkdirat": libc::SYS_mkdirat,
        #[cfg(target_arch = "x86_64")]
        Mkdir = "mkdir": libc::SYS_mkdir,
        Mknodat = "mknodat": libc::SYS_mknodat,
        #[cfg(target_arch = "x86_64")]
        Mknod = "mknod": libc::SYS_mknod,
        Fchmodat = "fchmodat": libc::SYS_fchmodat,
        Fchmodat2 = "fchmodat2": FCHMODAT2,
        #[cfg(target_arch = "x86_64")]
        Chmod = "chmod": libc::SYS_chmod,
        Fchownat = "fchownat": libc::SYS_fchownat,
        #[cfg(target_arch = "x86_64")]
        Chown = "chown": libc::SYS_chown,
        #[cfg(target_arch = "x86_64")]
        Lchown = "lchown": libc::SYS_lchown,
        Truncate = "truncate": libc::SYS_truncate,
        Utimensat = "utimensat": libc::SYS_utimensat,
        #[cfg(target_arch = "x86_64")]
        Utime = "utime": libc::SYS_utime,
        #[cfg(target_arch = "x86_64")]
        Utimes = "utimes": libc::SYS_utimes,
        #[cfg(target_arch = "x86_64")]
        Futimesat = "futimesat": libc::SYS_futimesat,
        Setxattr = "setxattr": libc::SYS_setxattr,
        Lsetxattr = "lsetxattr": libc::SYS_lsetxattr,
        Setxattrat = "setxattrat": SETXATTRAT,
        Removexattr = "removexattr": libc::SYS_removexattr,
        Lremovexattr = "lremovexattr": libc::SYS_lremovexattr,
        Removexattrat = "removexattrat": REMOVEXATTRAT,
    }
    Exec {
        Execve = "execve": libc::SYS_execve,
        Execveat = "execveat": libc::SYS_execveat,
    }
    Network {
        Connect = "connect": libc::SYS_connect,
        Sendto = "sendto": libc::SYS_sendto,
        Sendmsg = "sendmsg": libc::SYS_sendmsg,
        Sendmmsg = "sendmmsg": libc::SYS_sendmmsg,
        Bind = "bind": libc::SYS_bind,
        Listen = "listen": libc::SYS_listen,
    }
    Forbidden {
        // Other processes and their memory.
        Ptrace = "ptrace": libc::SYS_ptrace,
        ProcessVmReadv = "process_vm_readv": libc::SYS_process_vm_readv,
        ProcessVmWritev = "process_vm_writev": libc::SYS_process_vm_writev,
        ProcessMadvise = "process_madvise": libc::SYS_process_madvise,
        ProcessMrelease = "process_mrelease": libc::SYS_process_mrelease,
        PidfdGetfd = "pidfd_getfd": libc::SYS_pidfd_getfd,
        Kcmp = "kcmp": libc::SYS_kcmp,
        MovePages = "move_pages": libc::SYS_move_pages,
        MigratePages = "migrate_pages": libc::SYS_migrate_pages,
        // Only for another process.
        GetRobustList = "get_robust_list": libc::SYS_get_robust_list,
        // Namespaces and mounts, old calls and new ones.
        Unshare = "unshare": libc::SYS_unshare,
        Setns = "setns": libc::SYS_setns,
        // Only with the flag of a namespace, or to give a child to the own parent.
        Clone = "clone": libc::SYS_clone,
        Mount = "mount": libc::SYS_mount,
        Umount2 = "umount2": libc::SYS_umount2,
        MoveMount = "move_mount": libc::SYS_move_mount,
        OpenTree = "open_tree": libc::SYS_open_tree,
        OpenTreeAttr = "open_tree_attr": OPEN_TREE_ATTR,
        Fsopen = "fsopen": libc::SYS_fsopen,
        Fsconfig = "fsconfig": libc::SYS_fsconfig,
        Fsmount = "fsmount": libc::SYS_fsmount,
        Fspick = "fspick": libc::SYS_fspick,
        MountSetattr = "mount_setattr": libc::SYS_mount_setattr,
        PivotRoot = "pivot_root": libc::SYS_pivot_root,
        Chroot = "chroot": libc::SYS_chroot,
        NameToHandleAt = "name_to_handle_at": libc::SYS_name_to_handle_at,
        OpenByHandleAt = "open_by_handle_at": libc::SYS_open_by_handle_at,
        // Parts of the kernel with a history of holes that no tool needs.
        Bpf = "bpf": libc::SYS_bpf,
        PerfEventOpen = "perf_event_open": libc::SYS_perf_event_open,
        Userfaultfd = "userfaultfd": libc::SYS_userfaultfd,
        FanotifyInit = "fanotify_init": libc::SYS_fanotify_init,
        LookupDcookie = "lookup_dcookie": libc::SYS_lookup_dcookie,
        // Would do other calls of this table unseen.
        IoUringSetup = "io_uring_setup": libc::SYS_io_uring_setup,
        IoUringEnter = "io_uring_enter": libc::SYS_io_uring_enter,
        IoUringRegister = "io_uring_register": libc::SYS_io_uring_register,
        // Keys of the user, shared with all of the user's processes.
        AddKey = "add_key": libc::SYS_add_key,
        RequestKey = "request_key": libc::SYS_request_key,
        Keyctl = "keyctl": libc::SYS_keyctl,
        // Memory that no limit counts, and queues shared with the user's other processes.
        MemfdCreate = "memfd_create": libc::SYS_memfd_create,
        MemfdSecret = "memfd_secret": MEMFD_SECRET,
        Shmget = "shmget": libc::SYS_shmget,
        Shmat = "shmat": libc::SYS_shmat,
        Shmctl = "shmctl": libc::SYS_shmctl,
        Semget = "semget": libc::SYS_semget,
        Semop = "semop": libc::SYS_semop,
        Semtimedop = "semtimedop": libc::SYS_semtimedop,
        Semctl = "semctl": libc::SYS_semctl,
        Msgget = "msgget": libc::SYS_msgget,
        Msgsnd = "msgsnd": libc::SYS_msgsnd,
        Msgrcv = "msgrcv": libc::SYS_msgrcv,
        Msgctl = "msgctl": libc::SYS_msgctl,
        MqOpen = "mq_open": libc::SYS_mq_open,
        MqUnlink = "mq_unlink": libc::SYS_mq_unlink,
        // The machine as a whole.
        KexecLoad = "kexec_load": libc::SYS_kexec_load,
        KexecFileLoad = "kexec_file_load": KEXEC_FILE_LOAD,
        InitModule = "init_module": libc::SYS_init_module,
        FinitModule = "finit_module": libc::SYS_finit_module,
        DeleteModule = "delete_module": libc::SYS_delete_module,
        Reboot = "reboot": libc::SYS_reboot,
        Swapon = "swapon": libc::SYS_swapon,
        Swapoff = "swapoff": libc::SYS_swapoff,
        Sethostname = "sethostname": libc::SYS_sethostname,
        Setdomainname = "setdomainname": libc::SYS_setdomainname,
        Settimeofday = "settimeofday": libc::SYS_settimeofday,
        ClockSettime = "clock_settime": libc::SYS_clock_settime,
        Acct = "acct": libc::SYS_acct,
        Quotactl = "quotactl": libc::SYS_quotactl,
        QuotactlFd = "quotactl_fd": libc::SYS_quotactl_fd,
        Syslog = "syslog": libc::SYS_syslog,
        Vhangup = "vhangup": libc::SYS_vhangup,
        #[cfg(target_arch = "x86_64")]
        Iopl = "iopl": libc::SYS_iopl,
        #[cfg(target_arch = "x86_64")]
        Ioperm = "ioperm": libc::SYS_ioperm,
        #[cfg(target_arch = "x86_64")]
        ModifyLdt = "modify_ldt": libc::SYS_modify_ldt,
        // Only when it changes how programs are loaded.
        Personality = "personality": libc::SYS_personality,
        // Only those that type into a terminal or change what handles it.
        Ioctl = "ioctl": libc::SYS_ioctl,
        // Only hiding its memory from whoever watches it, and sharing a processor's core with other processes.
        Prctl = "prctl": libc::SYS_prctl,
        // Only of kinds that the run may not have; the first argument is the family.
        Socket = "socket": libc::SYS_socket,
        // Only of kinds that can be pointed at an address later.
        Socketpair = "socketpair": libc::SYS_socketpair,
        // Only for another process: limits and priorities of the user's other programs.
        Prlimit64 = "prlimit64": libc::SYS_prlimit64,
        Setpriority = "setpriority": libc::SYS_setpriority,
        IoprioSet = "ioprio_set": libc::SYS_ioprio_set,
        SchedSetscheduler = "sched_setscheduler": libc::SYS_sched_setscheduler,
        SchedSetparam = "sched_setparam": libc::SYS_sched_setparam,
        SchedSetattr = "sched_setattr": libc::SYS_sched_setattr,
        SchedSetaffinity = "sched_setaffinity": libc::SYS_sched_setaffinity,
    }
}

/// The newest call that was looked at when this table was written; calls with a higher number do not exist for a
/// tool (ENOSYS, as on an older kernel). The numbers are the same on all architectures since Linux 5.0.
pub(super) const NEWEST: i64 = OPEN_TREE_ATTR;

// Numbers that the library does not name on every architecture; since 5.0 they are the same on all.
const FCHMODAT2: i64 = 452;
const SETXATTRAT: i64 = 463;
const REMOVEXATTRAT: i64 = 466;
const OPEN_TREE_ATTR: i64 = 467;
const MEMFD_SECRET: i64 = 447;
#[cfg(target_arch = "x86_64")]
const KEXEC_FILE_LOAD: i64 = 320;
#[cfg(not(target_arch = "x86_64"))]
const KEXEC_FILE_LOAD: i64 = 294;

impl SystemCall {
    /// The call of a number; `None` for what is not in the table.
    pub(in crate::runner) fn of(number: i64) -> Option<SystemCall> {
        CALLS.iter().find(|(known, _)| *known == number).map(|(_, call)| *call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_number_stands_for_one_call_and_a_word_for_one_call() {
        let numbers: BTreeSet<i64> = CALLS.iter().map(|(number, _)| *number).collect();
        let words: BTreeSet<&str> = CALLS.iter().map(|(_, call)| call.word()).collect();
        assert_eq!((numbers.len(), words.len()), (CALLS.len(), CALLS.len()));
        for (number, call) in CALLS {
            assert_eq!((SystemCall::of(*number), call.number()), (Some(*call), *number));
        }
        assert_eq!(SystemCall::of(libc::SYS_read), None);
    }
}
