//! Whether a verb is available now, and if not, why: the same answer for keys, footer, help and palette.

use super::subject::place_of;
use super::{App, Opening};
use crate::action::{ACTIONS, ArgKind, Context, Risk, Spec, Verb, spec};
use crate::domain::{CostTier, Stage, Tool, ToolState};
use crate::engine::plain_query;
use crate::tui::ascii::Letters;
use crate::tui::keymap::{FOCUSABLE, works_in};
use crate::tui::layout::{Needs, half};
use crate::tui::overlay::Overlay;
use crate::tui::overlay::help::HelpRow;
use crate::tui::overlay::palette::PaletteRow;
use crate::tui::pane::Pane;
use crate::tui::pane::output::RunTab;
use crate::tui::screen::Screen;
use crate::tui::screen::review::{Listed, Lock, lock_keys};

/// The most likely actions on an instance.
const SERVICE_VERBS: &[Verb] = &[
    Verb::Output,
    Verb::Say,
    Verb::Launch,
    Verb::Terminate,
    Verb::Relaunch,
    Verb::Context,
    Verb::Filter,
    Verb::Sort,
    Verb::Zoom,
    Verb::HidePane,
    Verb::Copy,
];

impl App {
    /// Whether a verb is available for the selection.
    ///
    /// # Errors
    /// Why not, as a sentence without a full stop.
    // size: one arm for each verb that does not always work
    pub fn available(&self, verb: Verb) -> Result<(), String> {
        let row = spec(verb);
        if !row.tui {
            return Err("only on the command line".to_owned());
        }
        if let (Risk::HumanOnly, Some(agent)) = (row.risk, &self.call.agent) {
            return Err(format!("agent {agent} cannot decide"));
        }
        if row.risk != Risk::View && !matches!(self.opening, Opening::Done(_)) {
            return Err("the workspace is not open".to_owned());
        }
        match verb {
            Verb::HidePane | Verb::ShowPanes => self.hideable(verb),
            // Not one Enter away if there are tools already, because it writes files without asking.
            Verb::Init if !self.catalog.view().tools.is_empty() => {
                Err("tools already exist; in a shell, `toolsmith init` adds what is missing".to_owned())
            }
            Verb::Behaviour if self.selected_run().is_some() => Ok(()),
            // A problem is already shown completely, and Enter on the name of a group folds or unfolds it.
            Verb::Show if self.on_problem() || self.on_group() => Ok(()),
            Verb::Show | Verb::Source | Verb::Diff | Verb::Behaviour | Verb::Check => self.tool_or_why().map(drop),
            Verb::Run => self.tool_or_why().and_then(|tool| runnable(&tool)),
            Verb::Launch | Verb::Terminate | Verb::Relaunch | Verb::Say | Verb::Context => self.servable(verb),
            Verb::Output if self.at(Pane::Services) => {
                self.selected_run().map(drop).ok_or_else(|| "it has not run yet".to_owned())
            }
            Verb::Rerun | Verb::EditRun => self.selected_run().map(drop).ok_or_else(|| "no run is selected".to_owned()),
            Verb::WrongAnswer => self.has_answer(),
            Verb::Continue => self.can_go_on(),
            Verb::Cancel => match self.output.current() {
                Some(tab) if tab.is_live() => Ok(()),
                Some(_) => Err("this run has ended".to_owned()),
                None => Err("no run is open".to_owned()),
            },
            Verb::Failure => self.selected_failure().map(drop).ok_or_else(|| "no failure is selected".to_owned()),
            Verb::Output => self.selected_run().map(drop).ok_or_else(|| match self.selected_failure() {
                Some(_) => format!("it was marked without a run; {} shows it", self.keymap.key(Verb::Failure)),
                None => "no failure is selected".to_owned(),
            }),
            Verb::Review if matches!(self.screen, Screen::Evolution(_)) => self.evolution_review().map(drop),
            Verb::Review => self.selected_review().map(drop).ok_or_else(|| "no pending review here".to_owned()),
            Verb::Approve | Verb::Reject | Verb::RequestChanges if !self.marked().is_empty() => Ok(()),
            Verb::Approve if self.at(Pane::Queue) => {
                Err(format!("open the review, or select several with {}", self.keymap.key(Verb::Mark)))
            }
            Verb::Reject | Verb::RequestChanges if self.at(Pane::Queue) => {
                self.selected_review().map(drop).ok_or_else(|| "no pending review here".to_owned())
            }
            Verb::Approve => self.approvable(),
            Verb::ApproveOver => self.approvable_over(),
            Verb::Comment | Verb::Withdraw => self.commentable(verb),
            Verb::MarkRead | Verb::IgnoreBlanks | Verb::Unfold => self.readable(verb),
            Verb::Files | Verb::LeaveOut => self.listable(verb),
            Verb::NextNew => match &self.screen {
                Screen::Review(review) if review.has_late() => Ok(()),
                _ => Err("nothing new since you opened this".to_owned()),
            },
            Verb::Reject | Verb::RequestChanges => match &self.screen {
                Screen::Review(review) => review.decidable(),
                Screen::Workbench | Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_) => {
                    Err("open a review first".to_owned())
                }
            },
            Verb::Unlock => self.tool_or_why().and_then(|tool| unlockable(&tool)),
            Verb::Promote => self.promotable(),
            Verb::Archive => self.tool_or_why().and_then(|tool| match tool.stage {
                Stage::Archived => Err("it is already archived".to_owned()),
                Stage::Experimental | Stage::Approved | Stage::Core => Ok(()),
            }),
            Verb::Restore => self.tool_or_why().and_then(|tool| match tool.stage {
                Stage::Archived => Ok(()),
                Stage::Experimental | Stage::Approved | Stage::Core => Err("the tool is not archived".to_owned()),
            }),
            Verb::Rollback | Verb::RestoreFiles | Verb::Fork => self.can_come_back(verb),
            Verb::ToggleDiff => match &self.screen {
                Screen::Review(review) if review.has_difference() => Ok(()),
                Screen::Review(_) => Err("no earlier approval: there is no diff".to_owned()),
                Screen::Workbench | Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_) => {
                    Err("open a review first".to_owned())
                }
            },
            Verb::Evolve | Verb::Keep | Verb::Stop | Verb::Resume => self.evolvable(verb),
            Verb::Skip => match &self.screen {
                Screen::Review(open) if self.queue.after(open.review.id).is_some() => Ok(()),
                Screen::Review(_) => Err("no other review is pending".to_owned()),
                _ => Err("open a review first".to_owned()),
            },
            Verb::Follow | Verb::Times | Verb::MarkLine | Verb::ClearLines if self.output.current().is_none() => {
                Err("no run is open".to_owned())
            }
            Verb::Filter | Verb::NextRisk | Verb::PreviousRisk | Verb::NextTab | Verb::PreviousTab
                if self.at(Pane::Output) && self.output.current().is_none() =>
            {
                Err("no run is open".to_owned())
            }
            _ if row.risk == Risk::HumanOnly || plain_query(row.name).is_some() => self.has_subject(row),
            _ => Ok(()),
        }
    }

    /// Whether a run with an answer is selected, as far as known.
    fn has_answer(&self) -> Result<(), String> {
        let run = self.selected_run().ok_or_else(|| "no run is selected".to_owned())?;
        match self.runs.iter().find(|record| record.id == run) {
            Some(record) if record.outcome.is_failure() => Err("the run failed: it gave no answer".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether a run of a composite is selected.
    fn can_go_on(&self) -> Result<(), String> {
        self.selected_run().ok_or_else(|| "no run is selected".to_owned())?;
        let has_steps = self.selected_tool().is_some_and(|tool| tool.steps.is_some());
        if has_steps { Ok(()) } else { Err("this tool has no steps".to_owned()) }
    }

    /// Whether the object of a verb is selected.
    fn has_subject(&self, row: &Spec) -> Result<(), String> {
        match row.args.first().filter(|arg| arg.required).map(|arg| arg.kind) {
            Some(ArgKind::Tool) => self.tool_or_why().map(drop),
            Some(ArgKind::Failure) => {
                self.selected_failure().map(drop).ok_or_else(|| "no failure is selected".to_owned())
            }
            Some(ArgKind::Run | ArgKind::RunOrInstance) => {
                self.selected_run().map(drop).ok_or_else(|| "no run is selected".to_owned())
            }
            Some(ArgKind::Review) => {
                self.selected_review().map(drop).ok_or_else(|| "no pending review here".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether the selected tool has an approved state that this verb restores.
    fn can_come_back(&self, verb: Verb) -> Result<(), String> {
        let tool = self.tool_or_why()?;
        if verb == Verb::Rollback {
            let why = || "only approved and core tools can be rolled back".to_owned();
            return tool.stage.is_vouched().then_some(()).ok_or_else(why);
        }
        match tool.state {
            ToolState::Changed => Ok(()),
            _ if !tool.stage.is_vouched() => Err("it was never approved".to_owned()),
            ToolState::Ok | ToolState::Invalid | ToolState::Unsupported => {
                Err("its files are unchanged since approval".to_owned())
            }
        }
    }

    fn tool_or_why(&self) -> Result<std::sync::Arc<Tool>, String> {
        self.selected_tool().ok_or_else(|| match (&self.screen, self.focus) {
            (Screen::Workbench, Pane::Failures | Pane::Output | Pane::Queue | Pane::Services) => {
                "the tool is not in the catalog".to_owned()
            }
            _ => "no tool is selected".to_owned(),
        })
    }

    fn approvable(&self) -> Result<(), String> {
        let Screen::Review(review) = &self.screen else { return Err("open a review first".to_owned()) };
        match review.lock(&lock_keys(&self.keymap)) {
            // The prompt asks for confirmation if not everything was read.
            Lock::Open | Lock::Unread(_) => Ok(()),
            Lock::Locked(why) => Err(why),
        }
    }

    /// Whether the open review was not read to its end.
    pub fn is_unread(&self) -> bool {
        matches!(&self.screen, Screen::Review(review) if !review.is_read())
    }

    pub(super) fn at(&self, pane: Pane) -> bool {
        matches!(self.screen, Screen::Workbench) && self.focus == pane
    }

    fn approvable_over(&self) -> Result<(), String> {
        if let Some(agent) = &self.call.agent {
            return Err(format!("agent {agent} cannot decide"));
        }
        let Screen::Review(review) = &self.screen else { return Err("open a review first".to_owned()) };
        match review.lock_over(&lock_keys(&self.keymap)) {
            Lock::Open | Lock::Unread(_) => Ok(()),
            Lock::Locked(why) => Err(why),
        }
    }

    fn commentable(&self, verb: Verb) -> Result<(), String> {
        let Screen::Review(review) = &self.screen else { return Err("open a review first".to_owned()) };
        match verb {
            _ if !review.is_loaded() => Err("the review is still loading".to_owned()),
            Verb::Withdraw if review.comment_at_cursor().is_none() => Err("the cursor is not on a comment".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether the open review has a list of files, or of tools that can be omitted.
    fn listable(&self, verb: Verb) -> Result<(), String> {
        let Screen::Review(review) = &self.screen else { return Err("open a review first".to_owned()) };
        match (verb, review.listed()) {
            (Verb::LeaveOut, Listed::Tools) => review.decidable(),
            (Verb::LeaveOut, _) => Err("only an adoption of several tools can leave some out".to_owned()),
            (_, Listed::Nothing) => Err("this version has one file".to_owned()),
            _ => Ok(()),
        }
    }

    fn readable(&self, verb: Verb) -> Result<(), String> {
        let Screen::Review(review) = &self.screen else { return Err("open a review first".to_owned()) };
        match (verb, &self.call.agent) {
            (Verb::MarkRead, Some(agent)) => Err(format!("agent {agent} cannot mark parts as read")),
            (Verb::MarkRead, None) | (Verb::Unfold, _) => Ok(()),
            _ if review.has_difference() => Ok(()),
            _ => Err("no earlier approval: there is no diff".to_owned()),
        }
    }

    fn promotable(&self) -> Result<(), String> {
        if self.focus == Pane::Queue && self.queue.selected().is_some() {
            return Ok(());
        }
        let tool = self.tool_or_why()?;
        match tool.stage {
            // Tools that came with the folder have a pending adoption, whatever their stage.
            _ if self.queue.waiting_for(&tool.name, tool.digest).is_some() => Ok(()),
            Stage::Experimental | Stage::Approved => Ok(()),
            Stage::Core => Err("it is already core".to_owned()),
            Stage::Archived => Err(format!("it is archived: restore it first with {}", self.keymap.key(Verb::Restore))),
        }
    }

    /// The rows of the help overlay for the focused place.
    pub(super) fn help_rows(&self) -> Vec<HelpRow> {
        let context = self.context();
        let has_keys = |row: &&Spec| row.tui && !self.keymap.keys(row.verb).is_empty();
        let own = |row: &&Spec| row.contexts.contains(&context);
        let shared = |row: &&Spec| !row.contexts.contains(&context) && works_in(row, context);
        let mut rows: Vec<&Spec> = ACTIONS.iter().filter(own).collect();
        // The most likely verbs first, as in the footer.
        let wanted = self.wanted();
        rows.sort_by_key(|row| wanted.iter().position(|verb| *verb == row.verb).unwrap_or(usize::MAX));
        let row = |row: &Spec, place: &'static str| HelpRow {
            reason: self.available(row.verb).err(),
            place,
            ..HelpRow::of(row.verb, &self.keymap)
        };
        let here = place_of(context);
        let mut help: Vec<HelpRow> = rows.into_iter().filter(has_keys).map(|spec| row(spec, here)).collect();
        help.extend(ACTIONS.iter().filter(shared).filter(has_keys).map(|spec| row(spec, "everywhere")));
        for other in FOCUSABLE.into_iter().filter(|other| *other != context) {
            let place = place_of(other);
            let elsewhere = ACTIONS.iter().filter(|row| row.contexts.contains(&other)).filter(has_keys);
            help.extend(elsewhere.map(|spec| HelpRow {
                reason: Some(format!("works in the {place}")),
                place,
                ..HelpRow::of(spec.verb, &self.keymap)
            }));
        }
        help
    }

    /// Availability changes while the keys are shown. The help of a box covers that box.
    pub(super) fn renew_help(&mut self) {
        if matches!(self.overlays.as_slice(), [Overlay::Help(_)]) {
            let rows = self.help_rows();
            if let Some(Overlay::Help(help)) = self.overlays.last_mut() {
                help.renew(rows);
            }
        }
    }

    /// The rows of the palette: every verb that the screen has.
    pub(super) fn palette_rows(&self) -> Vec<PaletteRow> {
        let (wanted, context) = (self.wanted(), self.context());
        let place = |verbs: &[Verb], verb: Verb| verbs.iter().position(|known| *known == verb);
        let row = |spec: &'static Spec| {
            let reason = self.available(spec.verb).err();
            let works = reason.is_none();
            PaletteRow {
                spec,
                key: self.keymap.key(spec.verb),
                recent: place(&self.recent, spec.verb).filter(|_| works),
                likely: place(wanted, spec.verb).filter(|_| works),
                is_here: works && works_in(spec, context),
                reason,
            }
        };
        ACTIONS.iter().map(row).collect()
    }

    /// The space that the panes need. An empty output pane gives its space to long names.
    pub fn needs(&self) -> Needs {
        let is_free = self.output.current().is_none();
        let more_catalog = if is_free { self.catalog.lacks(half(self.size.0)) } else { 0 };
        let zoomed = self.zoom || self.letters == Letters::Linear;
        Needs { zoomed, services: self.services.len(), more_catalog, shift: self.shift, hidden: self.hidden, said: 0 }
    }

    /// The verbs whose keys the footer shows, most important first.
    pub fn hints(&self) -> Vec<Verb> {
        let all = self.wanted();
        let no_tools = self.catalog.view().tools.is_empty();
        let called_for = self.called_for();
        let others = all.iter().copied().filter(|verb| Some(*verb) != called_for);
        called_for
            .into_iter()
            .chain(others)
            .filter(|verb| !self.keymap.keys(*verb).is_empty() && self.available(*verb).is_ok())
            .filter(|verb| !matches!(verb, Verb::Init | Verb::Starter) || no_tools)
            .filter(|verb| match verb {
                Verb::Approve | Verb::ApproveOver => !self.is_unread(),
                Verb::ReadOn => self.is_unread() || self.leads_on(),
                Verb::Unfold => matches!(&self.screen, Screen::Review(review) if review.has_folded_facts()),
                _ => true,
            })
            .collect()
    }

    /// What the state of the selection in the catalog calls for, before anything else.
    fn called_for(&self) -> Option<Verb> {
        if !self.at(Pane::Catalog) {
            return None;
        }
        if self.on_group() {
            return Some(Verb::Fold);
        }
        let tool = self.selected_tool()?;
        match tool.stage {
            Stage::Archived => Some(Verb::Restore),
            _ if tool.state == ToolState::Changed => Some(Verb::RestoreFiles),
            _ if tool.facts.locked => Some(Verb::Unlock),
            _ => None,
        }
    }

    /// The most likely verbs here, most important first, whether available or not.
    // size: a list for each place
    fn wanted(&self) -> &'static [Verb] {
        let live = self.output.current().is_some_and(RunTab::is_live);
        match self.context() {
            Context::Catalog => &[
                Verb::Run,
                Verb::Unlock,
                Verb::Show,
                Verb::Source,
                Verb::Filter,
                Verb::Promote,
                Verb::Evolve,
                Verb::Behaviour,
                Verb::Archive,
                Verb::Restore,
                Verb::RestoreFiles,
                Verb::Fork,
                Verb::Group,
                Verb::CycleStage,
                Verb::Init,
                Verb::Starter,
                Verb::Palette,
            ],
            Context::Output if live => &[
                Verb::Cancel,
                Verb::Follow,
                Verb::Filter,
                Verb::Runs,
                Verb::MarkLine,
                Verb::ClearLines,
                Verb::Zoom,
                Verb::Copy,
            ],
            Context::Output => &[
                Verb::Rerun,
                Verb::Continue,
                Verb::EditRun,
                Verb::Evolve,
                Verb::Runs,
                Verb::Behaviour,
                Verb::Filter,
                Verb::NextRisk,
                Verb::NextTab,
                Verb::Zoom,
                Verb::Copy,
            ],
            Context::Failures => {
                &[Verb::Output, Verb::Evolve, Verb::Rerun, Verb::Continue, Verb::Promote, Verb::Archive, Verb::Filter]
            }
            Context::Queue if !self.marked().is_empty() => {
                &[Verb::Approve, Verb::Reject, Verb::RequestChanges, Verb::Mark, Verb::Review, Verb::Filter]
            }
            Context::Queue => &[
                Verb::Review,
                Verb::Mark,
                Verb::Reject,
                Verb::RequestChanges,
                Verb::Sort,
                Verb::Evolve,
                Verb::Filter,
                Verb::Archive,
                Verb::Undo,
            ],
            Context::Services => SERVICE_VERBS,
            Context::Review if matches!(&self.screen, Screen::Review(review) if review.is_listing()) => &[
                Verb::GoTo,
                Verb::ReadOn,
                Verb::Approve,
                Verb::ApproveOver,
                Verb::LeaveOut,
                Verb::Reject,
                Verb::RequestChanges,
                Verb::MarkRead,
                Verb::SelectRange,
                Verb::Skip,
                Verb::Filter,
                Verb::Back,
            ],
            Context::Review => &[
                Verb::NextNew,
                Verb::ReadOn,
                Verb::Unfold,
                Verb::Approve,
                Verb::ApproveOver,
                Verb::LeaveOut,
                Verb::Reject,
                Verb::RequestChanges,
                Verb::Files,
                Verb::NextTab,
                Verb::NextRisk,
                Verb::Comment,
                Verb::Evolve,
                Verb::MarkRead,
                Verb::ToggleDiff,
                Verb::Skip,
                Verb::Bottom,
                Verb::NextHunk,
                Verb::Filter,
                Verb::Back,
            ],
            Context::Source => &[Verb::NextTab, Verb::Filter, Verb::Wrap, Verb::Copy, Verb::Back],
            Context::Evolution => &[
                Verb::Review,
                Verb::Stop,
                Verb::Resume,
                Verb::Keep,
                Verb::NextTab,
                Verb::NextPane,
                Verb::Evolve,
                Verb::NextHunk,
                Verb::Back,
            ],
            Context::Global | Context::Motion => &[Verb::Palette],
        }
    }
}

fn unlockable(tool: &Tool) -> Result<(), String> {
    match (tool.cost_tier, tool.facts.locked) {
        (CostTier::Prohibited, _) => Err("prohibited tools never run".to_owned()),
        (_, false) => Err("it is not locked".to_owned()),
        (_, true) => Ok(()),
    }
}

fn runnable(tool: &Tool) -> Result<(), String> {
    match (&tool.reason, tool.stage, tool.cost_tier) {
        (_, Stage::Archived, _) => Err("archived tools cannot run: restore it first".to_owned()),
        (_, _, CostTier::Prohibited) => Err("prohibited tools never run".to_owned()),
        (Some(reason), _, _) if !tool.may_start() => Err(format!("it cannot run: {reason}")),
        (None, _, _) if !tool.may_start() => Err("it cannot run".to_owned()),
        _ => Ok(()),
    }
}
