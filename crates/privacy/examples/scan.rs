//! `cargo run -p ingot-privacy --example scan -- FILE`: findings of each line as JSON lines; with `--time` only how fast.
#![expect(clippy::print_stdout, reason = "a developer's command")]

use ingot_privacy::detect::{DetectConfig, Detector, Kind};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.iter().find(|word| !word.starts_with("--")).ok_or("which file?")?;
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    let patterns = arguments.iter().any(|word| word == "--patterns");
    let mut config = DetectConfig::default();
    if patterns {
        config.types = Kind::ALL.into_iter().skip(4).collect();
    }
    let detector = Detector::new(config)?;
    if arguments.iter().any(|word| word == "--time") {
        detector.detect("Warm up 预热 Alice");
        let start = Instant::now();
        let found: usize = if arguments.iter().any(|word| word == "--serial") {
            text.lines().map(|line| detector.detect(line).len()).sum()
        } else {
            detector.scan_lines(&text).len()
        };
        let seconds = start.elapsed().as_secs_f64();
        println!("{} bytes, {found} findings, {seconds:.3} s", text.len());
        return Ok(());
    }
    // The record separator stands for a line's end inside of a record.
    let rows = text.lines().map(|line| detector.detect(&line.replace('\u{1e}', "\n")));
    for (row, finding) in
        rows.enumerate().flat_map(|(row, found)| found.into_iter().map(move |one| (row, one)))
    {
        let why: Vec<String> = finding.why.iter().map(ingot_privacy::detect::Why::text).collect();
        println!(
            "{{\"row\":{row},\"start\":{},\"end\":{},\"type\":\"{}\",\"score\":{:.2},\"why\":{:?}}}",
            finding.start,
            finding.end,
            finding.kind.name(),
            finding.score,
            why
        );
    }
    Ok(())
}
