//! Colours, where they are wanted.

use std::io::IsTerminal as _;

use super::options::Color;

/// Whether to use colours, and which.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    is_colored: bool,
}

impl Style {
    /// Colours on standard error as asked.
    pub fn new(color: Color) -> Style {
        let is_colored = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
            }
        };
        Style { is_colored }
    }

    /// Whether there are any colours.
    pub fn is_colored(self) -> bool {
        self.is_colored
    }

    /// For what matters less.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// A rendered error: its first word in red, the marks under the line too.
    pub fn error(self, rendered: &str) -> String {
        if !self.is_colored {
            return rendered.to_string();
        }
        let mut lines = Vec::new();
        for (number, line) in rendered.lines().enumerate() {
            let is_mark = line
                .split_once('|')
                .is_some_and(|(gutter, marks)| gutter.trim().is_empty() && marks.contains('^'));
            lines.push(match line.split_once(':') {
                Some(_) if is_mark => self.paint("31", line),
                Some((head, rest)) if number == 0 => {
                    // `error :kind: message`
                    match rest.split_once(':') {
                        Some((kind, message)) => {
                            format!(
                                "{}:{message}",
                                self.paint("1;31", &format!("{head}:{kind}"))
                            )
                        }
                        None => line.to_string(),
                    }
                }
                _ if is_mark => self.paint("31", line),
                _ => line.to_string(),
            });
        }
        lines.join("\n")
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.is_colored {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}
