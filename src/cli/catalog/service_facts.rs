//! The facts about a service in `show`.

use super::Shown;
use crate::cli::print_text::{Ink, Page};
use crate::domain::{Manifest, shown_variable};
use std::io;

/// A manifest that is safe to show: without values of variables whose names suggest secrets.
pub(super) fn masked(mut manifest: Manifest) -> Manifest {
    for (name, value) in manifest.recipe.iter_mut().flat_map(|recipe| &mut recipe.env) {
        *value = shown_variable(name, value);
    }
    manifest
}

impl Shown {
    pub(super) fn service(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(service) = &self.manifest.service else { return Ok(()) };
        page.heading("Service")?;
        for (name, value) in service.facts() {
            page.field(name, Ink::Plain, value)?;
        }
        for (name, value) in self.manifest.recipe.iter().flat_map(|recipe| &recipe.env) {
            page.field("variable", Ink::Plain, format!("{name}={value}"))?;
        }
        for note in &self.notes {
            page.field("note", Ink::Warn, note)?;
        }
        Ok(())
    }
}
