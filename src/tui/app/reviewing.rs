//! Verbs of the review screen: paging, marking, commenting, deciding.

use super::{App, Mood};
use crate::action::Verb;
use crate::domain::{Command, CommentAnchor, CommentKind, DecisionKind, Review, ReviewId, ReviewKind, Unread};
use crate::engine::{EngineError, PreflightRow};
use crate::tui::effect::Effect;
use crate::tui::overlay::bulk::Bulk;
use crate::tui::overlay::comment::CommentPrompt;
use crate::tui::overlay::digest_prompt::{DigestPrompt, Question};
use crate::tui::overlay::reason::ReasonPrompt;
use crate::tui::overlay::{Args, Overlay};
use crate::tui::pane::Pane;
use crate::tui::pane::queue::subject;
use crate::tui::screen::Screen;
use crate::tui::screen::review::ApprovalSummary;
use crate::tui::widget::Jump;

impl App {
    /// Verbs that move in a review, or change how it is displayed.
    pub(super) fn read_on(&mut self, verb: Verb) -> Vec<Effect> {
        let jump = if matches!(verb, Verb::NextHunk | Verb::NextRisk) { Jump::Next } else { Jump::Previous };
        if let (Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_), Verb::NextHunk | Verb::PreviousHunk) =
            (&self.screen, verb)
        {
            return self.jump_heading(jump);
        }
        if matches!(self.screen, Screen::Workbench) && self.focus == Pane::Queue && verb == Verb::SelectRange {
            self.queue.toggle_range();
            return Vec::new();
        }
        if let (Screen::Evolution(screen), Verb::Unfold) = (&mut self.screen, verb) {
            screen.toggle_folds();
            return Vec::new();
        }
        if matches!(self.screen, Screen::Workbench) && matches!(verb, Verb::NextRisk | Verb::PreviousRisk) {
            let found = self.output.current_mut().is_some_and(|tab| tab.shown_mut().jump_to_error(jump));
            if !found {
                let is_whole = self.output.current().is_none_or(|tab| tab.not_loaded() == (0, 0));
                let place = if is_whole { "" } else { " of what is loaded" };
                self.say(Mood::Calm, &format!("nothing more on standard error in this direction{place}"));
            }
            return Vec::new();
        }
        let Screen::Review(screen) = &mut self.screen else { return Vec::new() };
        let ticket = screen.ticket;
        let missing = match verb {
            Verb::GoTo => match screen.follow() {
                Ok(()) => None,
                Err(why) => return self.refuse(&why),
            },
            Verb::NextHunk | Verb::PreviousHunk => (!screen.jump_hunk(jump)).then_some("no more changes"),
            Verb::NextRisk | Verb::PreviousRisk => {
                (!screen.jump_risk(jump)).then_some("no warnings in the lines shown here")
            }
            Verb::NextNew => (!screen.show_first_late()).then_some("nothing new since you opened this"),
            Verb::SelectRange => match screen.toggle_range() {
                None => Some("select lines in a file or diff only"),
                Some(false) => Some("selection of lines cleared"),
                Some(true) => Some("selecting lines: move, then comment on them"),
            },
            Verb::Files => (!screen.show_outline()).then_some("this version has one file"),
            Verb::LeaveOut => return self.leave_out(),
            Verb::MarkRead => return self.mark_read(),
            Verb::IgnoreBlanks => {
                let Some((before, after, blanks)) = screen.toggle_blanks() else { return Vec::new() };
                return vec![Effect::Compare { ticket, before, after, blanks }];
            }
            Verb::Unfold => {
                screen.toggle_folds();
                None
            }
            Verb::ToggleDiff => {
                screen.toggle_reading();
                None
            }
            _ => None,
        };
        if let Some(why) = missing {
            self.say(Mood::Calm, why);
        }
        Vec::new()
    }

    fn jump_heading(&mut self, to: Jump) -> Vec<Effect> {
        match &mut self.screen {
            Screen::Source(screen) => screen.reader.current_mut().view.jump(to),
            Screen::Behaviour(screen) => screen.reader.current_mut().view.jump(to),
            Screen::Evolution(screen) => screen.reader().current_mut().view.jump(to),
            Screen::Workbench | Screen::Review(_) => false,
        };
        Vec::new()
    }

    /// Omits the selected tools of an adoption from the approval, or includes them again.
    fn leave_out(&mut self) -> Vec<Effect> {
        let Screen::Review(screen) = &mut self.screen else { return Vec::new() };
        let Some(words) = screen.toggle_left_out() else {
            let key = self.keymap.key(Verb::Files);
            return self.refuse(&format!("no tool here: choose one in the list ({key})"));
        };
        let query = Command::Decide(screen.approval_request());
        self.say(Mood::Calm, &words);
        vec![Effect::Preview(query)]
    }

    fn mark_read(&mut self) -> Vec<Effect> {
        let Screen::Review(screen) = &mut self.screen else { return Vec::new() };
        let review = screen.review.id;
        let (marks, on) = screen.toggle_read();
        if marks.is_empty() {
            return self.refuse("nothing to mark here: go to a change or a file");
        }
        marks.into_iter().map(|mark| Effect::Execute(Command::Mark { review, mark, on })).collect()
    }

    /// Opens the editor of a comment on the object under the cursor; with a text, writes the comment.
    pub(super) fn comment(&mut self, args: &Args) -> Vec<Effect> {
        let Screen::Review(screen) = &self.screen else { return self.refuse("open a review first") };
        let review = screen.review.id;
        if let Some(body) = args.get("text") {
            let kind = args.get("kind").and_then(|word| word.parse().ok()).unwrap_or(CommentKind::Note);
            let spot = CommentAnchor { path: args.get("path").map(str::to_owned), lines: None };
            return vec![Effect::Execute(Command::Comment { review, spot, kind, body: body.to_owned() })];
        }
        let draft = self.remarks.get(&review).map_or((CommentKind::Note, ""), |(kind, text)| (*kind, text.as_str()));
        self.overlays.push(Overlay::Comment(Box::new(CommentPrompt::new(review, screen.spot(), draft))));
        Vec::new()
    }

    /// Withdraws the named comment, or the one under the cursor.
    pub(super) fn withdraw(&mut self, args: &Args) -> Vec<Effect> {
        let named = args.get("comment").and_then(|number| number.parse().ok());
        let at_cursor = || match &self.screen {
            Screen::Review(screen) => screen.comment_at_cursor(),
            Screen::Workbench | Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_) => None,
        };
        match named.or_else(at_cursor) {
            Some(comment) => vec![Effect::Execute(Command::Withdraw { comment })],
            None => self.refuse("the cursor is not on a comment"),
        }
    }

    /// The marked reviews, if the queue has the focus.
    pub(super) fn marked(&self) -> Vec<ReviewId> {
        let here = matches!(self.screen, Screen::Workbench) && self.focus == Pane::Queue;
        if here { self.queue.marked() } else { Vec::new() }
    }

    /// Opens the table of the marked reviews, or the prompt of a decision; if no review is open, opens the review
    /// instead.
    pub(super) fn begin_decision(&mut self, kind: DecisionKind, args: &Args) -> Vec<Effect> {
        if !self.marked().is_empty() && args.get("review").is_none() {
            return self.open_bulk(kind);
        }
        let Screen::Review(screen) = &self.screen else {
            return match kind {
                DecisionKind::Approve => self.with_review(args, App::open_review),
                // These decisions need a reason, but no reading.
                DecisionKind::Reject | DecisionKind::RequestChanges => {
                    self.with_review(args, |app, review| app.ask_reason(&review, kind, ""))
                }
            };
        };
        if args.get("review").is_some_and(|text| text != screen.review.id.to_string()) {
            return self.with_review(args, App::open_review);
        }
        if let Err(why) = self.available(crate::tui::overlay::decision_verb(kind)) {
            return self.refuse(&why);
        }
        if kind == DecisionKind::Approve {
            return self.ask_digest(Vec::new());
        }
        let Screen::Review(screen) = &self.screen else { return Vec::new() };
        let proposed = if kind == DecisionKind::RequestChanges { screen.must_fix().join("\n") } else { String::new() };
        let review = screen.review.clone();
        self.ask_reason(&review, kind, &proposed)
    }

    /// Opens the prompt for the reason of a rejection or request; it begins with the draft, otherwise with the proposed
    /// text.
    fn ask_reason(&mut self, review: &Review, kind: DecisionKind, proposed: &str) -> Vec<Effect> {
        let draft = self.drafts.get(&(review.id, kind)).filter(|draft| !draft.is_empty());
        let text = draft.map_or(proposed, String::as_str);
        let prompt = ReasonPrompt::new(review.id, review.digest, kind, subject(review), text);
        self.overlays.push(Overlay::Reason(Box::new(prompt)));
        Vec::new()
    }

    /// Opens the table of the marked reviews.
    pub(super) fn open_bulk(&mut self, kind: DecisionKind) -> Vec<Effect> {
        self.queue.keep_range();
        let draft = self.memory.draft(&Bulk::form(kind)).and_then(<[String]>::first).cloned().unwrap_or_default();
        self.overlays.push(Overlay::Bulk(Box::new(Bulk::looking(kind, &draft))));
        vec![Effect::Preflight { reviews: self.queue.marked(), kind }]
    }

    /// Opens the first of these reviews from the table of several; closing it returns to the table.
    pub(super) fn read_for_bulk(&mut self, reviews: Vec<ReviewId>, kind: DecisionKind) -> Vec<Effect> {
        let mut reviews = reviews.into_iter();
        let Some(review) = reviews.find_map(|id| self.queue.find(id).cloned()) else {
            return self.refuse("this review is no longer pending");
        };
        let effects = self.open_review(review);
        self.returning = Some((kind, reviews.collect()));
        effects
    }

    /// The open review is read. If several reviews are being read, opens the next one, and after the last one their
    /// table. Otherwise only names the key for the next review, so that paging never leads into another review.
    pub(super) fn end_of_review(&mut self) -> Vec<Effect> {
        match &self.returning {
            None => {
                let words = self.all_read();
                self.say(Mood::Calm, &words);
                Vec::new()
            }
            Some((_, rest)) if rest.iter().all(|id| self.queue.find(*id).is_none()) => self.close_screen(),
            Some((kind, rest)) => {
                let (kind, rest) = (*kind, rest.clone());
                self.read_for_bulk(rest, kind)
            }
        }
    }

    /// Says that all was read, and which key opens the next review.
    fn all_read(&self) -> String {
        let next =
            self.available(Verb::Skip).is_ok().then(|| format!(" · {} next review", self.keymap.key(Verb::Skip)));
        format!("nothing more to read{}", next.unwrap_or_default())
    }

    /// Whether paging on opens another review: the open one of several is read completely.
    pub fn leads_on(&self) -> bool {
        let Screen::Review(screen) = &self.screen else { return false };
        screen.is_read() && self.returning.is_some()
    }

    /// Sets the table of several reviews: whether each was read completely, and which parts.
    pub(super) fn take_preflight(&mut self, rows: Result<Vec<PreflightRow>, EngineError>) {
        let read = |row: &PreflightRow| {
            let kept = self.readings.get(&row.review)?;
            kept.is_of(row.digest, row.evidence).then(|| (kept.covers(row.digest, row.evidence), kept.shown.clone()))
        };
        let known = rows.iter().flatten().filter_map(|row| Some((row.review, read(row)?))).collect();
        if let Some(Overlay::Bulk(bulk)) = self.overlays.last_mut() {
            bulk.set_rows(rows, known);
        }
    }

    /// Opens the prompt of an approval that overrides failed checks.
    pub(super) fn begin_approval_over(&mut self) -> Vec<Effect> {
        if let Err(why) = self.available(Verb::ApproveOver) {
            return self.refuse(&why);
        }
        let Screen::Review(screen) = &self.screen else { return Vec::new() };
        let blocking = screen.blocking().to_vec();
        self.ask_digest(blocking)
    }

    fn ask_digest(&mut self, over: Vec<String>) -> Vec<Effect> {
        let Screen::Review(screen) = &self.screen else { return Vec::new() };
        let ApprovalSummary { covers, does, roles, choice, only } = screen.approval();
        let question = Question {
            review: screen.review.id,
            digest: screen.review.digest,
            covers,
            does,
            must_fix: screen.must_fix(),
            over,
            roles,
            choice,
            unread: Unread::of(&screen.shown(self.now)).filter(|_| !screen.is_read()),
            evidence: screen.evidence(),
            only,
            is_specification: screen.review.kind == ReviewKind::Specification,
        };
        let draft = self.drafts.get(&(question.review, DecisionKind::Approve)).map_or("", String::as_str);
        self.overlays.push(Overlay::Digest(Box::new(DigestPrompt::new(question, draft))));
        Vec::new()
    }
}
