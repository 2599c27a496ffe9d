//! Versions of a name, as scans of small workspaces find them.

use super::testing::Workspace;
use super::*;
use crate::domain::{Digest, Format, ProblemCode, Stage, Tool};

const ORIGINAL: &str = "\"\"\"Parses CSV.\n\nVersion: 1.0.0\n\"\"\"\nimport sys\nprint(sys.stdin.read())\n";
const EVOLVED: &str = "\"\"\"Parses CSV and JSON.\n\nVersion: 1.1.0\n\"\"\"\nimport sys\nprint(sys.stdin.read())\n";

fn scan_of(workspace: &Workspace) -> Scan {
    scan(&workspace.plan(), &Cache::default(), &mut |_| {})
}

fn row<'s>(scan: &'s Scan, path: &str) -> &'s Tool {
    scan.tools.iter().find(|tool| tool.path == path).unwrap_or_else(|| {
        panic!("no row {path}: {:?} {:?}", scan.tools.iter().map(|t| &t.path).collect::<Vec<_>>(), scan.problems)
    })
}

/// Name, version, whether it is a version of another row, and what is used instead.
fn said(tool: &Tool) -> (&str, String, Option<&str>, Option<&str>) {
    (tool.name.as_str(), tool.version.to_string(), tool.evolved_from.as_deref(), tool.shadowed_by.as_deref())
}

#[test]
fn a_file_named_after_a_version_is_a_version_of_the_tool_beside_it() {
    let workspace = Workspace::new();
    workspace.write("tools/csv_parser.py", ORIGINAL);
    let before = row(&scan_of(&workspace), "tools/csv_parser.py").clone();
    workspace.write("tools/csv_parser_v1_1_0.py", EVOLVED);
    workspace.write("tools/csv_parser_v1_2_0.py", "print(1)\n");
    let scan = scan_of(&workspace);
    assert_eq!(scan.problems, vec![]);
    let (original, first, second) = (
        row(&scan, "tools/csv_parser.py"),
        row(&scan, "tools/csv_parser_v1_1_0.py"),
        row(&scan, "tools/csv_parser_v1_2_0.py"),
    );
    let at = Some("tools/csv_parser.py");
    assert_eq!(said(original), ("csv_parser", "1.0.0".into(), None, None));
    assert_eq!(said(first), ("csv_parser", "1.1.0".into(), at, at));
    assert_eq!(said(second), ("csv_parser", "1.2.0".into(), at, at));
    assert_eq!(original.shadows, [first.path.clone(), second.path.clone()]);
    assert!(scan.tools.iter().all(|tool| tool.clashes.is_empty() && tool.copy_of.is_none()));
    assert_eq!((original.digest, original.files), (before.digest, before.files));
    let bytes = crate::domain::VersionFile {
        path: "csv_parser.py".into(),
        mode: crate::domain::FileMode::Plain,
        bytes: ORIGINAL.into(),
    };
    assert_eq!(original.digest, Digest::of_files(&[bytes]));
    for tool in &scan.tools {
        let detail = read(&workspace.plan(), tool).unwrap();
        assert_eq!(detail.tool, **tool);
        assert_eq!((&detail.manifest.name, &detail.manifest.version), (&tool.name, &tool.version));
        let kept = read_files(detail.files, tool).unwrap().tool;
        assert_eq!(said(&kept), said(tool));
    }
}

#[test]
fn a_copied_manifest_does_not_make_a_version_another_tool() {
    let workspace = Workspace::new();
    let manifest =
        "name: CSV Parser\ntype: executable\ndescription: Parses CSV.\nversion: 1.0.0\ncommand: python csv_parser.py\n";
    workspace.write("tools/csv_parser.yaml", manifest);
    workspace.write("tools/csv_parser.py", ORIGINAL);
    workspace.write("tools/csv_parser_v1_1_0.yaml", manifest.replace("csv_parser.py", "csv_parser_v1_1_0.py"));
    workspace.write("tools/csv_parser_v1_1_0.py", EVOLVED);
    workspace.write("tools/csv_parser_v2_0_0.yaml", manifest.replace("CSV Parser", "csv_parser_v2_0_0"));
    workspace.write("tools/csv_parser_v2_0_0.py", EVOLVED);
    let scan = scan_of(&workspace);
    assert_eq!(scan.problems, vec![]);
    let versions: Vec<_> = scan.tools.iter().map(|tool| (tool.name.as_str(), tool.version.to_string())).collect();
    let wanted = ["1.0.0", "1.1.0", "2.0.0"].map(|version| ("csv_parser", version.to_owned()));
    assert_eq!(versions, wanted);
    assert_eq!(row(&scan, "tools/csv_parser_v1_1_0.yaml").format, Format::Pair);
    assert!(scan.tools.iter().all(|tool| tool.clashes.is_empty()));
}

