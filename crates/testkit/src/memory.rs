//! How much memory a process holds (proc_pid_status(5)).

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
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is gone");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field of /proc");
    line.trim().trim_end_matches(" kB").parse().expect("a number of kB")
}

/// CPU time that process `pid` has used, in milliseconds (proc_pid_stat(5), in ticks of 10 ms).
///
/// # Panics
/// When there is no such process.
pub fn cpu_ms(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is gone");
    // The command's name may hold spaces; it ends at the last parenthesis.
    let rest = stat.rsplit_once(") ").expect("a name in parentheses").1;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<u64>().expect("a number of ticks");
    (ticks(11) + ticks(12)) * 10
}
