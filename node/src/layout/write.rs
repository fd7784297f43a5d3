//! Writes a tree: what fits on a line stands on one, what does not is broken by what it is.

use super::WIDTH;
use super::tree::{Kind, Node, Tree};

/// Longest head, in characters, below whose first argument the others stand.
const HEAD_MAX: usize = 24;

/// Longest element of data that stands among names, in characters.
const SHORT: usize = 24;

/// The furthest column that a line begins in: deep nesting costs no more than its length.
const INDENT_MAX: usize = 2 * WIDTH;

/// The text of a tree.
pub fn write(tree: &Tree<'_>) -> String {
    let mut writer = Writer {
        tree,
        text: String::new(),
        column: 0,
        tasks: Vec::new(),
    };
    for (place, index) in tree.nodes[0].children.iter().enumerate() {
        let node = &tree.nodes[*index];
        let is_trailing = node.kind == Kind::LineComment && !node.begins_line;
        if place > 0 && is_trailing {
            writer.push(" ");
        } else if place > 0 {
            writer.new_line(0, node.has_blank_before);
        }
        writer.tasks.push(Task::Put {
            index: *index,
            after: 0,
            is_data: false,
        });
        writer.run();
    }
    if !writer.text.is_empty() {
        writer.text.push('\n');
    }
    writer.text
}

/// What is left to write, the next last.
enum Task<'a> {
    /// A node, on a line on which that many characters must follow.
    Put {
        index: usize,
        after: usize,
        is_data: bool,
    },
    /// A node that is known to fit.
    Flat(usize),
    /// Text.
    Text(&'a str),
    /// A new line that begins in this column, perhaps after an empty one.
    Line { indent: usize, is_blank: bool },
}

struct Writer<'t, 'a> {
    tree: &'t Tree<'a>,
    text: String,
    column: usize,
    tasks: Vec<Task<'a>>,
}

/// Where an element of a broken group stands.
enum Place {
    /// After a blank on the same line.
    Beside,
    /// On a line of its own, in this column.
    Below(usize),
}

