//! Syntax: what the reader makes of text and the expander works on, a datum with the place it came from.
//!
//! Owns the tree type, spans and the registry of sources. It lives outside the heap of values and is shared by
//! reference counting; dropping one of any depth takes constant stack. Cycles written with datum labels stay
//! labels here (`Labelled`, `Reference`) and become cycles only as values.

use crate::number::Number;
use crate::symbol::Symbol;
use std::rc::Rc;

/// Which text a span points into: an index into [`Sources`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A half-open range of bytes of one source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span of code that came from no text: source 0 is always empty.
    pub const NONE: Span = Span {
        source: SourceId(0),
        start: 0,
        end: 0,
    };

    /// The smallest span holding both; `self` when they lie in different sources.
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span {
            source: self.source,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// Whether this is [`Span::NONE`].
    pub fn is_none(self) -> bool {
        self.source.0 == 0
    }
}

/// Where code comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Where it was written; for what a macro introduced, the use of the macro.
    pub span: Span,
    /// For what a macro introduced, the place in the macro's definition; otherwise [`Span::NONE`].
    pub origin: Span,
}

impl Place {
    /// That of a datum.
    pub fn of(syntax: &Syntax) -> Place {
        Place {
            span: syntax.span(),
            origin: syntax.origin(),
        }
    }
}

impl From<Span> for Place {
    fn from(span: Span) -> Place {
        let origin = Span::NONE;
        Place { span, origin }
    }
}

impl From<&Syntax> for Place {
    fn from(syntax: &Syntax) -> Place {
        Place::of(syntax)
    }
}

/// One text that was read: a file, a line at the prompt, a string given to `eval`.
#[derive(Debug, Clone)]
pub struct Source {
    /// What to call it in messages.
    pub name: Rc<str>,
    /// The whole text.
    pub text: Rc<str>,
}

/// Every source of a world. Number 0 is the empty source of [`Span::NONE`].
#[derive(Debug, Clone)]
pub struct Sources {
    all: Vec<Source>,
}

impl Default for Sources {
    fn default() -> Sources {
        Sources {
            all: vec![Source {
                name: "".into(),
                text: "".into(),
            }],
        }
    }
}

impl Sources {
    /// Registers a text and gives its number.
    pub fn add(&mut self, name: &str, text: &str) -> SourceId {
        let id =
            SourceId(u32::try_from(self.all.len()).expect("fewer than 2^32 sources fit in memory"));
        self.all.push(Source {
            name: name.into(),
            text: text.into(),
        });
        id
    }

    /// The source with that number; the empty one for a number never given.
    pub fn source(&self, id: SourceId) -> &Source {
        self.all.get(id.0 as usize).unwrap_or(&self.all[0])
    }

