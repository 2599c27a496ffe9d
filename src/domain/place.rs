//! What two runs with the same behaviour have in common, although the names differ: `/proc/4711/stat` and
//! `{scratch}/tmpab12cd` are different paths each time, but the same behaviour.

use super::observation::Touch;
// Addresses as words: `core` has no sockets.
use core::net::SocketAddr;

/// The kernel chooses ports from here on: a different one each time.
const FIRST_EPHEMERAL_PORT: u16 = 32_768;

/// The placeholder for a number, and for meaningless letters and digits.
const NUMBER: &str = "{n}";
const RANDOM: &str = "{id}";

/// The placeholder for everything that is accessed to look up a user or a group.
pub(super) const USER_NAMES: &str = "{user names}";

/// What the C library accesses for names in addition to `/etc/passwd`, which every run may read: nss-systemd(8) with
/// its user records (userdb, systemd 245 and later), nscd(8), sssd(8), and the extra users of small systems.
const NAME_SERVICES: &[&str] = &[
    "/etc/userdb",
    "/run/userdb",
    "/run/host/userdb",
    "/run/systemd/userdb",
    "/usr/lib/userdb",
    "/usr/local/lib/userdb",
    "/run/nscd",
    "/var/run/nscd",
    "/var/cache/nscd",
    "/var/db/nscd",
    "/var/lib/sss",
    "/var/lib/extrausers",
    "/run/systemd/machines",
];

/// Folders with generated names.
const TEMPORARY: [&str; 4] = ["{scratch}/", "/tmp/", "/var/tmp/", "/dev/shm/"];

/// The target without what differs from run to run: numbers and generated names in paths, the arguments of a program,
/// ports that the kernel chooses.
pub fn generalise(touch: Touch, target: &str) -> String {
    if is_name_service(touch, target) {
        return USER_NAMES.to_owned();
    }
    match touch {
        Touch::Read | Touch::Write | Touch::Delete | Touch::Rename => general_path(target),
        Touch::Exec => general_program(target),
        Touch::Connect | Touch::Listen => general_address(target),
        Touch::Resolve => target.to_ascii_lowercase().split('.').map(general_piece).collect::<Vec<_>>().join("."),
        Touch::Forbidden => target.to_owned(),
    }
}

/// Whether an attempt is made by the C library when it looks up the name of a user or a group (`getpwuid`): it asks one
/// service after the other, and the program cannot influence that. Reading and connecting only.
fn is_name_service(touch: Touch, target: &str) -> bool {
    let path = match touch {
        Touch::Read => target,
        Touch::Connect => target.strip_prefix("unix:").unwrap_or_default(),
        Touch::Write
        | Touch::Delete
        | Touch::Rename
        | Touch::Exec
        | Touch::Listen
        | Touch::Resolve
        | Touch::Forbidden => {
            return false;
        }
    };
    NAME_SERVICES.iter().any(|place| {
        path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') && !rest.contains("/.."))
    })
}

/// Whether a folder is on the path to a name service: each component is opened in turn.
pub(super) fn is_step_to_names(folder: &str) -> bool {
    matches!(
        folder,
        "/" | "/etc" | "/run" | "/run/host" | "/run/systemd" | "/usr" | "/usr/lib" | "/usr/local" | "/usr/local/lib"
    )
}

/// The place of a generalised target: its folder as `FOLDER/*`. It is the target itself if the folder is too wide to be
/// meaningful (`/etc`, a home), and for everything that is not a path.
pub(super) fn place(touch: Touch, target: &str) -> String {
    match touch {
        Touch::Read | Touch::Write | Touch::Delete | Touch::Rename => {}
        Touch::Exec | Touch::Connect | Touch::Listen | Touch::Resolve | Touch::Forbidden => return target.to_owned(),
    }
    match target.rsplit_once('/') {
        Some((folder, name)) if !name.is_empty() && !is_wide(folder) => format!("{folder}/*"),
        Some(_) | None => target.to_owned(),
    }
}

/// The program of a command line as the observer writes it.
pub(super) fn program(command: &str) -> String {
    let words = shell_words::split(command).unwrap_or_default();
    words.into_iter().next().unwrap_or_else(|| command.to_owned())
}

fn is_wide(folder: &str) -> bool {
    let mut names = folder.split('/').filter(|name| !name.is_empty());
    match (names.next(), names.next(), names.next()) {
        (None, ..) => true,
        (Some(first), None, _) => first != "{tool}" && first != "{scratch}",
        (Some("home"), Some(_), None) => folder.starts_with('/'),
        (Some(_), Some(_), _) => false,
    }
}

fn general_program(command: &str) -> String {
    let program = program(command);
    // Numbers in names of programs are meaningful, unless the run generated the name.
    if is_temporary(&program) { general_path(&program) } else { program }
}

fn general_address(address: &str) -> String {
    if let Some(path) = address.strip_prefix("unix:") {
        return format!("unix:{}", general_path(path));
    }
    match address.parse::<SocketAddr>() {
        Ok(known) if known.port() >= FIRST_EPHEMERAL_PORT => {
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            format!("{host}:{NUMBER}")
        }
        Ok(_) | Err(_) => address.to_owned(),
    }
}

fn is_temporary(path: &str) -> bool {
    TEMPORARY.iter().any(|folder| path.starts_with(folder))
}

fn general_path(path: &str) -> String {
    let temporary = is_temporary(path);
    let names: Vec<String> = path.split('/').map(|name| general_name(name, temporary)).collect();
    names.join("/")
}

