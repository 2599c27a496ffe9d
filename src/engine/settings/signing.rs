//! The setting `[signing]`: whether decisions are signed, with which key, and whose signatures count.

use super::file::File;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::DeValue;

/// The user's settings for signatures. By default nothing is signed, and no signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The key that signs approvals: the private key, or the public key of a key in the agent.
    pub key: Option<PathBuf>,
    /// Whether a decision without a possible signature is refused.
    pub required: bool,
    /// Whether only signed decisions count: signatures are required, and a key is set or the user wrote `required`.
    pub protects: bool,
    /// The file with accepted signers, in the format of `ssh-keygen`.
    pub allowed_signers: Option<PathBuf>,
    /// Why no approval is possible: the user's requirements for signatures cannot be read. One line with its location.
    pub fault: Option<String>,
}

impl Default for Signing {
    fn default() -> Self {
        Signing { key: None, required: true, protects: false, allowed_signers: None, fault: None }
    }
}

impl File<'_> {
    pub(super) fn signing(&mut self, value: &Spanned<DeValue<'_>>, user_home: Option<&Path>) -> Signing {
        let (mut signing, before) = (Signing::default(), self.problem_count());
        let mut written = false;
        for (key, value) in self.table(value, "signing") {
            let at = value.span().start;
            let name = key.get_ref().as_ref();
            match name {
                "required" => {
                    written = true;
                    signing.required = self.boolean(value, "signing.required").unwrap_or(true);
                }
                "key" | "allowed_signers" => {
                    let path = value.get_ref().as_str().and_then(|text| expanded(text, user_home));
                    if path.is_none() {
                        let hint = "write an absolute path, or one that begins with ~/".to_owned();
                        self.bad(at, format!("signing.{name} is not a path"), hint);
                    }
                    let place = if name == "key" { &mut signing.key } else { &mut signing.allowed_signers };
                    *place = path;
                }
                other => self.unknown(
                    key.span().start,
                    &format!("signing.{other}"),
                    "signing has the settings key, required and allowed_signers",
                ),
            }
        }
        signing.fault = self.fault_since(before);
        // If signatures are required without a key and without signers, nothing can count. The user wrote that, so it
        // applies.
        signing.protects = signing.required && (signing.key.is_some() || written);
        signing
    }
}

fn expanded(text: &str, user_home: Option<&Path>) -> Option<PathBuf> {
    match text.strip_prefix("~/") {
        Some(rest) => Some(user_home?.join(rest)),
        None => Some(PathBuf::from(text)).filter(|path| path.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Home;
    use crate::engine::settings::Settings;

    fn load(table: &str) -> Signing {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { config: temp.path().join("config"), data: temp.path().join("data") };
        std::fs::create_dir(&home.config).unwrap();
        std::fs::write(home.config_file(), format!("[signing]\n{table}\n")).unwrap();
        Settings::load(temp.path(), &home).0.signing
    }

    #[test]
    fn signatures_protect_with_a_key_or_where_they_are_required_in_words() {
        let (key, signers) = ("key = \"/k\"\n", "allowed_signers = \"/s\"\n");
        for (table, required, protects) in [
            (String::new(), true, false),
            (key.to_owned(), true, true),
            (format!("{key}required = true"), true, true),
            (format!("{key}required = false"), false, false),
            (signers.to_owned(), true, false),
            (format!("{signers}required = true"), true, true),
            (format!("{signers}required = false"), false, false),
            (format!("{key}{signers}"), true, true),
            // Without any accepted signer, nothing counts.
            ("required = true".to_owned(), true, true),
            ("required = false".to_owned(), false, false),
        ] {
            let signing = load(&table);
            assert_eq!((signing.required, signing.protects, &signing.fault), (required, protects, &None), "{table}");
            assert_eq!(signing.key.is_some(), table.contains("key"), "{table}");
            assert_eq!(signing.allowed_signers.is_some(), table.contains("allowed_signers"), "{table}");
        }
        for wrong in ["key = \"k\"", "key = 1", "allowed_signers = \"./s\"", "required = \"no\"", "requird = false"] {
            let signing = load(wrong);
            assert!(signing.required && signing.fault.is_some(), "{wrong}: {signing:?}");
        }
    }

    #[test]
    fn a_path_is_absolute_or_below_the_home_folder() {
        let home = Path::new("/home/ada");
        for (text, path) in [
            ("~/keys/id", Some("/home/ada/keys/id")),
            ("/keys/id", Some("/keys/id")),
            ("keys/id", None),
            ("~", None),
            ("", None),
        ] {
            assert_eq!(expanded(text, Some(home)).as_deref(), path.map(Path::new), "{text}");
        }
        assert_eq!(expanded("~/keys/id", None), None);
    }
}
