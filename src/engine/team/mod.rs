//! Teams: decisions that are shared as signed files through a git repository or object storage.
//!
//! Files are kept in the store, never in the workspace. Data from the carrier is trusted only as far as its signatures
//! are valid under the policy that the user pinned; the carrier can only withhold files.

mod carrier;
mod choice;
mod claiming;
mod examine;
mod extent;
mod fetch;
mod hand_out;
mod importing;
mod land;
mod policies;
mod progress;
mod report;
mod sharing;
mod sync;
mod trust;
mod verify;

pub use progress::VerifyProgress;
pub use report::{ImportRow, PolicyRow, SignerRow, TeamReport, VersionRow};

pub(super) use self::policies::ShownPolicies;
pub(super) use self::progress::Verifying;
use super::Engine;
use super::core::{self, TeamContext, chain_of};
use super::error::{EngineError, ErrorCode};
use super::plain_verb::{PlainQuery, PlainVerb};
use super::workspace::Workspace;
use crate::domain::Instant;
use crate::domain::team::{FileName, SigningKey, TeamPolicy};
use crate::store::TeamFiles;
use std::path::{Path, PathBuf};

/// Commands about the team that need only their arguments.
pub(super) const VERBS: &[PlainVerb] =
    &[sync::SYNC, claiming::CLAIM, claiming::ASK_TEAM, policies::TEAM_POLICY, importing::TEAM_IMPORT];

/// Queries about the team that need only their arguments.
pub(super) const QUERIES: &[PlainQuery] = &[report::TEAM];

/// Clocks that differ by more than this are reported, in milliseconds: 10 minutes.
const APART_MS: i64 = 600_000;

/// How many of the newest files are checked for differing clocks.
const LOOKED_AT: usize = 200;

/// The team: its policy, what it decided, and exchanging decisions with it.
#[derive(Clone, Copy)]
pub struct Teams<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e ShownPolicies,
    pub(in crate::engine) verifying: &'e Verifying,
}

impl Teams<'_> {
    /// Where the team stores its decisions; `None` if there is no team.
    pub(in crate::engine) fn remote(&self) -> Option<&str> {
        self.workspace.settings.team.remote.as_deref()
    }

    fn demand_remote(&self) -> Result<&str, EngineError> {
        self.remote().ok_or_else(|| {
            let hint =
                "put `remote = \"URL or path\"` of a git repository or of object storage under [team] in config.toml";
            EngineError::new(ErrorCode::Usage, "no team is set up here", hint)
        })
    }

    /// Refuses an exchange if the workspace keeps its decisions private.
    fn demand_exchange(&self) -> Result<&str, EngineError> {
        let remote = self.demand_remote()?;
        if self.workspace.settings.team.is_private {
            let hint = "remove `enabled = false` under [team] in its toolsmith.toml to share what is decided here";
            return Err(EngineError::new(ErrorCode::Refused, "this workspace keeps its decisions private", hint));
        }
        Ok(remote)
    }

    fn demand_pin(&self) -> Result<FileName, EngineError> {
        self.demand_remote()?;
        self.workspace.settings.team.policy.ok_or_else(|| {
            let hint = "get the 64 digits of the team's first policy from a colleague (`toolsmith team` shows them) and \
                        put `policy = \"…\"` under [team] in config.toml; `toolsmith team-policy FILE` creates one";
            EngineError::new(ErrorCode::Usage, "the policy of the team is not pinned here", hint)
        })
    }

    /// What is needed to share decisions made here; `None` if there is no team.
    ///
    /// # Errors
    /// `Usage` for a missing key; `Internal` for errors of the store.
    pub(in crate::engine) fn context(&self) -> Result<Option<TeamContext>, EngineError> {
        let (Some(_), Some(pin)) = (self.remote(), self.workspace.settings.team.policy) else { return Ok(None) };
        let key = self.own_key()?;
        Ok(Some(TeamContext { pin, policy: self.policy()?, key }))
    }

    /// The policy in force; `None` if there is none.
    fn policy(&self) -> Result<Option<TeamPolicy>, EngineError> {
        let Some(pin) = self.workspace.settings.team.policy else { return Ok(None) };
        Ok(self.workspace.read(|q| Ok(chain_of(q, pin)?))?.1)
    }

    /// The public key for signing decisions.
    ///
    /// # Errors
    /// `Usage` with what to set.
    fn own_key(&self) -> Result<SigningKey, EngineError> {
        let hint = "set `key = \"~/.ssh/…\"` under [signing] in config.toml; its .pub file has to lie beside it";
        let unknown = |why: String| EngineError::new(ErrorCode::Usage, why, hint);
        let Some(key) = &self.workspace.settings.signing.key else {
            return Err(unknown("the team needs signed decisions, but no key is set".to_owned()));
        };
        let public = public_half(key);
        let text = std::fs::read_to_string(&public)
            .map_err(|why| unknown(format!("{} cannot be read: {why}", public.display())))?;
        SigningKey::new(&text).map_err(|why| unknown(format!("{}: {why}", public.display())))
    }

    /// Checks that the carrier can be reached. Receives no files.
    ///
    /// # Errors
    /// `Usage` where there is no team; `Failed` when it does not answer.
    pub(in crate::engine) fn reach(&self) -> Result<(), EngineError> {
        carrier::open(&self.folder(), self.demand_remote()?, &self.workspace.programs)?.reach()
    }

    /// A recent decision whose stated time is later than its arrival: its signer, the stated time, and the time of
    /// arrival.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn ahead(&self) -> Result<Option<(String, Instant, Instant)>, EngineError> {
        let newest = self.workspace.read(|q| Ok(TeamFiles(q).newest(LOOKED_AT)?))?;
        let said = newest.iter().filter_map(|(file, added)| Some((core::decision_of(file)?.1.decision, *added)));
        let mut ahead = said.filter(|(decision, added)| decision.at.0 - added.0 > APART_MS);
        Ok(ahead.next().map(|(decision, added)| (decision.reviewer, decision.at, added)))
    }

    /// The name that the policy in force gives to the key with this fingerprint; `None` if it does not contain the key.
    pub(in crate::engine) fn name_of_key(&self, fingerprint: &str) -> Option<String> {
        self.policy()
            .ok()??
            .signers
            .iter()
            .find(|signer| signer.key.fingerprint() == fingerprint)
            .map(|known| known.name.clone())
    }

    /// The folder of the private clone and its lock.
    fn folder(&self) -> PathBuf {
        self.workspace.state_dir.join("team")
    }
}

/// The file with the public key that belongs to a private key.
fn public_half(key: &Path) -> PathBuf {
    if key.extension().is_some_and(|end| end == "pub") {
        return key.to_owned();
    }
    let mut name = key.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}
