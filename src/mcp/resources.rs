//! Resources: tools, their source, the output of runs, and reviews, each with an address. Reading a resource returns
//! what `show`, `output` and `wait` return, with the same rules; clients without support for resources can use those
//! tools.

use super::calls;
use super::own::demand_own;
use super::running;
use super::visible::{visible, visible_part, visible_value};
use crate::domain::{Caller, ReviewId, RunId, Stage, Stream, Tool};
use crate::engine::{Engine, EngineError, ErrorCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use std::collections::HashSet;
use std::fmt::{self, Display};
use std::sync::Arc;

const SCHEME: &str = "toolsmith://";
/// Characters of a name that are not escaped in an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Number of tools in one part of the list.
const PAGE: usize = 100;
/// Maximum bytes of a source or an output, as sent; `output` reads the rest. Clients cut text after 50,000 characters.
const MOST_TEXT: usize = 48_000;

/// The target of an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A tool by name.
    Tool(String),
    /// The main file of a tool.
    Source(String),
    /// The output of a run on one stream.
    Output(RunId, Stream),
    /// A review.
    Review(ReviewId),
}

impl Place {
    /// The target of an address; `None` for an address of another form.
    pub(super) fn of(uri: &str) -> Option<Place> {
        let path = uri.strip_prefix(SCHEME)?;
        let name = |text: &str| {
            let name = percent_decode_str(text).decode_utf8().ok()?;
            (!name.is_empty()).then(|| name.into_owned())
        };
        match *path.split('/').collect::<Vec<_>>().as_slice() {
            ["tools", tool] => Some(Place::Tool(name(tool)?)),
            ["tools", tool, "source"] => Some(Place::Source(name(tool)?)),
            ["runs", run, stream] => Some(Place::Output(RunId(number(run)?), stream.parse().ok()?)),
            ["reviews", review] => Some(Place::Review(ReviewId(number(review)?))),
            _ => None,
        }
    }
}

/// Reads again what tells whether these places changed: the rows of a large library need memory, so they are read only if
/// several tools are among them.
pub(super) fn look_at(engine: &Engine, places: &HashSet<Place>) {
    let mut tools = places.iter().filter_map(|place| match place {
        Place::Tool(name) | Place::Source(name) => Some(name),
        Place::Output(..) | Place::Review(_) => None,
    });
    // When the folders cannot be read now, the tools are as they were.
    match (tools.next(), tools.next()) {
        (Some(one), None) => drop(engine.library().up_to_date_around(one)),
        (Some(_), Some(_)) => drop(engine.library().up_to_date()),
        (None, _) => {}
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name| utf8_percent_encode(name, PLAIN);
        match self {
            Place::Tool(tool) => write!(f, "{SCHEME}tools/{}", name(tool)),
            Place::Source(tool) => write!(f, "{SCHEME}tools/{}/source", name(tool)),
            Place::Output(run, stream) => write!(f, "{SCHEME}runs/{}/{stream}", run.0),
            Place::Review(review) => write!(f, "{SCHEME}reviews/{}", review.0),
        }
    }
}

/// The number of a run or review: digits only, so that each has one address.
fn number(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

/// A part of the list of tools, and the cursor of the next part.
///
/// # Errors
/// `Usage` for a cursor that this server did not create; those of reading the catalog.
pub(super) fn list(engine: &Engine, cursor: Option<&str>) -> Result<(Vec<Resource>, Option<String>), EngineError> {
    let wrong = || EngineError::new(ErrorCode::Usage, "the cursor is not one of this list", "begin without a cursor");
    let begin: usize = cursor.map_or(Ok(0), |text| text.parse().map_err(|_| wrong()))?;
    // The list may have become shorter, so a cursor past its end is not an error of the client.
    if cursor.is_some() && (begin == 0 || !begin.is_multiple_of(PAGE)) {
        return Err(wrong());
    }
    let catalog = engine.library().up_to_date()?;
    let is_listed = |tool: &&Arc<Tool>| tool.stage != Stage::Archived && tool.shadowed_by.is_none();
    let mut tools = catalog.tools.iter().filter(is_listed).skip(begin);
    let page = tools.by_ref().take(PAGE).map(|tool| resource(tool)).collect();
    let next = tools.next().map(|_| (begin + PAGE).to_string());
    Ok((page, next))
}

fn resource(tool: &Tool) -> Resource {
    let mut resource = Resource::new(Place::Tool(tool.name.to_string()).to_string(), tool.name.to_string());
    resource.title = tool.title.as_deref().map(|title| visible(title).into_owned());
    resource.description = Some(visible(&tool.description).into_owned());
    resource.mime_type = Some("application/json".to_owned());
    resource
}

/// The templates of all addresses.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let template = |path: &str, name: &str, description: &str, mime: &str| {
        let mut template = ResourceTemplate::new(format!("{SCHEME}{path}"), name);
        template.description = Some(description.to_owned());
        template.mime_type = Some(mime.to_owned());
        template
    };
    vec![
        template("tools/{name}", "tool", "A tool, as show gives it", "application/json"),
        template("tools/{name}/source", "source", "The main file of a tool", "text/plain"),
        template("runs/{run}/stdout", "stdout", "What a run of yours wrote to standard output", "text/plain"),
        template("runs/{run}/stderr", "stderr", "What a run of yours wrote to standard error", "text/plain"),
        template("reviews/{review}", "review", "A review, as wait gives it", "application/json"),
    ]
}

