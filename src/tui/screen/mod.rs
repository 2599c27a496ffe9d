//! Full screens: what takes the whole terminal until it is closed.

pub mod behaviour;
pub mod evidence;
pub mod evolution;
pub mod reader;
pub mod review;
pub mod source;

/// What fills the terminal below the overlays.
#[derive(Default)]
pub enum Screen {
    /// The panes; nothing lies over them.
    #[default]
    Workbench,
    /// The full-screen review of one version.
    Review(Box<review::ReviewScreen>),
    /// A tool: what it is, its files, a difference.
    Source(Box<source::SourceScreen>),
    /// What a version or a run was seen to do.
    Behaviour(Box<behaviour::BehaviourScreen>),
    /// The rounds of an evolution.
    Evolution(Box<evolution::EvolutionScreen>),
}
