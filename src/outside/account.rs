//! Data of the system about the user of this process, independent of environment variables.

use std::path::PathBuf;

/// The user's home in the system's user list; `None` for a user without an account.
pub(super) fn home() -> Option<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    home_in(&users, user)
}

fn home_in(users: &str, user: u32) -> Option<PathBuf> {
    let line = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut own = line.filter(|fields| fields.get(2).and_then(|id| id.parse::<u32>().ok()) == Some(user));
    own.find_map(|fields| fields.get(5).map(PathBuf::from).filter(|home| home.is_absolute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_that_of_the_account() {
        let users = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000:Ada:/home/ada:/bin/sh\nbob:x:1001:1001:::\n";
        assert_eq!(home_in(users, 1000), Some("/home/ada".into()));
        assert_eq!((home_in(users, 1001), home_in(users, 7), home_in("", 0)), (None, None, None));
    }
}
