//! The facts about a composite in `show`.

use super::Shown;
use crate::cli::print_text::{Ink, Page, StyledLine};
use std::io;

impl Shown {
    /// Writes the steps, each with the tool it calls, and why that tool cannot be called.
    pub(super) fn steps(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(steps) = &self.tool.steps else { return Ok(()) };
        page.heading("Steps")?;
        let needs =
            self.manifest.composite.as_ref().map(crate::domain::composite::Composite::needs).unwrap_or_default();
        for (at, step) in steps.steps.iter().enumerate() {
            let waits = needs.get(at).into_iter().flatten().filter_map(|need| steps.steps.get(*need));
            let waits: Vec<&str> = waits.map(|step| step.id.as_str()).collect();
            let after = if waits.is_empty() { String::new() } else { format!(", after {}", waits.join(", ")) };
            match &step.fault {
                None => page.field(&step.id, Ink::Plain, format!("{}{after}", step.tool))?,
                Some(fault) => page.field(&step.id, Ink::Bad, format!("{}{after}: {fault}", step.tool))?,
            }
        }
        let text =
            "  Each step needs the approval of its own tool; the approval of the composite covers the names above.";
        page.line(&StyledLine::new().put(Ink::Dim, text))
    }
}
