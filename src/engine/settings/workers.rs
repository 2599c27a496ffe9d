//! The setting `[workers]` of the user: other machines that execute runs.

use super::file::{File, duration};
use crate::domain::IsolationLevel;
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// The default number of concurrent runs of a worker.
const USUAL_MOST: u64 = 4;

/// The maximum of this setting.
const LARGEST_MOST: u64 = 1_000;

/// The default time that a worker may be silent before a run starts there.
const USUAL_PATIENCE: Duration = Duration::from_secs(30);

/// Maximum length of the name of a worker, bytes.
const MAX_NAME: usize = 64;

const WORDS: &str = "a worker has the settings prefix, program, least, most, patience, tags and agents";

/// The settings of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSetting {
    /// The command, with its arguments, that starts another command on the worker.
    pub prefix: Vec<String>,
    /// The path of Toolsmith on the worker.
    pub program: String,
    /// The weakest isolation that is accepted.
    pub least: IsolationLevel,
    /// Maximum number of simultaneous runs of a workspace.
    pub most: u64,
    /// How long it may be silent before a run starts there.
    pub patience: Duration,
    /// Labels, for the reader.
    pub tags: Vec<String>,
    /// Whether agents may select it.
    pub agents: bool,
}

impl File<'_> {
    /// Reads the table. A worker with an unusable setting is left out.
    pub(super) fn workers(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, WorkerSetting> {
        let mut workers = BTreeMap::new();
        for (key, value) in self.table(value, "workers") {
            let name = key.get_ref().as_ref();
            if !is_name(name) {
                let hint = "use up to 64 lower-case letters, digits, _ . and -, beginning with a letter or digit";
                self.bad(key.span().start, format!("workers.{name} is not a valid name"), hint.to_owned());
                continue;
            }
            workers.extend(self.worker(name, value).map(|worker| (name.to_owned(), worker)));
        }
        workers
    }

    fn worker(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<WorkerSetting> {
        let before = self.problem_count();
        let mut worker = WorkerSetting {
            prefix: Vec::new(),
            program: "toolsmith".to_owned(),
            least: IsolationLevel::Isolated,
            most: USUAL_MOST,
            patience: USUAL_PATIENCE,
            tags: Vec::new(),
            agents: false,
        };
        for (key, value) in self.table(value, &format!("workers.{name}")) {
            let word = key.get_ref().as_ref();
            match worker.take(word, value) {
                Ok(()) => {}
                Err(Some(hint)) => {
                    self.bad(value.span().start, format!("workers.{name}.{word} is not valid"), hint.to_owned());
                }
                Err(None) => self.unknown(key.span().start, &format!("workers.{name}.{word}"), WORDS),
            }
        }
        if worker.prefix.is_empty() && self.problem_count() == before {
            let hint = "write for example prefix = [\"ssh\", \"-o\", \"BatchMode=yes\", \"big\"]";
            self.bad(value.span().start, format!("workers.{name} has no prefix"), hint.to_owned());
        }
        (self.problem_count() == before).then_some(worker)
    }
}

impl WorkerSetting {
    /// Applies one setting. The error is a hint for an unusable value; `None` for an unknown setting.
    fn take(&mut self, word: &str, value: &Spanned<DeValue<'_>>) -> Result<(), Option<&'static str>> {
        let text = value.get_ref().as_str().filter(|text| is_word(text));
        match word {
            "prefix" => {
                let list = list(value).filter(|list| !list.is_empty());
                self.prefix = list.ok_or(Some("write a list of words: the program and its arguments"))?;
            }
            "program" => text.ok_or(Some("write the name or path of Toolsmith there"))?.clone_into(&mut self.program),
            "least" => {
                let level = text.and_then(|word| word.parse().ok()).filter(|level| *level != IsolationLevel::None);
                self.least = level.ok_or(Some("write \"isolated\", \"confined\" or \"limits-only\""))?;
            }
            "most" => {
                let whole = value
                    .get_ref()
                    .as_integer()
                    .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
                let most = whole.filter(|most| (1..=LARGEST_MOST).contains(most));
                self.most = most.ok_or(Some("write a whole number from 1 to 1000"))?;
            }
            "patience" => {
                let patience = value.get_ref().as_str().and_then(duration);
                self.patience = patience.ok_or(Some("write for example \"30s\" or \"10m\""))?;
            }
            "tags" => self.tags = list(value).ok_or(Some("write a list of words"))?,
            "agents" => self.agents = value.get_ref().as_bool().ok_or(Some("write true or false"))?,
            _ => return Err(None),
        }
        Ok(())
    }
}

fn list(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    let word = |word: &Spanned<DeValue<'_>>| word.get_ref().as_str().filter(|word| is_word(word)).map(str::to_owned);
    value.get_ref().as_array()?.iter().map(word).collect()
}

/// Whether a text can be a word of a command.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

fn is_name(name: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "_.-".contains(sign);
    name.len() <= MAX_NAME && name.chars().all(is_sign) && name.starts_with(|sign: char| sign.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::settings::tests::load;

    #[test]
    fn a_worker_needs_a_prefix_and_nothing_else() {
        let (settings, problems) = load("", "[workers.big]\nprefix = [\"ssh\", \"big\"]\n");
        assert_eq!(problems, vec![]);
        let worker = &settings.workers["big"];
        assert_eq!((worker.program.as_str(), worker.least, worker.most), ("toolsmith", IsolationLevel::Isolated, 4));
        let all = "[workers.a]\nprefix = [\"srun\"]\nprogram = \"/opt/t\"\nleast = \"confined\"\nmost = 9\n\
                   patience = \"10m\"\ntags = [\"gpu\"]\nagents = true\n";
        let (settings, problems) = load("", all);
        assert_eq!(problems, vec![]);
        let wanted = WorkerSetting {
            prefix: vec!["srun".into()],
            program: "/opt/t".into(),
            least: IsolationLevel::Confined,
            most: 9,
            patience: Duration::from_mins(10),
            tags: vec!["gpu".into()],
            agents: true,
        };
        assert_eq!(settings.workers["a"], wanted);
    }

    #[test]
    fn a_worker_that_cannot_be_read_is_left_out_and_its_line_is_named() {
        for line in [
            "prefix = \"ssh big\"",
            "prefix = []",
            "prefix = [\"\"]",
            "least = \"none\"",
            "least = \"strong\"",
            "most = 0",
            "most = 2.5",
            "patience = \"never\"",
            "tags = \"gpu\"",
            "program = \"\"",
            "agents = \"yes\"",
            "host = \"big\"",
        ] {
            let prefix = if line.starts_with("prefix") { "" } else { "prefix = [\"ssh\"]\n" };
            let (settings, problems) = load("", &format!("[workers.big]\n{prefix}{line}\n"));
            assert!(settings.workers.is_empty(), "{line}");
            assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        }
        assert_eq!(load("", "[workers.big]\n").1[0].message, "workers.big has no prefix");
        assert_eq!(load("", "[workers.Big]\nprefix = [\"x\"]\n").1[0].message, "workers.Big is not a valid name");
    }

    #[test]
    fn a_workspace_cannot_name_a_worker() {
        let (settings, problems) = load("[workers.big]\nprefix = [\"evil\"]\n", "");
        assert!(settings.workers.is_empty());
        assert_eq!(problems[0].message, "workers cannot be set in a workspace");
        assert_eq!(problems[0].hint, "it is a user setting: put it into the user's config.toml");
    }
}
