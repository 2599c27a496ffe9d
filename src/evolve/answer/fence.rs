//! Parses code blocks between fences, as in Markdown.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FencedBlock {
    /// The text after the opening fence.
    pub info: String,
    /// The last line with words before it.
    pub heading: String,
    /// Its content; every line ends with `\n`.
    pub text: String,
    /// Whether there is a closing fence.
    pub is_closed: bool,
}

/// The opening of a block.
struct Fence<'a> {
    indent: usize,
    mark: char,
    length: usize,
    info: &'a str,
}

/// The blocks of a text, and the text around them.
pub(super) fn blocks(text: &str) -> (Vec<FencedBlock>, String) {
    let mut found: Vec<FencedBlock> = Vec::new();
    let mut around = String::new();
    let mut heading = "";
    let mut open: Option<(Fence<'_>, FencedBlock)> = None;
    for line in text.lines() {
        match &mut open {
            None => {
                if let Some(fence) = opening(line) {
                    let info = fence.info.to_owned();
                    let block =
                        FencedBlock { info, heading: heading.to_owned(), text: String::new(), is_closed: false };
                    open = Some((fence, block));
                    heading = "";
                    continue;
                }
                if !line.trim().is_empty() {
                    heading = line.trim();
                }
                around.push_str(line);
                around.push('\n');
            }
            Some((fence, block)) if is_closing(line, fence) => {
                block.is_closed = true;
                found.extend(open.take().map(|(_, block)| block));
            }
            Some((fence, block)) => {
                block.text.push_str(without_indent(line, fence.indent));
                block.text.push('\n');
            }
        }
    }
    found.extend(open.map(|(_, block)| block));
    (found, around)
}

fn opening(line: &str) -> Option<Fence<'_>> {
    let rest = line.trim_start_matches([' ', '\t']);
    let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = rest.trim_start_matches(mark);
    let length = rest.len() - info.len();
    // A backtick later in the line means inline code.
    let is_fence = length >= 3 && !(mark == '`' && info.contains('`'));
    is_fence.then(|| Fence { indent: line.len() - rest.len(), mark, length, info: info.trim() })
}

fn is_closing(line: &str, fence: &Fence<'_>) -> bool {
    let rest = line.trim();
    rest.len() >= fence.length && rest.chars().all(|c| c == fence.mark)
        // A fence that is indented further than the opening is code, such as Markdown in a string literal.
        && line.len() - line.trim_start().len() <= fence.indent + 3
}

/// A line without the indentation of its fence, as far as the line is indented.
fn without_indent(line: &str, indent: usize) -> &str {
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    &line[blank.min(indent)..]
}
