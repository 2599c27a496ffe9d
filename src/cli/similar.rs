//! `similar NAME`: the tools that resemble one.

use super::call::{Answer, Call};
use super::print_text::{Ink, Line, Page};
use crate::domain::ToolName;
use crate::engine::{EngineError, SimilarTool};
use serde::Serialize;
use std::io;

/// The tools that resemble one, the nearest first.
#[derive(Serialize)]
pub(super) struct Alike {
    tool: ToolName,
    similar: Vec<SimilarTool>,
}

/// `similar NAME`.
pub(super) fn similar(call: &Call<'_>) -> Result<Alike, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let tool = engine.resolve(call.required("tool")?)?;
    Ok(Alike { tool: tool.name.clone(), similar: engine.similar(&tool)? })
}

impl Answer for Alike {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.similar.is_empty() {
            return page.line(&Line::new().put(Ink::Dim, format!("nothing resembles {}", self.tool)));
        }
        for similar in &self.similar {
            let percent = format!("{:>4} %  ", (similar.likeness * 100.0).round());
            let ink = if similar.copy { Ink::Warn } else { Ink::Plain };
            let head = Line::new().put(ink, percent).put(Ink::Strong, similar.name.as_str());
            page.line(&head.put(Ink::Dim, format!(" {}  {}  {}", similar.version, similar.stage, similar.path)))?;
            page.line(&Line::new().put(Ink::Dim, format!("        {}", similar.why)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Digest, Stage};
    use serde_json::json;

    fn alike(similar: Vec<SimilarTool>) -> Alike {
        Alike { tool: ToolName::new("one").unwrap(), similar }
    }

    #[test]
    fn the_nearest_comes_first_with_what_it_shares() {
        let copy = SimilarTool {
            name: ToolName::new("two").unwrap(),
            version: semver::Version::new(1, 2, 0),
            digest: Digest([0xab; 32]),
            stage: Stage::Core,
            path: "tools/core/two/tool.toml".to_owned(),
            likeness: 1.0,
            copy: true,
            why: "every file is the same".to_owned(),
            description: "Adds".to_owned(),
        };
        let answer = alike(vec![copy]);
        assert_eq!(
            plain(|page| answer.text(page)),
            " 100 %  two 1.2.0  core  tools/core/two/tool.toml\n        every file is the same\n"
        );
        assert_eq!(object(&answer)["similar"][0]["likeness"], json!(1.0));
        assert_eq!(plain(|page| alike(Vec::new()).text(page)), "nothing resembles one\n");
    }
}
