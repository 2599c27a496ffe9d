//! Documents with the name of a script or of a folder.

use super::cache::Cache;
use super::scan;
use super::testing::Workspace;
use std::os::unix::fs::symlink;

/// Paths of rows, problems and skipped files below `tools/`.
fn told(workspace: &Workspace, cache: &Cache) -> [Vec<String>; 3] {
    let found = scan(&workspace.plan(), cache, &mut |_| {});
    let short = |path: &str| path[6..].to_owned();
    [
        found.tools.iter().map(|tool| short(&tool.path)).collect(),
        found.problems.iter().map(|problem| short(&problem.path)).collect(),
        found.skipped.iter().map(|file| short(&file.path)).collect(),
    ]
}

#[test]
fn a_document_that_is_no_manifest_takes_neither_a_folder_nor_a_script() {
    let workspace = Workspace::new();
    let write = |path: &str, text: &str| workspace.write(&format!("tools/{path}"), text);
    let script = |path: &str| write(path, "#!/bin/sh\n# Does it\necho 1\n");
    // Not recognised, with a link beside it.
    write("ci/ci.yml", "box: x\nbuild: {steps: []}\n");
    script("ci/one.sh");
    script("ci/two.sh");
    std::fs::create_dir_all(workspace.at("tools/shared")).unwrap();
    symlink("../shared", workspace.at("tools/ci/lib")).unwrap();
    // This one leads out of the tools.
    std::fs::create_dir_all(workspace.at("outer")).unwrap();
    symlink("../../outer", workspace.at("tools/ci/elsewhere")).unwrap();
    // Not recognised.
    write("st/st.yml", "global: {}\n");
    script("st/st.sh");
    script("st/inner/deep.sh");
    // For another program.
    write("flow/flow.yml", "name: flow\non: [push]\njobs: {a: {runs-on: x}}\n");
    script("flow/deploy.sh");
    // With code that nothing here runs.
    write("nu/nu.yml", "name: nu\non: [push]\njobs: {a: {runs-on: x}}\n");
    write("nu/one.nu", "print 1\n");
    write("nu/two.nu", "print 2\n");
    write("nu/README.md", "words\n");
    // Nothing but words beside it: meant as a tool.
    write("meant/meant.yml", "global: {}\n");
    write("meant/README.md", "words\n");
    // Scripts that hide what they import: a tool, and all of it where nothing is started.
    write("crew/crew.py", "from . import parts\nprint(parts.draft('x'))\n");
    write("crew/parts.py", "@tool\ndef draft(a: str):\n    return a\n\n@tool\ndef other(b: str):\n    return b\n");
    write("flow2/flow2.py", "from .steps import Step\nclass Flow(Step): pass\n");
    write("flow2/steps.py", "class Step: pass\nprint(Step())\n");
    write("whole/whole.py", "from parts2 import go\ngo()\n");
    write("whole/parts2.py", "def go(): pass\n");
    // Scripts of the same stem.
    write("shop/y.json", "{\"name\": \"x\", ");
    script("shop/y.sh");
    write("shop/lone.yml", "global: {}\n");
    script("shop/lone.py");
    workspace.write("elsewhere.yml", "global: {}\n");
    symlink("../../elsewhere.yml", workspace.at("tools/shop/linked.yml")).unwrap();
    script("shop/linked.sh");
    // These are manifests.
    write("own/own.yml", "name: own\ndescription: d\nrun:\n  command: [ls]\n");
    script("own/helper.sh");
    write("shop/pair.yml", "name: pair\ndescription: d\n");
    script("shop/pair.sh");
    write("shop/wrong.yml", "name: wrong\nkeywords: 17\n");
    script("shop/wrong.sh");
    // What was approved as a whole stays one.
    write("agreed/agreed.yml", "global: {}\n");
    script("agreed/agreed.sh");
    write("agreed/approval.toml", "");

    let when = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    for path in super::testing::files_below(&workspace.at("tools")) {
        std::fs::File::open(path).and_then(|file| file.set_modified(when)).unwrap();
    }
    let cold = told(&workspace, &Cache::default());
    let [mut rows, problems, skipped] = cold.clone();
    rows.sort();
    let wanted = [
        "ci/one.sh",
        "ci/two.sh",
        "crew/crew.py",
        "crew/parts.py#draft",
        "crew/parts.py#other",
        "flow/deploy.sh",
        "flow2/flow2.py",
        "flow2/steps.py",
        "own/own.yml",
        "shop/linked.sh",
        "shop/lone.py",
        "shop/pair.yml",
        "shop/y.sh",
        "st/inner/deep.sh",
        "st/st.sh",
        "whole/whole.py",
    ];
    assert_eq!(rows, wanted);
    assert_eq!(
        problems,
        [
            "agreed/agreed.yml",
            "ci/elsewhere",
            "meant/meant.yml",
            "shop/linked.yml",
            "shop/lone.yml",
            "shop/wrong.yml",
            "shop/y.json",
            "st/st.yml"
        ]
    );
    assert_eq!(
        skipped,
        ["ci/ci.yml", "ci/lib", "flow/flow.yml", "nu/README.md", "nu/nu.yml", "nu/one.nu", "nu/two.nu"]
    );
    // What was kept of the first scan gives the same.
    let mut kept = Cache::default();
    let found = scan(&workspace.plan(), &kept, &mut |_| {});
    assert!(!found.fresh.is_empty());
    kept.0.extend(found.fresh);
    assert_eq!(told(&workspace, &kept), cold);
}
