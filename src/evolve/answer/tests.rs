use super::{AnswerFiles, AnswerLimits, Fault, Unusable, Want, read};
use proptest::prelude::*;
use std::collections::BTreeMap;

const OLD: &str = "import csv\nprint('old')\n";
const NEW: &str = "import csv\nprint('new')\n";

fn want() -> Want {
    Want {
        entry: Some("tool.py".into()),
        files: BTreeMap::from([("tool.py".into(), OLD.into()), ("lib/more.py".into(), "x = 1\n".into())]),
        manifest: Some(("tool.toml".into(), "name = \"a\"\n".into())),
        cut: Vec::new(),
        bounds: AnswerLimits::default(),
    }
}

fn files(text: &str) -> Vec<(String, String)> {
    read(text, &want()).unwrap_or_else(|unusable| panic!("{unusable:?}\n{text}")).files
}

fn fault(text: &str) -> Fault {
    match read(text, &want()) {
        Ok(answer) => panic!("{answer:?}\n{text}"),
        Err(unusable) => unusable.fault,
    }
}

fn one(path: &str, text: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), text.to_owned())]
}

#[test]
fn one_block_without_a_name_is_the_file_that_is_started() {
    let expected = one("tool.py", NEW);
    for text in [
        format!("```python\n{NEW}```"),
        format!("```\n{NEW}```\n"),
        format!("````py\n{NEW}````\n"),
        format!("~~~python\n{NEW}~~~\n"),
        format!("Here it is:\n\n```python3\n{NEW}```\nIt reads both."),
        format!("```python\n{NEW}```").replace('\n', "\r\n"),
        format!("\u{feff}```python\n{NEW}```"),
        format!("1. The file:\n   ```python\n   {}   ```\n", NEW.replace("\nprint", "\n   print")),
        format!("```python\n{NEW}```\nRun it:\n```bash\npython3 tool.py\n```\nIt prints\n```json\n{{\"a\": 1}}\n```\n"),
        format!("```python\n{NEW}```\nOnce more:\n```python\n{NEW}```\n"),
    ] {
        assert_eq!(files(&text), expected, "{text}");
    }
}

#[test]
fn a_block_is_named_by_its_fence_its_first_line_or_the_heading_before_it() {
    for text in [
        format!("```python lib/more.py\n{NEW}```"),
        format!("```lib/more.py\n{NEW}```"),
        format!("```python:lib/more.py\n{NEW}```"),
        format!("```python title=\"lib/more.py\"\n{NEW}```"),
        format!("```python {{file=lib/more.py}}\n{NEW}```"),
        format!("```python\n# lib/more.py\n{NEW}```"),
        format!("```python\n# file: lib/more.py\n{NEW}```"),
        format!("### lib/more.py\n\n```python\n{NEW}```"),
        format!("**`./lib/more.py`**\n```python\n{NEW}```"),
        format!("`lib/more.py`:\n```python\n{NEW}```"),
        format!("File: lib/more.py\n```python\n{NEW}```"),
        format!("I changed the file `lib/more.py` so that it knows both forms:\n```python\n{NEW}```"),
    ] {
        assert_eq!(files(&text), one("lib/more.py", NEW), "{text}");
    }
    let text = format!("### 1. tool.py\n```python\n{NEW}```\n### 2. new/helper.py\n```python\ny = 2\n```\n");
    assert_eq!(files(&text), [("tool.py".into(), NEW.into()), ("new/helper.py".into(), "y = 2\n".into())]);
    let used = format!(
        "```python\n{NEW}```\nSave it as `tool.py` and run:\n```bash\npython3 tool.py\n```\n`tool.py` prints:\n```json\n{{}}\n```"
    );
    assert_eq!(files(&used), one("tool.py", NEW));
    assert_eq!(files(&format!("I improved tool.py and more, see below.\n```python\n{NEW}```")), one("tool.py", NEW));
}

#[test]
fn json_with_files_is_read_bare_and_in_a_fence() {
    let text = NEW.replace('\n', "\\n");
    for answer in [
        format!("{{\"files\": {{\"tool.py\": \"{text}\"}}}}"),
        format!("{{\"files\": [{{\"path\": \"tool.py\", \"content\": \"{text}\"}}], \"more\": 1}}"),
        format!("[{{\"path\": \"tool.py\", \"content\": \"{text}\"}}]"),
        format!("Sure!\n```json\n{{\"files\": {{\"tool.py\": \"{text}\"}}}}\n```\nDone."),
        format!("{{\"files\": {{\"tool.py\": \"{text}\"}}}}\nThat is all."),
        format!("<think>```python\nno\n``` {{\"files\"</think>\n{{\"files\": {{\"tool.py\": \"{text}\"}}}}"),
    ] {
        assert_eq!(files(&answer), one("tool.py", NEW), "{answer}");
    }
    assert_eq!(fault("{\"answer\": 42}"), Fault::OtherJson);
    assert_eq!(fault("[{\"path\": \"tool.py\"}]"), Fault::OtherJson);
    assert_eq!(fault("{\"files\": {\"tool.py\": \"impo"), Fault::Cut);
    assert_eq!(fault("{\"files\": {\"tool.py\": \"a\", \"tool.py\": \"b\"}}"), Fault::Alternatives);
}

