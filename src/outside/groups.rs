//! Groups with only one user: many systems give each user such a group with write permission.

use std::fs;
use std::sync::OnceLock;

/// The group data of the system, read at the first query.
#[derive(Debug, Default)]
pub(super) struct Groups {
    lists: OnceLock<(String, String)>,
}

impl Groups {
    /// Whether only root and this user are in a group.
    pub(super) fn is_private(&self, group: u32, user: u32) -> bool {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (users, groups) = self.lists.get_or_init(|| (read("/etc/passwd"), read("/etc/group")));
        is_private(users, groups, group, user)
    }
}

fn is_private(users: &str, groups: &str, group: u32, user: u32) -> bool {
    let number = |field: Option<&&str>| field.and_then(|field| field.parse::<u32>().ok());
    let mut own_names = Vec::new();
    for line in users.lines() {
        let line: Vec<&str> = line.split(':').collect();
        let (Some(name), Some(id), main) = (line.first(), number(line.get(2)), number(line.get(3))) else { continue };
        if id == 0 || id == user {
            own_names.push(*name);
        } else if main == Some(group) {
            return false;
        }
    }
    let known = groups.lines().find_map(|line| {
        let line: Vec<&str> = line.split(':').collect();
        (number(line.get(2)) == Some(group)).then(|| line.get(3).copied().unwrap_or_default().to_owned())
    });
    // The members of a group that the system does not list are unknown.
    known.is_some_and(|members| members.split(',').all(|member| member.is_empty() || own_names.contains(&member)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_private_when_only_its_user_and_root_are_in_it() {
        let users = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
        let groups = "root:x:0:\nstaff:x:50:\nada:x:1000:\nbob:x:1001:ada\nteam:x:70:ada,bob\nlab:x:80:ada,root\n";
        let private = |group| is_private(users, groups, group, 1000);
        assert!(private(0) && private(50) && private(1000) && private(80));
        assert!(!private(1001) && !private(70) && !private(99) && !is_private("", "", 50, 1000));
    }
}
