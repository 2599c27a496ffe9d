//! The rules as tables: what is refused and, just as important, what is not.

use super::*;

fn declared(access: Access, path: &str) -> Permissions {
    let list = vec![path.to_owned()];
    match access {
        Access::Read => Permissions { read: list, ..Permissions::default() },
        Access::Write => Permissions { write: list, ..Permissions::default() },
    }
}

fn is_refused(access: Access, path: &str) -> bool {
    !declared(access, path).faults().is_empty()
}

#[test]
fn what_no_tool_gets_is_refused_for_reading_and_writing() {
    for path in [
        "",
        " ",
        "/",
        "//",
        "/.",
        "~",
        "~/",
        "~root",
        "~ada/x",
        "/proc",
        "/proc/self/mem",
        "/sys/kernel",
        "/dev",
        "/dev/shm",
        "/run",
        "/run/user/1000",
        "/var",
        "/var/run/docker.sock",
        "/home",
        "/home/ada",
        "/home/ada/",
        "/root",
        "/Users/ada",
        "..",
        "../x",
        "a/../../x",
        "/tmp/../etc",
        "{workspace}/..",
        "{workspace}/../x",
        "{workspace}x/../../y",
        "~/.ssh",
        "~/.ssh/id_ed25519",
        "/home/ada/.ssh/config",
        "x/.gnupg/y",
        "~/.config",
        "~/.bashrc",
        "~/.zshrc",
        "~/.profile",
        "~/.config/fish/config.fish",
        "~/.aws/credentials",
        "~/.netrc",
        ".git/hooks",
        "{workspace}/.git/hooks/pre-commit",
        "deep/er/.git/hooks",
        "~/agent.sock",
        "/tmp/x.socket",
        "{input.path}",
        "{dir}/x",
        "$HOME/x",
        "~/$X",
        "*.txt",
        "src/**",
        "a\u{202e}b",
        "a\nb",
        "~/.local",
        "/etc",
        "/etc/",
        "/etc/shadow",
        "/etc/shadow-",
        "/etc/gshadow",
        "/etc/gshadow-",
        "/etc/sudoers",
        "/etc/sudoers.d",
        "/etc/sudoers.d/x",
        "/etc/ssl",
        "/etc/ssl/private",
        "/etc/ssl/private/key.pem",
        "/etc/ssh",
        "/etc/ssh/ssh_host_rsa_key",
    ] {
        for access in Access::ALL {
            assert!(is_refused(*access, path), "{access} {path:?}");
        }
    }
}

#[test]
fn some_things_may_be_read_and_not_written() {
    for path in [
        "tools",
        "tools/",
        "./tools/approved",
        "{workspace}/tools/core/x",
        "toolsmith.toml",
        ".git",
        ".git/config",
        "sub/.git/HEAD",
        "/etc/hosts",
        "/etc/ssl/certs",
        "/etc/shadows",
        "/usr/share/dict",
        "/usr/local/bin",
        "~/bin",
        "~/.gitconfig",
        ".tool_promotions.json",
        "~/.config/mine",
        "~/.sshd-notes",
        "~/.cache/x",
        "~/.local/share/x",
    ] {
        assert!(!is_refused(Access::Read, path), "read {path:?}");
        assert!(is_refused(Access::Write, path), "write {path:?}");
    }
}

