//! Running checks: on demand, and in the background for every version with a pending review.
//!
//! The process that runs the checks of a version holds a lease on it, so that only one of several open workbenches
//! works. The verdict is stored while it grows; a killed process leaves an unfinished verdict, which the next worker
//! starts again.

use crate::check::{self, CHECKS, Check, CheckContext};
use crate::domain::{
    Caller, CheckReport, CheckState, CodeRedactor, Digest, Gate, Instant, Manifest, Outcome, Review, ReviewId, Stage,
    Tool, ToolDetail, ToolName, Verdict,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core::Approvals;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::shelf::Shelf;
use crate::engine::locks::lock;
use crate::engine::review::check_queue::CheckQueue;
use crate::engine::workspace::Workspace;
use crate::store::{TeamFiles, Unexamined};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant as Clock};

/// How long a lease on the checks of a version lasts without renewal. Checks that start the version are bounded
/// by 60 s in all; twice that leaves room for a slow machine.
const LEASE_MS: i64 = 120_000;
/// How often a growing verdict is written: each write is a durable transaction and wakes every front end.
const WRITE_EVERY: Duration = Duration::from_millis(400);

/// Every check: its name, what it examines, and its default gate.
pub fn checks() -> impl Iterator<Item = (&'static str, &'static str, Gate)> {
    CHECKS.iter().map(|check| (check.name, check.doc, check.gate()))
}

/// The next version to check.
pub(super) struct Next {
    tool: Arc<Tool>,
    base: Option<Digest>,
    /// Whether it was requested explicitly; errors are then reported to the requester.
    asked: bool,
    /// The worker that performs the starts of the checks.
    worker: Option<String>,
}

/// Receives the growing verdict while checks run.
pub type OnVerdict<'a> = &'a mut dyn FnMut(&Verdict);

/// The checks of versions under review: running them, their order, and their verdicts.
#[derive(Clone, Copy)]
pub struct Checks<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e CheckQueue,
}

