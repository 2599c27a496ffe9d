//! `team`: the remote, who may decide, requests, missing versions, and refused files.

use super::Teams;
use super::carrier::path_of;
use super::choice::{Offer, newest};
use crate::domain::description::{Align, Describe, Description, Ink, Table};
use crate::domain::team::{FileName, PolicyChain, Statement, TeamRules, TeamStatus, TeamVersion};
use crate::domain::{Digest, Instant, Stage, count, plural, rfc3339};
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::plain_verb::{Described, PlainQuery};
use crate::store::TeamFiles;
use serde::Serialize;
use std::collections::BTreeSet;

/// Shows the team.
pub(super) const TEAM: PlainQuery =
    PlainQuery { name: "team", needs_catalog: true, answer: |engine, _, _| Described::of(&engine.teams().report()?) };

/// How long a claim is shown, in milliseconds: two hours.
const CLAIM_MS: i64 = 2 * 3_600_000;

/// A signer whose key expires within this time gets a warning, in milliseconds: 30 days.
const SOON_MS: i64 = 30 * 86_400_000;

/// Maximum number of rows of one table.
const MOST_ROWS: usize = 100;

/// A signer of the policy in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignerRow {
    /// Name and mail address.
    pub name: String,
    /// Fingerprint of the key.
    pub key: String,
    /// Roles.
    pub roles: Vec<String>,
    /// When the key starts to count.
    pub from: Option<Instant>,
    /// When the key stops counting.
    pub until: Option<Instant>,
    /// Whether it is the user's own key.
    pub is_you: bool,
}

/// A policy of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyRow {
    /// Its name.
    pub name: FileName,
    /// Its position in the chain, in words.
    pub state: String,
}

/// Another team whose decisions count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportRow {
    /// Its name in the policy.
    pub name: String,
    /// The source of its decisions; empty while their list is missing here.
    pub remote: String,
    /// How many decisions are pinned.
    pub decisions: usize,
    /// The criteria for which they count, or why they do not count.
    pub state: String,
}

/// A version in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionRow {
    /// Its name.
    pub tool: String,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub digest: Digest,
    /// Its status in the team.
    pub status: TeamStatus,
    /// Who requested its review, or who decided.
    pub by: String,
    /// Who is looking at it.
    pub claimed_by: Vec<String>,
    /// Whether it is in this workspace.
    pub here: bool,
}

/// The answer of `team`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamReport {
    /// The address of the git repository or of object storage.
    pub remote: String,
    /// Time of the last exchange.
    pub last_sync: Option<Instant>,
    /// The effect of an approval by the team: `review`, `team` or a list of criteria.
    pub trust: String,
    /// Number of stored decision and policy files.
    pub files: usize,
    /// Number of files that wait to be published.
    pub waiting: usize,
    /// A digest over the resulting states: equal on two machines with the same files.
    pub state: Digest,
    /// The policies, from the pinned one to the one in force, then the proposed ones.
    pub policies: Vec<PolicyRow>,
    /// The signers of the policy in force.
    pub signers: Vec<SignerRow>,
    /// Criteria of decisions, each with the criteria that it implies.
    pub criteria: Vec<(String, Vec<String>)>,
    /// Other teams whose decisions count.
    pub imports: Vec<ImportRow>,
    /// Versions whose review is requested.
    pub requests: Vec<VersionRow>,
    /// Approved versions that are not here, the newest of each tool.
    pub absent: Vec<VersionRow>,
    /// Versions that the team stopped.
    pub stopped: Vec<VersionRow>,
    /// Files that do not count, each with the reason.
    pub refused: Vec<(String, String)>,
    /// Problems, each with the next step.
    pub problems: Vec<String>,
}

/// Who claimed a version within the last two hours, with the time at which each claim ends.
pub(super) fn claims(version: &TeamVersion, at: Instant) -> Vec<(String, Instant)> {
    let fresh = |claim: &&Statement| (0..CLAIM_MS).contains(&(at.0 - claim.at.0));
    version.claims.iter().filter(fresh).map(|claim| (claim.signer.clone(), Instant(claim.at.0 + CLAIM_MS))).collect()
}

