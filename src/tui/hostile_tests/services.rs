//! Text that instances of services can produce.

use super::super::effect::{Effect, Serving};
use super::super::msg::{Answer, Msg, Served, ServiceRow};
use super::super::testing::{self, Bench, ago};
use super::{Scene, evil, evil_error, evil_tool, evils};
use crate::domain::service::{Exchange, ExchangeRole, InstanceContext};
use crate::domain::{Kind, Stage};
use crate::engine::{CatalogState, CatalogView, EngineError, InstanceDetail};
use std::sync::Arc;

fn rows() -> Vec<ServiceRow> {
    let mut rows = testing::services();
    for row in &mut rows {
        let instance = &mut row.view.instance;
        instance.life.last_error = Some(evil());
        instance.life.last_stderr = Some(evil());
        instance.launched_by = evil();
        instance.health.output = evil();
        for port in &mut instance.ports {
            (port.name, port.note) = (evil(), Some(evil()));
        }
    }
    rows
}

fn with_services(bench: &mut Bench) {
    bench.send(Msg::Services(rows()));
}

/// Answers the latest message.
fn said(bench: &mut Bench, said: Result<&str, EngineError>) {
    let sent = bench.taken().into_iter().rev().find_map(|effect| match effect {
        Effect::Serve(Serving::Say { ticket, .. }) => Some(ticket),
        _ => None,
    });
    let said = said.map(testing::outcome);
    let (ticket, instance) = (sent.expect("a message was sent"), evil());
    bench.answer(Answer::Serving(Box::new(Served::Said { ticket, instance, said })));
}

/// Shows an instance with all its messages.
fn context(bench: &mut Bench) {
    with_services(bench);
    bench.press("5 down i");
    let view = rows().remove(0).view;
    let line = |role| Exchange { seq: 1, at: ago(1), role, who: evil(), text: evil(), run: None };
    let exchanges = [ExchangeRole::Message, ExchangeRole::Answer, ExchangeRole::LateAnswer].map(line).to_vec();
    let context = InstanceContext { last_output: Some(evil()), staged: evils(), next: evils() };
    let found = Ok(Box::new(InstanceDetail {
        view,
        keeper_pid: None,
        sandbox_pid: None,
        definition: None,
        context,
        exchanges,
    }));
    let instance = "api".to_owned();
    bench.answer(Answer::Serving(Box::new(Served::Detail { instance, found })));
}

pub(super) const SCENES: &[Scene] = &[
    ("services", |bench| {
        with_services(bench);
        bench.press("5 z");
    }),
    ("services that match", |bench| {
        with_services(bench);
        bench.press("5 /");
        bench.send(Msg::Paste(evil()));
    }),
    ("the context of an instance", context),
    ("a prompt that is typed", |bench| {
        context(bench);
        bench.press("s");
        bench.send(Msg::Paste(evil()));
    }),
    ("an answer of an instance", |bench| {
        with_services(bench);
        bench.press("5 \"");
        bench.send(Msg::Paste(evil()));
        bench.press("enter");
        said(bench, Ok(&evil()));
    }),
    ("no answer of an instance", |bench| {
        with_services(bench);
        bench.press("5 \" x enter");
        said(bench, Err(evil_error()));
    }),
    ("an answer after the box was closed", |bench| {
        with_services(bench);
        bench.press("5 \" x enter esc");
        said(bench, Ok(&evil()));
    }),
    ("the name of an instance", |bench| {
        let mut named = rows().remove(0);
        named.view.instance.name = testing::name("first");
        bench.send(Msg::Services(vec![named]));
        let mut tool = evil_tool("first", Stage::Experimental);
        tool.kind = Kind::Service;
        let (state, tools) = (CatalogState::Ready, vec![Arc::new(tool)]);
        let view = CatalogView { state, tools, problems: vec![], in_use: None, skipped: Arc::default(), generation: 9 };
        bench.send(Msg::Catalog(Arc::new(view)));
        bench.press("1 r");
        bench.send(Msg::Paste(evil()));
        bench.press("enter");
    }),
];