#[test]
fn no_tool_writes_where_code_starts_by_itself() {
    let mut paths: Vec<String> = Vec::new();
    // Shells, sessions, services, tasks; agents, editors, git, package managers, module folders of languages, browsers.
    for name in [
        ".bash_aliases",
        ".bashrc",
        ".zshrc.d/x.zsh",
        ".config/fish/conf.d/x.fish",
        ".oh-my-zsh/custom/x.zsh",
        ".profile.d",
        ".config/autostart/x.desktop",
        ".config/systemd/user/x.service",
        ".local/share/systemd/user",
        ".config/cron",
        ".local/share/applications",
        ".claude",
        ".claude/settings.json",
        ".codex/config.toml",
        ".cursor/mcp.json",
        ".gemini",
        ".vimrc",
        ".vim/plugin",
        ".emacs.d/init.el",
        ".config/nvim/init.lua",
        ".config/Code/User/settings.json",
        ".vscode",
        ".gitconfig",
        ".config/git/hooks",
        ".npmrc",
        ".pypirc",
        ".config/pip/pip.conf",
        ".cargo/bin",
        ".cargo/config.toml",
        ".rustup",
        ".gem",
        ".gradle/init.gradle",
        ".m2/settings.xml",
        ".pyenv/shims",
        ".nvm",
        ".local",
        ".local/bin",
        ".local/lib/python3.12/site-packages",
        ".perldb",
        ".irbrc",
        ".Rprofile",
        ".ipython/profile_default/startup",
        ".mozilla/firefox",
        ".config/google-chrome",
        ".cache/pip",
        ".tmux.conf",
        ".screenrc",
        ".wgetrc",
        ".curlrc",
        ".config",
        "bin",
        "bin/x",
        "go",
        "go/bin",
        "go/bin/x",
        "node_modules",
        "node_modules/x",
        ".toolsmith",
        ".a-program-of-tomorrow",
    ] {
        paths.extend(["~", "/home/ada", "/root", "/Users/ada", "/var/home/ada"].map(|home| format!("{home}/{name}")));
        paths.push(format!("~/{}", name.to_uppercase()));
    }
    // In every working folder, and in the system.
    for name in [
        ".toolsmith",
        ".toolsmith/x",
        ".claude/settings.json",
        ".vscode/tasks.json",
        ".envrc",
        ".husky",
        ".mcp.json",
        ".git",
    ] {
        let upper = name.to_uppercase();
        paths.extend([name, &upper].into_iter().flat_map(|name| {
            ["{workspace}", "deep/er", "~/notes", "/srv/data"].map(|folder| format!("{folder}/{name}"))
        }));
    }
    for path in [
        "/opt",
        "/opt/x",
        "/etc/profile.d",
        "/etc/cron.d/x",
        "/usr/local/bin",
        "/usr/lib/python3/dist-packages",
        "/nix/store",
        "/var/lib/x",
        "/var/spool/cron",
        "/var/www",
        "/snap/x",
        "/home/linuxbrew",
        "/home/linuxbrew/.linuxbrew/bin",
        "/boot",
        "TOOLS/x",
        "Toolsmith.toml",
        "~/",
    ] {
        paths.push(path.to_owned());
    }
    for path in paths {
        assert!(is_refused(Access::Write, &path), "write {path}");
    }
}

#[test]
fn a_workspace_in_a_folder_of_programs_or_a_hidden_one_can_be_written() {
    for (workspace, home) in
        [("/opt/app", "/root"), ("/var/lib/ci/ws", "/var/lib/ci"), ("/home/ada/.work/ws", "/home/ada")]
    {
        let ground = Ground { workspace: workspace.into(), homes: vec![home.into()], ..Ground::default() };
        assert_eq!(ground.judge(Access::Write, &Path::new(workspace).join("out")), None, "{workspace}");
        for name in [".toolsmith", "tools", ".git", ".claude"] {
            assert!(ground.judge(Access::Write, &Path::new(workspace).join(name)).is_some(), "{workspace} {name}");
        }
        for path in ["/opt/other", "/var/lib/other", "/opt", &format!("{home}/.bashrc"), &format!("{home}/.work")] {
            assert!(ground.judge(Access::Write, Path::new(path)).is_some(), "{workspace} {path}");
        }
    }
}

#[test]
fn folders_of_the_path_and_what_links_lead_to_are_not_written() {
    let starts = ["/home/ada/tools-of-mine", "/home/ada/dotfiles/bashrc", "/home/ada/ws/.venv/bin", "/home/ada"];
    let ground = Ground { starts: starts.map(PathBuf::from).to_vec(), ..ground() };
    for path in
        ["/home/ada/tools-of-mine", "/home/ada/tools-of-mine/x", "/home/ada/dotfiles", "/home/ada/ws/.venv/bin/x"]
    {
        assert!(ground.judge(Access::Write, Path::new(path)).is_some(), "{path}");
        assert_eq!(ground.judge(Access::Read, Path::new(path)), None, "{path}");
    }
    for path in ["/home/ada/ws", "/home/ada/ws/out", "/home/ada/notes", "/home/ada/ws/.venv"] {
        assert_eq!(ground.judge(Access::Write, Path::new(path)), None, "{path}");
    }
}

