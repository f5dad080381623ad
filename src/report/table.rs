//! Two columns, aligned by what a terminal shows: a Chinese character is two cells wide.

use unicode_width::UnicodeWidthStr;

/// Rows of a name and a value; a value may have several lines.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<(String, String)>,
}

impl Table {
    /// Adds a row.
    pub fn row(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.rows.push((name.into(), value.into()));
    }

    /// The table as text.
    pub fn text(&self) -> String {
        let width = self.rows.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
        let line = |(name, value): &(String, String)| {
            let gap = " ".repeat(width - name.width() + 2);
            let indent = format!("\n{}", " ".repeat(width + 2));
            format!("{name}{gap}{}", value.replace('\n', &indent))
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn chinese_names_align() {
        let mut table = Table::default();
        table.row("连接器", "0.6.0\nok");
        table.row("unit", "active");
        assert_eq!(table.text(), "连接器  0.6.0\n        ok\nunit    active");
    }
}
