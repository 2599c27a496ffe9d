//! Permits: a human allows one run of a tool that costs so much that agents never run it by themselves.
//!
//! A permit covers a text with everything that the run depends on: who calls, which version, what it may do, and the
//! input. The review covers the digest of this text, so an approval is valid for exactly this call. It is valid once
//! and for 15 minutes; both are checked again in the transaction that opens the run.

use super::inputs::stored_input;
use super::occasion::Occasion;
use crate::domain::composite::MOST_DEPTH;
use crate::domain::{
    Caller, Decision, DecisionKind, Digest, FileMode, Instant, Profile, Request, RequestKind, Review, ReviewId,
    ReviewKind, ReviewState, Risk, RunId, Tool, ToolDetail, VersionFile,
};
use crate::engine::Runs;
use crate::engine::clock::now;
use crate::engine::core::{self, Question, RunPolicy};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::RunRequest;
use crate::store::{NewReview, ReviewHead, Tx, use_permit};
use serde_json::{Map, Value, json};

/// How long a request for a permit waits, and how long a decision about it is valid, in milliseconds.
const VALID_MS: i64 = 15 * 60 * 1_000;

/// The largest input that a human is asked about, in bytes of JSON.
const MOST_INPUT: usize = 64 * 1024;

/// The file of the review.
const CALL_FILE: &str = "call.json";

/// The state of a call that needs a permit.
enum Permit {
    /// A human approved exactly this call less than 15 minutes ago, and no run has used the approval.
    Given(ReviewId),
    /// A review of this call waits for a human.
    Asked(ReviewId),
    /// A human rejected exactly this call less than 15 minutes ago. The message has the reason.
    Denied(String),
}

