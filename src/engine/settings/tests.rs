//! Reading settings, and the problems reported for mistakes in them.

use super::*;
use std::collections::BTreeSet;

pub(super) fn load(workspace: &str, user: &str) -> (Settings, Vec<Problem>) {
    let temp = tempfile::tempdir().unwrap();
    let home = Home { config: temp.path().join("config"), data: temp.path().join("data") };
    std::fs::create_dir(&home.config).unwrap();
    std::fs::write(temp.path().join("toolsmith.toml"), workspace).unwrap();
    std::fs::write(home.config_file(), user).unwrap();
    Settings::load(temp.path(), &home)
}

/// Removes the comment sign from every line with a setting.
pub(super) fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') && rest.ends_with(']') || rest.contains(" = ") => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_files_are_the_defaults() {
    assert_eq!(load(DEFAULT_WORKSPACE, DEFAULT_CONFIG), (Settings::default(), vec![]));
}

#[test]
fn the_examples_in_the_shipped_files_are_valid() {
    let (settings, problems) = load(&uncommented(DEFAULT_WORKSPACE), &uncommented(DEFAULT_CONFIG));
    assert_eq!(problems, vec![]);
    let root = RootSetting { path: "scripts".into(), stage: Some(Stage::Experimental) };
    assert_eq!(settings.roots, vec![root]);
    let actions: Vec<_> = settings.keys.iter().map(|key| (key.action.as_str(), key.keys.len())).collect();
    assert_eq!(actions, vec![("run", 1), ("palette", 2)]);
    assert_eq!(settings.secrets.len(), 4, "one of each kind, and a command with a variable");
    let names: Vec<_> = settings.generators.iter().map(|generator| generator.name.as_str()).collect();
    assert_eq!(names, ["agent", "gpt", "claude", "gemini", "local"]);
}

#[test]
fn a_workspace_cannot_set_what_is_the_users() {
    let (settings, problems) = load("[git]\ncommit = false\n[keys]\napprove = \"space\"\n[policy]\n", "");
    assert_eq!(settings, Settings { commit: false, ..Settings::default() });
    let found: Vec<_> = problems.iter().map(|p| (p.path.as_str(), p.line, p.message.as_str())).collect();
    assert_eq!(
        found,
        vec![
            ("toolsmith.toml", Some(3), "keys cannot be set in a workspace"),
            ("toolsmith.toml", Some(5), "policy cannot be set in a workspace"),
        ]
    );
}

#[test]
fn a_secret_is_never_in_a_workspace_and_a_problem_does_not_repeat_it() {
    let (settings, problems) = load("[secrets]\nTOKEN = { env = \"HOME\" }\n", "");
    assert!(settings.secrets.is_empty());
    assert_eq!(problems[0].message, "secrets cannot be set in a workspace");
    let user = "[secrets]\nTOKEN = { env = \"MY_TOKEN\" }\nPLAIN = \"hunter-two\"\nPATH = { env = \"X\" }\n\
                BOTH = { env = \"X\", file = \"/hunter-two\" }\nNEAR = { file = \"hunter-two\" }\n\
                NOTHING = { command = [] }\nTOOLSMITH_X = { env = \"X\" }\n";
    let (mut settings, problems) = load("", user);
    let unsaid = ["PLAIN", "BOTH", "NEAR", "NOTHING"].map(str::to_owned);
    assert_eq!(settings.secrets.remove("TOKEN"), Some(SecretSource::Env("MY_TOKEN".to_owned())));
    assert!(settings.secrets.keys().eq(BTreeSet::from(unsaid).iter()), "{:?}", settings.secrets);
    let is_unsaid = |source| matches!(source, SecretSource::Nowhere(place) if place.contains("config.toml:"));
    assert!(settings.secrets.into_values().all(is_unsaid));
    assert_eq!(problems.iter().map(|p| p.line.unwrap()).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8]);
    assert!(!format!("{problems:?}").contains("hunter"), "{problems:?}");
}

#[test]
fn what_cannot_be_used_is_named_with_its_line_and_the_rest_holds() {
    let user = "theme = \"dark\"\nmouse = \"no\"\ncolor = 1\n[timeouts]\ncore = \"90s\"\napproved = \"-1s\"\n\
                archived = \"1s\"\n[keys]\nrun = 5\nquit = [\"Q\"]\n";
    let (settings, problems) = load("", user);
    assert_eq!((settings.theme, &settings.fault), (Theme::Dark, &None));
    assert!(settings.mouse);
    assert_eq!(settings.timeout(Stage::Core), Some(Duration::from_secs(90)));
    assert_eq!(settings.timeout(Stage::Approved), Some(Duration::from_mins(1)));
    assert_eq!(settings.keys, vec![KeySetting { action: "quit".into(), keys: vec!["Q".into()], line: 10 }]);
    let lines: Vec<_> = problems.iter().map(|problem| problem.line.unwrap()).collect();
    assert_eq!(lines, vec![2, 3, 6, 7, 9]);
    assert!(problems.iter().all(|problem| problem.code == ProblemCode::BadSetting && !problem.hint.is_empty()));
}

#[test]
fn roots_may_be_relative_absolute_or_below_the_home_folder() {
    let text = "[[roots]]\npath = \"more\"\n[[roots]]\npath = \"/opt/tools\"\nstage = \"core\"\n[[roots]]\n\
                path = \"~/mine\"\n[[roots]]\npath = \"x\"\nstage = \"best\"\n[[roots]]\nstage = \"core\"\n";
    let mut settings = Settings::default();
    let mut file = File { path: "toolsmith.toml", text, problems: Vec::new() };
    let table = DeTable::parse(text).unwrap();
    settings.apply_workspace(&mut file, table.get_ref(), Some(Path::new("/home/ada")));
    let root = |path: &str, stage| RootSetting { path: path.into(), stage };
    assert_eq!(
        settings.roots,
        vec![root("more", None), root("/opt/tools", Some(Stage::Core)), root("/home/ada/mine", None)]
    );
    assert_eq!(file.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), vec![Some(10), Some(11)]);
}

#[test]
fn a_root_is_not_the_whole_disk_the_home_or_the_kernel() {
    for path in ["/", "/usr", "~", "~/", "/proc/1", "/dev/shm", "/home"] {
        let (text, mut settings) = (format!("[[roots]]\npath = {path:?}\n"), Settings::default());
        let mut file = File { path: "toolsmith.toml", text: &text, problems: Vec::new() };
        let table = DeTable::parse(&text).unwrap();
        settings.apply_workspace(&mut file, table.get_ref(), Some(Path::new("/home/ada")));
        assert_eq!((settings.roots.len(), file.problems.len()), (0, 1), "{path}");
    }
}

#[test]
fn a_file_that_is_not_toml_leaves_the_defaults_and_names_the_line() {
    let (settings, problems) = load("[git]\ncommit = \n", "");
    assert_eq!(settings, Settings::default());
    assert_eq!(problems.iter().map(|p| (p.line, p.code)).collect::<Vec<_>>(), vec![(Some(2), ProblemCode::BadSyntax)]);
    let (_, problems) = load("a = \"\u{feff}\"", "\u{feff}mouse = false");
    assert_eq!(problems.len(), 1);
}