#[test]
fn thinking_is_no_answer() {
    for text in [
        format!("<think>\nFirst ```python\nno()\n``` or so\n</think>\n```python\n{NEW}```"),
        format!("I think that\n</think>\n\n```python\n{NEW}```"),
        format!("<thinking>a</thinking><think>b</think>```python\n{NEW}```"),
    ] {
        assert_eq!(files(&text), one("tool.py", NEW), "{text}");
    }
    assert_eq!(fault("<think>\nI could ```python\nx\n```"), Fault::Cut);
}

#[test]
fn what_ends_in_the_middle_cannot_be_used() {
    let unusable = read(&format!("```python\n{NEW}"), &want()).unwrap_err();
    assert_eq!(unusable.fault, Fault::Cut);
    assert!(unusable.why.starts_with("the last code block is not closed: the answer was truncated"), "{unusable}");
    let named = read(&format!("```python\n{NEW}```\n```python lib/more.py\nx ="), &want()).unwrap_err();
    assert!(named.why.starts_with("lib/more.py is not closed"), "{named}");
    assert_eq!(fault(&format!("````python\n{NEW}```\n")), Fault::Cut);
}

#[test]
fn two_versions_of_one_file_are_not_chosen_from() {
    let two = format!("Fast:\n```python\n{NEW}```\nOr simple:\n```python\n{OLD}# simple\n```");
    let unusable = read(&two, &want()).unwrap_err();
    assert_eq!(unusable.fault, Fault::Alternatives);
    assert!(unusable.why.contains("only one of them"), "{unusable}");
    let named = format!("```python tool.py\n{NEW}```\n```python ./tool.py\n# other\n```");
    assert_eq!(read(&named, &want()).unwrap_err().why, "the answer contains tool.py twice; write it once");
}

#[test]
fn a_difference_or_a_part_is_no_file() {
    assert_eq!(fault("```diff\n--- a/tool.py\n+++ b/tool.py\n@@ -1,2 +1,2 @@\n-a\n+b\n```"), Fault::Difference);
    for left_out in
        ["# ... rest of the code stays the same ...", "# ... existing code ...", "# (rest of the file unchanged…)"]
    {
        assert_eq!(fault(&format!("```python\nimport json\n{left_out}\n```")), Fault::Elided, "{left_out}");
    }
    assert_eq!(files("```python\n# the rest of the line is kept\nx = ...\n```").len(), 1);
    let mut want = want();
    want.cut = vec!["tool.py".into()];
    assert_eq!(read(&format!("```python\n{NEW}```"), &want).unwrap_err().fault, Fault::Elided);
}

#[test]
fn an_answer_without_files_is_shown() {
    assert_eq!(fault("I am sorry, I cannot do that."), Fault::NoCode);
    assert_eq!(fault(""), Fault::NoCode);
    assert_eq!(fault(NEW), Fault::NoCode);
    assert_eq!(fault("```python\n\n```"), Fault::NoCode);
    assert_eq!(fault("```console\n$ python3 tool.py\n```"), Fault::NoCode);
    assert_eq!(fault(&format!("```python\n{OLD}```")), Fault::Unchanged);
    let Unusable { shown, .. } = read(&"no ".repeat(5000), &want()).unwrap_err();
    assert!(shown.len() <= 2000 && shown.contains("bytes omitted"), "{shown}");
}

#[test]
fn no_path_leads_out_of_the_folder_or_into_what_is_ours() {
    for path in [
        "../tool.py",
        "a/../../b.py",
        "/etc/cron.d/x.sh",
        "~/x.py",
        "C:\\x.py",
        "a\\b.py",
        ".bashrc",
        ".git/hooks/x.sh",
        "a/.hidden.py",
        "approval.toml",
        "sub/Approval.TOML",
        "versions/1.1.0/tool.py",
        "Versions/x.py",
        "a//b.py",
        "a/b\u{202e}.py",
        "a\u{7}.py",
        "",
        "a/ b.py",
        "a/b/c/d/e/f/g/h/i/j.py",
    ] {
        let json = serde_json::json!({"files": [{"path": path, "content": "x"}]}).to_string();
        assert_eq!(fault(&json), Fault::BadPath, "{path:?}");
    }
    assert_eq!(fault("```python ../tool.py\nx\n```"), Fault::BadPath);
    assert_eq!(fault("```toml approval.toml\ndigest = 1\n```"), Fault::BadPath);
    assert_eq!(fault("```python a.py\nx\n```\n```python A.py\ny\n```"), Fault::BadPath);
    assert_eq!(fault("```python a.b\nx\n```\n```python a.b/c.py\ny\n```"), Fault::BadPath);
}

