//! Code that an approved tool loads through a read grant: it is named with its digest, and a later change of it is a
//! departure, however the file is reached.

use crate::history::world::{ada, decide, open, without_checks};
use crate::needs;
use crate::support::Workspace;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use toolsmith::domain::DecisionKind;
use toolsmith::engine::ReviewFilter;

/// A way to load code from the folder `lib` of the workspace.
struct Way {
    name: &'static str,
    /// The command of the tool; its file is `x`.
    command: &'static str,
    /// What the tool's file says.
    source: &'static str,
    /// The file that is loaded, below `lib`, and what is in it before and after.
    file: &'static str,
    before: &'static str,
    after: &'static str,
    /// The program that must be installed.
    needs: Option<&'static needs::Program>,
}

const PYTHON: &str = "\"python3\", \"{file}\", \"{workspace}/lib\"";
const IMPORT: &str = "import sys; sys.path.insert(0, sys.argv[1]); import helper; print(helper.VALUE)\n";

const WAYS: [Way; 9] = [
    Way {
        name: "import",
        command: PYTHON,
        source: IMPORT,
        file: "helper.py",
        before: "VALUE = 1\n",
        after: "VALUE = 2\n",
        needs: Some(&needs::PYTHON),
    },
    Way {
        name: "linked-file",
        command: PYTHON,
        source: "import sys; sys.path.insert(0, sys.argv[1]); import linked; print(linked.VALUE)\n",
        file: "helper.py",
        before: "VALUE = 1\n",
        after: "VALUE = 2\n",
        needs: Some(&needs::PYTHON),
    },
    Way {
        name: "linked-folder",
        command: PYTHON,
        source: "import sys; sys.path.insert(0, sys.argv[1] + '/linked-folder'); import helper; print(helper.VALUE)\n",
        file: "helper.py",
        before: "VALUE = 1\n",
        after: "VALUE = 2\n",
        needs: Some(&needs::PYTHON),
    },
    Way {
        name: "link-of-its-own",
        command: PYTHON,
        source: "import os, sys; os.symlink(sys.argv[1] + '/helper.py', 'mine.py'); sys.path.insert(0, os.getcwd())\nimport \
                 mine; print(mine.VALUE)\n",
        file: "helper.py",
        before: "VALUE = 1\n",
        after: "VALUE = 2\n",
        needs: Some(&needs::PYTHON),
    },
    Way {
        name: "program-without-ending",
        command: PYTHON,
        source: "import subprocess, sys; subprocess.run([sys.argv[1] + '/helper'])\n",
        file: "helper",
        before: "#!/bin/sh\necho 1\n",
        after: "#!/bin/sh\necho 2\n",
        needs: Some(&needs::PYTHON),
    },
    Way {
        name: "script-of-an-interpreter",
        command: "\"sh\", \"{file}\", \"{workspace}/lib\"",
        source: "sh \"$1/helper\"\n",
        file: "helper",
        before: "echo 1\n",
        after: "echo 2\n",
        needs: None,
    },
    Way {
        name: "sourced",
        command: "\"sh\", \"{file}\", \"{workspace}/lib\"",
        source: ". \"$1/helper.sh\"\n",
        file: "helper.sh",
        before: "echo 1\n",
        after: "echo 2\n",
        needs: None,
    },
    Way {
        name: "required",
        command: "\"node\", \"{file}\", \"{workspace}/lib\"",
        source: "console.log(require(process.argv[2] + '/helper.js'))\n",
        file: "helper.js",
        before: "module.exports = 1\n",
        after: "module.exports = 2\n",
        needs: Some(&needs::NODE),
    },
    Way {
        name: "library",
        command: PYTHON,
        source: "import ctypes, sys\ntry: ctypes.CDLL(sys.argv[1] + '/helper.so')\nexcept OSError as error: print(error)\n",
        file: "helper.so",
        before: "\u{7f}ELF 1\n",
        after: "\u{7f}ELF 2\n",
        needs: Some(&needs::PYTHON),
    },
];

