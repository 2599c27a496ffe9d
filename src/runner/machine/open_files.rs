//! How many files this process may have open, and what to say when they are not enough.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// The minimum limit for a run: its process keeps a socket above the files of the tool.
pub const NEEDED_FILES: u64 = 1024;

/// How [`io::Error`] ends when the process has too many open files.
const MARK: &str = "Too many open files (os error 24)";

/// Raises the soft limit to this, or to the hard limit if that is lower. A higher limit is kept.
///
/// # Errors
/// When the system refuses it.
pub fn raise_open_files(wanted: u64) -> io::Result<()> {
    let own = getrlimit(Resource::Nofile);
    let wanted = own.maximum.map_or(wanted, |most| most.min(wanted));
    if own.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..own })?;
    }
    Ok(())
}

/// Why no run can start here: the hard limit is too low. `None` if it is high enough.
pub fn open_files_shortage() -> Option<String> {
    shortage(getrlimit(Resource::Nofile).maximum)
}

/// Adds the limit and the next step to a message about too many open files; leaves other messages as they are.
pub fn explain_open_files(message: String) -> String {
    explain(message, getrlimit(Resource::Nofile).current)
}

fn shortage(most: Option<u64>) -> Option<String> {
    let most = most.filter(|most| *most < NEEDED_FILES)?;
    Some(format!("too many open files are needed: the limit is {most}, a run needs {NEEDED_FILES}; {}", next_step()))
}

fn explain(message: String, limit: Option<u64>) -> String {
    let Some(limit) = limit.filter(|_| message.contains(MARK)) else { return message };
    message.replace(MARK, &format!("too many open files: the limit is {limit}; {}", next_step()))
}

fn next_step() -> String {
    format!("raise it with `ulimit -n {NEEDED_FILES}` or more and try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_named_with_the_next_step_and_a_sufficient_one_is_not() {
        let why = shortage(Some(64)).unwrap();
        assert!(
            why.contains("too many open files") && why.contains("is 64") && why.contains("`ulimit -n 1024`"),
            "{why}"
        );
        assert_eq!((shortage(Some(NEEDED_FILES)), shortage(None)), (None, None));
    }

    #[test]
    fn only_messages_about_too_many_open_files_are_explained() {
        let told = |error: i32| explain(format!("no pipe: {}", io::Error::from_raw_os_error(error)), Some(64));
        let expected =
            "no pipe: too many open files: the limit is 64; raise it with `ulimit -n 1024` or more and try again";
        assert_eq!(told(libc::EMFILE), expected);
        assert_eq!(told(libc::ENOENT), "no pipe: No such file or directory (os error 2)");
    }
}