impl Teams<'_> {
    /// The state of the team, without contacting it.
    ///
    /// # Errors
    /// `Usage` where there is no team; `Internal` for errors of the store.
    pub fn report(&self) -> Result<TeamReport, EngineError> {
        let remote = self.demand_remote()?.to_owned();
        let view = self.engine.library().catalog();
        let is_here = |digest: Digest| view.tools.iter().any(|tool| tool.digest == digest);
        let (last, files, waiting, refused, states) = self.workspace.read(|q| {
            let files = TeamFiles(q);
            let (last, refused, states) = (files.last_sync()?, files.refused()?, files.states(&[])?);
            Ok((last, files.count()?, files.waiting()?.len(), refused, states))
        })?;
        let mut report = TeamReport {
            remote,
            last_sync: last.and_then(|sync| sync.at),
            trust: self.workspace.settings.team.trust.to_string(),
            files,
            waiting,
            state: digest_of(&states),
            policies: Vec::new(),
            signers: Vec::new(),
            criteria: Vec::new(),
            imports: Vec::new(),
            requests: Vec::new(),
            absent: Vec::new(),
            stopped: Vec::new(),
            refused: refused.into_iter().map(|(path, _, why)| (path, why)).collect(),
            problems: Vec::new(),
        };
        self.report_policies(&mut report)?;
        let (at, mut offers) = (now(), Vec::new());
        for (digest, _) in states {
            let Some(version) = self.version(digest)? else { continue };
            let path = |name: &FileName| path_of(&name.hex(), false);
            report.refused.extend(version.uncounted.iter().map(|(name, why)| (path(name), why.clone())));
            let row = row(&version, at, is_here(digest));
            if version.stopped_by().is_some() {
                report.stopped.push(row);
            } else if version.is_requested() {
                report.requests.push(row);
            } else if version.status() == TeamStatus::Approved && version.is_of_own_team() {
                report.absent.extend((!row.here).then_some(row));
                offers.extend(Offer::of(version));
            }
        }
        let newest: BTreeSet<Digest> = newest(offers).iter().map(|offer| offer.version.digest).collect();
        report.absent.retain(|row| newest.contains(&row.digest));
        Ok(report)
    }

    fn report_policies(&self, report: &mut TeamReport) -> Result<(), EngineError> {
        let own = match self.own_key() {
            Ok(key) => Some(key),
            Err(error) => {
                report.problems.push(format!("{}: {}", error.message, error.hint));
                None
            }
        };
        let pin = match self.demand_pin() {
            Ok(pin) => pin,
            Err(error) => {
                report.problems.push(format!("{}: {}", error.message, error.hint));
                return Ok(());
            }
        };
        let (chain, rules) = self.workspace.read(|q| Ok(core::rules_of(q, pin)?))?;
        report.policies = policy_rows(&chain);
        if !chain.fork.is_empty() {
            report.problems.push(
                "policies that exclude each other replace the same one: nothing is approved by the team until one of them \
                 is pinned under [team] in config.toml, on every machine"
                    .to_owned(),
            );
        }
        let Some(rules) = rules else {
            report.problems.push(format!("the pinned policy {} is not here: run `toolsmith sync`", pin.short()));
            return Ok(());
        };
        report.imports = import_rows(&rules);
        for (name, absent) in &rules.incomplete {
            let sync = "`toolsmith sync` brings what is there";
            report.problems.push(format!("decisions of {name} do not count: {absent} are not here; {sync}"));
        }
        let policy = &rules.policy;
        let criterion = |name: &str| {
            let implied = policy.implied_by([name]).into_iter().filter(|other| *other != name);
            (name.to_owned(), implied.map(str::to_owned).collect())
        };
        report.criteria = policy.criteria().map(criterion).collect();
        report.signers = policy
            .signers
            .iter()
            .map(|signer| SignerRow {
                name: signer.name.clone(),
                key: signer.key.fingerprint(),
                roles: signer.roles.clone(),
                from: signer.from,
                until: signer.until,
                is_you: own.as_ref() == Some(&signer.key),
            })
            .collect();
        if own.is_some() && !report.signers.iter().any(|signer| signer.is_you) {
            report.problems.push("your key is not in the policy: your decisions are not shared".to_owned());
        }
        Ok(())
    }
}

