//! Redaction of output that arrives in pieces.
//!
//! The decision about a place depends only on the bytes within a bounded distance before and after it, so it is
//! postponed until those are present. The output is then the same however the input was split.

use super::tokens::{self, TokenMatch};
use super::{MARK, Redactions, Rules};
use crate::domain::redact::forms::FormMatch;
use aho_corasick::Input;
use memchr::{memchr, memmem};
use std::fmt;
use std::sync::Arc;

/// The maximum length of a key block without an end, in bytes; an RSA key of 16,384 bits has 12,700.
const MAX_BLOCK: usize = 16 * 1024;

/// The end of a key block.
const BLOCK_END: &[u8] = b"-----END";

/// The length of a prefix that reveals nothing about a value, in bytes.
const GLIMPSE: usize = 2;

/// How far after an AWS key id its secret key is searched, in bytes.
const AWS_WINDOW: usize = 256;

/// The redaction of one stream. Call [`RedactStream::finish`]: held bytes are lost when it is dropped.
pub struct RedactStream {
    rules: Arc<Rules>,
    /// A bounded part of the stream: the bytes that rules may look back on, and the undecided ones.
    buffer: Vec<u8>,
    /// Every place before this one is decided.
    next: usize,
    /// Everything before this place was output or replaced.
    done: usize,
    /// Bytes before this place were output by [`RedactStream::glimpse`], although a secret may begin there.
    glimpsed: usize,
    /// An AWS secret key is searched up to this place.
    aws_until: usize,
    /// Matches that are not replaced yet, ordered by place: an earlier match may still be found.
    pending: Vec<Replacement>,
    block: Option<OpenKeyBlock>,
    /// The last mark, if nothing was written after it.
    last_mark: Option<usize>,
    redactions: Redactions,
    /// The replaced values, if requested.
    collected: Option<Vec<Vec<u8>>>,
}

/// A part of the buffer and the name to show in its place.
#[derive(Clone, Copy)]
struct Replacement {
    from: usize,
    to: usize,
    name: Name,
}

/// A key block whose header was found.
#[derive(Clone, Copy)]
struct OpenKeyBlock {
    /// The maximum remaining length in bytes.
    left: usize,
    in_string: bool,
}

/// The match at a place, with the name to show.
enum StreamMatch {
    Nothing,
    More { show: usize },
    Secret { from: usize, to: usize, name: Name },
    Block { from: usize, in_string: bool },
}

#[derive(Clone, Copy)]
enum Name {
    Known(usize),
    Look(&'static str),
}

impl fmt::Debug for RedactStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactStream").field("held", &self.held()).finish_non_exhaustive()
    }
}

impl RedactStream {
    pub(super) fn new(rules: Arc<Rules>) -> RedactStream {
        RedactStream {
            rules,
            buffer: Vec::new(),
            next: 0,
            done: 0,
            glimpsed: 0,
            aws_until: 0,
            pending: Vec::new(),
            block: None,
            last_mark: None,
            redactions: Redactions::default(),
            collected: None,
        }
    }

    /// Collects replaced values from now on.
    pub(super) fn collect(&mut self) {
        self.collected = Some(Vec::new());
    }

    /// The values replaced since [`RedactStream::collect`], including parts of key blocks.
    pub(super) fn collected(self) -> Vec<Vec<u8>> {
        self.collected.unwrap_or_default()
    }

