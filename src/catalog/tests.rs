//! Whole scans of small workspaces and of the real definitions.

use super::testing::{Workspace, corpus};
use super::*;
use crate::domain::{Digest, Format, Kind, ProblemCode, SkippedFile, Stage, Tool, ToolState};
use std::collections::BTreeMap;

fn scan_all(plan: &ScanPlan) -> Scan {
    scan(plan, &Cache::default(), &mut |_| {})
}

fn row<'s>(scan: &'s Scan, path: &str) -> &'s Tool {
    let found = scan.tools.iter().find(|tool| tool.path == path);
    found.unwrap_or_else(|| {
        panic!("no row {path}: {:?} {:?}", scan.tools.iter().map(|t| &t.path).collect::<Vec<_>>(), scan.problems)
    })
}

#[test]
fn all_real_definitions_are_rows_and_their_copies_and_clashes_are_named() {
    let Some(corpus) = corpus() else { return };
    let scan = scan_all(&ScanPlan::standard(&corpus));
    assert_eq!(scan.problems, vec![]);
    assert_eq!(scan.tools.len(), 242);
    assert_eq!(scan.tools.iter().filter(|tool| tool.copy_of.is_some()).count(), 27);
    let clashes: BTreeMap<&str, Vec<String>> = scan
        .tools
        .iter()
        .filter(|tool| !tool.clashes.is_empty())
        .map(|tool| (tool.path.as_str(), tool.clashes.clone()))
        .collect();
    let pair = |a: &'static str, b: &'static str| [(a, vec![b.to_owned()]), (b, vec![a.to_owned()])];
    let wanted = [
        pair("tools/executable/pynguin_config.yaml", "tools/executable/pynguin_test_generator.yaml"),
        pair("tools/executable/signalr_llmapi_skill.yaml", "tools/llm/signalr_llmapi_management.yaml"),
        pair("tools/llm/content_summarizer.yaml", "tools/llm/summarizer.yaml"),
    ];
    assert_eq!(clashes, wanted.into_iter().flatten().collect());
    for tool in &scan.tools {
        assert_eq!(tool.runnable, tool.reason.is_none(), "{}", tool.path);
        assert_eq!(tool.shadowed_by, None);
    }
    let kinds = |kind| scan.tools.iter().filter(|tool| tool.kind == kind).count();
    assert_eq!([Kind::Prompt, Kind::Http, Kind::Mcp, Kind::Composite, Kind::Command].map(kinds), [45, 16, 6, 1, 174]);
    let runnable: Vec<&str> = scan.tools.iter().filter(|tool| tool.runnable).map(|tool| tool.name.as_str()).collect();
    for name in ["basic_calculator", "text_formatter", "unit_converter"] {
        assert!(runnable.contains(&name), "{runnable:?}");
    }
    let reason = |path: &str| row(&scan, path).reason.clone().unwrap_or_default();
    assert!(reason("tools/executable/buffer.yaml").starts_with("tools/executable/buffer.py is missing"));
    assert!(reason("tools/custom/git.yaml").contains("src.git_tool"));
    assert_eq!(row(&scan, "tools/mcp/_template.yaml").name.as_str(), "template");
}

#[test]
fn opening_a_real_definition_gives_the_row_of_the_scan() {
    let Some(corpus) = corpus() else { return };
    let plan = ScanPlan::standard(&corpus);
    for tool in scan_all(&plan).tools {
        let detail = read(&plan, &tool).unwrap();
        assert_eq!(detail.tool, *tool);
        let kept = read_files(detail.files.clone(), &tool).unwrap();
        assert_eq!((kept.manifest, kept.tool), (detail.manifest, detail.tool));
    }
}

const NATIVE: &str = "name = \"x\"\ndescription = \"d\"\n[run]\ncommand = [\"python3\", \"{file}\"]\n";