#[test]
fn a_name_that_looks_like_a_version_is_a_tool_where_there_is_no_original() {
    let workspace = Workspace::new();
    workspace.write("tools/csv_parser_v1_1_0.py", EVOLVED);
    workspace.write("tools/other.py", ORIGINAL);
    workspace.write("tools/sub/other_v1_1_0.py", EVOLVED);
    for odd in ["other_v1_1.py", "other_v01_1_0.py", "other_v1_1_0_b.py"] {
        workspace.write(&format!("tools/{odd}"), "pass\n");
    }
    let scan = scan_of(&workspace);
    assert_eq!(said(row(&scan, "tools/csv_parser_v1_1_0.py")), ("csv_parser_v1_1_0", "1.1.0".into(), None, None));
    assert!(scan.tools.iter().all(|tool| tool.evolved_from.is_none()), "{:?}", scan.tools);
    assert_eq!(scan.tools.len(), 6);
}

#[test]
fn a_folder_below_versions_is_a_version_and_the_original_keeps_its_digest() {
    let workspace = Workspace::new();
    let manifest = "name = \"csv\"\ndescription = \"Parses CSV.\"\nversion = \"1.0.0\"\n[run]\ncommand = [\"python3\", \"{file}\"]\n";
    let home = "tools/experimental/csv";
    workspace.write(&format!("{home}/tool.toml"), manifest);
    workspace.write(&format!("{home}/main.py"), ORIGINAL);
    let before = row(&scan_of(&workspace), "tools/experimental/csv/tool.toml").clone();
    workspace.write(&format!("{home}/versions/1.1.0/tool.toml"), manifest);
    workspace.write(&format!("{home}/versions/1.1.0/main.py"), EVOLVED);
    let scan = scan_of(&workspace);
    assert_eq!(scan.problems, vec![]);
    let (original, version) = (&scan.tools[0], &scan.tools[1]);
    assert_eq!((original.digest, &original.path), (before.digest, &before.path));
    let at = Some("tools/experimental/csv/tool.toml");
    assert_eq!(said(version), ("csv", "1.1.0".into(), at, at));
    assert_eq!((version.stage, &version.category, version.files), (Stage::Experimental, &original.category, 2));
    assert_eq!(read(&workspace.plan(), version).unwrap().tool, **version);
    workspace.write(&format!("{home}/versions/notes.txt"), "x");
    workspace.write(&format!("{home}/versions/new/tool.toml"), manifest);
    workspace.write(&format!("{home}/versions/1.2.0/readme.txt"), "x");
    let scan = scan_of(&workspace);
    let problems: Vec<_> = scan.problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect();
    let at = |rest: &str| format!("{home}/versions/{rest}");
    let (bare, named, other) = (at("1.2.0"), at("new"), at("notes.txt"));
    let wanted = [
        (bare.as_str(), ProblemCode::UnknownDialect),
        (named.as_str(), ProblemCode::BadName),
        (other.as_str(), ProblemCode::UnknownDialect),
    ];
    assert_eq!((problems, scan.tools.len()), (wanted.to_vec(), 2));
}

#[test]
fn a_version_below_an_approved_tool_is_experimental() {
    let workspace = Workspace::new();
    workspace.write("tools/approved/csv/tool.toml", "name = \"csv\"\ndescription = \"x\"\n");
    workspace.write("tools/approved/csv/versions/1.1.0/csv.py", EVOLVED);
    let scan = scan_of(&workspace);
    let version = row(&scan, "tools/approved/csv/versions/1.1.0/csv.py");
    assert_eq!((version.stage, version.name.as_str()), (Stage::Experimental, "csv"));
    assert_eq!(version.shadowed_by.as_deref(), Some("tools/approved/csv/tool.toml"));
}

#[test]
fn versions_stay_with_the_name_when_the_original_was_promoted() {
    let workspace = Workspace::new();
    workspace.write("tools/approved/csv_parser/csv_parser.py", ORIGINAL);
    workspace.write("tools/experimental/csv_parser_v1_1_0.py", EVOLVED);
    workspace.write("tools/experimental/csv_parser/versions/1.2.0/csv_parser.py", "print(2)\n");
    let scan = scan_of(&workspace);
    let at = Some("tools/approved/csv_parser/csv_parser.py");
    let said: Vec<_> = scan.tools.iter().map(|tool| said(tool)).collect();
    assert_eq!(
        said,
        [
            ("csv_parser", "1.0.0".into(), None, None),
            ("csv_parser", "1.2.0".into(), at, at),
            ("csv_parser", "1.1.0".into(), at, at),
        ]
    );
}

