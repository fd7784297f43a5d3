//! The parts of a text as a tree in one list, each group with its width on one line.

use super::forms::{Form, form};
use super::lexemes::{Lexeme, Part};

/// Longest form with a body that stands on one line, in characters.
const FORM_WIDTH: usize = 60;
/// Longest several bindings that stand on one line, in characters.
const BINDINGS_WIDTH: usize = 48;

/// One element: an atom, a comment, or a group with its elements.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// Marks that belong to it, such as `'`.
    pub prefix: String,
    /// An atom, a comment, or what opens a group.
    pub text: &'a str,
    /// What closes a group; empty for anything else.
    pub close: &'a str,
    pub kind: Kind,
    pub children: Vec<usize>,
    /// Whether somebody left a blank line before it.
    pub has_blank_before: bool,
    /// Whether it began a line.
    pub begins_line: bool,
    /// Whether it is the bindings of a `let`.
    pub is_bindings: bool,
    /// Whether it is a clause of a `cond` or `case`.
    pub is_clause: bool,
    /// Characters on one line; `None` if it takes several whatever its width.
    pub flat: Option<usize>,
}

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Atom,
    Group,
    LineComment,
    BlockComment,
}

/// A text. The first node is the group of all that stands at its top.
#[derive(Debug)]
pub struct Tree<'a> {
    pub nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    /// The tree of a text whose brackets match.
    pub fn new(lexemes: &[Lexeme<'a>]) -> Tree<'a> {
        let mut tree = Tree {
            nodes: vec![Node::new("", Kind::Group)],
        };
        let mut open = vec![0];
        // Marks wait for what they belong to; where the first of them stood.
        let mut prefix = String::new();
        let mut place: Option<usize> = None;
        for lexeme in lexemes {
            let lines = lexeme.lines_before;
            match lexeme.part {
                Part::Prefix => {
                    prefix.push_str(lexeme.text);
                    place.get_or_insert(lines);
                }
                Part::Close => {
                    let group = if open.len() > 1 { open.pop() } else { None };
                    if let Some(group) = group {
                        tree.nodes[group].close = lexeme.text;
                        tree.measure(group);
                    }
                }
                part => {
                    let kind = match part {
                        Part::Open => Kind::Group,
                        Part::LineComment => Kind::LineComment,
                        Part::BlockComment => Kind::BlockComment,
                        _ => Kind::Atom,
                    };
                    let mut node = Node::new(lexeme.text, kind);
                    let mut before = lines;
                    if !lexeme.is_comment() {
                        node.prefix = std::mem::take(&mut prefix);
                        // `, @name` is not `,@name`.
                        if node.prefix.ends_with(',') && node.text.starts_with('@') {
                            node.prefix.push(' ');
                        }
                        before = place.take().unwrap_or(lines);
                    }
                    node.has_blank_before = before > 1;
                    node.begins_line = before > 0;
                    let parent = open.last().copied().unwrap_or_default();
                    node.is_bindings = kind == Kind::Group && tree.awaits_bindings(parent);
                    node.is_clause = kind == Kind::Group
                        && tree.form(parent).is_some()
                        && tree.has_head(parent, &["cond", "case"]);
                    let index = tree.nodes.len();
                    tree.nodes.push(node);
                    tree.nodes[parent].children.push(index);
                    if kind == Kind::Group {
                        open.push(index);
                    } else {
                        tree.measure(index);
                    }
                }
            }
        }
        tree
    }

    /// Finds the width of a node whose children have theirs.
    fn measure(&mut self, index: usize) {
        let node = &self.nodes[index];
        let has_lines = node.text.contains(['\n', '\r']);
        if node.kind == Kind::LineComment || has_lines || self.must_break(index) {
            return;
        }
        let own = [node.prefix.as_str(), node.text, node.close];
        let mut width: usize = own.iter().map(|text| text.chars().count()).sum();
        width += node.children.len().saturating_sub(1);
        for child in &node.children {
            match self.nodes[*child].flat {
                Some(flat) => width += flat,
                None => return,
            }
        }
        let is_several = node.is_bindings && node.children.len() > 1;
        if is_several && width > BINDINGS_WIDTH {
            return;
        }
        if width > FORM_WIDTH && (self.form(index).is_some() || self.has_head(index, &["if"])) {
            return;
        }
        self.nodes[index].flat = Some(width);
    }

    /// Whether a group is more than one line however short: a form or clause with several in its
    /// body.
    fn must_break(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        let is_mark = |child: &&usize| matches!(self.nodes[**child].text, "." | "...");
        let count = node.children.len() - node.children.iter().filter(is_mark).count();
        if node.is_clause && count > 2 {
            return !self.has_second(index, "=>");
        }
        match self.form(index) {
            Some(Form { first, .. }) => count > first + 2,
            None => false,
        }
    }

    /// Whether a group begins with one of these names.
    fn has_head(&self, index: usize, names: &[&str]) -> bool {
        let head = self.nodes[index].children.first();
        head.is_some_and(|head| names.contains(&self.nodes[*head].text))
    }

    fn has_second(&self, index: usize, text: &str) -> bool {
        let second = self.nodes[index].children.get(1);
        second.is_some_and(|second| self.nodes[*second].text == text)
    }

    /// Whether the next element of a group is the bindings of its `let`.
    fn awaits_bindings(&self, index: usize) -> bool {
        let form = self.form(index);
        let is_next = form.is_some_and(|form| form.first == self.nodes[index].children.len());
        is_next && self.has_head(index, &["let", "let*", "letrec", "letrec*"])
    }

    /// How the form that a group is gets laid out, if it is a known one. What is quoted is none.
    pub fn form(&self, index: usize) -> Option<Form> {
        let node = &self.nodes[index];
        let is_code = matches!(node.text, "(" | "[") && !node.prefix.contains('\'');
        let head = &self.nodes[*node.children.first().filter(|_| is_code)?];
        if head.kind != Kind::Atom || !head.prefix.is_empty() {
            return None;
        }
        let second = node.children.get(1).map(|second| &self.nodes[*second]);
        form(
            head.text,
            second.is_some_and(|second| second.kind == Kind::Atom),
        )
    }
}

impl<'a> Node<'a> {
    fn new(text: &'a str, kind: Kind) -> Node<'a> {
        Node {
            prefix: String::new(),
            text,
            close: "",
            kind,
            children: Vec::new(),
            has_blank_before: false,
            begins_line: false,
            is_bindings: false,
            is_clause: false,
            flat: None,
        }
    }

    /// Whether it is a keyword, whose value follows it.
    pub fn is_keyword(&self) -> bool {
        let is_plain = self.kind == Kind::Atom && self.prefix.is_empty();
        is_plain && self.text.len() > 1 && self.text.starts_with(':')
    }
}
