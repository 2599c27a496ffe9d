//! Files that matter more than others: those with keys and passwords, and those from which programs are started without
//! being asked for. The lists name the standard paths of ssh, GnuPG, cloud command lines, package registries, browsers,
//! keyrings, shells, cron and systemd.

/// Parts of the paths of files with keys, tokens or passwords.
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

/// Parts of the paths of files that are executed at login, with a shell or session, at a set time, or by another program.
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

/// Whether a path or a piece of code names a place where keys or passwords are kept.
pub(super) fn is_secret(code: &str) -> bool {
    names(code, SECRETS)
}

/// Whether a path or a piece of code names a place from which programs are started without being asked for.
pub(super) fn is_start(code: &str) -> bool {
    names(code, STARTS)
}

/// Whether code names one of these places. The parts of the path may be separate strings: `home / ".ssh" / "id_rsa"`,
/// `join(home, ".aws", "x")`.
fn names(code: &str, places: &[&str]) -> bool {
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
    places.iter().any(|place| path.contains(place) || code.contains(place))
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
            assert!(is_secret(code), "{code}");
        }
        assert!(is_start("echo x >> ~/.bashrc"));
        for code in ["~/.ssh/config", "~/.ssh/known_hosts", "open('credentials.md')", "/etc/hostname", "notes.txt"] {
            assert!(!is_secret(code) && !is_start(code), "{code}");
        }
    }
}
