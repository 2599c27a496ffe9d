//! Packages that scripts declare: what must be downloaded, the consent, the download.

use super::interpreters::sources_of;
use crate::domain::{Digest, Outcome, Profile, ToolDetail, WriteMode};
use crate::engine::Dependencies;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::Preview;
use crate::runner::{self, Agreement, RunEnvironment};
use crate::store::NewOperation;
use serde_json::json;

/// Maximum number of packages listed in a question.
const MOST_LISTED: usize = 20;

impl Dependencies<'_> {
    /// What must be downloaded before this version can run; `None` if nothing must, or nothing can be.
    pub(super) fn unfetched(&self, detail: &ToolDetail) -> Option<Agreement> {
        self.with_need(detail, sources_of(detail.tool.stage), runner::unfetched)
    }

    /// The question before a download.
    pub(in crate::engine) fn preview_packages(&self, tool: &str, digest: Digest) -> Result<Preview, EngineError> {
        let detail = self.engine.library().asked_about(tool, digest)?;
        let agreement = self.unfetched(&detail).ok_or_else(|| nothing_to_fetch(&detail))?;
        let mut lines = vec![format!("over the network, from {}:", agreement.hosts.join(", "))];
        lines.extend(agreement.packages.iter().take(MOST_LISTED).cloned());
        if agreement.packages.len() > MOST_LISTED {
            lines.push(format!("and {} more", agreement.packages.len() - MOST_LISTED));
        }
        lines.push(if agreement.is_locked {
            "each file is verified against the digest in its lock file".to_owned()
        } else {
            "it has no lock file: the newest matching versions are installed".to_owned()
        });
        lines.push("uv runs inside the sandbox; only wheels are installed, no package code runs".to_owned());
        Ok(Preview {
            title: format!("Fetch the packages of {} {} ({})?", detail.tool.name, detail.tool.version, digest.short()),
            lines,
            undo: "asked once for this version and lock file; u (undo) does not revert it".to_owned(),
        })
    }

    /// Logs the consent, then downloads.
    pub(in crate::engine) fn fetch_packages(
        &self,
        who: &str,
        tool: &str,
        digest: Digest,
    ) -> Result<Outcome, EngineError> {
        let detail = self.engine.library().asked_about(tool, digest)?;
        let agreement = self.unfetched(&detail).ok_or_else(|| nothing_to_fetch(&detail))?;
        let operation = self.workspace.transact(|tx| {
            let Agreement { packages, hosts, is_locked } = &agreement;
            Ok(tx.log(&NewOperation {
                who: who.to_owned(),
                verb: "fetch".to_owned(),
                subject: detail.tool.name.to_string(),
                detail: json!({"digest": digest, "packages": packages, "hosts": hosts, "locked": is_locked}),
                reversible: false,
            })?)
        })?;
        let installed = self.fetch_into_environment(&detail).map_err(|cause| {
            let message = format!("the packages of {} are not installed: {cause}", detail.tool.name);
            EngineError::new(ErrorCode::Failed, message, "fix that, then run the tool again")
        })?;
        let message = format!("{} has its packages: {}", detail.tool.name, installed.join(", "));
        let detail = json!({"packages": installed});
        Ok(Outcome { operation: Some(operation), review: None, message, commit: None, detail })
    }

    fn fetch_into_environment(&self, detail: &ToolDetail) -> Result<Vec<String>, String> {
        let in_words = |error: &dyn std::fmt::Display| format!("the working folder cannot be created: {error}");
        let settings = &self.workspace.settings;
        if let Some(fault) = &settings.fault {
            return Err(fault.clone());
        }
        let version_dir =
            self.workspace.copies.put(detail.tool.digest, &detail.files).map_err(|error| in_words(&error))?;
        let scratch = super::scratch::Scratch::make(self.engine).map_err(|error| in_words(&error))?;
        runner::fetch(&runner::StartRequest {
            manifest: &detail.manifest,
            version_dir: &version_dir,
            files: &detail.files,
            workspace: self.workspace.folder(),
            scratch: scratch.path(),
            input: None,
            timeout: None,
            usual_timeout: None,
            profile: Profile::Strict,
            writes: WriteMode::Staged,
            ours: &self.engine.runs().ours(),
            spool: scratch.path(),
            origin: &self.engine.runs().origin(&detail.tool),
            given: &RunEnvironment::default(),
            interpreters: &self.workspace.interpreters,
            sources: sources_of(detail.tool.stage),
            machine: &self.workspace.machine,
            least: settings.least_isolation(detail.tool.stage),
            observe: false,
            state: &self.workspace.state_dir,
            staged: scratch.path(),
            kept: None,
            environments: &self.workspace.options.home.environments(),
        })
    }
}

fn nothing_to_fetch(detail: &ToolDetail) -> EngineError {
    let message = format!("{} declares no packages to fetch", detail.tool.name);
    EngineError::new(ErrorCode::Conflict, message, "`toolsmith show` lists what it needs")
}