/// The digest and manifest of a row before and after its files were copied to `to`, as a promotion does.
fn promote(workspace: &Workspace, path: &str, to: &str) {
    let plan = workspace.plan();
    let before = read(&plan, row(&scan_all(&plan), path)).unwrap();
    for file in &before.files {
        workspace.write(&format!("{to}/{}", file.path), &file.bytes);
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(match file.mode {
            crate::domain::FileMode::Plain => 0o644,
            crate::domain::FileMode::Executable => 0o755,
        });
        std::fs::set_permissions(workspace.at(&format!("{to}/{}", file.path)), permissions).unwrap();
    }
    workspace.write(&format!("{to}/approval.toml"), "digest = \"x\"\n");
    std::fs::remove_file(workspace.at(path)).unwrap();
    let scan = scan_all(&plan);
    let after =
        scan.tools.iter().find(|tool| tool.placement.base == to).unwrap_or_else(|| panic!("{:?}", scan.problems));
    let after = read(&plan, after).unwrap();
    assert_eq!(
        (after.tool.digest, &after.manifest, &after.files),
        (before.tool.digest, &before.manifest, &before.files)
    );
    assert_eq!((after.tool.stage, after.tool.placement.exclusive), (Stage::Approved, true));
    let kept = read_files(before.files, &after.tool).unwrap();
    assert_eq!((kept.manifest, kept.tool), (after.manifest, after.tool));
}

#[test]
fn a_promoted_tool_keeps_its_digest_and_manifest_whatever_its_form() {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/native/tool.toml", NATIVE.replace("\"x\"", "\"native\""));
    workspace.write("tools/experimental/native/main.py", "import lib.a\n");
    workspace.write("tools/experimental/native/lib/a.py", "A = 1\n");
    workspace.write("tools/experimental/native/__pycache__/a.pyc", "x");
    promote(&workspace, "tools/experimental/native/tool.toml", "tools/approved/native");

    workspace.write("tools/experimental/other.py", "print(1)\n");
    workspace.write("tools/experimental/pair.toml", NATIVE.replace("\"x\"", "\"differs\""));
    workspace.write("tools/experimental/pair.py", "print(2)\n");
    promote(&workspace, "tools/experimental/pair.toml", "tools/approved/differs");

    workspace.write("tools/misc/bare.sh", "#!/bin/sh\n# Prints.\necho\n");
    promote(&workspace, "tools/misc/bare.sh", "tools/approved/bare");

    workspace.write(
        "tools/llm/alone.yaml",
        "name: Alone One\ntype: executable\nexecutable: {command: python, args: [tools/executable/s.py, '{a}']}\n",
    );
    workspace.write("tools/executable/s.py", "print(3)\n");
    promote(&workspace, "tools/llm/alone.yaml", "tools/approved/alone");
    let plan = workspace.plan();
    let alone = read(&plan, row(&scan_all(&plan), "tools/approved/alone/alone.yaml")).unwrap();
    let recipe = alone.manifest.recipe.unwrap();
    assert_eq!(recipe.command, ["python", "{file}", "{a}"]);
    assert_eq!(recipe.entry.as_deref(), Some("@/tools/executable/s.py"));
    // Changing the original script does not affect the promoted tool.
    workspace.write("tools/executable/s.py", "print(4)\n");
    assert_eq!(row(&scan_all(&plan), "tools/approved/alone/alone.yaml").digest, alone.tool.digest);
}