impl Way {
    /// A workspace in which the tool of this way is approved and may do what it declares.
    fn workspace(&self, settings: &str) -> Workspace {
        let workspace = Workspace::new();
        without_checks(&workspace);
        // Tools of root's run as another user, who must get there.
        let above = workspace.root().parent().unwrap().to_owned();
        fs::set_permissions(above, fs::Permissions::from_mode(0o755)).unwrap();
        let config = workspace.home().join("toolsmith/config/config.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(config, text + settings).unwrap();
        let manifest = format!(
            "name = \"loads\"\nversion = \"1.0.0\"\ndescription = \"Loads code\"\ncost_tier = \"low\"\n[run]\ncommand = \
             [{}]\nentry = \"x\"\n[permissions]\nread = [\"lib\"]\n",
            self.command
        );
        workspace.write("tools/experimental/loads/tool.toml", &manifest);
        workspace.write("tools/experimental/loads/x", self.source);
        workspace.write(&format!("lib/{}", self.file), self.before);
        self.put(&workspace, self.before);
        symlink("helper.py", workspace.path("lib/linked.py")).unwrap();
        symlink(".", workspace.path("lib/linked-folder")).unwrap();
        let engine = open(&workspace);
        let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
        engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
        let tool = engine.library().resolve("loads").unwrap();
        let allow = engine.runs().unallowed(&tool, &ada()).unwrap().unwrap();
        engine.execute(allow, &ada()).unwrap();
        // By the program, like every later run: another home folder would be another envelope.
        run(&workspace);
        workspace
    }

    /// Puts other content into the file that is loaded.
    fn put(&self, workspace: &Workspace, content: &str) {
        let path = workspace.path(&format!("lib/{}", self.file));
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn is_possible(&self) -> bool {
        self.needs.is_none_or(|program| needs::has(&[program]))
    }
}

/// One run by an agent: its record.
fn run(workspace: &Workspace) -> Value {
    let (run, _) = workspace.json(&["run", "loads", "--as-agent", "coder"]);
    run["run"].clone()
}

/// Goes through a change of the loaded file; `None` when the machine gives no observer.
fn prove(way: &Way, settings: &str) {
    if !way.is_possible() {
        return;
    }
    let name = way.name;
    let workspace = way.workspace(settings);
    let same = run(&workspace);
    if same["isolation"]["level"] == "limits-only" {
        needs::not_run("nothing is observed here");
        return;
    }
    assert_eq!(same["departed"], Value::Array(vec![]), "{name}: {same:#}");
    let (seen, _) = workspace.json(&["behaviour", "loads"]);
    let path = format!("{{workspace}}/lib/{}", way.file);
    let listed = |seen: &Value| {
        seen["behaviour"]["loaded"].as_array().unwrap().iter().find(|file| file["path"] == *path).cloned()
    };
    let before =
        listed(&seen).unwrap_or_else(|| panic!("{name}: {path} is not listed: {:#}", seen["behaviour"]["loaded"]));
    let show = workspace.toolsmith(&["behaviour", "loads"]).output().unwrap();
    assert!(String::from_utf8_lossy(&show.stdout).contains(&path), "{name}");

    way.put(&workspace, way.after);
    let changed = run(&workspace);
    let short = |file: &Value| file["digest"].as_str().unwrap()[..12].to_owned();
    let (seen, _) = workspace.json(&["behaviour", "loads"]);
    let after = listed(&seen).unwrap();
    let did = changed["departed"][0].as_str().unwrap_or_else(|| panic!("{name}: no departure: {changed:#}")).to_owned();
    for part in ["load code", &path, "changed from", &short(&before)[..8], &short(&after)[..8]] {
        assert!(did.contains(part), "{name}: {part}: {did}");
    }
    let (reviews, _) = workspace.json(&["reviews"]);
    let review = &reviews["reviews"][0];
    assert_eq!((&review["kind"], &review["risk"]), (&"drift".into(), &"high".into()), "{name}: {reviews:#}");
    let text = workspace.toolsmith(&["review", &review["id"].to_string()]).output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("code loaded") && text.contains(&path), "{name}: {text}");
}

const CONFINED: &str = "[isolation]\nbubblewrap = \"off\"\n";

#[test]
fn a_change_of_loaded_code_is_a_departure_at_isolated() {
    for way in &WAYS {
        prove(way, "");
    }
}

#[test]
fn a_change_of_loaded_code_is_a_departure_at_confined() {
    for way in &WAYS {
        prove(way, CONFINED);
    }
}

#[test]
fn data_that_is_read_is_no_code() {
    const IN_FOLDER: &str = "import sys; print(open(sys.argv[1] + '/data.csv').read())\n";
    const BY_NAME: &str = "import sys; print(open(sys.argv[1]).read())\n";
    const SHELL: &str = "cat \"$1\"\n";
    let ways = [
        (PYTHON, IN_FOLDER, Some(&needs::PYTHON)),
        ("\"python3\", \"{file}\", \"{workspace}/lib/data.csv\"", BY_NAME, Some(&needs::PYTHON)),
        ("\"python3\", \"-u\", \"{file}\", \"{workspace}/lib/data.csv\"", BY_NAME, Some(&needs::PYTHON)),
        ("\"bash\", \"{file}\", \"{workspace}/lib/data.csv\"", SHELL, None),
    ];
    for (command, source, needs) in ways {
        let way = Way { name: "data", command, source, file: "data.csv", before: "1\n", after: "2\n", needs };
        let workspace = way.workspace("");
        let first = run(&workspace);
        way.put(&workspace, way.after);
        let changed = run(&workspace);
        assert_eq!(first["end"], changed["end"], "{command}: {changed:#}");
        assert_eq!(changed["departed"], Value::Array(vec![]), "{command}: {changed:#}");
    }
}