    /// The text a span covers; empty when it does not lie on character boundaries of its source.
    pub fn slice(&self, span: Span) -> &str {
        self.source(span.source)
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = &self.source(span.source).text;
        let mut start = (span.start as usize).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// A datum and where it was written; cheap to clone.
#[derive(Clone, Debug)]
pub struct Syntax(pub Rc<SyntaxNode>);

/// The contents of a [`Syntax`].
#[derive(Debug)]
pub struct SyntaxNode {
    /// What was written.
    pub datum: Datum,
    /// Where; for what a macro introduced, the use of the macro.
    pub span: Span,
    /// For what a macro introduced, the place in the macro's definition; otherwise [`Span::NONE`].
    pub origin: Span,
}

/// The shapes of written data.
#[derive(Debug, Clone)]
pub enum Datum {
    /// `#t`, `#f`.
    Bool(bool),
    /// Any number.
    Number(Number),
    /// `#\a`.
    Char(char),
    /// `"text"`.
    String(Rc<str>),
    /// `#u8(1 2 3)`.
    Bytes(Rc<[u8]>),
    /// A symbol or keyword as it was written.
    Symbol(Symbol),
    /// An identifier that a macro expansion introduced; made and understood by the expander only.
    Alias(Rc<crate::expand::Alias>),
    /// A list. `items` is empty only when `tail` is `None` (the empty list), and `tail`, where present, is never itself a list:
    /// `(a . (b . c))` is the items `a b` with the tail `c`.
    List(Rc<[Syntax]>, Option<Syntax>),
    /// `#(1 2 3)`.
    Vector(Rc<[Syntax]>),
    /// `{k v …}`, in written order.
    Dict(Rc<[(Syntax, Syntax)]>),
    /// `#n=datum`.
    Labelled(u32, Syntax),
    /// `#n#`.
    Reference(u32),
    /// A value of the running world that has no written form (a procedure, a record …) inside a datum given to `eval` or made by a macro:
    /// a number that the world understands.
    Opaque(u32),
    /// `#<void>`, the value of forms that have none; it can be made only by a program.
    Void,
    /// The end-of-file object; it can be made only by a program.
    Eof,
}

impl Syntax {
    /// A datum at a place.
    pub fn new(datum: Datum, span: Span) -> Syntax {
        Syntax::introduced(datum, span, Span::NONE)
    }

    /// A datum that a macro, used at `span`, took from its definition at `origin`.
    pub fn introduced(datum: Datum, span: Span, origin: Span) -> Syntax {
        Syntax(Rc::new(SyntaxNode {
            datum,
            span,
            origin,
        }))
    }

    /// A proper list.
    pub fn list(items: Vec<Syntax>, span: Span) -> Syntax {
        Syntax::new(Datum::List(items.into(), None), span)
    }

    /// A list with a tail: flattens a tail that is itself a list, so that the invariant of [`Datum::List`] holds.
    pub fn dotted(mut items: Vec<Syntax>, tail: Syntax, span: Span) -> Syntax {
        if items.is_empty() {
            return tail;
        }
        match &tail.0.datum {
            Datum::List(more, last) => {
                items.extend(more.iter().cloned());
                let last = last.clone();
                Syntax::new(Datum::List(items.into(), last), span)
            }
            _ => Syntax::new(Datum::List(items.into(), Some(tail)), span),
        }
    }

    /// What was written.
    pub fn datum(&self) -> &Datum {
        &self.0.datum
    }

    /// Where it was written.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// Where a macro's definition has it, if a macro introduced it.
    pub fn origin(&self) -> Span {
        self.0.origin
    }

    /// The items of a proper list.
    pub fn as_list(&self) -> Option<&[Syntax]> {
        match self.datum() {
            Datum::List(items, None) => Some(items),
            _ => None,
        }
    }

    /// Whether this is `()`.
    pub fn is_nil(&self) -> bool {
        self.as_list().is_some_and(<[Syntax]>::is_empty)
    }
}

/// Takes a tree apart without recursion: children that nobody else holds go onto a list of their own first.
impl Drop for SyntaxNode {
    fn drop(&mut self) {
        if !has_children(&self.datum) {
            return;
        }
        let mut pending = Vec::new();
        take_children(&mut self.datum, &mut pending);
        while let Some(mut syntax) = pending.pop() {
            if let Some(node) = Rc::get_mut(&mut syntax.0) {
                take_children(&mut node.datum, &mut pending);
            }
        }
    }
}

fn has_children(datum: &Datum) -> bool {
    matches!(
        datum,
        Datum::List(..) | Datum::Vector(_) | Datum::Dict(_) | Datum::Labelled(..)
    )
}

fn take_children(datum: &mut Datum, pending: &mut Vec<Syntax>) {
    match std::mem::replace(datum, Datum::Void) {
        Datum::List(mut items, tail) => {
            if let Some(items) = Rc::get_mut(&mut items) {
                pending.extend(items.iter().cloned());
            }
            pending.extend(tail);
        }
        Datum::Vector(mut items) => {
            if let Some(items) = Rc::get_mut(&mut items) {
                pending.extend(items.iter().cloned());
            }
        }
        Datum::Dict(mut entries) => {
            if let Some(entries) = Rc::get_mut(&mut entries) {
                pending.extend(entries.iter().flat_map(|(k, v)| [k.clone(), v.clone()]));
            }
        }
        Datum::Labelled(_, inner) => pending.push(inner),
        _ => {}
    }
}
