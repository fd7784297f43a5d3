//! Characters: classes, digits and case, by one version of Unicode that is part of the language and does not
//! change with the compiler.
//!
//! Owns what R7RS 6.6 and 6.7 ask of characters and strings, without locales. The tables are in the source
//! tree, written by `logos/generate-unicode`.

mod tables;

/// The version of Unicode the tables were made from.
pub const UNICODE_VERSION: (u8, u8, u8) = (16, 0, 0);

/// How many times as many characters the upper, lower or folded case of a string has at most.
pub const CASE_GROWTH_MAX: usize = 3;

// Classes.

/// `char-alphabetic?`: the property Alphabetic.
pub fn is_alphabetic(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphabetic()
    } else {
        within(tables::ALPHABETIC, c)
    }
}

/// `char-numeric?`: the decimal digits of all scripts.
pub fn is_numeric(c: char) -> bool {
    digit_value(c).is_some()
}

/// `digit-value`: 0 to 9 for the decimal digits of all scripts.
pub fn digit_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let before = tables::DIGIT_ZEROS.partition_point(|&zero| zero <= c as u32);
    let zero = tables::DIGIT_ZEROS[..before].last()?;
    Some(c as u32 - zero).filter(|&value| value < 10)
}

/// `char-whitespace?`: the property White_Space.
pub fn is_whitespace(c: char) -> bool {
    match c {
        ' ' | '\t'..='\r' => true,
        _ => !c.is_ascii() && within(tables::WHITESPACE, c),
    }
}

/// `char-upper-case?`: the property Uppercase.
pub fn is_uppercase(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_uppercase()
    } else {
        within(tables::UPPERCASE, c)
    }
}

/// `char-lower-case?`: the property Lowercase.
pub fn is_lowercase(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_lowercase()
    } else {
        within(tables::LOWERCASE, c)
    }
}

/// Whether a name written without bars may begin with this character beyond ASCII.
pub fn is_name_start(c: char) -> bool {
    is_name_continue(c) && !within(tables::NAME_NOT_FIRST, c)
}

/// Whether a name written without bars may hold this character beyond ASCII after its first.
pub fn is_name_continue(c: char) -> bool {
    within(tables::NAME, c)
}

fn within(ranges: &[(u32, u32)], c: char) -> bool {
    let c = c as u32;
    let before = ranges.partition_point(|&(first, _)| first <= c);
    ranges[..before].last().is_some_and(|&(_, last)| c <= last)
}

// Case of characters.

/// `char-upcase`: the one character that is the upper case of this one; itself when there is none.
pub fn upcase(c: char) -> char {
    if c.is_ascii() {
        c.to_ascii_uppercase()
    } else {
        mapped(tables::UPPER, c)
    }
}

/// `char-downcase`: the one character that is the lower case of this one; itself when there is none.
pub fn downcase(c: char) -> char {
    if c.is_ascii() {
        c.to_ascii_lowercase()
    } else {
        mapped(tables::LOWER, c)
    }
}

/// `char-foldcase`: the simple case folding, without that of Turkic languages.
pub fn foldcase(c: char) -> char {
    if c.is_ascii() {
        c.to_ascii_lowercase()
    } else {
        mapped(tables::FOLD, c)
    }
}

fn mapped(runs: &[(u32, u32, u32, i32)], c: char) -> char {
    let code = c as u32;
    let before = runs.partition_point(|&(first, ..)| first <= code);
    match runs[..before].last() {
        Some(&(first, last, step, difference))
            if code <= last && (code - first).is_multiple_of(step) =>
        {
            code.checked_add_signed(difference)
                .and_then(char::from_u32)
                .unwrap_or(c)
        }
        _ => c,
    }
}

// Case of strings, which may change their length.

/// `string-upcase`.
pub fn string_upcase(text: &str) -> String {
    map_string(text, tables::UPPER_FULL, upcase)
}

/// `string-foldcase`.
pub fn string_foldcase(text: &str) -> String {
    map_string(text, tables::FOLD_FULL, foldcase)
}

/// A character of a text that is folded as [`string_foldcase`] folds it.
pub fn folded(c: char) -> impl Iterator<Item = char> {
    let several = match tables::FOLD_FULL.binary_search_by_key(&(c as u32), |&(code, _)| code) {
        Ok(at) if !c.is_ascii() => tables::FOLD_FULL[at].1,
        _ => "",
    };
    let one = several.is_empty().then(|| foldcase(c));
    several.chars().chain(one)
}

/// `string-downcase`. A sigma at the end of a word is the final one (Unicode 3.13, Final_Sigma).
pub fn string_downcase(text: &str) -> String {
    const SIGMA: char = 'Σ';
    let mut result = String::with_capacity(text.len());
    let mut after_cased = false;
    for (at, c) in text.char_indices() {
        if c == SIGMA {
            let is_final = after_cased && !before_cased(&text[at + SIGMA.len_utf8()..]);
            result.push(if is_final { 'ς' } else { 'σ' });
        } else {
            push_mapped(&mut result, tables::LOWER_FULL, downcase, c);
        }
        if !is_case_ignorable(c) {
            after_cased = is_cased(c);
        }
    }
    result
}

/// Whether the next character that counts is a letter with case. What is skipped holds no sigma, so over a
/// whole string nothing is looked at twice.
fn before_cased(rest: &str) -> bool {
    rest.chars()
        .find(|&c| !is_case_ignorable(c))
        .is_some_and(is_cased)
}

