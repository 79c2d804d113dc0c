//! The text of a line without colours: the same as `tracing_subscriber`'s compact form, for half
//! its price. Every request writes one.

use std::cell::Cell;
use std::fmt;

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use wayleave_model::{Clock, Timestamp};

/// Fields as `name=value`, with a space between.
pub(super) struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { writer, empty: true, done: Ok(()) };
        fields.record(&mut visitor);
        visitor.done
    }
}

struct Visitor<'w> {
    writer: Writer<'w>,
    empty: bool,
    done: fmt::Result,
}

impl Visitor<'_> {
    /// What is not a plain field: messages, errors, names that the library hides or changes.
    fn usual(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        if self.done.is_ok() {
            let mut visitor = DefaultVisitor::new(self.writer.by_ref(), self.empty);
            record(&mut visitor);
            self.done = visitor.finish();
            self.empty = false;
        }
    }

    fn plain(
        &mut self,
        field: &Field,
        value: impl FnOnce(&mut Writer<'_>) -> fmt::Result,
    ) -> fmt::Result {
        self.done?;
        if !std::mem::replace(&mut self.empty, false) {
            self.writer.write_char(' ')?;
        }
        self.writer.write_str(field.name())?;
        self.writer.write_char('=')?;
        value(&mut self.writer)
    }
}

fn is_plain(field: &Field) -> bool {
    let name = field.name();
    name != "message" && !name.starts_with("r#") && !name.starts_with("log.")
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !is_plain(field) {
            return self.usual(|it| it.record_str(field, value));
        }
        let clean = |it: u8| matches!(it, b' '..=b'~') && it != b'"' && it != b'\\';
        self.done = self.plain(field, |to| {
            if !value.bytes().all(clean) {
                return write!(to, "{value:?}");
            }
            to.write_char('"')?;
            to.write_str(value)?;
            to.write_char('"')
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.usual(|it| it.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !is_plain(field) {
            return self.usual(|it| it.record_debug(field, value));
        }
        self.done = self.plain(field, |to| write!(to, "{value:?}"));
    }
}

/// UTC to the microsecond; the text of a second is made once.
pub(super) struct Utc(pub(super) Clock);

/// As far as the point: `2026-11-21T12:00:00.`
const SECOND: usize = 20;

thread_local! {
    static LAST: Cell<(i64, [u8; SECOND])> = const { Cell::new((0, *b"1970-01-01T00:00:00.")) };
}

impl FormatTime for Utc {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        to.write_str(text(self.0.now(), &mut [0; SECOND + 7]))
    }
}

fn text(at: Timestamp, out: &mut [u8; SECOND + 7]) -> &str {
    let (mut known, mut shown) = LAST.get();
    if known != at.as_seconds() {
        // Its text has six digits of a second, which differ from line to line.
        if let Some(head) = at.to_string().as_bytes().first_chunk::<SECOND>() {
            (known, shown) = (at.as_seconds(), *head);
            LAST.set((known, shown));
        }
    }
    let mut rest = at.as_micros().rem_euclid(1_000_000);
    out[..SECOND].copy_from_slice(&shown);
    for digit in out[SECOND..SECOND + 6].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out[SECOND + 6] = b'Z';
    std::str::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Lines;

        fn make_writer(&self) -> Lines {
            self.clone()
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn say() {
        let err = io::Error::other("no\tdisk");
        let name = "a \"b\" \\ \u{1b}[31m ü\n";
        tracing::info!(target: "request", id = %7, key = "bench", name, ms = 12_u64, minus = -3, "{}", "/v1/x");
        tracing::warn!(%err, "a message with \u{1b}[31mcolours\n");
        tracing::error!(err = &err as &dyn std::error::Error, some = ?Some(1), yes = true, part = 0.5);
        tracing::info!(r#type = "raw", "");
        let span = tracing::info_span!("span", of = "it");
        span.in_scope(|| tracing::info!("within"));
    }

    #[test]
    fn a_line_is_the_librarys_own_byte_for_byte() {
        let (ours, theirs) = (Lines::default(), Lines::default());
        let usual = || tracing_subscriber::fmt().with_ansi(false).compact().with_target(false);
        let theirs_is = usual().without_time().with_writer(theirs.clone()).finish();
        tracing::subscriber::with_default(theirs_is, say);
        let ours_is = usual().without_time().fmt_fields(Fields).with_writer(ours.clone()).finish();
        tracing::subscriber::with_default(ours_is, say);
        assert_eq!(ours.text(), theirs.text());
        assert!(ours.text().contains(r#" key="bench" "#));
    }

    #[test]
    fn time_is_utc_to_the_microsecond() {
        let shown = |micros| text(Timestamp::from_micros(micros), &mut [0; SECOND + 7]).to_owned();
        let noon = 1_795_262_400_000_000;
        assert_eq!(shown(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(noon + 41), "2026-11-21T12:00:00.000041Z");
        assert_eq!(shown(noon + 999_999), "2026-11-21T12:00:00.999999Z");
        assert_eq!(shown(noon + 1_000_000), "2026-11-21T12:00:01.000000Z");
    }
}
