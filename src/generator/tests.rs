//! Asks programs: scripts that work and scripts that fail.

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const PATIENCE: Duration = Duration::from_mins(1);
const QUESTION: GeneratorRequest<'static> = GeneratorRequest { system: "You mend tools.\n", request: "Mend this: é" };

fn generator(argv: &[&str]) -> Generator {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    let env = vec![("MY_KEY".to_owned(), Secret::new("hunter-two"))];
    let program = GeneratorProgram { argv, env, programs: Arc::default(), keeper: None };
    Generator { name: "mine".to_owned(), way: GeneratorKind::Command(program), timeout: PATIENCE }
}

fn script(text: &str) -> Generator {
    generator(&["sh", "-c", text])
}

fn ask_it(generator: &Generator) -> Result<GeneratorAnswer, NoAnswer> {
    let mut pieces = String::new();
    let answer = ask(generator, &QUESTION, &mut |piece| pieces.push_str(piece), &AtomicBool::new(false));
    if let Ok(written) = &answer {
        assert_eq!(written.text, pieces, "the pieces make the answer");
    }
    answer
}

fn trouble(text: &str) -> (Trouble, String) {
    let no = ask_it(&script(text)).unwrap_err();
    (no.trouble, no.message)
}

#[test]
fn a_program_gets_the_system_text_and_then_the_request_and_what_it_prints_is_the_answer() {
    let written = ask_it(&script("cat; printf %s $MY_KEY-$TERM")).unwrap();
    assert_eq!(written.text, "You mend tools.\n\nMend this: é\nhunter-two-dumb");
    assert_eq!((written.usage, written.model), (Usage::default(), None));
}

#[test]
fn what_is_no_text_is_shown_as_replaced_and_the_rest_is_whole() {
    let written = ask_it(&script(r"printf 'a\377b\303'; printf '\251c\342\202'")).unwrap();
    assert_eq!(written.text, "a\u{fffd}bé\u{63}\u{fffd}");
}

#[test]
fn a_failure_is_told_in_one_line_without_secrets() {
    let failed = trouble("echo first >&2; printf 'bad key %s\\033[0m\\n\\n' $MY_KEY >&2; exit 1");
    assert_eq!(failed, (Trouble::Refused, "sh exited with code 1: bad key [redacted MY_KEY] [0m".to_owned()));
    let long = trouble("printf 'x%s%2048s' $MY_KEY end | tail -c 2050 >&2; exit 1");
    assert!(long.1.ends_with(": end") && !long.1.contains("two"), "{long:?}");
    assert_eq!(trouble("exit 75"), (Trouble::Broke, "sh exited with code 75".to_owned()));
    assert_eq!(trouble("kill -9 $$"), (Trouble::Broke, "sh was killed by signal 9".to_owned()));
    assert_eq!(trouble("echo no >&2"), (Trouble::Refused, "sh printed nothing: no".to_owned()));
}

#[test]
fn a_program_that_cannot_be_started_is_refused_with_the_reason() {
    let dir = crate::outside::fixture::folder();
    let path = dir.path().join("agent");
    std::fs::copy("/bin/sh", &path).unwrap();
    let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let agent = generator(&[path.to_str().unwrap()]);
    let shown = path.display();
    let refused = |generator: &Generator| {
        let no = ask_it(generator).unwrap_err();
        assert_eq!(no.trouble, Trouble::Refused);
        no.message
    };
    set(0o644);
    assert_eq!(refused(&agent), format!("{shown} is not used: it is not executable"));
    assert_eq!(reach(&agent, &AtomicBool::new(false)), Err(format!("{shown} is not used: it is not executable")));
    set(0o757);
    assert_eq!(refused(&agent), format!("{shown} is not used: everyone can change {shown}"));
    set(0o755);
    std::fs::write(&path, "#!/no/such/shell\n").unwrap();
    assert!(refused(&agent).starts_with(&format!("{shown} is not used: /no cannot be inspected")));
    let absent = "there is no program no-such-agent on the PATH";
    assert_eq!(refused(&generator(&["no-such-agent"])), absent);
    assert_eq!(reach(&generator(&["no-such-agent"]), &AtomicBool::new(false)), Err(absent.to_owned()));
    let relative = "./agent is not used: its path is relative, so it depends on the current folder";
    assert_eq!(refused(&generator(&["./agent"])), relative);
    let found = reach(&generator(&["sh"]), &AtomicBool::new(false)).unwrap();
    assert!(found.ends_with("/sh, runs as you, outside the sandbox"), "{found}");
}

#[test]
fn a_program_that_never_ends_is_stopped_by_the_user_or_by_the_time() {
    let stop = AtomicBool::new(false);
    let on_text = &mut |_: &str| stop.store(true, Ordering::Relaxed);
    assert_eq!(ask(&script("echo x; exec sleep 300"), &QUESTION, on_text, &stop), Err(NoAnswer::stopped()));
    let quiet = Generator { timeout: Duration::from_millis(100), ..script("echo half; exec sleep 300") };
    let no = ask_it(&quiet).unwrap_err();
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::TimedOut, "sh printed nothing for 0.1s"));
    let busy = script("while :; do echo x; sleep 0.01; done");
    let no = ask_it(&Generator { timeout: Duration::from_millis(100), ..busy }).unwrap_err();
    assert_eq!(no.trouble, Trouble::TimedOut);
}

#[test]
fn an_answer_without_end_is_refused() {
    assert_eq!(trouble("exec yes"), (Trouble::Refused, "sh printed more than 4 MiB".to_owned()));
}

#[test]
fn a_generator_does_not_show_its_secrets() {
    let shown = format!("{:?}", script(""));
    assert!(shown.contains("MY_KEY") && !shown.contains("hunter"), "{shown}");
}
