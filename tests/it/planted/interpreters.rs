//! First lines that lead to a program of the workspace: nobody starts it to ask for its version.

use super::{World, users};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

/// A tool whose first line leads to a planted program that leaves the tool's name as its mark.
struct Planted {
    name: &'static str,
    line: String,
}

/// Every way into the workspace.
fn plant(world: &World) -> Vec<Planted> {
    let work = world.workspace.root().display().to_string();
    let beside = world.path("").display().to_string();
    let own = |name: &str| format!("tools/experimental/{name}/python3");
    let mut all = Vec::new();
    let mut tool = |name: &'static str, line: String| {
        world.put(&format!("work/{}", own(name)), &world.marking(name), 0o755);
        all.push(Planted { name, line });
    };
    tool("relative", own("relative"));
    tool("dotted", format!("./{}", own("dotted")));
    tool("absolute", format!("{work}/{}", own("absolute")));
    tool("upwards", format!("/usr/bin/../..{work}/{}", own("upwards")));
    tool("current-folder", format!("/proc/self/cwd/{}", own("current-folder")));
    tool("link-outside", format!("{beside}bin/python3"));
    tool("folder-link", format!("{beside}folder/python3"));
    tool("hard-link", format!("{beside}hard/python3"));
    tool("env-path", format!("/usr/bin/env ./{}", own("env-path")));
    tool("env-upwards", format!("/usr/bin/env {work}/{}", own("env-upwards")));
    tool("env-search", format!("/usr/bin/env -S PATH={work}/tools/experimental/env-search python3"));
    tool("own-env", format!("{work}/tools/experimental/own-env/env python3"));
    tool("second-line", format!("{beside}second/python3"));
    tool("temporary", format!("{}/python3", temporary(world).display()));
    tool("environment", format!("{work}/.venv/bin/python3"));
    let at = |name: &str| world.path("work").join(own(name));
    for folder in ["bin", "hard", "second"] {
        fs::create_dir_all(world.path(folder)).unwrap();
    }
    symlink(at("link-outside"), world.path("bin/python3")).unwrap();
    symlink(at("folder-link").parent().unwrap(), world.path("folder")).unwrap();
    fs::hard_link(at("hard-link"), world.path("hard/python3")).unwrap();
    fs::rename(at("own-env"), at("own-env").with_file_name("env")).unwrap();
    world.put("second/python3", &format!("#!{}\n", at("second-line").display()), 0o755);
    let inside = temporary(world);
    fs::create_dir_all(&inside).unwrap();
    fs::copy(at("temporary"), inside.join("python3")).unwrap();
    world.user.give(&inside);
    environment(world);
    for Planted { name, line } in &all {
        let base = format!("work/tools/experimental/{name}");
        world.put(&format!("{base}/{name}"), &format!("#!{line}\nprint(1)\n"), 0o755);
        world.put(
            &format!("{base}/tool.toml"),
            &format!(
                "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name}\"\n[run]\ncommand = [\"{{file}}\"]\n\
                 entry = \"{name}\"\ninput = \"none\"\n"
            ),
            0o644,
        );
    }
    world.hand_over();
    all
}

fn temporary(world: &World) -> std::path::PathBuf {
    Path::new("/tmp").join(format!("toolsmith-planted-{}-{}", std::process::id(), world.user.id()))
}

/// An environment of Python whose real interpreter is the system's, with code that Python runs when it starts.
fn environment(world: &World) {
    let code = format!("import os; open('{}', 'a').close()\n", world.marks().join("environment").display());
    let version =
        world.plainly(Path::new("/usr/bin/python3"), &["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
    let version = String::from_utf8(version.stdout).unwrap();
    world.put(&format!("work/.venv/lib/python{}/site-packages/planted.pth", version.trim()), &code, 0o644);
    world.put("work/.venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n", 0o644);
    fs::create_dir_all(world.path("work/.venv/bin")).unwrap();
    symlink("/usr/bin/python3", world.path("work/.venv/bin/python3")).unwrap();
}

/// Each tool, started as anybody could, starts its planted program.
fn control(world: &World, planted: &[Planted]) {
    let mut names: Vec<&str> = planted.iter().map(|tool| tool.name).collect();
    for name in &names {
        world.plainly(&world.path(&format!("work/tools/experimental/{name}/{name}")), &[]);
    }
    names.sort_unstable();
    assert_eq!(world.left(), names, "invalid cases: without the workbench they are started");
    world.forget_marks();
}

fn is_checked(answer: &Value) -> bool {
    let reviews = answer["reviews"].as_array().unwrap();
    !reviews.is_empty() && reviews.iter().all(|review| review["checks"].is_object() || review["verdict"].is_object())
}

/// The review queue, once the open workbench has made the checks of every review.
fn checked(world: &World) -> Value {
    let give_up = Instant::now() + Duration::from_mins(3);
    loop {
        let reviews = world.json(&["reviews"], &[]);
        if is_checked(&reviews) {
            return reviews;
        }
        assert!(Instant::now() < give_up, "never checked: {reviews:#}");
    }
}

#[test]
fn no_look_at_a_workspace_starts_an_interpreter_of_it() {
    for user in users() {
        let world = World::new(user);
        let planted = plant(&world);
        control(&world, &planted);
        // A workbench that is open, and no key is pressed.
        let mut terminal = world.open();
        terminal.wait_text("Ready");
        for (index, tool) in planted.iter().enumerate() {
            let name = tool.name;
            let shown = world.json(&["show", name], &[]);
            let said = shown["missing"].to_string();
            assert!(said.contains("the shebang line of"), "{name} as {}: {shown:#}", user.word());
            if index % 4 == 0 {
                world.json(&["check", name], &[]);
            }
            let run = world.json(&["run", name], &[]);
            assert_eq!(run["run"]["outcome"], "spawn-failed", "{name} as {}: {run:#}", user.word());
            assert_eq!(world.left(), Vec::<String>::new(), "{name} as {}", user.word());
        }
        let reviews = checked(&world);
        for review in reviews["reviews"].as_array().unwrap() {
            let one = world.json(&["review", &review["id"].to_string()], &[]);
            assert!(one.to_string().contains("the shebang line of"), "the evidence says so: {one:#}");
        }
        // A tool that lands while it is open.
        let line = world.workspace.root().join("tools/experimental/landed/python3");
        world.put("work/tools/experimental/landed/python3", &world.marking("landed"), 0o755);
        world.put("work/tools/experimental/landed/landed", &format!("#!{}\n", line.display()), 0o755);
        world.put(
            "work/tools/experimental/landed/tool.toml",
            "name = \"landed\"\nversion = \"1.0.0\"\n[run]\ncommand = [\"{file}\"]\nentry = \"landed\"\n",
            0o644,
        );
        world.hand_over();
        terminal.wait_text("landed").send("q").wait_end();
        assert_eq!(world.left(), Vec::<String>::new(), "as {}", user.word());
        fs::remove_dir_all(temporary(&world)).unwrap();
    }
}
