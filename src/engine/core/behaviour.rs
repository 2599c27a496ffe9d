//! The effect of the end of a run on its version: the envelope grows, and new behaviour of an approved version opens a
//! review.

use crate::domain::mcp::{found_in, later_reason};
use crate::domain::{Attempt, Review, ReviewKind, ReviewState, Risk, Run, RunId, RunOutcome, Tool, Touch};
use crate::store::{Approval, FinishedRun, NewReview, StoreError, Tx};

/// The maximum number of departures in the record of a run; the observation has all of them.
const DEPARTURES: usize = 20;

/// Departures named in the summary of a review.
const NAMED: usize = 2;

/// Ends a run in the store. Folds its observed behaviour into the envelope of its version. If the version is approved,
/// was observed before, and this run did something new, marks the run and opens a drift review. Returns `false`, and
/// changes nothing, if the run had already ended.
///
/// # Errors
/// Any [`StoreError`] of a failed read or write.
pub fn end_run(tx: &Tx<'_>, id: RunId, finished: &FinishedRun) -> Result<bool, StoreError> {
    let Some(run) = tx.run(id)?.filter(|run| run.outcome == RunOutcome::Running) else { return Ok(false) };
    let Some(observation) = &finished.observation else { return tx.finish_run(id, finished) };
    let mut envelope = tx.envelope(&run.tool, run.digest)?;
    let mut finished = finished.clone();
    // The first observed run cannot depart from anything.
    if envelope.observed > 0 && is_approved(tx, &run)? {
        let departures = envelope.departures(&finished.declared, observation);
        let loaded = envelope.newly_loaded(observation);
        let is_harmless = loaded.is_empty() && departures.iter().all(|attempt| is_harmless(attempt));
        let did: Vec<String> = loaded.into_iter().chain(departures.iter().map(|attempt| attempt.phrase())).collect();
        if !did.is_empty() {
            mark(&mut finished, &did);
            open_review(tx, &run, &did, is_harmless)?;
        }
    }
    envelope.fold(id, observation);
    tx.put_envelope(&run.tool, run.digest, &envelope)?;
    tx.finish_run(id, &finished)
}

fn is_approved(tx: &Tx<'_>, run: &Run) -> Result<bool, StoreError> {
    Ok(tx.approvals_of(&run.tool)?.iter().any(|approval| approval.digest == run.digest))
}

fn is_harmless(attempt: &Attempt) -> bool {
    matches!(attempt.touch, Touch::Read | Touch::Resolve)
}

fn mark(finished: &mut FinishedRun, did: &[String]) {
    finished.departed = did.iter().take(DEPARTURES).cloned().collect();
    finished.notes.push(format!("outside the observed behaviour of its version: {}", phrases(did)));
}

/// The first departures in words, and the number of further ones.
fn phrases(did: &[String]) -> String {
    let named: Vec<&str> = did.iter().take(NAMED).map(String::as_str).collect();
    let more = match did.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}

/// Opens a drift review of the version, unless one is pending: the pending review shows the new evidence too. Approving
/// it accepts the envelope at that time; it includes the departures, so the same behaviour opens no further review.
fn open_review(tx: &Tx<'_>, run: &Run, did: &[String], is_harmless: bool) -> Result<(), StoreError> {
    let Some(version) = tx.version(&run.tool, run.digest)? else { return Ok(()) };
    let waits = tx
        .review_heads(None)?
        .into_iter()
        .filter(|head| head.state == ReviewState::Waiting && head.kind.judges_version())
        .any(|head| head.tool == run.tool && head.digest == run.digest);
    if waits {
        return Ok(());
    }
    tx.open_review(&NewReview {
        kind: ReviewKind::Drift,
        tool: run.tool.clone(),
        version: run.version.clone(),
        digest: run.digest,
        from_stage: version.stage,
        to_stage: version.stage,
        risk: if is_harmless { Risk::Medium } else { Risk::High },
        summary: format!("{}new behaviour in this version: {}", Review::BEHAVIOUR, phrases(did)),
        path: version.path,
        base_digest: None,
        members: Vec::new(),
    })?;
    Ok(())
}

