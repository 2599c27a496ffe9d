use super::*;
use std::fmt::Write;

fn names(found: &[FoundCapability]) -> Vec<&str> {
    found.iter().map(|one| one.capability.as_str()).collect()
}

fn of_help(text: &str) -> Vec<String> {
    names(&capabilities_of_help(text, &[]).found).into_iter().map(str::to_owned).collect()
}

#[test]
fn where_a_help_text_says_whom_to_turn_to_it_says_nothing_of_the_program() {
    let text = "Usage: cat [FILE]...\nConcatenate FILE(s) to standard output.\n\n\
                GNU coreutils online help: <https://www.gnu.org/software/coreutils/>\n\
                Report any translation bugs to <https://translationproject.org/team/>\n";
    assert_eq!(of_help(text), Vec::<String>::new());
}

const CLAP: &str = "Writes and debugs code

Usage: coder [OPTIONS] <COMMAND>

Commands:
  generate  Generate code from a description
  review, r  Review a change
  fmt
  help      Print this message or the help of the given subcommand(s)

Options:
  -v, --verbose  Be loud
      --search   Translate everything
";

const ARGPARSE: &str = "usage: coder [-h] [--level N] {serve,index} ...

A companion for code review.

positional arguments:
  {serve,index}
    serve        Answer questions
    index        Read the files first, so that
                 later questions are answered sooner

options:
  -h, --help     show this help message and exit
";

const CLICK: &str = "Usage: coder [OPTIONS] COMMAND [ARGS]...\n\n  Summarize long documents.\n\nOptions:\n  --help  Show this message and exit.\n\nCommands:\n  read   Read a document.\n  write  Write one.\n";

const GIT: &str = "usage: git [-v | --version] [--help]\n\nThese are common Git commands used in various situations:\n\nstart a working area (see also: git help tutorial)\n   clone     Clone a repository into a new directory\n   init      Create an empty repository\n\nwork on the current change\n   add       Add file contents\n\nSee 'git help <command>' to read about a subcommand.\n";

const GO: &str = "Go is a tool.\n\nUsage:\n\n\tgo <command> [arguments]\n\nThe commands are:\n\n\tbuild       compile packages\n\tmod         module maintenance\n\nAdditional help topics:\n\n\tbuildmode   build modes\n";

const GH: &str = "Work with a forge.\n\nCORE COMMANDS\n  auth:          Log in\n  pr:            Manage pull requests\n\nFLAGS\n  --help      Show help\n\nEXAMPLES\n  gh repo clone\n";

const NPM: &str = "npm <command>\n\nUsage:\n\nnpm install        install all\n\nAll commands:\n\n    access, adduser, audit,\n    bugs, cache, ci\n\nSpecify configs in the ini-formatted file:\n    /root/.npmrc\n";

#[test]
fn commands_of_help_texts_of_the_usual_forms_are_found() {
    // Words that are known are found in descriptions, too.
    assert_eq!(of_help(CLAP), ["debugging", "generate", "code_generation", "review", "fmt"]);
    assert_eq!(of_help(ARGPARSE), ["code_review", "serve", "index"]);
    assert_eq!(of_help(CLICK), ["summarization", "read", "write"]);
    assert_eq!(of_help(GIT), ["clone", "init", "add"]);
    assert_eq!(of_help(GO), ["build", "mod"]);
    assert_eq!(of_help(GH), ["auth", "pr"]);
    assert_eq!(of_help(NPM), ["access", "adduser", "audit", "bugs", "cache", "ci"]);
    let found = capabilities_of_help(ARGPARSE, &[]).found;
    assert_eq!((found[1].sentence.as_str(), found[1].source), ("Answer questions", ProbeSource::Help));
}

const UNITS: &str = "units [OPTIONS...] COMMAND ...

Unit Commands:
  list-units [PATTERN...]             List units currently in memory,
                                      ordered by path
  start UNIT...                       Start (activate) one or more units
  set-property UNIT PROPERTY=VALUE...
                                      Sets one or more properties