impl Runs<'_> {
    /// The result of the policy when permits count: a given permit lets the run start. If a permit is requested,
    /// returns the review.
    ///
    /// # Errors
    /// `Refused` when too many requests of the caller wait; `Internal` for errors of the store.
    pub(super) fn permitted(
        &self,
        policy: RunPolicy,
        request: &RunRequest,
        (detail, caller): (&ToolDetail, &Caller),
        occasion: &mut Occasion,
    ) -> Result<(RunPolicy, Option<ReviewId>), EngineError> {
        let RunPolicy::Ask { question: Question::Permit, message } = policy else { return Ok((policy, None)) };
        if occasion.is_permitted() {
            return Ok((RunPolicy::Allow { profile: Profile::Declared, warning: None }, None));
        }
        let length = request.input.as_ref().map_or(0, |input| input.to_string().len());
        if length > MOST_INPUT {
            let message =
                format!("{message}, and the input is too long for a review: {length} bytes, at most {MOST_INPUT}");
            return Ok((RunPolicy::Refuse { code: ErrorCode::Refused, message }, None));
        }
        Ok(match self.permit(request, (detail, caller), occasion.is_strict)? {
            Permit::Given(review) => {
                occasion.permit = Some(review);
                (RunPolicy::Allow { profile: Profile::Declared, warning: None }, None)
            }
            Permit::Asked(review) => {
                let message = format!("{message}; `toolsmith wait {review}` waits for the answer to this one");
                (RunPolicy::Ask { question: Question::Permit, message }, Some(review))
            }
            Permit::Denied(message) => (RunPolicy::Refuse { code: ErrorCode::Refused, message }, None),
        })
    }

    /// Looks for a permit for this call; if there is none, requests one.
    fn permit(
        &self,
        request: &RunRequest,
        (detail, caller): (&ToolDetail, &Caller),
        is_strict: bool,
    ) -> Result<Permit, EngineError> {
        self.engine.reviews().expire_due()?;
        let asked = self.call_request(request, (detail, caller), is_strict);
        let files = files_of(&asked)?;
        let digest = Digest::of_files(&files);
        let heads = self.workspace.read(|q| Ok(q.review_heads(Some(&detail.tool.name))?))?;
        let same = heads.iter().rev().filter(|head| head.kind == ReviewKind::Call && head.digest == digest);
        for head in same {
            match head.state {
                ReviewState::Waiting => return Ok(Permit::Asked(head.id)),
                ReviewState::Approved if !head.used => {
                    let review = self.engine.reviews().sound(head.id)?;
                    if approved_at(&review).is_some_and(|at| is_valid(at, now())) {
                        return Ok(Permit::Given(head.id));
                    }
                }
                ReviewState::Rejected | ReviewState::ChangesRequested => {
                    let review = self.engine.reviews().sound(head.id)?;
                    let no = last_decision(&review).filter(|decision| is_valid(decision.at, now()));
                    if let Some(no) = no {
                        let why = no.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                        return Ok(Permit::Denied(format!("a human refused this run in review {}{why}", head.id)));
                    }
                }
                _ => {}
            }
        }
        self.ask_for_permit(detail, caller, &asked, &files).map(Permit::Asked)
    }

    /// A text with everything that the run depends on. It does not show secrets in the input; a digest over the
    /// complete input limits the permit to this call.
    fn call_request(&self, request: &RunRequest, (detail, caller): (&ToolDetail, &Caller), is_strict: bool) -> Request {
        let tool = &detail.tool;
        let permissions = &detail.manifest.permissions;
        let input = canonical(request.input.as_ref().unwrap_or(&Value::Null));
        let shown = serde_json::from_str(&stored_input(request, detail, &self.known_secrets())).unwrap_or(Value::Null);
        let reach = if is_strict { "none: it runs strictly".to_owned() } else { permissions.summary() };
        let steps = self.steps_under(tool, 0);
        // As bytes: a value need not be UTF-8.
        let value = |name: &String| std::env::var_os(name).map(|value| value.as_encoded_bytes().to_vec());
        let given: Vec<(&String, Option<Vec<u8>>)> = permissions.env.iter().map(|name| (name, value(name))).collect();
        let limit = request.timeout.map(|limit| format!("{}ms", limit.as_millis()));
        let again = request.again.as_ref().map(|again| format!("run {}, from {:?}", again.of, again.step));
        let all = json!([input, given, limit, again, caller.word(), tool.digest, steps]);
        let mut call = Map::new();
        for (name, value) in [
            ("agent", json!(caller.word())),
            ("tool", json!(tool.name)),
            ("version", json!(tool.version)),
            ("digest", json!(tool.digest)),
            ("reach", json!(reach)),
            ("time_limit", json!(limit)),
            ("continues", json!(again)),
            ("steps", if steps.is_empty() { Value::Null } else { json!(steps) }),
            ("input", canonical(&shown)),
            // Covers the unredacted input and the values of variables, which are not shown.
            ("digest_of_input_and_variables", json!(Digest::of_bytes(all.to_string().as_bytes()))),
        ] {
            if !value.is_null() || name == "input" {
                call.insert(name.to_owned(), value);
            }
        }
        Request {
            kind: RequestKind::Call,
            tool: Some(tool.name.clone()),
            plan: None,
            description: format!("agent {:?} wants to run {} {}", caller.word(), tool.name, tool.version),
            rationale: String::new(),
            test_results: Vec::new(),
            changes: Vec::new(),
            specification: None,
            successor: None,
            metadata: call,
        }
    }

    /// The steps of a composite with the version of each, and the steps of steps.
    fn steps_under(&self, tool: &Tool, depth: usize) -> Vec<Value> {
        let mut all = Vec::new();
        for step in tool.steps.iter().flat_map(|steps| &steps.steps).filter(|_| depth <= MOST_DEPTH) {
            // A missing tool is refused when the steps run.
            let found = self.engine.library().resolve(&step.tool).ok();
            let digest = found.as_ref().map(|found| found.digest);
            all.push(json!({"step": step.id, "tool": step.tool, "digest": digest}));
            all.extend(found.iter().flat_map(|found| self.steps_under(found, depth + 1)));
        }
        all
    }

    /// Whether another run has used this permit, or a human withdrew it.
    pub(super) fn lost(&self, permit: ReviewId, tool: &Tool) -> Result<bool, EngineError> {
        let heads = self.workspace.read(|q| Ok(q.review_heads(Some(&tool.name))?))?;
        Ok(heads.iter().any(|head| head.id == permit && (head.used || head.state != ReviewState::Approved)))
    }

    fn ask_for_permit(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        asked: &Request,
        files: &[VersionFile],
    ) -> Result<ReviewId, EngineError> {
        self.engine.requests().refuse_flood(&caller.identity())?;
        let digest = Digest::of_files(files);
        self.workspace.copies.put(digest, files)?;
        let tool = &detail.tool;
        let review = NewReview {
            kind: ReviewKind::Call,
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest,
            from_stage: tool.stage,
            to_stage: tool.stage,
            risk: Risk::High,
            summary: asked.description.clone(),
            path: CALL_FILE.to_owned(),
            base_digest: None,
            members: Vec::new(),
        };
        let posted = core::Posted {
            verb: "request",
            asker: caller,
            request: asked,
            expires_at: Some(Instant(now().0 + VALID_MS)),
            replaces: None,
            waiting: None,
            review,
            writes: None,
        };
        let who = caller.identity();
        // Another run may have made the same request since this one checked.
        let is_same = |head: &ReviewHead| {
            (head.kind, head.digest, head.state) == (ReviewKind::Call, digest, ReviewState::Waiting)
        };
        let step = self.workspace.transact(|tx| {
            match tx.review_heads(Some(&tool.name))?.iter().find(|head| is_same(head)) {
                Some(waiting) => Ok(Err(waiting.id)),
                None => core::post(tx, self.workspace.actor(&who), &posted).map(Ok),
            }
        })?;
        let step = match step {
            Ok(step) => step,
            Err(waiting) => return Ok(waiting),
        };
        let review = self.engine.finish(step)?.review;
        review.ok_or_else(|| EngineError::internal("a request without a review"))
    }
}

