//! The text of a line without colours: the same as `tracing_subscriber`'s compact form, for half
//! its price. Every request writes one.

use std::cell::Cell;
use std::fmt::{self, Write};

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
        let text = TEXT.take();
        let mut visitor = Visitor { writer, text, empty: true, done: Ok(()) };
        fields.record(&mut visitor);
        visitor.say();
        TEXT.set(visitor.text);
        visitor.done
    }
}

thread_local! {
    /// Room for the fields of a line, kept from line to line.
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

struct Visitor<'w> {
    writer: Writer<'w>,
    /// What the writer gets at once: each call of it passes through several layers.
    text: String,
    empty: bool,
    done: fmt::Result,
}

impl Visitor<'_> {
    /// What is not a plain field: messages, errors, names that the library hides or changes.
    fn usual(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        self.say();
        if self.done.is_ok() {
            let mut visitor = DefaultVisitor::new(self.writer.by_ref(), self.empty);
            record(&mut visitor);
            self.done = visitor.finish();
            self.empty = false;
        }
    }

    /// Writes what was gathered.
    fn say(&mut self) {
        if self.done.is_ok() {
            self.done = self.writer.write_str(&self.text);
        }
        self.text.clear();
    }

    fn plain(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        if !std::mem::replace(&mut self.empty, false) {
            self.text.push(' ');
        }
        self.text.push_str(field.name());
        self.text.push('=');
        let done = value(&mut self.text);
        self.done = self.done.and(done);
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
        self.plain(field, |to| {
            if !value.bytes().all(clean) {
                return write!(to, "{value:?}");
            }
            to.push('"');
            to.push_str(value);
            to.push('"');
            Ok(())
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !is_plain(field) {
            return self.usual(|it| it.record_u64(field, value));
        }
        self.plain(field, |to| {
            digits(to, value);
            Ok(())
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.usual(|it| it.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !is_plain(field) {
            return self.usual(|it| it.record_debug(field, value));
        }
        self.plain(field, |to| write!(to, "{value:?}"));
    }
}

fn digits(to: &mut String, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    to.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
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
        tracing::info!(target: "request", id = %7, key = "bench", name, ms = 12_u64, minus = -3, zero = 0_usize, most = u64::MAX, "{}", "/v1/x");
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
