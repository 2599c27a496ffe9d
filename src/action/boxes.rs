//! Keys of boxes: lists and reports over the screen. A key has the same meaning in a box as in the panes.

use super::Verb;

/// A key of a box, in addition to those of its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoxRow {
    /// The name of the box in the help.
    pub place: &'static str,
    /// The key, as written in the table of verbs.
    pub key: &'static str,
    /// The verb that the key performs, or the verb that opens the box.
    pub verb: Verb,
    /// The label of the key in the lower border and in help.
    pub word: &'static str,
    /// One line in help.
    pub doc: &'static str,
}

macro_rules! rows {
    ($($name:ident $place:literal $key:literal $verb:ident $word:literal $doc:literal)*) => {
        $(
            #[doc = $doc]
            pub const $name: BoxRow =
                BoxRow { place: $place, key: $key, verb: Verb::$verb, word: $word, doc: $doc };
        )*
        /// The keys of all boxes. `y` and `n` answer a question and are not listed.
        pub const BOX_ROWS: &[BoxRow] = &[$($name),*];
    };
}

rows! {
    OPEN_RUN "list of runs" "enter" Output "show output" "Show the output of the run"
    OPEN_FAILED "failure" "enter" Output "show output" "Show the output of the run"
    MARK_RUN "failure" "m" Compare "mark" "Mark the run, to compare another one with it"
    OPEN_EVOLUTION "list of evolutions" "enter" Evolutions "open" "Show the rounds of the evolution"
    GO_TO_TOOL "report" "enter" Show "go to the tool" "Select the tool in the catalog"
    REVOKE "list of grants" "X" Revoke "revoke" "Revoke the grant; asks first"
    USE_SET "list of tool sets" "enter" Sets "use" "Use this tool set"
    DELETE_SET "list of tool sets" "X" Unset "delete saved set" "Delete the saved set; asks first"
    FLUSH "list of buffers" "\"" Buffer "flush" "Send what is in the buffer to its receiver; asks first"
    RETRY "list of buffers" "R" Buffer "retry what is set aside" "Try again to send what was set aside; asks first"
    CLEAR_BUFFER "list of buffers" "X" Buffer "clear" "Delete what is in the buffer; asks first"
    ACCEPT "list of opportunities" "a" Accept "accept" "Accept it: request the tool that it suggests; asks first"
    ADD_FILES "list of opportunities" "+" Opportunities "add files" "Look for opportunities in more files"
    DISMISS "list of opportunities" "X" Dismiss "dismiss" "Dismiss it; asks first"
    OPEN_TOOL "list of tools" "enter" Show "open" "Show the tool"
    PROPOSE "list of tools" "X" Archive "propose to archive" "Propose to archive the tool; asks first"
    PROPOSE_ALL "list of tools" "$" Archive "propose all" "Propose to archive all of them; asks first"
    STAGE_PROMPT "context" "+" Context "stage" "Prepare a prompt; it is not sent before it is promoted"
    PROMOTE_PROMPTS "context" "p" Context "promote" "Send all staged prompts with the next message"
    INJECT_PROMPT "context" "&" Context "inject" "Send a prompt with the next message"
    CLEAR_CONTEXT "context" "X" Context "clear" "Delete all prompts and the last output; asks first"
    SAY "context" "\"" Say "say" "Send a message to the instance"
    EDIT_INPUT "question" ";" EditRun "edit input" "Change the input of the run, then start it again"
    EXPLAIN "question" "i" Show "explain" "Show the tool that this is about"
    EDIT_ARGUMENTS "question of a verb" ";" EditRun "edit arguments" "Change the arguments of the verb, then look again"
}