/// A digest over the states of all versions, by digest.
fn digest_of(states: &[(Digest, String)]) -> Digest {
    let parts = states.iter().flat_map(|(digest, text)| [digest.0, Digest::of_bytes(text.as_bytes()).0]);
    Digest::of_bytes(&parts.collect::<Vec<_>>().concat())
}

fn policy_rows(chain: &PolicyChain) -> Vec<PolicyRow> {
    let last = chain.policies.len().saturating_sub(1);
    let state = |at: usize| match (at, at == last) {
        (0, true) => "pinned, in force",
        (0, false) => "pinned",
        (_, true) => "in force",
        (_, false) => "replaced",
    };
    let of_chain = chain.policies.iter().enumerate().map(|(at, name)| (name, state(at).to_owned()));
    let forked = chain.fork.iter().map(|name| (name, "forked: does not count".to_owned()));
    let proposed = chain.proposed.iter().map(|(name, missing)| {
        let missing = count(*missing, "administrator");
        (name, format!("proposed, {missing} must agree: `toolsmith team-policy {}`", name.short()))
    });
    of_chain.chain(forked).chain(proposed).map(|(name, state)| PolicyRow { name: *name, state }).collect()
}

fn import_rows(rules: &TeamRules) -> Vec<ImportRow> {
    let complete = rules.imports.iter().map(|imported| ImportRow {
        name: imported.import.name.clone(),
        remote: imported.lock.remote.clone(),
        decisions: imported.lock.decisions.len(),
        state: imported.import.counted_for(),
    });
    let incomplete = rules.incomplete.iter().map(|(name, absent)| ImportRow {
        name: name.clone(),
        remote: String::new(),
        decisions: 0,
        state: format!("does not count: {absent} are not here"),
    });
    complete.chain(incomplete).collect()
}

fn row(version: &TeamVersion, at: Instant, here: bool) -> VersionRow {
    let by = match version.stopped_by() {
        Some(no) => format!("{}{}", no.signer, super::sync::because(no.reason.as_deref())),
        None if version.is_requested() => names(&version.requests),
        None => {
            let stages = [Stage::Core, Stage::Approved];
            let approved = stages.iter().find_map(|stage| version.approved_as(&version.tool, *stage));
            approved.map(|(approvals, _)| names(&approvals)).unwrap_or_default()
        }
    };
    VersionRow {
        tool: version.tool.to_string(),
        version: version.version.to_string(),
        digest: version.digest,
        status: version.status(),
        by,
        claimed_by: claims(version, at).into_iter().map(|(name, _)| name).collect(),
        here,
    }
}

/// The signers of statements, each with the requesting agent and the other team, if any.
pub(super) fn names(statements: &[Statement]) -> String {
    let name = |statement: &Statement| match (&statement.agent, &statement.team, statement.base) {
        (Some(agent), ..) => format!("{} for the agent {agent}", statement.signer),
        (None, Some(team), _) => format!("{} of the team {team}", statement.signer),
        (None, None, Some(base)) => format!("{} (difference from {})", statement.signer, base.short()),
        (None, None, None) => statement.signer.clone(),
    };
    let mut names: Vec<String> = statements.iter().map(name).collect();
    names.sort();
    names.dedup();
    names.join(", ")
}

impl TeamReport {
    fn signer_table(&self) -> Table {
        let heads = [("signer", Align::Left), ("roles", Align::Left), ("expires", Align::Left), ("key", Align::Left)];
        let mut table = Table::new(&heads);
        let at = now();
        for signer in &self.signers {
            let (ink, expires) = match signer.until {
                None => (Ink::Dim, "never".to_owned()),
                Some(until) if until <= at => (Ink::Bad, format!("{} (expired)", &rfc3339(until)[..10])),
                Some(until) if until.0 - at.0 < SOON_MS => (Ink::Warn, rfc3339(until)[..10].to_owned()),
                Some(until) => (Ink::Plain, rfc3339(until)[..10].to_owned()),
            };
            let you = if signer.is_you { " (you)" } else { "" };
            table.row([
                (Ink::Strong, format!("{}{you}", signer.name)),
                (Ink::Plain, signer.roles.join(", ")),
                (ink, expires),
                (Ink::Dim, signer.key.clone()),
            ]);
        }
        table
    }
}

