//! `init`, `list`, `show`, `source`, `diff` on real folders.

use super::Shell;
use serde_json::json;
use std::fs;

#[test]
fn init_makes_a_workspace_whose_sample_runs_and_touches_nothing_twice() {
    let shell = Shell::bare();
    let made = shell.call(&["init", "--json"]).exits(0).json();
    assert!(!made["created"].as_array().unwrap().is_empty(), "{made}");
    let again = shell.call(&["init", "--json"]).exits(0).json();
    assert_eq!(again["created"], json!([]));
    let tools = shell.call(&["list", "--json"]).exits(0).json();
    assert_eq!((&tools["total"], &tools["problems"]), (&json!(1), &json!([])), "{tools}");
    let name = tools["tools"][0]["name"].as_str().unwrap().to_owned();
    shell.call(&["run", &name, "--set", "name=world"]).exits(0);
}

#[test]
fn init_makes_the_folder_it_is_given() {
    let shell = Shell::bare();
    shell.call(&["init", "there"]).exits(0);
    assert!(shell.workspace().join("there/tools/experimental").is_dir());
    assert!(!shell.workspace().join("tools").exists());
}

#[test]
fn list_shows_tools_problems_and_counts() {
    let shell = Shell::new();
    shell.tool("experimental", "adder", "echo 1\n", "tags = [\"math\"]\n");
    shell.tool("archived", "older", "echo 1\n", "");
    shell.write("tools/experimental/broken.yaml", "name: [unclosed\n");
    let answered = shell.call(&["list"]).exits(0);
    assert!(answered.stdout.contains("adder") && !answered.stdout.contains("older"), "{}", answered.stdout);
    assert!(
        answered.stdout.ends_with("1 of 2 tools · 1 problem (`toolsmith list --problems`)\n"),
        "{}",
        answered.stdout
    );
    let problems = shell.call(&["list", "--problems"]).exits(0).stdout;
    assert!(problems.contains("tools/experimental/broken.yaml") && problems.contains("bad-syntax"), "{problems}");
    let names = |args: &[&str]| -> Vec<String> {
        let tools = shell.call(args).exits(0).json()["tools"].clone();
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["list", "--json", "--stage", "archived"]), ["older"]);
    assert_eq!(names(&["list", "--json", "--tag", "math"]), ["adder"]);
    assert_eq!(names(&["list", "--json", "--tier", "high"]), Vec::<String>::new());
    assert_eq!(names(&["list", "--json", "addr"]), ["adder"]);
}

#[test]
fn a_tool_is_shown_with_its_waiting_review() {
    let shell = Shell::new();
    shell.tool(
        "experimental",
        "adder",
        "echo 1\n",
        "[input]\ntype = \"object\"\n[input.properties.a]\ntype = \"integer\"\n",
    );
    let shown = shell.call(&["show", "adder", "--json"]).exits(0).json();
    assert_eq!(shown["tool"]["review"], "waiting");
    assert_eq!(shown["waiting_review"], shell.waiting_review()["id"]);
    assert_eq!(shown["input"]["properties"]["a"]["type"], "integer");
    let text = shell.call(&["show", "adder"]).exits(0).stdout;
    assert!(text.contains("is pending") && text.contains("integer"), "{text}");
}

#[test]
fn what_a_tool_hides_is_visible_in_text_and_escaped_in_json() {
    let shell = Shell::new();
    shell.tool("experimental", "sly", "echo ok # \u{202e}\u{1b}[2J\n", "[provenance]\nreason = \"x\\u202ey\"\n");
    for args in [["source", "sly"], ["show", "sly"], ["source", "sly@1.0.0"]] {
        let text = shell.call(&args).exits(0).stdout;
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text:?}");
    }
    assert!(shell.call(&["source", "sly"]).stdout.contains("\\u{202e}\\x1b[2J"));
    let raw = shell.call(&["source", "sly", "--json"]).exits(0);
    assert!(!raw.stdout.contains(['\u{202e}', '\u{1b}']), "{:?}", raw.stdout);
    let files = raw.json()["files"].clone();
    let script = files.as_array().unwrap().iter().find(|file| file["path"] == "sly.sh").unwrap();
    assert_eq!(script["text"], "echo ok # \u{202e}\u{1b}[2J\n");
    assert_eq!(script["hidden"], 2);
}

#[test]
fn unknown_and_ambiguous_names_are_told_apart() {
    let shell = Shell::new();
    shell.tool("experimental", "one", "echo 1\n", "");
    shell.write("tools/experimental/a/twin.sh", "#!/bin/sh\necho a\n");
    shell.write("tools/experimental/b/twin.sh", "#!/bin/sh\necho b\n");
    assert_eq!(shell.call(&["show", "nobody", "--json"]).exits(5).error_code(), "not-found");
    assert_eq!(shell.call(&["show", "twin", "--json"]).exits(2).error_code(), "ambiguous");
    shell.call(&["show", "tools/experimental/a/twin.sh"]).exits(0);
}