/// Uses a permit for a run, in the transaction that opens the run.
///
/// # Errors
/// `Conflict` when it is used, withdrawn or expired.
pub(super) fn demand_permit(tx: &Tx<'_>, permit: ReviewId, run: RunId, at: Instant) -> Result<(), EngineError> {
    let review = tx.review(permit)?.filter(|review| review.state == ReviewState::Approved);
    let is_in_force = review.as_ref().and_then(approved_at).is_some_and(|approved| is_valid(approved, at));
    if is_in_force && use_permit(tx, permit, run)? {
        return Ok(());
    }
    let message = format!("the permit of review {permit} is no longer in force");
    Err(EngineError::new(ErrorCode::Conflict, message, "run it again to ask for another one"))
}

/// The effect of approving such a review, in one line.
pub(in crate::engine) fn consequence(review: &Review) -> String {
    let agent = review.request.as_ref().and_then(|request| request.metadata.get("agent")).and_then(Value::as_str);
    let agent = agent.map_or_else(|| "the requester".to_owned(), |agent| format!("agent {agent:?}"));
    format!("{agent} may run {} once with exactly this input within 15 minutes; no file moves", review.tool)
}

/// The digest of the version to run; `None` for other reviews.
pub(in crate::engine) fn version_called(review: &Review) -> Option<Digest> {
    let request = review.request.as_ref().filter(|_| review.kind == ReviewKind::Call)?;
    request.metadata.get("digest")?.as_str()?.parse().ok()
}

fn last_decision(review: &Review) -> Option<&Decision> {
    review.decisions.iter().rev().find(|decision| !decision.undone)
}

/// When a human approved the review.
fn approved_at(review: &Review) -> Option<Instant> {
    last_decision(review).filter(|decision| decision.kind == DecisionKind::Approve).map(|decision| decision.at)
}

fn is_valid(since: Instant, at: Instant) -> bool {
    (0..VALID_MS).contains(&(at.0 - since.0))
}

fn files_of(request: &Request) -> Result<Vec<VersionFile>, EngineError> {
    let mut bytes = serde_json::to_vec_pretty(&request.metadata).map_err(EngineError::internal)?;
    bytes.push(b'\n');
    Ok(vec![VersionFile { path: CALL_FILE.to_owned(), mode: FileMode::Plain, bytes }])
}

/// The value with sorted object fields, so that equal inputs give equal texts. Like RFC 8785, except that numbers are
/// kept as written: 1 and 1.0 are different inputs.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            names.into_iter().map(|name| (name.clone(), canonical(&fields[name]))).collect()
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_fields_is_no_difference_and_everything_else_is() {
        let text = |value: &Value| serde_json::to_string(&canonical(value)).unwrap_or_default();
        let same = |a: Value, b: Value| text(&a) == text(&b);
        assert!(same(json!({"a": 1, "b": {"d": 1, "c": 2}}), json!({"b": {"c": 2, "d": 1}, "a": 1})));
        assert!(!same(json!({"a": [1, 2]}), json!({"a": [2, 1]})));
        assert!(!same(json!({"a": 1}), json!({"a": "1"})));
        assert!(!same(json!(null), json!({})));
    }

    #[test]
    fn an_approval_is_valid_for_fifteen_minutes_and_never_before_it_was_given() {
        let since = Instant(1_000);
        assert!(is_valid(since, since) && is_valid(since, Instant(1_000 + VALID_MS - 1)));
        assert!(!is_valid(since, Instant(1_000 + VALID_MS)) && !is_valid(since, Instant(999)));
    }
}
