//! How much memory a process holds (proc_pid_status(5)), and what CPU time it has used.

/// Resident memory of process `pid` in KiB, now.
///
/// # Panics
/// When there is no such process.
pub fn resident_kib(pid: u32) -> u64 {
    field(pid, "VmRSS:")
}

/// The most resident memory that process `pid` ever held, in KiB.
///
/// # Panics
/// When there is no such process.
pub fn peak_kib(pid: u32) -> u64 {
    field(pid, "VmHWM:")
}

fn field(pid: u32, name: &str) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is gone");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field of /proc");
    line.trim().trim_end_matches(" kB").parse().expect("a number of kB")
}

/// CPU time that the threads of process `pid` have used, in microseconds
/// (Documentation/scheduler/sched-stats.rst of the Linux kernel: the first figure, in nanoseconds).
///
/// # Panics
/// When there is no such process.
pub fn cpu_us(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process is gone");
    let nanos = threads.filter_map(|thread| {
        // A thread may end while it is looked at.
        let stat = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    nanos.sum::<u64>() / 1_000
}