impl Checks<'_> {
    /// The verdict about a version; `None` if no check has started.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn verdict(&self, tool: &ToolName, digest: Digest) -> Result<Option<Verdict>, EngineError> {
        self.workspace.read(|q| Ok(q.verdict(tool, digest)?))
    }

    /// The verdict about the version of a review, as of now: the stored verdict may be older than the approval of that
    /// version.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn verdict_of(&self, review: &Review) -> Result<Option<Verdict>, EngineError> {
        let verdict = self.verdict(&review.tool, review.digest)?;
        let is_approved = review.base_digest == Some(review.digest);
        Ok(if is_approved { verdict.map(Verdict::told_of_approved) } else { verdict })
    }

    /// Whether the texts of a definition address a model instead of describing the tool. Callers that pass them to a
    /// model add a warning.
    pub fn speaks_to_models(&self, manifest: &Manifest) -> bool {
        check::injection::fails_for(manifest)
    }

    /// Whether a text that an agent gets as instructions tries to mislead it.
    pub fn misleads_models(&self, text: &str) -> bool {
        check::injection::fails_for_instructions(text)
    }

    /// The checks that block approval of this verdict for a stage, by name.
    pub fn blocking(&self, verdict: &Verdict, to: Stage) -> Vec<String> {
        self.workspace.settings.gates.blocking(verdict, to).into_iter().map(|check| check.name.clone()).collect()
    }

    /// Runs all checks of a version now, compared with the previously approved version of its name, and stores the
    /// verdict. A worker, if given, performs all starts of the version. `progress` receives the growing verdict.
    ///
    /// # Errors
    /// Those of [`Library::detail`](crate::engine::Library::detail); `Internal` for errors of the store.
    pub fn run(&self, tool: &Tool, worker: Option<&str>, progress: OnVerdict<'_>) -> Result<Verdict, EngineError> {
        let base = self.workspace.read(|q| Ok(Approvals::read(q)?.newest(&tool.name)))?;
        let stop = AtomicBool::new(false);
        if base != Some(tool.digest) {
            return self.examine_tool(tool, base, worker, &stop, progress);
        }
        let told = &mut |verdict: &Verdict| progress(&verdict.clone().told_of_approved());
        self.examine_tool(tool, None, worker, &stop, told).map(Verdict::told_of_approved)
    }

    /// Runs the checks of a review's version now unless they have run. `progress` receives the growing verdict.
    ///
    /// # Errors
    /// `NotFound` when there is no such review; those of [`Library::detail`](crate::engine::Library::detail).
    pub fn ensure(&self, review: ReviewId, progress: OnVerdict<'_>) -> Result<(), EngineError> {
        let review = self.engine.reviews().row(review)?;
        if !review.is_checked() {
            return Ok(());
        }
        let base = review.base_digest.filter(|base| *base != review.digest);
        let verdict = self.verdict(&review.tool, review.digest)?;
        if verdict.is_some_and(|verdict| verdict.is_complete() && verdict.base == base) {
            return Ok(());
        }
        match self.row_of(&review.tool, review.digest) {
            Some(tool) => self.examine_tool(&tool, base, None, &AtomicBool::new(false), progress).map(drop),
            // The decision will report that the files are gone.
            None => Ok(()),
        }
    }

    /// Refuses an unknown worker, or one that this caller may not choose.
    ///
    /// # Errors
    /// `NotFound`, or `HumanNeeded` for an agent.
    pub fn may_start_on(&self, worker: Option<&str>, caller: &Caller) -> Result<(), EngineError> {
        worker.map_or(Ok(()), |worker| self.engine.runs().may_name_worker(worker, caller))
    }

    /// Runs the checks of a tool again, in the background.
    pub(in crate::engine) fn recheck(
        &self,
        name: &str,
        worker: Option<String>,
        caller: &Caller,
    ) -> Result<Outcome, EngineError> {
        self.may_start_on(worker.as_deref(), caller)?;
        let tool = self.engine.library().resolve(name)?;
        self.workspace.transact(|tx| Ok(tx.drop_verdict(&tool.name, tool.digest)?))?;
        let message = format!("the checks of {} {} are running again", tool.name, tool.version);
        let detail = json!({"tool": tool.name, "digest": tool.digest});
        lock(&self.state.recheck).push_back((tool, worker));
        self.wake();
        Ok(Outcome { operation: None, review: None, message, commit: None, detail })
    }

    fn row_of(&self, name: &ToolName, digest: Digest) -> Option<Arc<Tool>> {
        self.engine.library().catalog().tools.iter().find(|tool| tool.name == *name && tool.digest == digest).cloned()
    }

    fn examine_tool(
        &self,
        tool: &Tool,
        base: Option<Digest>,
        worker: Option<&str>,
        stop: &AtomicBool,
        progress: OnVerdict<'_>,
    ) -> Result<Verdict, EngineError> {
        let detail = self.engine.library().detail(tool)?;
        if detail.tool.digest != tool.digest {
            let message = format!("{} changed on disk a moment ago", tool.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "read the new version, then check it"));
        }
        self.examine_detail(&detail, (base, worker), stop, progress)
    }

    /// The version that another one is compared with; `None` if no copy of it is kept.
    fn before(&self, tool: &Tool, digest: Digest) -> Option<ToolDetail> {
        // Its files may state the version that they were copied from; the recorded version is authoritative.
        let recorded = self.workspace.read(|q| Ok(q.version(tool.reviewed_as(), digest)?)).ok().flatten();
        let version = recorded.map_or_else(|| tool.version.clone(), |row| row.version);
        let before = self.engine.library().detail(&Tool { version, digest, ..tool.clone() }).ok()?;
        (before.tool.digest == digest).then_some(before)
    }

    /// Runs all checks of a version with the given files, whether they are in the workspace or not.
    pub(in crate::engine) fn examine_detail(
        &self,
        detail: &ToolDetail,
        (base, worker): (Option<Digest>, Option<&str>),
        stop: &AtomicBool,
        progress: OnVerdict<'_>,
    ) -> Result<Verdict, EngineError> {
        let tool = &detail.tool;
        let before = base.and_then(|base| self.before(tool, base));
        let missing = self.engine.dependencies().missing_approved(detail);
        let shelf = Shelf::of(self.engine);
        let trials = super::check_runs::EngineTrials::new(self.engine, worker, stop);
        let desk = CheckContext {
            version: detail,
            base: before.as_ref(),
            missing: &missing,
            library: &shelf,
            trials: &trials,
        };
        let made: Vec<&Check> = CHECKS.iter().filter(|check| self.workspace.settings.gates.makes(check.name)).collect();
        let running =
            |check: &&Check| CheckReport { state: CheckState::Running, ..CheckReport::of(check.name, vec![]) };
        let mut reports: Vec<CheckReport> = made.iter().map(running).collect();
        let before_files = before.iter().flat_map(|before| &before.files);
        let files = detail.files.iter().chain(before_files);
        let redactor = CodeRedactor::of(files.filter_map(|file| std::str::from_utf8(&file.bytes).ok()));
        let mut written = Clock::now();
        self.keep_verdict(tool, &Verdict::of(reports.clone(), base, now()).on(worker))?;
        make_all(&made, &desk, stop, &mut |at, report| {
            if stop.load(Ordering::Acquire) {
                // Another process may be running the same checks by now.
                return Ok(());
            }
            reports[at] = without_secrets(report, &redactor);
            check::settle(&mut reports);
            let verdict = Verdict::of(reports.clone(), base, now()).on(worker);
            progress(&verdict);
            if verdict.is_complete() || written.elapsed() >= WRITE_EVERY {
                self.keep_verdict(tool, &verdict)?;
                written = Clock::now();
            }
            Ok(())
        })?;
        let verdict = Verdict::of(reports, base, now()).on(worker);
        if !verdict.is_complete() {
            let message = format!("the checks of {} were stopped", tool.name);
            return Err(EngineError::new(ErrorCode::Failed, message, "they will run again"));
        }
        Ok(verdict)
    }

    pub(in crate::engine) fn keep_verdict(&self, tool: &Tool, verdict: &Verdict) -> Result<(), EngineError> {
        let until = Instant(now().0 + LEASE_MS);
        self.workspace.transact(|tx| {
            if verdict.is_complete() {
                tx.end_check_lease(&tool.name, tool.digest, &self.workspace.owner)?;
            } else {
                tx.lease_checks(&tool.name, tool.digest, &self.workspace.owner, until)?;
            }
            Ok(tx.put_verdict(&tool.name, tool.digest, verdict)?)
        })
    }

    /// Runs the checks of one version that needs them and that no process is checking, those that humans wait for
    /// first; `false` if there is none.
    #[cfg(test)]
    pub(super) fn examine_next(&self, stop: &AtomicBool) -> Result<bool, EngineError> {
        match self.next_asked()? {
            Some(next) => self.examine_leased(&next, stop).map(|()| true),
            None => self.examine_waiting(stop),
        }
    }

    /// The version whose checks a human waits for, if no process runs them: requested checks, then the review on
    /// screen.
    pub(super) fn next_asked(&self) -> Result<Option<Next>, EngineError> {
        if self.workspace.viewing().is_some() {
            // The results could not be stored.
            return Ok(None);
        }
        let _picking = lock(&self.state.picking);
        if let Some((tool, worker)) = lock(&self.state.recheck).pop_front() {
            let base = self.workspace.read(|q| Ok(Approvals::read(q)?.newest(&tool.name)))?;
            return Ok(Some(Next { tool, base, asked: true, worker }));
        }
        let Some(first) = *lock(&self.state.looked_at) else { return Ok(None) };
        self.pick(&|next| next.review == first)
    }

    /// Runs the checks of the oldest version that no human waits for; `false` if there is none. A version from
    /// elsewhere is not started before a human opened its review or requested its checks.
    pub(super) fn examine_waiting(&self, stop: &AtomicBool) -> Result<bool, EngineError> {
        if self.workspace.viewing().is_some() {
            return Ok(false);
        }
        let picking = lock(&self.state.picking);
        let first = *lock(&self.state.looked_at);
        let next = self.pick(&|next| Some(next.review) != first && !self.came_from_elsewhere(next.digest))?;
        drop(picking);
        let Some(next) = next else { return Ok(false) };
        self.examine_leased(&next, stop).map(|()| true)
    }

    /// Whether a `sync` or a `pull` put a version into the workspace; true if this cannot be read.
    pub(super) fn came_from_elsewhere(&self, digest: Digest) -> bool {
        self.workspace.read(|q| Ok(TeamFiles(q).has_landed(digest)?)).unwrap_or(true)
    }

    /// Runs the checks of a version on which this process has the lease.
    pub(super) fn examine_leased(&self, next: &Next, stop: &AtomicBool) -> Result<(), EngineError> {
        let Next { tool, base, asked, worker } = next;
        let made =
            self.examine_tool(tool, base.filter(|base| *base != tool.digest), worker.as_deref(), stop, &mut |_| {});
        if made.is_err() && stop.load(Ordering::Acquire) {
            // It was interrupted by checks with priority; it may restart at once.
            self.workspace.transact(|tx| Ok(tx.end_check_lease(&tool.name, tool.digest, &self.workspace.owner)?))?;
            return Ok(());
        }
        if made.is_err() && !asked {
            // The next process may retry, but not at once, because the cause persists.
            let later = Instant(now().0 + LEASE_MS / 4);
            self.workspace
                .transact(|tx| Ok(tx.lease_checks(&tool.name, tool.digest, &self.workspace.owner, later)?))?;
        }
        match made {
            // Its files were moved or deleted while they were read; the next scan determines what to check instead.
            Err(error) if !asked && matches!(error.code, ErrorCode::Conflict | ErrorCode::Failed) => Ok(()),
            made => made.map(drop),
        }
    }

    /// Takes the lease on the checks of the oldest matching version whose files are in the catalog.
    fn pick(&self, wanted: &dyn Fn(&Unexamined) -> bool) -> Result<Option<Next>, EngineError> {
        const LOOKED_AT: usize = 200;
        let waiting = self.workspace.read(|q| Ok(q.unexamined(now(), LOOKED_AT)?))?;
        for next in waiting.into_iter().filter(wanted) {
            let Some(tool) = self.row_of(&next.tool, next.digest) else { continue };
            let until = Instant(now().0 + LEASE_MS);
            let owner = &self.workspace.owner;
            if self.workspace.transact(|tx| Ok(tx.lease_checks(&next.tool, next.digest, owner, until)?))? {
                return Ok(Some(Next { tool, base: next.base, asked: false, worker: None }));
            }
        }
        Ok(None)
    }

    /// Ends leases on checks whose owner died.
    pub(super) fn free_checks_of_the_dead(&self) -> Result<(), EngineError> {
        if self.workspace.viewing().is_some() {
            return Ok(());
        }
        let owners = self.workspace.read(|q| Ok(q.check_owners()?))?;
        for owner in owners.iter().filter(|owner| !crate::engine::owner::owner_alive(owner)) {
            self.workspace.transact(|tx| Ok(tx.end_check_leases_of(owner)?))?;
        }
        Ok(())
    }
}

