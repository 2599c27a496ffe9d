//! A workspace may hold links and pipes of a stranger: nothing is written through a link, and nobody waits for a pipe.

use super::Shell;
use std::fs;
use std::os::unix::fs::symlink;

/// A file outside of the workspace that must stay as it is, and a folder that must stay empty.
fn outside(shell: &Shell) -> (std::path::PathBuf, std::path::PathBuf) {
    let (file, folder) = (shell.home().join("precious"), shell.home().join("elsewhere"));
    fs::write(&file, "mine\n").unwrap();
    fs::create_dir_all(&folder).unwrap();
    (file, folder)
}

#[test]
fn a_folder_is_made_a_workspace_without_writing_through_its_links() {
    for link in [".gitignore", "tools", "tools/core", "toolsmith.toml"] {
        let shell = Shell::bare();
        let (file, folder) = outside(&shell);
        let stranger = shell.workspace().join("stranger");
        fs::create_dir_all(stranger.join(link).parent().unwrap()).unwrap();
        let target = if link.starts_with("tools") && !link.contains('.') { &folder } else { &file };
        symlink(target, stranger.join(link)).unwrap();
        let said = shell.call(&["init", stranger.to_str().unwrap()]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine\n", "{link}: {}", said.stdout);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{link}: {}", said.stdout);
        if [".gitignore", "tools"].contains(&link) {
            assert!(said.code == 4 && said.stderr.contains("symbolic link"), "{link}: {}", said.stderr);
        }
    }
    // The control: the same without a link.
    let shell = Shell::bare();
    shell.call(&["init", shell.workspace().join("plain").to_str().unwrap()]).exits(0);
}

#[test]
fn a_pipe_is_not_waited_for() {
    let shell = Shell::bare();
    let stranger = shell.workspace().join("stranger");
    fs::create_dir_all(&stranger).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, stranger.join(".gitignore"), rustix::fs::Mode::from_raw_mode(0o666)).unwrap();
    shell.call(&["init", stranger.to_str().unwrap()]).exits(1);
}

#[test]
fn an_approval_moves_no_tool_through_a_link() {
    let shell = Shell::new();
    let (_, folder) = outside(&shell);
    shell.tool("experimental", "one", "echo 1\n", "");
    fs::create_dir_all(shell.workspace().join("tools")).unwrap();
    drop(fs::remove_dir_all(shell.workspace().join("tools/approved")));
    symlink(&folder, shell.workspace().join("tools/approved")).unwrap();
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap()[..12].to_owned());
    let approve = ["approve", &id, "--digest", &digest, "--unread", "--reason", "a test"];
    let refused = shell.at_terminal(&approve).exits(4);
    assert!(refused.stdout.contains("symbolic link"), "{}", refused.stdout);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::remove_file(shell.workspace().join("tools/approved")).unwrap();
    shell.at_terminal(&approve).exits(0);
}

#[test]
fn pages_replace_nothing_that_somebody_else_wrote() {
    let shell = Shell::new();
    let (file, folder) = outside(&shell);
    shell.tool("experimental", "one", "echo 1\n", "");
    shell.call(&["docs"]).exits(0);
    let pages = shell.workspace().join("docs/tools");
    shell.call(&["docs"]).exits(0);
    fs::write(pages.join("index.md"), "# Ours\n").unwrap();
    shell.call(&["docs"]).exits(3);
    assert_eq!(fs::read_to_string(pages.join("index.md")).unwrap(), "# Ours\n");
    fs::remove_dir_all(shell.workspace().join("docs")).unwrap();
    symlink(&folder, shell.workspace().join("docs")).unwrap();
    shell.call(&["docs"]).exits(4);
    assert_eq!((fs::read_dir(&folder).unwrap().count(), fs::read_to_string(&file).unwrap()), (0, "mine\n".to_owned()));
}

#[test]
fn settings_that_somebody_else_can_change_are_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let shell = Shell::new();
    shell.tool("experimental", "one", "echo 1\n", "");
    shell.config("[policy]\n");
    let config = shell.home().join("config/config.toml");
    shell.call(&["run", "one"]).exits(0);
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = shell.call(&["run", "one"]);
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("everyone can write it"), "{}", refused.stderr);
    let doctor = shell.call(&["doctor"]);
    assert!(doctor.stdout.contains("everyone can write it"), "{}", doctor.stdout);
}
