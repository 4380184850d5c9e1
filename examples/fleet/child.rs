//! A process that ends with this one.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use crate::Result;

pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it, and waits for the first line that it prints.
    pub(crate) fn start(command: &mut Command) -> Result<(Self, String)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        let process = Self { child };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            return Err("a process ended before it was ready".into());
        }
        Ok((process, line.trim().to_owned()))
    }

    /// Starts one that prints nothing worth waiting for.
    pub(crate) fn start_silent(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        Ok(Self { child })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
