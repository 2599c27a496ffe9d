//! Chooses the versions of the team that come into the workspace: the newest of each tool.

use crate::domain::team::TeamVersion;
use crate::domain::{Digest, Instant, Stage, ToolName};
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};

/// A version that the team approved, or whose review is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) version: TeamVersion,
    /// The stage for which the team approved it; `None` if it waits for a review.
    pub(super) stage: Option<Stage>,
    /// The latest time of an approval or request, as stated by the signers.
    pub(super) at: Instant,
}

impl Offer {
    /// The offer that a version makes; `None` if nobody approved it or requested a review. Also `None` if only another
    /// team approved it, because its files are in the repository of that team.
    pub(super) fn of(version: TeamVersion) -> Option<Offer> {
        let stage = stage_of(&version);
        if !version.is_of_own_team() || stage.is_none() && !version.is_requested() {
            return None;
        }
        let at = match stage {
            Some(_) => version.approvals().map(|approval| approval.at).max(),
            None => version.requests.iter().map(|request| request.at).max(),
        };
        Some(Offer { stage, at: at.unwrap_or_default(), version })
    }

    /// Orders offers from old to new. Times are stated by signers, so they only decide between versions with the same
    /// number.
    pub(super) fn rank(&self) -> (&Version, Instant) {
        (&self.version.version, self.at)
    }

    fn key(&self) -> (&Version, Instant, Digest) {
        (&self.version.version, self.at, self.version.digest)
    }
}

/// The stage for which the team approved a version.
pub(super) fn stage_of(version: &TeamVersion) -> Option<Stage> {
    let stages = [Stage::Core, Stage::Approved];
    stages.into_iter().find(|stage| version.approved_as(&version.tool, *stage).is_some())
}

/// For each tool the newest approved version, and the newest requested version if it is newer. An approved version is
/// also superseded by another approved version that was judged as a difference from it.
pub(super) fn newest(offers: Vec<Offer>) -> Vec<Offer> {
    let mut by_tool: BTreeMap<ToolName, Vec<Offer>> = BTreeMap::new();
    for offer in offers {
        by_tool.entry(offer.version.tool.clone()).or_default().push(offer);
    }
    let mut chosen = Vec::new();
    for offers in by_tool.into_values() {
        let (approved, asked): (Vec<Offer>, Vec<Offer>) = offers.into_iter().partition(|offer| offer.stage.is_some());
        let bases: BTreeSet<Digest> = approved.iter().flat_map(|offer| offer.version.bases()).collect();
        let last = |offers: Vec<Offer>| offers.into_iter().max_by(|one, other| one.key().cmp(&other.key()));
        // Versions that name each other as their base do not supersede each other.
        let (superseded, standing): (Vec<Offer>, Vec<Offer>) =
            approved.into_iter().partition(|offer| bases.contains(&offer.version.digest));
        let approved = last(if standing.is_empty() { superseded } else { standing });
        let is_newer = |asked: &Offer| approved.as_ref().is_none_or(|approved| asked.rank() > approved.rank());
        let asked = last(asked).filter(is_newer);
        chosen.extend(approved.into_iter().chain(asked));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CostTier;
    use crate::domain::team::{FileName, RUN, Scope, Statement, TeamKind};

    fn statement(kind: TeamKind, at: i64, base: Option<u8>) -> Statement {
        Statement {
            name: FileName::of(&at.to_le_bytes()),
            kind,
            signer: "ada".to_owned(),
            team: None,
            role: None,
            agent: None,
            base: base.map(|base| Digest([base; 32])),
            at: Instant(at),
            reason: None,
            until: None,
        }
    }

    fn version(tool: &str, number: &str, digest: u8) -> TeamVersion {
        TeamVersion {
            digest: Digest([digest; 32]),
            tool: ToolName::new(tool).unwrap(),
            version: number.parse().unwrap(),
            scopes: Vec::new(),
            unfounded: Vec::new(),
            objections: Vec::new(),
            requests: Vec::new(),
            claims: Vec::new(),
            comments: Vec::new(),
            uncounted: Vec::new(),
            is_frozen: false,
        }
    }

    fn approved(number: &str, digest: u8, at: i64, base: Option<u8>) -> Offer {
        let version = version("t", number, digest);
        let scope = Scope {
            tool: version.tool.clone(),
            stage: Stage::Approved,
            tier: CostTier::Low,
            criterion: RUN.to_owned(),
            is_needed: true,
            missing: Vec::new(),
            approvals: vec![statement(TeamKind::Approve, at, base)],
        };
        Offer::of(TeamVersion { scopes: vec![scope], ..version }).unwrap()
    }

    fn asked(number: &str, digest: u8, at: i64) -> Offer {
        let requests = vec![statement(TeamKind::Request, at, None)];
        Offer::of(TeamVersion { requests, ..version("t", number, digest) }).unwrap()
    }

    fn chosen(offers: Vec<Offer>) -> Vec<u8> {
        newest(offers).into_iter().map(|offer| offer.version.digest.0[0]).collect()
    }

    #[test]
    fn of_each_tool_comes_the_newest_version_whatever_its_digest() {
        assert_eq!(chosen(vec![approved("1.0.0", 9, 1, None), approved("1.10.0", 3, 2, None)]), [3]);
        assert_eq!(chosen(vec![approved("1.9.0", 9, 5, None), approved("1.10.0", 3, 2, None)]), [3]);
        // Of two versions with the same number, the later one.
        assert_eq!(chosen(vec![approved("1.0.0", 1, 7, None), approved("1.0.0", 2, 5, None)]), [1]);
        // Other tools are independent.
        let other = Offer {
            version: TeamVersion { tool: ToolName::new("u").unwrap(), ..version("u", "1.0.0", 4) },
            ..approved("1.0.0", 4, 1, None)
        };
        assert_eq!(chosen(vec![approved("2.0.0", 1, 1, None), other]), [1, 4]);
    }

    #[test]
    fn a_version_that_another_was_compared_with_is_superseded() {
        // Somebody went back to a lower number.
        assert_eq!(chosen(vec![approved("2.0.0", 1, 1, None), approved("1.9.1", 2, 2, Some(1))]), [2]);
        // A cycle does not hide both.
        assert_eq!(chosen(vec![approved("2.0.0", 1, 1, Some(2)), approved("1.9.1", 2, 2, Some(1))]), [1]);
    }

    #[test]
    fn a_request_comes_beside_the_approved_version_only_where_it_is_newer() {
        assert_eq!(chosen(vec![approved("1.1.0", 1, 3, None), asked("1.0.0", 2, 1)]), [1]);
        assert_eq!(chosen(vec![approved("1.1.0", 1, 3, None), asked("1.2.0", 2, 1), asked("1.3.0", 3, 1)]), [1, 3]);
        assert_eq!(chosen(vec![approved("1.1.0", 1, 3, None), asked("1.1.0", 2, 4)]), [1, 2]);
        assert_eq!(chosen(vec![asked("1.0.0", 2, 4), asked("0.9.0", 9, 4)]), [2]);
    }

    #[test]
    fn what_only_another_team_approved_or_nobody_asks_about_does_not_come() {
        assert_eq!(Offer::of(version("t", "1.0.0", 1)), None);
        let mut theirs = approved("1.0.0", 1, 1, None).version;
        theirs.scopes[0].approvals[0].team = Some("zeds".to_owned());
        assert_eq!(Offer::of(theirs), None);
    }
}
