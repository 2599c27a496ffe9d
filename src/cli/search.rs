//! `search TEXT`: tools by what they are for.

use super::call::{Answer, Call};
use super::print_text::{Ink, Line, Page, counted};
use crate::engine::{EngineError, ErrorCode, SearchHit};
use serde::Serialize;
use std::io;

/// Hits shown when nothing else is asked for.
const LIMIT: usize = 20;

/// What a search found, best first.
#[derive(Serialize)]
pub(super) struct Found {
    words: String,
    hits: Vec<SearchHit>,
}

/// `search TEXT`.
pub(super) fn search(call: &Call<'_>) -> Result<Found, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let words = call.required("words")?;
    let limit = call.get::<usize>("limit").unwrap_or(LIMIT);
    let hits = engine.library().search(words, limit, &call.caller(&engine))?;
    Ok(Found { words: words.to_owned(), hits })
}

impl Answer for Found {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.hits.is_empty() {
            page.line(&Line::new().put(Ink::Dim, format!("no tool matches {:?}", self.words)))?;
            return page.line(&Line::new().put(Ink::Dim, "`toolsmith new --describe` requests one"));
        }
        for hit in &self.hits {
            let percent = format!("{:>4} %  ", (hit.similarity * 100.0).round());
            let ink = if hit.held_back.is_some() { Ink::Warn } else { Ink::Plain };
            let head = Line::new().put(ink, percent).put(Ink::Strong, hit.name.as_str());
            page.line(&head.put(Ink::Dim, format!(" {}  {}  {}", hit.version, hit.stage, hit.path)))?;
            let about = hit.description.lines().next().unwrap_or_default();
            page.line(&Line::new().put(Ink::Plain, format!("        {about}")))?;
            let why = hit.held_back.as_ref().map_or_else(String::new, |tag| format!("ranked last, tagged {tag}; "));
            page.line(&Line::new().put(Ink::Dim, format!("        {why}{}", hit.why)))?;
        }
        page.line(&Line::new().put(Ink::Dim, counted(self.hits.len(), "tool", "tools")))
    }

    fn exit_code(&self) -> u8 {
        if self.hits.is_empty() { ErrorCode::Failed.exit_code() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Digest, Stage, ToolName};
    use serde_json::json;

    #[test]
    fn a_hit_is_told_with_its_reason_and_what_holds_it_back() {
        let hit = SearchHit {
            name: ToolName::new("csv_parser").unwrap(),
            version: semver::Version::new(1, 2, 0),
            digest: Digest([0xab; 32]),
            stage: Stage::Core,
            path: "tools/core/csv_parser/tool.toml".to_owned(),
            description: "Parses CSV\nand more".to_owned(),
            similarity: 0.456,
            why: "parse (name)".to_owned(),
            held_back: Some("not-for-json".to_owned()),
        };
        let found = Found { words: "parse json".to_owned(), hits: vec![hit] };
        assert_eq!(
            plain(|page| found.text(page)),
            "  46 %  csv_parser 1.2.0  core  tools/core/csv_parser/tool.toml\n        Parses CSV\n        ranked last, tagged not-for-json; parse (name)\n1 tool\n"
        );
        assert_eq!(object(&found)["hits"][0]["held_back"], json!("not-for-json"));
        let none = Found { words: "sing".to_owned(), hits: Vec::new() };
        assert_eq!((found.exit_code(), none.exit_code()), (0, 1));
    }
}