Options:
  -h --help   Show this help
";

const DASHED: &str = "Usage: get [options] command\n\nMost used commands:\n  update - Retrieve new lists\n  install - Install packages\n\nSee get(8).\n";

const WIDE: &str = "help:\n\nStandard commands\nasn1parse         ca                ciphers\ncms               crl\n\nCipher commands (see the `enc' command for more details)\naes-128-cbc       aria-128-cbc      base64\n";

const METAVAR: &str = "usage: coder [-h] [--level {low,high}] COMMAND ...

positional arguments:
  COMMAND
    serve      Answer questions
    index      Read the files

options:
  -h, --help   show this help message and exit
";

const INDENTED: &str = "\n  Usage: tool [options] [command]\n\n  Commands:\n\n    start <name>  Start one\n    stop          Stop all\n\n  Options:\n\n    -h, --help  output usage information\n";

const DOCOPT: &str =
    "Fleet.\n\nUsage:\n  fleet ship new <name>...\n  fleet (set|remove) <x> <y>\n  fleet -h | --help\n";

const FORMS: &str = "issues: the issues of a project\n\n  issues              the open ones\n  issues list         a line each\n  issues show N       one of them\n  issues resolved N [N ...]\n                      these are done\n";

#[test]
fn commands_of_help_texts_of_rarer_forms_are_found() {
    assert_eq!(of_help(UNITS), ["list-units", "start", "set-property"]);
    assert_eq!(capabilities_of_help(UNITS, &[]).found[2].sentence, "Sets one or more properties");
    assert_eq!(of_help(DASHED), ["update", "install"]);
    assert_eq!(of_help(WIDE), ["asn1parse", "ca", "ciphers", "cms", "crl", "aes-128-cbc", "aria-128-cbc", "base64"]);
    assert_eq!(of_help(METAVAR), ["serve", "index"]);
    assert_eq!(of_help(INDENTED), ["start", "stop"]);
    assert_eq!(of_help(DOCOPT), ["ship", "set", "remove"]);
    assert_eq!(of_help(FORMS), ["list", "show", "resolved"]);
    assert_eq!(of_help("Usage: /etc/init.d/web {start|stop|reload}\n"), ["start", "stop", "reload"]);
}

#[test]
fn a_sentence_does_not_repeat_a_command_and_a_single_word_counts_where_it_says_what_is_done() {
    let text = "Commands:\n  debug   Show information useful for debugging\n  probe   Refactor a file\n  show    Show the chat\n";
    assert_eq!(of_help(text), ["debug", "probe", "refactoring", "show"]);
    let claimed = ["show".to_owned(), "download".to_owned()];
    let found = capabilities_of_help("Commands:\n  pull    Download and show an image\n", &claimed).found;
    assert_eq!(names(&found), ["pull"], "what others claim in one word is in many sentences");
}

#[test]
fn choices_of_an_argument_are_no_commands() {
    let text = "usage: plot [-h] {png,svg} files ...\n\npositional arguments:\n  {png,svg}   format\n  files       what to draw\n  there\n";
    assert_eq!(of_help(text), Vec::<String>::new());
    assert_eq!(of_help("usage: mv [-f] source target\n       mv [-f] source ... directory\n"), Vec::<String>::new());
}

#[test]
fn arguments_and_options_are_no_capabilities() {
    let text = "usage: x [-h] FILE target\n\npositional arguments:\n  FILE        a file\n  target      what to make\n\noptions:\n  -h, --help  show this help message and exit\n  --chat      chat with it\n";
    assert_eq!(of_help(text), Vec::<String>::new());
    assert_eq!(
        of_help(
            "Usage: cat [OPTION]... [FILE]...\nConcatenate FILE(s) to standard output.\n\n  -A, --show-all           equivalent to -vET\n"
        ),
        Vec::<String>::new()
    );
}