fn is_cased(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphabetic()
    } else {
        within(tables::CASED, c)
    }
}

fn is_case_ignorable(c: char) -> bool {
    match c {
        '\'' | '.' | ':' | '^' | '`' => true,
        _ => !c.is_ascii() && within(tables::CASE_IGNORABLE, c),
    }
}

fn map_string(text: &str, full: &[(u32, &str)], simple: fn(char) -> char) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        push_mapped(&mut result, full, simple, c);
    }
    result
}

fn push_mapped(result: &mut String, full: &[(u32, &str)], simple: fn(char) -> char, c: char) {
    if !c.is_ascii()
        && let Ok(at) = full.binary_search_by_key(&(c as u32), |&(code, _)| code)
    {
        result.push_str(full[at].1);
    } else {
        result.push(simple(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        for (class, inside, outside) in [
            (is_alphabetic as fn(char) -> bool, "aZéλ名ªⅧ", "1 _-🍞٣"),
            (is_numeric, "09٣५𝟘𝟿\u{10d40}", "a²½Ⅷ"),
            (
                is_whitespace,
                " \t\n\r\x0b\x0c\u{a0}\u{85}\u{2003}\u{3000}",
                "a\u{200b}\u{feff}\0",
            ),
            (is_uppercase, "AÉΣⅧ", "aéßσ名1"),
            (is_lowercase, "aéßσªⅷ", "AÉΣ名1"),
            (
                is_name_start,
                "éλ名🍞€\u{200d}",
                "٣“”«\u{a0}\u{feff}\u{16ea0}",
            ),
            (is_name_continue, "é٣\u{301}\u{fe0f}", "“（\u{2028}"),
        ] {
            assert!(inside.chars().all(class), "{inside}");
            assert!(!outside.chars().any(class), "{outside}");
        }
    }

    #[test]
    fn digits() {
        let pairs = [
            ('7', Some(7)),
            ('٣', Some(3)),
            ('𝟿', Some(9)),
            ('𝟘', Some(0)),
            ('a', None),
            ('²', None),
        ];
        for (c, value) in pairs {
            assert_eq!(digit_value(c), value, "{c}");
        }
    }

    #[test]
    fn case_of_characters() {
        for (c, upper, lower, folded) in [
            ('a', 'A', 'a', 'a'),
            ('ß', 'ß', 'ß', 'ß'),
            ('ẞ', 'ẞ', 'ß', 'ß'),
            ('ÿ', 'Ÿ', 'ÿ', 'ÿ'),
            ('ς', 'Σ', 'ς', 'σ'),
            ('Σ', 'Σ', 'σ', 'σ'),
            ('İ', 'İ', 'i', 'İ'),
            ('ı', 'I', 'ı', 'ı'),
            ('ǆ', 'Ǆ', 'ǆ', 'ǆ'),
            ('ǅ', 'Ǆ', 'ǆ', 'ǆ'),
            ('ꭰ', 'Ꭰ', 'ꭰ', 'Ꭰ'),
            ('名', '名', '名', '名'),
        ] {
            assert_eq!(
                (upcase(c), downcase(c), foldcase(c)),
                (upper, lower, folded),
                "{c}"
            );
        }
    }

    #[test]
    fn case_of_strings() {
        for (text, upper, lower, folded) in [
            ("Straße", "STRASSE", "straße", "strasse"),
            ("ΧΑΟΣ", "ΧΑΟΣ", "χαος", "χαοσ"),
            ("ΧΑΟΣΣ", "ΧΑΟΣΣ", "χαοσς", "χαοσσ"),
            // An apostrophe does not end a word.
            (
                "ΧΑΟΣ. Σ ΑΣ'Α",
                "ΧΑΟΣ. Σ ΑΣ'Α",
                "χαος. σ ασ'α",
                "χαοσ. σ ασ'α",
            ),
            ("İ", "İ", "i\u{307}", "i\u{307}"),
            ("ﬃ", "FFI", "ﬃ", "ffi"),
            (
                "\u{390}",
                "\u{399}\u{308}\u{301}",
                "\u{390}",
                "\u{3b9}\u{308}\u{301}",
            ),
        ] {
            assert_eq!(string_upcase(text), upper, "{text}");
            assert_eq!(string_downcase(text), lower, "{text}");
            assert_eq!(string_foldcase(text), folded, "{text}");
        }
    }

    /// The standard library's tables are of another version, but the same where both know a character.
    #[test]
    fn agrees_with_the_standard_library() {
        let assigned = |c: &char| c.is_ascii() || is_name_continue(*c);
        let mut differences = 0;
        for c in ('\0'..=char::MAX).filter(assigned) {
            let text = c.to_string();
            differences += usize::from(string_upcase(&text) != text.to_uppercase());
            differences += usize::from(c != 'Σ' && string_downcase(&text) != text.to_lowercase());
            differences += usize::from(is_alphabetic(c) != c.is_alphabetic());
            differences += usize::from(is_whitespace(c) != c.is_whitespace());
            assert!(string_upcase(&text).chars().count() <= CASE_GROWTH_MAX);
            assert!(string_foldcase(&text).chars().count() <= CASE_GROWTH_MAX);
        }
        assert!(differences < 50, "{differences}");
    }
}
