//! Options of Perl (`Getopt::Long`, `Getopt::Std`) and Ruby (`OptionParser`) scripts. Their code is not parsed: the
//! specifications are texts, which are read where they stand.

use super::option_words::{Takes, rule_of, type_word};
use super::scanner::{calls, split};
use super::{Declared, DeclaredInput, ScriptText, literal, rest_words};
use crate::domain::source::Language;
use crate::domain::{ArgRule, InputMode};

/// Both write strings, comments and brackets as Python does, as far as it matters here.
const SIGNS: Language = Language::Python;

/// Reads a script whose options are declared.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let extension = script.path.rsplit('/').next()?.rsplit_once('.').map(|(_, extension)| extension);
    let first = script.text.lines().next().filter(|line| line.starts_with("#!")).unwrap_or_default();
    let is = |endings: &[&str], program: &str| {
        extension.is_some_and(|extension| endings.contains(&extension)) || first.contains(program)
    };
    let mut inputs = Vec::new();
    let mut takes_words = true;
    if is(&["pl", "pm"], "perl") {
        inputs = perl_long(script.text);
        inputs.extend(perl_letters(script.text, &inputs));
        let behind = script.text.find("GetOptions").or_else(|| script.text.find("getopts")).unwrap_or(0);
        takes_words = perl_code(&script.text[behind..]).any(|line| {
            let is_shift = line.split_once("shift").is_some_and(|(before, rest)| {
                // `shift @list` and `shift(@list)` take from another list.
                let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || "_$@%&>".contains(c));
                is_word && !rest.trim_start_matches(['(', ' ']).starts_with(['@', '%', '$'])
            });
            line.contains("ARGV") || line.contains("<>") || is_shift && !line.starts_with(char::is_whitespace)
        });
    } else if is(&["rb"], "ruby") {
        inputs = ruby(script.text);
        takes_words = script.text.contains("ARGV") || script.text.contains("ARGF");
    }
    if inputs.is_empty() {
        return None;
    }
    if takes_words {
        inputs.push(rest_words(&inputs));
    }
    Some(Declared { inputs, input: Some(InputMode::Args), ..Declared::default() })
}

/// The lines of code of a Perl script, without comments and pages of documentation.
fn perl_code(text: &str) -> impl Iterator<Item = &str> {
    let mut is_page = false;
    text.lines().take_while(|line| *line != "__END__").filter(move |line| {
        let was_page = is_page;
        is_page = if line.starts_with("=cut") {
            false
        } else {
            is_page || line.starts_with("=head") || line.starts_with("=pod")
        };
        !was_page && !is_page && !line.trim_start().starts_with('#')
    })
}

/// `GetOptions("name|n=s" => \$name, "verbose!", "v+" => \$level)`.
fn perl_long(text: &str) -> Vec<DeclaredInput> {
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    let parts = calls(text, "GetOptions", SIGNS).flat_map(|(_, inner)| split(inner, b',', SIGNS));
    for part in parts {
        let mut part = part.trim();
        while part.starts_with('#') {
            part = part.split_once('\n').map_or("", |(_, rest)| rest.trim());
        }
        let (written, kept) = part.split_once("=>").unwrap_or((part, ""));
        let written = written.trim();
        let spec = literal::text(written, SIGNS).unwrap_or_else(|| written.to_owned());
        // A list or a hash takes the option as often as it is given.
        let is_list = kept.trim_start().trim_start_matches('\\').starts_with(['@', '%', '[', '{']);
        inputs.extend(perl_option(&spec, is_list, &inputs));
    }
    inputs
}

