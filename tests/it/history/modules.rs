//! Scripts that import files beside them: those are part of each version, and a move of one version leaves the others whole.

use super::world::{State, World, ada, decide, open, without_checks};
use crate::support::Workspace;
use std::fs;
use std::sync::Arc;
use toolsmith::domain::{Command, DecisionKind, Format, Stage, Tool};
use toolsmith::engine::{EngineError, ErrorCode};

const HELPERS: &str = "from kit.words import ending\n\ndef shout(text):\n    return text.upper() + ending()\n";

/// Two scripts that share a module and, through it, a package.
fn sharing() -> World {
    let workspace = Workspace::new().with_git();
    workspace.git(&["config", "user.name", "Ada"]);
    workspace.git(&["config", "user.email", "ada@example.org"]);
    without_checks(&workspace);
    for name in ["one", "two"] {
        let text = format!("\"\"\"Says {name} loudly.\"\"\"\nimport helpers\nprint(helpers.shout('{name}'))\n");
        workspace.write(&format!("tools/experimental/{name}.py"), &text);
    }
    workspace.write("tools/experimental/helpers.py", HELPERS);
    workspace.write("tools/experimental/kit/__init__.py", "");
    workspace.write("tools/experimental/kit/words.py", "from .sign import SIGN\n\ndef ending():\n    return SIGN\n");
    workspace.write("tools/experimental/kit/sign.py", "SIGN = '!'\n");
    World { engine: open(&workspace), workspace }
}

impl World {
    fn scan(&self) {
        self.engine.library().scan(&mut |_| {}).unwrap();
    }

    fn tool(&self, name: &str) -> Arc<Tool> {
        self.scan();
        self.engine.library().resolve(name).unwrap()
    }

    /// The state after a scan: what stays of it in the store is compared too.
    fn scanned(&self) -> State {
        self.scan();
        self.state()
    }

