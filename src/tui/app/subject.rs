//! The object of a verb: the tool, run or review that is named, or selected in the focused place.

use super::App;
use crate::action::Context;
use crate::domain::{Review, RunId, Tool};
use crate::engine::InstanceView;
use crate::tui::effect::Effect;
use crate::tui::pane::Pane;
use crate::tui::pane::catalog::Selected;
use crate::tui::screen::Screen;
use std::sync::Arc;

/// The name of a place, as in the help.
pub(super) fn place_of(context: Context) -> &'static str {
    match context {
        Context::Catalog => "catalog",
        Context::Output => "output",
        Context::Failures => "failures",
        Context::Queue => "review queue",
        Context::Services => "services",
        Context::Review => "review",
        Context::Source => "source view",
        Context::Evolution => "evolution",
        Context::Global | Context::Motion => "workbench",
    }
}

impl App {
    /// The context whose keys are active.
    pub fn context(&self) -> Context {
        match &self.screen {
            Screen::Workbench => self.focus.context(),
            Screen::Review(_) => Context::Review,
            Screen::Source(_) | Screen::Behaviour(_) => Context::Source,
            Screen::Evolution(_) => Context::Evolution,
        }
    }

    /// The name of the focused place, as in the help.
    pub(super) fn place(&self) -> &'static str {
        place_of(self.context())
    }

    /// The tool that a verb refers to in the focused place.
    pub(super) fn selected_tool(&self) -> Option<Arc<Tool>> {
        match &self.screen {
            Screen::Review(review) => self.tool_of_review(&review.review),
            Screen::Source(source) => Some(Arc::clone(&source.tool)),
            Screen::Behaviour(screen) => screen.tool.clone(),
            Screen::Evolution(screen) => screen.base().and_then(|row| self.tool_evolved(row)),
            Screen::Workbench => match self.focus {
                Pane::Catalog => match self.catalog.selected() {
                    Selected::Tool(tool) => Some(Arc::clone(tool)),
                    Selected::Problem(_) | Selected::Skipped(_) | Selected::Group(_) | Selected::Nothing => None,
                },
                Pane::Output => self.output.current().and_then(|tab| tab.tool.clone()),
                Pane::Failures => self.failures.selected().and_then(|group| self.tool_named(group.tool.as_str())),
                Pane::Queue => self.queue.selected().and_then(|review| self.tool_of_review(review)),
                Pane::Services => {
                    self.services.selected_view().and_then(|view| self.tool_named(view.instance.tool.as_str()))
                }
            },
        }
    }

    /// The catalog row of the tool in a review.
    fn tool_of_review(&self, review: &Review) -> Option<Arc<Tool>> {
        let view = self.catalog.view();
        let same = view.named(review.tool.as_str()).iter().find(|tool| tool.digest == review.digest);
        same.or_else(|| view.tools.iter().find(|tool| tool.path == review.path)).cloned()
    }

    /// The run that a verb refers to in the focused place.
    pub(super) fn selected_run(&self) -> Option<RunId> {
        match (&self.screen, self.focus) {
            (Screen::Workbench, Pane::Failures) => self.failures.selected().and_then(|group| group.sample_run),
            (Screen::Workbench, Pane::Output) => {
                self.output.current().and_then(super::super::pane::output::RunTab::run)
            }
            (Screen::Workbench, Pane::Services) => self.services.selected_view().and_then(|view| view.instance.run),
            _ => None,
        }
    }

    /// The instance that a verb refers to: the selected one, or the one whose log is shown.
    pub fn selected_instance(&self) -> Option<&InstanceView> {
        match (&self.screen, self.focus) {
            (Screen::Workbench, Pane::Services) => self.services.selected_view(),
            (Screen::Workbench, Pane::Output) => self.selected_run().and_then(|run| self.services.of_run(run)),
            _ => None,
        }
    }

    /// The review that a verb refers to in the focused place: the open one, the selected one, or the pending review of
    /// the selected tool.
    pub(super) fn selected_review(&self) -> Option<Review> {
        match (&self.screen, self.focus) {
            (Screen::Review(review), _) => Some(review.review.clone()),
            (Screen::Evolution(screen), _) => screen.review().and_then(|id| self.queue.find(id)).cloned(),
            (Screen::Workbench, Pane::Queue) => self.queue.selected().cloned(),
            _ => {
                let tool = self.selected_tool()?;
                self.queue.waiting_for(&tool.name, tool.digest).cloned()
            }
        }
    }

    /// The tool that a text names: path, name, NAME@VERSION or NAME@DIGESTPREFIX. If several have the name, the one in
    /// use.
    pub(super) fn tool_named(&self, text: &str) -> Option<Arc<Tool>> {
        let tools = &self.catalog.view().tools;
        if let Some(tool) = tools.iter().find(|tool| tool.path == text) {
            return Some(Arc::clone(tool));
        }
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let fits = |tool: &&Arc<Tool>| {
            let named = tool.name.as_str() == name || tool.aliases.iter().any(|alias| alias == name);
            named && version.is_none_or(|v| tool.version.to_string() == v || tool.digest.starts_with(v))
        };
        let goes_first =
            |tool: &&Arc<Tool>| (tool.facts.in_session, tool.shadowed_by.is_none(), tool.stage.precedence());
        tools.iter().filter(fits).max_by_key(goes_first).cloned()
    }

    /// Selects the tool of this path in the catalog, whatever the filter and folding are.
    pub(super) fn go_to_tool(&mut self, path: &str) -> Vec<Effect> {
        if !self.catalog.show_path(path) {
            return self.refuse("the tool is no longer in the catalog");
        }
        self.focus_pane(Pane::Catalog)
    }

    /// How a command names a tool: by name, or by path if the name alone refers to another row.
    pub(super) fn reference(&self, tool: &Tool) -> String {
        if self.catalog.view().named(tool.name.as_str()).len() > 1 { tool.path.clone() } else { tool.name.to_string() }
    }
}
