//! Making tools: from documents over specifications to scaffolds.

use crate::support::{Workspace, shared};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use toolsmith::domain::Digest;

/// The outline of a document, one line a section.
fn outline(answer: &Value) -> String {
    let mut text = String::new();
    for section in answer["sections"].as_array().unwrap() {
        let level = section["level"].as_u64().unwrap() as usize;
        let code = section["code"].as_array().unwrap();
        let class = section["class"].as_str().unwrap();
        let _ = write!(text, "{:>4}-{:<4} {class:<12} ", section["line"], section["end_line"]);
        let _ = write!(text, "{:indent$}{}", "", section["title"].as_str().unwrap(), indent = level * 2);
        let _ = writeln!(text, "{}", if code.is_empty() { String::new() } else { format!(" [{} code]", code.len()) });
    }
    let cut = &answer["summary"]["cut"];
    let _ = writeln!(text, "{} lines, {} of them demand something", cut["lines"], cut["requirements"]);
    text
}

#[test]
fn the_founding_documents_are_taken_apart_as_they_were() {
    let test = "the_founding_documents_are_taken_apart_as_they_were";
    let Some(folder) = shared(test).map(|shared| shared.join("seeds")) else { return };
    let workspace = Workspace::new();
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 5);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let file = path.to_str().unwrap();
        let (answer, code) = workspace.json(&["spec", file]);
        assert_eq!(code, 0, "{answer:#}");
        assert_eq!(answer["document"]["digest"], json!(Digest::of_bytes(&bytes)), "{file}");
        for line in answer["summary"]["lines"].as_array().unwrap() {
            let Some(number) = line["line"].as_u64() else { continue };
            let source = String::from_utf8_lossy(&bytes);
            let source = source.lines().nth(number as usize - 1).unwrap().to_owned();
            let shown: String =
                line["text"].as_str().unwrap().chars().filter(char::is_ascii_alphabetic).take(8).collect();
            let there: String = source.chars().filter(char::is_ascii_alphabetic).take(8).collect();
            assert!(shown == there || SafeStart(&source).has_hidden(), "{file}:{number}: {shown} {there}");
        }
        assert!(answer["summary"]["text"].as_str().unwrap().chars().count() <= 10_000, "{file}");
        let name = path.file_stem().unwrap().to_str().unwrap();
        insta::assert_snapshot!(format!("outline_{}", &name[..3]), outline(&answer));
    }
}

/// A line in which escapes stand for hidden characters has more letters than its source.
struct SafeStart<'a>(&'a str);

impl SafeStart<'_> {
    fn has_hidden(&self) -> bool {
        self.0.chars().any(toolsmith::domain::is_hidden)
    }
}

#[test]
fn a_document_is_summed_up_kept_and_opened_again_by_its_digest() {
    let workspace = Workspace::new();
    let text = format!("# A tool\n\n## Requirements\n\n- It must sort.\n\n## Notes\n\n{}", "Words.\n".repeat(3_000));
    workspace.write("spec.md", &text);
    let output = workspace.toolsmith(&["spec", "spec.md", "--max-length", "800"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.chars().count() <= 800, "{shown}");
    assert!(shown.contains("   5  - It must sort.") && shown.contains("lines cut"), "{shown}");
    let digest = Digest::of_bytes(text.as_bytes());
    assert!(shown.contains(&digest.hex()), "{shown}");
    fs::remove_file(workspace.path("spec.md")).unwrap();
    let short = digest.short();
    let (full, _) = workspace.json(&["spec", &short, "--full"]);
    assert_eq!(full["text"], json!(text));
    let (part, _) = workspace.json(&["spec", &short, "--lines", "5-6"]);
    assert_eq!(part["part"], json!([{"line": 5, "text": "- It must sort."}, {"line": 6, "text": ""}]));
    assert_eq!(workspace.json(&["spec", "nowhere.md"]).1, 5);
    assert_eq!(workspace.json(&["spec", &short, "--max-length", "20"]).1, 2);
}

#[test]
fn other_encodings_are_named_and_what_is_no_text_is_refused() {
    let workspace = Workspace::new();
    let wide: Vec<u8> = "\u{feff}# Größe\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, encoding, title) in [
        (b"# Gr\xf6\xdfe\n".to_vec(), "latin1", "Größe"),
        (wide, "utf16-le", "Größe"),
        (b"\xef\xbb\xbf# A\n".to_vec(), "utf8-bom", "A"),
    ] {
        fs::write(workspace.path("spec.md"), bytes).unwrap();
        let (answer, code) = workspace.json(&["spec", "spec.md"]);
        assert_eq!((code, &answer["document"]["encoding"]), (0, &json!(encoding)));
        assert_eq!(answer["document"]["title"], json!(title));
    }
    fs::write(workspace.path("spec.pdf"), b"%PDF-1.7\n").unwrap();
    let (answer, code) = workspace.json(&["spec", "spec.pdf"]);
    assert_eq!(code, 1);
    assert!(answer["error"]["message"].as_str().unwrap().contains("a PDF"), "{answer}");
}
