//! What the operating system says about this process, under the names that Prometheus clients share.

use std::fmt::Write as _;

/// Ticks a second of `/proc/self/stat`: Linux shows user programs 100 on every architecture.
const TICKS: f64 = 100.0;
const PAGE: f64 = 4096.0;

/// Appends the `process_*` metrics; without `/proc` there are none.
pub(crate) fn write(out: &mut String) {
    let mut metric = |name: &str, kind: &str, help: &str, value: f64| {
        // Writing to a string does not fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
    if let Some(stat) = stat() {
        let help = "User and system CPU seconds of the process.";
        metric("process_cpu_seconds_total", "counter", help, stat.cpu_seconds);
        let help = "Resident memory of the process in bytes.";
        metric("process_resident_memory_bytes", "gauge", help, stat.resident_bytes);
        let help = "Virtual memory of the process in bytes.";
        metric("process_virtual_memory_bytes", "gauge", help, stat.virtual_bytes);
        if let Some(start) = stat.start_seconds {
            let help = "Start of the process in seconds since the epoch.";
            metric("process_start_time_seconds", "gauge", help, start);
        }
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        #[expect(clippy::cast_precision_loss, reason = "file descriptors are counted in thousands")]
        // The listing itself holds one open.
        let count = entries.count().saturating_sub(1) as f64;
        metric("process_open_fds", "gauge", "Open file descriptors.", count);
    }
}

struct Stat {
    cpu_seconds: f64,
    resident_bytes: f64,
    virtual_bytes: f64,
    start_seconds: Option<f64>,
}

/// The fields of proc(5), counted from the state that follows the name in parentheses.
fn stat() -> Option<Stat> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let boot = std::fs::read_to_string("/proc/stat").ok().and_then(|text| {
        text.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok())
    });
    Some(Stat {
        cpu_seconds: (number(11)? + number(12)?) / TICKS,
        resident_bytes: number(21)? * PAGE,
        virtual_bytes: number(20)?,
        start_seconds: boot.zip(number(19)).map(|(boot, ticks)| boot + ticks / TICKS),
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_has_memory_and_a_start() {
        let mut text = String::new();
        super::write(&mut text);
        let value = |name: &str| -> f64 {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.rsplit(' ').next().unwrap().parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes ") > 1e5);
        assert!(value("process_start_time_seconds ") > 1.5e9);
        assert!(value("process_open_fds ") >= 3.0);
        assert!(value("process_cpu_seconds_total ") >= 0.0);
    }
}