/// The content at an address.
///
/// # Errors
/// `NotFound`; `Refused` for the output of another caller's run.
pub(super) fn read(engine: &Engine, caller: &Caller, place: &Place) -> Result<ResourceContents, EngineError> {
    let (text, mime) = match place {
        Place::Tool(name) => (visible_value(calls::shown(engine, caller, name)?).to_string(), "application/json"),
        Place::Source(name) => {
            engine.library().up_to_date_around(name)?;
            let detail = engine.library().detail(&*engine.library().resolve(name)?)?;
            if engine.library().skill_text(&detail).is_some()
                && let Some(why) = engine.library().skill_doubt(&detail.tool)?
            {
                let hint = "ask for a review; `wait` returns the decision";
                return Err(EngineError::new(ErrorCode::Refused, format!("its text is withheld: {why}"), hint));
            }
            let bytes = detail.main_file().map(|file| file.bytes.as_slice()).unwrap_or_default();
            (visible_part(&String::from_utf8_lossy(bytes), MOST_TEXT), "text/plain")
        }
        Place::Output(run, stream) => {
            demand_own(engine, caller, *run)?;
            let piece = running::piece(engine, *run, *stream, 0, MOST_TEXT)?;
            let mut text = visible(&piece.text).into_owned();
            if piece.has_more {
                let end = format!("\n[toolsmith: output reads on at offset {}]", piece.next_offset);
                text.push_str(&end);
            }
            (text, "text/plain")
        }
        Place::Review(review) => {
            let review = engine.reviews().detail(*review)?.review;
            (visible_value(calls::told_of(engine, &review)?).to_string(), "application/json")
        }
    };
    Ok(ResourceContents::text(text, place.to_string()).with_mime_type(mime))
}

/// A text that changes with the content at an address; `None` when there is no content now.
pub(super) fn stamp(engine: &Engine, caller: &Caller, place: &Place) -> Option<String> {
    match place {
        Place::Tool(name) | Place::Source(name) => {
            let tool = engine.library().resolve(name).ok()?;
            Some(format!("{} {}", tool.digest, tool.stage))
        }
        Place::Output(run, _) => {
            demand_own(engine, caller, *run).ok()?;
            let size = engine.runs().spool_path(*run).metadata().map_or(0, |facts| facts.len());
            Some(format!("{} {size}", engine.runs().record(*run).ok()?.outcome))
        }
        Place::Review(review) => {
            let review = engine.reviews().detail(*review).ok()?.review;
            let comments = engine.reviews().comments_of(&review).ok()?.len();
            Some(format!("{} {} {comments}", review.state, review.decisions.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_one_address_and_the_address_leads_back() {
        for (place, uri) in [
            (Place::Tool("a.b".to_owned()), "toolsmith://tools/a.b"),
            (Place::Tool("tools/x y.py".to_owned()), "toolsmith://tools/tools%2Fx%20y.py"),
            (Place::Source("a".to_owned()), "toolsmith://tools/a/source"),
            (Place::Output(RunId(7), Stream::Stderr), "toolsmith://runs/7/stderr"),
            (Place::Review(ReviewId(12)), "toolsmith://reviews/12"),
        ] {
            assert_eq!(place.to_string(), uri);
            assert_eq!(Place::of(uri), Some(place));
        }
        for wrong in [
            "",
            "file:///etc/passwd",
            "toolsmith://",
            "toolsmith://tools/",
            "toolsmith://tools/a/b",
            "toolsmith://runs/07/stdout",
            "toolsmith://runs/+7/stdout",
            "toolsmith://runs/7/input",
            "toolsmith://reviews/x",
            "toolsmith://tools/%ff",
        ] {
            assert_eq!(Place::of(wrong), None, "{wrong}");
        }
    }
}
