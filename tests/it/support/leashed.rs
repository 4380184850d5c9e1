//! A process that is gone with the test, and with the test binary when that is killed.

use std::{
    io,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

/// Killed when it is dropped.
pub(crate) struct Leashed {
    child: Child,
    /// Its input ends when this process does, however that comes.
    killer: Child,
}

impl Leashed {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.spawn()?;
        // What ends a whole group of processes is not to end this one before it has done its work.
        let script = r#"trap "" HUP INT TERM; read -r _; kill -9 "$0""#;
        let killer = Command::new("sh")
            .args(["-c", script, &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`sh` is there");
        Ok(Self { child, killer })
    }

    /// Can be taken once, if it is piped.
    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("it is piped")
    }

    /// How it has ended, if it has.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("it is a child of this process")
    }

    /// Sends `STOP`, `CONT` or another signal.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .expect("`kill` is there");
        assert!(status.success(), "kill -{name}: {status}");
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        // The killer first, which knows nothing but a number that may soon be another's.
        // KILL, because a process that a test has stopped hears nothing else.
        for process in [&mut self.killer, &mut self.child] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