#[test]
fn a_version_that_was_moved_keeps_the_name_of_its_folder() {
    let workspace = Workspace::new();
    workspace.write("tools/approved/csv_parser/csv_parser_v1_1_0.py", EVOLVED);
    workspace.write("tools/experimental/csv_parser.py", ORIGINAL);
    workspace.write("tools/archived/csv_parser-1a2b3c4d/csv_parser_v1_2_0.py", EVOLVED);
    let scan = scan_of(&workspace);
    let names: Vec<_> = scan.tools.iter().map(|tool| (tool.name.as_str(), tool.version.to_string())).collect();
    assert_eq!(names, ["1.1.0", "1.0.0", "1.2.0"].map(|version| ("csv_parser", version.to_owned())));
    assert_eq!(scan.tools[1].shadowed_by.as_deref(), Some("tools/approved/csv_parser/csv_parser_v1_1_0.py"));
    for tool in &scan.tools {
        assert_eq!(read(&workspace.plan(), tool).unwrap().tool, **tool);
    }
}

#[test]
fn the_promotions_file_chooses_among_the_versions_of_a_name() {
    let workspace = Workspace::new();
    workspace.write("tools/csv_parser.py", ORIGINAL);
    workspace.write("tools/csv_parser_v1_1_0.py", EVOLVED);
    workspace.write("tools/other.py", "print(1)\n");
    let entry = |file: &str| {
        format!(
            "{{\"csv_parser\": {{\"evolved_version\": \"1.1.0\", \"evolved_file\": {file:?}}}, \"gone\": {{\"evolved_file\": \"x\"}}}}"
        )
    };
    for file in ["tools/csv_parser_v1_1_0.py", "./tools/csv_parser_v1_1_0.py", "csv_parser_v1_1_0.py"] {
        workspace.write(".tool_promotions.json", entry(file));
        let scan = scan_of(&workspace);
        let (original, version) = (row(&scan, "tools/csv_parser.py"), row(&scan, "tools/csv_parser_v1_1_0.py"));
        assert_eq!(scan.problems, vec![]);
        assert_eq!((version.shadowed_by.as_deref(), version.shadows.len()), (None, 1), "{file}");
        assert_eq!(original.shadowed_by.as_ref(), Some(&version.path));
    }
    for file in
        ["/etc/passwd", "../csv_parser_v1_1_0.py", "tools/../../x.py", "tools/csv_parser_v9_9_9.py", "tools/other.py"]
    {
        workspace.write(".tool_promotions.json", entry(file));
        let scan = scan_of(&workspace);
        assert_eq!(row(&scan, "tools/csv_parser.py").shadowed_by, None, "{file}");
        assert_eq!(scan.problems.len(), 1, "{file}");
        assert!(scan.problems[0].message.starts_with("csv_parser: evolved_file"), "{:?}", scan.problems);
    }
    workspace.write(".tool_promotions.json", "{\n\"csv_parser\": ");
    let scan = scan_of(&workspace);
    assert_eq!((scan.problems.len(), scan.problems[0].line), (1, Some(2)));
    assert_eq!(row(&scan, "tools/csv_parser.py").shadowed_by, None);
}

#[test]
fn a_promoted_version_that_cannot_be_read_is_one_problem_not_two() {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/csv/tool.toml", "name = \"csv\"\ndescription = \"x\"\n");
    workspace.write("tools/approved/csv/tool.toml", "name = \n");
    let entry = "{\"csv\": {\"evolved_file\": \"tools/approved/csv/tool.toml\"}}";
    workspace.write(".tool_promotions.json", entry);
    let scan = scan_of(&workspace);
    let told: Vec<&str> = scan.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!((told, scan.tools.len()), (vec!["tools/approved/csv/tool.toml"], 1));
}

#[test]
fn a_version_of_a_clashing_name_is_used_by_neither_and_clashes_with_neither() {
    let workspace = Workspace::new();
    workspace.write("tools/a/x.py", ORIGINAL);
    workspace.write("tools/b/x.py", EVOLVED);
    workspace.write("tools/b/x_v1_1_0.py", "print(2)\n");
    let scan = scan_of(&workspace);
    assert_eq!(row(&scan, "tools/a/x.py").clashes, ["tools/b/x.py"]);
    assert_eq!(row(&scan, "tools/b/x.py").clashes, ["tools/a/x.py"]);
    assert_eq!(row(&scan, "tools/b/x_v1_1_0.py").clashes, Vec::<String>::new());
}
