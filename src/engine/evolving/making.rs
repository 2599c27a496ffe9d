//! New tools: a specification that waits for a human, and scaffolds.
//!
//! Nothing is made from a specification before a human approved it; what is made is an experimental tool like any
//! other.

use crate::domain::{
    Caller, Digest, Implementation, InputSource, Opportunity, Outcome, Request, ReviewId, ReviewKind, ReviewState,
    ScaffoldTemplate, ScriptLanguage, ToolName, ToolSpecification, rfc3339,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::evolving::asking::EvolveRequest;
use crate::engine::evolving::naming::tool_name_from;
use crate::engine::library::resolve::tool_name;
use crate::engine::review::requests::{Posting, REQUEST_FILE};
use crate::engine::workspace::Workspace;
use crate::evolve::document::{Document, FieldSource, draft, draft_of_words};
use crate::evolve::scaffold::{self, ScaffoldRequest, Unwritable};
use serde::Serialize;
use serde_json::{Value, json};

/// The most characters of a document that go with a specification.
const MAX_ENCLOSED: usize = 60_000;

/// How much of a document goes with the specification that was read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enclosed {
    /// A summary of this many characters.
    Summary(usize),
    /// The whole text of the document.
    Whole,
}

/// What a specification is made from.
#[derive(Debug)]
pub enum Source<'a> {
    /// Words of whoever wants it.
    Words(&'a str),
    /// A suggestion that was mined from recorded use.
    Opportunity(&'a Opportunity),
    /// A file: a specification as JSON, YAML or TOML by its ending, else a document.
    File {
        /// File name; its ending decides how the bytes are read.
        name: &'a str,
        /// Contents of the file, as read.
        bytes: &'a [u8],
        /// What goes with it.
        enclosed: Enclosed,
    },
}

/// A scaffold that is wanted.
#[derive(Debug, Clone, Default)]
pub struct NewTool {
    /// The name; `None` takes that of the specification.
    pub name: Option<String>,
    /// What it begins with; `None` chooses by its words.
    pub template: Option<ScaffoldTemplate>,
    /// What it is written in; `None` chooses by the specification, else by its words.
    pub language: Option<ScriptLanguage>,
    /// What the tool should do, in sentences.
    pub description: String,
    /// The review of the approved specification.
    pub specification: Option<ReviewId>,
}

/// A tool or a specification that was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Made {
    /// The operation, the review and a line for a human.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was chosen and why, one line each.
    pub chosen: Vec<String>,
    /// The specification, when one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specification: Option<ToolSpecification>,
    /// Fields of the specification that nothing was found for.
    pub missing: Vec<&'static str>,
    /// Where in the document the others were found.
    pub found: Vec<FieldSource>,
    /// The words that inputs were read from, where no table or list has them.
    pub inputs: Vec<InputSource>,
    /// Paths of the files that were written, below the workspace.
    pub files: Vec<String>,
}

impl Made {
    /// The manifest of the tool that was made; empty where none was.
    pub fn manifest_path(&self) -> String {
        self.files.iter().find(|file| file.ends_with("/tool.toml")).cloned().unwrap_or_default()
    }
}

/// A specification that is about to be posted.
struct Drafted {
    specification: ToolSpecification,
    found: Vec<FieldSource>,
    inputs: Vec<InputSource>,
    metadata: Value,
    origin: String,
}

/// A scaffold that is about to be posted.
struct Rendered {
    name: ToolName,
    description: String,
    template: ScaffoldTemplate,
    language: ScriptLanguage,
    chosen: Vec<String>,
    reason: String,
    files: Vec<scaffold::ScaffoldFile>,
}

