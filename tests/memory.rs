//! What the process remembers of credentials: nothing. Looks at its whole memory, as an attacker with a core dump would,
//! once what was freed is written over.
//!
//! Before that some dozens of 5,000 tokens can be found in what was freed and not used again: their own strings, and those
//! of the requests that showed them. Nothing here wipes memory.
#![cfg(target_os = "linux")]

use std::{
    collections::HashSet,
    convert::Infallible,
    fs::{self, File},
    future::ready,
    hint::black_box,
    os::unix::fs::FileExt,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::Full;
use tower::service_fn;
use tower_better_auth::{BetterAuth, Cache};

const SESSIONS: u32 = 5_000;

/// In front of every token. Taken apart, so that it is not found where it is written.
const MARK: [&str; 2] = ["tOkEn", "MaRk"];

/// In gaps of blocks that are in use: none in two dozen runs, and another allocator may leave other gaps. Whoever kept the
/// tokens of sessions that are remembered would keep thousands.
const LEFT_BEHIND: usize = 5;

/// A token that is nowhere in memory before it is made: its number, in 16 digits.
fn token(number: u32) -> String {
    let [mark, end] = MARK;
    format!("{mark}{end}{number:016x}")
}

fn cookie(number: u32) -> HeaderMap {
    let token = token(number);
    let cookie = format!("better-auth.session_token={token}.c2lnbmF0dXJl");
    let value = HeaderValue::from_str(&cookie).expect("a header value");
    HeaderMap::from_iter([(header::COOKIE, value)])
}

/// Says of every odd session that it is there, with its token in the answer, as Better Auth does.
fn answer(request: &Request<Bytes>) -> String {
    let cookie = request.headers()[header::COOKIE].to_str().expect("text");
    let token = &cookie["better-auth.session_token=".len()..cookie.len() - ".c2lnbmF0dXJl".len()];
    let number = u32::from_str_radix(&token[token.len() - 8..], 16).expect("a number");
    if number.is_multiple_of(2) {
        return "null".to_owned();
    }
    format!(
        r#"{{"session":{{"id":"s{number}","userId":"u{number}","token":"{token}","expiresAt":"2999-01-01T00:00:00.000Z"}},
            "user":{{"id":"u{number}","name":"Ada","email":"ada@example.com"}}}}"#
    )
}

fn auth_server() -> tower_better_auth::BetterAuthBuilder {
    BetterAuth::builder("http://auth.example").transport(service_fn(|request: Request<Bytes>| {
        let mut response = Response::new(Full::new(Bytes::from(answer(&request))));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        ready(Ok::<_, Infallible>(response))
    }))
}

/// Of each size.
const BLOCKS: usize = 200;

/// Takes what was freed and not used again, in all sizes that a request or an answer can have had, and writes on it.
fn write_over_what_is_free() {
    let sizes = (1..=128).map(|step| 16 * step + 8);
    let blocks = sizes.flat_map(|size| (0..BLOCKS).map(move |_| vec![b'x'; size]));
    drop(black_box(blocks.collect::<Vec<_>>()));
}

/// How many different tokens are somewhere in the memory of this process.
fn tokens_in_memory() -> HashSet<u64> {
    let maps = fs::read_to_string("/proc/self/maps").expect("the map of this process");
    let memory = File::open("/proc/self/mem").expect("the memory of this process");
    let mark = MARK.concat();
    let mut found = HashSet::new();
    let mut buffer = vec![0; 1 << 20];
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let (start, end) = line
            .split_once(' ')
            .and_then(|(range, _)| range.split_once('-'))
            .expect("a range");
        let parse = |address| u64::from_str_radix(address, 16).expect("an address");
        let (mut at, end) = (parse(start), parse(end));
        while at < end {
            let length = buffer.len().min(usize::try_from(end - at).expect("fits"));
            let Ok(read) = memory.read_at(&mut buffer[..length], at) else {
                break;
            };
            found.extend(tokens(&buffer[..read], mark.as_bytes()));
            // A token may lie across the end of the buffer.
            at += if read == buffer.len() {
                read - 64
            } else {
                read.max(1)
            } as u64;
        }
    }
    found
}

fn tokens(memory: &[u8], mark: &[u8]) -> Vec<u64> {
    memchr::memmem::find_iter(memory, mark)
        .filter_map(|start| memory.get(start + mark.len()..start + mark.len() + 16))
        .filter_map(|digits| str::from_utf8(digits).ok())
        .filter_map(|digits| u64::from_str_radix(digits, 16).ok())
        .collect()
}

#[tokio::test]
async fn after_thousands_of_checks_their_tokens_are_not_in_the_memory_of_the_process() {
    let cache = Cache::ttl(Duration::from_secs(3_600));
    let auth = auth_server().cache(cache).build().expect("a handle");
    for _ in 0..2 {
        for number in 0..SESSIONS {
            let verdict = auth.validate(&cookie(number)).await;
            assert_eq!(verdict.is_ok(), !number.is_multiple_of(2), "{number}");
        }
    }
    assert!(auth.readiness().cached_sessions > 2_000);

    write_over_what_is_free();
    let found = tokens_in_memory().len();
    assert!(
        found <= LEFT_BEHIND,
        "{found} of {SESSIONS} tokens are still in memory"
    );

    let kept: Vec<_> = (0..SESSIONS).map(token).collect();
    assert_eq!(
        tokens_in_memory().len(),
        kept.len(),
        "what is kept is found"
    );
}
