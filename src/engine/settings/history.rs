//! The setting `[history]`: how much output of runs is kept.

use super::file::File;
use crate::domain::KeepOutput;
use toml::Spanned;
use toml::de::DeValue;

/// The maximum of each setting.
const MOST: u64 = 1_000_000_000;

impl File<'_> {
    pub(super) fn history(&mut self, value: &Spanned<DeValue<'_>>) -> KeepOutput {
        let mut keep = KeepOutput::default();
        for (key, value) in self.table(value, "history") {
            let limit = match key.get_ref().as_ref() {
                "keep_runs" => &mut keep.runs,
                "keep_days" => &mut keep.days,
                "keep_mib" => &mut keep.mib,
                other => {
                    let hint = "history has the settings keep_runs, keep_days and keep_mib";
                    self.unknown(key.span().start, &format!("history.{other}"), hint);
                    continue;
                }
            };
            let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u64>().ok());
            match number.filter(|number| *number <= MOST) {
                Some(number) => *limit = number,
                None => self.bad(
                    value.span().start,
                    format!("history.{} is not a number", key.get_ref()),
                    format!("write a whole number up to {MOST}; 0 means unlimited"),
                ),
            }
        }
        keep
    }
}