fn general_name(name: &str, temporary: bool) -> String {
    // `{tool}`, and parts that are already generalised.
    if name.starts_with('{') && name.ends_with('}') {
        return name.to_owned();
    }
    if temporary && let Some(general) = general_temporary(name) {
        return general;
    }
    if let Some((before, after)) = around_uuid(name) {
        return format!("{}{RANDOM}{}", general_name(before, temporary), general_name(after, temporary));
    }
    let mut general = String::with_capacity(name.len());
    for piece in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '{' && c != '}') {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '{' && c != '}');
        if temporary && is_made_up_mixed(word) {
            general.push_str(RANDOM);
        } else {
            general.push_str(&general_piece(word));
        }
        general.push_str(&piece[word.len()..]);
    }
    general
}

/// The text before and after the first UUID.
fn around_uuid(name: &str) -> Option<(&str, &str)> {
    const LENGTH: usize = 36;
    let is_uuid = |bytes: &[u8]| {
        let expected = |(i, byte): (usize, &u8)| {
            if matches!(i, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
        };
        bytes.iter().enumerate().all(expected)
    };
    let start = name.as_bytes().windows(LENGTH).position(is_uuid)?;
    Some((&name[..start], &name[start + LENGTH..]))
}

/// `tmpab12cd` (Python), `tmp.AbCdEfGhIj` (mktemp), `.tmpAbCdEf`: the rest is generated, except an extension.
fn general_temporary(name: &str) -> Option<String> {
    let bare = name.strip_prefix('.').unwrap_or(name);
    let rest = bare.strip_prefix("tmp").filter(|rest| !rest.is_empty() && *rest != RANDOM)?;
    let extension = rest[1..].rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.filter(|word| word.len() <= 5 && word.chars().all(|c| c.is_ascii_lowercase()));
    let dot = &name[..name.len() - bare.len()];
    Some(match extension {
        Some(extension) => format!("{dot}tmp{RANDOM}.{extension}"),
        None => format!("{dot}tmp{RANDOM}"),
    })
}

fn general_piece(word: &str) -> String {
    if word.contains('{') {
        return word.to_owned();
    }
    if is_made_up(word) {
        return RANDOM.to_owned();
    }
    let mut general = String::with_capacity(word.len());
    let mut in_number = false;
    for c in word.chars() {
        if !c.is_ascii_digit() {
            general.push(c);
        } else if !in_number {
            general.push_str(NUMBER);
        }
        in_number = c.is_ascii_digit();
    }
    general
}

/// Whether letters and digits are mixed as in no meaningful word.
fn is_made_up(word: &str) -> bool {
    if word.len() < 6 || !word.is_ascii() {
        return false;
    }
    let bytes = word.as_bytes();
    let changes = bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
    let is_hexadecimal = bytes.iter().all(u8::is_ascii_hexdigit);
    changes >= 3 || (is_hexadecimal && changes >= 1)
}

/// The random suffix of a temporary folder: `AbC12x`.
fn is_made_up_mixed(word: &str) -> bool {
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
    word.len() >= 6 && has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_each_run_become_one_target() {
        for (touch, target, general) in [
            (Touch::Read, "/proc/4711/stat", "/proc/{n}/stat"),
            (Touch::Write, "{scratch}/tmpab12cd", "{scratch}/tmp{id}"),
            (Touch::Write, "{scratch}/tmp8_xk2q.json", "{scratch}/tmp{id}.json"),
            (Touch::Write, "/tmp/tmp.AbCdEfGhIj", "/tmp/tmp{id}"),
            (Touch::Write, "/tmp/.tmpAbCdEf/x", "/tmp/.tmp{id}/x"),
            (Touch::Write, "/tmp/build-AbC12x/out", "/tmp/build-{id}/out"),
            (Touch::Read, "/data/2026-01-02.csv", "/data/{n}-{n}-{n}.csv"),
            (Touch::Read, "/c/0f8fad5b-d9cb-469f-a165-70867728950e", "/c/{id}"),
            (Touch::Read, "/c/job-0f8fad5b-d9cb-469f-a165-70867728950e.json", "/c/job-{id}.json"),
            (Touch::Read, "~/.ssh/id_rsa", "~/.ssh/id_rsa"),
            (Touch::Exec, "/usr/bin/sha256sum -b x", "/usr/bin/sha256sum"),
            (Touch::Exec, "{scratch}/tmpab12cd --help", "{scratch}/tmp{id}"),
            (Touch::Connect, "127.0.0.1:40123", "127.0.0.1:{n}"),
            (Touch::Connect, "[::1]:443", "[::1]:443"),
            (Touch::Resolve, "Chunk17.Evil.example", "chunk{n}.evil.example"),
            (Touch::Forbidden, "io_uring_setup", "io_uring_setup"),
        ] {
            assert_eq!(generalise(touch, target), general, "{target}");
        }
    }

    #[test]
    fn what_is_general_already_stays_as_it_is() {
        for target in ["/proc/{n}/stat", "{scratch}/tmp{id}.json", "/c/{id}-{id}", "~/.ssh/*", "{tool}/lib/*"] {
            assert_eq!(generalise(Touch::Read, target), target);
        }
    }

    #[test]
    fn a_place_is_a_folder_unless_the_folder_says_nothing() {
        for (target, expected) in [
            ("~/.ssh/id_rsa", "~/.ssh/*"),
            ("~/.ssh/*", "~/.ssh/*"),
            ("/etc/shadow", "/etc/shadow"),
            ("/home/ada/.netrc", "/home/ada/.netrc"),
            ("~/.netrc", "~/.netrc"),
            ("{workspace}/x", "{workspace}/x"),
            ("{workspace}/a/x", "{workspace}/a/*"),
            ("{scratch}/x", "{scratch}/*"),
            ("/x", "/x"),
        ] {
            assert_eq!(place(Touch::Read, target), expected, "{target}");
        }
        assert_eq!(place(Touch::Exec, "/usr/bin/git"), "/usr/bin/git");
    }
}
