//! Files that hold several tools, and skill folders, in whole scans of small workspaces.

use super::testing::Workspace;
use super::*;
use crate::domain::{Format, Kind, ProblemCode, Stage, Tool};
use std::collections::BTreeSet;
use std::sync::Arc;

fn scan_all(workspace: &Workspace) -> Scan {
    scan(&workspace.plan(), &Cache::default(), &mut |_| {})
}

fn told(scan: &Scan) -> Vec<(&str, &str)> {
    scan.tools.iter().map(|tool| (tool.path.as_str(), tool.description.as_str())).collect()
}

fn find<'s>(scan: &'s Scan, path: &str) -> &'s Tool {
    scan.tools
        .iter()
        .find(|tool| tool.path == path)
        .unwrap_or_else(|| panic!("{path}: {:?} {:?}", told(scan), scan.problems))
}

const MAKEFILE: &str = "# Say hello\nhello:\n\t@echo hello $(NAME)\n\ndocker/push:\n\tx\n.PHONY: docker/push\n";

fn of_each_format() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/Makefile", MAKEFILE);
    workspace.write("tools/a/justfile", "# Build it\nbuild target='all':\n  cargo build\n");
    workspace.write("tools/b/package.json", "{\"scripts\": {\"lint\": \"eslint .\"}}");
    workspace.write("tools/c/.mise.toml", "[tasks.fmt]\ndescription = 'Format'\nrun = 'x'\n");
    workspace.write("tools/d/Taskfile.yml", "version: '3'\ntasks:\n  'up:all':\n    desc: Start\n    cmds: [x]\n");
    let definitions = "{\"tools\": [{\"name\": \"one\", \"executable\": \"one\", \"base_type\": \"generic\", \"note\": null}, \
                       {\"name\": \"two\", \"executable\": \"two\", \"base_type\": \"text\"}]}";
    workspace.write("tools/e/more.json", definitions);
    workspace
}

#[test]
fn each_entry_of_a_file_is_a_row() {
    let workspace = of_each_format();
    let scan = scan_all(&workspace);
    assert_eq!(scan.problems, []);
    let wanted = [
        ("tools/a/justfile#build", "Build it"),
        ("tools/Makefile#docker_push", "Runs x"),
        ("tools/c/.mise.toml#fmt", "Format"),
        ("tools/Makefile#hello", "Say hello"),
        ("tools/b/package.json#lint", "Runs eslint ."),
        ("tools/e/more.json#one", ""),
        ("tools/e/more.json#two", ""),
        ("tools/d/Taskfile.yml#up_all", "Start"),
    ];
    assert_eq!(told(&scan), wanted);
    assert_eq!(find(&scan, "tools/Makefile#docker_push").title.as_deref(), Some("docker/push"));
    assert_eq!(find(&scan, "tools/e/more.json#one").kind, Kind::Service);
    assert_eq!(find(&scan, "tools/a/justfile#build").category.0, "a");
    let input = read(&workspace.plan(), find(&scan, "tools/Makefile#hello")).unwrap().manifest.input.unwrap();
    let pattern = regex::Regex::new(input["properties"]["NAME"]["pattern"].as_str().unwrap()).unwrap();
    for (value, is_plain) in
        [("Ada L.", true), ("", true), ("a=b/c-d", true), ("-x", false), ("$(x)", false), ("a;b", false)]
    {
        assert_eq!(pattern.is_match(value), is_plain, "{value}");
    }
    assert!(["`x`", "a\nb", "a|b", "'", "\"", "{{x}}", "a&b", "a>b"].iter().all(|value| !pattern.is_match(value)));
    let digests: BTreeSet<_> = scan.tools.iter().map(|tool| tool.digest).collect();
    assert_eq!(digests.len(), scan.tools.len());
    for tool in &scan.tools {
        assert_eq!((tool.format, tool.files), (Format::Entry, 2), "{}", tool.path);
        let detail = read(&workspace.plan(), tool).unwrap();
        assert_eq!(detail.tool, **tool);
        let kept = read_files(detail.files.clone(), tool).unwrap();
        assert_eq!((kept.manifest, kept.tool), (detail.manifest, detail.tool));
    }
}