#[test]
fn two_versions_of_a_tool_can_be_compared() {
    let shell = Shell::new();
    shell.tool("experimental", "adder", "echo one\n", "");
    // A copy of a version is kept from its first run on.
    shell.call(&["run", "adder"]).exits(0);
    let old = shell.call(&["show", "adder", "--json"]).exits(0).json()["tool"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(shell.call(&["diff", "adder", "--json"]).exits(5).error_code(), "not-found");
    shell.tool("experimental", "adder", "echo two\n", "");
    shell.call(&["list"]).exits(0);
    let text = shell.call(&["diff", &format!("adder@{}", &old[..12])]).exits(0).stdout;
    assert!(text.contains("\n  1     │-echo one\n      1 │+echo two\n"), "{text}");
    let same = shell.call(&["diff", &format!("adder@{}", &old[..12]), &format!("@{}", &old[..12])]).exits(0).stdout;
    assert!(same.ends_with("no differences\n"), "{same}");
}

#[test]
fn bytes_on_disk_stay_equal_whatever_is_looked_at() {
    let shell = Shell::new();
    shell.tool("experimental", "adder", "echo one\n", "");
    let path = shell.workspace().join("tools/experimental/adder/tool.toml");
    let before = fs::read(&path).unwrap();
    for args in [&["list"][..], &["show", "adder"], &["source", "adder"], &["reviews"]] {
        shell.call(args).exits(0);
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    let mut names: Vec<_> = fs::read_dir(shell.workspace()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".toolsmith", "tools"], "its id is all that is added");
}

#[test]
fn a_row_says_what_a_tool_lacks_and_a_skipped_file_why_it_is_none() {
    let shell = Shell::new();
    // Without an extension, so that the missing program decides and not whether this machine has Ruby.
    shell.write("tools/experimental/frames", "#!/usr/bin/env no-such-ruby\n# Make frames\nputs 1\n");
    let path = shell.workspace().join("tools/experimental/frames");
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    shell.write("tools/experimental/tool.swift", "print(1)\n");
    let listed = shell.call(&["list"]).exits(0);
    assert!(listed.stdout.contains("needs "), "{}", listed.stdout);
    for name in ["tools/experimental/tool.swift", "tool.swift", "tool"] {
        let shown = shell.call(&["show", name]).exits(5);
        let told = "tools/experimental/tool.swift is skipped: nothing here runs Swift";
        assert!(shown.stderr.contains(told), "{}", shown.stderr);
    }
}

#[test]
fn a_path_without_a_tool_is_told_with_what_to_do() {
    let shell = Shell::new();
    shell.write("tools/experimental/one.py", "print(1)\n");
    for (path, says, hint) in [
        ("tools/experimental/none.py", "there is no tool at tools/experimental/none.py", "list --json"),
        ("/usr/bin/none.py", "the folders of this workspace have no tool at /usr/bin/none.py", "tools/experimental/"),
        ("../one.py", "the folders of this workspace have no tool at ../one.py", "[[roots]]"),
    ] {
        let said = shell.call(&["run", path]).exits(5).stderr;
        assert!(said.contains(says) && said.contains(hint), "{said}");
    }
    // A path counts from the current folder, however it goes there.
    let name = shell.workspace().file_name().unwrap().to_str().unwrap().to_owned();
    for path in [
        "./tools/experimental/one.py",
        &format!("../{name}/tools/experimental/one.py"),
        "tools/x/../experimental/one.py",
    ] {
        let shown = shell.call(&["show", path]).exits(0).stdout;
        assert!(shown.contains("tools/experimental/one.py"), "{path}: {shown}");
        shell.call(&["run", path, "--show"]).exits(0);
    }
}

#[test]
fn a_misspelt_command_is_named_where_the_tool_cannot_run() {
    let shell = Shell::new();
    let manifest = "name = \"slip\"\nversion = \"1.0.0\"\ndescription = \"slips\"\n[run]\ncomand = [\"true\"]\n";
    shell.write("tools/experimental/slip/tool.toml", manifest);
    let shown = shell.call(&["show", "slip"]).exits(0);
    assert!(shown.stdout.contains("[run] comand is unknown; did you mean command?"), "{}", shown.stdout);
}

#[test]
fn what_an_http_tool_would_send_and_a_prompt_would_ask_is_shown() {
    let shell = Shell::new();
    let head = |name: &str| format!("name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name}\"\n");
    let http = format!(
        "{}kind = \"http\"\n[http]\nmethod = \"POST\"\nurl = \"https://api.example.org/users/{{input.id}}\"\n\
         headers = {{ Authorization = \"Bearer {{env.API_TOKEN}}\" }}\nbody = {{ note = \"{{input.note}}\" }}\n\
         [permissions]\nnetwork = [\"full\"]\nenv = [\"API_TOKEN\"]\n\
         [input]\ntype = \"object\"\n[input.properties]\nid = {{ type = \"string\" }}\nnote = {{ type = \"string\" }}\n",
        head("api")
    );
    shell.write("tools/experimental/api/tool.toml", &http);
    let prompt = format!(
        "{}kind = \"prompt\"\n[prompt]\ntemplate = \"Sum up {{text}}\"\n[input]\ntype = \"object\"\n[input.properties]\ntext = {{ type = \"string\" }}\n",
        head("ask")
    );
    shell.write("tools/experimental/ask/tool.toml", &prompt);
    let sent = shell.call(&["run", "api", "--show", "--set", "id=7", "--set", "note=hi"]).exits(0);
    for told in ["POST https://api.example.org/users/7", "Bearer masked", "hi", "nothing was sent"] {
        assert!(sent.stdout.contains(told), "{told}: {}", sent.stdout);
    }
    let asked = shell.call(&["run", "ask", "--show", "--set", "text=this"]).exits(0);
    assert!(asked.stdout.contains("Sum up this") && asked.stdout.contains("nothing was asked"), "{}", asked.stdout);
}

#[test]
fn a_misspelt_name_of_a_tool_gets_the_nearest_one() {
    let shell = Shell::new();
    shell.write("tools/experimental/wordcount.sh", "#!/bin/sh\n# Count words.\nwc -w\n");
    for typed in ["wordcont", "worcdount", "word"] {
        let refused = shell.call(&["show", typed]).exits(5);
        assert!(refused.stderr.contains("did you mean wordcount?"), "{typed}: {}", refused.stderr);
    }
    let refused = shell.call(&["show", "quux"]).exits(5);
    assert!(refused.stderr.contains("`toolsmith list` shows every tool"), "{}", refused.stderr);
}
