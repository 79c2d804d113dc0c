//! Frames that are not one `data: ` line and a blank line: comments, other fields, several lines.

use bytes::Bytes;

use super::emit::Emit;
use super::{Chunks, Passing, framed};
use crate::chat::openai::error;
use crate::error::Fault;
use crate::frame::split;

impl<C: Chunks> Passing<C> {
    /// Passes on a run that holds such a frame.
    pub(super) fn odd(&mut self, run: &Bytes, out: &mut Vec<Bytes>) -> Result<(), Fault> {
        if run.starts_with(b"\n") {
            self.seen.repaired("frame_break");
        }
        for frame in split::frames(run) {
            let apart = split::apart(&frame);
            if apart.len() != frame.len() {
                self.seen.repaired("frame_break");
            }
            for frame in split::frames(&apart) {
                if !self.ended {
                    self.odd_frame(frame, out)?;
                }
            }
        }
        Ok(())
    }

    fn odd_frame(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Fault> {
        let lines = Lines::of(&frame);
        if lines.data == 0 {
            return self.without_data(&lines, frame, out);
        }
        let Some(event) = split::read(&frame) else { return Ok(()) };
        if event.event == "error" {
            return Err(error::fault(&event.data));
        }
        if lines.data == 1 && lines.comments.is_empty() && lines.others == 0 {
            // One line, perhaps without the space after the colon.
            let mut emit = Emit::new(&frame, out);
            let result = self.frame(&event.data, 0..frame.len(), &mut emit);
            emit.flush();
            return result;
        }
        if !lines.comments.is_empty() {
            self.seen.repaired("comment");
            out.push([&lines.comments[..], b"\n"].concat().into());
        }
        if lines.others > 0 {
            self.seen.repaired("event_lines");
        }
        let mut data = event.data.to_vec();
        if lines.data > 1 {
            self.seen.repaired("data_lines");
            // Between the lines of a JSON text a space means as little as a line feed.
            data.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        }
        let frame = framed(&data);
        let mut emit = Emit::new(&frame, out);
        let result = self.frame(&data, 0..frame.len(), &mut emit);
        emit.flush();
        result
    }

    fn without_data(
        &mut self,
        lines: &Lines,
        frame: Bytes,
        out: &mut Vec<Bytes>,
    ) -> Result<(), Fault> {
        if lines.others == 0 {
            // A comment in a frame of its own.
            out.push(frame);
            return Ok(());
        }
        let text = frame.trim_ascii();
        if text.starts_with(b"{") {
            // An error in the middle of the stream, without the framing.
            return Err(error::not_an_answer(text));
        }
        self.seen.repaired("event_lines");
        if !lines.comments.is_empty() {
            out.push([&lines.comments[..], b"\n"].concat().into());
        }
        Ok(())
    }
}

/// What kinds of lines a frame has.
#[derive(Default)]
struct Lines {
    data: usize,
    others: usize,
    /// The comments, each with its line feed.
    comments: Vec<u8>,
}

impl Lines {
    fn of(frame: &[u8]) -> Lines {
        let mut lines = Lines::default();
        for line in frame.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if line.starts_with(b"data:") || line == b"data" {
                lines.data += 1;
            } else if line.starts_with(b":") {
                lines.comments.extend_from_slice(line);
                lines.comments.push(b'\n');
            } else {
                lines.others += 1;
            }
        }
        lines
    }
}
