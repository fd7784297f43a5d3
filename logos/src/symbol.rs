//! Interned names. A symbol is a number; its text lives here once.
//!
//! Owns the table text ↔ number and the memory it accounts for. Refuses to hand out an order: symbols are
//! compared by their text wherever an order can be seen.

use rustc_hash::FxBuildHasher;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;

/// An interned name, or a nameless one made by `gensym` (equal only to itself).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({})", self.0)
    }
}

/// The table of all symbols of one world.
///
/// The names of the library, which nobody could choose so that they collide, are found by hashing and shared by all copies of the table. All
/// others are searched for in a tree, which no choice of names makes slow.
#[derive(Debug, Default, Clone)]
pub struct Symbols {
    texts: Vec<Rc<str>>,
    library: Rc<HashMap<Rc<str>, Symbol, FxBuildHasher>>,
    /// Whether what is interned now belongs to the library.
    is_loading: bool,
    others: BTreeMap<Rc<str>, Symbol>,
}

impl Symbols {
    /// An empty table.
    pub fn new() -> Symbols {
        Symbols::default()
    }

    /// An empty table that a library is loaded with.
    pub(crate) fn loading() -> Symbols {
        Symbols {
            is_loading: true,
            ..Symbols::default()
        }
    }

    /// The library is loaded: names that come now are others'.
    pub(crate) fn end_loading(&mut self) {
        self.is_loading = false;
    }

    /// The symbol written `text`; the same one each time.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(symbol) = self.find(text) {
            return symbol;
        }
        let text: Rc<str> = text.into();
        let symbol = self.push(text.clone());
        match Rc::get_mut(&mut self.library) {
            Some(library) if self.is_loading => library.insert(text, symbol),
            _ => self.others.insert(text, symbol),
        };
        symbol
    }

    /// The symbol written `text`, if there is one already.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        let known = self.library.get(text);
        known.or_else(|| self.others.get(text)).copied()
    }

    /// A new symbol, equal to no other, that prints as `text`.
    pub fn uninterned(&mut self, text: &str) -> Symbol {
        self.push(text.into())
    }

    /// A new symbol, equal to no other, that prints as another one: they share the text.
    pub fn uninterned_like(&mut self, symbol: Symbol) -> Symbol {
        self.push(self.shared_text(symbol))
    }

    /// The text of a symbol.
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize]
    }

    /// The text of a symbol, shared.
    pub fn shared_text(&self, symbol: Symbol) -> Rc<str> {
        self.texts[symbol.0 as usize].clone()
    }

    /// Whether the symbol is one that `intern` gives.
    pub fn is_interned(&self, symbol: Symbol) -> bool {
        self.find(self.text(symbol)) == Some(symbol)
    }

    /// Whether the symbol is a keyword: an interned symbol whose text is a colon and at least one more character.
    pub fn is_keyword(&self, symbol: Symbol) -> bool {
        let text = self.text(symbol);
        text.len() > 1 && text.starts_with(':')
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    fn push(&mut self, text: Rc<str>) -> Symbol {
        let symbol =
            Symbol(u32::try_from(self.texts.len()).expect("fewer than 2^32 symbols fit in memory"));
        self.texts.push(text);
        symbol
    }
}
