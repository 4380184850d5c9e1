//! Text that somebody else chose, made fit for a line of a log.

use std::fmt::{self, Write};

/// Shows what is not visible escaped, as `\n` or `\u{1b}`: it begins no line, and steers no terminal.
pub(crate) struct Visible<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Visible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars()
            .flat_map(visible)
            .try_for_each(|char| self.0.write_char(char))
    }
}

/// The character, or what it is written as.
pub(crate) fn visible(char: char) -> impl Iterator<Item = char> {
    // Quotes are visible, and no trouble: whoever writes them into quotes escapes them there.
    let as_it_is = matches!(char, '"' | '\'').then_some(char);
    let escaped = as_it_is.is_none().then(|| char.escape_debug());
    as_it_is.into_iter().chain(escaped.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_a_line_or_steers_a_terminal() {
        for (text, expected) in [
            (
                "Mozilla/5.0 (X11; \"Linux\")",
                "Mozilla/5.0 (X11; \"Linux\")",
            ),
            ("it's", "it's"),
            ("é 日本", "é 日本"),
            ("a\r\nb", "a\\r\\nb"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("\u{9b}31mred", "\\u{9b}31mred"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("\u{85}\u{2028}", "\\u{85}\\u{2028}"),
            ("a\\nb", "a\\\\nb"),
        ] {
            assert_eq!(Visible(text).to_string(), expected, "{text:?}");
        }
    }
}
