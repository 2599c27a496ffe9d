//! A row of the catalog in few bytes, as the cache keeps it.
//!
//! Words are stored as words and not by their index, so that a new kind or stage does not change the meaning of old
//! rows. Data from the store, and relations between rows, are not included: every scan determines both again.

use super::plan::folder_of;
use crate::domain::{
    Category, CodeSketch, CostTier, Digest, Instant, Need, Placement, StepTool, StepTools, Texts, Tool, ToolExtras,
    ToolName,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct PackedTool<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    version: [u64; 3],
    /// Of a version that has more than three numbers to it.
    long_version: Option<Cow<'a, str>>,
    /// In one piece: to read it number by number takes as long as all texts.
    digest: &'a [u8],
    #[serde(borrow)]
    category: Cow<'a, str>,
    /// Stage, kind, cost tier, format, origin, state and risk.
    words: [&'a str; 7],
    classified: bool,
    #[serde(borrow)]
    description: Cow<'a, str>,
    tags: Cow<'a, [String]>,
    keywords: &'a str,
    use_cases: &'a str,
    capabilities: Cow<'a, [String]>,
    aliases: Cow<'a, [String]>,
    #[serde(borrow)]
    other_words: Cow<'a, str>,
    code_sketch: &'a [u8],
    idempotent: Option<bool>,
    generator: Option<Cow<'a, str>>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    /// Only if it is not the folder of the path.
    base: Option<Cow<'a, str>>,
    exclusive: bool,
    runnable: bool,
    reason: Option<Cow<'a, str>>,
    needs: Vec<Need>,
    evolved_from: Option<Cow<'a, str>>,
    files: u32,
    bytes: u64,
    modified_at: Instant,
    steps: Option<PackedSteps<'a>>,
    server: Option<Cow<'a, str>>,
}

/// The calls of a composite; whether a step can be called is determined again.
#[derive(Serialize, Deserialize)]
struct PackedSteps<'a> {
    tier: Option<&'a str>,
    /// Names of steps and the tools that they call.
    steps: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Writes a row.
// size: one line for each field
pub(super) fn serialize<S: Serializer>(tool: &Tool, serializer: S) -> Result<S::Ok, S::Error> {
    // Names every field, so that a new one is not forgotten.
    let Tool {
        name,
        version,
        digest,
        stage,
        kind,
        category,
        cost_tier,
        classified,
        description,
        tags,
        keywords,
        use_cases,
        other_words,
        code_sketch,
        idempotent,
        path,
        placement,
        format,
        origin,
        state,
        runnable,
        reason,
        risk,
        extras: _,
        files,
        bytes,
        modified_at,
        facts: _,
    } = tool;
    let ToolExtras {
        title,
        capabilities,
        aliases,
        generator,
        needs,
        evolved_from,
        copy_of: _,
        shadowed_by: _,
        shadows: _,
        clashes: _,
        steps,
        server,
    } = &*tool.extras;
    let packed = PackedTool {
        name: name.as_str().into(),
        title: title.as_deref().map(Cow::from),
        version: [version.major, version.minor, version.patch],
        long_version: long_version(version),
        digest: &digest.0,
        category: category.0.as_str().into(),
        words: [stage.word(), kind.word(), cost_tier.word(), format.word(), origin.word(), state.word(), risk.word()],
        classified: *classified,
        description: description.as_str().into(),
        tags: tags.into(),
        keywords: keywords.kept(),
        use_cases: use_cases.kept(),
        capabilities: capabilities.into(),
        aliases: aliases.into(),
        other_words: other_words.as_str().into(),
        code_sketch: &code_sketch.kept(),
        idempotent: *idempotent,
        generator: generator.as_deref().map(Cow::from),
        path: path.as_str().into(),
        base: (placement.base != folder_of(path)).then(|| placement.base.as_str().into()),
        exclusive: placement.exclusive,
        runnable: *runnable,
        reason: reason.as_deref().map(Cow::from),
        needs: needs.clone(),
        evolved_from: evolved_from.as_deref().map(Cow::from),
        files: *files,
        bytes: *bytes,
        modified_at: *modified_at,
        steps: steps.as_ref().map(|of| PackedSteps {
            tier: of.tier.map(CostTier::word),
            steps: of.steps.iter().map(|step| (step.id.as_str().into(), step.tool.as_str().into())).collect(),
        }),
        server: server.as_ref().map(|server| server.as_str().into()),
    };
    packed.serialize(serializer).map_err(ser::Error::custom)
}

/// A version that has more than three numbers to it, in full.
fn long_version(version: &semver::Version) -> Option<Cow<'static, str>> {
    let is_plain = version.pre.is_empty() && version.build.is_empty();
    (!is_plain).then(|| version.to_string().into())
}

/// Reads a row.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<Tool>, D::Error> {
    let packed = PackedTool::deserialize(deserializer)?;
    let [stage, kind, cost_tier, format, origin, state, risk] = packed.words;
    let [major, minor, patch] = packed.version;
    let version = match packed.long_version {
        Some(text) => semver::Version::parse(&text).map_err(de::Error::custom)?,
        None => semver::Version::new(major, minor, patch),
    };
    let path = packed.path.into_owned();
    let base = packed.base.map_or_else(|| folder_of(&path).to_owned(), Cow::into_owned);
    let extras = ToolExtras {
        title: packed.title.map(Cow::into_owned),
        capabilities: packed.capabilities.into_owned(),
        aliases: packed.aliases.into_owned(),
        generator: packed.generator.map(Cow::into_owned),
        needs: packed.needs,
        evolved_from: packed.evolved_from.map(Cow::into_owned),
        steps: packed.steps.map(unpacked_steps).transpose()?,
        server: packed.server.map(|server| ToolName::new(&server)).transpose().map_err(de::Error::custom)?,
        ..ToolExtras::default()
    };
    Ok(Box::new(Tool {
        name: ToolName::new(&packed.name).map_err(de::Error::custom)?,
        version,
        digest: Digest(packed.digest.try_into().map_err(de::Error::custom)?),
        stage: word(stage)?,
        kind: word(kind)?,
        category: Category(packed.category.into_owned()),
        cost_tier: word(cost_tier)?,
        classified: packed.classified,
        description: packed.description.into_owned(),
        tags: packed.tags.into_owned(),
        keywords: Texts::of_kept(packed.keywords),
        use_cases: Texts::of_kept(packed.use_cases),
        other_words: packed.other_words.into_owned(),
        code_sketch: CodeSketch::of_kept(packed.code_sketch).ok_or_else(|| de::Error::custom("no sketch"))?,
        idempotent: packed.idempotent,
        path,
        placement: Placement { base, exclusive: packed.exclusive },
        format: word(format)?,
        origin: word(origin)?,
        state: word(state)?,
        runnable: packed.runnable,
        reason: packed.reason.map(Cow::into_owned),
        risk: word(risk)?,
        extras: extras.into(),
        files: packed.files,
        bytes: packed.bytes,
        modified_at: packed.modified_at,
        facts: Arc::default(),
    }))
}

fn unpacked_steps<E: de::Error>(packed: PackedSteps<'_>) -> Result<StepTools, E> {
    let step = |(id, tool): (Cow<'_, str>, Cow<'_, str>)| StepTool {
        id: id.into_owned(),
        tool: tool.into_owned(),
        fault: None,
    };
    Ok(StepTools { tier: packed.tier.map(word).transpose()?, steps: packed.steps.into_iter().map(step).collect() })
}

fn word<T: FromStr<Err: std::fmt::Display>, E: de::Error>(word: &str) -> Result<T, E> {
    word.parse().map_err(E::custom)
}
