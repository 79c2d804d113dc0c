//! sse-load: load client for SSE streams and for fixed-rate latency. Prints one JSON object.
//!
//! - `sse-load stream --url U --body FILE [-H 'k: v']... -c 32 -d 5 [-n TOTAL] [--chunks 100] [--ramp-ms 0]`:
//!   closed loop; C connections, each asks for one stream after another for D seconds (or until TOTAL
//!   streams were started). Gives streams and events per second, time to headers and to the first event,
//!   and, where the mock was told `ts=1`, each event's age on arrival.
//! - `sse-load rate --url U --body FILE [-H 'k: v']... -q 1000 -d 5 [-c 64]`: open loop; request `i` is due
//!   at start + i/q whatever the others do. Latency counts from the due time (`lat_us`, no coordinated
//!   omission) and from the actual send (`svc_us`).

mod args;
mod clock;
mod decoder;
mod rate;
mod streams;
mod summary;

use args::{Args, Mode};

fn main() -> std::io::Result<()> {
    let args = match Args::from_env() {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("sse-load: {problem} (usage: see the top of main.rs)");
            std::process::exit(2)
        }
    };
    let report = match args.mode {
        Mode::Stream => streams::run(args)?,
        Mode::Rate => rate::run(args)?,
    };
    println!("{report}");
    Ok(())
}
