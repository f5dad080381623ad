//! The few requests of man(7) that the page is made of.

/// A page in the making.
pub(super) struct Page(String);

impl Page {
    /// A page of section 1, without a date, so that the same source makes the same bytes, and
    /// ragged: a Chinese line has too few blanks to be stretched.
    pub(super) fn new(title: &str, source: &str, manual: &str) -> Self {
        Self(format!(".TH {title} 1 \"\" \"{}\" \"{manual}\"\n.ad l\n.nh\n", escaped(source)))
    }

    pub(super) fn section(&mut self, title: &str) {
        self.line(&format!(".SH {}", quoted(title)));
    }

    pub(super) fn subsection(&mut self, title: &str) {
        self.line(&format!(".SS {}", quoted(title)));
    }

    /// A paragraph of plain text.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.line(".PP");
        self.text(text);
    }

    /// A tag with what it means. The tag is markup already: [`bold`], [`italic`].
    pub(super) fn item(&mut self, tag: &str, text: &str) {
        self.line(".TP");
        self.line(tag);
        self.text(text);
    }

    /// Lines to be typed or read as they stand.
    pub(super) fn literal(&mut self, lines: &[&str]) {
        self.line(".PP\n.RS 4\n.nf");
        for line in lines {
            self.text(line);
        }
        self.line(".fi\n.RE");
    }

    /// A line of markup.
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Plain text.
    pub(super) fn text(&mut self, text: &str) {
        for line in text.lines() {
            // a line that begins so would be a request
            let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
            self.line(&format!("{guard}{}", escaped(line)));
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Text in which nothing is markup. A bare hyphen would be typeset as one that cannot be copied.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('~', "\\(ti")
        .replace('\'', "\\(aq")
        .replace('^', "\\(ha")
}

pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}
