//! Limits the size of a bundle: the most important parts are kept longest, and omissions are reported.

use super::{Bundle, BundleFailure, FewShot};
use crate::domain::{count, grouped, plural};
use crate::evolve::cut::{Keep, cut};
use serde::Serialize;

/// A part of a bundle that is limited as a whole, in the order in which unused space is distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Files,
    Failures,
    Feedback,
    Hint,
    Specification,
    Comments,
    Manifest,
    Tests,
    Schemas,
    Asked,
    Examples,
    Guidelines,
    Learnt,
    FewShot,
}

/// The sections, with their guaranteed share of the total in percent.
const SHARES: &[(Section, usize)] = &[
    (Section::Files, 34),
    (Section::Failures, 14),
    (Section::Feedback, 12),
    (Section::Hint, 5),
    (Section::Specification, 5),
    (Section::Comments, 5),
    (Section::Manifest, 5),
    (Section::Tests, 4),
    (Section::Schemas, 4),
    (Section::Asked, 2),
    (Section::Examples, 2),
    (Section::Guidelines, 4),
    (Section::Learnt, 1),
    (Section::FewShot, 3),
];

/// A text that would be cut to less than this is omitted, in bytes.
const LEAST: usize = 200;

/// Cuts one item of a list to a size.
type CutOne<T> = fn(&mut T, usize);

impl Bundle {
    /// The same bundle with at most `limit` bytes of text in its sections. Each section has a share; unused space goes
    /// to the other sections, code and failures first, few-shot examples last. Omissions are stated in `left_out` and,
    /// for a text, at the place of the cut.
    pub fn bounded(mut self, limit: usize) -> Bundle {
        let sizes: Vec<usize> = SHARES.iter().map(|(section, _)| self.size_of(*section)).collect();
        if sizes.iter().sum::<usize>() <= limit {
            return self;
        }
        let mut rooms: Vec<usize> =
            SHARES.iter().zip(&sizes).map(|((_, share), size)| (limit * share / 100).min(*size)).collect();
        let mut free = limit.saturating_sub(rooms.iter().sum());
        for (room, size) in rooms.iter_mut().zip(&sizes) {
            let more = (size - *room).min(free);
            *room += more;
            free -= more;
        }
        for (((section, _), room), size) in SHARES.iter().zip(rooms).zip(sizes) {
            if size > room
                && let Some(said) = self.cut_section(*section, room)
            {
                self.left_out.push(said);
            }
        }
        self
    }

    /// The size of the text in its sections, in bytes, which [`Bundle::bounded`] limits.
    pub fn size(&self) -> usize {
        SHARES.iter().map(|(section, _)| self.size_of(*section)).sum()
    }

    fn size_of(&self, section: Section) -> usize {
        match section {
            Section::Files => self.files.iter().map(|file| file.path.len() + file.text.len()).sum(),
            Section::Failures => self.failures.iter().map(failure_size).sum(),
            Section::Feedback => self.feedback.len(),
            Section::Hint => self.hint.len() + self.description.len(),
            Section::Specification => self.specification.len(),
            Section::Comments => {
                let place = |path: &Option<String>| path.as_ref().map_or(0, String::len);
                self.comments.iter().map(|comment| place(&comment.path) + comment.text.len()).sum()
            }
            Section::Manifest => self.manifest.iter().map(|file| file.path.len() + file.text.len()).sum(),
            Section::Tests => self.tests.iter().map(json_size).sum(),
            Section::Schemas => self.input.iter().chain(&self.output).map(json_size).sum(),
            Section::Asked => self.asked().map(list_size).sum(),
            Section::Examples => self.examples.iter().map(json_size).sum(),
            Section::Guidelines => self.guidelines.iter().map(String::len).sum(),
            Section::Learnt => self.learnt.iter().map(String::len).sum(),
            Section::FewShot => self.few_shot.iter().map(few_shot_size).sum(),
        }
    }