/// Making tools that are not there yet: from a text, a document or a template.
#[derive(Clone, Copy)]
pub struct NewTools<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl NewTools<'_> {
    /// Puts a specification into the review queue; `replaces` is a waiting one that it takes the place of.
    ///
    /// # Errors
    /// `Usage` for a file that is not a specification, with the field, and for a name that is none; `Failed` for what
    /// is not text; `Conflict` when the same one waits already, or the replaced one does not wait; `Refused` when an
    /// agent wants to replace the draft of somebody else.
    pub fn propose_specification(
        &self,
        name: Option<&str>,
        source: &Source<'_>,
        replaces: Option<ReviewId>,
        caller: &Caller,
    ) -> Result<Made, EngineError> {
        let named = match replaces {
            Some(review) => Some(self.waiting_specification(review, caller)?),
            None => name.map(tool_name).transpose()?,
        };
        let Drafted { specification, found, inputs, metadata, origin } = self.drafted(named, source)?;
        let chosen = if let Some(made) = &specification.implementation {
            format!("once approved, `toolsmith new --from-spec` makes it without writing code: {made}")
        } else {
            let choice = scaffold::choose_language(specification.language, &scaffold::words_of(&specification));
            format!("language: {}", choice.why)
        };
        let description = match specification.description.trim() {
            "" => "no description was found",
            words => words,
        };
        let rationale = match replaces {
            Some(review) => format!("{origin}; replaces review {review}"),
            None => origin,
        };
        let request = json!({
            "kind": "specification",
            "tool": specification.tool_name,
            "description": description,
            "rationale": rationale,
            "specification": specification,
            "metadata": metadata,
        });
        let verb = match source {
            Source::Opportunity(_) => "accept",
            Source::Words(_) | Source::File { .. } if replaces.is_some() => "spec",
            Source::Words(_) | Source::File { .. } => "new",
        };
        let outcome = self.engine.requests().post(&request, caller, Posting { verb, expires_at: None, replaces })?;
        let missing = match specification.implementation {
            Some(_) => Vec::new(),
            None => specification.missing(),
        };
        Ok(Made {
            outcome,
            chosen: vec![chosen],
            specification: Some(specification),
            missing,
            found,
            inputs,
            files: Vec::new(),
        })
    }

    /// The tool of a specification that still waits and that the caller may replace.
    fn waiting_specification(&self, review: ReviewId, caller: &Caller) -> Result<ToolName, EngineError> {
        let row = self.specification_row(review)?;
        if row.state != ReviewState::Waiting {
            let message = format!("review {review} is no longer pending; it is {}", row.state);
            return Err(EngineError::new(
                ErrorCode::Conflict,
                message,
                "request again with `toolsmith new --spec FILE`",
            ));
        }
        if matches!(caller, Caller::Agent(_)) && row.asker.as_deref() != Some(caller.identity().as_str()) {
            let message = format!("review {review} was not requested by {}", caller.word());
            return Err(EngineError::new(ErrorCode::Refused, message, "submit your own specification"));
        }
        Ok(row.tool)
    }

    fn specification_row(&self, review: ReviewId) -> Result<crate::domain::Review, EngineError> {
        let row = self.engine.reviews().row(review)?;
        if row.kind == ReviewKind::Specification {
            return Ok(row);
        }
        let message = format!("review {review} is about a {}, not a specification", row.kind);
        Err(EngineError::new(ErrorCode::Usage, message, "`toolsmith reviews` lists pending reviews"))
    }

    fn drafted(&self, name: Option<ToolName>, source: &Source<'_>) -> Result<Drafted, EngineError> {
        match source {
            Source::Words(words) => {
                let name = name.map_or_else(|| tool_name_from(words), Ok)?;
                let draft = draft_of_words(words, &name);
                Ok(Drafted {
                    specification: draft.specification,
                    found: Vec::new(),
                    metadata: if draft.inputs.is_empty() { json!({}) } else { json!({"inputs_from": draft.inputs}) },
                    inputs: draft.inputs,
                    origin: "described in words".to_owned(),
                })
            }
            Source::Opportunity(opportunity) => {
                let mut specification = opportunity.specification();
                specification.tool_name = name.unwrap_or(specification.tool_name);
                let origin = format!("opportunity {}: {}", opportunity.key, opportunity.title);
                let metadata = json!({"opportunity": opportunity});
                Ok(Drafted { specification, found: Vec::new(), inputs: Vec::new(), metadata, origin })
            }
            Source::File { name: file, bytes, enclosed } => match structured(file, bytes)? {
                Some(value) => {
                    let usage = |why: String| {
                        let hint = "`toolsmith new --describe WORDS` drafts one; see assets/specification.schema.json for the fields";
                        EngineError::new(ErrorCode::Usage, format!("{file} is not a valid specification: {why}"), hint)
                    };
                    let mut specification = ToolSpecification::read(value, name.as_ref()).map_err(usage)?;
                    if let Some(name) = name {
                        specification.tool_name = name;
                    }
                    let (metadata, origin) = (json!({"file": file}), format!("as written in {file}"));
                    Ok(Drafted { specification, found: Vec::new(), inputs: Vec::new(), metadata, origin })
                }
                None => read_from(name, &self.keep_document(bytes)?, file, *enclosed),
            },
        }
    }

    /// The specification that a review is about, and the digest that an approval covers.
    ///
    /// # Errors
    /// `NotFound` when there is no such review; `Usage` when it is about something else; `Failed` when what was asked
    /// for is not a specification that can be read.
    pub fn specification(&self, review: ReviewId) -> Result<(ToolSpecification, Digest), EngineError> {
        let row = self.specification_row(review)?;
        // Not what the store says of it, but the bytes that the digest covers.
        let files = self.workspace.copies.get(row.digest)?;
        let kept = files.iter().find(|file| file.path == REQUEST_FILE).map(|file| file.bytes.as_slice());
        let unreadable = |why: String| {
            let message = format!("the specification of review {review} cannot be read: {why}");
            let hint = format!("`toolsmith spec FILE --review {review}` replaces a pending one");
            EngineError::new(ErrorCode::Failed, message, hint)
        };
        let request: Request =
            serde_json::from_slice(kept.unwrap_or_default()).map_err(|error| unreadable(error.to_string()))?;
        let value = request.specification.unwrap_or_default();
        let mut specification = ToolSpecification::read(value, Some(&row.tool)).map_err(unreadable)?;
        if specification.description.is_empty() {
            specification.description = request.description;
        }
        Ok((specification, row.digest))
    }

    /// Writes a scaffold as an experimental tool; never over anything.
    ///
    /// # Errors
    /// `Refused` for a specification that nobody approved; `Conflict` for a name that is taken; `Usage` for a name that
    /// is none, and for a specification that no manifest can hold; else as [`Self::specification`].
    pub fn scaffold(&self, wanted: &NewTool, caller: &Caller) -> Result<Made, EngineError> {
        let approved = wanted.specification.map(|review| self.approved_specification(review)).transpose()?;
        let about = approved.as_ref().map(|(specification, digest)| (specification, *digest));
        let Rendered { name, description, template, language, chosen, reason, files } =
            self.rendered(wanted, about, caller)?;
        let contents: Vec<Value> = files
            .iter()
            .map(|file| json!({"path": file.path, "content": file.text, "executable": file.executable}))
            .collect();
        let request = json!({
            "kind": "ToolReviewRequest",
            "tool": name,
            "description": if description.is_empty() { format!("Scaffold {template} in {language}") } else { description },
            "rationale": reason,
            "files": contents,
            "metadata": {"template": template, "language": language, "specification": approved.as_ref().map(|(_, d)| d)},
        });
        let outcome =
            self.engine.requests().post(&request, caller, Posting { verb: "new", expires_at: None, replaces: None })?;
        let folder = crate::engine::core::stage_placement(crate::domain::Stage::Experimental, &name).base;
        Ok(Made {
            outcome: Outcome {
                message: format!("{folder} is a new experimental tool; {}", outcome.message),
                ..outcome
            },
            chosen,
            specification: None,
            missing: Vec::new(),
            found: Vec::new(),
            inputs: Vec::new(),
            files: files.iter().map(|file| format!("{folder}/{}", file.path)).collect(),
        })
    }

    /// The files of a scaffold, which nobody has written yet.
    fn rendered(
        &self,
        wanted: &NewTool,
        about: Option<(&ToolSpecification, Digest)>,
        caller: &Caller,
    ) -> Result<Rendered, EngineError> {
        let specified = about.map(|(specification, _)| specification);
        let name = match (&wanted.name, specified) {
            (Some(name), _) => tool_name(name)?,
            (None, Some(specification)) => specification.tool_name.clone(),
            (None, None) => tool_name_from(&wanted.description)?,
        };
        self.engine.versions().refuse_known_name(&name)?;
        let description = match (wanted.description.trim(), specified) {
            ("", Some(specification)) => specification.description.clone(),
            (words, _) => words.to_owned(),
        };
        let words = specified.map_or_else(|| description.clone(), scaffold::words_of);
        let mut chosen = Vec::new();
        let implementation = specified.and_then(|specification| specification.implementation.as_ref());
        let (template, language) = match implementation {
            Some(implementation) => {
                chosen.push(format!("made from the specification, no code to write: {implementation}"));
                let is_request = matches!(implementation, Implementation::Http(_));
                let template = if is_request { ScaffoldTemplate::ApiClient } else { ScaffoldTemplate::CliWrapper };
                (template, ScriptLanguage::Shell)
            }
            None => chosen_frame(wanted, specified, &words, &mut chosen),
        };
        let reason = match wanted.specification {
            Some(review) => format!("Scaffold {template} of the specification that review {review} approved"),
            None => format!("Scaffold {template}"),
        };
        let files = scaffold::render(&ScaffoldRequest {
            name: &name,
            description: &description,
            template,
            language,
            created_at: &rfc3339(now()),
            created_by: &caller.identity(),
            reason: &reason,
            specification: about,
        })
        .map_err(|error| unwritable(&error))?;
        Ok(Rendered { name, description, template, language, chosen, reason, files })
    }

    /// Makes the tool of an approved specification. Where the specification does not say how it is made, the answer has
    /// the request for a generator that writes its code.
    ///
    /// # Errors
    /// As [`Self::scaffold`].
    pub fn generate(&self, review: ReviewId, caller: &Caller) -> Result<(Made, Option<EvolveRequest>), EngineError> {
        let wanted = NewTool { specification: Some(review), ..NewTool::default() };
        let made = self.scaffold(&wanted, caller)?;
        let needs_code = self.specification(review)?.0.implementation.is_none();
        let tool = made.manifest_path();
        let request = EvolveRequest { tool, specification: Some(review), ..EvolveRequest::default() };
        Ok((made, needs_code.then_some(request)))
    }

    /// Whether the tool of a specification can be made at once, asked before anybody approves it: its name is free, a
    /// manifest can hold it, and the generator that would write its code is there. Nothing is sent and nothing written.
    ///
    /// # Errors
    /// Those that [`Self::generate`] would give for what can be known before; `Failed` where no generator is set up or
    /// the first one cannot be reached.
    pub fn ready_to_generate(&self, specification: &ToolSpecification, caller: &Caller) -> Result<(), EngineError> {
        self.rendered(&NewTool::default(), Some((specification, Digest([0; 32]))), caller)?;
        match specification.implementation {
            Some(_) => Ok(()),
            None => self.engine.evolutions().usual_is_ready(),
        }
    }

    /// What the form of the workbench asks for.
    pub(in crate::engine) fn make(
        &self,
        name: Option<String>,
        template: Option<ScaffoldTemplate>,
        language: Option<ScriptLanguage>,
        words: String,
        caller: &Caller,
    ) -> Result<Outcome, EngineError> {
        let made = if template.is_some() {
            let wanted = NewTool { name, template, language, description: words, specification: None };
            self.scaffold(&wanted, caller)?
        } else {
            self.propose_specification(name.as_deref(), &Source::Words(&words), None, caller)?
        };
        Ok(made.outcome)
    }

    pub(super) fn approved_specification(&self, review: ReviewId) -> Result<(ToolSpecification, Digest), EngineError> {
        let row = self.specification_row(review)?;
        if let Some(fault) = self.workspace.read(|q| Ok(crate::engine::core::fault_of_state(q, &row)?))? {
            return Err(EngineError::new(ErrorCode::Refused, fault, "`toolsmith verify` lists all mismatches"));
        }
        if row.state == ReviewState::Approved {
            return self.specification(review);
        }
        let message = format!("the specification of review {review} is not approved, it is {}", row.state);
        Err(EngineError::new(ErrorCode::Refused, message, "ask a human to approve it first"))
    }
}

