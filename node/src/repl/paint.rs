//! Colours for an input. Works on any text, whole or not; changes no character.

/// The colours, as terminals number them.
mod color {
    pub const NONE: &str = "";
    pub const TEXT: &str = "32";
    pub const COMMENT: &str = "2";
    pub const KEYWORD: &str = "36";
    pub const NUMBER: &str = "33";
    pub const PARTNER: &str = "1;34";
    pub const WRONG: &str = "1;31";
}

/// A stretch of text of one colour.
struct Stretch {
    start: usize,
    end: usize,
    color: &'static str,
}

/// The text with colours; the bracket at or before `position` and its partner stand out.
pub fn paint(text: &str, position: usize) -> String {
    let mut stretches = scan(text);
    mark_brackets(text, position, &mut stretches);
    let mut painted = String::with_capacity(text.len() * 2);
    for Stretch { start, end, color } in stretches {
        let part = &text[start..end];
        if color.is_empty() {
            painted.push_str(part);
        } else {
            painted.push_str(&format!("\x1b[{color}m{part}\x1b[0m"));
        }
    }
    painted
}

/// Cuts a text into stretches; every bracket outside of strings and comments is one of its own.
fn scan(text: &str) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        let first = rest.chars().next().unwrap_or(' ');
        let (length, color) = match first {
            '"' => (quoted(rest, '"'), color::TEXT),
            '|' => (quoted(rest, '|'), color::NONE),
            ';' => (rest.find('\n').unwrap_or(rest.len()), color::COMMENT),
            _ if rest.starts_with("#|") => (block_comment(rest), color::COMMENT),
            _ if rest.starts_with("#\\") => (character(rest), color::TEXT),
            _ if is_bracket(first) || first.is_whitespace() => (first.len_utf8(), color::NONE),
            _ => word(rest),
        };
        stretches.push(Stretch {
            start,
            end: start + length,
            color,
        });
        start += length;
    }
    stretches
}

fn is_bracket(c: char) -> bool {
    "()[]{}".contains(c)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || is_bracket(c) || "\";".contains(c)
}

fn word(rest: &str) -> (usize, &'static str) {
    let length = rest
        .char_indices()
        .skip(1)
        .find(|&(_, c)| ends_word(c))
        .map_or(rest.len(), |(at, _)| at);
    let word = &rest[..length];
    let digits = word.trim_start_matches(['-', '+', '.']);
    let color = if word.len() > 1 && word.starts_with(':') {
        color::KEYWORD
    } else if digits.starts_with(|c: char| c.is_ascii_digit())
        || matches!(word, "#t" | "#f" | "#true" | "#false")
    {
        color::NUMBER
    } else {
        color::NONE
    };
    (length, color)
}

/// Length of what stands between two of `mark`, up to the end of the text if the second is missing.
fn quoted(rest: &str, mark: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == mark && !is_escaped {
            return at + c.len_utf8();
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("#|") {
            depth += 1;
            at += 2;
        } else if here.starts_with("|#") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn character(rest: &str) -> usize {
    // `#\(` is a character, and so is `#\newline`.
    let mut places = rest.char_indices().skip(3);
    places
        .find(|&(_, c)| ends_word(c))
        .map_or(rest.len(), |(at, _)| at)
}

/// Colours the bracket at the cursor and its partner, and closing brackets that close nothing.
fn mark_brackets(text: &str, position: usize, stretches: &mut [Stretch]) {
    let mut open: Vec<usize> = Vec::new();
    let mut pairs = Vec::new();
    for index in 0..stretches.len() {
        let part = &text[stretches[index].start..stretches[index].end];
        match part {
            "(" | "[" | "{" => open.push(index),
            ")" | "]" | "}" => {
                let partner = open.pop();
                match partner {
                    Some(partner) if closes(&text[stretches[partner].start..], part) => {
                        pairs.push((partner, index));
                    }
                    _ => stretches[index].color = color::WRONG,
                }
            }
            _ => {}
        }
    }
    let is_here = |index: usize, stretches: &[Stretch]| {
        stretches[index].start == position || stretches[index].end == position
    };
    let found = pairs
        .into_iter()
        .find(|&(one, other)| is_here(one, stretches) || is_here(other, stretches));
    if let Some((one, other)) = found {
        stretches[one].color = color::PARTNER;
        stretches[other].color = color::PARTNER;
    }
}

fn closes(open: &str, close: &str) -> bool {
    matches!(
        (open.as_bytes().first(), close),
        (Some(b'('), ")") | (Some(b'['), "]") | (Some(b'{'), "}")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(painted: &str) -> String {
        let mut text = String::new();
        let mut rest = painted;
        while let Some((before, after)) = rest.split_once('\x1b') {
            text.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        text + rest
    }

    #[test]
    fn no_character_is_changed() {
        let texts = [
            "",
            "(define (f x) \"a ) b\" ; c\n [x :key] #\\( 12)",
            "\"open \\\" still",
            "#| a #| b |# c",
            "λ ñ \"é\" #\\λ )",
            "|odd ( name| {1 2}",
            "#\\",
            "#",
        ];
        for text in texts {
            for position in 0..=text.len() {
                assert_eq!(plain(&paint(text, position)), text);
            }
        }
    }

    #[test]
    fn brackets_at_the_cursor_stand_out() {
        assert_eq!(paint("(a)", 3), "\x1b[1;34m(\x1b[0ma\x1b[1;34m)\x1b[0m");
        assert_eq!(paint("a)", 0), "a\x1b[1;31m)\x1b[0m");
        assert_eq!(paint("\"(\"", 3), "\x1b[32m\"(\"\x1b[0m");
    }
}