#[test]
fn a_changed_byte_or_mode_of_any_file_of_a_version_changes_its_digest() {
    let workspace = Workspace::new();
    workspace.write("tools/x/tool.toml", NATIVE);
    workspace.write("tools/x/main.py", "print(1)\n");
    workspace.write("tools/x/data/a.txt", "a");
    workspace
        .write("tools/a.yaml", "name: a\ntype: executable\nexecutable: {command: python, args: ['tools/lib/s.py']}\n");
    workspace.write("tools/lib/s.py", "print(1)\n");
    let plan = workspace.plan();
    let digests = || {
        let scan = scan_all(&plan);
        [row(&scan, "tools/x/tool.toml").digest, row(&scan, "tools/a.yaml").digest]
    };
    let mut seen = vec![digests()];
    for (path, text) in [("tools/x/data/a.txt", "b"), ("tools/lib/s.py", "print(2)\n"), ("tools/x/new.txt", "")] {
        workspace.write(path, text);
        let now = digests();
        assert_ne!(seen.last(), Some(&now), "{path}");
        seen.push(now);
    }
    std::fs::set_permissions(workspace.at("tools/lib/s.py"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    assert_ne!(seen.last(), Some(&digests()));
    let now = digests();
    for path in [
        "tools/x/approval.toml",
        "tools/x/.git/HEAD",
        "tools/x/versions/1.0.0/main.py",
        "tools/x/.main.py.swp",
        "tools/x/.DS_Store",
    ] {
        workspace.write(path, "x");
    }
    assert_eq!(digests(), now);
}

/// Every way of being broken that is known, with the file that is named, the code, and the line.
#[test]
fn whatever_cannot_be_read_is_a_problem_with_its_file_line_and_next_step() {
    let workspace = Workspace::new();
    let native = |name: &str| NATIVE.replace("\"x\"", &format!("\"{name}\""));
    let write = |stem: &str, manifest: &str| {
        workspace.write(&format!("tools/{stem}.toml"), manifest);
        workspace.write(&format!("tools/{stem}.py"), "pass\n");
    };
    write("syntax", "name = \"a\"\n= = =\n");
    write("unnamed", "description = \"d\"\n");
    write("wrong", "name = \"wrong\"\nkeywords = 17\n");
    write("empty", "");
    write("badname", &native("../x"));
    write("hidden", &native("a\u{202e}b"));
    write("huge", &format!("# {}\n{}", "x".repeat(300_000), native("huge")));
    workspace.write("tools/notutf8.toml", b"name = \"a\"\ndescription = \"\xff\"\n");
    write("twice", "name = \"a\"\nname = \"b\"\n");
    write("dangling", &native("dangling"));
    std::fs::remove_file(workspace.at("tools/dangling.py")).unwrap();
    std::os::unix::fs::symlink("nowhere.py", workspace.at("tools/dangling.py")).unwrap();
    write("leaving", &native("leaving"));
    workspace.write("outside.py", "pass\n");
    std::fs::remove_file(workspace.at("tools/leaving.py")).unwrap();
    std::os::unix::fs::symlink("../outside.py", workspace.at("tools/leaving.py")).unwrap();
    workspace.write("tools/big.py", "#".repeat(1_100_000));
    workspace.write("tools/void.py", "\n");
    workspace.write("tools/odd\u{200b}.py", "pass\n");
    workspace.write("tools/(!).py", "pass\n");
    workspace.write("tools/list.json", "[1, 2]");
    workspace.write("tools/some.json", "{\"a\": 1}");
    workspace.write("tools/pair.json", "{\"a\": 1}");
    workspace.write("tools/pair.py", "pass\n");
    workspace.write("tools/bomb.yaml", "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n");
    workspace.write("tools/native/tool.toml", native("native"));
    std::os::unix::fs::symlink("/etc/passwd", workspace.at("tools/native/data.txt")).unwrap();
    std::os::unix::fs::symlink("/tmp", workspace.at("tools/elsewhere")).unwrap();
    for (target, link) in [("nowhere", "gone"), ("circle", "circle"), ("good.py", "linked")] {
        std::os::unix::fs::symlink(target, workspace.at(&format!("tools/{link}"))).unwrap();
    }
    rustix::fs::mknodat(rustix::fs::CWD, workspace.at("tools/pipe.py"), rustix::fs::FileType::Fifo, 0o644.into(), 0)
        .unwrap();
    workspace.write("tools/versions.py", "pass\n");
    workspace.write("tools/modules/tool.toml", native("node_modules"));
    workspace.write("tools/good.py", "pass\n");

    let scan = scan_all(&workspace.plan());
    let rows: Vec<&str> = scan.tools.iter().map(|tool| tool.path.as_str()).collect();
    // Next to a document that is not a manifest, a script with its stem is separate.
    let alone = ["empty", "good", "huge", "pair", "syntax", "twice", "unnamed", "versions"];
    assert_eq!(rows, alone.map(|stem| format!("tools/{stem}.py")));
    let mut found: Vec<(&str, ProblemCode, Option<u64>)> =
        scan.problems.iter().map(|problem| (problem.path.as_str(), problem.code, problem.line)).collect();
    let mut wanted = vec![
        ("tools/syntax.toml", ProblemCode::BadSyntax, Some(2)),
        ("tools/unnamed.toml", ProblemCode::UnknownDialect, Some(1)),
        ("tools/wrong.toml", ProblemCode::BadField, Some(2)),
        ("tools/empty.toml", ProblemCode::Empty, None),
        ("tools/badname.toml", ProblemCode::BadName, Some(1)),
        ("tools/hidden.toml", ProblemCode::BadName, Some(1)),
        ("tools/huge.toml", ProblemCode::TooLarge, None),
        ("tools/notutf8.toml", ProblemCode::NotUtf8, Some(2)),
        ("tools/twice.toml", ProblemCode::BadSyntax, Some(2)),
        ("tools/dangling.py", ProblemCode::UnsafeLink, None),
        ("tools/leaving.py", ProblemCode::UnsafeLink, None),
        ("tools/big.py", ProblemCode::TooLarge, None),
        ("tools/void.py", ProblemCode::Empty, None),
        ("tools/odd\u{200b}.py", ProblemCode::BadName, None),
        ("tools/(!).py", ProblemCode::BadName, None),
        ("tools/modules/tool.toml", ProblemCode::BadName, None),
        ("tools/pair.json", ProblemCode::UnknownDialect, None),
        ("tools/bomb.yaml", ProblemCode::TooLarge, Some(5)),
        ("tools/native/data.txt", ProblemCode::UnsafeLink, None),
        ("tools/elsewhere", ProblemCode::UnsafeLink, None),
        ("tools/gone", ProblemCode::UnsafeLink, None),
        ("tools/circle", ProblemCode::UnsafeLink, None),
        ("tools/pipe.py", ProblemCode::NotAFile, None),
    ];
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    let data = |path: &str| SkippedFile { path: path.to_owned(), kind: "data" };
    let link = SkippedFile { path: "tools/linked".to_owned(), kind: "link" };
    assert_eq!(scan.skipped, [link, data("tools/list.json"), data("tools/some.json")]);
    for problem in &scan.problems {
        assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{problem:?}");
        assert!(!problem.message.ends_with('.') && !problem.message.contains('\n'), "{problem:?}");
    }
}

#[test]
fn a_script_in_a_folder_that_is_never_part_of_a_version_is_a_problem() {
    let workspace = Workspace::new();
    for (name, script) in [
        ("git", ".git/hooks/x.sh"),
        ("modules", "node_modules/x/cli.sh"),
        ("old", "versions/x.sh"),
        ("own", "tools/experimental/.git/x.sh"),
        ("good", "scripts/.hidden/x.sh"),
    ] {
        workspace.write(script, "echo hello\n");
        let command = format!("name = \"{name}\"\n[run]\ncommand = [\"bash\", \"{{workspace}}/{script}\"]\n");
        workspace.write(&format!("tools/experimental/{name}.toml"), command);
    }
    let scan = scan_all(&workspace.plan());
    let rows: Vec<&str> = scan.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(rows, ["good"]);
    let found: Vec<String> =
        scan.problems.iter().map(|problem| format!("{} {}", problem.code, problem.placed())).collect();
    let wanted = [
        ("git", ".git/hooks/x.sh", ".git"),
        ("modules", "node_modules/x/cli.sh", "node_modules"),
        ("old", "versions/x.sh", "versions"),
        ("own", ".git/x.sh", ".git"),
    ];
    let wanted = wanted.map(|(name, script, part)| {
        format!("bad-field tools/experimental/{name}.toml: its script {script} cannot be part of it, because {part} is never part of a tool")
    });
    assert_eq!(found, wanted);
}

#[test]
fn a_definition_that_cannot_run_is_a_row_with_one_reason() {
    let workspace = Workspace::new();
    let native =
        |name: &str, more: &str| format!("name = \"{name}\"\n{more}\n[run]\ncommand = [\"sh\", \"{{file}}\"]\n");
    workspace.write("tools/archived/a.toml", native("a", ""));
    workspace.write("tools/archived/a.sh", "true\n");
    workspace.write("tools/b.toml", native("b", "cost_tier = \"prohibited\""));
    workspace.write("tools/b.sh", "true\n");
    workspace.write("tools/c.toml", native("c", ""));
    workspace.write("tools/d.toml", "name = \"d\"\n[run]\ncommand = [\"no-such-program-here\"]\n");
    workspace.write("tools/e.toml", "name = \"e\"\n");
    workspace.write("tools/f.yaml", "name: f\ntype: llm\n");
    workspace.write("tools/g.yaml", "name: g\ntype: quantum\n");
    workspace.write("tools/h.toml", native("h", ""));
    workspace.write("tools/h.sh", "true\n");
    let forbidden = "[permissions]\nwrite = [\"~/.ssh\"]\nnetwork = [\"a:1\"]\n";
    workspace.write("tools/i.toml", format!("{}{forbidden}", native("i", "")));
    workspace.write("tools/i.sh", "true\n");
    let scan = scan_all(&workspace.plan());
    assert_eq!(scan.problems, vec![]);
    let reasons: Vec<(&str, Option<&str>, ToolState)> =
        scan.tools.iter().map(|tool| (tool.name.as_str(), tool.reason.as_deref(), tool.state)).collect();
    assert_eq!(
        reasons,
        [
            ("a", Some("it is archived; restore it to run it"), ToolState::Ok),
            ("b", Some("its cost tier is prohibited"), ToolState::Ok),
            ("c", Some("c.py (or .sh, .ts, .js) is missing; restore it or change the command"), ToolState::Ok),
            ("d", Some("no-such-program-here is not on the PATH; install it"), ToolState::Ok),
            ("e", Some("it has no start command; add a command"), ToolState::Ok),
            ("f", Some("its definition has no prompt; add a template or a system text to [prompt]"), ToolState::Ok),
            ("g", Some("the type quantum is unknown; add a command to run it here"), ToolState::Unsupported),
            ("h", None, ToolState::Ok),
            (
                "i",
                Some(
                    "it declares permissions that no tool can get: network a:1: single hosts cannot be enforced yet; declare none, loopback or full; and 1 more"
                ),
                ToolState::Ok
            ),
        ]
    );
}

#[test]
fn a_folder_belongs_to_one_tool_only_when_nothing_else_would_vanish() {
    let workspace = Workspace::new();
    workspace.write("tools/alpha/alpha.toml", NATIVE.replace("\"x\"", "\"alpha\""));
    workspace.write("tools/alpha/alpha.py", "import helper\n");
    workspace.write("tools/alpha/helper.py", "pass\n");
    workspace.write("tools/git/git.py", "pass\n");
    workspace.write("tools/git/push.py", "pass\n");
    workspace.write("tools/web/web.toml", NATIVE.replace("\"x\"", "\"web\""));
    workspace.write("tools/web/web.py", "pass\n");
    workspace.write("tools/web/sub/other.toml", NATIVE.replace("\"x\"", "\"other\""));
    workspace.write("tools/web/sub/other.py", "pass\n");
    workspace.write("tools/approved/only.py", "pass\n");
    let scan = scan_all(&workspace.plan());
    let rows: Vec<(&str, &str, bool, u32)> = scan
        .tools
        .iter()
        .map(|tool| (tool.path.as_str(), tool.category.0.as_str(), tool.placement.exclusive, tool.files))
        .collect();
    assert_eq!(
        rows,
        [
            ("tools/alpha/alpha.toml", "custom", true, 3),
            ("tools/git/git.py", "git", false, 1),
            ("tools/approved/only.py", "custom", false, 1),
            ("tools/web/sub/other.toml", "sub", false, 2),
            ("tools/git/push.py", "git", false, 1),
            ("tools/web/web.toml", "web", false, 2),
        ]
    );
}

#[test]
fn rows_of_one_name_shadow_each_other_by_stage_and_are_all_there() {
    let workspace = Workspace::new();
    for (stage, text) in [("core", "1"), ("approved", "2"), ("experimental", "3"), ("archived", "4")] {
        workspace.write(&format!("tools/{stage}/x.py"), format!("print({text})\n"));
    }
    workspace.write("tools/experimental/more/x.py", "print(5)\n");
    workspace.write("tools/experimental/copy/y.py", "print(1)\n");
    let scan = scan_all(&workspace.plan());
    let rows: Vec<(&str, Option<&str>, usize, &[String])> = scan
        .tools
        .iter()
        .map(|tool| (tool.path.as_str(), tool.shadowed_by.as_deref(), tool.shadows.len(), tool.clashes.as_slice()))
        .collect();
    let core = Some("tools/core/x.py");
    let clash = |path: &str| vec![path.to_owned()];
    let (one, other) = ("tools/experimental/more/x.py", "tools/experimental/x.py");
    assert_eq!(
        rows,
        [
            ("tools/core/x.py", None, 3, &[][..]),
            ("tools/approved/x.py", core, 0, &[]),
            (one, core, 0, &clash(other)),
            (other, core, 0, &clash(one)),
            ("tools/archived/x.py", None, 0, &[]),
            ("tools/experimental/copy/y.py", None, 0, &[]),
        ]
    );
}

#[test]
fn a_cached_row_counts_only_while_every_file_that_made_it_is_the_same() {
    let workspace = Workspace::new();
    workspace.write("tools/a.yaml", "name: a\ntype: executable\nexecutable: {command: sh, args: [scripts/s.sh]}\n");
    workspace.write("tools/b.toml", "name = 1 2\n");
    workspace.write("tools/c.py", "pass\n");
    let age = |path: &str, seconds: u64| {
        let file = std::fs::File::open(workspace.at(path)).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(seconds)).unwrap();
    };
    for path in ["tools/a.yaml", "tools/b.toml", "tools/c.py"] {
        age(path, 60);
    }
    let plan = workspace.plan();
    let first = scan_all(&plan);
    assert_eq!(first.fresh.len(), 3);
    assert!(row(&first, "tools/a.yaml").reason.as_ref().unwrap().contains("scripts/s.sh is missing"));
    let mut cache = Cache(first.fresh.iter().cloned().collect());
    let warm = scan(&plan, &cache, &mut |_| {});
    assert_eq!((&warm.tools, &warm.problems, warm.fresh.len(), warm.gone.len()), (&first.tools, &first.problems, 0, 0));

    // A script that was missing appears far from the definition: nothing in its own folder changed.
    workspace.write("scripts/s.sh", "true\n");
    age("scripts/s.sh", 60);
    std::fs::remove_file(workspace.at("tools/c.py")).unwrap();
    let changed = scan(&plan, &cache, &mut |_| {});
    assert_eq!(changed.fresh.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["tools/a.yaml"]);
    assert_eq!(changed.gone, ["tools/c.py"]);
    assert!(row(&changed, "tools/a.yaml").runnable);
    cache.0.extend(changed.fresh.iter().cloned());
    let digest = row(&changed, "tools/a.yaml").digest;
    workspace.write("scripts/s.sh", "false\n");
    assert_ne!(row(&scan(&plan, &cache, &mut |_| {}), "tools/a.yaml").digest, digest);

    // An unreadable payload is a miss, not an error.
    for cached in cache.0.values_mut() {
        cached.payload = b"{".to_vec();
    }
    let again = scan(&plan, &cache, &mut |_| {});
    assert_eq!((again.tools.len(), again.problems.len()), (1, 1));
}

#[test]
fn several_roots_are_read_in_order_and_a_missing_one_is_a_problem() {
    let workspace = Workspace::new();
    let extra = Workspace::new();
    workspace.write("tools/a.py", "pass\n");
    workspace
        .write("vendor/tools/b.yaml", "name: b\ntype: executable\nexecutable: {command: sh, args: [tools/s.sh]}\n");
    workspace.write("vendor/tools/s.sh", "true\n");
    extra.write("c.py", "pass\n");
    let mut plan = workspace.plan();
    let root = |path: std::path::PathBuf, stage| ToolRoot { path, stage };
    plan.roots.push(root("vendor/tools".into(), Some(Stage::Approved)));
    plan.roots.push(root(extra.at(""), Some(Stage::Core)));
    plan.roots.push(root("not-there".into(), None));
    let scan = scan_all(&plan);
    let rows: Vec<(&str, Stage, bool)> =
        scan.tools.iter().map(|tool| (tool.name.as_str(), tool.stage, tool.runnable)).collect();
    assert_eq!(rows[1], ("b", Stage::Approved, true));
    assert_eq!((rows[0].0, rows[2].0, rows[2].1, rows.len()), ("a", "c", Stage::Core, 4));
    assert_eq!(scan.problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), ["not-there"]);
    for tool in &scan.tools {
        assert_eq!(read(&plan, tool).unwrap().tool, **tool);
    }
}