#[test]
fn too_much_is_refused() {
    let mut want = want();
    want.bounds = AnswerLimits { files: 2, bytes: 100 };
    let many = ["a", "b", "c"].map(|name| format!("```python {name}.py\nx\n```\n")).concat();
    assert_eq!(read(&many, &want).unwrap_err().fault, Fault::TooLarge);
    let long = format!("```python\n{}\n```", "x".repeat(120));
    assert_eq!(read(&long, &want).unwrap_err().fault, Fault::TooLarge);
    assert_eq!(read(&"x".repeat(500), &want).unwrap_err().fault, Fault::TooLarge);
}

#[test]
fn the_manifest_is_no_file_among_others() {
    let manifest = "name = \"a\"\nversion = \"1.1.0\"\n";
    for text in [
        format!("Both.\n```python tool.py\n{NEW}```\n```toml tool.toml\n{manifest}```\nDone."),
        format!("Both.\n```python\n{NEW}```\n```toml\n{manifest}```\nDone."),
    ] {
        let answer = read(&text, &want()).unwrap();
        let expected =
            AnswerFiles { files: one("tool.py", NEW), manifest: Some(manifest.into()), notes: "Both.\nDone.".into() };
        assert_eq!(answer, expected);
    }
}

#[test]
fn a_comment_that_names_the_file_goes_only_when_it_is_new() {
    let mut want = want();
    assert_eq!(
        read("```python\n# tool.py\n#!/usr/bin/env python3\nx\n```", &want).unwrap().files[0].1,
        "#!/usr/bin/env python3\nx\n"
    );
    want.files.insert("tool.py".into(), "# tool.py\nold\n".into());
    assert_eq!(read("```python\n# tool.py\nnew\n```", &want).unwrap().files, one("tool.py", "# tool.py\nnew\n"));
}

#[test]
fn a_file_keeps_its_line_ends() {
    let mut want = want();
    want.files.insert("tool.py".into(), OLD.replace('\n', "\r\n"));
    let answer = read(&format!("```python\n{NEW}```"), &want).unwrap();
    assert_eq!(answer.files, one("tool.py", &NEW.replace('\n', "\r\n")));
    assert_eq!(read(&format!("```python\n{OLD}```"), &want).unwrap_err().fault, Fault::Unchanged);
}

#[test]
fn a_fence_inside_longer_fences_or_quotes_is_code() {
    let text = "````python\nDOC = \"\"\"\n```\nx\n```\n\"\"\"\n````\n";
    assert_eq!(files(text), one("tool.py", "DOC = \"\"\"\n```\nx\n```\n\"\"\"\n"));
    let indented = "```python\nDOC = \"\"\"\n    ```\n\"\"\"\n```\n";
    assert_eq!(files(indented), one("tool.py", "DOC = \"\"\"\n    ```\n\"\"\"\n"));
}

/// Fragments of answers, so that random combinations reach the paths of the reader.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "```",
        "```python\n",
        "```\n",
        "````\n",
        "~~~\n",
        "```json\n",
        "{\"files\": {",
        "\"tool.py\": \"x\"",
        "}}",
        "[",
        "{\"path\":",
        "\"content\": \"a\"}",
        "]",
        "<think>",
        "</think>\n",
        "# tool.py\n",
        "### lib/a.py\n",
        "\r\n",
        "\n",
        "\u{feff}",
        "…",
        "ä`",
        "`tool.py`:\n",
        "../x.py ",
        "# ... existing code ...\n",
        "approval.toml",
        "\0",
        "title=",
        "@@ -1 +1 @@\n",
        "\t ```x:\n",
        "/* a.py */\n",
        "//=\n",
        "#:\n",
        "```:\n",
        "``` =\n",
    ];
    prop_oneof![
        4 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic_and_what_is_read_is_fit(pieces in prop::collection::vec(piece(), 0..24)) {
        let text = pieces.concat();
        for want in [want(), Want::default()] {
            match read(&text, &want) {
                Ok(answer) => {
                    prop_assert!(!answer.files.is_empty() || answer.manifest.is_some());
                    for (path, _) in &answer.files {
                        prop_assert_eq!(super::path::checked(path).ok(), Some(path.clone()));
                    }
                    prop_assert!(answer.notes.len() <= super::MAX_NOTES);
                }
                Err(unusable) => prop_assert!(!unusable.why.is_empty() && unusable.shown.len() <= super::MAX_SHOWN),
            }
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_a_panic(text in "(?s).{0,300}") {
        let _ = read(&text, &want());
    }
}
