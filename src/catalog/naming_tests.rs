//! What a script is called, and what a document beside it adds, as scans of small workspaces find it.

use super::testing::Workspace;
use super::*;
use crate::domain::{Format, ProblemCode, Tool};

fn scan_of(workspace: &Workspace) -> Scan {
    scan(&workspace.plan(), &Cache::default(), &mut |_| {})
}

fn row<'s>(scan: &'s Scan, path: &str) -> &'s Tool {
    scan.tools.iter().find(|tool| tool.path == path).unwrap_or_else(|| {
        panic!("no row {path}: {:?} {:?}", scan.tools.iter().map(|t| &t.path).collect::<Vec<_>>(), scan.problems)
    })
}

#[test]
fn a_file_whose_name_says_nothing_is_named_by_its_folder_wherever_it_lies() {
    let workspace = Workspace::new();
    let names = [
        ("tools/Dice Roll/main.py", "dice_roll"),
        ("tools/blackjack/main.py", "blackjack"),
        ("tools/blackjack/app.py", "blackjack_app"),
        ("tools/blackjack/deck.py", "deck"),
        ("tools/weather/src/index.js", "weather"),
        // No folder below the root says anything.
        ("tools/main.py", "main"),
        ("tools/scripts/run.sh", "run"),
        // Where an approval moves them: the name stays.
        ("tools/approved/poker/main.py", "poker"),
        ("tools/approved/poker_app/app.py", "poker_app"),
        ("tools/archived/whist-0a1b2c3d/main.py", "whist"),
    ];
    for (path, _) in names {
        let say = match path.rsplit_once('.').unwrap().1 {
            "py" => format!("print('{path}')\n"),
            "js" => format!("console.log('{path}')\n"),
            _ => format!("echo '{path}'\n"),
        };
        workspace.write(path, say);
    }
    let scan = scan_of(&workspace);
    for (path, name) in names {
        let tool = row(&scan, path);
        assert_eq!(tool.name.as_str(), name, "{path}");
        assert_eq!(read(&workspace.plan(), tool).unwrap().tool.name.as_str(), name, "{path}");
    }
}

#[test]
fn a_document_beside_a_script_declares_what_it_may_do_and_changes_nothing_else() {
    const DECLARES: &str = "[permissions]\nnetwork = \"full\"\nread = [\"{workspace}\"]\n";
    let python = "\"\"\"Tell the weather.\"\"\"\nimport argparse\np = argparse.ArgumentParser()\np.add_argument('city')\n\
                  print(p.parse_args().city)\n";
    let workspace = Workspace::new();
    workspace.write("tools/weather.py", python);
    workspace.write("tools/clock", "#!/bin/sh\n# Tell the time.\ndate\n");
    let before = scan_of(&workspace);
    for stem in ["weather", "clock", "alone"] {
        workspace.write(&format!("tools/{stem}.toml"), DECLARES);
    }
    let scan = scan_of(&workspace);
    for (script, definition) in [("tools/weather.py", "tools/weather.toml"), ("tools/clock", "tools/clock.toml")] {
        let (old, new) = (row(&before, script), row(&scan, definition));
        assert_eq!(
            (new.name.as_str(), &new.description, new.format),
            (old.name.as_str(), &old.description, Format::Pair)
        );
        let (old, new) = (read(&workspace.plan(), old).unwrap(), read(&workspace.plan(), new).unwrap());
        assert_eq!((&old.manifest.input, &old.manifest.recipe), (&new.manifest.input, &new.manifest.recipe));
        assert_eq!(new.manifest.permissions.network, ["full"]);
        assert_eq!(new.manifest.permissions.read, ["{workspace}"]);
        assert_eq!(new.files.len(), 2, "both are approved together");
    }
    // Without a script it declares nothing about anything.
    assert!(scan.tools.iter().all(|tool| tool.path != "tools/alone.toml" || !tool.runnable));
}

#[test]
fn a_declaration_with_an_unknown_word_is_a_problem_and_the_script_keeps_its_own_row() {
    let workspace = Workspace::new();
    workspace.write("tools/a.py", "print(1)\n");
    workspace.write("tools/a.toml", "[permissions]\nnetwrok = \"full\"\n");
    workspace.write("tools/b.py", "print(2)\n");
    workspace.write("tools/b.toml", "server = 1\n[permissions]\nnetwork = \"full\"\n");
    let scan = scan_of(&workspace);
    assert_eq!(row(&scan, "tools/b.py").format, Format::Header);
    let code = |path: &str| scan.problems.iter().find(|problem| problem.path == path).map(|problem| problem.code);
    assert_eq!(code("tools/b.toml"), Some(ProblemCode::UnknownDialect));
    assert_eq!(code("tools/a.toml"), Some(ProblemCode::BadField));
}
