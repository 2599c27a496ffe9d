//! That bubblewrap works here, remembered from one process to the next: trying it out costs as much as a whole run.
//!
//! Only success is kept, and only as long as nothing changed that it depends on: the boot, the program's bytes, the
//! user it runs for, and the kernel's settings for namespaces. It decides nothing but which level is tried; what a run
//! really has is verified in its own process. The file is in the state folder, which no tool can write.

use crate::domain::Digest;
use rustix::fs::{Mode, OFlags};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A larger program is not a bubblewrap that we know, and is tried out every time, in bytes.
const MAX_PROGRAM: u64 = 8 << 20;

/// Kernel settings that forbid namespaces; each is missing on some systems.
const SETTINGS: [&str; 4] = [
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/user/max_pid_namespaces",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
];

/// Where the proof is kept.
#[derive(Debug)]
pub(in crate::runner) struct Proof(PathBuf);

impl Proof {
    /// A proof in this file, which need not exist.
    pub(in crate::runner) fn at(path: PathBuf) -> Proof {
        Proof(path)
    }

    /// Whether it is there for a program that is started for this user, `None` for the own one.
    pub(in crate::runner) fn holds(&self, program: &Path, user: Option<u32>) -> bool {
        let Some(expected) = facts(program, user) else { return false };
        read(&self.0).is_some_and(|kept| kept == expected)
    }

    /// Keeps that the program works. Where that fails it is tried out again next time.
    pub(in crate::runner) fn keep(&self, program: &Path, user: Option<u32>) {
        let (Some(facts), Some(folder)) = (facts(program, user), self.0.parent()) else { return };
        // Under another name first: what is read is never half of it. The file is nobody else's to read or write.
        let written = tempfile::NamedTempFile::new_in(folder)
            .and_then(|mut file| file.write_all(facts.as_bytes()).map(|()| file))
            .map(|file| file.persist(&self.0));
        drop(written);
    }
}

/// Everything that the proof depends on, as text; `None` if it cannot be told.
fn facts(program: &Path, user: Option<u32>) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let file = File::open(program).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_PROGRAM + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > MAX_PROGRAM {
        return None;
    }
    let user = user.unwrap_or_else(|| rustix::process::getuid().as_raw());
    let settings = SETTINGS.map(|path| fs::read_to_string(path).unwrap_or_default().trim().to_owned());
    let namespace = fs::read_link("/proc/self/ns/user").ok()?;
    let [program, namespace] = [program, &namespace].map(|path| path.display().to_string());
    let digest = Digest::of_bytes(&bytes);
    Some(format!("{}\n{namespace}\n{program}\n{digest}\n{user}\n{}\n", boot.trim(), settings.join(" ")))
}

/// What the file says, if nobody but us could have written it.
fn read(path: &Path) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let meta = file.metadata().ok()?;
    let is_ours = meta.is_file() && meta.uid() == rustix::process::getuid().as_raw() && meta.mode() & 0o022 == 0;
    let mut text = String::new();
    if is_ours {
        file.take(4096).read_to_string(&mut text).ok()?;
    }
    is_ours.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_proof_holds_for_the_same_program_and_user_only() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("bwrap");
        fs::write(&program, "one").unwrap();
        let proof = Proof::at(dir.path().join("proof"));
        assert!(!proof.holds(&program, None), "nothing was tried out");
        proof.keep(&program, None);
        assert!(proof.holds(&program, None));
        assert!(!proof.holds(&program, Some(61_184)), "another user");
        fs::write(&program, "two").unwrap();
        assert!(!proof.holds(&program, None), "another program in its place");
    }

    #[test]
    fn a_proof_that_others_could_have_written_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("bwrap");
        fs::write(&program, "one").unwrap();
        let file = dir.path().join("proof");
        let proof = Proof::at(file.clone());
        proof.keep(&program, None);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).unwrap();
        assert!(!proof.holds(&program, None), "others may write it");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(&file, dir.path().join("elsewhere")).unwrap();
        symlink(dir.path().join("elsewhere"), &file).unwrap();
        assert!(!proof.holds(&program, None), "a link");
    }

    #[test]
    fn a_proof_of_an_earlier_boot_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("bwrap");
        fs::write(&program, "one").unwrap();
        let file = dir.path().join("proof");
        let proof = Proof::at(file.clone());
        proof.keep(&program, None);
        let kept = fs::read_to_string(&file).unwrap();
        let (_, rest) = kept.split_once('\n').unwrap();
        fs::write(&file, format!("another boot\n{rest}")).unwrap();
        assert!(!proof.holds(&program, None));
    }
}