    /// Cuts one section to a size; returns a line about the missing part.
    fn cut_section(&mut self, section: Section, room: usize) -> Option<String> {
        match section {
            Section::Files => self.cut_files(room),
            Section::Failures => {
                let gone = cut_each(&mut self.failures, room, failure_size, cut_failure);
                Some(said("failures", gone))
            }
            Section::Feedback => cut_text(&mut self.feedback, room, "what was wrong with the last answer"),
            Section::Hint => {
                let for_hint = self.hint.len().min(room - room / 4);
                let hint =
                    cut_text(&mut self.hint, for_hint.max(room.saturating_sub(self.description.len())), "the task");
                let left = room.saturating_sub(self.hint.len());
                let description = cut_text(&mut self.description, left, "the description");
                joined(&hint.into_iter().chain(description).collect::<Vec<_>>())
            }
            Section::Specification => cut_text(&mut self.specification, room, "the specification"),
            Section::Comments => {
                let size =
                    |comment: &super::BundleComment| comment.text.len() + comment.path.as_ref().map_or(0, String::len);
                let gone = cut_each(&mut self.comments, room, size, |comment, room| {
                    let room = room.saturating_sub(comment.path.as_ref().map_or(0, String::len));
                    comment.text = cut(&comment.text, room, Keep::Head).0;
                });
                Some(said("comments", gone))
            }
            Section::Manifest => {
                let manifest = self.manifest.as_mut()?;
                let (text, missing) = cut(&manifest.text, room.saturating_sub(manifest.path.len()), Keep::Both);
                (manifest.text, manifest.left_out_bytes) = (text, missing);
                let line = format!("{}: {} bytes omitted", manifest.path, grouped(missing as usize));
                if manifest.path.len() > room {
                    self.manifest = None;
                }
                Some(line)
            }
            Section::Tests => drop_last(&mut self.tests, room, json_size, "test"),
            Section::Schemas => Some(self.drop_schemas(room).to_owned()),
            Section::Asked => Some(self.cut_asked(room)),
            Section::Examples => drop_last(&mut self.examples, room, json_size, "example"),
            Section::Guidelines => drop_last(&mut self.guidelines, room, String::len, "guideline"),
            Section::Learnt => drop_last(&mut self.learnt, room, String::len, "feedback line"),
            Section::FewShot => drop_last(&mut self.few_shot, room, few_shot_size, "few-shot example"),
        }
    }

    /// The first file is the started one, so it is cut last.
    fn cut_files(&mut self, room: usize) -> Option<String> {
        let mut left = room;
        let mut lines = Vec::new();
        self.files.retain_mut(|file| {
            let Some(for_text) = left.checked_sub(file.path.len()) else {
                lines.push(format!("{} is omitted", cut(&file.path, 80, Keep::Tail).0.replace('\n', " ")));
                return false;
            };
            let (text, missing) = cut(&file.text, for_text, Keep::Both);
            if missing > 0 {
                lines.push(format!("{}: {} bytes omitted", file.path, grouped(missing as usize)));
            }
            (file.text, file.left_out_bytes) = (text, file.left_out_bytes + missing);
            left = for_text - file.text.len();
            true
        });
        let more = lines.len().saturating_sub(6);
        lines.truncate(6);
        if more > 0 {
            lines.push(format!("and {more} more files"));
        }
        joined(&lines)
    }