    /// Takes a piece and appends the decided output to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.buffer.extend_from_slice(piece);
        self.advance(false, out);
        let past = self.next.min(self.done).saturating_sub(tokens::LOOK_BACK);
        self.buffer.drain(..past);
        self.next -= past;
        self.done -= past;
        self.glimpsed = self.glimpsed.saturating_sub(past);
        self.aws_until = self.aws_until.saturating_sub(past);
        for pending in &mut self.pending {
            pending.from = pending.from.saturating_sub(past);
            pending.to = pending.to.saturating_sub(past);
        }
    }

    /// Outputs the rest at the end of the stream, and returns all replacements.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Redactions {
        self.advance(true, out);
        self.buffer.clear();
        (self.next, self.done, self.glimpsed, self.aws_until) = (0, 0, 0, 0);
        (self.block, self.last_mark) = (None, None);
        std::mem::take(&mut self.redactions)
    }

    /// Outputs held bytes if there are so few that they reveal nothing, so that a prompt is shown even if it ends like
    /// the beginning of a secret. If a secret follows, the rest of it is replaced.
    pub fn glimpse(&mut self, out: &mut Vec<u8>) {
        let end = self.buffer.len();
        if self.block.is_none() && self.pending.is_empty() && (1..=GLIMPSE).contains(&self.held()) {
            self.give(end, out);
            self.glimpsed = end;
        }
    }

    /// The number of held bytes, which may belong to a secret.
    pub fn held(&self) -> usize {
        self.buffer.len() - self.done
    }

    fn advance(&mut self, is_all: bool, out: &mut Vec<u8>) {
        loop {
            if self.block.is_some_and(|block| !self.pass_block(block, is_all)) || !self.pass_text(is_all, out) {
                return;
            }
        }
    }

    /// Decides about text as far as possible; `true` if it found a key block.
    fn pass_text(&mut self, is_all: bool, out: &mut Vec<u8>) -> bool {
        let end = self.buffer.len();
        let (begun, secret) = if is_all { (end, end) } else { self.beginnings(self.next) };
        // INVARIANT: no place is decided after one where an anchor may have begun.
        while let Some(at) = self.candidate(self.next).filter(|at| *at < begun) {
            self.settle(at, out);
            match self.finding(at, is_all) {
                StreamMatch::Nothing => self.next = at + 1,
                StreamMatch::Secret { from, to, name } => {
                    let place = self.pending.partition_point(|pending| pending.from <= from);
                    self.pending.insert(place, Replacement { from, to, name });
                    if matches!(name, Name::Look(tokens::AWS_KEY_ID)) {
                        self.aws_until = to + AWS_WINDOW;
                    }
                    self.next = at + 1;
                }
                StreamMatch::Block { from, in_string } => {
                    self.settle(from, out);
                    self.give(from, out);
                    self.mark(Name::Look(tokens::KEY_BLOCK), out);
                    self.next = from;
                    self.block = Some(OpenKeyBlock { left: MAX_BLOCK, in_string });
                    return true;
                }
                StreamMatch::More { show } => {
                    self.next = at;
                    self.give(self.harmless(at + 1, show.min(secret)), out);
                    return false;
                }
            }
        }
        self.settle(if is_all { end + 1 } else { begun }, out);
        self.next = begun;
        self.give(self.harmless(begun, secret), out);
        false
    }

    /// The next place from `from` on where something may begin.
    fn candidate(&self, from: usize) -> Option<usize> {
        let anchor = match &self.rules.finder {
            Some(finder) => finder.find(Input::new(&self.buffer).range(from..)).map(|found| found.start()),
            None => (from < self.buffer.len()).then_some(from),
        };
        let neighbour = tokens::next_aws_neighbour(&self.buffer, from, self.aws_until);
        match (anchor, neighbour) {
            (Some(anchor), Some(neighbour)) => Some(anchor.min(neighbour)),
            (anchor, neighbour) => anchor.or(neighbour),
        }
    }

    /// The match at a place: a known value, or something in the form of a secret, or both.
    fn finding(&self, at: usize, is_all: bool) -> StreamMatch {
        let mut known: Option<(usize, usize)> = None;
        let mut look = TokenMatch::No;
        for anchor in &self.rules.by_first[usize::from(self.buffer[at])] {
            let Some((form, name)) = self.rules.known.get(*anchor) else {
                if look == TokenMatch::No {
                    look = tokens::judge(anchor - self.rules.known.len(), &self.buffer, at, is_all);
                }
                continue;
            };
            match form.compare(&self.buffer[at..], is_all) {
                FormMatch::No => {}
                FormMatch::More => return StreamMatch::More { show: at },
                FormMatch::Yes(len) => {
                    if known.is_none_or(|(longest, _)| len > longest) {
                        known = Some((len, *name));
                    }
                }
            }
        }
        if at < self.aws_until {
            look = match (look, tokens::judge_aws_neighbour(&self.buffer, at, is_all)) {
                (TokenMatch::No, neighbour) => neighbour,
                (TokenMatch::More { .. }, TokenMatch::No)
                | (TokenMatch::Found { .. } | TokenMatch::Block { .. }, _) => look,
                // The visible part of the anchor may belong to such a key.
                (TokenMatch::More { .. }, _) => TokenMatch::More { show: at },
            };
        }
        let Some((len, name)) = known else {
            return match look {
                TokenMatch::No => StreamMatch::Nothing,
                TokenMatch::More { show } => StreamMatch::More { show },
                TokenMatch::Found { from, to, label } => StreamMatch::Secret { from, to, name: Name::Look(label) },
                TokenMatch::Block { from, in_string } => StreamMatch::Block { from, in_string },
            };
        };
        let to = match look {
            TokenMatch::More { .. } => return StreamMatch::More { show: at },
            TokenMatch::Found { to, .. } => to.max(at + len),
            TokenMatch::No | TokenMatch::Block { .. } => at + len,
        };
        StreamMatch::Secret { from: at, to, name: Name::Known(name) }
    }

    /// The place, at most `show`, up to which nothing that begins at or after `from` will be replaced.
    fn harmless(&self, from: usize, show: usize) -> usize {
        let mut show = self.pending.first().map_or(show, |pending| show.min(pending.from));
        let mut from = from;
        while let Some(place) = self.candidate(from).filter(|place| *place < show) {
            match self.finding(place, false) {
                StreamMatch::Nothing => {}
                StreamMatch::More { show: most } => show = show.min(most),
                StreamMatch::Secret { from, .. } | StreamMatch::Block { from, .. } => show = show.min(from),
            }
            from = place + 1;
        }
        show
    }

    /// The places at the end of the buffer, from `from` on, where an anchor, and an anchor of a known value, may have
    /// begun: the first bytes of the latter are already secret. The end of the buffer if there is none.
    fn beginnings(&self, from: usize) -> (usize, usize) {
        let end = self.buffer.len();
        let first = from.max((end + 1).saturating_sub(self.rules.longest_anchor));
        let mut any = end;
        for at in first..end {
            let tail = &self.buffer[at..];
            for place in &self.rules.by_first[usize::from(tail[0])] {
                let anchor = &self.rules.anchors[*place];
                if anchor.len() > tail.len() && anchor.starts_with(tail) {
                    any = any.min(at);
                    if *place < self.rules.known.len() {
                        return (any, at);
                    }
                }
            }
        }
        (any, end)
    }

    /// Skips a key block; `false` if it continues after the buffer.
    fn pass_block(&mut self, block: OpenKeyBlock, is_all: bool) -> bool {
        let rest = &self.buffer[self.next..];
        let end = memmem::find(rest, BLOCK_END);
        let quote = if block.in_string { memchr(b'"', rest) } else { None };
        let stop = end.into_iter().chain(quote).min().filter(|at| *at < block.left);
        let begun = (1..BLOCK_END.len()).rev().find(|len| rest.ends_with(&BLOCK_END[..*len])).unwrap_or(0);
        let seen = if is_all { rest.len() } else { rest.len() - begun };
        let passed = stop.unwrap_or(seen).min(block.left);
        let is_over = stop.is_some() || passed == block.left;
        if let Some(collected) = &mut self.collected {
            collected.extend(rest[..passed].split(|byte| *byte == b'\n').map(|line| line.trim_ascii().to_vec()));
        }
        self.next += passed;
        self.done = self.done.max(self.next);
        self.block = (!is_over).then_some(OpenKeyBlock { left: block.left - passed, ..block });
        is_over
    }

    /// Outputs everything before `to` that was not output yet.
    fn give(&mut self, to: usize, out: &mut Vec<u8>) {
        if to > self.done {
            out.extend_from_slice(&self.buffer[self.done..to]);
            self.done = to;
            self.last_mark = None;
        }
    }

    /// Replaces the matches that begin before a place, when no other match can begin before it. If secrets overlap,
    /// only the rest of the second one is removed.
    fn settle(&mut self, before: usize, out: &mut Vec<u8>) {
        while let Some(Replacement { from, to, name }) =
            self.pending.first().copied().filter(|first| first.from < before)
        {
            self.pending.remove(0);
            if let Some(collected) = &mut self.collected {
                collected.push(self.buffer[from..to].to_vec());
            }
            if from >= self.done || from < self.glimpsed {
                self.give(from, out);
                self.mark(name, out);
                self.glimpsed = 0;
            }
            self.done = self.done.max(to);
        }
    }

    /// Writes a mark; only one for adjacent equal ones.
    fn mark(&mut self, name: Name, out: &mut Vec<u8>) {
        let (text, known) = match name {
            Name::Known(place) => (self.rules.names[place].as_str(), Some(place)),
            Name::Look(label) => (label, None),
        };
        self.redactions.note_one(text);
        if known.is_none() || self.last_mark != known {
            out.extend_from_slice(MARK.as_bytes());
            out.extend_from_slice(text.as_bytes());
            out.push(b']');
        }
        self.last_mark = known;
    }
}
