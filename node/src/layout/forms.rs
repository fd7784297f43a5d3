//! The forms that have a body, and what stands before it.

/// How a form with a body is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How many elements after the head stay on its line.
    pub first: usize,
    /// Whether the rest stands below those elements instead of two columns in.
    pub is_aligned: bool,
}

/// Forms whose body stands two columns in: the name, and how many elements stay on its line.
const BODIES: [(&str, usize); 38] = [
    ("begin", 0),
    ("case", 1),
    ("case-lambda", 0),
    ("def", 1),
    ("define", 1),
    ("define-library", 1),
    ("define-record-type", 3),
    ("define-syntax", 1),
    ("define-values", 1),
    ("defmacro", 1),
    ("delay", 0),
    ("do", 2),
    ("export", 0),
    ("finally", 1),
    ("fn", 1),
    ("for", 1),
    ("guard", 1),
    ("lambda", 1),
    ("let", 1),
    ("let*", 1),
    ("let*-values", 1),
    ("let-syntax", 1),
    ("let-values", 1),
    ("letrec", 1),
    ("letrec*", 1),
    ("letrec-syntax", 1),
    ("match", 1),
    ("parameterize", 1),
    ("spawn", 0),
    ("syntax-rules", 1),
    ("unless", 1),
    ("when", 1),
    ("when-let", 1),
    ("with-limits", 1),
    ("with-permit", 1),
    ("with-timeout", 1),
    ("λ", 1),
    ("recover", 1),
];

/// The form of that name; `is_named` when its second element is an atom, as in a named `let` or a `syntax-rules` with an
/// ellipsis of its own.
pub fn form(head: &str, is_named: bool) -> Option<Form> {
    if head == "cond" {
        return Some(Form {
            first: 0,
            is_aligned: true,
        });
    }
    let (name, first) = BODIES.iter().find(|(name, _)| *name == head)?;
    let extra = usize::from(is_named && matches!(*name, "let" | "syntax-rules"));
    Some(Form {
        first: first + extra,
        is_aligned: false,
    })
}