/// One specification: names, then `!`, `+`, or `=` or `:` with a type and `@` or `%`.
fn perl_option(spec: &str, is_list: bool, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let end = spec.find(['=', ':', '!', '+']).unwrap_or(spec.len());
    let (names, kind) = spec.split_at(end);
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let dashed = |name: &str| if name.len() == 1 { format!("-{name}") } else { format!("--{name}") };
    let mut flags: Vec<String> = names.split('|').filter(is_name).map(dashed).collect();
    if is_help(&flags) || names.contains(char::is_whitespace) {
        return None;
    }
    if kind == "!" {
        let on = flags.iter().position(|flag| flag.starts_with("--"))?;
        flags[on] = format!("{}/--no-{}", flags[on], flags[on].trim_start_matches('-'));
    }
    let (name, rule) = rule_of(&flags, taken)?;
    let mut input = DeclaredInput::text(&name, rule);
    match (kind.chars().next(), is_list || kind.contains(['@', '%', '{'])) {
        (None | Some('!'), _) => input.takes(Takes::Nothing),
        (Some('+'), _) => input.takes(Takes::Times),
        (_, true) => input.takes(Takes::Repeated),
        (Some(':'), false) => input.takes(Takes::OneOrNone),
        (_, false) => match kind.chars().nth(1) {
            Some('i' | 'o') => input.schema.extend(type_word("int")),
            Some('f') => input.schema.extend(type_word("float")),
            _ => {}
        },
    }
    Some(input)
}

/// `getopts("ab:", \%options)`.
fn perl_letters(text: &str, taken: &[DeclaredInput]) -> Vec<DeclaredInput> {
    let found = ["getopts", "getopt"].iter().flat_map(|name| calls(text, name, SIGNS)).next();
    let spec = found.and_then(|(_, inner)| literal::text(split(inner, b',', SIGNS).first()?.trim(), SIGNS));
    let letters: Vec<char> = spec.unwrap_or_default().chars().collect();
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    for (at, letter) in letters.iter().enumerate().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
        let flags = [format!("-{letter}")];
        let all: Vec<DeclaredInput> = taken.iter().chain(&inputs).cloned().collect();
        let Some((name, rule)) = rule_of(&flags, &all).filter(|_| !is_help(&flags)) else { continue };
        let mut input = DeclaredInput::text(&name, rule);
        if letters.get(at + 1) != Some(&':') {
            input.takes(Takes::Nothing);
        }
        inputs.push(input);
    }
    inputs
}

/// `opts.on("-n", "--name NAME", Integer, "Words")`.
fn ruby(text: &str) -> Vec<DeclaredInput> {
    if !text.contains("OptionParser") {
        return Vec::new();
    }
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    let whole = calls(text, "on", SIGNS).map(|(_, inner)| inner);
    // Without brackets the arguments end with the line, or where the block begins.
    let bare = text.lines().filter_map(|line| line.split_once(".on ").map(|(_, rest)| rest));
    let bare = bare.map(|rest| {
        rest.split([" do |", " do", " {"].iter().find(|end| rest.contains(**end)).copied().unwrap_or("\n"))
            .next()
            .unwrap_or(rest)
    });
    for call in whole.chain(bare) {
        let parts: Vec<&str> = split(call, b',', SIGNS).into_iter().map(str::trim).collect();
        inputs.extend(ruby_option(&parts, &inputs));
    }
    inputs
}

fn ruby_option(parts: &[&str], taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let texts: Vec<String> = parts.iter().filter_map(|part| literal::text(part, SIGNS)).collect();
    let (options, words): (Vec<String>, Vec<String>) = texts.into_iter().partition(|text| text.starts_with('-'));
    let value = options.iter().find_map(|option| option.split_once([' ', '=']).map(|(_, value)| value.to_owned()));
    let flag = |option: &String| option.split([' ', '=']).next().unwrap_or(option).to_owned();
    let switched = |flag: String| match flag.strip_prefix("--[no-]") {
        Some(name) => format!("--{name}/--no-{name}"),
        None => flag,
    };
    let flags: Vec<String> = options.iter().map(flag).map(switched).collect();
    let is_known = taken.iter().any(|input| {
        input
            .rule
            .as_ref()
            .and_then(ArgRule::option_forms)
            .is_some_and(|forms| flags.iter().any(|flag| forms.has(flag)))
    });
    if is_help(&flags) || is_known {
        return None;
    }
    let (name, rule) = rule_of(&flags, taken)?;
    let mut input = DeclaredInput::text(&name, rule);
    let kind = parts.iter().copied().find(|part| part.starts_with(|c: char| c.is_ascii_uppercase()));
    match (value, kind) {
        (None, _) => input.takes(Takes::Nothing),
        (Some(_), Some("Array")) => input.describe("Values with commas between them."),
        (Some(_), Some("Integer")) => input.schema.extend(type_word("int")),
        (Some(_), Some("Float" | "Numeric")) => input.schema.extend(type_word("float")),
        (Some(_), _) => {}
    }
    input.describe(&words.join(" "));
    Some(input)
}