#[test]
fn words_that_other_tools_claim_are_known() {
    let claimed = ["invoice_matching".to_owned(), "Code-Generation".to_owned()];
    let found = capabilities_of_help("Matches invoices, generates code.\n", &claimed).found;
    assert_eq!(names(&found), ["code_generation", "invoice_matching"]);
}

#[test]
fn tools_that_are_listed_are_capabilities_with_their_descriptions() {
    let pairs = [
        ("readFile", "Read a file"),
        ("web-search", "Search the web\nin many lines"),
        ("run", "Debug"),
        ("", "Chat"),
        ("readFile", ""),
    ];
    let found = capabilities_of_tools(&pairs.map(|(name, text)| (name.to_owned(), text.to_owned())), &[]).found;
    assert_eq!(names(&found), ["read_file", "web-search", "run", "debugging"]);
    assert_eq!(found[1].sentence, "Search the web in many lines");
    assert!(found.iter().all(|one| one.source == ProbeSource::Mcp));
}

#[test]
fn hostile_texts_are_bounded_and_made_safe() {
    let mut text = "Commands:\n".to_owned();
    for number in 0..10_000 {
        let long = "x".repeat(500);
        writeln!(text, "  c{number}  \u{1b}[31mred\u{1b}[0m \u{202e}turned \u{1b}]0;title\u{7}{long}").unwrap();
    }
    let Findings { found, left_out } = capabilities_of_help(&text, &[]);
    assert_eq!((found.len(), left_out), (MOST_FOUND, 2_000 - 1 - MOST_FOUND));
    for one in &found {
        assert!(one.sentence.starts_with("red \\u{202e}turned xxx"), "{:?}", one.sentence);
        assert!(
            one.sentence.len() < SENTENCE_CHARS + 20 && !one.sentence.contains(char::is_control),
            "{}",
            one.sentence
        );
    }
    let bad = ["a\u{1b}[2Jb", "../../etc/passwd", "a\"]\nkind = \"x", "\u{202e}", "-rf", &"n".repeat(5_000)];
    let pairs: Vec<(String, String)> = bad.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    for one in capabilities_of_tools(&pairs, &[]).found {
        let is_plain = one.capability.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        assert!(is_plain && one.capability.len() <= 2 * NAME_CHARS, "{:?}", one.capability);
    }
}

#[test]
fn the_help_command_keeps_what_names_the_program() {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<String>>();
    for (command, wanted) in [
        ("openai --mode stdio", &["openai --help"][..]),
        ("coder serve --port 1", &["coder serve --help", "coder --help"]),
        ("python3 {file} --loud", &["python3 {file} --help"]),
        ("python3 {file} notes.txt --loud", &["python3 {file} notes.txt --help", "python3 {file} --help"]),
        ("/usr/bin/python3.11 -m coder", &["/usr/bin/python3.11 -m coder --help"]),
        ("npx -y @acme/server", &["npx -y @acme/server --help"]),
        ("uvx acme --stdio", &["uvx acme --stdio --help"]),
        ("cat -u -", &["cat --help"]),
    ] {
        let wanted: Vec<Vec<String>> = wanted.iter().map(|line| words(line)).collect();
        assert_eq!(help_commands(&words(command)), wanted, "{command}");
    }
    assert_eq!(help_commands(&[]), [["--help"]]);
}

#[test]
fn what_an_error_repeats_is_not_taken() {
    let text = "usage: main.py [-h] {refactor,explain} ...\nmain.py: error: invalid choice (choose from 'refactor')\n";
    assert_eq!(of_help(text), Vec::<String>::new());
}

#[test]
fn the_protocol_is_recognised_by_its_name() {
    for (text, wanted) in [
        ("mcp-server-files", true),
        ("Serves the Model Context Protocol", true),
        ("@acme/mcp", true),
        ("a model of a protocol", false),
        ("compact", false),
    ] {
        assert_eq!(speaks_of_mcp(text), wanted, "{text}");
    }
}
