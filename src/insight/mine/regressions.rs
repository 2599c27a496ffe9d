//! Tools that got worse: an alert becomes an opportunity with its evidence. The caller that keeps alerts passes the
//! open ones in [`super::MiningInput::worsened`].

use super::reckon::often;
use crate::domain::{Opportunity, OpportunityKind, Suggested, Witness, Worth};

/// The content of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Worsened {
    /// Name of the tool that got worse.
    pub tool: String,
    /// What became worse, for example `success rate` or `p95`.
    pub what: String,
    /// The values before and now, in words.
    pub text: String,
    /// How much worse it is, 0 to 1.
    pub drop: f64,
    /// The confidence, 0 to 1.
    pub confidence: f64,
    /// Runs that show it.
    pub runs: Vec<u64>,
}

/// The opportunities from alerts: impact is the drop; complexity is 0.3, because an older version was better.
pub fn opportunities(worsened: &[Worsened]) -> Vec<Opportunity> {
    let each = worsened.iter().map(|one| {
        Opportunity::of(Suggested {
            kind: OpportunityKind::Regression,
            about: format!("{}\n{}", one.tool, one.what),
            name: format!("{} repaired", one.tool),
            title: format!("{} regressed, {}: {}", one.tool, one.what, one.text),
            description: format!("{} regressed, {}: {}. It did better before.", one.tool, one.what, one.text),
            count: one.runs.len() as u64,
            worth: Worth {
                frequency: often(one.runs.len()),
                impact: one.drop,
                complexity: 0.3,
                confidence: one.confidence,
            },
            parameters: Vec::new(),
            expected_output: None,
            tools: vec![one.tool.clone()],
            evidence: vec![Witness { source: "run".to_owned(), numbers: one.runs.clone(), text: one.text.clone() }],
            implementation: None,
        })
    });
    each.collect()
}