#[test]
fn what_tools_work_on_is_not_refused() {
    for path in [
        "{workspace}",
        "{workspace}/",
        ".",
        "out",
        "./out/",
        "{workspace}/data/in.csv",
        "~/notes",
        "~/binary",
        "~/go/src/x",
        "/var/home/ada/notes",
        "{workspace}/.cache/x",
        "{workspace}/bin",
        ".hidden/x",
        "/srv/data",
        "/var/tmp/x",
        "/home/ada/notes",
        "/tmp",
        "toolsmith",
        "tools.txt",
        "my.git/x",
        ".gitignore",
        "socks",
        "a.sock.txt",
        "/processed",
        "/runner",
        "ünïcode",
    ] {
        for access in Access::ALL {
            assert_eq!(declared(*access, path).faults(), vec![], "{access} {path:?}");
        }
    }
}

#[test]
fn a_network_is_one_word_and_hosts_have_a_plain_reason() {
    let faults = |words: &[&str]| {
        let network = words.iter().map(|word| (*word).to_owned()).collect();
        let asked = Permissions { network, ..Permissions::default() };
        (asked.reach(), asked.faults().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    for (words, reach) in [
        (&[][..], Network::None),
        (&["none"], Network::None),
        (&["loopback"], Network::Loopback),
        (&["full"], Network::Full),
    ] {
        assert_eq!(faults(words), (reach, vec![]));
    }
    let hosts = "network api.example.org:443: single hosts cannot be enforced yet; declare none, loopback or full";
    assert_eq!(faults(&["api.example.org:443"]), (Network::None, vec![hosts.to_owned()]));
    assert_eq!(faults(&["loopback", "full"]).0, Network::None);
    assert_eq!(faults(&["loopback", "full"]).1.len(), 1);
}

#[test]
fn variables_that_steer_the_run_or_lead_to_a_socket_are_refused() {
    let is_bad = |name: &str| !Permissions { env: vec![name.to_owned()], ..Permissions::default() }.faults().is_empty();
    for name in ["PATH", "HOME", "LD_PRELOAD", "TOOLSMITH_HOME", "SSH_AUTH_SOCK", "A=B", "", "9X", "A-B", "Ä"] {
        assert!(is_bad(name), "{name:?}");
    }
    for name in ["API_TOKEN", "_x", "PYTHONPATH2", "SOCKS_PROXY", "PATHS"] {
        assert!(!is_bad(name), "{name:?}");
    }
}

#[test]
fn a_list_that_nobody_would_read_is_refused() {
    let many = Permissions { read: (0..33).map(|n| format!("f{n}")).collect(), ..Permissions::default() };
    assert_eq!(many.faults().len(), 1);
}

#[test]
fn asking_for_nothing_is_told_apart_from_asking_for_anything() {
    assert!(Permissions::default().is_nothing());
    assert!(Permissions { network: vec!["none".to_owned()], ..Permissions::default() }.is_nothing());
    assert!(!Permissions { network: vec!["loopback".to_owned()], ..Permissions::default() }.is_nothing());
    assert!(!declared(Access::Read, "x").is_nothing());
    let all = Permissions {
        network: vec!["full".into()],
        read: vec!["in".into()],
        write: vec!["out".into()],
        env: vec!["TOKEN".into()],
        run: vec!["git".into()],
    };
    let staged = all.sentences(false);
    assert_eq!(staged.len(), 5);
    assert!(staged[1].contains("write out") && staged[1].contains("undo"), "{staged:?}");
    assert!(all.sentences(true)[1].contains("directly"));
}

fn ground() -> Ground {
    Ground {
        workspace: "/home/ada/ws".into(),
        homes: vec!["/home/ada".into(), "/srv/homes/ada".into()],
        strangers: vec!["/srv/homes/bob".into()],
        ours: vec!["/home/ada/.local/share/toolsmith".into(), "/home/ada/.config/toolsmith".into()],
        starts: Vec::new(),
    }
}

#[test]
fn an_absolute_path_is_judged_under_every_name_it_has_here() {
    for path in [
        "/home/ada",
        "/home",
        "/",
        "/srv/homes",
        "/srv",
        "/srv/homes/ada",
        "/srv/homes/bob/x",
        "/home/eve/x",
        "/home/ada/.local",
        "/home/ada/.local/share",
        "/home/ada/.local/share/toolsmith/x",
        "/home/ada/.config",
        "/home/ada/.config/toolsmith",
        "/home/ada/.bashrc",
        "/srv/homes/ada/.bashrc",
        "/proc/1",
        "/home/ada/ws/.git/hooks",
        "/etc",
        "/etc/ssh/x",
        "/root/x",
    ] {
        for access in Access::ALL {
            assert!(ground().judge(*access, Path::new(path)).is_some(), "{access} {path}");
        }
    }
    for path in ["/home/ada/ws/tools/x", "/home/ada/ws/toolsmith.toml", "/home/ada/ws/a/.git", "/etc/x"] {
        assert!(ground().judge(Access::Write, Path::new(path)).is_some(), "{path}");
        assert_eq!(ground().judge(Access::Read, Path::new(path)), None, "{path}");
    }
    assert_eq!(ground().judge(Access::Read, Path::new("/home/ada/.local/share/mine")), None);
    for path in ["/home/ada/ws", "/home/ada/ws/out", "/home/ada/notes", "/srv/data"] {
        for access in Access::ALL {
            assert_eq!(ground().judge(*access, Path::new(path)), None, "{access} {path}");
        }
    }
}

#[test]
fn the_home_of_root_is_a_home_like_others_for_root() {
    let ground = Ground { workspace: "/root/ws".into(), homes: vec!["/root".into()], ..Ground::default() };
    for (path, is_refused) in [("/root", true), ("/root/.ssh", true), ("/root/notes", false), ("/root/ws/out", false)] {
        assert_eq!(ground.judge(Access::Read, Path::new(path)).is_some(), is_refused, "{path}");
    }
}

#[test]
fn a_workspace_that_is_the_home_is_not_granted_as_a_whole() {
    let ground = Ground { workspace: "/home/ada".into(), ..ground() };
    assert!(ground.judge(Access::Read, Path::new("/home/ada")).is_some());
    assert_eq!(ground.judge(Access::Write, Path::new("/home/ada/out")), None);
}

#[test]
fn a_workspace_in_the_home_of_another_is_still_the_workspace() {
    let ground = Ground { workspace: "/srv/homes/bob/shared".into(), ..ground() };
    assert_eq!(ground.judge(Access::Write, Path::new("/srv/homes/bob/shared/out")), None);
    assert!(ground.judge(Access::Read, Path::new("/srv/homes/bob/other")).is_some());
}

#[test]
fn an_anchor_itself_has_no_closing_slash() {
    let at = |text: &str| DeclaredPath::parse(text).unwrap().at(Path::new("/w"), Some(Path::new("/h"))).unwrap();
    assert_eq!(at("{workspace}/").as_os_str(), "/w");
    assert_eq!(at("a/./b/").as_os_str(), "/w/a/b");
    assert_eq!(at("~/x").as_os_str(), "/h/x");
    assert!(DeclaredPath::parse("a/").unwrap().folder && !DeclaredPath::parse("a").unwrap().folder);
    assert_eq!(DeclaredPath::parse("~/x").unwrap().at(Path::new("/w"), None), None);
}

#[test]
fn an_answer_kept_before_the_way_of_writing_was_is_for_staged_writes() {
    let asked = declared(Access::Write, "out");
    let old: Allowed = serde_json::from_value(serde_json::to_value(&asked).unwrap()).unwrap();
    assert_eq!(old, Allowed::new(&asked, WriteMode::Staged));
    let direct = Allowed::new(&asked, WriteMode::Direct);
    assert_eq!(serde_json::from_value::<Allowed>(serde_json::to_value(&direct).unwrap()).unwrap(), direct);
    assert_ne!(old, direct);
    // A tool that writes nothing causes no question about writing.
    let reads = declared(Access::Read, "in");
    assert_eq!(Allowed::new(&reads, WriteMode::Direct), Allowed::new(&reads, WriteMode::Staged));
}

#[test]
fn places_of_secrets_are_told_from_others() {
    for target in
        ["~/.ssh/id_ed25519", "/root/.aws/credentials", "/home/ada/.gnupg", "/etc/shadow", "/etc/ssl/private/key.pem"]
    {
        assert!(names_secrets(target), "{target}");
    }
    for target in ["~/notes", "/home/ada", "/etc/hosts", "{scratch}/.ssh", "{tool}/.ssh", "10.0.0.1:22", "/srv/.ssh"] {
        assert!(!names_secrets(target), "{target}");
    }
}
