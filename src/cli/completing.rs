//! Values that completion scripts offer in addition to verbs and options: names of tools, numbers of reviews, runs and
//! other records.

use super::call::Call;
use crate::action::{ACTIONS, Spec};
use crate::engine::{EngineError, choices};
use clap_complete::Shell;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The possible values of an argument, one per line.
pub(super) fn candidates(call: &Call<'_>) -> Result<String, EngineError> {
    let what = call.required("what")?;
    let of = call.text("tool");
    let listed = match what {
        "tools" => choices(&call.open_catalog()?.0, what, of)?,
        _ if of.is_some() => choices(&call.open_catalog()?.0, what, of)?,
        _ => choices(&call.open()?, what, of)?,
    };
    let names = listed.into_iter().map(|choice| choice.value);
    let mut text = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for name in names.filter(|name| seen.insert(name.clone())) {
        let _ = writeln!(text, "{name}");
    }
    Ok(text)
}

/// The kind of value of a verb's first argument, if it names something in the workspace.
fn first_argument(row: &Spec) -> Option<&'static str> {
    row.args.first().filter(|arg| arg.form.is_positional())?.kind.listed()
}

/// The verbs by the kind of their first argument.
fn verbs_by_argument() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut verbs: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in ACTIONS.iter().filter(|row| row.cli) {
        if let Some(what) = first_argument(row) {
            verbs.entry(what).or_default().push(row.name);
        }
    }
    verbs
}

/// A completion script that also asks this program for names.
pub(super) fn with_candidates(shell: Shell, script: &str) -> String {
    let mut text = script.to_owned();
    let kinds = verbs_by_argument();
    match shell {
        Shell::Bash => {
            text.push_str("\n_toolsmith_named() {\n    local what=\n    case \"${COMP_WORDS[1]}\" in\n");
            for (what, verbs) in kinds {
                let _ = writeln!(text, "        {}) what={what} ;;", verbs.join("|"));
            }
            text.push_str(
                "    esac\n    _toolsmith \"$@\"\n    local word=\"${COMP_WORDS[COMP_CWORD]}\"\n    \
                 if [[ -n $what && $COMP_CWORD -eq 2 && $word != -* ]]; then\n        \
                 COMPREPLY=($(compgen -W \"$(toolsmith candidates \"$what\" 2>/dev/null)\" -- \"$word\"))\n    \
                 fi\n}\ncomplete -F _toolsmith_named -o nosort -o bashdefault -o default toolsmith\n",
            );
        }
        Shell::Zsh => {
            // The word before a positional argument determines its kind.
            for (what, argument) in [
                ("tools", "tool"),
                ("reviews", "review"),
                ("runs", "run"),
                ("failures", "failure"),
                ("operations", "operation"),
                ("grants", "grant"),
                ("evolutions", "evolution"),
                ("opportunities", "opportunity"),
            ] {
                text = text
                    .lines()
                    .map(|line| {
                        let is_it = line.starts_with(&format!("':{argument} -- "))
                            || line.starts_with(&format!("'::{argument} -- "))
                            || line.starts_with(&format!("'*::{argument} -- "));
                        let asks = format!(":{{compadd -- ${{(f)\"$(toolsmith candidates {what} 2>/dev/null)\"}}}}'");
                        if is_it { line.replace(":_default'", &asks) } else { line.to_owned() }
                    })
                    .collect::<Vec<_>>()
                    .join("\n");
            }
            text.push('\n');
        }
        Shell::Fish => {
            for (what, verbs) in kinds {
                let _ = writeln!(
                    text,
                    "complete -c toolsmith -n \"__fish_seen_subcommand_from {}\" -f -a \"(toolsmith candidates {what} 2>/dev/null)\"",
                    verbs.join(" ")
                );
            }
        }
        _ => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_of_three_shells_ask_for_tools_reviews_and_runs() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut super::super::build::command(), "toolsmith", &mut script);
            let text = with_candidates(shell, &String::from_utf8(script).unwrap());
            assert!(text.contains("toolsmith candidates"), "{shell}");
            for what in ["tools", "reviews"] {
                assert!(text.contains(what), "{shell} {what}");
            }
        }
    }

    #[test]
    fn the_first_argument_of_a_verb_says_what_is_offered() {
        let of = |name: &str| first_argument(crate::action::by_name(name).unwrap());
        assert_eq!(
            (of("show"), of("approve"), of("cancel"), of("list")),
            (Some("tools"), Some("reviews"), Some("live-runs"), None)
        );
        assert_eq!((of("undo"), of("revoke")), (Some("operations"), Some("grants")));
    }
}
