//! Answers that are larger than memory should be.

use std::fs;

use super::{UNAVAILABLE, UPSTREAM_TEXT, assert_outcome, builder};
use crate::support::{
    answer::{JSON, head, http},
    child, probe,
    raw_server::{RawServer, Script, Step},
};

/// The most memory that the process ever had, in MiB; `None` where the kernel does not tell.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

/// In a process of its own: the peak is that of all tests together.
macro_rules! in_a_process_of_its_own {
    ($name:literal) => {
        if !child::is_child() {
            return child::run(concat!(module_path!(), "::", $name), &[], &[]).await;
        }
    };
}

async fn assert_small(name: &str, script: Script, max_body: usize) {
    let before = peak();
    let server = RawServer::start(script).await;
    let auth = builder(server.url()).max_body(max_body).build().unwrap();
    let (seen, handled) = probe::ask(auth).await;
    assert_outcome(name, &seen, handled, UNAVAILABLE);
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < 50, "{name}: from {before} to {after} MiB");
    }
}

#[tokio::test]
async fn a_body_of_256_mib_is_never_held() {
    in_a_process_of_its_own!("a_body_of_256_mib_is_never_held");
    let body = || Step::Repeat {
        bytes: vec![b' '; 1 << 16].into(),
        times: 4096,
    };
    let announced = head("200 OK", &[JSON, "content-length: 268435456"]);
    let unannounced = head("200 OK", &[JSON]);
    for (name, head) in [("with its length", announced), ("without it", unannounced)] {
        let script = vec![Step::Request, Step::send(head), body(), Step::Close];
        assert_small(name, script, 64 * 1024).await;
    }
}

#[tokio::test]
async fn a_body_that_is_compressed_is_never_unpacked() {
    in_a_process_of_its_own!("a_body_that_is_compressed_is_never_unpacked");
    let bomb = gzip_bomb(1_000_000);
    assert!(bomb.len() < 2 << 20, "{} bytes", bomb.len());
    let answer = http(
        "200 OK",
        &[JSON, "content-encoding: gzip", UPSTREAM_HEADER],
        bomb,
    );
    assert_small("gzip", vec![Step::Request, Step::send(answer)], 512 << 20).await;
}

const UPSTREAM_HEADER: &str = concat!("x-upstream: ", "upstream-s3cret");

/// One byte of white space, and then `matches` times the 258 bytes before.
///
/// [RFC 1951, 3.2.6](https://www.rfc-editor.org/rfc/rfc1951#section-3.2.6): the fixed codes need 13 bits for that.
fn gzip_bomb(matches: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b110, 3);
    bits.push(0x30 + u32::from(b' '), 8);
    for _ in 0..matches {
        bits.push(0b1100_0101 << 5, 13);
    }
    bits.push(0, 7);
    let header = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
    [&header[..], &bits.bytes, &[0; 8]].concat()
}

/// Bits, the most significant of each code first, packed from the least significant bit on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, code: u32, length: usize) {
        for index in (0..length).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::from(code >> index & 1 == 1);
            *self.bytes.last_mut().unwrap() |= bit << (self.used % 8);
            self.used += 1;
        }
    }
}

#[test]
fn the_upstream_header_is_what_no_client_may_read() {
    assert!(UPSTREAM_HEADER.ends_with(UPSTREAM_TEXT));
}
