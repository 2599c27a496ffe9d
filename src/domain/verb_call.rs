//! A verb with its arguments, as typed.

/// A call of a verb that needs only its arguments as text. Arguments have the names of the table of verbs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbCall {
    verb: &'static str,
    args: Vec<(&'static str, String)>,
}

impl VerbCall {
    /// A call of the verb with this name and these arguments.
    pub fn new(verb: &'static str, args: &[(&'static str, &str)]) -> VerbCall {
        VerbCall { verb, args: args.iter().map(|(name, value)| (*name, (*value).to_owned())).collect() }
    }

    /// Name of the verb.
    pub fn verb(&self) -> &'static str {
        self.verb
    }

    /// The value of an argument; `None` if it was not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Sets the value of an argument.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.args.retain(|(known, _)| *known != name);
        self.args.push((name, value));
    }
}
