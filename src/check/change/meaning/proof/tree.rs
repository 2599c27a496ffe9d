//! The tree in which two versions are compared: everything that can change what a program does, and nothing else.

/// What a node is. The parts that belong to each kind are given in brackets, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Nothing stands here.
    Empty,
    /// A variable.
    Name,
    /// A number as written.
    Num,
    /// What a text says.
    Str,
    /// A text with values put in \[`Str` or `Hole`…\].
    Text,
    /// A value in a text, with its format \[value\].
    Hole,
    /// A constant with a name: `True`, `None`, `undefined`.
    Word,
    /// `object.text` \[object\].
    Member,
    /// `object[index]` \[object, index\].
    Item,
    /// A call \[target, arguments…\].
    Call,
    /// An argument with a name \[value\].
    Kw,
    /// `*value`, `**value`, `...value` \[value\].
    Spread,
    /// An operator before a value \[value\].
    Unary,
    /// An operator between values \[left, right\].
    Binary,
    /// A comparison \[left, right\], or several in a chain.
    Compare,
    /// \[value\].
    Not,
    /// \[value…\].
    And,
    /// \[value…\].
    Or,
    /// `??` \[value, value\].
    Nullish,
    /// One of two values \[condition, value, value\].
    Cond,
    /// \[value…\].
    List,
    /// \[value…\].
    Tuple,
    /// \[value…\].
    Set,
    /// \[`Pair` or `Spread`…\].
    Dict,
    /// \[key, value\].
    Pair,
    /// A comprehension; its text says of what \[value, `Round` or `Filter`…\].
    Each,
    /// \[target, over\].
    Round,
    /// \[condition\].
    Filter,
    /// A function without a name \[`Params`, `Block`\].
    Lambda,
    /// \[`Param`…\].
    Params,
    /// Its text is the name in the body \[default, name for callers\].
    Param,
    /// \[value\].
    Await,
    /// Syntax that is kept with its parts: its text is the sort and the signs \[anything…\].
    Raw,
    /// Syntax that is not understood: its text.
    Opaque,
    /// \[statement…\].
    Block,
    /// \[target, value\]; the text says how a name is declared.
    Assign,
    /// `target op= value` \[target, value\].
    Aug,
    /// A value for its effect \[value\].
    Do,
    /// \[condition, `Block`, `Block`\].
    If,
    /// \[target, over, `Block`, `Block`\].
    For,
    /// \[condition, `Block`, `Block`\].
    While,
    /// `for (;;)` \[`Block`, condition, step, `Block`\].
    Loop,
    /// \[`Block`, `Block` of else, `Block` of finally, `Handler`…\].
    Try,
    /// \[type, name, `Block`\].
    Handler,
    /// \[`Block`, value, target, value, target…\].
    With,
    /// \[value\] or nothing.
    Return,
    /// \[anything…\].
    Raise,
    Break,
    Continue,
    /// A function \[`Params`, `Block`, `Raw` with decorators\]; the text of the last part says its sort.
    Def,
    /// A class \[`Raw` with bases and decorators, `Block`\].
    Class,
    /// `global`, `nonlocal`: the sort and the names.
    Global,
}

/// A node with its parts. Where it stands in the file does not count when two are compared.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) kids: Vec<Node>,
    /// First and last line, counted from 1.
    pub(super) lines: (u64, u64),
}

impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        self.kind == other.kind && self.text == other.text && self.kids == other.kids
    }
}

impl Node {
    pub(super) fn new(kind: Kind, text: &str, kids: Vec<Node>) -> Node {
        Node { kind, text: text.to_owned(), kids, lines: (0, 0) }
    }

    pub(super) fn of(kind: Kind, kids: Vec<Node>) -> Node {
        Node::new(kind, "", kids)
    }

    pub(super) fn leaf(kind: Kind, text: &str) -> Node {
        Node::new(kind, text, Vec::new())
    }

    pub(super) fn empty() -> Node {
        Node::leaf(Kind::Empty, "")
    }

    pub(super) fn name(text: &str) -> Node {
        Node::leaf(Kind::Name, text)
    }

    pub(super) fn block(kids: Vec<Node>) -> Node {
        Node::of(Kind::Block, kids)
    }

    pub(super) fn negated(self) -> Node {
        Node::of(Kind::Not, vec![self])
    }

    pub(super) fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    pub(super) fn is_name(&self, text: &str) -> bool {
        self.kind == Kind::Name && self.text == text
    }

    /// Takes the node and leaves an empty one.
    pub(super) fn take(&mut self) -> Node {
        std::mem::replace(self, Node::empty())
    }

    /// Goes through the node and all parts, outermost first.
    pub(super) fn each<'n>(&'n self, visit: &mut dyn FnMut(&'n Node)) {
        visit(self);
        for kid in &self.kids {
            kid.each(visit);
        }
    }

    /// Changes the node and all parts, innermost first.
    pub(super) fn rewrite(&mut self, change: &mut dyn FnMut(&mut Node)) {
        for kid in &mut self.kids {
            kid.rewrite(change);
        }
        change(self);
    }

    /// Whether one of the nodes fits.
    pub(super) fn any(&self, fits: &dyn Fn(&Node) -> bool) -> bool {
        fits(self) || self.kids.iter().any(|kid| kid.any(fits))
    }

    /// Whether this name stands anywhere in it, also in what is not understood.
    pub(super) fn mentions(&self, name: &str) -> bool {
        self.any(&|node| {
            node.is_name(name) || node.kind == Kind::Opaque && words(&node.text).any(|word| word == plain(name))
        })
    }

    /// How often this name stands in it.
    pub(super) fn count(&self, name: &str) -> usize {
        usize::from(self.is_name(name)) + self.kids.iter().map(|kid| kid.count(name)).sum::<usize>()
    }

    /// Nodes and levels.
    pub(super) fn measure(&self) -> (usize, usize) {
        let mut size = (1, 0);
        for kid in &self.kids {
            let (nodes, depth) = kid.measure();
            size = (size.0 + nodes, size.1.max(depth));
        }
        (size.0, size.1 + 1)
    }

    /// Puts a value in place of each mention of a name.
    pub(super) fn put(&mut self, name: &str, value: &Node) {
        self.rewrite(&mut |node| {
            if node.is_name(name) {
                let lines = node.lines;
                *node = value.clone();
                node.lines = lines;
            }
        });
    }
}

/// The words of a text that could be names.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).filter(|word| !word.is_empty())
}

/// A name as it is written: what belongs to a function has a number.
pub(super) fn plain(name: &str) -> &str {
    name.split('#').next().unwrap_or_default()
}

/// Whether a name belongs to a function.
pub(super) fn is_local(name: &str) -> bool {
    name.contains('#')
}
