//! Handles messages from outside: snapshots, answers, the ends of runs.

use super::{App, Mood, Opening};
use crate::action::Verb;
use crate::domain::{Command, DecisionKind, DecisionRequest, Outcome, Review, ReviewId, SafeText, plural};
use crate::engine::{
    BulkResult, Carried, CarriedTool, Change, EngineError, GrantList, Preview, ReviewDetail, Settings,
    Theme as ThemeSetting,
};
use crate::tui::effect::{DetailFor, Effect, Evolving, Serving};
use crate::tui::keymap::Keymap;
use crate::tui::msg::{Answer, Held, Msg, ToolDossier};
use crate::tui::overlay::Overlay;
use crate::tui::overlay::bulk::undo_words;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::pane::Pane;
use crate::tui::screen::Screen;
use crate::tui::theme::{Ground, Theme};
use crate::tui::widget::{DiffText, Side};

impl App {
    pub(super) fn arrive(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Settings { settings, file } => {
                // The catalog reports the problems of the files themselves.
                let (keymap, problems) = Keymap::new(&settings.keys, &file);
                self.keymap = keymap;
                self.catalog.set_setting_problems(problems);
                return self.apply(&settings);
            }
            Msg::Opened(opened) => {
                self.opening = Opening::Done(opened);
                self.begin_fetching();
                return self.load_everything();
            }
            Msg::OpenFailed(error) => {
                self.complain(&error);
                self.catalog.set_failure(&error);
                self.opening = Opening::Failed(error);
            }
            Msg::Changed(change) => return self.changed(change),
            Msg::Catalog(view) => self.catalog.set_view(view),
            Msg::Indexed { generation, index } => self.catalog.set_index(generation, index),
            Msg::Services(rows) => return self.set_services(rows),
            Msg::Answer(answer) => {
                self.note_ended(&answer);
                return self.answer(*answer);
            }
            Msg::Output { run, frames, skipped } => self.output.wrote(run, &frames, skipped),
            Msg::Sample { run, sample, level } => self.output.sampled(run, sample, level),
            // The other messages are handled with keys, the mouse and time.
            _ => {}
        }
        Vec::new()
    }

    fn apply(&mut self, settings: &Settings) -> Vec<Effect> {
        self.evolutions.set_settings(settings);
        self.fetching.set_every(settings.team.fetches());
        self.colours.0 = settings.theme;
        self.choose_theme();
        self.plots.setting = settings.plots;
        self.mouse = settings.mouse;
        self.rings = settings.ring;
        vec![Effect::Mouse(self.mouse)]
    }

    /// The terminal reported its background colour.
    pub(super) fn set_ground(&mut self, ground: Ground) {
        self.colours.1 = Some(ground);
        self.choose_theme();
    }

    /// Sets the theme of the settings for the background that the terminal reported.
    fn choose_theme(&mut self) {
        if self.theme.ground == Ground::Plain {
            return;
        }
        let (setting, named) = self.colours;
        let ground = named.unwrap_or(self.theme.ground);
        self.theme = match setting {
            ThemeSetting::Auto => self.theme.on(ground),
            ThemeSetting::Dark => self.theme.on(Ground::Dark),
            ThemeSetting::Light => self.theme.on(Ground::Light),
            ThemeSetting::HighContrast => Theme::high_contrast(ground),
            ThemeSetting::Ansi => Theme::ansi(ground),
        };
    }

    fn load_everything(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for change in [Change::Runs, Change::Failures, Change::Reviews, Change::Evolutions, Change::Services] {
            effects.extend(self.changed(change));
        }
        effects
    }

    fn changed(&mut self, change: Change) -> Vec<Effect> {
        let figures = match change {
            Change::Catalog(_) | Change::Runs | Change::Failures | Change::Reviews => self.outdate_dashboard(),
            Change::Operations
            | Change::Evolutions
            | Change::Buffers
            | Change::Services
            | Change::Agents(_)
            | Change::TeamNews(_)
            | Change::Trouble(_) => Vec::new(),
        };
        let mut effects = self.reload(change);
        effects.extend(figures);
        effects
    }

    fn reload(&mut self, change: Change) -> Vec<Effect> {
        let effect = match change {
            Change::Catalog(view) => {
                self.catalog.set_view(view);
                None
            }
            Change::Runs => self.refresh.runs.ask().then_some(Effect::LoadRuns),
            Change::Failures => self.refresh.failures.ask().then_some(Effect::LoadFailures),
            Change::Reviews => self.refresh.reviews.ask().then_some(Effect::LoadReviews),
            Change::Operations => return self.reload_log(),
            Change::Evolutions => return self.evolutions_changed(),
            Change::Buffers => return self.reload_buffers(),
            Change::Services => {
                let load = self.refresh.services.ask().then_some(Effect::Serve(Serving::Load));
                return load.into_iter().chain(self.renew_context()).collect();
            }
            Change::Agents(agents) => {
                self.agents = agents;
                None
            }
            Change::TeamNews(news) => {
                self.say(Mood::Trouble, &news);
                None
            }
            Change::Trouble(error) => {
                self.complain(&error);
                None
            }
        };
        effect.into_iter().collect()
    }

    fn take_grants(&mut self, grants: &Result<GrantList, EngineError>) {
        for overlay in &mut self.overlays {
            if let Overlay::Grants(list) = overlay {
                list.set(grants);
            }
        }
    }

    fn reload_log(&mut self) -> Vec<Effect> {
        let open = self.overlays.iter().find_map(|overlay| match overlay {
            Overlay::Log(log) => Some(log.filter()),
            _ => None,
        });
        let Some(grep) = open else { return Vec::new() };
        let load = Effect::LoadOperations { grep, limit: super::verbs::LOG_LIMIT };
        self.refresh.operations.ask().then_some(load).into_iter().collect()
    }

    // size: one arm for each type of answer
    fn answer(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Runs(runs) => {
                let again = self.refresh.runs.came();
                match runs {
                    Ok(runs) => {
                        for overlay in &mut self.overlays {
                            if let Overlay::Runs(list) = overlay {
                                list.set(&runs);
                            }
                        }
                        self.runs = runs;
                        self.outdate_preview();
                    }
                    Err(error) => self.complain(&error),
                }
                return again.then_some(Effect::LoadRuns).into_iter().collect();
            }
            Answer::Failures(groups) => {
                let again = self.refresh.failures.came();
                match groups {
                    // Rows do not move under the cursor of a user who looks at them.
                    Ok(groups) if self.at(Pane::Failures) => self.failures.set(groups),
                    Ok(groups) => self.failures.set_newest_first(groups),
                    Err(error) => self.complain(&error),
                }
                let again = again.then_some(Effect::LoadFailures);
                return self.failures_changed().into_iter().chain(again).collect();
            }
            Answer::Reviews(reviews) => {
                let again = self.refresh.reviews.came();
                let known = self.queue.newest();
                self.take_reviews(reviews);
                let mut effects = self.keep_promise();
                effects.extend(self.ring_for(known));
                effects.extend(self.renew_open_review());
                effects.extend(again.then_some(Effect::LoadReviews));
                return effects;
            }
            Answer::Operations(entries) => {
                let again = self.refresh.operations.came();
                for overlay in &mut self.overlays {
                    if let Overlay::Log(log) = overlay {
                        log.set(entries.clone());
                    }
                }
                return if again { self.reload_log() } else { Vec::new() };
            }
            Answer::Review { review, detail, compared } => return self.take_review(review, detail, compared),
            Answer::Preflight(rows) => self.take_preflight(rows),
            Answer::DecidedAll(results) => self.take_results(&results),
            Answer::Compared { ticket, compared } => self.take_compared(ticket, compared),
            Answer::Detail { purpose, path, detail } => return self.take_detail(purpose, &path, detail),
            Answer::Behaviour { ticket, behaviour } => match &mut self.screen {
                Screen::Behaviour(screen) if screen.ticket == ticket => screen.set(&behaviour),
                _ => {}
            },
            Answer::Preview { command, preview } => self.take_preview(&command, preview),
            Answer::Done { command, outcome } => return self.done(&command, outcome),
            Answer::RunStarted { tab, started } => self.output.started(tab, started),
            Answer::RunAsks { tab, request, command } => {
                self.output.drop_tab(tab);
                self.unallowed = Some((command.clone(), Held::Run(request)));
                self.overlays.push(Overlay::Confirm(Confirm::about(command.clone()).of_run()));
                return vec![Effect::Preview(command)];
            }
            Answer::RunEnded { run, record } => {
                self.output.ended(run, record);
                self.messages.is_over(&format!("stopping run {run}"));
                return self.follow_starts();
            }
            Answer::Spool { tab, kept } => {
                self.output.kept(tab, kept);
                return self.follow_starts();
            }
            Answer::SpoolPart { tab, around, part } => self.output.part_came(tab, around, part),
            Answer::SpoolHits { tab, ticket, hits, over } => self.output.found(tab, ticket, hits, over),
            Answer::Highlighted { ticket, side, files } => self.take_highlights(ticket, side, &files),
            Answer::Dashboard(found) => return self.take_dashboard(&found),
            Answer::Kempt(came) => self.take_kempt(&came),
            Answer::Called(called) => self.take_called(*called),
            Answer::Described { call, found } => self.take_described(&call, &found),
            Answer::Verified(progress) => self.note_verified(progress),
            Answer::Warned(warning) => self.say(Mood::Trouble, &warning),
            Answer::Marked(Ok(outcome)) => self.say(Mood::Calm, &outcome.message),
            Answer::Failure(found) => {
                for overlay in &mut self.overlays {
                    if let Overlay::Failure(open) = overlay {
                        open.set(found.clone().map(|detail| *detail));
                    }
                }
            }
            Answer::Opportunities(found) => self.take_opportunities(&found),
            Answer::Grants(grants) => self.take_grants(&grants),
            Answer::Exported(Ok((out, tools))) => {
                self.say(Mood::Calm, &format!("{} in {}", plural(tools, "tool", "tools"), out.display()));
            }
            Answer::Carried(Ok(report)) => {
                let unlike = |tool: &&CarriedTool| !matches!(tool.state, Carried::Written | Carried::Same);
                let first = report.tools.iter().find(unlike);
                let first = first.map(|tool| format!(": {} {}", tool.name, tool.why)).unwrap_or_default();
                let mood = if first.is_empty() { Mood::Calm } else { Mood::Trouble };
                self.say(mood, &format!("{}{first}", report.sentence()));
            }
            Answer::Sets(sets) => {
                for overlay in &mut self.overlays {
                    if let Overlay::Sets(list) = overlay {
                        list.set(&sets);
                    }
                }
            }
            Answer::Chosen { name, chosen: Ok(()) } => {
                let key = self.keymap.key(Verb::Sets);
                self.say(Mood::Calm, &format!("tool set in use: {name} · {key} change"));
            }
            Answer::Choices(what, found) => {
                if let Some(Overlay::Palette(palette)) = self.overlays.last_mut() {
                    palette.set_choices(what, found);
                }
            }
            Answer::Fetched(came) => self.take_fetched(came),
            Answer::Buffers(buffers) => return self.take_buffers(&buffers),
            Answer::Grant(Ok(grant)) => return self.ask(Command::Revoke { grant }),
            Answer::Furnished(Ok(created)) => self.say(Mood::Calm, &created),
            Answer::Marked(Err(error))
            | Answer::Chosen { chosen: Err(error), .. }
            | Answer::Carried(Err(error))
            | Answer::Exported(Err(error))
            | Answer::Furnished(Err(error))
            | Answer::Grant(Err(error))
            | Answer::Trouble(error) => {
                self.take_back_sent();
                self.complain(&error);
            }
            Answer::Evolving(came) => return self.take_evolving(*came),
            Answer::Serving(came) => return self.take_served(*came),
            Answer::Edited(file) => self.say(Mood::Calm, &format!("edited {file}")),
            Answer::Copied(Ok(what)) => self.say(Mood::Calm, &what),
            Answer::Copied(Err(why)) => self.say(Mood::Trouble, &why),
        }
        Vec::new()
    }

    fn take_results(&mut self, results: &[BulkResult]) {
        let failed = results.iter().filter(|result| result.result.is_err()).count();
        let decided = results.len() - failed;
        let left = if failed == 0 { String::new() } else { format!(", {failed} of the selected ones not") };
        let undo = undo_words(decided, &self.keymap).map(|undo| format!(" · {undo}")).unwrap_or_default();
        self.say(Mood::Calm, &format!("{decided} decided{left}{undo}"));
        for overlay in &mut self.overlays {
            if let Overlay::Bulk(bulk) = overlay {
                bulk.set_results(results);
            }
        }
    }

    fn take_compared(&mut self, ticket: u64, compared: Box<DiffText>) {
        if let Screen::Review(screen) = &mut self.screen
            && screen.ticket == ticket
        {
            screen.set_compared(compared);
        }
    }

    /// If the review on the screen is no longer pending, or has another digest, it can no longer be decided.
    fn take_reviews(&mut self, reviews: Result<Vec<Review>, EngineError>) {
        match reviews {
            Ok(reviews) => self.queue.set(reviews),
            Err(error) => return self.complain(&error),
        }
        let queue = &self.queue;
        self.readings.retain(|review, _| queue.find(*review).is_some());
        self.look_at_open_review();
    }

    /// Marks the review on the screen as stale if the queue no longer contains it with this digest. Does nothing while
    /// a decision of this user is in progress.
    fn look_at_open_review(&mut self) {
        if let Screen::Review(screen) = &mut self.screen
            && screen.decidable().is_ok()
        {
            match self.queue.find(screen.review.id) {
                Some(now) if now.digest == screen.review.digest => {}
                Some(_) => screen.set_stale("the files changed: close this and reopen the review".to_owned()),
                None => screen.set_stale("this review has been decided or replaced".to_owned()),
            }
        }
    }

    /// Rings if an agent made a request after review `known` and the window is not focused.
    fn ring_for(&self, known: ReviewId) -> Option<Effect> {
        if self.is_focused || !self.rings {
            return None;
        }
        let newest = self.queue.asked_after(known)?;
        let asker = newest.asker.as_deref().unwrap_or_default().trim_start_matches("agent:");
        Some(Effect::Ring(SafeText::new(&format!("{asker} waits: review {} of {}", newest.id, newest.tool))))
    }

    /// Reloads the open review if the queue has a newer verdict of its checks.
    fn renew_open_review(&mut self) -> Vec<Effect> {
        let Screen::Review(screen) = &self.screen else { return Vec::new() };
        let newer = self.queue.find(screen.review.id).is_some_and(|now| now.verdict != screen.review.verdict);
        if newer && screen.is_loaded() { self.reload_review() } else { Vec::new() }
    }

    /// Opens the review of a requested promotion as soon as the queue contains it.
    fn keep_promise(&mut self) -> Vec<Effect> {
        let Some(review) = self.promised.and_then(|id| self.queue.find(id)).cloned() else { return Vec::new() };
        self.promised = None;
        self.open_review(review)
    }

    fn take_review(
        &mut self,
        review: crate::domain::ReviewId,
        detail: Result<Box<ReviewDetail>, EngineError>,
        compared: Option<Box<DiffText>>,
    ) -> Vec<Effect> {
        let again = self.refresh.detail.came();
        let (now, width) = (self.now, self.size.0);
        let Screen::Review(screen) = &mut self.screen else { return Vec::new() };
        if screen.review.id != review {
            return Vec::new();
        }
        let ticket = screen.ticket;
        let sides = screen.set(detail, compared, now, width);
        // The omitted tools are known once the detail is loaded: the approval does less than the earlier preview says.
        let less = Some(screen.approval_request()).filter(|approval| !approval.only.is_empty());
        let less = less.map(|approval| Effect::Preview(Command::Decide(approval)));
        let colours = sides.into_iter().map(|(side, files)| Effect::Highlight { ticket, side, files });
        colours.chain(again.then_some(Effect::LoadReview(review))).chain(less).collect()
    }

    /// Reloads the open review; several reasons cause only one reload.
    pub(super) fn reload_review(&mut self) -> Vec<Effect> {
        let Screen::Review(screen) = &self.screen else { return Vec::new() };
        let id = screen.review.id;
        self.refresh.detail.ask().then_some(Effect::LoadReview(id)).into_iter().collect()
    }

    fn take_detail(
        &mut self,
        purpose: DetailFor,
        path: &str,
        detail: Result<Box<ToolDossier>, EngineError>,
    ) -> Vec<Effect> {
        match purpose {
            DetailFor::Run => return self.take_form(path, detail),
            DetailFor::Preview => {
                self.take_preview_of(detail.ok().as_deref());
                return Vec::new();
            }
            DetailFor::Show | DetailFor::Source | DetailFor::Diff => {}
        }
        let (now, width) = (self.now, self.size.0);
        let Screen::Source(screen) = &mut self.screen else { return Vec::new() };
        if screen.tool.path != path || screen.purpose != purpose {
            return Vec::new();
        }
        let ticket = screen.ticket;
        let files = screen.set(detail, now, width);
        let side = Side::New;
        (!files.is_empty()).then_some(Effect::Highlight { ticket, side, files }).into_iter().collect()
    }

    /// Sets the fields of a run form; a tool without input starts at once.
    fn take_form(&mut self, path: &str, detail: Result<Box<ToolDossier>, EngineError>) -> Vec<Effect> {
        let Some(Overlay::Form(form)) = self.overlays.last_mut() else { return Vec::new() };
        if form.tool().path != path || !form.is_loading() {
            return Vec::new();
        }
        let (tool, worker) = (form.tool().clone(), form.worker().map(str::to_owned));
        match detail {
            Ok(dossier) => {
                if form.set(&dossier, self.inputs.get(path)) {
                    return Vec::new();
                }
                let was_to_change = form.asks_for_input();
                self.overlays.pop();
                if was_to_change {
                    let key = self.keymap.key(Verb::Rerun);
                    return self.refuse(&format!("it takes no input to change · {key} runs it again"));
                }
                self.start(tool, None, worker)
            }
            Err(error) => {
                self.overlays.pop();
                self.complain(&error);
                Vec::new()
            }
        }
    }

    fn take_preview(&mut self, command: &Command, preview: Result<Preview, EngineError>) {
        if let (Command::Decide(request), Screen::Review(screen)) = (command, &mut self.screen) {
            // An answer for another choice of tools may arrive late.
            if screen.review.id == request.review && screen.approval_request().only == request.only {
                let does = screen.set_consequence(&preview);
                if let Some(Overlay::Digest(prompt)) = self.overlays.last_mut() {
                    prompt.set_does(request.review, does, self.now);
                }
            }
            return;
        }
        if let Some(Overlay::Confirm(confirm)) = self.overlays.last_mut() {
            confirm.set_preview(command, preview);
        }
    }

    // size: one arm for each command
    fn done(&mut self, command: &Command, outcome: Result<Outcome, EngineError>) -> Vec<Effect> {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                self.generating = None;
                if matches!(command, Command::Decide(_)) {
                    self.take_back_sent();
                }
                self.complain(&error);
                self.context_edited(command, true);
                self.correct_definition(command, &error);
                return if matches!(command, Command::Mark { .. }) { self.reload_review() } else { Vec::new() };
            }
        };
        if matches!(command, Command::Mark { .. }) {
            // The screen shows it already.
            return Vec::new();
        }
        let unsaid = outcome.commit.as_ref().filter(|hash| !outcome.message.contains(*hash));
        let commit = unsaid.map(|hash| format!(", commit {hash}")).unwrap_or_default();
        let undo = self.keymap.key(Verb::Undo);
        let undoes = match command {
            Command::Decide(_)
            | Command::UseInSession { .. }
            | Command::Trim { .. }
            | Command::Verb(_)
            | Command::New { .. }
            | Command::AcceptOpportunity { .. }
            | Command::DismissOpportunity { .. }
                if outcome.operation.is_some() =>
            {
                format!(" · {undo} undo")
            }
            _ => String::new(),
        };
        self.say(Mood::Calm, &format!("{}{commit}{undoes}", outcome.message));
        match command {
            Command::Decide(DecisionRequest { review, .. }) => {
                for kind in DecisionKind::ALL {
                    self.drafts.remove(&(*review, *kind));
                }
                if matches!(&self.screen, Screen::Review(screen) if screen.review.id == *review) {
                    self.show_screen(Screen::Workbench);
                }
                if self.generating.take_if(|wanted| wanted == review).is_some() {
                    return vec![Effect::Evolve(Evolving::Generate(*review))];
                }
            }
            Command::Promote { .. } | Command::AcceptOpportunity { .. } => {
                self.promised = outcome.review;
                return self.keep_promise();
            }
            Command::Allow { .. } | Command::FetchPackages { .. } | Command::Unlock { .. } => {
                if let Some((_, held)) = self.unallowed.take_if(|(asked, _)| asked == command) {
                    return self.go_on(held);
                }
            }
            Command::New { .. }
            | Command::DismissOpportunity { .. }
            | Command::UseInSession { .. }
            | Command::Trim { .. }
            | Command::Propose { .. }
            | Command::Grant { .. }
            | Command::Revoke { .. }
            | Command::Undo { .. }
            | Command::Cancel { .. }
            | Command::Mark { .. }
            | Command::Recheck { .. } => {}
            Command::Verb(call) => self.launched(call, &outcome),
            Command::Comment { review, .. } => {
                self.remarks.remove(review);
                return self.reload_review();
            }
            Command::Withdraw { .. } => return self.reload_review(),
        }
        Vec::new()
    }

    /// A decision was refused: the review on the screen can be decided again if it is still pending.
    pub(super) fn take_back_sent(&mut self) {
        if let Screen::Review(screen) = &mut self.screen {
            screen.sent = None;
            self.look_at_open_review();
        }
    }

    fn take_highlights(&mut self, ticket: u64, side: Side, files: &[crate::tui::msg::FileTokens]) {
        let reader = match &mut self.screen {
            Screen::Review(screen) if screen.ticket == ticket => screen.reader(),
            Screen::Source(screen) if screen.ticket == ticket => &mut screen.reader,
            _ => return,
        };
        for (name, tokens) in files {
            reader.set_syntax(side, name, tokens);
        }
    }

    pub(super) fn each_report(&mut self, mut set: impl FnMut(&mut crate::tui::overlay::report::Report)) {
        for overlay in &mut self.overlays {
            if let Overlay::Report(report) = overlay {
                set(report);
            }
        }
    }
}
