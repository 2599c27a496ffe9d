//! Programs of a workspace that is on the `PATH`: git and the linters are not taken from there.

use super::{World, users};
use std::path::Path;

/// What is started outside of the sandbox by its name.
const NAMES: [&str; 6] = ["git", "ruff", "mypy", "bandit", "shellcheck", "python3"];

#[test]
fn no_program_of_a_workspace_on_the_path_is_started() {
    for user in users() {
        let world = World::new(user);
        for name in NAMES {
            world.put(&format!("work/bin/{name}"), &world.marking(name), 0o755);
        }
        world.put("work/tools/experimental/one.py", "\"\"\"One.\"\"\"\nprint(1)\n", 0o644);
        world.put("work/tools/experimental/two.sh", "#!/bin/bash\n# Two.\necho $1\n", 0o755);
        world.hand_over();
        let path = format!("{}:.:bin::/usr/local/bin:/usr/bin:/bin", world.path("work/bin").display());
        for name in NAMES {
            world.plainly(Path::new("/usr/bin/env"), &[&format!("PATH={path}"), name]);
        }
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        assert_eq!(world.left(), names, "invalid cases: without the workbench they are started");
        world.forget_marks();
        for args in
            [&["list"][..], &["check", "one"], &["check", "two"], &["doctor"], &["show", "one"], &["run", "one"]]
        {
            world.json(args, &[("PATH", &path)]);
            assert_eq!(world.left(), Vec::<String>::new(), "{args:?} as {}", user.word());
        }
    }
}
