//! The open loop: requests are due at fixed times, whatever the others do.
//!
//! One blocking thread per connection with a timer slack of 1 ns: an async runtime's 1 ms timer would
//! blur the very latencies this measures.

use crate::args::Args;
use crate::decoder::Decoder;
use crate::summary::Summary;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const STACK: usize = 256 * 1024;
const READ_TIMEOUT: Duration = Duration::from_secs(30);

struct Schedule {
    begin: Instant,
    per_second: f64,
    total: u64,
    next: AtomicU64,
}

impl Schedule {
    /// When the next request is due, if any is left.
    fn next(&self) -> Option<Instant> {
        let i = self.next.fetch_add(1, Relaxed);
        let offset = Duration::from_secs_f64(i as f64 / self.per_second);
        (i < self.total).then(|| self.begin + offset)
    }
}

/// Runs the load and gives its report.
///
/// # Errors
/// When a thread cannot be started.
pub fn run(args: Args) -> std::io::Result<String> {
    let schedule = Schedule {
        begin: Instant::now() + Duration::from_millis(50),
        per_second: args.per_second,
        total: (args.per_second * args.seconds) as u64,
        next: AtomicU64::new(0),
    };
    let sum = std::thread::scope(|scope| -> std::io::Result<Summary> {
        let mut workers = Vec::new();
        for _ in 0..args.connections {
            let thread = std::thread::Builder::new().stack_size(STACK);
            workers.push(thread.spawn_scoped(scope, || worker(&args, &schedule))?);
        }
        let mut sum = Summary::default();
        for worker in workers {
            sum.add(worker.join().map_err(|_| std::io::Error::other("a worker panicked"))?);
        }
        Ok(sum)
    })?;
    Ok(sum.report(schedule.begin.elapsed().as_secs_f64()))
}

fn worker(args: &Args, schedule: &Schedule) -> Summary {
    exact_timers();
    let (mut sum, mut connection) = (Summary::default(), None);
    let mut buffer = vec![0u8; 65536];
    while let Some(due) = schedule.next() {
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let sent = Instant::now();
        if connection.is_none() {
            connection = connect(&args.host);
        }
        let mut answer = Decoder::default();
        if let Some(socket) = connection.as_mut() {
            exchange(socket, &args.request, &mut answer, &mut buffer);
        }
        *sum.statuses.entry(answer.status).or_default() += 1;
        sum.bytes += answer.body_bytes as u64;
        if answer.done && !answer.bad && answer.status == 200 {
            sum.ok += 1;
            sum.total.push(due.elapsed().as_micros() as u32);
            sum.service.push(sent.elapsed().as_micros() as u32);
        } else {
            sum.failed += 1;
        }
        if !answer.done || answer.bad || answer.close {
            connection = None;
        }
    }
    sum
}

fn connect(host: &str) -> Option<TcpStream> {
    let socket = TcpStream::connect(host).ok()?;
    socket.set_nodelay(true).ok()?;
    socket.set_read_timeout(Some(READ_TIMEOUT)).ok()?;
    Some(socket)
}

fn exchange(socket: &mut TcpStream, request: &[u8], answer: &mut Decoder, buffer: &mut [u8]) {
    if socket.write_all(request).is_err() {
        return;
    }
    while !answer.done {
        match socket.read(buffer) {
            Ok(0) => return answer.eof(),
            Ok(n) => answer.feed(&buffer[..n], Instant::now(), 0),
            Err(_) => return,
        }
    }
}

fn exact_timers() {
    unsafe extern "C" {
        fn prctl(op: i32, a: u64, b: u64, c: u64, d: u64) -> i32;
    }
    const PR_SET_TIMERSLACK: i32 = 29;
    // SAFETY: sets the timer slack of the calling thread to 1 ns; no memory is involved.
    unsafe { prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0) };
}
