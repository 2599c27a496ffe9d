//! The catalog for other programs: as CSV or as a SQLite database, with a row for each tool.

use crate::domain::words::words;
use crate::domain::{CodeRedactor, Instant, rfc3339};
use crate::engine::Library;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{ExportedTool, write_export};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

words!(
    /// The format of an export.
    ExportFormat {
        /// Comma-separated values with a header line.
        Csv = "csv",
        /// A database with one table, `tools`.
        Sqlite = "sqlite",
    }
);

/// The columns of both formats, in this order.
pub const EXPORT_COLUMNS: [&str; 7] =
    ["id", "tool_name", "code", "created_at", "last_used", "usage_count", "success_rate"];

impl Library<'_> {
    /// A row for each tool of the catalog, by name; `code` is the text of its entry file, with secrets redacted.
    ///
    /// # Errors
    /// `Internal` for errors of the store. A file that cannot be read gives an empty `code`.
    pub fn exported(&self) -> Result<Vec<ExportedTool>, EngineError> {
        let view = self.catalog();
        let mut rows: Vec<_> = view.tools.iter().filter(|tool| tool.shadowed_by.is_none()).collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path)));
        let mut exported = Vec::with_capacity(rows.len());
        for (id, tool) in (1..).zip(rows) {
            let seen = self.workspace.read(|q| Ok(q.version(&tool.name, tool.digest)?))?;
            // A tool whose files are gone is still exported, without its code.
            let detail = self.detail(tool).ok();
            let file = detail.as_ref().and_then(|detail| detail.main_file());
            let time = |at: Option<Instant>| at.map(rfc3339);
            exported.push(ExportedTool {
                id,
                tool_name: tool.name.to_string(),
                code: file.map(|file| without_secrets(&String::from_utf8_lossy(&file.bytes))).unwrap_or_default(),
                created_at: time(seen.map(|row| row.first_seen_at)),
                last_used: time(tool.facts.name_last_run_at),
                usage_count: tool.facts.name_runs,
                success_rate: tool.facts.name_success_rate,
            });
        }
        Ok(exported)
    }

    /// Writes the catalog into a new file and returns the number of tools in it.
    ///
    /// # Errors
    /// `Conflict` if the file exists; `Failed` if it cannot be written; `Internal` for errors of the store.
    pub fn export(&self, path: &Path, format: ExportFormat) -> Result<usize, EngineError> {
        let rows = self.exported()?;
        let failed = |error: &dyn std::fmt::Display| {
            let message = format!("cannot write {}: {error}", path.display());
            EngineError::new(ErrorCode::Failed, message, "name a new file in a writable folder")
        };
        if path.exists() {
            let message = format!("{} exists", path.display());
            return Err(EngineError::new(ErrorCode::Conflict, message, "name another file, or move it away"));
        }
        match format {
            ExportFormat::Sqlite => write_export(path, &rows).map_err(|error| failed(&error))?,
            ExportFormat::Csv => {
                let written = File::create_new(path).and_then(|file| {
                    let mut file = BufWriter::new(file);
                    write_csv(&rows, &mut file)?;
                    file.flush()
                });
                written.map_err(|error| failed(&error))?;
            }
        }
        Ok(rows.len())
    }
}

fn without_secrets(code: &str) -> String {
    CodeRedactor::of([code]).text(code)
}

/// Writes rows as CSV (RFC 4180): a header line, lines that end with CR LF, values in quotes if necessary.
///
/// # Errors
/// Any error of the writer.
pub fn write_csv(rows: &[ExportedTool], out: &mut impl Write) -> io::Result<()> {
    write!(out, "{}\r\n", EXPORT_COLUMNS.join(","))?;
    for row in rows {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let cells = [
            row.id.to_string(),
            row.tool_name.clone(),
            row.code.clone(),
            optional(&row.created_at),
            optional(&row.last_used),
            row.usage_count.to_string(),
            row.success_rate.map(|rate| rate.to_string()).unwrap_or_default(),
        ];
        let quoted: Vec<String> = cells.iter().map(|cell| quote(cell)).collect();
        write!(out, "{}\r\n", quoted.join(","))?;
    }
    Ok(())
}

fn quote(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_quotes_and_lines_are_quoted() {
        let row = ExportedTool {
            id: 1,
            tool_name: "x".to_owned(),
            code: "print(\"a, b\")\n".to_owned(),
            created_at: Some("2026-01-02T03:04:05.000Z".to_owned()),
            last_used: None,
            usage_count: 3,
            success_rate: Some(0.5),
        };
        let mut out = Vec::new();
        write_csv(&[row], &mut out).unwrap();
        let wanted = "id,tool_name,code,created_at,last_used,usage_count,success_rate\r\n\
                      1,x,\"print(\"\"a, b\"\")\n\",2026-01-02T03:04:05.000Z,,3,0.5\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }
}
