//! Whatever cookies a request has: what Better Auth would read from them, it reads from what is forwarded.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use http::{HeaderMap, HeaderValue, header};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::only_cookie_header;
use crate::support::{
    better_call::{parse, trim},
    node,
    recorder::Recorder,
};

const NAMES: [&str; 4] = [
    "better-auth.session_token",
    "__Secure-better-auth.session_token",
    "better-auth.dont_remember",
    "__Secure-better-auth.dont_remember",
];

const PUNCTUATION: &[&str] = &["; ", ";", "=", "\"", ",", " ", "\t", "x=1; "];
const ESCAPES: &[&str] = &["%", "%4", "%41", "%2E", "%C3%A9", "%ED%A0%80", "%22"];

/// `Cookie` lines made of the pieces that parsers disagree about.
fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let name = prop::sample::select(&NAMES[..]).prop_map(|name| name.as_bytes().to_vec());
    let piece = prop_oneof![
        3 => name.clone().prop_map(|name| [name, b"=".to_vec()].concat()),
        1 => name,
        2 => prop::sample::select(PUNCTUATION).prop_map(Vec::from),
        1 => prop::sample::select(ESCAPES).prop_map(Vec::from),
        1 => Just(b"\xA0".to_vec()),
        2 => prop::collection::vec(prop_oneof![0x20_u8..0x7F, 0x80_u8..=0xFF, Just(b'\t')], 1..5),
    ];
    let line = prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat());
    prop::collection::vec(line, 0..4)
}

/// As Node hands several lines to Better Auth: joined, without white space at the ends of each, a character for a byte.
fn as_node_has_it(lines: &[Vec<u8>]) -> String {
    let lines = lines.iter().map(|line| line.trim_ascii());
    let joined = lines.collect::<Vec<_>>().join(&b"; "[..]);
    joined.into_iter().map(char::from).collect()
}

/// Without the pairs whose name is trimmed by JavaScript and by nothing else: those are not forwarded, on purpose, since
/// a browser can be made to send one by a sibling domain, whatever `__Secure-` says.
fn without_disguised(header: &str) -> String {
    let is_honest = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        trim(name) == name.trim_matches([' ', '\t'])
    };
    let pairs: Vec<&str> = header.split(';').filter(is_honest).collect();
    pairs.join(";")
}

fn read(header: &str, name: &str) -> Option<String> {
    let mut cookies = parse(header).into_iter();
    Some(cookies.find(|(known, _)| known == name)?.1)
}

#[test]
fn what_the_server_would_read_from_all_cookies_it_reads_from_those_forwarded() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let recorder = Recorder::signed_in();
    let auth = recorder.handle();
    proptest!(|(lines in lines())| {
        let mut headers = HeaderMap::new();
        for line in &lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        let verdict = runtime.block_on(auth.validate(&headers));
        let sent = without_disguised(&as_node_has_it(&lines));
        match only_cookie_header(&recorder) {
            None => {
                prop_assert!(verdict.is_err());
                for name in &NAMES[..2] {
                    prop_assert_eq!(read(&sent, name).unwrap_or_default(), "", "{:?}", &sent);
                }
            }
            Some(forwarded) => {
                let forwarded = as_node_has_it(&[forwarded]);
                for name in NAMES {
                    prop_assert_eq!(read(&forwarded, name), read(&sent, name), "{:?}", &sent);
                }
                for (name, _) in parse(&forwarded) {
                    prop_assert!(NAMES.contains(&name.as_str()), "{:?} left", name);
                }
            }
        }
    });
}

/// Some thousands of headers, read by the real one and by ours.
#[test]
fn the_server_reads_cookies_as_these_tests_say() {
    let mut runner = TestRunner::default();
    let strategy = lines();
    let count = runner.config().cases.max(3000);
    let headers: Vec<String> = (0..count)
        .map(|_| as_node_has_it(&strategy.new_tree(&mut runner).unwrap().current()))
        .collect();
    let read = parse_with_node(&headers);
    assert_eq!(read.len(), headers.len());
    for (header, real) in headers.iter().zip(read) {
        assert_eq!(parse(header), real, "{header:?}");
    }
}

fn parse_with_node(headers: &[String]) -> Vec<Vec<(String, String)>> {
    let mut child = Command::new("node")
        .arg("parse-cookies.mjs")
        .current_dir(node::directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node 20.19 or newer is in the PATH");
    let input = serde_json::to_string(headers).unwrap();
    // It reads all before it writes anything.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
