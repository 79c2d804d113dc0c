//! The closed loop: each connection asks for one stream after another.

use crate::args::Args;
use crate::clock::now_us;
use crate::decoder::Decoder;
use crate::summary::Summary;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Run {
    args: Args,
    end: Instant,
    started: Cell<u64>,
    sum: RefCell<Summary>,
}

/// Runs the load and gives its report.
///
/// # Errors
/// When no runtime can be made.
pub fn run(args: Args) -> std::io::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(args.seconds);
    let run =
        Rc::new(Run { args, end, started: Cell::new(0), sum: RefCell::new(Summary::default()) });
    let workers = tokio::task::LocalSet::new();
    for n in 0..run.args.connections {
        let run = run.clone();
        workers.spawn_local(async move { worker(&run, n as u64).await });
    }
    runtime.block_on(workers);
    Ok(run.sum.take().report(begin.elapsed().as_secs_f64()))
}

async fn worker(run: &Run, n: u64) {
    let share = run.args.ramp_ms * 1000 * n / run.args.connections as u64;
    if share > 0 {
        tokio::time::sleep(Duration::from_micros(share)).await;
    }
    let mut connection: Option<TcpStream> = None;
    while Instant::now() < run.end && run.started.get() < run.args.total {
        run.started.set(run.started.get() + 1);
        let begin = Instant::now();
        if connection.is_none() {
            connection = connect(&run.args.host).await;
        }
        let Some(socket) = connection.as_mut() else {
            run.sum.borrow_mut().failed += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let mut answer = Decoder::default();
        let clean = exchange(socket, &run.args.request, &mut answer).await;
        if !clean || answer.close {
            connection = None;
        }
        note(&mut run.sum.borrow_mut(), answer, clean, run.args.chunks, begin);
    }
}

async fn connect(host: &str) -> Option<TcpStream> {
    let socket = TcpStream::connect(host).await.ok()?;
    socket.set_nodelay(true).ok()?;
    Some(socket)
}

/// Sends the request and reads its answer; true when the answer is whole.
async fn exchange(socket: &mut TcpStream, request: &[u8], answer: &mut Decoder) -> bool {
    if socket.write_all(request).await.is_err() {
        return false;
    }
    let mut buffer = [0u8; 16384];
    while !answer.done {
        match socket.read(&mut buffer).await {
            Ok(0) => {
                answer.eof();
                break;
            }
            Ok(n) => answer.feed(&buffer[..n], Instant::now(), now_us()),
            Err(_) => break,
        }
    }
    answer.done && !answer.bad
}

fn note(sum: &mut Summary, answer: Decoder, clean: bool, chunks: u32, begin: Instant) {
    *sum.statuses.entry(answer.status).or_default() += 1;
    // Without `[DONE]` or `message_stop` a stream is whole when it ended cleanly with enough events.
    let whole = if chunks == 0 { answer.finished } else { answer.events >= chunks };
    sum.unmarked += u64::from(whole && !answer.finished);
    let micros = |at: Instant| (at - begin).as_micros() as u32;
    if clean && answer.status == 200 && whole {
        sum.ok += 1;
        sum.total.push(begin.elapsed().as_micros() as u32);
        sum.headers.extend(answer.headers_at.map(micros));
        sum.first_event.extend(answer.first_event_at.map(micros));
    } else if clean && answer.status == 200 {
        sum.short += 1;
    } else {
        sum.failed += 1;
    }
    sum.events += u64::from(answer.events);
    sum.stamped += u64::from(answer.stamped);
    sum.bytes += answer.body_bytes as u64;
    sum.ages.extend(answer.ages);
}