    fn says(&self, name: &str) -> String {
        let output = self.workspace.toolsmith(&["run", name]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    fn approve(&self, name: &str) {
        self.scan();
        let review = self.waiting().into_iter().find(|review| review.tool.as_str() == name).unwrap();
        self.execute(decide(&review, DecisionKind::Approve)).unwrap();
    }

    fn undo(&self) -> Result<toolsmith::domain::Outcome, EngineError> {
        self.execute(Command::Undo { operation: None })
    }

    fn is_waiting(&self, name: &str) -> bool {
        self.scan();
        self.waiting().iter().any(|review| review.tool.as_str() == name)
    }
}

#[test]
fn imported_files_are_part_of_each_version_and_run_with_it() {
    let world = sharing();
    let tool = world.tool("one");
    assert_eq!((tool.files, tool.format, tool.reason.as_deref()), (5, Format::Header, None));
    assert_eq!(world.says("one"), "ONE!\n");
    assert_eq!(world.says("two"), "TWO!\n");
    let detail = world.engine.library().detail(&tool).unwrap();
    let paths: Vec<&str> = detail.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["helpers.py", "kit/__init__.py", "kit/sign.py", "kit/words.py", "one.py"]);

    let digest = tool.digest;
    world.workspace.write("tools/experimental/kit/sign.py", "SIGN = '?'\n");
    assert_ne!(world.tool("one").digest, digest);
    assert_eq!(world.says("one"), "ONE?\n");
}

#[test]
fn an_approved_script_takes_copies_along_and_the_others_keep_theirs() {
    let world = sharing();
    let before = world.scanned();
    let digest = world.tool("one").digest;
    world.approve("one");
    let one = world.tool("one");
    assert_eq!((one.stage, one.digest), (Stage::Approved, digest));
    assert!(one.placement.exclusive && one.path == "tools/approved/one/one.py", "{one:?}");
    for file in ["helpers.py", "kit/sign.py"] {
        assert!(world.workspace.path(&format!("tools/approved/one/{file}")).is_file(), "{file}");
        assert!(world.workspace.path(&format!("tools/experimental/{file}")).is_file(), "{file}");
    }
    assert!(!world.workspace.path("tools/experimental/one.py").exists());
    assert_eq!((world.says("one"), world.says("two")), ("ONE!\n".to_owned(), "TWO!\n".to_owned()));
    assert_eq!(world.workspace.json(&["verify"]).1, 0);
    assert!(!world.is_waiting("one") && world.is_waiting("two"));
    world.undo().unwrap();
    let now = world.scanned();
    assert!(now == before, "{}", before.difference(&now));

    world.approve("one");
    world.approve("two");
    let before = world.scanned();
    world.execute(Command::verb("archive", &[("tool", "one")])).unwrap();
    assert_eq!(world.tool("one").stage, Stage::Archived);
    assert_eq!(world.says("two"), "TWO!\n");
    world.undo().unwrap();
    let now = world.scanned();
    assert!(now == before, "{}", before.difference(&now));
}

#[test]
fn a_changed_module_asks_for_a_review_of_all_that_have_it() {
    let world = sharing();
    world.approve("one");
    world.workspace.write("tools/experimental/helpers.py", &HELPERS.replace("upper", "title"));
    world.workspace.write("tools/approved/one/helpers.py", &HELPERS.replace("upper", "lower"));
    let waiting = |name: &str| {
        let digest = world.tool(name).digest;
        world.waiting().iter().any(|review| review.tool.as_str() == name && review.digest == digest)
    };
    assert!(waiting("one") && waiting("two"));
    let output = world.workspace.toolsmith(&["run", "one"]).env("TOOLSMITH_AGENT", "bot").output().unwrap();
    assert!(!output.status.success(), "a changed module ends the approval for agents");
    assert_eq!(world.says("two"), "Two!\n");
}

#[test]
fn an_undo_never_writes_over_a_module_that_changed_since() {
    let world = sharing();
    world.approve("one");
    world.workspace.write("tools/experimental/helpers.py", "def shout(text):\n    return 'other ' + text\n");
    let before = world.scanned();
    let refused = world.undo().unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(refused.message.contains("tools/experimental/helpers.py has different content"), "{refused:?}");
    let now = world.scanned();
    assert!(now == before, "{}", before.difference(&now));
    assert_eq!(world.says("two"), "other two\n");
}

#[test]
fn a_tool_that_another_script_imports_is_copied_when_it_is_approved() {
    let world = sharing();
    world.workspace.write(
        "tools/experimental/base.py",
        "\"\"\"Prints a sum.\"\"\"\ndef add(a, b):\n    return a + b\n\nif __name__ == '__main__':\n    print(add(1, 2))\n",
    );
    world
        .workspace
        .write("tools/experimental/user.py", "\"\"\"Uses base.\"\"\"\nfrom base import add\nprint(add(2, 2))\n");
    world.approve("base");
    assert!(world.workspace.path("tools/experimental/base.py").is_file());
    assert_eq!((world.says("base"), world.says("user")), ("3\n".to_owned(), "4\n".to_owned()));
    world.approve("user");
    assert_eq!(world.tool("user").stage, Stage::Approved);
    assert_eq!(world.says("user"), "4\n");
}

#[test]
fn a_bundle_carries_modules_and_is_refused_where_others_lie() {
    let world = sharing();
    let bundle = world.workspace.home().join("bundle");
    world.engine.versions().push(bundle.to_str().unwrap(), Some("one"), &ada()).unwrap();
    let carry = |files: &[(&str, &str)]| {
        let workspace = Workspace::new();
        for (path, text) in files {
            workspace.write(path, text);
        }
        let other = World { engine: open(&workspace), workspace };
        let report = other.engine.versions().pull(bundle.to_str().unwrap(), None, &ada()).unwrap();
        (other, report.tools[0].clone())
    };
    let (other, carried) = carry(&[("tools/experimental/kit/sign.py", "SIGN = '!'\n")]);
    assert_eq!(carried.why, "");
    assert_eq!(other.tool("one").digest, world.tool("one").digest);
    assert_eq!(other.says("one"), "ONE!\n");
    let (other, carried) = carry(&[("tools/experimental/helpers.py", "x = 1\n")]);
    assert!(carried.why.contains("tools/experimental/helpers.py already exists"), "{carried:?}");
    assert!(!other.workspace.path("tools/experimental/one.py").exists());
}

#[test]
fn files_that_javascript_names_by_a_relative_path_belong_to_it() {
    let world = sharing();
    world.workspace.write(
        "tools/experimental/hello.mjs",
        "// Says hello.\nimport { hello } from './lib/words.mjs';\nconsole.log(hello());\n",
    );
    world.workspace.write(
        "tools/experimental/lib/words.mjs",
        "import { name } from '../name.mjs';\nexport const hello = () => 'hello ' + name;\n",
    );
    world.workspace.write("tools/experimental/name.mjs", "export const name = 'Ada';\n");
    assert_eq!(world.tool("hello").files, 3);
    assert_eq!(world.says("hello"), "hello Ada\n");
    world.approve("hello");
    assert_eq!(world.tool("hello").stage, Stage::Approved);
    assert_eq!(world.says("hello"), "hello Ada\n");
}

#[test]
fn what_leads_out_of_the_folder_is_no_part_of_a_version() {
    let world = sharing();
    fs::write(world.workspace.home().join("secret.py"), "KEY = 1\n").unwrap();
    let link =
        |from: &str, to: &str| std::os::unix::fs::symlink(world.workspace.home().join(to), world.workspace.path(from));
    link("tools/experimental/outside.py", "secret.py").unwrap();
    link("tools/experimental/elsewhere", "").unwrap();
    world.workspace.write("tools/experimental/a.py", "\"\"\"Reads it.\"\"\"\nimport outside\nprint(outside.KEY)\n");
    world.workspace.write("tools/experimental/b.py", "\"\"\"Reads it.\"\"\"\nimport elsewhere.secret\n");
    let a = world.tool("a");
    assert_eq!(a.files, 1);
    assert_eq!(
        a.reason.as_deref(),
        Some(
            "it imports outside.py, but the link points outside the folder of the tool; replace the link with a copy of the file"
        )
    );
    assert_eq!(world.tool("b").files, 1);
}
