//! The syntax of an `EnvironmentFile=`, as `parse_env_file()` of systemd reads it.

use super::Environment;

/// Where the reader is; the names are those of systemd's own automaton.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    PreKey,
    Key,
    PreValue,
    Value,
    ValueEscape,
    SingleQuote,
    DoubleQuote,
    DoubleQuoteEscape,
    Comment,
    CommentEscape,
}

struct Reader {
    state: State,
    key: String,
    value: String,
    /// The length of `value` without blanks at its end that stand outside quotes.
    solid: usize,
    found: Environment,
}

/// The assignments of an environment file; what systemd would skip is skipped.
#[must_use]
pub fn parsed_file(text: &str) -> Environment {
    let mut reader = Reader {
        state: State::PreKey,
        key: String::new(),
        value: String::new(),
        solid: 0,
        found: Environment::default(),
    };
    text.chars().for_each(|c| reader.read(c));
    reader.finish();
    reader.found
}

impl Reader {
    fn read(&mut self, c: char) {
        let newline = c == '\n' || c == '\r';
        match self.state {
            State::PreKey => self.before_key(c),
            State::Key => match c {
                '=' => self.state = State::PreValue,
                _ if newline => self.forget(),
                _ => self.key.push(c),
            },
            State::PreValue | State::Value if newline => self.finish(),
            State::PreValue => self.before_value(c),
            State::Value if c == '\\' => self.state = State::ValueEscape,
            State::Value => self.push(c, c == ' ' || c == '\t'),
            State::ValueEscape => self.unescape(c, newline),
            State::SingleQuote if c == '\'' => self.state = State::PreValue,
            State::DoubleQuote if c == '"' => self.state = State::PreValue,
            State::DoubleQuote if c == '\\' => self.state = State::DoubleQuoteEscape,
            State::SingleQuote | State::DoubleQuote => self.push(c, false),
            State::DoubleQuoteEscape => self.unescape_in_quotes(c),
            State::Comment if c == '\\' => self.state = State::CommentEscape,
            State::Comment if newline => self.state = State::PreKey,
            State::Comment => {}
            State::CommentEscape => self.state = State::Comment,
        }
    }

    fn before_key(&mut self, c: char) {
        match c {
            '#' | ';' => self.state = State::Comment,
            c if c.is_ascii_whitespace() => {}
            c => {
                self.state = State::Key;
                self.key.push(c);
            }
        }
    }

    fn before_value(&mut self, c: char) {
        match c {
            '\'' => self.state = State::SingleQuote,
            '"' => self.state = State::DoubleQuote,
            '\\' => self.state = State::ValueEscape,
            c if c.is_ascii_whitespace() => {}
            c => {
                self.state = State::Value;
                self.push(c, false);
            }
        }
    }

    /// Outside quotes a backslash takes the next character as it is, and swallows a line end.
    fn unescape(&mut self, c: char, newline: bool) {
        self.state = State::Value;
        if !newline {
            self.push(c, false);
        }
    }

    /// Inside double quotes only the shell's own four characters can be escaped.
    fn unescape_in_quotes(&mut self, c: char) {
        self.state = State::DoubleQuote;
        match c {
            '\n' => {}
            '"' | '\\' | '`' | '$' => self.push(c, false),
            c => {
                self.push('\\', false);
                self.push(c, false);
            }
        }
    }

    fn push(&mut self, c: char, blank: bool) {
        self.value.push(c);
        if !blank {
            self.solid = self.value.len();
        }
    }

    fn finish(&mut self) {
        let has_value = !matches!(
            self.state,
            State::PreKey | State::Key | State::Comment | State::CommentEscape
        );
        let name = self.key.trim_end();
        if has_value && is_name(name) {
            self.found.set(name, &self.value[..self.solid]);
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.state = State::PreKey;
        self.key.clear();
        self.value.clear();
        self.solid = 0;
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(plain) && name.starts_with(|c: char| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::parsed_file;

    #[test]
    fn environment_files_are_read_as_systemd_reads_them() {
        for (text, expected) in [
            ("A=b\nC=d", vec![("A", "b"), ("C", "d")]),
            ("# A=b\n; C=d\n  E = f  \n", vec![("E", "f")]),
            ("A=\"b c\" \n", vec![("A", "b c")]),
            ("A='b \"c\" '\n", vec![("A", "b \"c\" ")]),
            ("A=b\\\nc\n", vec![("A", "bc")]),
            ("A=\"b\\\nc\\n\\$d\"\n", vec![("A", "bc\\n$d")]),
            ("A=b\\ \n", vec![("A", "b ")]),
            ("A=\r\nB=c\r\n", vec![("A", ""), ("B", "c")]),
            ("no equals\nA=b # kept\n", vec![("A", "b # kept")]),
            ("1A=b\nexport B=c\nC=d\n", vec![("C", "d")]),
            ("A=b\nA=c\n", vec![("A", "c")]),
            ("# comment \\\nA=b\nC=d\n", vec![("C", "d")]),
            ("A=\"open\nB=c", vec![("A", "open\nB=c")]),
        ] {
            let found = parsed_file(text);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