#[test]
fn progress_counts_up_to_the_total_and_hands_over_every_row_once() {
    let workspace = Workspace::new();
    for n in 0..1_200 {
        workspace.write(&format!("tools/g{}/t{n}.sh", n % 7), format!("# {n}\n"));
    }
    let mut steps = Vec::new();
    let mut rows = 0;
    let found = scan(&workspace.plan(), &Cache::default(), &mut |step| {
        steps.push((step.done, step.total));
        rows += step.new_rows.len();
    });
    assert_eq!((rows, found.tools.len()), (1_200, 1_200));
    assert_eq!((steps.first(), steps.last()), (Some(&(0, 1_200)), Some(&(1_200, 1_200))));
    assert!(steps.is_sorted() && steps.len() >= 3, "{steps:?}");
}

#[test]
fn disk_bytes_of_a_workspace_stay_equal() {
    let workspace = Workspace::new();
    workspace.write("tools/x/tool.toml", NATIVE);
    workspace.write("tools/x/main.py", "pass\n");
    let plan = workspace.plan();
    let before = Digest::of_files(&read(&plan, row(&scan_all(&plan), "tools/x/tool.toml")).unwrap().files);
    let names = super::testing::files_below(&workspace.at(""));
    scan_all(&plan);
    assert_eq!(super::testing::files_below(&workspace.at("")), names);
    assert_eq!(row(&scan_all(&plan), "tools/x/tool.toml").digest, before);
    assert_eq!(row(&scan_all(&plan), "tools/x/tool.toml").format, Format::Native);
}

