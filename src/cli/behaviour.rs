//! `behaviour NAME|RUN`: the observed behaviour of a version, or of one run.

use super::call::{Answer, Call};
use super::print_text::{Ink, Page, StyledLine};
use super::shared::evidence_line;
use super::shared::usage_words;
use crate::domain::RunId;
use crate::engine::{Behaviour, EngineError};
use serde::Serialize;
use std::io;

#[derive(Serialize)]
pub(super) struct Seen {
    behaviour: Behaviour,
}

pub(super) fn behaviour(call: &Call<'_>) -> Result<Seen, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let subject = call.required("tool")?;
    let behaviour = match subject.parse() {
        Ok(run) => engine.observations().behaviour_of_run(RunId(run))?,
        Err(_) => engine.observations().behaviour(&*engine.library().resolve(subject)?)?,
    };
    Ok(Seen { behaviour })
}

impl Answer for Seen {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Behaviour { tool, version, digest, run, usage, .. } = &self.behaviour;
        let of = run.map_or_else(|| "all runs".to_owned(), |run| format!("run {run}"));
        let line = StyledLine::new().put(Ink::Strong, tool.as_str()).put(Ink::Plain, format!(" {version}  "));
        page.line(&line.put(Ink::Dim, format!("{} · {of}", digest.short())))?;
        if let Some(usage) = usage {
            page.line(&StyledLine::new().put(Ink::Dim, usage_words(usage)))?;
        }
        write_parts(page, &self.behaviour)
    }
}

/// Writes the parts of a behaviour, each under its heading.
pub(super) fn write_parts(page: &mut Page<'_>, behaviour: &Behaviour) -> io::Result<()> {
    for part in behaviour.parts() {
        page.heading(part.title)?;
        for line in &part.lines {
            page.line(&evidence_line(line))?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{
        Answer as Outcome, Attempt, Difference, Digest, FileChange, Isolation, IsolationLevel, LoadedFile,
        PermissionLine, PermissionUse, Profile, ToolName, Touch, Typical,
    };
    use crate::engine::{Departed, Enforced, Reported, ResultEvidence, Tried};
    use serde_json::json;

    /// The behaviour of a run that did more than its tool declares.
    pub(crate) fn watched() -> Behaviour {
        let attempt = |touch, target: &str, answer, count| Tried {
            attempt: Attempt { touch, target: target.to_owned(), answer, count },
        };
        let permission = |permission: &str, verdict, seen: &[&str]| PermissionLine {
            permission: permission.to_owned(),
            verdict,
            seen: seen.iter().map(|&text| text.to_owned()).collect(),
            answer: (verdict == PermissionUse::Undeclared).then_some(Outcome::Denied),
        };
        Behaviour {
            tool: ToolName::new("divide").unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: Digest([0xab; 32]),
            run: Some(RunId(7)),
            observed: 1,
            unobserved: 0,
            observer_off: None,
            result: ResultEvidence {
                run: Some(RunId(7)),
                changes: vec![FileChange {
                    path: "{scratch}/o\u{202e}ut".to_owned(),
                    difference: Difference::Created,
                    bytes: 12,
                    digest: None,
                }],
                cut: 2,
                uncollected: None,
            },
            enforced: vec![Enforced {
                isolation: Isolation {
                    level: IsolationLevel::Isolated,
                    profile: Profile::Strict,
                    layers: vec!["own-view".to_owned(), "seccomp".to_owned()],
                    missing: vec![],
                },
                runs: 1,
                worker: None,
            }],
            reported: Reported {
                may_be_incomplete: true,
                attempts: vec![
                    attempt(Touch::Connect, "10.0.0.1:80", Outcome::Denied, 3),
                    attempt(Touch::Forbidden, "ptrace", Outcome::Denied, 1),
                ],
                cut: 0,
            },
            permissions: vec![
                permission("network full", PermissionUse::Undeclared, &["connect 10.0.0.1:80 (denied)"]),
                permission("read {workspace}", PermissionUse::Unused, &[]),
            ],
            permitted: 9,
            departed: vec![Departed { run: RunId(7), did: vec!["connect 10.0.0.1:80 (3 times)".to_owned()] }],
            loaded: vec![LoadedFile { path: "{workspace}/lib/a.py".to_owned(), digest: Digest([0xcd; 32]) }],
            usage: Some(Typical {
                runs: 1,
                duration_ms: 340,
                cpu_ms: 20,
                peak_memory_bytes: 12 << 20,
                peak_processes: 2,
                disk_bytes: 12,
            }),
        }
    }

    #[test]
    fn the_three_kinds_of_evidence_are_named_and_never_mixed() {
        insta::assert_snapshot!(plain(|page| Seen { behaviour: watched() }.text(page)));
    }

    #[test]
    fn a_result_that_was_not_collected_never_reads_as_no_difference() {
        let why = "the process that compares the files ended early";
        let result = ResultEvidence { run: Some(RunId(7)), changes: vec![], cut: 0, uncollected: Some(why.to_owned()) };
        let lost = Behaviour { result, ..watched() };
        let text = plain(|page| Seen { behaviour: lost.clone() }.text(page));
        assert!(text.contains(&format!("could not be collected: {why}")) && !text.contains("no differences"), "{text}");
        assert!(lost.evidence().iter().any(|line| line.text.contains(why)));
        assert_eq!(object(&Seen { behaviour: lost })["behaviour"]["result"]["uncollected"], why);
    }

    #[test]
    fn an_observer_that_was_off_never_reads_as_nothing_happened() {
        let off = Behaviour {
            observed: 0,
            unobserved: 1,
            observer_off: Some("switched off in the settings".to_owned()),
            result: ResultEvidence { run: Some(RunId(7)), changes: vec![], cut: 0, uncollected: None },
            reported: Reported { may_be_incomplete: true, attempts: vec![], cut: 0 },
            permissions: vec![],
            permitted: 9,
            departed: vec![],
            ..watched()
        };
        let text = plain(|page| Seen { behaviour: off.clone() }.text(page));
        for part in ["unknown, observer off", "no changes recorded", "observer off"] {
            assert!(text.contains(part) && text.matches("switched off in the settings").count() == 3, "{text}");
        }
        assert!(!text.contains("none beyond") && !text.contains("no undeclared"), "{text}");
        assert_eq!(object(&Seen { behaviour: off })["behaviour"]["observer_off"], "switched off in the settings");
    }

    #[test]
    fn scripts_get_the_kinds_by_name() {
        let answer = object(&Seen { behaviour: watched() });
        let behaviour = &answer["behaviour"];
        assert_eq!(behaviour["reported"]["may_be_incomplete"], true);
        let tried = json!({"touch": "connect", "target": "10.0.0.1:80", "answer": "denied", "count": 3});
        assert_eq!(behaviour["reported"]["attempts"][0], tried);
        assert_eq!(behaviour["enforced"][0]["level"], "isolated");
        assert_eq!(behaviour["result"]["changes"][0]["difference"], "created");
        assert_eq!(behaviour["permissions"][0]["verdict"], "undeclared");
    }
}