#[test]
fn a_copy_of_an_entry_is_the_same_version() {
    let workspace = of_each_format();
    let (plan, scan) = (workspace.plan(), scan_all(&workspace));
    for tool in &scan.tools {
        for file in read(&plan, tool).unwrap().files {
            workspace.write(&format!("tools/approved/{}/{}", tool.name, file.path), &file.bytes);
        }
    }
    let after = scan_all(&workspace);
    assert_eq!((after.problems.len(), after.tools.len()), (0, 2 * scan.tools.len()));
    for tool in &scan.tools {
        let copy = find(&after, &format!("tools/approved/{}/tool.toml", tool.name));
        assert_eq!((copy.stage, copy.format, copy.digest), (Stage::Approved, Format::Native, tool.digest));
        assert_eq!(find(&after, &tool.path).shadowed_by.as_deref(), Some(copy.path.as_str()));
        let command = |tool: &Tool| read(&plan, tool).unwrap().manifest.recipe.map(|recipe| recipe.command);
        assert_eq!(command(copy), command(tool));
    }
}

#[test]
fn a_changed_file_is_read_again_and_an_unchanged_one_is_not() {
    let workspace = of_each_format();
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    std::fs::File::open(workspace.at("tools/Makefile")).unwrap().set_modified(old).unwrap();
    let plan = workspace.plan();
    let first = scan_all(&workspace);
    let cache = Cache(first.fresh.iter().cloned().collect());
    let (_, row) = first.fresh.iter().find(|(path, _)| path == "tools/Makefile").unwrap();
    assert_eq!(remembered(&row.payload).len(), 2);
    let second = scan(&plan, &cache, &mut |_| {});
    assert!(!second.fresh.iter().any(|(path, _)| path == "tools/Makefile"));
    assert_eq!(second.tools, first.tools);
    workspace.write("tools/Makefile", MAKEFILE.replace("docker/push", "other"));
    let third = scan(&plan, &cache, &mut |_| {});
    assert_eq!(find(&third, "tools/Makefile#other").name.as_str(), "other");
    let gone = find(&first, "tools/Makefile#docker_push");
    assert_eq!(read(&plan, gone).unwrap_err().code, ProblemCode::Unreadable);
}

#[test]
fn hostile_files_of_several_tools_are_problems() {
    let workspace = Workspace::new();
    let targets = |count: usize| (0..count).map(|number| format!("t{number}:\n\ttrue\n")).collect::<Vec<_>>().concat();
    let (many, huge) = (targets(600), targets(100_000));
    for (path, text) in [
        ("a/Makefile", many.as_str()),
        ("b/Makefile", huge.as_str()),
        ("c/justfile", &"x".repeat(10 << 20)),
        ("d/Taskfile.yml", "tasks: &t\n  a: *t\n"),
        ("e/Makefile", "de\u{202e}ploy:\n\ttrue\n"),
        ("f/package.json", "{\"scripts\": {\"a\": \"b\", \"a\": \"c\"}}"),
        ("g/mise.toml", "[tasks.a]\nrun = 'x'\n[tasks.a]\n"),
        ("h/Makefile", "測試:\n\ttrue\n"),
        ("i#j/tool.toml", "name = 'i'\n"),
    ] {
        workspace.write(&format!("tools/{path}"), text);
    }
    let scan = scan_all(&workspace);
    assert_eq!(told(&scan), []);
    let problems: Vec<(&str, ProblemCode)> = scan.problems.iter().map(|one| (one.path.as_str(), one.code)).collect();
    let wanted = [
        ("tools/a/Makefile", ProblemCode::TooLarge),
        ("tools/b/Makefile", ProblemCode::TooLarge),
        ("tools/c/justfile", ProblemCode::TooLarge),
        ("tools/d/Taskfile.yml", ProblemCode::BadSyntax),
        ("tools/e/Makefile", ProblemCode::BadName),
        ("tools/f/package.json", ProblemCode::BadSyntax),
        ("tools/g/mise.toml", ProblemCode::BadSyntax),
        ("tools/h/Makefile", ProblemCode::BadName),
        ("tools/i#j", ProblemCode::BadName),
    ];
    assert_eq!(problems, wanted);
}

