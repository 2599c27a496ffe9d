//! What all observed runs of one version did, folded: what is normal for it, what departs from that,
//! and how it compares with what the manifest declares.
//!
//! The envelope grows with kinds of behaviour, not with runs: targets are generalised, many
//! files of one folder that were let through become the folder, and there is a cap. What does not fit is counted, never forgotten in
//! silence; a version that ran into the cap keeps departing from its envelope, because nobody can
//! say any more what is normal for it.

use super::digest::Digest;
use super::ids::RunId;
use super::manifest::Permissions;
use super::observation::{Answer, Attempt, Observation, Observer, Touch};
use super::permission::Network;
use super::place::{USER_NAMES, generalise, is_step_to_names, place, program};
use super::words::words;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of behaviour that one envelope holds.
const MAX_SEEN: usize = 500;

/// Targets of one folder that are let through; more are kept as the folder.
const MAX_IN_PLACE: usize = 20;

/// Files loaded as code that one envelope holds.
const MAX_LOADED: usize = 2000;

/// What one line shows of what was seen.
const MAX_EXAMPLES: usize = 5;

/// Lines of undeclared attempts; the rest is one line.
const MAX_UNDECLARED: usize = 40;

/// What all observed runs of one version did, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// Runs that were watched.
    pub observed: u64,
    /// Runs that were not, or not to the end.
    pub unobserved: u64,
    /// Everything tried, by what, answer and target.
    pub seen: BTreeMap<String, Seen>,
    /// Attempts of runs that did not fit any more, or that a run had too many of to list.
    pub cut: u64,
    /// Files that were loaded as code through declared paths, by path, as the last run that loaded them found them.
    #[serde(default)]
    pub loaded: BTreeMap<String, Loaded>,
    /// Whether any observed run was watched for such files: those of earlier releases were not.
    #[serde(default)]
    pub knows_loaded: bool,
}

/// A file in an [`Envelope`] that was loaded as code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// Digest of its content, as the last run loaded it.
    pub digest: Digest,
    /// The first run that loaded it.
    pub first_run: RunId,
    /// The last of them.
    pub last_run: RunId,
}

/// One kind of attempt in an [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What.
    pub touch: Touch,
    /// On what, generalised: `{n}` is a number, `{id}` a made-up name, `FOLDER/*` anything in it.
    pub target: String,
    /// What came of it.
    pub answer: Answer,
    /// In how many runs.
    pub runs: u64,
    /// The first of them.
    pub first_run: RunId,
    /// The last of them.
    pub last_run: RunId,
}

words!(
    /// What observation says of one permission.
    PermissionUse {
        /// Declared and used.
        Used = "used",
        /// Declared, and no observed run used it.
        Unused = "unused",
        /// Not declared, but attempted.
        Undeclared = "undeclared",
        /// Nothing here can tell.
        NotObservable = "not-observable",
    }
);

/// One line of declared against observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionLine {
    /// The permission as declared (`network full`, `write {workspace}/out`), or what it would have to be.
    pub permission: String,
    /// What observation says of it.
    pub verdict: PermissionUse,
    /// What was seen, a few examples.
    pub seen: Vec<String>,
}

impl Envelope {
    /// Takes in what one more run did.
    pub fn fold(&mut self, run: RunId, observation: &Observation) {
        match observation.observer {
            Observer::On => self.observed += 1,
            Observer::Off(_) => self.unobserved += 1,
        }
        self.cut += observation.attempts_cut;
        let looks_up = looks_up_users(&observation.attempts);
        let kinds: BTreeSet<(Touch, Answer, String)> =
            observation.attempts.iter().map(|attempt| kind(attempt, looks_up)).collect();
        for (touch, answer, target) in kinds {
            self.take(run, touch, answer, target);
        }
        self.cut += observation.loaded_cut;
        self.knows_loaded |= observation.observer == Observer::On;
        for file in &observation.loaded {
            if let Some(known) = self.loaded.get_mut(&file.path) {
                (known.digest, known.last_run) = (file.digest, run);
            } else if self.loaded.len() < MAX_LOADED {
                let loaded = Loaded { digest: file.digest, first_run: run, last_run: run };
                self.loaded.insert(file.path.clone(), loaded);
            } else {
                self.cut += 1;
            }
        }
    }

