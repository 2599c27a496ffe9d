//! Full screens, which take the whole terminal until they are closed.

pub mod behaviour;
pub mod evidence;
pub mod evolution;
pub mod reader;
pub mod review;
pub mod source;

/// The screen below the overlays.
#[derive(Default)]
pub enum Screen {
    /// The panes.
    #[default]
    Workbench,
    /// The full-screen review of one version.
    Review(Box<review::ReviewScreen>),
    /// A tool: description, files, difference.
    Source(Box<source::SourceScreen>),
    /// The observed behaviour of a version or a run.
    Behaviour(Box<behaviour::BehaviourScreen>),
    /// The rounds of an evolution.
    Evolution(Box<evolution::EvolutionScreen>),
}