impl<'a> Writer<'_, 'a> {
    fn run(&mut self) {
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Put {
                    index,
                    after,
                    is_data,
                } => self.put(index, after, is_data),
                Task::Flat(index) => self.flat(index),
                Task::Text(text) => self.push(text),
                Task::Line { indent, is_blank } => self.new_line(indent, is_blank),
            }
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column = match text.rfind(['\n', '\r']) {
            Some(end) => text[end + 1..].chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn new_line(&mut self, indent: usize, is_blank: bool) {
        let indent = indent.min(INDENT_MAX);
        self.text.push_str(if is_blank { "\n\n" } else { "\n" });
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn put(&mut self, index: usize, after: usize, is_data: bool) {
        let node = &self.tree.nodes[index];
        match node.flat {
            Some(flat) if self.column + flat + after <= WIDTH => self.tasks.push(Task::Flat(index)),
            _ if node.kind != Kind::Group || node.children.is_empty() => {
                self.tasks.push(Task::Flat(index));
            }
            _ => self.broken(index, after, is_data),
        }
    }

    /// A node on one line.
    fn flat(&mut self, index: usize) {
        let node = &self.tree.nodes[index];
        self.push(&node.prefix);
        self.push(node.text);
        if node.kind != Kind::Group {
            return;
        }
        self.tasks.push(Task::Text(node.close));
        for (place, child) in node.children.iter().enumerate().rev() {
            self.tasks.push(Task::Flat(*child));
            if place > 0 {
                self.tasks.push(Task::Text(" "));
            }
        }
    }

    /// A group over several lines.
    fn broken(&mut self, index: usize, after: usize, is_data: bool) {
        let node = &self.tree.nodes[index];
        let start = self.column + node.prefix.chars().count();
        let is_data = is_data || node.prefix.contains('\'') || node.text.starts_with('#');
        let inner = start + node.text.chars().count();
        let places = self.places(index, start, inner, is_data);
        self.push(&node.prefix);
        self.push(node.text);
        let mut tasks = Vec::with_capacity(node.children.len() * 2 + 2);
        for (number, child) in node.children.iter().enumerate() {
            let element = &self.tree.nodes[*child];
            let is_last = number + 1 == node.children.len();
            match places[number] {
                _ if number == 0 => {}
                Place::Beside => tasks.push(Task::Text(" ")),
                Place::Below(indent) => tasks.push(Task::Line {
                    indent,
                    is_blank: element.has_blank_before,
                }),
            }
            let after = if is_last { after + node.close.len() } else { 0 };
            tasks.push(Task::Put {
                index: *child,
                after,
                is_data,
            });
            if is_last && element.kind == Kind::LineComment {
                tasks.push(Task::Line {
                    indent: inner,
                    is_blank: false,
                });
            }
        }
        tasks.push(Task::Text(node.close));
        self.tasks.extend(tasks.into_iter().rev());
    }

    /// Where each element of a broken group stands. `start` is the column of what opens it,
    /// `inner` the one after that.
    fn places(&self, index: usize, start: usize, inner: usize, is_data: bool) -> Vec<Place> {
        let node = &self.tree.nodes[index];
        let elements: Vec<&Node<'_>> = node
            .children
            .iter()
            .map(|child| &self.tree.nodes[*child])
            .collect();
        let head = elements[0];
        let head_width = head.flat.filter(|_| head.kind == Kind::Atom).unwrap_or(0);
        let is_call = !is_data && head_width > 0 && matches!(node.text, "(" | "[");
        let form = self.tree.form(index).filter(|_| !is_data);
        let beside = inner + head_width + 1;
        // How many stay on the first line, and where the others stand.
        let (first, indent) = match form {
            Some(form) if form.is_aligned => (form.first + 1, beside),
            Some(form) => (form.first, start + 2),
            None if is_call && head_width <= HEAD_MAX => (1, beside),
            None if is_call => (0, start + 2),
            None => (0, inner),
        };
        let is_filled = form.is_none() && is_filled(&elements, is_data);
        let is_dict = node.text == "{";
        let mut places = vec![Place::Beside];
        let mut column = inner + head_width;
        let mut is_value = is_dict || head.is_keyword() && !is_call;
        for number in 1..elements.len() {
            let (before, element) = (elements[number - 1], elements[number]);
            let width = element.flat.unwrap_or(WIDTH);
            let is_beside = match (before.kind, element.kind) {
                // Nothing can follow it on its line.
                (Kind::LineComment, _) => false,
                (_, Kind::LineComment) => !element.begins_line,
                // What stands for the rest of a list, and what repeats the element before.
                _ if before.text == "." || element.text == "..." => true,
                _ if number <= first => true,
                _ if is_filled => column + 1 + width + node.close.len() <= WIDTH,
                _ => is_value,
            };
            column = if is_beside {
                column + 1 + width
            } else {
                indent + width
            };
            places.push(if is_beside {
                Place::Beside
            } else {
                Place::Below(indent)
            });
            let is_key = match is_dict {
                true => !is_value,
                false => element.is_keyword() && !(is_value && before.is_keyword()),
            };
            is_value = match element.kind {
                Kind::LineComment | Kind::BlockComment => is_value && is_dict,
                _ => is_key,
            };
        }
        places
    }
}

/// Whether elements follow each other on a line as long as they fit: names and numbers, among which data may hold something short.
fn is_filled(elements: &[&Node<'_>], is_data: bool) -> bool {
    let atoms = elements.iter().filter(|element| element.kind == Kind::Atom);
    let atoms = atoms.count();
    let is_short = |element: &&Node<'_>| element.flat.is_some_and(|flat| flat <= SHORT);
    atoms == elements.len()
        || is_data && 2 * atoms > elements.len() && elements.iter().all(is_short)
}