    /// The files that a run loaded as code and that no run before it loaded so: changed ones with both digests.
    pub fn newly_loaded(&self, observation: &Observation) -> Vec<String> {
        if !self.knows_loaded {
            return Vec::new();
        }
        let news = observation.loaded.iter().filter_map(|file| match self.loaded.get(&file.path) {
            Some(known) if known.digest == file.digest => None,
            Some(known) => {
                let (before, now) = (known.digest.short(), file.digest.short());
                Some(format!("load code {}, which changed from {before} to {now}", file.path))
            }
            None => Some(format!("load code {} ({})", file.path, file.digest.short())),
        });
        news.collect()
    }

    fn take(&mut self, run: RunId, touch: Touch, answer: Answer, target: String) {
        let whole = place(touch, &target);
        for target in [&target, &whole] {
            if let Some(seen) = self.seen.get_mut(&key(touch, answer, target)) {
                // Two targets of one run may meet in a folder.
                seen.runs += u64::from(seen.last_run != run);
                seen.last_run = run;
                return;
            }
        }
        let mut new = Seen { touch, target, answer, runs: 1, first_run: run, last_run: run };
        // What was let through is the normal case and often thousands of files.
        if answer == Answer::Allowed && whole != new.target {
            let like =
                |seen: &Seen| seen.touch == touch && seen.answer == answer && place(touch, &seen.target) == whole;
            let siblings: Vec<String> =
                self.seen.iter().filter(|(_, seen)| like(seen)).map(|(key, _)| key.clone()).collect();
            if siblings.len() >= MAX_IN_PLACE {
                for seen in siblings.iter().filter_map(|key| self.seen.remove(key)) {
                    new.first_run = new.first_run.min(seen.first_run);
                    new.runs = new.runs.max(seen.runs + u64::from(seen.last_run != run));
                }
                new.target = whole;
            }
        }
        if self.seen.len() < MAX_SEEN {
            self.seen.insert(key(touch, answer, &new.target), new);
        } else {
            self.cut += 1;
        }
    }

    /// What was tried, by answer and target; what was denied in some runs and missing in others is one line, denied.
    pub fn tried(&self) -> Vec<Seen> {
        let like = |seen: &Seen, answer| self.seen.get(&key(seen.touch, answer, &seen.target));
        let is_told = |seen: &&Seen| seen.answer != Answer::Missing || like(seen, Answer::Denied).is_none();
        let told = self.seen.values().filter(is_told);
        let whole = |seen: &Seen| match like(seen, Answer::Missing).filter(|_| seen.answer == Answer::Denied) {
            None => seen.clone(),
            Some(missing) => Seen {
                // One run may have met with both.
                runs: (seen.runs + missing.runs).min(self.observed + self.unobserved),
                first_run: seen.first_run.min(missing.first_run),
                last_run: seen.last_run.max(missing.last_run),
                ..seen.clone()
            },
        };
        told.map(whole).collect()
    }

    /// What the run did that no run before it did and that nothing declared covers: a place where no
    /// run did such a thing before, or one where it is let through for the first time. One attempt stands
    /// for all of its place. Denied and missing are the same: which of them it is depends on the level.
    pub fn departures<'a>(&self, declared: &Permissions, observation: &'a Observation) -> Vec<&'a Attempt> {
        let mut known: BTreeSet<(Touch, bool, String)> = BTreeSet::new();
        for seen in self.seen.values() {
            learn(&mut known, seen.touch, seen.answer, place(seen.touch, &seen.target));
        }
        let mut departures = Vec::new();
        let looks_up = looks_up_users(&observation.attempts);
        for attempt in &observation.attempts {
            if kind(attempt, looks_up).2 == USER_NAMES
                || is_own(attempt.touch, &attempt.target, attempt.answer)
                || items(declared).any(|item| item.covers(attempt.touch, &attempt.target))
            {
                continue;
            }
            let place = place(attempt.touch, &generalise(attempt.touch, &attempt.target));
            if learn(&mut known, attempt.touch, attempt.answer, place) {
                departures.push(attempt);
            }
        }
        departures
    }

    /// Declared permissions against what was seen, undeclared attempts first. Programs and hosts are
    /// as the observer saw them: what it says may be incomplete, and `used` does not mean `needed`.
    pub fn against(&self, declared: &Permissions) -> Vec<PermissionLine> {
        let items: Vec<Item> = items(declared).collect();
        let mut uses: Vec<Vec<String>> = vec![Vec::new(); items.len()];
        let mut undeclared: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for seen in self.tried().iter().filter(|seen| !is_own(seen.touch, &seen.target, seen.answer)) {
            let mut covered = false;
            for (item, uses) in items.iter().zip(&mut uses) {
                if item.covers(seen.touch, &seen.target) {
                    covered = true;
                    add_example(uses, seen);
                }
            }
            if !covered {
                add_example(undeclared.entry(needed(seen)).or_default(), seen);
            }
        }
        let mut lines = undeclared_lines(undeclared);
        lines.extend(items.iter().zip(uses).map(|(item, seen)| {
            let verdict = match (item, seen.is_empty()) {
                (Item::Env(_), _) => PermissionUse::NotObservable,
                (_, false) => PermissionUse::Used,
                (_, true) if self.observed == 0 => PermissionUse::NotObservable,
                (_, true) => PermissionUse::Unused,
            };
            PermissionLine { permission: item.words(), verdict, seen }
        }));
        lines
    }
}

