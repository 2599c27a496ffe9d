//! Turns an answer into the files of a version: its place, its version number, and its provenance.

use super::asking::stamp_time;
use crate::catalog;
use crate::domain::{
    Digest, Evolution, ExaminedAnswer, FileMode, Placement, Proposal, ReplayOutcome, RunOutcome, Stage, Step, Tool,
    ToolDetail, VersionFile, propose, unversioned, versioned,
};
use crate::engine::Evolutions;
use crate::engine::core::stage_placement;
use crate::engine::error::{EngineError, ErrorCode};
use crate::evolve::course::Lane;
use crate::evolve::prompt::Templates;
use crate::evolve::repair::GENERATOR;
use crate::evolve::stamp::{self, ManifestStamp, NewHeader};
use crate::evolve::{AnswerFiles, Bundle, Want};
use std::collections::BTreeMap;
use std::path::Path;

/// Maximum number of versions of one name.
const MAX_VERSIONS: usize = 1000;

/// The context of an evolution.
pub(super) struct Case {
    pub(super) row: Evolution,
    /// The version to improve.
    pub(super) base: ToolDetail,
    /// The bundle for generators.
    pub(super) bundle: Bundle,
    /// The prompt templates.
    pub(super) templates: Templates,
    /// The requirements for answers.
    pub(super) want: Want,
}

impl Case {
    /// The worker that starts versions; `None` for this machine.
    pub(super) fn worker(&self) -> Option<&str> {
        self.row.asked.worker.as_deref()
    }
}

/// An answer as a version.
pub(super) struct Candidate {
    pub(super) detail: ToolDetail,
    /// The reason for its version number.
    pub(super) step: String,
}

/// The place of a version, and the names of its files there.
struct Spot {
    placement: Placement,
    /// Old and new paths of renamed files.
    renames: Vec<(String, String)>,
}

