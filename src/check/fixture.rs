//! What the tests of the checks share: versions made of a few files, a library of them, and a context.

use super::{Batch, CheckContext, Language, Library, Trials};
use crate::domain::{
    CheckReport, Dialect, Digest, FileMode, Manifest, Missing, Recipe, Tool, ToolDetail, ToolExtras, ToolName,
    VersionFile,
};
use crate::insight::SimilarityIndex;
use crate::outside::Programs;
use crate::runner::Tried;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Files by path and text.
pub(super) fn files(list: &[(&str, &str)]) -> Vec<VersionFile> {
    let files = list.iter().map(|(path, text)| VersionFile {
        path: (*path).to_owned(),
        mode: FileMode::Plain,
        bytes: text.as_bytes().to_vec(),
    });
    files.collect()
}

/// A version of these files; the first one is its entry.
pub(super) fn version(name: &str, list: &[(&str, &str)]) -> ToolDetail {
    let files = files(list);
    let mut manifest = Manifest::blank(ToolName::new(name).unwrap(), Dialect::Native);
    manifest.description = "Says what it does in a few plain words".to_owned();
    let mut recipe = Recipe::blank(crate::domain::InputMode::StdinJson);
    recipe.entry = list.first().map(|(path, _)| (*path).to_owned());
    let program = match list.first().and_then(|(path, text)| Language::of(path, text)) {
        Some(Language::Python) => "python3",
        Some(Language::Bash) => "bash",
        Some(Language::JavaScript | Language::TypeScript | Language::Tsx) => "node",
        None => "cat",
    };
    recipe.command = vec![program.to_owned(), "{file}".to_owned()];
    manifest.recipe = Some(recipe);
    ToolDetail { tool: row(name, &manifest, Digest::of_files(&files)), manifest, files }
}

/// The row of a version.
fn row(name: &str, manifest: &Manifest, digest: Digest) -> Tool {
    Tool {
        extras: ToolExtras { title: manifest.title.clone(), ..ToolExtras::default() }.into(),
        version: manifest.version.clone(),
        digest,
        description: manifest.description.clone(),
        ..Tool::ordinary(name)
    }
}

/// A library that is given, and counts how many of its tools were read.
#[derive(Default)]
pub(super) struct LibraryFixture {
    rows: Vec<Arc<Tool>>,
    details: Vec<ToolDetail>,
    index: OnceLock<Arc<SimilarityIndex>>,
    pub(super) reads: AtomicUsize,
    programs: Option<Programs>,
}

impl LibraryFixture {
    pub(super) fn of(details: Vec<ToolDetail>) -> LibraryFixture {
        let rows = details.iter().map(|detail| Arc::new(detail.tool.clone())).collect();
        LibraryFixture { rows, details, ..LibraryFixture::default() }
    }

    pub(super) fn with_programs(self, programs: Programs) -> LibraryFixture {
        LibraryFixture { programs: Some(programs), ..self }
    }
}

impl Library for LibraryFixture {
    fn rows(&self) -> &[Arc<Tool>] {
        &self.rows
    }

    fn index(&self) -> Arc<SimilarityIndex> {
        Arc::clone(self.index.get_or_init(|| Arc::new(SimilarityIndex::new(&self.rows))))
    }

    fn read(&self, tool: &Tool) -> Option<ToolDetail> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.details.iter().find(|detail| detail.tool.path == tool.path).cloned()
    }

    fn programs(&self) -> Option<&Programs> {
        self.programs.as_ref()
    }
}

pub(super) struct NoTrials;

impl Trials for NoTrials {
    fn start(&self, _: &Batch<'_>) -> Result<Vec<Tried>, String> {
        Err("nothing is started here".to_owned())
    }
}

/// Runs a check of a version that stands alone.
pub(super) fn examined(check: fn(&CheckContext<'_>) -> CheckReport, version: &ToolDetail) -> CheckReport {
    examined_among(check, version, &LibraryFixture::default(), &[])
}

/// Runs a check of a version among others, on a machine that lacks something.
pub(super) fn examined_among(
    check: fn(&CheckContext<'_>) -> CheckReport,
    version: &ToolDetail,
    library: &LibraryFixture,
    missing: &[Missing],
) -> CheckReport {
    check(&CheckContext { version, base: None, missing, library, trials: &NoTrials })
}

/// The code of each finding with its severity.
pub(super) fn codes(report: &CheckReport) -> Vec<(&str, crate::domain::Severity)> {
    report.findings.iter().map(|finding| (finding.code.as_str(), finding.severity)).collect()
}