#[test]
fn opening_a_tool_takes_the_files_that_the_scan_took() {
    let workspace = Workspace::new();
    for name in ["x.toml", "x.yaml"] {
        workspace.write(&format!("tools/{name}"), if name == "x.toml" { "name = \"x\"" } else { "name: x" });
    }
    for name in ["x.py", "x.sh", "x.js"] {
        workspace.write(&format!("tools/{name}"), format!("# {name}\n"));
    }
    workspace.write("tools/plain.toml", "name = \"plain\"");
    workspace.write("tools/plain", "#!/bin/sh\ntrue\n");
    std::fs::set_permissions(workspace.at("tools/plain"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let plan = workspace.plan();
    let scan = scan_all(&plan);
    let rows: Vec<(&str, Format)> = scan.tools.iter().map(|tool| (tool.path.as_str(), tool.format)).collect();
    let pairs = ["tools/plain.toml", "tools/x.toml", "tools/x.yaml"];
    assert_eq!(rows.iter().filter(|row| row.1 == Format::Pair).map(|row| row.0).collect::<Vec<_>>(), pairs);
    assert_eq!(rows.len(), 4);
    for tool in &scan.tools {
        assert_eq!(read(&plan, tool).unwrap().tool, **tool);
    }
}

mod arbitrary_bytes {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let words = proptest::sample::select(vec![
            "name",
            "type",
            ": ",
            "executable",
            "\n",
            "  ",
            "[",
            "]",
            "{",
            "}",
            "\"",
            "'",
            "&a",
            "*a",
            "- ",
            "= ",
            "run",
            "command",
            "#",
            "\"\"\"",
            "1",
            "\u{feff}",
            "\u{202e}",
            "{file}",
            "input_schema",
            "str - x: 'a', 'b'",
            "///",
            "true",
            "|",
            "properties",
        ]);
        let text = proptest::collection::vec(words, 0..60).prop_map(|words| words.concat().into_bytes());
        prop_oneof![text, proptest::collection::vec(any::<u8>(), 0..200)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn never_panic_and_always_give_a_row_or_a_problem(contents in proptest::collection::vec(bytes(), 8)) {
            let workspace = Workspace::new();
            let names = ["a.toml", "b.yaml", "c.json", "d.py", "e.sh", "f.ts", "g/tool.toml", "h/h.yaml"];
            for (name, content) in names.iter().zip(&contents) {
                workspace.write(&format!("tools/{name}"), content);
            }
            let plan = workspace.plan();
            let scan = scan_all(&plan);
            prop_assert_eq!(scan.tools.len() + scan.problems.len() + scan.skipped.len(), names.len());
            for tool in &scan.tools {
                let detail = read(&plan, tool).unwrap();
                prop_assert_eq!(&detail.tool, &**tool);
                prop_assert_eq!(read_files(detail.files, tool).unwrap().manifest, detail.manifest);
            }
        }
    }
}

#[test]
fn a_file_whose_name_is_no_name_keeps_it_as_title() {
    let workspace = Workspace::new();
    for name in ["resize (small), fast & good.py", "My Tool!.sh", "plain one.py"] {
        workspace.write(&format!("tools/{name}"), "print(1)\n");
    }
    let scan = scan_all(&workspace.plan());
    let named: Vec<(&str, Option<&str>)> =
        scan.tools.iter().map(|tool| (tool.name.as_str(), tool.title.as_deref())).collect();
    let expected = [
        ("my_tool", Some("My Tool!")),
        ("plain_one", None),
        ("resize_small_fast_good", Some("resize (small), fast & good")),
    ];
    assert_eq!(named, expected);
    assert_eq!(scan.problems, []);
}
