use super::*;

fn rewrite(command: &str) -> Result<String, String> {
    by_reference(command, &|name| format!("arg_{name}")).map(|made| made.code).map_err(|(_, why)| why)
}

#[test]
fn a_placeholder_is_quoted_for_the_place_where_it_stands() {
    for (command, wanted) in [
        ("cp {{a}}:{{b}} {{ c }}", "cp \"${arg_a}\":\"${arg_b}\" \"${arg_c}\""),
        ("echo \"x {{a}} y\"", "echo \"x ${arg_a} y\""),
        ("echo 'x {{a}} y'", "echo 'x '\"${arg_a}\"' y'"),
        ("echo $'x\\'{{a}}'", "echo $'x\\''\"${arg_a}\"$''"),
        (
            "echo \"a $(basename {{a}} | tr 'x{{b}}' y) {{c}}\"",
            "echo \"a $(basename \"${arg_a}\" | tr 'x'\"${arg_b}\"'' y) ${arg_c}\"",
        ),
        ("echo \\' {{a}} \\\" '{{b}}'", "echo \\' \"${arg_a}\" \\\" ''\"${arg_b}\"''"),
        ("echo $(echo $((1 + (2))) \"{{a}}\") '{{b}}'", "echo $(echo $((1 + (2))) \"${arg_a}\") ''\"${arg_b}\"''"),
        ("npm install {{a}}#{{b}}", "npm install \"${arg_a}\"#\"${arg_b}\""),
        ("ls {{a}} # it's {{b}}\necho {{c}}", "ls \"${arg_a}\" # it's {{b}}\necho \"${arg_c}\""),
        ("docker inspect -f '{{.State}}' {{a}}", "docker inspect -f '{{.State}}' \"${arg_a}\""),
        ("[[ -f {{a}} ]]", "[[ -f \"${arg_a}\" ]]"),
        ("sed -n 3p {{a}}", "sed -n 3p \"${arg_a}\""),
        ("ssh -i {{a}} {{b}}", "ssh -i \"${arg_a}\" \"${arg_b}\""),
        ("docker exec -it {{a}} bash", "docker exec -it \"${arg_a}\" bash"),
    ] {
        assert_eq!(rewrite(command).as_deref(), Ok(wanted), "{command}");
    }
}

#[test]
fn a_place_where_a_value_is_read_again_is_refused() {
    for command in [
        "eval {{a}}",
        "eval \"$(echo {{a}})\"",
        "sh -c 'echo {{a}}'",
        "kubectl exec x -- bash -lc \"{{a}}\"",
        "echo {{a}} | sudo bash",
        "ssh host {{a}}",
        "ssh -p 22 host \"ls {{a}}\"",
        "echo $(( {{a}} + 1 ))",
        "(( {{a}} > 1 )) && echo yes",
        "echo $[{{a}}]",
        "[[ {{a}} -eq 1 ]]",
        "echo ${x[{{a}}]}",
        "echo ${{a}}",
        "x[{{a}}]=1",
        "unset {{a}}",
        "printf -v {{a}} x",
        "cat <<EOF\n{{a}}\nEOF",
        "echo `ls {{a}}`",
        "awk '{ print ${{a}} }' x",
        "sed 's/{{a}}/x/e' y",
        "python3 -c {{a}}",
        "git -c core.sshCommand='ssh -i {{a}}' clone x",
        "for {{a}} in 1 2; do echo; done",
    ] {
        let why = rewrite(command).unwrap_err();
        assert!(why.starts_with("the value of a would be "), "{command}: {why}");
    }
}

/// Values that would be code if they were put into the command as text.
const HOSTILE: &[&str] = &[
    "$(touch PWNED)",
    "`touch PWNED`",
    "'; touch PWNED; '",
    "\"; touch PWNED; \"",
    "; touch PWNED #",
    "| touch PWNED",
    "\ntouch PWNED\n",
    "${x:-$(touch PWNED)}",
    "x[$(touch PWNED)]",
    "' \"$(touch PWNED)\" '",
    "\\'; touch PWNED; \\'",
    "<(touch PWNED)",
    "*",
    "a  b",
];

/// Runs rewritten commands in a real shell: each value arrives as it is, as one word, and starts nothing.
#[test]
fn hostile_values_arrive_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "printf %s {{a}}",
        "printf %s \"{{a}}\"",
        "printf %s '{{a}}'",
        "printf %s $'{{a}}'",
        "printf %s \"$(printf '%sx' {{a}})\" | sed 's/x$//'",
        "x={{a}}; printf %s \"$x\"",
        "if [[ -n {{a}} ]]; then printf %s {{a}}; fi",
        "f() { printf %s \"$1\"; }; f {{a}}",
        "# it's {{a}}\nprintf %s {{a}}",
        "cat <<< {{a}} | tr -d '\\n' > out; cat out",
    ] {
        let code = rewrite(command).unwrap();
        for value in HOSTILE {
            let run = std::process::Command::new("bash")
                .args(["-c", &code])
                .env("arg_a", value)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let printed = String::from_utf8(run.stdout).unwrap();
            let without_breaks = value.replace('\n', "");
            assert!(printed == *value || printed == without_breaks, "{code}: {value:?} gave {printed:?}");
            assert!(!folder.path().join("PWNED").exists(), "{code}: {value:?} was run");
        }
    }
}

/// Even where the quotes of a command are unbalanced, a value is not read as code.
#[test]
fn a_value_stays_a_value_in_a_command_with_broken_quotes() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "echo \"${x:-\"}\"}\" {{a}} '{{a}}' \"{{a}}\"",
        "echo $(case x in x) echo \"{{a}}\";; esac) '{{a}}'",
        "echo \"it's\" {{a}} it's {{a}} \"",
    ] {
        let Ok(code) = rewrite(command) else { continue };
        for value in HOSTILE {
            let run = std::process::Command::new("bash")
                .args(["-c", &code])
                .env("arg_a", value)
                .current_dir(folder.path())
                .output();
            run.unwrap();
            assert!(!folder.path().join("PWNED").exists(), "{code}: {value:?} was run");
        }
    }
}

#[test]
fn the_programs_of_the_first_pipeline_are_known() {
    for (command, programs) in [
        ("docker ps | sudo grep {{a}} | wc -l", &["docker", "sudo", "grep", "wc"][..]),
        ("cd x && make", &[]),
        ("A=1 make", &[]),
        ("git log 'a | b'; rm x", &["git"]),
        ("{{command}} x", &[]),
        ("./run | jq .", &["jq"]),
    ] {
        assert_eq!(first_programs(command), programs, "{command}");
    }
}

#[test]
fn any_text_is_read_in_a_time_that_grows_with_its_length() {
    let begin = std::time::Instant::now();
    for text in ["{{", "$(", "((", "'{{a}}\"", "{{a}}|", "\\{{a}}", "é{{ü}}"] {
        let _ = rewrite(&text.repeat(2_000));
    }
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));
}