impl Evolutions<'_> {
    /// Makes a version from an answer. Writes only a kept copy.
    ///
    /// # Errors
    /// Why the answer is not a version of the tool, in a sentence for the generator.
    pub(super) fn compose(
        &self,
        case: &Case,
        answer: &AnswerFiles,
        generator: &str,
        prompt: Digest,
    ) -> Result<Candidate, String> {
        let base = &case.base;
        let files = answered(case, answer)?;
        let read = |files: &BTreeMap<String, VersionFile>, tool: &Tool| {
            catalog::read_files(files.values().cloned().collect(), tool)
                .map_err(|problem| format!("{}: {}", problem.path, problem.message))
        };
        let new = read(&files, &base.tool)?;
        if new.manifest.name != base.manifest.name {
            return Err(format!("the manifest must keep the name {}", base.manifest.name));
        }
        let proposal = propose(&base.manifest, &new.manifest);
        let usual = usual_step(case, generator);
        let (version, step) = self.next_version(case, &proposal, usual)?;
        let detail = self.stamped(case, files, &version, (generator, Some(prompt)))?;
        Ok(Candidate { detail, step })
    }

    /// Changed files of the previous version, stamped as this version. Writes only a kept copy.
    fn stamped(
        &self,
        case: &Case,
        mut files: BTreeMap<String, VersionFile>,
        version: &semver::Version,
        (generator, prompt): (&str, Option<Digest>),
    ) -> Result<ToolDetail, String> {
        let base = &case.base.tool;
        let spot = self.spot(&case.base, version);
        let created_at = stamp_time();
        let parent = format!("{} ({})", base.version, base.digest.short());
        let stamp = ManifestStamp {
            version,
            parent: &parent,
            created_at: &created_at,
            created_by: &case.row.who,
            generator,
            reason: case.row.asked.hint.lines().next().unwrap_or_default(),
            prompt,
            dynamic_schema: case.row.asked.dynamic_schema,
            new_header: match (generator == GENERATOR, &case.want.manifest, spot.renames.is_empty()) {
                (false, _, _) => NewHeader::Complete,
                (true, None, true) => NewHeader::Version,
                (true, _, _) => NewHeader::Nothing,
            },
        };
        write_stamp(case, &mut files, &stamp)?;
        let files = renamed(files, &spot.renames, case.want.manifest.as_ref().map(|(path, _)| path.as_str()));
        let detail = placed(base, &spot, version, files.into_values().collect())?;
        self.workspace.copies.put(detail.tool.digest, &detail.files).map_err(|error| error.to_string())?;
        Ok(detail)
    }

    /// A stored answer, as the version that was examined.
    pub(super) fn candidate_kept(&self, case: &Case, found: &ExaminedAnswer) -> Result<ToolDetail, EngineError> {
        let spot = self.spot(&case.base, &found.version);
        placed(&case.base.tool, &spot, &found.version, self.engine.versions().files(found.digest)?).map_err(unkept)
    }

    /// The same with a free version number: its own if it is free, otherwise the next one, with a new stamp. A version
    /// that changes answers is not a patch.
    pub(super) fn numbered(
        &self,
        case: &Case,
        lane: &Lane,
        found: &ExaminedAnswer,
        kept: ToolDetail,
    ) -> Result<Candidate, EngineError> {
        let least = if changes_answers(found) { Step::Minor } else { Step::Patch };
        let is_step_enough = found.version.patch == 0 || least == Step::Patch;
        if is_step_enough && self.is_free(case, &found.version)? {
            return Ok(Candidate { detail: kept, step: found.step.clone() });
        }
        let proposal = propose(&case.base.manifest, &kept.manifest);
        let usual = usual_step(case, &lane.generator).max(least);
        let (version, step) = self.next_version(case, &proposal, usual).map_err(unkept)?;
        let files = plain_names(case, &kept.files).map_err(unkept)?;
        let detail = self.stamped(case, files, &version, (&lane.generator, lane.prompt)).map_err(unkept)?;
        Ok(Candidate { detail, step: format!("{step}; checked as {}", found.version) })
    }

    /// Whether a version number is free: no present or formerly approved version of the name has it, and its place
    /// contains no files.
    fn is_free(&self, case: &Case, version: &semver::Version) -> Result<bool, EngineError> {
        let name = &case.base.tool.name;
        let (known, approved) = self.workspace.read(|q| Ok((q.versions_of(name)?, q.approved_before(name)?)))?;
        let is_known = known.iter().any(|row| row.version == *version && approved.contains(&row.digest))
            || self.engine.library().catalog().tools.iter().any(|row| row.name == *name && row.version == *version);
        if is_known {
            return Ok(false);
        }
        let spot = self.spot(&case.base, version);
        let place = self.workspace.folder().join(&spot.placement.base);
        let lies = |path: &Path| std::fs::symlink_metadata(path).is_ok();
        Ok(if spot.placement.exclusive {
            !lies(&place)
        } else {
            !spot.renames.iter().any(|(_, new)| lies(&place.join(new)))
        })
    }

    /// The next free version: the step that the schemas require, or the usual one.
    fn next_version(&self, case: &Case, proposal: &Proposal, usual: Step) -> Result<(semver::Version, String), String> {
        let base = &case.base.tool;
        let step = proposal.step.max(case.row.asked.step.unwrap_or(usual));
        let why = match proposal.reasons.first() {
            Some((demanded, reason)) if *demanded == step => reason.clone(),
            _ if case.row.asked.step == Some(step) => "as requested".to_owned(),
            _ if step == Step::Minor && case.row.asked.hint.trim().is_empty() => {
                "answers differ; the schemas are unchanged".to_owned()
            }
            _ if step == Step::Minor => "a new feature was requested; the schemas are unchanged".to_owned(),
            _ => "code changes only; the schemas are unchanged".to_owned(),
        };
        let next = Proposal { step, reasons: Vec::new() };
        let mut version = next.after(&base.version);
        for _ in 0..MAX_VERSIONS {
            if self.is_free(case, &version).map_err(|error| error.message)? {
                let text = format!("{version} ({step}): {why}");
                return Ok((version, text));
            }
            version = next.after(&version);
        }
        Err(format!("{} has too many versions", base.name))
    }

    /// The place of a version: next to a script in a shared folder, in `versions/` of a tool's own folder, or in the
    /// experimental folder for an approved tool.
    fn spot(&self, detail: &ToolDetail, version: &semver::Version) -> Spot {
        let base = &detail.tool;
        let own = |folder: &str| Spot {
            placement: Placement { base: format!("{folder}/versions/{version}"), exclusive: true },
            renames: Vec::new(),
        };
        if base.stage != Stage::Experimental || base.placement.entry().is_some() {
            let placement = stage_placement(Stage::Experimental, &base.name);
            let is_free = std::fs::symlink_metadata(self.workspace.folder().join(&placement.base)).is_err();
            return if is_free { Spot { placement, renames: Vec::new() } } else { own(&placement.base) };
        }
        if base.placement.exclusive {
            let folder =
                base.placement.base.split_once("/versions/").map_or(base.placement.base.as_str(), |(at, _)| at);
            return own(folder);
        }
        let suffix = format!("_v{}_{}_{}", version.major, version.minor, version.patch);
        let renames = detail.files.iter().map(|file| {
            let (stem, rest) = file.path.find('.').map_or((file.path.as_str(), ""), |at| file.path.split_at(at));
            let stem = versioned(stem).map_or(stem, |(stem, _)| stem);
            (file.path.clone(), format!("{stem}{suffix}{rest}"))
        });
        Spot { placement: base.placement.clone(), renames: renames.collect() }
    }
}

