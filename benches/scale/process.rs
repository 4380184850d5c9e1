//! What the operating system says about this process, and parts that have a process of their own.

use std::{
    env, fs,
    process::{Command, ExitCode, Stdio},
};

use crate::Figure;

/// Before the name of a part on the command line.
const PART: &str = "--part";

/// The memory that this process holds now, in bytes.
pub(crate) fn resident() -> f64 {
    status("VmRSS")
}

/// The most memory that this process has held so far, in bytes.
pub(crate) fn most_resident() -> f64 {
    status("VmHWM")
}

fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is there: this needs Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes = kilobytes.expect("a number of kB");
    kilobytes.parse::<f64>().expect("a number") * 1024.0
}

/// The part that this process is for, if it is not the whole.
pub(crate) fn part() -> Option<String> {
    env::args().skip_while(|argument| argument != PART).nth(1)
}

/// Runs a part in a process of its own.
pub(crate) fn run(part: &str) -> Vec<Figure> {
    let program = env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        .args(env::args().skip(1))
        .args([PART, part])
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started again");
    assert!(output.status.success(), "the part `{part}` failed");
    let text = String::from_utf8(output.stdout).expect("figures are text");
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> Figure {
    let (name, value) = line.split_once(' ').expect("a name and a value");
    // A handful for the whole run.
    (name.to_owned().leak(), value.parse().expect("a number"))
}

/// Gives the figures of a part to the process that started it.
pub(crate) fn report(figures: &[Figure]) -> ExitCode {
    for (name, value) in figures {
        println!("{name} {value}");
    }
    ExitCode::SUCCESS
}
