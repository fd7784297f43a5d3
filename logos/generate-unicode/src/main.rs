//! Writes the tables of characters that Logos uses, from the data of ICU4X.

use icu_casemap::CaseMapper;
use icu_locale_core::LanguageIdentifier;
use icu_properties::props::{
    Alphabetic, CaseIgnorable, Cased, GeneralCategory, Lowercase, Uppercase, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};

fn main() {
    println!(
        "//! Tables of Unicode 16.0, written by `logos/generate-unicode`; not to be changed by hand."
    );
    sets();
    digits();
    let mapper = CaseMapper::new();
    simple("UPPER", "Simple upper case", |c| mapper.simple_uppercase(c));
    simple("LOWER", "Simple lower case", |c| mapper.simple_lowercase(c));
    simple("FOLD", "Simple case folding", |c| mapper.simple_fold(c));
    let root = LanguageIdentifier::UNKNOWN;
    full(
        "UPPER_FULL",
        "Upper case",
        |c| mapper.simple_uppercase(c),
        |text| mapper.uppercase_to_string(text, &root).into_owned(),
    );
    // The one character whose lower case depends on what is around it is not among these.
    full(
        "LOWER_FULL",
        "Lower case",
        |c| mapper.simple_lowercase(c),
        |text| match text {
            "Σ" => "σ".to_string(),
            _ => mapper.lowercase_to_string(text, &root).into_owned(),
        },
    );
    full(
        "FOLD_FULL",
        "Case folding",
        |c| mapper.simple_fold(c),
        |text| mapper.fold_string(text).into_owned(),
    );
}

/// All characters beyond ASCII, which is handled without tables.
fn characters() -> impl Iterator<Item = char> {
    ('\u{80}'..=char::MAX).filter(|c| !c.is_ascii())
}

fn sets() {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let category = |c: char| categories.get(c);
    set("ALPHABETIC", "The property Alphabetic", |c| {
        CodePointSetData::new::<Alphabetic>().contains(c)
    });
    set("UPPERCASE", "The property Uppercase", |c| {
        CodePointSetData::new::<Uppercase>().contains(c)
    });
    set("LOWERCASE", "The property Lowercase", |c| {
        CodePointSetData::new::<Lowercase>().contains(c)
    });
    set("WHITESPACE", "The property White_Space", |c| {
        CodePointSetData::new::<WhiteSpace>().contains(c)
    });
    set("CASED", "The property Cased", |c| {
        CodePointSetData::new::<Cased>().contains(c)
    });
    set("CASE_IGNORABLE", "The property Case_Ignorable", |c| {
        CodePointSetData::new::<CaseIgnorable>().contains(c)
    });
    set("NAME", "What R7RS 7.1.1 allows in names", |c| {
        is_name(c, category(c))
    });
    set("NAME_NOT_FIRST", "Of those, what cannot begin one", |c| {
        use GeneralCategory as Category;
        matches!(
            category(c),
            Category::DecimalNumber | Category::SpacingMark | Category::EnclosingMark
        )
    });
}

fn is_name(c: char, category: GeneralCategory) -> bool {
    use GeneralCategory as Category;
    let is_excluded = matches!(
        category,
        Category::Unassigned
            | Category::Control
            | Category::Format
            | Category::PrivateUse
            | Category::Surrogate
            | Category::SpaceSeparator
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
    );
    // Private use is in the report's list, and so are the two joiners, which are format characters.
    !is_excluded || category == Category::PrivateUse || matches!(c, '\u{200c}' | '\u{200d}')
}

fn set(name: &str, doc: &str, is_in: impl Fn(char) -> bool) {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for c in characters().filter(|&c| is_in(c)) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == c as u32 => *last = c as u32,
            _ => ranges.push((c as u32, c as u32)),
        }
    }
    let rows = ranges
        .iter()
        .map(|(first, last)| format!("({first:#x}, {last:#x})"));
    table(name, doc, "(u32, u32)", rows.collect());
}

/// Decimal digits come in rows of ten, so the zeros are enough.
fn digits() {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let digits: Vec<u32> = characters()
        .filter(|&c| categories.get(c) == GeneralCategory::DecimalNumber)
        .map(|c| c as u32)
        .collect();
    let rows = digits.chunks(10).map(|row| {
        assert_eq!(row[9], row[0] + 9, "digits come in rows of ten");
        format!("{:#x}", row[0])
    });
    table(
        "DIGIT_ZEROS",
        "The zeros of the decimal digits (category Nd)",
        "u32",
        rows.collect(),
    );
}

/// Rows of `(first, last, step, difference)`: the characters from first to last in steps of `step`.
fn simple(name: &str, doc: &str, map: impl Fn(char) -> char) {
    let mut runs: Vec<(u32, u32, u32, i32)> = Vec::new();
    for c in characters() {
        let difference = map(c) as i32 - c as i32;
        if difference == 0 {
            continue;
        }
        let c = c as u32;
        match runs.last_mut() {
            Some((first, last, step, of))
                if *of == difference && (first == last && c - *last <= 2 || c - *last == *step) =>
            {
                *step = c - *last;
                *last = c;
            }
            _ => runs.push((c, c, 1, difference)),
        }
    }
    let rows = runs
        .iter()
        .map(|(first, last, step, of)| format!("({first:#x}, {last:#x}, {step}, {of})"));
    table(name, doc, "(u32, u32, u32, i32)", rows.collect());
}

fn full(name: &str, doc: &str, simple: impl Fn(char) -> char, full: impl Fn(&str) -> String) {
    let rows = characters().filter_map(|c| {
        let mapped = full(&c.to_string());
        (mapped != simple(c).to_string()).then(|| {
            let escaped: String = mapped
                .chars()
                .map(|c| format!("\\u{{{:x}}}", c as u32))
                .collect();
            format!("({:#x}, \"{escaped}\")", c as u32)
        })
    });
    table(
        name,
        &format!("{doc} where it differs from the simple one"),
        "(u32, &str)",
        rows.collect(),
    );
}

fn table(name: &str, doc: &str, kind: &str, rows: Vec<String>) {
    println!("\n/// {doc}.\n#[rustfmt::skip]\npub const {name}: &[{kind}] = &[");
    let mut line = String::new();
    for row in rows {
        if line.len() + row.len() > 96 {
            println!("   {line}");
            line.clear();
        }
        line.push_str(&format!(" {row},"));
    }
    println!("   {line}\n];");
}