/// A version at its place, with its name there.
fn placed(base: &Tool, spot: &Spot, version: &semver::Version, files: Vec<VersionFile>) -> Result<ToolDetail, String> {
    let definition = base.path.strip_prefix(&format!("{}/", base.placement.base)).unwrap_or(&base.path);
    let definition = spot.renames.iter().find(|(old, _)| old == definition).map_or(definition, |(_, new)| new);
    let row = Tool {
        path: format!("{}/{definition}", spot.placement.base),
        placement: spot.placement.clone(),
        stage: Stage::Experimental,
        ..base.clone()
    };
    let original = base.evolved_from.clone().unwrap_or_else(|| base.path.clone());
    let mut detail =
        catalog::read_files(files, &row).map_err(|problem| format!("{}: {}", problem.path, problem.message))?;
    // A file of a family has the name of its original, whatever its own name.
    detail.tool.name = base.name.clone();
    detail.tool.evolved_from = (base.stage == Stage::Experimental).then_some(original);
    detail.manifest.name = base.name.clone();
    (detail.tool.version, detail.manifest.version) = (version.clone(), version.clone());
    Ok(detail)
}

/// Writes version and provenance into the manifest and the script.
fn write_stamp(
    case: &Case,
    files: &mut BTreeMap<String, VersionFile>,
    stamp: &ManifestStamp<'_>,
) -> Result<(), String> {
    let manifest = case.want.manifest.as_ref().map(|(path, _)| path.clone());
    if let Some(file) = manifest.as_ref().and_then(|path| files.get_mut(path)) {
        let text = std::str::from_utf8(&file.bytes).map_err(|_| format!("{} is not text", file.path))?;
        file.bytes =
            stamp::manifest(&file.path, text, stamp).map_err(|why| format!("{}: {why}", file.path))?.into_bytes();
    }
    let main = case.base.main_file().map(|file| file.path.clone());
    if let Some(file) = main.filter(|path| Some(path) != manifest.as_ref()).and_then(|path| files.get_mut(&path))
        && let Ok(text) = std::str::from_utf8(&file.bytes)
    {
        file.bytes = stamp::header(&file.path, text, stamp).into_bytes();
    }
    Ok(())
}

fn unkept(why: String) -> EngineError {
    EngineError::new(ErrorCode::Failed, why, "request it again")
}

/// The digest of the files of any version of the name, without version number and provenance: the same code gives the
/// same digest.
///
/// # Errors
/// Why one of the manifests cannot be read.
pub(super) fn code_of(case: &Case, files: &[VersionFile]) -> Result<Digest, String> {
    let files = plain_files(case, files)?;
    Ok(Digest::of_files(&files.into_values().collect::<Vec<_>>()))
}

/// The step for a request: a minor one if it asks for something new.
fn usual_step(case: &Case, generator: &str) -> Step {
    let is_repair = generator == GENERATOR || case.row.asked.hint.trim().is_empty();
    if is_repair { Step::Patch } else { Step::Minor }
}

