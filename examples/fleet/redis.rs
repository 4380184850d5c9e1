//! A Redis of the example's own, unless `REDIS_URL` names one.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::Command,
    thread,
    time::Duration,
};

use crate::{Result, child::Process};

pub(crate) struct Redis {
    pub(crate) url: String,
    _process: Option<Process>,
}

impl Redis {
    pub(crate) fn start() -> Result<Self> {
        if let Ok(url) = env::var("REDIS_URL") {
            return Ok(Self {
                url,
                _process: None,
            });
        }
        let address = free_address()?;
        let port = address.port().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no"]);
        let process = Process::start_silent(&mut command).map_err(|error| {
            format!("`redis-server` cannot be started ({error}): install it, or set REDIS_URL")
        })?;
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return Ok(Self {
                    url: format!("redis://{address}"),
                    _process: Some(process),
                });
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err("`redis-server` does not listen".into())
    }
}

/// One that nobody listened at a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
