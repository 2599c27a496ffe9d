//! Signatures of approvals of the tool in force, for the reviewer of the next version.

use crate::domain::{Review, rfc3339};
use crate::engine::Reviews;
use crate::engine::error::EngineError;
use crate::engine::view::{EvidenceLine, Weight};
use crate::store::Approval;

/// The label of the evidence; the header of a review repeats it.
pub const SIGNED_BY: &str = "signed by";

impl Reviews<'_> {
    /// A line for each signed approval of the tool, newest last; empty if none is signed.
    pub(in crate::engine) fn signed_before(&self, review: &Review) -> Result<Vec<EvidenceLine>, EngineError> {
        self.workspace.read(|q| {
            let mut lines = Vec::new();
            for approval in q.approvals_of(&review.tool)?.iter().filter(|approval| approval.signature.is_some()) {
                let who = q.operation(approval.operation)?.map(|operation| operation.who);
                lines.push(line(approval, who.as_deref()));
            }
            Ok(lines)
        })
    }
}

fn line(approval: &Approval, who: Option<&str>) -> EvidenceLine {
    let who = who.unwrap_or("someone not named in the log");
    let who = who.strip_prefix("signer:").unwrap_or(who);
    let text = format!("{who}: {} as {} at {}", approval.digest.short(), approval.stage, rfc3339(approval.at));
    EvidenceLine { weight: Weight::Fact, label: SIGNED_BY.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Digest, Instant, OperationId, Stage, ToolName};

    #[test]
    fn a_signature_is_told_with_its_signer_and_what_was_signed() {
        let approval = Approval {
            tool: ToolName::new("x").unwrap(),
            digest: Digest([0xab; 32]),
            stage: Stage::Core,
            operation: OperationId(1),
            at: Instant(0),
            base: None,
            signature: Some("armored".to_owned()),
        };
        let told = line(&approval, Some("signer:ada@example.org")).text;
        assert_eq!(told, "ada@example.org: abababababab as core at 1970-01-01T00:00:00.000Z");
    }
}