fn key(touch: Touch, answer: Answer, target: &str) -> String {
    format!("{touch} {answer} {target}")
}

/// What an attempt counts as, of a run that looks up the names of users or does not.
fn kind(attempt: &Attempt, looks_up: bool) -> (Touch, Answer, String) {
    let is_step = looks_up && attempt.touch == Touch::Read && is_step_to_names(&attempt.target);
    let target = if is_step { USER_NAMES.to_owned() } else { generalise(attempt.touch, &attempt.target) };
    (attempt.touch, attempt.answer, target)
}

fn looks_up_users(attempts: &[Attempt]) -> bool {
    attempts.iter().any(|attempt| generalise(attempt.touch, &attempt.target) == USER_NAMES)
}

/// Whether this is news. What is let through teaches both that the place was tried and that it may be had.
fn learn(known: &mut BTreeSet<(Touch, bool, String)>, touch: Touch, answer: Answer, place: String) -> bool {
    let mut news = answer == Answer::Allowed && known.insert((touch, true, place.clone()));
    news |= known.insert((touch, false, place));
    news
}

/// What needs no permission: the tool's own files, its scratch folder, the names of users, and sockets inside
/// of its own view.
fn is_own(touch: Touch, target: &str, answer: Answer) -> bool {
    if generalise(touch, target) == USER_NAMES {
        return true;
    }
    match touch {
        Touch::Read => lies_in(target, "{tool}") || lies_in(target, "{scratch}"),
        Touch::Write | Touch::Delete | Touch::Rename => lies_in(target, "{scratch}"),
        Touch::Exec => lies_in(&program(target), "{tool}") || lies_in(&program(target), "{scratch}"),
        Touch::Connect | Touch::Listen => answer == Answer::Allowed && target.starts_with("unix:"),
        Touch::Resolve | Touch::Forbidden => false,
    }
}

/// The permission that an undeclared attempt would need.
fn needed(seen: &Seen) -> String {
    let place = place(seen.touch, &seen.target);
    let folder = place.strip_suffix("/*").unwrap_or(&place);
    match seen.touch {
        Touch::Read => format!("read {folder}"),
        Touch::Write | Touch::Delete | Touch::Rename => format!("write {folder}"),
        Touch::Exec => format!("run {}", program(&seen.target)),
        Touch::Connect | Touch::Listen if is_loopback(&seen.target) => "network loopback".to_owned(),
        Touch::Connect | Touch::Listen if seen.target.starts_with("unix:") => format!("read {}", &seen.target[5..]),
        Touch::Connect | Touch::Listen | Touch::Resolve => "network full".to_owned(),
        Touch::Forbidden => format!("{} (nothing permits it)", seen.target),
    }
}

fn add_example(examples: &mut Vec<String>, seen: &Seen) {
    if examples.len() < MAX_EXAMPLES {
        let runs = if seen.runs == 1 { String::new() } else { format!(", {} runs", seen.runs) };
        examples.push(format!("{} {} ({}{runs})", seen.touch, seen.target, seen.answer));
    }
}

fn undeclared_lines(undeclared: BTreeMap<String, Vec<String>>) -> Vec<PermissionLine> {
    let verdict = PermissionUse::Undeclared;
    let rest = undeclared.len().saturating_sub(MAX_UNDECLARED);
    let lines = undeclared.into_iter().map(|(permission, seen)| PermissionLine { permission, verdict, seen });
    let mut lines: Vec<PermissionLine> = lines.take(MAX_UNDECLARED).collect();
    if rest > 0 {
        let permission = format!("{rest} more that it did not declare");
        lines.push(PermissionLine { permission, verdict, seen: Vec::new() });
    }
    lines
}