#[test]
fn names_that_fold_to_one_get_a_number_and_nothing_else_is_absent() {
    let workspace = Workspace::new();
    workspace.write("tools/package.json", "{\"scripts\": {\"a:b\": \"x\", \"a_b\": \"y\"}}");
    workspace.write("tools/x/mise.toml", "[tools]\nnode = '22'\n");
    workspace.write("tools/own/tool.toml", "name = 'own'\ndescription = 'd'\n[run]\ncommand = ['make']\n");
    workspace.write("tools/own/Makefile", "all:\n\ttrue\n");
    let scan = scan_all(&workspace);
    let paths: Vec<&str> = scan.tools.iter().map(|tool| tool.path.as_str()).collect();
    assert_eq!(paths, ["tools/package.json#a_b", "tools/package.json#a_b_2", "tools/own/tool.toml"]);
    assert_eq!(scan.skipped.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["tools/x/mise.toml"]);
}

#[test]
fn signs_that_nobody_sees_stay_in_the_words_of_an_entry() {
    let workspace = Workspace::new();
    workspace.write("tools/Makefile", "# Builds\t\u{1b}[31mit\u{7}\nall:\n\ttrue\n");
    workspace.write("tools/justfile", "# Lists \u{1b}]0;x\u{7} all\nls:\n  true\n");
    let scan = scan_all(&workspace);
    let words: Vec<&str> = scan.tools.iter().map(|tool| tool.description.as_str()).collect();
    assert_eq!(words, ["Builds \u{1b}[31mit\u{7}", "Lists \u{1b}]0;x\u{7} all"], "whoever shows them escapes them");
}

#[test]
fn a_skill_folder_is_one_row_with_all_its_files() {
    let workspace = Workspace::new();
    workspace
        .write("tools/skills/pdf/SKILL.md", "---\nname: pdf\ndescription: Fills in forms\n---\nRun scripts/fill.py\n");
    workspace.write("tools/skills/pdf/scripts/fill.py", "print(1)\n");
    workspace.write("tools/skills/pdf/Makefile", "all:\n\ttrue\n");
    workspace.write("tools/skills/bad/SKILL.md", "no frontmatter\n");
    workspace.write("tools/skills/both/SKILL.md", "---\nname: both\ndescription: x\n---\n");
    workspace.write("tools/skills/both/tool.toml", "name = 'both'\ndescription = 'd'\n[run]\ncommand = ['ls']\n");
    let scan = scan_all(&workspace);
    let skill = find(&scan, "tools/skills/pdf/SKILL.md");
    assert_eq!((skill.kind, skill.format, skill.files, skill.runnable), (Kind::Prompt, Format::Skill, 3, false));
    assert_eq!(skill.reason.as_deref(), Some("a skill is text for an agent: it is reviewed here and not started"));
    assert_eq!(find(&scan, "tools/skills/both/tool.toml").kind, Kind::Command);
    assert_eq!(scan.tools.len(), 2);
    let problems: Vec<&str> = scan.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(problems, ["tools/skills/bad/SKILL.md"]);
    let detail = read(&workspace.plan(), skill).unwrap();
    assert_eq!(read_files(detail.files.clone(), skill).unwrap().tool, detail.tool);
    workspace.write("tools/skills/pdf/scripts/fill.py", "print(2)\n");
    assert_ne!(read(&workspace.plan(), skill).unwrap().tool.digest, skill.digest);
}

#[test]
fn the_category_is_the_same_whatever_lies_above() {
    let Some(corpus) = super::testing::corpus() else { return };
    let categories = |levels: &str| {
        let workspace = Workspace::new();
        for path in super::testing::files_below(&corpus.join("tools")) {
            let inside = path.strip_prefix(corpus.join("tools")).unwrap().to_string_lossy().into_owned();
            workspace.write(&format!("tools/{levels}{inside}"), std::fs::read(&path).unwrap());
        }
        let scan = scan_all(&workspace);
        let row = |tool: &Arc<Tool>| (tool.path.replace(levels, ""), tool.category.0.clone());
        scan.tools.iter().map(row).collect::<BTreeSet<_>>()
    };
    let plain = categories("");
    assert_eq!(plain.len(), 242);
    for levels in ["imported/", "some/where/"] {
        let moved = categories(levels);
        assert_eq!(plain.difference(&moved).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "{levels}");
    }
}

