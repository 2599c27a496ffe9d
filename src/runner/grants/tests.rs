use super::*;
use std::os::unix::fs::symlink;

/// A machine in a folder: a home with a workspace, and places outside.
struct Machine {
    _dir: tempfile::TempDir,
    root: PathBuf,
    ground: Ground,
}

impl Machine {
    fn new() -> Machine {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for folder in ["home/ws/out", "home/ws/tools", "home/notes", "home/state", "srv/data", "eve"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("home/ws/in.csv"), "1").unwrap();
        fs::write(root.join("srv/data/a"), "a").unwrap();
        let ground = Ground {
            workspace: root.join("home/ws"),
            homes: vec![root.join("home")],
            strangers: vec![root.join("eve")],
            ours: vec![root.join("home/state")],
            starts: Vec::new(),
        };
        Machine { _dir: dir, root, ground }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn resolve(&self, permissions: &Permissions, writes: WriteMode) -> Result<Grants, String> {
        let asked = Asked { permissions, profile: Profile::Declared, writes, ground: &self.ground };
        resolve(&asked).map_err(|end| end.message().unwrap_or_default())
    }

    fn write(&self, path: &str, writes: WriteMode) -> Result<Grants, String> {
        self.resolve(&Permissions { write: vec![path.to_owned()], ..Permissions::default() }, writes)
    }

    fn read(&self, path: &str) -> Result<Grants, String> {
        self.resolve(&Permissions { read: vec![path.to_owned()], ..Permissions::default() }, WriteMode::Staged)
    }
}

#[test]
fn a_strict_run_is_granted_nothing_whatever_it_declares() {
    let machine = Machine::new();
    let greedy = Permissions {
        network: vec!["full".into()],
        read: vec!["in.csv".into(), "~/.ssh".into()],
        env: vec!["TOKEN".into()],
        ..Permissions::default()
    };
    let asked =
        Asked { permissions: &greedy, profile: Profile::Strict, writes: WriteMode::Direct, ground: &machine.ground };
    assert_eq!(resolve(&asked), Ok(Grants::NOTHING));
}

#[test]
fn declared_paths_are_granted_as_what_they_are() {
    let machine = Machine::new();
    let declared = Permissions {
        network: vec!["full".into()],
        read: vec!["in.csv".into(), "~/notes".into(), machine.at("srv/data").display().to_string(), "absent".into()],
        write: vec!["{workspace}/out".into()],
        env: vec!["TOKEN".into()],
        run: vec!["git".into()],
    };
    let write = WritePath {
        path: machine.at("home/ws/out"),
        mode: WriteMode::Staged,
        folder: true,
        exists: true,
        protected: vec![],
    };
    let expected = Grants {
        network: Network::Full,
        read: vec![machine.at("home/notes"), machine.at("home/ws/in.csv"), machine.at("srv/data")],
        write: vec![write],
        env: vec!["TOKEN".into()],
        run: vec!["git".into()],
        absent: vec!["absent".into()],
    };
    assert_eq!(machine.resolve(&declared, WriteMode::Staged), Ok(expected));
}

#[test]
fn a_link_may_lead_elsewhere_below_its_anchor_and_nowhere_else() {
    let machine = Machine::new();
    for (link, target) in [
        ("home/ws/inside", "home/ws/out"),
        ("home/ws/outside", "home/notes"),
        ("home/ws/far", "srv/data"),
        ("home/ws/own", "home/ws/tools"),
        ("home/out-of", "srv"),
        ("srv/linked", "srv/data"),
        ("home/ws/broken", "nowhere"),
        ("home/state-link", "home/state"),
    ] {
        symlink(machine.at(target), machine.at(link)).unwrap();
    }
    assert_eq!(machine.read("inside").unwrap().read, [machine.at("home/ws/out")]);
    let linked = machine.at("srv/linked/a").display().to_string();
    for path in ["outside", "far", "far/a", "far/new", "~/out-of/data", &linked, "broken", "~/state-link"] {
        let message = machine.read(path).unwrap_err();
        assert!(message.contains("link") || message.contains("resolved"), "{path}: {message}");
    }
    // The target of a link is checked: tools may be read and not written.
    assert!(machine.read("own").is_ok());
    assert!(machine.write("own/x/", WriteMode::Staged).unwrap_err().contains("tools"));
}

#[test]
fn places_of_this_machine_are_refused_by_their_real_path() {
    let machine = Machine::new();
    let at = |path: &str| machine.at(path).display().to_string();
    for path in [at("home"), at("home/state"), at("eve/x"), at("eve"), at(""), at("home/.bashrc")] {
        assert!(machine.read(&path).is_err(), "{path}");
    }
}

#[test]
fn a_file_that_holds_a_secret_is_refused_itself_and_in_its_folder() {
    let mut machine = Machine::new();
    fs::write(machine.at("home/notes/token"), "hunter-two").unwrap();
    fs::write(machine.at("home/notes/other"), "x").unwrap();
    machine.ground.ours.push(machine.at("home/notes/token"));
    for path in ["~/notes", "~/notes/token"] {
        assert!(machine.read(path).unwrap_err().contains("secrets"), "{path}");
    }
    assert!(machine.read("~/notes/other").is_ok());
}

#[test]
fn sockets_and_pipes_are_refused_whatever_they_are_called() {
    let machine = Machine::new();
    let _socket = std::os::unix::net::UnixListener::bind(machine.at("home/ws/plain")).unwrap();
    assert!(machine.read("plain").unwrap_err().contains("socket"));
    let pipe = machine.at("home/ws/pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(machine.write("pipe", WriteMode::Direct).unwrap_err().contains("pipe"));
}

#[test]
fn a_path_that_is_not_there_is_staged_beside_an_existing_folder_and_never_written_at_once() {
    let machine = Machine::new();
    let staged = machine.write("out/new.txt", WriteMode::Staged).unwrap();
    assert_eq!((staged.write[0].exists, staged.write[0].folder), (false, false));
    assert!(machine.write("new/", WriteMode::Staged).unwrap().write[0].folder);
    for (path, mode) in [("none/new.txt", WriteMode::Staged), ("out/new.txt", WriteMode::Direct)] {
        assert!(machine.write(path, mode).unwrap_err().contains("create"), "{path}");
    }
    assert!(machine.write("in.csv/", WriteMode::Direct).unwrap_err().contains("it is a file"));
    assert!(machine.write("in.csv", WriteMode::Direct).is_ok());
}

#[test]
fn git_and_the_workbenchs_own_files_stay_read_only_in_a_granted_tree() {
    let machine = Machine::new();
    fs::create_dir_all(machine.at("home/ws/a/b/.git")).unwrap();
    let granted = machine.write("{workspace}", WriteMode::Direct).unwrap();
    let mut expected: Vec<PathBuf> =
        PROTECTED.iter().map(|name| machine.at("home/ws").join(name)).chain([machine.at("home/ws/a/b/.git")]).collect();
    expected.sort();
    assert_eq!(granted.write[0].protected, expected);
    assert!(granted.needs_isolated("install it").unwrap().contains("read-only"));
    fs::create_dir_all(machine.at("home/ws/a/.VSCode")).unwrap();
    fs::write(machine.at("home/ws/a/.envrc"), "").unwrap();
    let inner = machine.write("a", WriteMode::Staged).unwrap();
    assert_eq!(
        inner.write[0].protected,
        ["a/.VSCode", "a/.envrc", "a/b/.git"].map(|at| machine.at("home/ws").join(at))
    );
    assert_eq!(machine.write("out", WriteMode::Direct).unwrap().needs_isolated("install it"), None);
    assert!(machine.write("out", WriteMode::Staged).unwrap().needs_isolated("install it").unwrap().contains("core"));
    assert_eq!(machine.read("in.csv").unwrap().needs_isolated("install it"), None);
}

#[test]
fn what_programs_start_from_is_written_by_nobody_however_it_is_named() {
    let mut machine = Machine::new();
    for folder in ["home/dotfiles", "home/ws/.venv/bin", "home/ws/.toolsmith/id"] {
        fs::create_dir_all(machine.at(folder)).unwrap();
    }
    fs::write(machine.at("home/dotfiles/bashrc"), "").unwrap();
    symlink(machine.at("home/ws/.toolsmith"), machine.at("home/ws/innocent")).unwrap();
    symlink(machine.at("home/dotfiles/bashrc"), machine.at("home/ws/rc")).unwrap();
    machine.ground.starts = vec![machine.at("home/dotfiles/bashrc"), machine.at("home/ws/.venv/bin")];
    for path in ["~/dotfiles", "~/dotfiles/bashrc", "rc", ".venv/bin", ".venv/bin/new", "innocent", "innocent/id"] {
        for mode in [WriteMode::Staged, WriteMode::Direct] {
            assert!(machine.write(path, mode).is_err(), "{path} {mode:?}");
        }
    }
    let whole = machine.write("{workspace}", WriteMode::Staged).unwrap();
    for kept in [".venv/bin", ".toolsmith"] {
        assert!(whole.write[0].protected.contains(&machine.at("home/ws").join(kept)), "{kept}: {whole:?}");
    }
}

#[test]
fn grants_inside_other_grants_are_dropped() {
    let machine = Machine::new();
    let declared = Permissions {
        read: vec!["out/deep".into(), "tools".into(), ".".into()],
        write: vec!["out".into(), "out/x.txt".into()],
        ..Permissions::default()
    };
    let grants = machine.resolve(&declared, WriteMode::Staged).unwrap();
    assert_eq!(grants.read, [machine.at("home/ws")]);
    assert_eq!(grants.write.len(), 1);
}

#[test]
fn every_fault_is_named_at_once() {
    let machine = Machine::new();
    let declared = Permissions { read: vec!["~/.ssh".into()], write: vec!["/etc".into()], ..Permissions::default() };
    let message = machine.resolve(&declared, WriteMode::Staged).unwrap_err();
    assert!(message.contains("~/.ssh") && message.contains("/etc"), "{message}");
}

#[test]
fn git_is_found_four_folders_deep_and_no_deeper() {
    let machine = Machine::new();
    for folder in ["out/a/b/c/d/.git", "out/a/b/c/d/e/.git"] {
        fs::create_dir_all(machine.at("home/ws").join(folder)).unwrap();
    }
    let granted = machine.write("out", WriteMode::Staged).unwrap();
    assert_eq!(granted.write[0].protected, [machine.at("home/ws/out/a/b/c/d/.git")]);
}

#[test]
fn the_search_for_git_ends_after_so_many_entries() {
    let machine = Machine::new();
    for name in ["1", "2", "3", "4", "5", "5/.git"] {
        fs::create_dir(machine.at("eve").join(name)).unwrap();
    }
    for (entries, left, repositories) in [(0, 0, 0), (6, 0, 1), (9, 3, 1)] {
        let (mut budget, mut found) = (entries, Vec::new());
        search_kept(&machine.at("eve"), 1, &mut budget, &mut found);
        assert_eq!((budget, found.len()), (left, repositories), "{entries} entries");
    }
    let (mut budget, mut found) = (3, Vec::new());
    search_kept(&machine.at("eve"), 1, &mut budget, &mut found);
    assert_eq!(budget, 0);
}

#[test]
fn a_grant_of_a_file_covers_no_other_path_and_the_same_path_is_granted_once() {
    let machine = Machine::new();
    fs::write(machine.at("home/ws/in"), "").unwrap();
    let writes = |paths: &[&str]| {
        let write = paths.iter().map(ToString::to_string).collect();
        let granted = machine.resolve(&Permissions { write, ..Permissions::default() }, WriteMode::Staged).unwrap();
        granted.write.into_iter().map(|write| write.path).collect::<Vec<_>>()
    };
    assert_eq!(writes(&["in", "in.csv"]), [machine.at("home/ws/in"), machine.at("home/ws/in.csv")]);
    assert_eq!(writes(&["in", "{workspace}/in"]), [machine.at("home/ws/in")]);
    assert_eq!(writes(&["out/new", "out/new2", "out"]), [machine.at("home/ws/out")]);
    assert_eq!(writes(&["out", "zoo/"]), [machine.at("home/ws/out"), machine.at("home/ws/zoo")]);
}

#[test]
fn homes_are_the_stated_and_the_known_one_and_other_people_are_strangers() {
    let path = |name: &str| PathBuf::from("/nowhere").join(name);
    let users: Vec<(u32, PathBuf)> = vec![
        (0, path("root")),
        (999, path("service")),
        (1000, path("ada")),
        (1001, path("eve")),
        (1002, path("ada")),
        (1003, "/".into()),
        (65533, path("last")),
        (65534, path("nobody")),
    ];
    let strangers = vec![path("root"), path("eve"), path("last")];
    let stated = homes(users.clone(), 1000, Some(path("stated")));
    assert_eq!(stated, (vec![path("stated"), path("ada")], strangers.clone()));
    for home in [None, Some(path("ada")), Some("/".into())] {
        assert_eq!(homes(users.clone(), 1000, home), (vec![path("ada")], strangers.clone()));
    }
    let of_root = homes(users, 0, None);
    assert_eq!(of_root, (vec![path("root")], vec![path("ada"), path("eve"), path("ada"), path("last")]));
}

#[test]
fn the_ground_of_a_run_has_the_stated_home_only_when_it_is_absolute() {
    let machine = Machine::new();
    let ours = [machine.at("home/state")];
    for (home, counts) in [(machine.at("home"), true), ("home".into(), false)] {
        let caller = BTreeMap::from([("HOME".into(), home.clone().into())]);
        let found = ground(&Permissions::default(), &machine.at("home/ws"), &ours, &caller);
        assert_eq!((&found.workspace, &found.ours[..]), (&machine.at("home/ws"), &ours[..]));
        assert_eq!(found.homes.contains(&home), counts);
    }
}

#[test]
fn the_ground_of_a_run_that_writes_names_what_programs_start_from() {
    let machine = Machine::new();
    let folder = machine.at("home/bin");
    fs::create_dir_all(&folder).unwrap();
    let caller = BTreeMap::from([("HOME".into(), machine.at("home").into()), ("PATH".into(), (&folder).into())]);
    for (write, is_named) in [(vec!["out".to_owned()], true), (Vec::new(), false)] {
        let permissions = Permissions { write, ..Permissions::default() };
        let found = ground(&permissions, &machine.at("home/ws"), &[], &caller);
        assert_eq!(found.starts.contains(&folder), is_named, "{permissions:?}");
    }
}

#[test]
fn users_are_read_from_the_systems_list() {
    let list = users("root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n");
    assert_eq!(list, [(0, "/root".into()), (1000, "/home/ada".into())]);
}
