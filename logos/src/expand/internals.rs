//! The table of internal procedures that expanded code calls.

/// A procedure the run-time library provides to the expander.
#[derive(Debug)]
pub struct Internal {
    /// Its name, which starts with `%`.
    pub name: &'static str,
    /// Its arguments.
    pub signature: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn internal(name: &'static str, signature: &'static str, meaning: &'static str) -> Internal {
    Internal {
        name,
        signature,
        meaning,
    }
}

/// Every internal procedure, sorted by name. Their cells are never assigned by programs.
pub const INTERNALS: &[Internal] = &[
    internal(
        "%append",
        "(%append list … tail)",
        "R7RS `append`; all but the last are copied",
    ),
    internal(
        "%call-with-values",
        "(%call-with-values thunk receiver)",
        "R7RS `call-with-values`; the receiver is called in tail position",
    ),
    internal("%cons", "(%cons a b)", "a new pair"),
    internal(
        "%delay",
        "(%delay thunk)",
        "a promise that calls the thunk when first forced",
    ),
    internal(
        "%delay-force",
        "(%delay-force thunk)",
        "the same; the thunk's value is a promise, forced in constant space",
    ),
    internal(
        "%dict",
        "(%dict key value …)",
        "a dict of these entries; of equal keys the later one wins",
    ),
    internal(
        "%guard",
        "(%guard else? body handler)",
        "calls the thunk `body`; a raised value unwinds to here and `(handler value reraise)` is called \
         in tail position. `else?` is a constant: `#t` when some clause always matches. Otherwise the \
         handler may end with `(reraise)`, in tail position, which goes back into the dynamic \
         environment of the raise and does `raise-continuable` of the same value",
    ),
    internal("%list", "(%list value …)", "a new list"),
    internal(
        "%list*",
        "(%list* value … tail)",
        "the values before a tail (`cons*`)",
    ),
    internal("%list->vector", "(%list->vector list)", "a new vector"),
    internal(
        "%make-record-type",
        "(%make-record-type name fields)",
        "a record type; `name` is a symbol, `fields` a vector of symbols",
    ),
    internal(
        "%memv",
        "(%memv value list)",
        "R7RS `memv`, on a constant list of `case`",
    ),
    internal(
        "%parameterize",
        "(%parameterize bindings thunk)",
        "`bindings` is a list of pairs (parameter . value), not yet converted; calls the thunk with them",
    ),
    internal(
        "%procedure-doc",
        "(%procedure-doc procedure)",
        "how a procedure is called and what it does, or `#f`",
    ),
    internal(
        "%record-accessor",
        "(%record-accessor type index name)",
        "a procedure of one argument; `name` is what to call it in errors",
    ),
    internal(
        "%record-constructor",
        "(%record-constructor type indexes name)",
        "a procedure with one argument for each field number in the vector `indexes`; the other fields \
         are `#f`",
    ),
    internal(
        "%record-modifier",
        "(%record-modifier type index name)",
        "a procedure of two arguments: record and new value",
    ),
    internal(
        "%record-predicate",
        "(%record-predicate type name)",
        "a procedure of one argument",
    ),
    internal(
        "%tests",
        "(%tests text thunk …)",
        "a list of pairs (text . thunk): the `:test` clauses of a definition",
    ),
    internal("%vector", "(%vector value …)", "a new vector"),
    internal(
        "%vector-ref",
        "(%vector-ref vector index)",
        "an element; the index is a constant in range",
    ),
];