/// One declared permission.
enum Item<'a> {
    Network(&'a str),
    Read(&'a str),
    Write(&'a str),
    Run(&'a str),
    Env(&'a str),
}

fn items(declared: &Permissions) -> impl Iterator<Item = Item<'_>> {
    let network = declared.network.iter().filter(|word| *word != Network::None.word());
    network
        .map(|word| Item::Network(word))
        .chain(declared.read.iter().map(|path| Item::Read(path)))
        .chain(declared.write.iter().map(|path| Item::Write(path)))
        .chain(declared.run.iter().map(|program| Item::Run(program)))
        .chain(declared.env.iter().map(|name| Item::Env(name)))
}

impl Item<'_> {
    fn words(&self) -> String {
        match self {
            Item::Network(word) => format!("network {word}"),
            Item::Read(path) => format!("read {path}"),
            Item::Write(path) => format!("write {path}"),
            Item::Run(program) => format!("run {program}"),
            Item::Env(name) => format!("env {name}"),
        }
    }

    fn covers(&self, touch: Touch, target: &str) -> bool {
        match (self, touch) {
            (Item::Network(word), Touch::Connect | Touch::Listen | Touch::Resolve) => {
                network_covers(word, touch, target)
            }
            // A path that may be written may be looked at.
            (Item::Read(path) | Item::Write(path), Touch::Read)
            | (Item::Write(path), Touch::Write | Touch::Delete | Touch::Rename) => {
                lies_in(&generalise(touch, target), &generalise(touch, &plain(path)))
            }
            (Item::Run(declared), Touch::Exec) => {
                let program = program(target);
                program == *declared || program.rsplit('/').next() == Some(declared)
            }
            (Item::Network(_) | Item::Read(_) | Item::Write(_) | Item::Run(_) | Item::Env(_), _) => false,
        }
    }
}

fn network_covers(word: &str, touch: Touch, target: &str) -> bool {
    match word.parse() {
        Ok(Network::Full) => true,
        Ok(Network::Loopback) => is_loopback(target),
        Ok(Network::None) => false,
        Err(_) if touch == Touch::Resolve => word.rsplit_once(':').map_or(word, |(host, _)| host) == target,
        Err(_) => word == target,
    }
}

/// Whether an address is one of the machine itself, or all of those that it has.
fn is_loopback(target: &str) -> bool {
    let target = target.replace("{n}", "0");
    let address = target.parse::<SocketAddr>().map(|address| address.ip());
    target == "localhost" || address.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// A declared path as the observer would write it.
fn plain(declared: &str) -> String {
    let path = declared.trim_end_matches(['/', '*']);
    if path.starts_with(['/', '~', '{']) || path.is_empty() {
        return path.to_owned();
    }
    let inside = path.strip_prefix("./").unwrap_or(path);
    if inside == "." { "{workspace}".to_owned() } else { format!("{{workspace}}/{inside}") }
}

fn lies_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(touch: Touch, target: &str, answer: Answer) -> Attempt {
        Attempt { touch, target: target.to_owned(), answer, count: 1 }
    }

    fn seen_by(observer: Observer, attempts: &[(Touch, &str, Answer)]) -> Observation {
        let attempts = attempts.iter().map(|(touch, target, answer)| attempt(*touch, target, *answer)).collect();
        Observation { observer, attempts, ..Observation::off("") }
    }

    fn watched(attempts: &[(Touch, &str, Answer)]) -> Observation {
        seen_by(Observer::On, attempts)
    }

    fn folded(runs: &[Observation]) -> Envelope {
        let mut envelope = Envelope::default();
        for (id, observation) in (1..).zip(runs) {
            envelope.fold(RunId(id), observation);
        }
        envelope
    }

    fn departing(envelope: &Envelope, declared: &Permissions, attempts: &[(Touch, &str, Answer)]) -> Vec<String> {
        let observation = watched(attempts);
        envelope.departures(declared, &observation).iter().map(|attempt| attempt.target.clone()).collect()
    }

    fn lines(envelope: &Envelope, declared: &Permissions) -> Vec<(String, PermissionUse)> {
        envelope.against(declared).into_iter().map(|line| (line.permission, line.verdict)).collect()
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_run_that_nobody_watched_counts_apart_and_what_was_seen_of_it_stays() {
        let half = seen_by(Observer::Off("it ran out".to_owned()), &[(Touch::Read, "/etc/shadow", Answer::Denied)]);
        let envelope = folded(&[watched(&[]), half, Observation::off("switched off")]);
        assert_eq!((envelope.observed, envelope.unobserved, envelope.seen.len()), (1, 2, 1));
    }

    #[test]
    fn runs_are_counted_once_each_however_often_they_did_it() {
        let first = watched(&[
            (Touch::Write, "{scratch}/tmpab12cd", Answer::Allowed),
            (Touch::Write, "{scratch}/tmpef34gh", Answer::Allowed),
        ]);
        let envelope = folded(&[first.clone(), first]);
        let seen: Vec<&Seen> = envelope.seen.values().collect();
        let expected = Seen {
            touch: Touch::Write,
            target: "{scratch}/tmp{id}".to_owned(),
            answer: Answer::Allowed,
            runs: 2,
            first_run: RunId(1),
            last_run: RunId(2),
        };
        assert_eq!(seen, [&expected]);
    }

    #[test]
    fn many_files_of_a_folder_become_the_folder_when_they_were_let_through_only() {
        let name = |i: u8| format!("/data/in/{}", char::from(b'a' + i));
        let names: Vec<String> = (0..26).map(name).collect();
        let of = |answer| names.iter().map(|name| (Touch::Read, name.as_str(), answer)).collect::<Vec<_>>();
        let read = folded(&[watched(&of(Answer::Allowed)), watched(&of(Answer::Allowed))]);
        let targets: Vec<(&str, u64)> = read.seen.values().map(|seen| (seen.target.as_str(), seen.runs)).collect();
        assert_eq!(targets, [("/data/in/*", 2)]);
        assert_eq!(folded(&[watched(&of(Answer::Denied))]).seen.len(), 26);
    }

    #[test]
    fn an_envelope_is_bounded_and_counts_what_it_left_out() {
        let names: Vec<String> = (0..700)
            .map(|i| format!("/secret/{}{}/x", char::from(b'a' + (i / 26) as u8), char::from(b'a' + (i % 26) as u8)))
            .collect();
        let attempts: Vec<_> = names.iter().map(|name| (Touch::Read, name.as_str(), Answer::Denied)).collect();
        let envelope = folded(&[watched(&attempts)]);
        assert_eq!((envelope.seen.len(), envelope.cut), (MAX_SEEN, 700 - MAX_SEEN as u64));
    }

    #[test]
    fn what_no_run_did_before_is_a_departure_and_once_for_each_place() {
        let envelope = folded(&[watched(&[(Touch::Read, "/data/in/a", Answer::Missing)])]);
        let none = Permissions::default();
        let now = [
            (Touch::Read, "/data/in/b", Answer::Missing),
            (Touch::Read, "/data/out/a", Answer::Missing),
            (Touch::Read, "/data/out/b", Answer::Missing),
            (Touch::Delete, "/data/in/a", Answer::Missing),
            (Touch::Read, "{tool}/main.py", Answer::Allowed),
            (Touch::Write, "{scratch}/x", Answer::Allowed),
        ];
        assert_eq!(departing(&envelope, &none, &now), ["/data/out/a", "/data/in/a"]);
    }

    #[test]
    fn another_way_of_being_refused_is_no_departure_and_the_first_time_let_through_is() {
        let none = Permissions::default();
        let of = |answer| [(Touch::Read, "/data/in/a", answer)];
        for (before, now, departs) in [
            (Answer::Missing, Answer::Denied, false),
            (Answer::Denied, Answer::Missing, false),
            (Answer::Allowed, Answer::Denied, false),
            (Answer::Allowed, Answer::Missing, false),
            (Answer::Denied, Answer::Allowed, true),
            (Answer::Missing, Answer::Allowed, true),
        ] {
            let envelope = folded(&[watched(&of(before))]);
            let found = departing(&envelope, &none, &of(now));
            assert_eq!(!found.is_empty(), departs, "{before}, then {now}");
        }
    }

    #[test]
    fn what_was_refused_in_two_ways_is_one_line() {
        let of = |answer| watched(&[(Touch::Read, "/srv/a", answer)]);
        let envelope = folded(&[of(Answer::Missing), of(Answer::Denied), of(Answer::Missing), of(Answer::Allowed)]);
        let tried = envelope.tried();
        let told: Vec<_> = tried.iter().map(|seen| (seen.answer, seen.runs, seen.first_run, seen.last_run)).collect();
        assert_eq!(told, [(Answer::Allowed, 1, RunId(4), RunId(4)), (Answer::Denied, 3, RunId(1), RunId(3))]);
        let line = envelope.against(&Permissions::default()).remove(0);
        assert_eq!(line.seen, ["read /srv/a (allowed)", "read /srv/a (denied, 3 runs)"]);
    }

    #[test]
    fn looking_up_the_names_of_users_is_one_line_and_needs_no_permission() {
        let attempts = [
            (Touch::Read, "/run/userdb", Answer::Denied),
            (Touch::Read, "/run/userdb/0.user", Answer::Denied),
            (Touch::Read, "/run/host/userdb/root.user", Answer::Missing),
            (Touch::Connect, "unix:/run/systemd/userdb/io.systemd.Multiplexer", Answer::Missing),
            (Touch::Connect, "unix:/var/run/nscd/socket", Answer::Denied),
            (Touch::Read, "/run", Answer::Missing),
            (Touch::Read, "/", Answer::Denied),
        ];
        let envelope = folded(&[watched(&attempts)]);
        let told: Vec<String> = envelope.tried().iter().map(|seen| format!("{} {}", seen.touch, seen.target)).collect();
        assert_eq!(told, ["connect {user names}", "read {user names}"]);
        assert_eq!(envelope.against(&Permissions::default()), []);
        assert_eq!(departing(&Envelope::default(), &Permissions::default(), &attempts), [""; 0]);
        let alone = [(Touch::Read, "/run", Answer::Missing)];
        assert_eq!(departing(&Envelope::default(), &Permissions::default(), &alone), ["/run"]);
        // Beside them, and more than asking, is told.
        for (touch, target) in [
            (Touch::Read, "/run/userdb/../secrets"),
            (Touch::Read, "/run/userdbs"),
            (Touch::Write, "/run/userdb/x"),
            (Touch::Connect, "unix:/run/docker.sock"),
        ] {
            let found = departing(&Envelope::default(), &Permissions::default(), &[(touch, target, Answer::Denied)]);
            assert_eq!(found, [target]);
        }
    }

    #[test]
    fn a_wide_folder_hides_no_other_file_of_it() {
        let envelope = folded(&[watched(&[(Touch::Read, "/etc/passwd", Answer::Allowed)])]);
        let now = [(Touch::Read, "/etc/shadow", Answer::Denied), (Touch::Read, "/etc/passwd", Answer::Allowed)];
        assert_eq!(departing(&envelope, &Permissions::default(), &now), ["/etc/shadow"]);
    }

    #[test]
    fn the_same_program_with_other_arguments_is_no_departure() {
        let envelope = folded(&[watched(&[(Touch::Exec, "/usr/bin/git status", Answer::Allowed)])]);
        let none = Permissions::default();
        assert!(departing(&envelope, &none, &[(Touch::Exec, "/usr/bin/git log -1", Answer::Allowed)]).is_empty());
        assert_eq!(departing(&envelope, &none, &[(Touch::Exec, "/usr/bin/ssh x", Answer::Allowed)]).len(), 1);
    }

    #[test]
    fn what_is_declared_never_departs() {
        let declared = Permissions {
            network: words(&["full"]),
            read: words(&["/data/2026"]),
            write: words(&["out/"]),
            env: vec![],
            run: words(&["git"]),
        };
        let now = [
            (Touch::Connect, "192.0.2.1:443", Answer::Allowed),
            (Touch::Resolve, "example.org", Answer::Allowed),
            (Touch::Read, "/data/2026/x/y", Answer::Allowed),
            (Touch::Read, "{workspace}/out", Answer::Allowed),
            (Touch::Delete, "{workspace}/out/x", Answer::Allowed),
            (Touch::Exec, "/usr/bin/git status", Answer::Allowed),
        ];
        assert!(departing(&Envelope::default(), &declared, &now).is_empty());
        assert_eq!(departing(&Envelope::default(), &Permissions::default(), &now).len(), now.len());
        assert!(lines(&folded(&[watched(&now)]), &declared).iter().all(|(_, verdict)| *verdict == PermissionUse::Used));
    }

    #[test]
    fn loopback_covers_addresses_of_the_machine_and_no_names() {
        let declared = Permissions { network: words(&["loopback"]), ..Permissions::default() };
        let now = [
            (Touch::Connect, "127.0.0.1:40001", Answer::Allowed),
            (Touch::Connect, "[::1]:80", Answer::Allowed),
            (Touch::Listen, "0.0.0.0:0", Answer::Allowed),
            (Touch::Connect, "192.0.2.1:80", Answer::Denied),
            (Touch::Resolve, "example.org", Answer::Denied),
        ];
        assert_eq!(departing(&Envelope::default(), &declared, &now), ["192.0.2.1:80", "example.org"]);
        let expected = [
            ("network full".to_owned(), PermissionUse::Undeclared),
            ("network loopback".to_owned(), PermissionUse::Used),
        ];
        assert_eq!(lines(&folded(&[watched(&now)]), &declared), expected);
    }

    #[test]
    fn undeclared_attempts_come_first_and_say_what_they_would_need() {
        let declared = Permissions {
            network: words(&["none"]),
            read: words(&["{workspace}"]),
            write: words(&["{workspace}/out"]),
            env: words(&["TOKEN"]),
            run: vec![],
        };
        let envelope = folded(&[watched(&[
            (Touch::Read, "{workspace}/src/x", Answer::Allowed),
            (Touch::Read, "~/.ssh/id_rsa", Answer::Missing),
            (Touch::Write, "{workspace}/src/x", Answer::Denied),
            (Touch::Write, "{tool}/main.py", Answer::Denied),
            (Touch::Exec, "/usr/bin/curl -s", Answer::Allowed),
            (Touch::Connect, "192.0.2.1:80", Answer::Denied),
            (Touch::Connect, "unix:/run/docker.sock", Answer::Missing),
            (Touch::Connect, "unix:@own", Answer::Allowed),
            (Touch::Forbidden, "ptrace", Answer::Denied),
        ])]);
        let expected = [
            ("network full", PermissionUse::Undeclared),
            ("ptrace (nothing permits it)", PermissionUse::Undeclared),
            ("read /run/docker.sock", PermissionUse::Undeclared),
            ("read ~/.ssh", PermissionUse::Undeclared),
            ("run /usr/bin/curl", PermissionUse::Undeclared),
            ("write {tool}", PermissionUse::Undeclared),
            ("write {workspace}/src", PermissionUse::Undeclared),
            ("read {workspace}", PermissionUse::Used),
            ("write {workspace}/out", PermissionUse::Unused),
            ("env TOKEN", PermissionUse::NotObservable),
        ];
        let expected: Vec<_> = expected.iter().map(|(words, verdict)| ((*words).to_owned(), *verdict)).collect();
        assert_eq!(lines(&envelope, &declared), expected);
        let ssh = envelope.against(&declared).remove(3);
        assert_eq!(ssh.seen, ["read ~/.ssh/id_rsa (missing)"]);
    }

    #[test]
    fn unused_is_never_said_when_nobody_watched() {
        let declared = Permissions { read: words(&["/data"]), ..Permissions::default() };
        let envelope = folded(&[Observation::off("switched off")]);
        assert_eq!(lines(&envelope, &declared), [("read /data".to_owned(), PermissionUse::NotObservable)]);
        let envelope = folded(&[Observation::off("switched off"), watched(&[])]);
        assert_eq!(lines(&envelope, &declared), [("read /data".to_owned(), PermissionUse::Unused)]);
    }

    #[test]
    fn a_flood_of_undeclared_attempts_stays_a_few_lines() {
        let names: Vec<String> =
            (b'a'..=b'z').flat_map(|a| [format!("/{}", a as char), format!("/z{}", a as char)]).collect();
        let attempts: Vec<_> = names.iter().map(|name| (Touch::Read, name.as_str(), Answer::Denied)).collect();
        let lines = folded(&[watched(&attempts)]).against(&Permissions::default());
        assert_eq!(lines.len(), MAX_UNDECLARED + 1);
        assert_eq!(lines[MAX_UNDECLARED].permission, "12 more that it did not declare");
    }

    #[test]
    fn an_envelope_survives_being_stored() {
        let envelope = folded(&[watched(&[(Touch::Read, "/etc/shadow", Answer::Denied)])]);
        let text = serde_json::to_string(&envelope).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope);
    }
}