/// A table of versions; the last column names the person.
fn version_table(rows: &[VersionRow], who: &'static str) -> Table {
    let heads = [
        ("tool", Align::Left),
        ("version", Align::Left),
        ("digest", Align::Left),
        ("status", Align::Left),
        (who, Align::Left),
        ("claimed by", Align::Left),
        ("here", Align::Left),
    ];
    let mut table = Table::new(&heads);
    for row in rows.iter().take(MOST_ROWS) {
        table.row([
            (Ink::Strong, row.tool.clone()),
            (Ink::Plain, row.version.clone()),
            (Ink::Dim, row.digest.short()),
            (Ink::Plain, row.status.to_string()),
            (Ink::Plain, row.by.clone()),
            (Ink::Plain, row.claimed_by.join(", ")),
            (Ink::Dim, if row.here { "yes" } else { "no" }.to_owned()),
        ]);
    }
    table
}

/// Adds a line about rows that are not shown.
fn left_out(told: &mut Description, rows: usize) {
    if rows > MOST_ROWS {
        told.note(
            Ink::Dim,
            "more",
            format!("{} are not shown; --json has all", plural(rows - MOST_ROWS, "row", "rows")),
        );
    }
}

impl Describe for TeamReport {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        told.field("remote", Ink::Plain, &self.remote);
        let last = self.last_sync.map_or_else(|| "never".to_owned(), rfc3339);
        told.field("last sync", Ink::Plain, last);
        let trust = match self.trust.as_str() {
            "team" => "team: an approval by the team counts here".to_owned(),
            "review" => "review: an approval by the team is shown to whoever decides here".to_owned(),
            criteria => format!("{criteria}: an approval by the team counts here if it is for these criteria"),
        };
        told.field("trust", Ink::Plain, trust);
        let waiting = if self.waiting > 0 { format!(", {} to hand out", self.waiting) } else { String::new() };
        told.field("files", Ink::Plain, format!("{}{waiting}", self.files));
        told.field("state", Ink::Dim, self.state.short());
        for policy in &self.policies {
            told.field("policy", Ink::Plain, format!("{} {}", policy.name, policy.state));
        }
        // The criteria that every team has need no explanation.
        for (name, implied) in self.criteria.iter().skip(2) {
            let implies = if implied.is_empty() { String::new() } else { format!(", implies {}", implied.join(", ")) };
            told.field("criterion", Ink::Plain, format!("{name}{implies}"));
        }
        for import in &self.imports {
            let from = format!("{} of {}", count(import.decisions, "decision"), import.remote);
            let from = if import.remote.is_empty() { String::new() } else { format!(", {from}") };
            told.field("import", Ink::Plain, format!("{}{from}: {}", import.name, import.state));
        }
        if !self.signers.is_empty() {
            told.table(self.signer_table());
        }
        for (rows, who) in [(&self.requests, "asked by"), (&self.absent, "approved by"), (&self.stopped, "stopped by")]
        {
            if !rows.is_empty() {
                told.table(version_table(rows, who));
            }
            left_out(&mut told, rows.len());
        }
        for (path, why) in self.refused.iter().take(MOST_ROWS) {
            told.note(Ink::Bad, "refused", format!("{path}: {why}"));
        }
        left_out(&mut told, self.refused.len());
        for problem in &self.problems {
            told.note(Ink::Warn, "problem", problem);
        }
        let parts = [
            count(self.requests.len(), "request"),
            format!("{} approved elsewhere", self.absent.len()),
            format!("{} stopped", self.stopped.len()),
            format!("{} refused", self.refused.len()),
        ];
        told.summary(parts.join(", "));
        if self.waiting > 0 {
            told.next("`toolsmith sync` hands out what waits");
        }
        told
    }
}