/// A specification that no manifest can hold.
fn unwritable(error: &Unwritable) -> EngineError {
    let message = format!("the specification cannot be written into tool.toml: {}", error.to_string().trim_start());
    EngineError::new(ErrorCode::Usage, message, "`toolsmith new --spec FILE` requests approval of another one")
}

/// The draft that a document gives, and what of the document goes with it.
fn read_from(
    name: Option<ToolName>,
    document: &Document,
    file: &str,
    enclosed: Enclosed,
) -> Result<Drafted, EngineError> {
    let name = name.map_or_else(|| tool_name_from(document.title().unwrap_or_default()), Ok)?;
    let draft = draft(document, &name);
    let text = match enclosed {
        Enclosed::Summary(budget) => document.summary(budget.min(MAX_ENCLOSED)).text,
        Enclosed::Whole => document.text().to_owned(),
    };
    if text.chars().count() > MAX_ENCLOSED {
        let message = format!("{file} has more than {MAX_ENCLOSED} characters, too many to attach to a specification");
        return Err(EngineError::new(ErrorCode::Refused, message, "omit --no-summarize"));
    }
    let about = json!({
        "digest": document.digest(),
        "file": file,
        "read_as": document.read_as().to_string(),
        "text": text,
        "found": draft.found,
    });
    Ok(Drafted {
        specification: draft.specification,
        found: draft.found,
        metadata: json!({"document": about, "inputs_from": draft.inputs}),
        inputs: draft.inputs,
        origin: format!("read from {file}, document {}", document.digest().short()),
    })
}

