//! Signatures of bundles: one for each push, over a list of the written versions. Each key names its list.

use crate::domain::team::FileName;
use crate::domain::{Digest, ToolName};
use crate::engine::Versions;
use crate::engine::error::{EngineError, ErrorCode};
use crate::objects::{Objects, ObjectsError};
use crate::runner;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of signed lists.
pub(super) const PUSHES: &str = "pushes";

/// The largest signed list, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// The first line of the signed text: a signature of anything else does not count.
const HEAD: &str = "toolsmith bundle";

/// The versions that a push writes.
#[derive(Debug, Default)]
pub(super) struct SignedPush {
    lines: Vec<String>,
}

/// A signed list, as stored in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct List {
    signed: String,
    signature: String,
}

/// A signed list, with its name in the bundle.
pub(super) struct SignedList {
    pub(super) name: String,
    bytes: Vec<u8>,
}

impl SignedPush {
    pub(super) fn add(&mut self, tool: &ToolName, version: &semver::Version, digest: Digest) {
        self.lines.push(line_of(tool, version, digest));
    }
}

impl SignedList {
    /// # Errors
    /// When the bundle cannot be written.
    pub(super) fn write(&self, objects: &dyn Objects) -> Result<(), ObjectsError> {
        objects.put_new(&format!("{PUSHES}/{}", self.name), &self.bytes).map(drop)
    }
}

impl Versions<'_> {
    /// Signs the versions of a push; `None` if nothing is written or no key is set.
    ///
    /// # Errors
    /// `Failed` when the key cannot sign.
    pub(super) fn sign_push(&self, push: &SignedPush) -> Result<Option<SignedList>, EngineError> {
        let Some(key) = self.workspace.settings.signing.key.as_ref().filter(|_| !push.lines.is_empty()) else {
            return Ok(None);
        };
        let signed = format!("{HEAD}\n{}\n", push.lines.join("\n"));
        let failed =
            |why| EngineError::new(ErrorCode::Failed, why, "nothing was written; push again when the key works");
        let signature = runner::sign(&self.workspace.programs, key, &signed).map_err(failed)?;
        let bytes = serde_json::to_vec_pretty(&List { signed, signature }).map_err(EngineError::internal)?;
        Ok(Some(SignedList { name: FileName::of(&bytes).hex(), bytes }))
    }
}

/// The signed lists of a bundle, each read and verified once.
pub(super) struct Signatures<'a> {
    versions: &'a Versions<'a>,
    objects: &'a dyn Objects,
    known: BTreeMap<String, Result<(String, BTreeSet<String>), String>>,
}

impl<'a> Signatures<'a> {
    pub(super) fn new(versions: &'a Versions<'a>, objects: &'a dyn Objects) -> Signatures<'a> {
        Signatures { versions, objects, known: BTreeMap::new() }
    }

    /// The signer of the push of this version of a tool.
    ///
    /// # Errors
    /// One line when the list does not match its signature, or does not contain the version.
    pub(super) fn signer(
        &mut self,
        list: &str,
        tool: &ToolName,
        version: &semver::Version,
        digest: Digest,
    ) -> Result<String, String> {
        if !self.known.contains_key(list) {
            let read = self.read(list);
            self.known.insert(list.to_owned(), read);
        }
        let (signer, lines) = match self.known.get(list) {
            Some(Ok(found)) => found,
            Some(Err(why)) => return Err(why.clone()),
            None => return Err("its signature cannot be read".to_owned()),
        };
        if lines.contains(&line_of(tool, version, digest)) {
            return Ok(signer.clone());
        }
        Err(format!("the signature of {signer} is not about this version"))
    }

    fn read(&self, list: &str) -> Result<(String, BTreeSet<String>), String> {
        let in_words = |why: &dyn std::fmt::Display| format!("its signature cannot be read: {why}");
        let name: FileName = list.parse().map_err(|_| in_words(&"its name is not a SHA-256"))?;
        let found = self.objects.get(&format!("{PUSHES}/{name}"), MAX_BYTES).map_err(|why| in_words(&why))?;
        let (bytes, _) = found.ok_or_else(|| in_words(&"it is missing"))?;
        let list: List = serde_json::from_slice(&bytes).map_err(|why| in_words(&why))?;
        let mut lines = list.signed.lines();
        if lines.next() != Some(HEAD) {
            return Err(in_words(&"it was made for something else"));
        }
        let key = runner::signed_by(&self.versions.workspace.programs, &list.signature, &list.signed)?;
        let signer = self.versions.engine.teams().name_of_key(&key).unwrap_or(key);
        Ok((signer, lines.map(str::to_owned).collect()))
    }
}

fn line_of(tool: &ToolName, version: &semver::Version, digest: Digest) -> String {
    format!("{tool} {version} {}", digest.hex())
}
