//! Subtitles: SubRip and WebVTT (<https://www.w3.org/TR/webvtt1/>), as OpenAI writes them.

use super::transcript::Span;

/// SubRip.
pub(super) fn srt(cues: &[Span]) -> String {
    let mut out = String::new();
    for (at, cue) in cues.iter().enumerate() {
        let (start, end) = (time(cue.start, ','), time(cue.end, ','));
        out.push_str(&format!("{}\n{start} --> {end}\n{}\n\n", at + 1, line(&cue.text)));
    }
    out
}

/// WebVTT.
pub(super) fn vtt(cues: &[Span]) -> String {
    let mut out = String::from("WEBVTT\n\n");
    for cue in cues {
        let (start, end) = (time(cue.start, '.'), time(cue.end, '.'));
        // In a cue, these begin a tag or an entity.
        let text = line(&cue.text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        out.push_str(&format!("{start} --> {end}\n{text}\n\n"));
    }
    out
}

/// A blank line would end the cue, and an arrow begin another.
fn line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n").replace("-->", "->")
}

fn time(seconds: f64, point: char) -> String {
    let millis = (seconds.clamp(0.0, 1e7) * 1_000.0).round() as u64;
    let (hours, rest) = (millis / 3_600_000, millis % 3_600_000);
    let (minutes, seconds, millis) = (rest / 60_000, rest / 1_000 % 60, rest % 1_000);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{millis:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(start: f64, end: f64, text: &str) -> Span {
        Span { start, end, text: text.to_owned(), speaker: None }
    }

    #[test]
    fn cues_are_numbered_and_timed() {
        let cues = [cue(0.0, 1.5, " Good day. "), cue(3_661.062_5, 3_662.0, "a --> b\n\nc")];
        assert_eq!(
            srt(&cues),
            "1\n00:00:00,000 --> 00:00:01,500\nGood day.\n\n\
             2\n01:01:01,063 --> 01:01:02,000\na -> b\nc\n\n"
        );
    }

    #[test]
    fn what_would_be_markup_is_text() {
        let cues = [cue(0.0, 1.0, "<v Ann> R&D")];
        assert_eq!(
            vtt(&cues),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n&lt;v Ann&gt; R&amp;D\n\n"
        );
    }
}