    fn drop_schemas(&mut self, room: usize) -> &'static str {
        let input = self.input.as_ref().map_or(0, json_size);
        let output = self.output.as_ref().map_or(0, json_size);
        if input <= room {
            self.output = None;
            return "the output schema is omitted: it is in the manifest";
        }
        self.input = None;
        if output > room {
            self.output = None;
            return "the schemas are omitted: they are in the manifest";
        }
        "the input schema is omitted: it is in the manifest"
    }

    fn cut_asked(&mut self, room: usize) -> String {
        let mut gone = 0;
        loop {
            let size: usize = self.asked().map(list_size).sum();
            let asked = &mut self.permissions;
            let lists = [
                &mut asked.network,
                &mut asked.read,
                &mut asked.write,
                &mut asked.env,
                &mut asked.run,
                &mut self.dependencies,
            ];
            let longest = lists.into_iter().max_by_key(|list| list_size(list)).filter(|list| !list.is_empty());
            let Some(longest) = longest.filter(|_| size > room) else { break };
            gone += longest.len() - longest.len() / 2;
            longest.truncate(longest.len() / 2);
        }
        format!("{} omitted", plural(gone, "permission or dependency", "permissions and dependencies"))
    }

    fn asked(&self) -> impl Iterator<Item = &[String]> {
        let asked = &self.permissions;
        [&asked.network, &asked.read, &asked.write, &asked.env, &asked.run, &self.dependencies]
            .into_iter()
            .map(Vec::as_slice)
    }
}

/// Joins lines; `None` if there are none.
fn joined(lines: &[String]) -> Option<String> {
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// The size of a value as JSON, in bytes.
fn json_size<T: Serialize + ?Sized>(value: &T) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

fn list_size(list: &[String]) -> usize {
    list.iter().map(String::len).sum()
}

fn failure_size(failure: &BundleFailure) -> usize {
    failure.input.len() + failure.output.len() + failure.error.len() + failure.scenario.len()
}

fn few_shot_size(tool: &FewShot) -> usize {
    tool.tool.len() + tool.description.len() + tool.code.len()
}

/// The error is the most informative part, then the output, then the input.
fn cut_failure(failure: &mut BundleFailure, room: usize) {
    let mut left = room;
    let mut take = |text: &mut String, share: usize, keep: Keep| {
        *text = cut(text, left / share, keep).0;
        left -= text.len();
    };
    take(&mut failure.error, 3, Keep::Head);
    take(&mut failure.scenario, 4, Keep::Head);
    take(&mut failure.input, 2, Keep::Both);
    take(&mut failure.output, 1, Keep::Tail);
}

/// Cuts a text; returns the line that reports it.
fn cut_text(text: &mut String, room: usize, what: &str) -> Option<String> {
    let (cut, missing) = cut(text, room, Keep::Head);
    *text = cut;
    (missing > 0).then(|| format!("{what}: {} bytes omitted", grouped(missing as usize)))
}

/// Gives each item an equal part of the space, and the unused part of small items to the following ones. Items with too
/// little space are removed from the end. Returns the number of removed items.
fn cut_each<T>(items: &mut Vec<T>, room: usize, size: fn(&T) -> usize, cut_one: CutOne<T>) -> usize {
    let before = items.len();
    items.truncate((room / LEAST).max(usize::from(room >= LEAST)));
    let mut left = room;
    for (place, waiting) in (1..=items.len()).rev().enumerate() {
        let part = left / waiting;
        if let Some(item) = items.get_mut(place).filter(|item| size(item) > part) {
            cut_one(item, part);
        }
        left = left.saturating_sub(items.get(place).map_or(0, size));
    }
    // An item that cannot be made small enough (such as a long path) is removed.
    while items.iter().map(size).sum::<usize>() > room {
        items.pop();
    }
    before - items.len()
}

fn said(what: &str, gone: usize) -> String {
    if gone == 0 { format!("{what} are shortened") } else { format!("{what} are shortened, {gone} omitted") }
}

/// Removes whole items from the end until the rest fits.
fn drop_last<T>(items: &mut Vec<T>, room: usize, size: impl Fn(&T) -> usize, noun: &str) -> Option<String> {
    let mut kept = 0;
    let fitting = items.iter().take_while(|item| {
        kept += size(item);
        kept <= room
    });
    let fitting = fitting.count();
    let gone = items.len() - fitting;
    items.truncate(fitting);
    (gone > 0).then(|| format!("{} omitted", count(gone, noun)))
}