/// Whether recorded inputs that succeeded have another outcome now.
fn changes_answers(found: &ExaminedAnswer) -> bool {
    let succeeded = RunOutcome::Succeeded.to_string();
    found.replay.iter().any(|one| match one.outcome {
        ReplayOutcome::Broken => true,
        ReplayOutcome::Changed => one.before.starts_with(&succeeded),
        _ => false,
    })
}

/// The files of a version under the names of the previous version, without provenance.
///
/// # Errors
/// Why one of the manifests cannot be read.
pub(super) fn plain_files(case: &Case, files: &[VersionFile]) -> Result<BTreeMap<String, VersionFile>, String> {
    let mut files = plain_names(case, files)?;
    let number = semver::Version::new(0, 0, 0);
    let nobody = ManifestStamp {
        version: &number,
        parent: "",
        created_at: "",
        // An empty provenance becomes null in YAML, which is refused.
        created_by: "nobody",
        generator: "",
        reason: "",
        prompt: None,
        dynamic_schema: false,
        new_header: NewHeader::Complete,
    };
    write_stamp(case, &mut files, &nobody)?;
    Ok(files)
}

/// The files of a version under the names of the previous version.
fn plain_names(case: &Case, files: &[VersionFile]) -> Result<BTreeMap<String, VersionFile>, String> {
    let of_base = |path: &str| {
        let name = unversioned(path);
        case.base.files.iter().map(|file| &file.path).find(|known| unversioned(known) == name).cloned().unwrap_or(name)
    };
    let renames: Vec<(String, String)> =
        files.iter().map(|file| (file.path.clone(), of_base(&file.path))).filter(|(old, new)| old != new).collect();
    let manifest = case.want.manifest.as_ref().map(|(path, _)| path.as_str());
    let manifest = files.iter().map(|file| file.path.as_str()).find(|path| Some(of_base(path).as_str()) == manifest);
    let all: BTreeMap<String, VersionFile> = files.iter().map(|file| (file.path.clone(), file.clone())).collect();
    let count = all.len();
    let named = renamed(all, &renames, manifest);
    if named.len() == count { Ok(named) } else { Err("two of its files have the same name".to_owned()) }
}

/// The files of the version, replaced by those of the answer.
fn answered(case: &Case, answer: &AnswerFiles) -> Result<BTreeMap<String, VersionFile>, String> {
    let base = &case.base;
    let mut files: BTreeMap<String, VersionFile> =
        base.files.iter().map(|file| (file.path.clone(), file.clone())).collect();
    for (path, text) in &answer.files {
        match files.get_mut(path) {
            Some(file) => file.bytes = text.clone().into_bytes(),
            None if !base.tool.placement.exclusive => {
                let main = base.main_file().map_or("its script", |file| file.path.as_str());
                return Err(format!("the tool is a single script: put everything into {main}; {path} cannot be added"));
            }
            None => {
                let mode = if text.starts_with("#!") { FileMode::Executable } else { FileMode::Plain };
                files.insert(path.clone(), VersionFile { path: path.clone(), mode, bytes: text.clone().into_bytes() });
            }
        }
    }
    if let (Some(text), Some((path, _))) = (&answer.manifest, &case.want.manifest)
        && let Some(file) = files.get_mut(path)
    {
        file.bytes = text.clone().into_bytes();
    }
    Ok(files)
}

/// The files under their new names, also in the manifest.
fn renamed(
    files: BTreeMap<String, VersionFile>,
    renames: &[(String, String)],
    manifest: Option<&str>,
) -> BTreeMap<String, VersionFile> {
    let of = |path: &str| renames.iter().find(|(old, _)| old == path).map_or(path, |(_, new)| new).to_owned();
    let all = files.into_values().map(|mut file| {
        if Some(file.path.as_str()) == manifest
            && let Ok(text) = std::str::from_utf8(&file.bytes)
        {
            let text = renames.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old.as_str(), new));
            file.bytes = text.into_bytes();
        }
        file.path = of(&file.path);
        (file.path.clone(), file)
    });
    all.collect()
}
