//! Keys of forms and of text fields, in addition to the keys that all forms share. Letters are text there, so these
//! keys need ctrl. The same key can have another meaning in the panes, because no verb works while text is typed.

/// A key in forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormKey {
    /// The key, as written in the table of verbs.
    pub key: &'static str,
    /// The label of the key in the lower border.
    pub word: &'static str,
    /// Where the key works.
    pub place: &'static str,
    /// Its effect.
    pub doc: &'static str,
}

macro_rules! keys {
    ($($name:ident $key:literal $word:literal $place:literal $doc:literal)*) => {
        $(
            #[doc = $doc]
            pub const $name: FormKey = FormKey { key: $key, word: $word, place: $place, doc: $doc };
        )*
        /// The keys of all forms: each key once, with one meaning.
        pub const FORM_KEYS: &[FormKey] = &[$($name),*];
    };
}

keys! {
    FIRST "ctrl-a" "first" "fields of one line" "Moves the cursor to the beginning"
    CLOSE "ctrl-c" "close" "palette" "Closes it, whatever is typed"
    DIFFERENCE "ctrl-d" "difference" "approval" "Approves the difference from the version approved before only, or all of it"
    LAST "ctrl-e" "last" "fields of one line" "Moves the cursor to the end"
    GENERATE "ctrl-g" "approve and generate" "approval of a specification" "Approves it and has a generator make the tool"
    NEW_LINE "ctrl-j" "new line" "reasons, comments" "Begins a new line, as `alt-enter` does"
    MACHINE "ctrl-o" "machine" "form of a run" "Runs on the next machine"
    REQUEST "ctrl-p" "preview" "form of `evolve`" "Shows what the generator is sent"
    AS_JSON "ctrl-r" "edit as JSON" "form of a run" "Edits the whole input as JSON, or goes back to the fields"
    SUBMIT "ctrl-s" "submit" "all forms" "Submits"
    CRITERIA "ctrl-t" "criteria" "approval" "Selects what the approval is good for"
    CLEAR "ctrl-u" "clear" "all fields" "Deletes what is typed in the field"
    WORD "ctrl-w" "word" "fields of one line" "Deletes the word before the cursor"
    EXAMPLE "ctrl-x" "example" "form of a run" "Fills in the next example of the tool"
    COPY "ctrl-y" "copy command" "palette" "Copies the command line"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::path::Path;

    #[test]
    fn no_two_forms_use_one_key_for_two_meanings() {
        let keys: HashSet<&str> = FORM_KEYS.iter().map(|row| row.key).collect();
        assert_eq!(keys.len(), FORM_KEYS.len());
        let docs: HashSet<&str> = FORM_KEYS.iter().map(|row| row.doc).collect();
        assert_eq!(docs.len(), FORM_KEYS.len(), "and no meaning has two keys");
    }

    /// The letters that a source file uses with ctrl.
    fn letters(text: &str) -> Vec<char> {
        let is_with_control = |line: &str| line.contains("if control") || line.contains("CONTROL");
        let lines = text.lines().take_while(|line| !line.contains("#[cfg(test)]")).filter(|line| is_with_control(line));
        lines.flat_map(|line| line.split("Char('").skip(1).filter_map(|rest| rest.chars().next())).collect()
    }

    fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                sources(&entry, found);
            } else {
                found.push(entry);
            }
        }
    }

    #[test]
    fn every_letter_that_forms_take_with_ctrl_is_listed() {
        let mut files = Vec::new();
        for folder in ["src/tui/overlay", "src/tui/widget"] {
            sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
        }
        files.retain(|path| {
            path.extension().is_some_and(|end| end == "rs") && !path.to_string_lossy().contains("tests")
        });
        let mut taken = HashSet::new();
        for file in files {
            for letter in letters(&std::fs::read_to_string(&file).unwrap()) {
                let key = format!("ctrl-{letter}");
                assert!(FORM_KEYS.iter().any(|row| row.key == key), "{key} in {}", file.display());
                taken.insert(key);
            }
        }
        let unused: Vec<&str> = FORM_KEYS.iter().map(|row| row.key).filter(|key| !taken.contains(*key)).collect();
        assert_eq!(unused, Vec::<&str>::new(), "they are listed and do nothing");
    }
}