/// The template and the language of a scaffold; why they were chosen where nobody named them.
fn chosen_frame(
    wanted: &NewTool,
    specified: Option<&ToolSpecification>,
    words: &str,
    chosen: &mut Vec<String>,
) -> (ScaffoldTemplate, ScriptLanguage) {
    let language = wanted.language.unwrap_or_else(|| {
        let choice = scaffold::choose_language(specified.and_then(|s| s.language), words);
        chosen.push(format!("language: {}", choice.why));
        choice.is
    });
    let template = wanted.template.unwrap_or_else(|| {
        let choice = scaffold::choose_template(words);
        chosen.push(format!("template: {}", choice.why));
        choice.is
    });
    (template, language)
}

/// The object in a file that has the ending of JSON, YAML or TOML; `None` for a document.
pub(in crate::engine) fn structured(file: &str, bytes: &[u8]) -> Result<Option<Value>, EngineError> {
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let text = || {
        std::str::from_utf8(bytes).map(|text| text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())
    };
    let read = match ending.as_str() {
        "json" => text().and_then(|text| serde_json::from_str(text).map_err(|error| error.to_string())),
        "yaml" | "yml" => text().and_then(|text| serde_saphyr::from_str(text).map_err(|error| error.to_string())),
        "toml" => text().and_then(|text| toml::from_str(text).map_err(|error| error.to_string())),
        _ => return Ok(None),
    };
    read.map(Some).map_err(|why| EngineError::new(ErrorCode::Usage, format!("cannot read {file}: {why}"), ""))
}
