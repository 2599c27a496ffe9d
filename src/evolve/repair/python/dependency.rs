//! Adds a script header (PEP 723) for packages that are imported but not declared.

use super::super::edit::line_end;
use super::super::patient::plain;
use super::super::{Edit, Fix, Patient};
use crate::code::WhenRun;
use crate::code::metadata::ScriptBlock;
use crate::code::python::imports::imports;
use crate::domain::standard::{PYTHON, known_package};
use std::collections::BTreeMap;

pub(in crate::evolve::repair) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    if !patient.is_python() || !patient.is_entry() {
        return None;
    }
    let tree = patient.language?.parse(patient.text).filter(|tree| !tree.root_node().has_error())?;
    let block = ScriptBlock::of(patient.text).map(|block| MetadataBlock { block });
    // A second header next to an unreadable one would have no effect.
    if block.is_none() && patient.text.lines().any(|line| line == "# /// script") {
        return None;
    }
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let imports = imports(tree.root_node(), patient.text);
    for (import, _) in imports.iter().filter(|(_, when)| *when != WhenRun::Perhaps) {
        let Some(module) = import.top() else { continue };
        let is_foreign = !PYTHON.contains(&module) && !patient.is_own_module(module);
        let Some(package) = known_package(module).filter(|_| is_foreign) else { continue };
        // A header would require a separate environment, although the package is already installed.
        if block.is_none() && patient.is_installed(package) {
            continue;
        }
        let is_declared = patient.declares(package) || block.as_ref().is_some_and(|block| block.declares(package));
        if !is_declared {
            missing.entry(package).or_insert(import.statement.start_position().row + 1);
        }
    }
    if missing.is_empty() {
        return None;
    }
    let packages: Vec<&str> = missing.keys().copied().collect();
    let edit = match &block {
        Some(block) => block.add(&packages, patient.text)?,
        None => new_block(&packages, patient.text),
    };
    let used: Vec<String> = missing.iter().map(|(package, line)| format!("{package} (line {line})")).collect();
    let said = format!("declare {} in the script header: imported but not declared", used.join(", "));
    Some(Fix { edits: vec![edit], said })
}

/// An existing header.
struct MetadataBlock<'s> {
    block: ScriptBlock<'s>,
}

impl MetadataBlock<'_> {
    fn declares(&self, package: &str) -> bool {
        let wanted = plain(package);
        self.block.dependencies().iter().any(|line| plain(line) == wanted)
    }

    /// Adds packages to its list; `None` when the list has an unknown form.
    fn add(&self, packages: &[&str], source: &str) -> Option<Edit> {
        let list = quoted(packages);
        let is_list = |line: &str| line.trim_start_matches(['#', ' ']).replace(' ', "").starts_with("dependencies=[");
        let Some(place) = self.block.lines.iter().position(|(_, line)| is_list(line)) else {
            let is_absent = !self.block.lines.iter().any(|(_, line)| line.contains("dependencies"));
            // Before the first line, so that it comes before any table.
            let at = self.block.lines.first().map(|(at, _)| *at)?;
            return is_absent.then(|| Edit::insert(at, format!("# dependencies = [{list}]{}", line_end(source))));
        };
        let (at, line) = self.block.lines.get(place)?;
        if let Some(before) = line.strip_suffix(']') {
            let between = if before.ends_with('[') {
                ""
            } else if before.trim_end().ends_with(',') {
                " "
            } else {
                ", "
            };
            return Some(Edit::insert(at + before.len(), format!("{between}{list}")));
        }
        let end =
            self.block.lines.iter().skip(place + 1).position(|(_, line)| line.trim_start_matches(['#', ' ']) == "]")?
                + place
                + 1;
        let (last_at, last) = self.block.lines.get(end - 1)?;
        let is_item = end - 1 > place;
        if is_item && !last.ends_with(['"', '\'', ',']) || !is_item && !last.ends_with('[') {
            return None;
        }
        let comma = if is_item && !last.ends_with(',') { "," } else { "" };
        let new: Vec<String> = packages.iter().map(|package| format!("#   \"{package}\",")).collect();
        let text = format!("{comma}{end}{}", new.join(line_end(source)), end = line_end(source));
        Some(Edit::insert(last_at + last.len(), text))
    }
}

fn quoted(packages: &[&str]) -> String {
    packages.iter().map(|package| format!("\"{package}\"")).collect::<Vec<_>>().join(", ")
}

/// A new header after the lines that must come first.
fn new_block(packages: &[&str], source: &str) -> Edit {
    let mut at = 0;
    for (place, line) in source.split_inclusive('\n').take(2).enumerate() {
        let is_first = place == 0 && line.starts_with("#!")
            || line.starts_with('#') && line.contains("coding") && line.contains([':', '=']);
        if !is_first {
            break;
        }
        at += line.len();
    }
    let end = line_end(source);
    let lead = if at > 0 && !source[..at].ends_with('\n') { end } else { "" };
    Edit::insert(at, format!("{lead}# /// script{end}# dependencies = [{}]{end}# ///{end}", quoted(packages)))
}
