//! Effects about evolutions: asking generators, following their progress, keeping an answer.

use super::{Performer, lock};
use crate::domain::{EvolutionId, ReviewId};
use crate::engine::{Change, Engine, EngineError, EvolveRequest, Made};
use crate::tui::effect::{Evolving, Sending};
use crate::tui::msg::{Answer, Evolved, Msg, RoundAnswer, Rounds};
use crate::tui::widget::{Blanks, DiffText};

/// The maximum length of a list of evolutions.
const EVOLUTIONS: usize = 100;

impl Performer {
    pub(super) fn evolve(&self, engine: &Engine, evolving: Evolving) {
        match evolving {
            Evolving::Prepare { ticket, request, sending } => self.prepare(engine, ticket, &request, sending),
            Evolving::Ready(request) => {
                let making = engine.new_tools();
                let specification = making.specification(request.review);
                let ready = specification.and_then(|(one, _)| making.ready_to_generate(&one, &self.caller(engine)));
                self.evolved(Evolved::Ready(request, ready));
            }
            Evolving::Generate(review) => {
                let made = self.generate(engine, review);
                self.evolved(Evolved::Generated(made));
            }
            Evolving::List => self.evolved(Evolved::List(engine.evolutions().list(None, EVOLUTIONS))),
            Evolving::Load(id) => self.evolved(Evolved::One { id, found: rounds(engine, id).map(Box::new) }),
            Evolving::Texts(id) => self.evolved(Evolved::Texts { id, texts: engine.evolutions().texts(id) }),
            Evolving::Resume(id) => self.drive(engine, id),
            Evolving::Stop(id) => {
                if let Err(error) = engine.evolutions().stop(id, &self.caller(engine)) {
                    self.answer(Answer::Trouble(error));
                }
            }
            Evolving::Keep { id, at } => {
                self.evolved(Evolved::Kept(engine.evolutions().keep(id, Some(at), &self.caller(engine))));
            }
        }
    }

    fn evolved(&self, came: Evolved) {
        self.answer(Answer::Evolving(Box::new(came)));
    }

    /// Creates the tool of a specification, and starts the generation of its code if it needs any.
    fn generate(&self, engine: &Engine, review: ReviewId) -> Result<(Box<Made>, Option<EvolutionId>), EngineError> {
        let caller = self.caller(engine);
        let (made, request) = engine.new_tools().generate(review, &caller)?;
        let made = Box::new(made);
        let Some(request) = request else { return Ok((made, None)) };
        let began =
            engine.evolutions().prepare(&request).and_then(|asking| engine.evolutions().begin(&asking, &caller));
        match began {
            Ok(id) => {
                self.drive(engine, id);
                Ok((made, Some(id)))
            }
            // The tool exists all the same, and its code can be written by hand.
            Err(error) => {
                self.answer(Answer::Trouble(error));
                Ok((made, None))
            }
        }
    }

    fn prepare(&self, engine: &Engine, ticket: u64, request: &EvolveRequest, sending: Sending) {
        let asking = engine.evolutions().prepare(request);
        match (sending, asking) {
            (Sending::Send, Ok(asking)) => {
                let began = engine.evolutions().begin(&asking, &self.caller(engine));
                if let Ok(id) = began {
                    self.drive(engine, id);
                }
                self.evolved(Evolved::Began { ticket, began });
            }
            (sending, asking) => {
                self.evolved(Evolved::Prepared { ticket, sending, asking: asking.map(Box::new) });
            }
        }
    }

    /// Runs an evolution to its end, on a separate thread, because it takes minutes. Its progress arrives as changes.
    fn drive(&self, engine: &Engine, id: EvolutionId) {
        if !lock(&self.shared.driven).insert(id) {
            return;
        }
        let (performer, engine) = (self.clone(), engine.clone());
        let driving = std::thread::Builder::new().name(format!("evolution {id}")).spawn(move || {
            let ended = engine.evolutions().drive(id, &performer.caller(&engine), &|_| {});
            lock(&performer.shared.driven).remove(&id);
            if let Err(error) = ended {
                performer.answer(Answer::Trouble(error));
            }
            // The last texts and examinations may have come after the last change.
            performer.send(Msg::Changed(Change::Evolutions));
        });
        if let Err(error) = driving {
            lock(&self.shared.driven).remove(&id);
            self.answer(Answer::Trouble(EngineError::internal(error)));
        }
    }

    /// Asks every evolution of this process to end with its present answers.
    pub fn stop_evolutions(&self) {
        let Some(engine) = self.shared.engine.get() else { return };
        let driven = lock(&self.shared.driven).clone();
        for id in driven {
            // An evolution that has already ended causes an error, which does not matter.
            drop(engine.evolutions().stop(id, &self.caller(engine)));
        }
    }

    /// Whether evolutions of this process are still in progress.
    pub fn has_evolutions(&self) -> bool {
        !lock(&self.shared.driven).is_empty()
    }
}

/// An evolution with its answers, each compared with the original version.
fn rounds(engine: &Engine, id: EvolutionId) -> Result<Rounds, EngineError> {
    let detail = engine.evolutions().detail(id)?;
    let before = engine.versions().files(detail.evolution.digest)?;
    let mut answers = Vec::new();
    for (at, _) in detail.course.lanes().filter(|(_, lane)| lane.answer.is_some()) {
        let examined = detail.examined.iter().find(|one| (one.round, one.lane) == (at.round, at.lane));
        let compared = match examined {
            Some(one) => Some(DiffText::between(&before, &engine.versions().files(one.digest)?, Blanks::Count)),
            None => None,
        };
        answers.push(RoundAnswer { at, text: engine.evolutions().answer_text(id, at)?, compared });
    }
    Ok(Rounds { detail, answers })
}
