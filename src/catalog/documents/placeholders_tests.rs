use super::*;

fn made(command: &str) -> Result<ReferencedCommand, (Vec<String>, String)> {
    by_reference(command, &|name| format!("arg_{name}"))
}

fn rewrite(command: &str) -> Result<String, String> {
    made(command).map(|made| made.code).map_err(|(_, why)| why)
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
        "echo ${x[{{a}}]}",
        "echo ${{a}}",
        "x[{{a}}]=1",
        "[[ -v {{a}} ]]",
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

#[test]
fn what_is_computed_as_a_number_is_told() {
    for command in [
        "echo $(( {{a}} + 1 ))",
        "(( {{a}} > 1 )) && echo yes",
        "echo $[{{a}}]",
        "[[ {{a}} -eq 1 ]]",
        "sed '{{a}}q;d' x",
        "sed -n '1,{{a}}p' x",
    ] {
        assert_eq!(made(command).unwrap().freedoms["a"], Freedom::Number, "{command}");
    }
    for command in ["sed 's/{{a}}/x/' y", "sed '{{a}}' y", "sed {{a}} y; echo $(( {{b}} ))"] {
        assert!(made(command).map_or(true, |made| made.freedoms["a"] != Freedom::Number), "{command}");
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
        ("f() { echo; }; f {{a}}", &[]),
        ("compgen -b | grep {{a}}", &["grep"]),
    ] {
        assert_eq!(first_programs(command), programs, "{command}");
    }
}

#[test]
fn any_text_is_read_and_many_placeholders_are_refused() {
    for text in ["{{", "$(", "((", "'{{a}}\"", "{{a}}|", "\\{{a}}", "é{{ü}}", "`${[[", "{{é"] {
        for times in [1, 2, 3, 500] {
            let made = rewrite(&text.repeat(times));
            assert!(times < 500 || !text.contains("}}") || made.is_err(), "{text}");
        }
    }
}
