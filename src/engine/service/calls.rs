//! Calls that a service answers: running instances come before tools, others only when nothing else fits.

use super::asking::LaunchRequest;
use super::talking::Said;
use super::{ANSWER_TIME, Services};
use crate::domain::service::{Adapter, InstanceState};
use crate::domain::{Caller, RunOutcome};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::run::{
    CallAttempt, CallOutcome, CallReport, CallRequest, Calling, Candidates, LeftOut, ServiceOffer,
};
use serde_json::Value;
use std::time::Duration;

/// The first step of a call.
pub enum CallBegun {
    /// A service has answered; the call is over.
    Answered(Box<CallReport>),
    /// No service has answered: tools are run.
    Tools(Box<Calling>),
}

impl Services<'_> {
    /// What a call would try: services, then tools, with reasons. Starts nothing and writes nothing.
    ///
    /// # Errors
    /// `Usage` for a scenario without words; `Internal` for errors of the store.
    pub fn call_candidates(&self, request: &CallRequest, caller: &Caller) -> Result<Candidates, EngineError> {
        let mut found = self.engine.calls().candidates(request, caller)?;
        found.services = self.offers(request)?;
        Ok(found)
    }

    /// Begins a call. Running instances that fit best are asked first. If neither they nor a tool can handle it, an
    /// instance that is not running is launched and asked.
    ///
    /// # Errors
    /// `NotFound` when nothing fits; `Failed`, `Refused` or `HumanNeeded` when only services fit, and none answers.
    pub fn begin_call(&self, request: &CallRequest, caller: &Caller) -> Result<CallBegun, EngineError> {
        self.restore_lost()?;
        let offers = self.offers(request)?;
        let (mut left_out, mut failure) = (Vec::new(), None);
        let has_tools = offers.is_empty() || !self.engine.calls().candidates(request, caller)?.candidates.is_empty();
        for offer in offers.iter().filter(|offer| offer.goes_first || !has_tools).take(request.max_attempts) {
            match self.ask(offer, request, caller) {
                Ok((said, took)) => {
                    return Ok(CallBegun::Answered(Box::new(self.answered(&offers, offer, request, said, took)?)));
                }
                Err(error) => {
                    self.demand_harmless(offer, request, &error)?;
                    left_out.push(LeftOut::silent(offer, &error));
                    failure.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failure.filter(|_| !has_tools) {
            return Err(error);
        }
        let mut calling = self.engine.calls().begin(request, caller)?;
        calling.add_services(offers, left_out);
        Ok(CallBegun::Tools(Box::new(calling)))
    }

    /// The services that fit, in the order in which they are asked.
    fn offers(&self, request: &CallRequest) -> Result<Vec<ServiceOffer>, EngineError> {
        let instances = self.list(None)?.services;
        let mut offers = Vec::new();
        for fitting in self.engine.calls().fitting_services(request)? {
            let tool = &fitting.tool;
            let detail = self.engine.library().detail(tool)?;
            if detail.manifest.service.is_some_and(|service| service.adapter == Adapter::None) {
                continue;
            }
            let own: Vec<_> = instances.iter().filter(|one| one.instance.tool == tool.name).collect();
            let offer = |instance, state: Option<InstanceState>| {
                let word = state.map_or_else(|| "not launched yet".to_owned(), |state| state.to_string());
                let goes_first = fitting.is_best && state.is_some_and(InstanceState::is_up);
                let later = if goes_first { "" } else { "; it is asked only when nothing else fits" };
                let why = format!("{instance} is {word} and {}{later}", fitting.reason);
                ServiceOffer { tool: tool.name.clone(), instance, state, goes_first, why, path: tool.path.clone() }
            };
            offers.extend(own.iter().map(|one| offer(one.instance.name.clone(), Some(one.now))));
            if own.is_empty() {
                offers.push(offer(tool.name.clone(), None));
            }
        }
        // A stable sort: among equal offers, the better service stays first.
        let is_well = |offer: &ServiceOffer| offer.state == Some(InstanceState::Running);
        offers.sort_by_key(|offer| (!offer.goes_first, !is_well(offer)));
        Ok(offers)
    }

    /// Sends the message of the call to an instance, which is launched if it does not exist; returns the answer and the
    /// time it took.
    fn ask(
        &self,
        offer: &ServiceOffer,
        request: &CallRequest,
        caller: &Caller,
    ) -> Result<(Said, Duration), EngineError> {
        let began = std::time::Instant::now();
        if offer.state.is_none() {
            let tool = self.engine.library().resolve(offer.tool.as_str())?;
            self.launch(&LaunchRequest { tool, instance: Some(offer.instance.clone()) }, caller)?;
        }
        let timeout = request.timeout.unwrap_or(ANSWER_TIME);
        let mut said = self.say(offer.instance.as_str(), &message(request), timeout, caller)?;
        said.started |= offer.state.is_none();
        Ok((said, began.elapsed()))
    }

    /// Stops the call after a service that got the message and may have changed something outside.
    fn demand_harmless(
        &self,
        offer: &ServiceOffer,
        request: &CallRequest,
        error: &EngineError,
    ) -> Result<(), EngineError> {
        // A service that refused or did not start has changed nothing.
        if request.go_on || error.code != ErrorCode::Failed {
            return Ok(());
        }
        let tool = self.engine.library().resolve(offer.tool.as_str())?;
        let permissions = self.engine.library().detail(&tool)?.manifest.permissions;
        let is_harmless = permissions.write.is_empty() && permissions.network.is_empty();
        if tool.idempotent == Some(true) || is_harmless {
            return Ok(());
        }
        let hint = format!(
            "{} may write files or use the network and is not declared idempotent: check what it did; --go-on tries the next",
            offer.tool
        );
        Err(EngineError::new(ErrorCode::Failed, format!("{}: {}", offer.instance, error.message), hint))
    }

    /// The result of a call that an instance answered.
    fn answered(
        &self,
        offers: &[ServiceOffer],
        offer: &ServiceOffer,
        request: &CallRequest,
        said: Said,
        took: Duration,
    ) -> Result<CallReport, EngineError> {
        let row = self.named(said.instance.as_str())?.instance;
        let run = self.run_of(said.instance.as_str())?;
        let why = if said.started {
            format!("nothing else fits: {} was launched for this call; {}", said.instance, offer.why)
        } else {
            offer.why.clone()
        };
        let attempt = CallAttempt {
            attempt: 1,
            tool: row.tool.clone(),
            version: row.version,
            run,
            outcome: RunOutcome::Succeeded,
            error: None,
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            why,
            again: false,
            mark: None,
            severity: None,
        };
        Ok(CallReport {
            scenario: request.scenario.clone(),
            tags: request.tags.clone(),
            outcome: CallOutcome::Answered,
            tool: Some(row.tool),
            instance: Some(said.instance),
            answer: Some(said.answer),
            attempts: vec![attempt],
            candidates: Candidates::of_services(offers.to_vec()),
            hint: String::new(),
        })
    }
}

/// The message: the field `message` of the input, otherwise the scenario.
fn message(request: &CallRequest) -> String {
    let of_set = request.sets.iter().rev().find_map(|set| set.strip_prefix("message="));
    let of_input = || request.input.as_ref().and_then(|input| input.get("message")).and_then(Value::as_str);
    of_set.or_else(of_input).unwrap_or(&request.scenario).to_owned()
}
