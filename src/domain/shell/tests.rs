use super::*;
use proptest::prelude::*;

/// A line as it was parsed: `'…'` around quoted parts, `{…}` around settings.
fn told(line: &str) -> String {
    let Some(pipelines) = pipelines(line) else { return "none".to_owned() };
    let word = |word: &ShellWord| if word.is_quoted { format!("'{}'", word.text) } else { word.text.clone() };
    let part = |part: &ShellPart| match part {
        ShellPart::Setting(text) => format!("{{{text}}}"),
        ShellPart::Word(text) => word(text),
        ShellPart::Redirect { sign, target } => format!("{sign}:{}", target.as_ref().map(word).unwrap_or_default()),
    };
    let command = |command: &ShellCommand| command.parts.iter().map(part).collect::<Vec<_>>().join(" ");
    let pipeline = |of: &ShellPipeline| of.commands.iter().map(command).collect::<Vec<_>>().join(" | ");
    pipelines.iter().map(pipeline).collect::<Vec<_>>().join(" ; ")
}

#[test]
fn words_lose_their_quotes_and_nothing_else() {
    for (line, words) in [
        ("git commit -m \"say it's done\"", "git commit -m 'say it's done'"),
        ("echo a\\ b \"c\\\"d\" $'e'", "echo a b 'c\"d' 'e'"),
        ("echo it''s 'a'\"b\"c \"\"", "echo 'its' 'abc' ''"),
        ("echo \"$(grep -c x f) lines\" $HOME ${x:-y}", "echo '$(grep -c x f) lines' $HOME ${x:-y}"),
        ("make -j$(nproc)", "make '-j$(nproc)'"),
        ("diff <(sort a) <(sort b)", "diff '<(sort a)' '<(sort b)'"),
        ("'/opt/my tools/run' x", "'/opt/my tools/run' x"),
        ("ls *.{a,b} ~/x", "ls *.{a,b} ~/x"),
        ("python3 - x", "python3 - x"),
        ("a \\\n  b", "a b"),
        ("jq '.a[] | select(.b==\"c\")' f.json", "jq '.a[] | select(.b==\"c\")' f.json"),
        ("find . -name '*.log' -exec rm {} \\;", "find . -name '*.log' -exec rm {} ;"),
    ] {
        assert_eq!(told(line), words, "{line}");
    }
}

#[test]
fn settings_redirections_and_comments_are_told_from_words() {
    for (line, parts) in [
        ("LANG=C X='a b' sed -i s/a/b/ *.md 2>&1", "{LANG=C} {X='a b'} sed -i s/a/b/ *.md 2>&1:"),
        ("docker run -e A=1 img", "docker run -e A=1 img"),
        ("sort < in.csv >out.csv 2>> err", "sort <:in.csv >:out.csv 2>>:err"),
        ("sleep 5 &> log.txt &", "sleep 5 >:log.txt"),
        ("> out cmd a", ">:out cmd a"),
        ("grep x < in more", "grep x <:in more"),
        ("cmd <<< \"x y\" -z", "cmd <<<:'x y' -z"),
        ("echo a#b # c", "echo a#b"),
        ("  # only a remark", ""),
        ("A=1", ""),
    ] {
        assert_eq!(told(line), parts, "{line}");
    }
}

#[test]
fn pipelines_are_found_in_lists_loops_conditions_and_groups() {
    for (line, pipelines) in [
        ("a | b |& c", "a | b | c"),
        ("cd x && make ; a || b &", "cd x ; make ; a ; b"),
        ("a && b && c > d", "a ; b ; c >:d"),
        ("! a | b", "a | b"),
        ("(cd x && make)", "cd x ; make"),
        ("{ a; b; } | c", "{ | c ; a ; b"),
        ("cat f | while read x; do echo $x; done", "cat f | while ; read x ; echo $x"),
        ("for f in *.c; do gcc $f; done", "gcc $f"),
        ("if [ -f a ]; then cat a; else b; fi", "[ -f a ; cat a ; b"),
        ("[[ $a == b ]] && c", "[[ $a == b ; c"),
        ("f() { rm x; }; f y", "f y"),
        ("export A=1", "export A=1"),
    ] {
        assert_eq!(told(line), pipelines, "{line}");
    }
}

#[test]
fn here_documents_are_text_and_no_commands() {
    assert_eq!(told("python3 - <<'PY'\nprint(1)\nrm -r x\nPY"), "python3 - <<:'print(1)\nrm -r x'");
    assert_eq!(told("cat <<E | wc -l\nx\nE"), "cat <<:'x' | wc -l");
    assert_eq!(told("cat <<E > out && echo ok\nx\nE"), "cat <<:'x' >:out ; echo ok");
}

#[test]
fn what_is_no_whole_line_is_none() {
    for line in
        ["echo 'open", "echo \"open", "echo $(open", "echo `open", "a &&", "a | ", "if a; then b", "a )", "cat <<E | ("]
    {
        assert_eq!(told(line), "none", "{line}");
    }
}

#[test]
fn a_hostile_line_ends() {
    for line in [
        "(".repeat(60_000),
        "$(".repeat(90),
        "\"$(".repeat(60),
        "{ ".repeat(150),
        "a | ".repeat(15_000),
        "a; ".repeat(20_000),
        "x".repeat(70_000),
        "<<A ".repeat(300),
        "`".repeat(9_999),
        format!("{}a{}", "( ".repeat(100), " )".repeat(100)),
    ] {
        // Whether the line is parsed or not, parsing ends.
        let _ = pipelines(&line);
    }
    assert_eq!(pipelines(&"(".repeat(60_000)), None);
    assert_eq!(pipelines(&"x".repeat(70_000)), None);
}

#[test]
fn only_words_that_need_quotes_have_them() {
    assert_eq!(shell_word("tools/a_b-c.py"), "tools/a_b-c.py");
    assert_eq!(shell_word("csv-stats@1.0.0"), "csv-stats@1.0.0");
    assert_eq!(shell_word("/r/Message Encoder/app.py"), "'/r/Message Encoder/app.py'");
    assert_eq!(shell_word(""), "''");
}

proptest! {
    #[test]
    fn no_line_makes_the_reader_fail(line in "[a-z $(){}\\[\\]|&;<>'\"`\\\\#=\\n0-9é-]{0,80}") {
        let _ = pipelines(&line);
    }

    #[test]
    fn quoted_words_read_back(words in prop::collection::vec("[ -~é]{0,12}", 1..5)) {
        let line = shell_words::join(std::iter::once("run").chain(words.iter().map(String::as_str)));
        let read = pipelines(&line).and_then(|found| found.into_iter().next()).unwrap_or_default();
        let parts = read.commands.into_iter().next().unwrap_or_default().parts;
        let texts: Vec<String> = parts.into_iter().filter_map(|part| match part {
            ShellPart::Word(word) => Some(word.text),
            _ => None,
        }).collect();
        prop_assert_eq!(&texts[1..], &words[..], "{}", line);
    }
}