/// Runs these checks with two threads and passes on each report with its index. One thread starts with the quick checks
/// at the front, the other with the longest checks at the back. Ends early if `stop` is set.
///
/// # Errors
/// The first error of `told`; running checks are finished, no others are started.
fn make_all(
    checks: &[&Check],
    desk: &CheckContext<'_>,
    stop: &AtomicBool,
    told: &mut dyn FnMut(usize, CheckReport) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let left: Mutex<VecDeque<usize>> = Mutex::new((0..checks.len()).collect());
    let (sender, reports) = mpsc::channel();
    std::thread::scope(|scope| {
        for take in [VecDeque::pop_front, VecDeque::pop_back] {
            let (sender, left) = (sender.clone(), &left);
            let next = move || if stop.load(Ordering::Acquire) { None } else { take(&mut lock(left)) };
            scope.spawn(move || {
                while let Some(at) = next() {
                    // The receiver is gone, because storing a report failed.
                    if sender.send((at, check::examine(checks[at], desk))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        reports.into_iter().try_for_each(|(at, report)| told(at, report))
    })
}

/// A report without secrets quoted from the code.
fn without_secrets(mut report: CheckReport, redactor: &CodeRedactor) -> CheckReport {
    for finding in &mut report.findings {
        finding.message = redactor.text(&finding.message);
    }
    report.note = redactor.text(&report.note);
    report
}