/// Opens a drift review of an approved server whose program lists other tools than those that were reviewed, unless a
/// review of the same list was decided. A pending review is updated: it shows the current list and the added
/// permissions. `row` is the called tool, `why` the displayed reason.
///
/// # Errors
///
/// Any [`StoreError`] of a failed read or write.
pub fn ask_about_server(tx: &Tx<'_>, row: &Tool, why: &str) -> Result<(), StoreError> {
    let server = row.reviewed();
    if Approval::in_force(&tx.approvals_of(&server.name)?, &server).is_none() {
        return Ok(());
    }
    let heads = tx.review_heads(Some(&server.name))?;
    for head in heads.iter().filter(|head| head.kind == ReviewKind::Drift && head.digest == server.digest) {
        let is_about_list = |review: &Review| found_in(&review.summary).is_some();
        let Some(review) = tx.review(head.id)?.filter(is_about_list) else { continue };
        let is_same = found_in(&review.summary) == found_in(why);
        if review.state == ReviewState::Waiting {
            let later = later_reason(&review.summary, why);
            return later.map_or(Ok(()), |later| tx.set_review_summary(review.id, &later));
        }
        if is_same && review.state != ReviewState::Superseded {
            return Ok(());
        }
    }
    tx.open_review(&NewReview {
        kind: ReviewKind::Drift,
        tool: server.name.clone(),
        version: server.version.clone(),
        digest: server.digest,
        from_stage: server.stage,
        to_stage: server.stage,
        risk: Risk::High,
        summary: why.to_owned(),
        path: server.path.clone(),
        base_digest: None,
        members: Vec::new(),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mcp::drift_reason;
    use crate::domain::{
        Answer, Digest, Instant, Isolation, IsolationLevel, Kind, LoadedFile, Observation, Observer, Permissions,
        Placement, Profile, RunEnd, RunUsage, Stage, ToolName,
    };
    use crate::store::{Approval, NewOperation, NewRun, Store, VersionRow};

    /// A store with one tool that was seen in the workspace.
    struct World {
        _dir: tempfile::TempDir,
        store: Store,
        declared: Permissions,
    }

    const DIGEST: Digest = Digest([7; 32]);

    fn tool() -> ToolName {
        ToolName::new("fetch").unwrap()
    }

    fn isolation() -> Isolation {
        let (level, profile) = (IsolationLevel::Confined, Profile::Declared);
        Isolation { level, profile, layers: vec![], missing: vec![] }
    }

    fn reads(paths: &[&str]) -> Observation {
        let attempt =
            |path: &&str| Attempt { touch: Touch::Read, target: (*path).to_owned(), answer: Answer::Denied, count: 1 };
        let attempts = paths.iter().map(attempt).collect();
        Observation { observer: Observer::On, attempts, ..Observation::off("") }
    }

    impl World {
        fn new() -> World {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path()).unwrap();
            let mut world = World { _dir: dir, store, declared: Permissions::default() };
            world.change(|tx| {
                tx.record_version(&VersionRow {
                    tool: tool(),
                    digest: DIGEST,
                    version: semver::Version::new(1, 0, 0),
                    stage: Stage::Approved,
                    path: "tools/approved/fetch/tool.toml".to_owned(),
                    placement: Placement { base: "tools/approved/fetch".to_owned(), exclusive: true },
                    first_seen_at: Instant(1),
                    description: String::new(),
                })
            });
            world
        }

        fn change<T>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> T {
            self.store.transact(Instant(1_000), work).unwrap()
        }

        fn approve(&mut self) {
            self.change(|tx| {
                let operation = tx.log(&NewOperation {
                    who: "Ada".to_owned(),
                    verb: "approve".to_owned(),
                    subject: "fetch".to_owned(),
                    detail: serde_json::json!({}),
                    reversible: false,
                })?;
                let (stage, at) = (Stage::Approved, tx.now());
                let (base, signature) = (None, None);
                tx.approve_version(&Approval { tool: tool(), digest: DIGEST, stage, operation, at, base, signature })
            });
        }

        fn run(&mut self, observation: Option<Observation>) -> Run {
            let declared = self.declared.clone();
            self.change(|tx| {
                let id = tx.start_run(&NewRun {
                    tool: tool(),
                    version: semver::Version::new(1, 0, 0),
                    digest: DIGEST,
                    stage: Stage::Approved,
                    caller: "human".to_owned(),
                    input: String::new(),
                    isolation: isolation(),
                    owner: "me".to_owned(),
                    lease_until: Instant(9_000),
                    remember_input: false,
                    parent: None,
                    worker: None,
                })?;
                let finished = FinishedRun {
                    end: RunEnd::Succeeded { exit_code: 0 },
                    usage: RunUsage::default(),
                    isolation: isolation(),
                    truncated: false,
                    notes: vec![],
                    observation,
                    departed: vec![],
                    declared,
                };
                assert!(end_run(tx, id, &finished)?);
                assert!(!end_run(tx, id, &finished)?, "a run ends once");
                Ok(tx.run(id)?.unwrap())
            })
        }

        fn waiting(&self) -> Vec<Review> {
            self.store.reviews(&[ReviewState::Waiting]).unwrap()
        }
    }

    #[test]
    fn a_run_outside_the_envelope_of_its_approved_version_is_marked_and_asks_for_a_human_once() {
        let mut world = World::new();
        world.approve();
        assert_eq!(world.run(Some(reads(&["/srv/a"]))).departed, Vec::<String>::new(), "the first one is the envelope");
        assert_eq!(world.run(Some(reads(&["/srv/a"]))).departed, Vec::<String>::new());
        let marked = world.run(Some(reads(&["/srv/a", "/home/ada/.ssh/id_rsa"])));
        assert_eq!(marked.departed, ["read /home/ada/.ssh/id_rsa"]);
        assert_eq!(marked.notes, ["outside the observed behaviour of its version: read /home/ada/.ssh/id_rsa"]);
        let waiting = world.waiting();
        assert_eq!(waiting.len(), 1);
        assert_eq!(
            (waiting[0].kind, waiting[0].digest, waiting[0].to_stage),
            (ReviewKind::Drift, DIGEST, Stage::Approved)
        );
        assert_eq!(waiting[0].summary, "behaviour: new behaviour in this version: read /home/ada/.ssh/id_rsa");
        assert_eq!(world.run(Some(reads(&["/home/ada/.ssh/id_rsa"]))).departed, Vec::<String>::new(), "seen by now");
        assert!(!world.run(Some(reads(&["/var/lib/x"]))).departed.is_empty());
        assert_eq!(world.waiting().len(), 1, "one review of a version waits");
    }

    #[test]
    fn a_change_of_code_that_is_loaded_through_a_grant_is_a_departure() {
        let mut world = World::new();
        world.approve();
        let loads = |path: &str, content: &[u8]| {
            let file = LoadedFile { path: path.to_owned(), digest: Digest::of_bytes(content) };
            Some(Observation { loaded: vec![file], ..reads(&[]) })
        };
        let (first, second) = (Digest::of_bytes(b"1").short(), Digest::of_bytes(b"2").short());
        assert_eq!(
            world.run(loads("~/lib/a.py", b"1")).departed,
            Vec::<String>::new(),
            "the first one is the envelope"
        );
        assert_eq!(world.run(loads("~/lib/a.py", b"1")).departed, Vec::<String>::new());
        let changed = format!("load code ~/lib/a.py, which changed from {first} to {second}");
        assert_eq!(world.run(loads("~/lib/a.py", b"2")).departed, [changed.as_str()]);
        let waiting = world.waiting();
        assert_eq!((waiting.len(), waiting[0].kind, waiting[0].risk), (1, ReviewKind::Drift, Risk::High));
        assert_eq!(waiting[0].summary, format!("behaviour: new behaviour in this version: {changed}"));
        assert_eq!(world.run(loads("~/lib/a.py", b"2")).departed, Vec::<String>::new(), "seen by now");
        assert_eq!(world.run(loads("~/lib/a.py", b"1")).departed.len(), 1, "the way back is a change, too");
        assert_eq!(world.run(loads("~/lib/json.py", b"1")).departed, [format!("load code ~/lib/json.py ({first})")]);
    }

    #[test]
    fn what_was_decided_once_asks_again_for_other_behaviour_only() {
        let mut world = World::new();
        world.approve();
        world.run(Some(reads(&["/srv/a"])));
        world.run(Some(reads(&["/etc/shadow"])));
        let first = world.waiting()[0].id;
        world.change(|tx| tx.set_review_state(first, ReviewState::Approved));
        world.run(Some(reads(&["/etc/shadow"])));
        assert_eq!(world.waiting().len(), 0);
        world.run(Some(reads(&["/root/key"])));
        assert_eq!(world.waiting().len(), 1);
    }

    #[test]
    fn versions_that_nobody_approved_only_fill_their_envelope() {
        let mut world = World::new();
        for path in ["/srv/a", "/etc/shadow"] {
            assert_eq!(world.run(Some(reads(&[path]))).departed, Vec::<String>::new());
        }
        assert_eq!(world.waiting().len(), 0);
        assert_eq!(world.store.envelope(&tool(), DIGEST).unwrap().observed, 2);
    }

    #[test]
    fn declared_behaviour_departs_from_nothing() {
        let mut world = World::new();
        world.approve();
        world.declared.read = vec!["/srv/data".to_owned()];
        world.run(Some(reads(&["/opt/a"])));
        assert_eq!(world.run(Some(reads(&["/srv/data/b"]))).departed, Vec::<String>::new());
        assert_eq!(world.run(Some(reads(&["/srv/other/b"]))).departed, ["read /srv/other/b"]);
    }

    #[test]
    fn a_run_that_nobody_watched_is_counted_and_one_that_never_started_is_not() {
        let mut world = World::new();
        world.approve();
        world.run(Some(Observation::off("no seccomp here")));
        world.run(None);
        let envelope = world.store.envelope(&tool(), DIGEST).unwrap();
        assert_eq!((envelope.observed, envelope.unobserved), (0, 1));
        assert_eq!(world.run(Some(reads(&["/etc/shadow"]))).departed, Vec::<String>::new(), "nothing to depart from");
    }

    #[test]
    fn new_behaviour_that_only_reads_is_of_medium_risk_and_all_else_of_high() {
        for (touches, risk) in [
            (&[Touch::Read][..], Risk::Medium),
            (&[Touch::Resolve], Risk::Medium),
            (&[Touch::Exec], Risk::High),
            (&[Touch::Read, Touch::Exec], Risk::High),
        ] {
            let mut world = World::new();
            world.approve();
            world.run(Some(reads(&["/srv/a"])));
            let attempt = |touch: &Touch| Attempt {
                touch: *touch,
                target: "/opt/x".to_owned(),
                answer: Answer::Denied,
                count: 1,
            };
            let attempts = touches.iter().map(attempt).collect();
            world.run(Some(Observation { attempts, ..reads(&[]) }));
            assert_eq!(world.waiting()[0].risk, risk, "{touches:?}");
        }
    }

    #[test]
    fn a_pending_review_of_a_server_shows_its_present_change_and_what_widened() {
        let mut world = World::new();
        world.approve();
        let row = Tool { digest: DIGEST, stage: Stage::Approved, kind: Kind::Mcp, ..Tool::ordinary("fetch") };
        let mut ask = |found: &str, why: &str| {
            let why = drift_reason(found, why);
            world.change(|tx| ask_about_server(tx, &row, &why));
            let waiting = world.waiting();
            assert!(waiting.len() <= 1, "{waiting:#?}");
            waiting.into_iter().next().map(|review| (review.id, review.changed_server().unwrap_or_default().to_owned()))
        };
        let (first, why) = ask("a", "x changed: /description").unwrap();
        assert_eq!(why, "x changed: /description");
        let wide = "x changed: /annotations/readOnlyHint [widens: it no longer only reads]";
        assert_eq!(ask("b", wide).unwrap(), (first, wide.to_owned()), "the wider change reaches the same review");
        let (same, why) = ask("a", "x changed: /description").unwrap();
        assert!(same == first && why.starts_with("x changed: /description; ") && why.contains(wide), "{why}");
        world.change(|tx| tx.set_review_state(first, ReviewState::Approved));
        let mut ask = |found: &str| {
            let why = drift_reason(found, "x changed");
            world.change(|tx| ask_about_server(tx, &row, &why));
            world.waiting().len()
        };
        assert_eq!((ask("a"), ask("b")), (0, 1), "what was decided is the change that it showed last");
    }

    #[test]
    fn only_a_waiting_review_of_this_version_shows_new_behaviour_too() {
        for (kind, byte, state, asks) in [
            (ReviewKind::Drift, 7, ReviewState::Waiting, false),
            (ReviewKind::Promotion, 7, ReviewState::Waiting, false),
            (ReviewKind::Archive, 7, ReviewState::Waiting, true),
            (ReviewKind::Drift, 7, ReviewState::Approved, true),
            (ReviewKind::Drift, 8, ReviewState::Waiting, true),
        ] {
            let mut world = World::new();
            world.approve();
            world.run(Some(reads(&["/srv/a"])));
            let before = world.change(|tx| {
                let before = tx.open_review(&NewReview {
                    kind,
                    tool: tool(),
                    version: semver::Version::new(1, 0, 0),
                    digest: Digest([byte; 32]),
                    from_stage: Stage::Approved,
                    to_stage: Stage::Approved,
                    risk: Risk::Low,
                    summary: String::new(),
                    path: String::new(),
                    base_digest: None,
                    members: Vec::new(),
                })?;
                tx.set_review_state(before, state)?;
                Ok(before)
            });
            world.run(Some(reads(&["/root/key"])));
            let asked = world.waiting().iter().any(|review| review.id != before);
            assert_eq!(asked, asks, "{kind} {byte} {state}");
        }
    }
}