#[test]
fn each_tool_in_a_script_or_a_list_is_a_row() {
    let workspace = Workspace::new();
    let tool = |name: &str, words: &str| format!("@tool\ndef {name}(a: int):\n    \"\"\"{words}\"\"\"\n\n");
    workspace.write("tools/kit.py", tool("add", "Adds.") + &tool("twice", "Doubles."));
    let agent =
        "# Asks an agent.\n".to_owned() + &tool("find", "Finds.") + "if __name__ == '__main__':\n    go(find)\n";
    workspace.write("tools/agent.py", agent);
    workspace.write("tools/busy.py", tool("mix", "Mixes.") + "agent.run(mix)\n");
    workspace.write("tools/one.py", "@tool(\"sleep\")\ndef wait(a: int):\n    \"\"\"Waits.\"\"\"\n");
    workspace.write("tools/part.py", "from .x import y\n".to_owned() + &tool("p", "P.") + &tool("q", "Q."));
    let list = r#"[{"name": "sum", "description": "Adds up", "parameters": {"type": "dict", "properties": {"a": {"type": "float"}}}},
        {"name": "neg", "description": "Negates", "inputSchema": {"type": "object"}}]"#;
    workspace.write("tools/list.json", list);
    let scan = scan_all(&workspace);
    assert_eq!(scan.problems, []);
    let wanted = [
        ("tools/kit.py#add", "Adds."),
        ("tools/agent.py", "Asks an agent."),
        ("tools/busy.py", "Mixes."),
        ("tools/agent.py#find", "Finds."),
        ("tools/busy.py#mix", "Mixes."),
        ("tools/list.json#neg", "Negates"),
        ("tools/part.py#p", "P."),
        ("tools/part.py#q", "Q."),
        ("tools/one.py", "Waits."),
        ("tools/list.json#sum", "Adds up"),
        ("tools/kit.py#twice", "Doubles."),
    ];
    assert_eq!(told(&scan), wanted);
    assert_eq!(find(&scan, "tools/one.py").name.as_str(), "sleep");
    let sum = read(&workspace.plan(), find(&scan, "tools/list.json#sum")).unwrap();
    assert_eq!(sum.manifest.input.unwrap()["properties"]["a"]["type"], "number");
    let reason = |path: &str| find(&scan, path).reason.clone().unwrap_or_default();
    assert!(reason("tools/list.json#sum").contains("its list describes it and holds no code"));
    assert!(reason("tools/list.json#neg").contains("how its MCP server is started"));
    assert!(reason("tools/busy.py#mix").contains("when it is loaded"));
    assert!(reason("tools/part.py#p").contains("it imports .x"));
    let twice = read(&workspace.plan(), find(&scan, "tools/kit.py#twice")).unwrap().manifest.recipe.unwrap();
    assert_eq!((twice.function.as_deref(), twice.entry.as_deref()), (Some("twice"), Some("kit.py")));
}

#[test]
fn a_recipe_says_which_programs_and_files_it_needs() {
    let workspace = Workspace::new();
    workspace.write("tools/web/package.json", r#"{"scripts": {"lint": "no-such-linter src", "all": "npm run lint"}}"#);
    workspace.write("tools/a/Makefile", "a:\n\t./build.sh\nb:\n\tls web\nc:\n\t-ls web\nd: a\n\techo\n");
    workspace.write("tools/a/web/notes.txt", "x");
    let scan = scan_all(&workspace);
    let reason = |path: &str| find(&scan, path).reason.clone().unwrap_or_default();
    for path in ["tools/web/package.json#lint", "tools/web/package.json#all"] {
        let reason = reason(path);
        assert!(reason.contains("no-such-linter") || reason.starts_with("npm is"), "{path}: {reason}");
    }
    for (path, expected) in [("a", "build.sh"), ("b", "web"), ("d", "build.sh")] {
        let reason = reason(&format!("tools/a/Makefile#{path}"));
        let needs = format!("needs files of its project: {expected};");
        assert!(reason.starts_with(&needs) || reason.starts_with("make is"), "{path}: {reason}");
    }
    assert!(!reason("tools/a/Makefile#c").contains("files"));
}
