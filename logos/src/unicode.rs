//! Characters: classes and case, by one pinned version of Unicode.

/// Whether the character separates tokens.
pub fn is_whitespace(c: char) -> bool {
    c.is_whitespace()
}

/// Whether a name written without bars may begin with this non-ASCII character.
pub fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || is_name_continue(c)
}

/// Whether a name written without bars may hold this non-ASCII character after its first.
pub fn is_name_continue(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !('\u{2018}'..='\u{201f}').contains(&c)
}

/// `string-foldcase`.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}
