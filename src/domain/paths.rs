//! Paths in definitions and commands, resolved as text without accessing a disk.

/// Resolves `.` and `..` as text; `None` if the path leaves its root. An absolute path stays absolute.
pub fn clean_path(path: &str) -> Option<String> {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Some(if absolute { format!("/{joined}") } else { joined })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved_and_never_lead_above_the_top() {
        for (path, expected) in [
            ("a/./b/../c", Some("a/c")),
            ("a/../../c", None),
            ("/a//b", Some("/a/b")),
            ("/../a", None),
            ("./", Some("")),
        ] {
            assert_eq!(clean_path(path).as_deref(), expected, "{path}");
        }
    }
}
