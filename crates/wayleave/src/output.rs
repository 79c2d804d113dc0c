//! What commands print: aligned tables for people, one JSON object per line for programs.

use std::io::{self, Write};

use serde_json::Value;

/// Where a command prints, and in which form.
pub struct Out<'a> {
    json: bool,
    to: &'a mut dyn Write,
}

/// A column: its heading, and the JSON pointer of its value.
pub type Column = (&'static str, &'static str);

impl<'a> Out<'a> {
    /// Prints to `to`, as JSON if so wished.
    pub fn new(json: bool, to: &'a mut dyn Write) -> Out<'a> {
        Out { json, to }
    }

    /// Whether programs read this.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Rows of a list.
    pub fn list(&mut self, rows: &[Value], columns: &[Column]) -> io::Result<()> {
        if self.json {
            return rows.iter().try_for_each(|row| writeln!(self.to, "{row}"));
        }
        let mut cells: Vec<Vec<String>> =
            vec![columns.iter().map(|(head, _)| (*head).to_owned()).collect()];
        cells.extend(
            rows.iter().map(|row| columns.iter().map(|(_, at)| cell(row.pointer(at))).collect()),
        );
        let widths: Vec<usize> = (0..columns.len())
            .map(|at| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or_default())
            .collect();
        for row in cells {
            let padded: Vec<String> =
                row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
            writeln!(self.to, "{}", padded.join("  ").trim_end())?;
        }
        Ok(())
    }

    /// One thing: itself as JSON, or a sentence about it.
    pub fn said(&mut self, value: &Value, sentence: &str) -> io::Result<()> {
        if self.json { writeln!(self.to, "{value}") } else { writeln!(self.to, "{sentence}") }
    }

    /// A line for people, left out where programs read.
    pub fn note(&mut self, line: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(self.to, "{line}") }
    }

    /// A line as it is.
    pub fn raw(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.to, "{line}")
    }

    /// Shows what was printed so far, now.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A value as one cell: lists joined, nothing as a dash, control characters made harmless.
pub fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => {
            text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
        }
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(",")
        }
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(json: bool) -> String {
        let mut text = Vec::new();
        let rows = [
            json!({"name": "main", "tags": ["a", "b"], "n": null}),
            json!({"name": "x\u{1b}[2J", "n": 7}),
        ];
        let columns = [("NAME", "/name"), ("TAGS", "/tags"), ("N", "/n")];
        Out::new(json, &mut text).list(&rows, &columns).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_table_is_aligned_and_cannot_steer_the_terminal() {
        assert_eq!(printed(false), "NAME   TAGS  N\nmain   a,b   -\nx\u{fffd}[2J  -     7\n");
    }

    #[test]
    fn programs_get_one_object_per_line() {
        assert_eq!(
            printed(true),
            "{\"n\":null,\"name\":\"main\",\"tags\":[\"a\",\"b\"]}\n{\"n\":7,\"name\":\"x\\u001b[2J\"}\n"
        );
    }
}
