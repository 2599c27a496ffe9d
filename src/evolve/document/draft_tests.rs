//! Drafts of specifications from documents.

use super::*;

fn read(text: &str) -> ToolSpecification {
    draft(&Document::read(text.as_bytes()), &ToolName::new("join").unwrap()).specification
}

fn parameters(text: &str) -> Vec<String> {
    let line = |p: &InputParameter| {
        let required = if p.required { " required" } else { "" };
        let constraints = if p.constraints.is_empty() { String::new() } else { format!(" {}", json!(p.constraints)) };
        format!("{}: {}{required}{constraints} | {}", p.name, p.kind, p.description)
    };
    read(text).input_parameters.iter().map(line).collect()
}

#[test]
fn parameters_are_read_from_tables_lists_options_and_schemas() {
    let expected = ["path: string required | the file", "limit: integer {\"default\":10} | how many"];
    for text in [
        "# J\n| Name | Type | Required | Default | Description |\n|---|---|---|---|---|\n| `path` | str | yes | - | the file |\n| limit | int | no | 10 | how many |\n",
        "## Inputs\n- `path` (string, required): the file\n- `limit` (int, default: 10) - how many\n",
        "Parameters:\n- **path** (str, required) – the file\n- limit (integer, optional, default 10): how many\n",
        "# J\n```json\n{\"type\": \"object\", \"required\": [\"path\"], \"properties\": {\"path\": {\"type\": \"string\", \"description\": \"the file\"}, \"limit\": {\"type\": \"integer\", \"default\": 10, \"description\": \"how many\"}}}\n```\n",
    ] {
        assert_eq!(parameters(text), expected, "{text}");
    }
    assert_eq!(
        parameters("# Options\n```\njoin [options]\n  --port <number>   the port\n```\n"),
        ["port: number | the port"]
    );
    assert_eq!(parameters("## Inputs\n- Two files that are read\n- a: int - a number\n"), ["a: integer | a number"]);
    assert!(parameters("| Date | Version |\n|---|---|\n| x | y |\n").is_empty());
}

#[test]
fn the_rest_of_a_draft_has_its_place_in_the_document_and_what_is_missing_is_named() {
    let text = "# Join\n\nStatus: draft\n\nJoins two files by a key\nand writes one.\n\n## Language\nTypeScript (node)\n\n\
                ## Output\nOne list.\n\n## Example\nInput:\n```json\n{\"a\": 1}\n```\nOutput:\n```json\n[1]\n```\n";
    let draft = draft(&Document::read(text.as_bytes()), &ToolName::new("join").unwrap());
    let read = draft.specification;
    assert_eq!(read.description, "Joins two files by a key and writes one.");
    assert_eq!(read.language, Some(ScriptLanguage::TypeScript));
    assert_eq!(read.expected_output, Some(json!("One list.")));
    let example = SpecifiedExample { description: "Example".into(), input: json!({"a": 1}), output: Some(json!([1])) };
    assert_eq!(read.examples, [example]);
    assert_eq!(read.missing(), ["input_parameters"]);
    let found: Vec<(&str, usize)> = draft.found.iter().map(|found| (found.field, found.line)).collect();
    assert_eq!(found, [("description", 5), ("language", 9), ("expected_output", 11), ("examples", 16)]);
}

#[test]
fn words_become_a_specification_and_what_is_missing_is_asked_for_by_name() {
    let name = ToolName::new("wrap").unwrap();
    let words = "Takes a string `text` and an integer `width` (default 80) and returns the wrapped text. \
                 Example: text=\"a b\", width=1 -> a";
    let read = draft_of_words(words, &name).specification;
    let inputs: Vec<String> = read.input_parameters.iter().map(ToString::to_string).collect();
    assert_eq!(inputs, ["text: string", "width: integer = 80"]);
    assert_eq!(read.expected_output, Some(json!("the wrapped text")));
    let example = SpecifiedExample {
        description: String::new(),
        input: json!({"text": "a b", "width": 1}),
        output: Some(json!("a")),
    };
    assert_eq!((read.examples, read.description.as_str()), (vec![example], words));
    assert!(unanswered(words).is_empty());
    let names: Vec<&str> = unanswered("Joins two files").iter().map(|question| question.name).collect();
    assert_eq!(names, ["inputs", "output", "examples"]);
}

#[test]
fn answers_to_the_questions_are_read_and_do_not_stand_in_the_description() {
    let name = ToolName::new("sum").unwrap();
    let answers = ["a: integer, b: integer = 1", "their sum", "a=1, b=2 -> 3; a=4 -> 5"];
    let words = QUESTIONS
        .iter()
        .zip(answers)
        .fold("Adds numbers".to_owned(), |words, (question, answer)| question.answered(&words, answer));
    assert!(unanswered(&words).is_empty(), "{words}");
    let read = draft_of_words(&words, &name).specification;
    assert_eq!(read.description, "Adds numbers");
    let inputs: Vec<String> = read.input_parameters.iter().map(ToString::to_string).collect();
    assert_eq!(inputs, ["a: integer", "b: integer = 1"]);
    assert_eq!(read.expected_output, Some(json!("their sum")));
    let examples: Vec<_> = read.examples.into_iter().map(|example| (example.input, example.output)).collect();
    assert_eq!(examples, [(json!({"a": 1, "b": 2}), Some(json!(3))), (json!({"a": 4}), Some(json!(5)))]);
    assert_eq!(QUESTIONS[1].answered("Adds", " "), "Adds");
}

#[test]
fn a_draft_of_anything_fits_the_schema() {
    proptest::proptest!(|(text in "([-|#*`:() a-z0-9\\n]|required|default|Inputs|int|\\{|\\}){0,200}")| {
        let kept = serde_json::to_value(read(&text)).unwrap();
        proptest::prop_assert!(ToolSpecification::read(kept, None).is_ok());
    });
}

#[test]
fn inputs_name_the_words_that_they_were_read_from_and_whether_these_say_a_type() {
    let name = ToolName::new("cut").unwrap();
    let words = "Takes a file path, a delimiter and an integer `limit` (default 3) and prints the fields.";
    let said: Vec<String> =
        draft_of_words(words, &name).inputs.iter().map(|source| format!("{}: {source}", source.input)).collect();
    assert_eq!(
        said,
        [
            "file_path: read from \"a file path\"",
            "delimiter: assumed: \"a delimiter\" names no type",
            "limit: read from \"an integer `limit` (default 3)\"",
        ]
    );
    let table = "# T\n\n## Parameters\n\n| Name | Type |\n|---|---|\n| left | string |\n";
    assert!(draft_of_words(table, &name).inputs.is_empty(), "a table says it itself");
}

#[test]
fn an_input_that_is_named_like_a_type_is_an_example_and_examples_name_inputs() {
    let name = ToolName::new("draft").unwrap();
    let of = |words: &str| draft_of_words(words, &name).specification;
    let read = of("Count the lines of a file.\n\nInput: path=\"a.txt\"\nOutput: 3\n");
    assert_eq!(read.examples.len(), 1, "{read:?}");
    assert_eq!(read.examples[0].input, json!({"path": "a.txt"}));
    let read = of("Add up two numbers. Input: a=2, b=3. Output: 5");
    let inputs: Vec<(&str, ParameterType)> =
        read.input_parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.kind)).collect();
    assert_eq!(inputs, [("a", ParameterType::Integer), ("b", ParameterType::Integer)]);
    assert_eq!(read.expected_output, None);
}