fn is_help(flags: &[String]) -> bool {
    flags.is_empty() || flags.iter().any(|flag| matches!(flag.as_str(), "--help" | "--version" | "--man" | "-?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn declared_of(path: &str, text: &str) -> Vec<String> {
        let declared = read(&ScriptText::new(path, text, Language::of(path, text))).unwrap_or_default();
        let shown = |input: &DeclaredInput| format!("{} {}", input.rule.as_ref().unwrap(), json!(input.schema));
        declared.inputs.iter().map(shown).collect()
    }

    #[test]
    fn options_of_perl_are_inputs() {
        let text = "use Getopt::Long;\nGetOptions(\n  'name|n=s' => \\$name,  # who\n  \"count=i\" => \\$count,\n  'dry-run!' => \\$dry,\n  \
                    'v|verbose+' => \\$v, \"ids=s@\" => \\@ids, 'help|h' => \\$h) or die;\nprint @ARGV;\n";
        let expected = [
            r#"--name,-n {"type":"string"}"#,
            r#"--count {"type":"integer"}"#,
            r#"--dry-run/--no-dry-run {"type":"boolean"}"#,
        ];
        let found = declared_of("x.pl", text);
        assert_eq!(found[..3], expected);
        assert!(found[3].starts_with("--verbose,-v"), "{found:?}");
        assert!(found[4].starts_with("--ids") && found[4].contains("array"), "{found:?}");
        assert!(found[5].starts_with("args") && found.len() == 6, "{found:?}");
        let text = "use Getopt::Long;\nGetOptions('name=s' => \\$name);\n# shift ARGV\nsub f {\n  my $x = shift;\n}\n";
        assert_eq!(declared_of("x.pl", text).len(), 1);
        let found = declared_of("x", "#!/usr/bin/perl\nuse Getopt::Std;\ngetopts('af:', \\%o);\n");
        assert_eq!(found, [r#"-a {"type":"boolean"}"#, r#"-f {"type":"string"}"#]);
    }

    #[test]
    fn lists_and_hashes_of_perl_take_several_values() {
        let text = "GetOptions('word=s' => \\@words, 'def=s%' => \\%h, 'set=s' => \\%set, 'name:s' => \\$name);\n";
        let list = r#"{"type":"array","items":{"type":"string"}}"#;
        let expected = [
            format!("--word {list}"),
            format!("--def {list}"),
            format!("--set {list}"),
            r#"--name {"type":["boolean","string","number"]}"#.to_owned(),
        ];
        assert_eq!(declared_of("x.pl", text), expected);
    }

    #[test]
    fn options_of_ruby_are_inputs() {
        let text = "OptionParser.new do |opts|\n  opts.on('-n', '--count N', Integer, 'How many') { |n| x = n }\n  opts.on(\"--[no-]color\", \"Colours\") do |c|\n  end\n  \
                    opts.on '-o', '--out FILE', 'Where to' do |f|\n  end\n  opts.on('-h', '--help') { puts opts }\nend.parse!\n";
        let expected = [
            r#"--count,-n {"type":"integer","description":"How many"}"#,
            r#"--color/--no-color {"type":"boolean","description":"Colours"}"#,
            r#"--out,-o {"type":"string","description":"Where to"}"#,
        ];
        assert_eq!(declared_of("x.rb", text), expected);
    }
}
