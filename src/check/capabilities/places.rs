//! Places of a home folder or system that matter more than other files: where programs keep keys and passwords, and what
//! starts by itself. The lists name the standard places of ssh, GnuPG, cloud command lines, package registries, browsers,
//! keyrings, shells, cron and systemd.

/// Parts of paths at which programs keep keys, tokens or passwords.
const SECRETS: &[&str] = &[
    ".ssh/id_",
    ".ssh/identity",
    ".gnupg/",
    ".aws/credentials",
    ".azure/",
    ".config/gcloud/",
    ".docker/config.json",
    ".git-credentials",
    ".kube/config",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials",
    ".gem/credentials",
    ".config/gh/hosts",
    ".password-store/",
    ".local/share/keyrings",
    "library/keychains",
    ".mozilla/firefox",
    "google-chrome/default",
    "chromium/default",
    "login data",
    "cookies.sqlite",
    "etc/shadow",
    "wallet.dat",
];

/// Parts of paths of what runs by itself: with a login, a shell, a session or at a time.
const STARTS: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    "/.profile",
    "etc/profile",
    ".config/fish/config.fish",
    ".config/autostart/",
    ".config/systemd/user",
    "etc/systemd/system",
    "etc/init.d",
    "etc/rc.local",
    "etc/cron",
    "var/spool/cron",
    "library/launchagents",
    "library/launchdaemons",
    ".ssh/authorized_keys",
    "etc/sudoers",
    "etc/ld.so.preload",
    ".git/hooks/",
];

/// The place for keys or passwords that a path or a piece of code names.
pub(super) fn secret(code: &str) -> Option<&'static str> {
    named(code, SECRETS)
}

/// The place of something that runs by itself that a path or a piece of code names.
pub(super) fn start(code: &str) -> Option<&'static str> {
    named(code, STARTS)
}

/// Finds a place also where the parts of its path are separate texts: `home / ".ssh" / "id_rsa"`, `join(home, ".aws", "x")`.
fn named(code: &str, places: &[&'static str]) -> Option<&'static str> {
    let mut path = String::with_capacity(code.len());
    for c in code.chars() {
        match c {
            '"' | '\'' | '`' | ' ' => {}
            ',' | '\\' | '+' => path.push('/'),
            c => path.extend(c.to_lowercase()),
        }
    }
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    let code = code.to_ascii_lowercase();
    places.iter().copied().find(|place| path.contains(place) || code.contains(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_however_its_path_is_written() {
        for code in [
            "~/.ssh/id_ed25519",
            "open(os.path.expanduser(\"~/.ssh/id_rsa\"))",
            "(Path.home() / '.ssh' / 'id_rsa').read_text()",
            "fs.readFileSync(process.env.HOME + '/.aws/credentials')",
            "path.join(os.homedir(), '.aws', 'credentials')",
            "cat /etc/shadow",
        ] {
            assert!(secret(code).is_some(), "{code}");
        }
        assert!(start("echo x >> ~/.bashrc").is_some());
        for code in ["~/.ssh/config", "~/.ssh/known_hosts", "open('credentials.md')", "/etc/hostname", "notes.txt"] {
            assert!(secret(code).is_none() && start(code).is_none(), "{code}");
        }
    }
}
