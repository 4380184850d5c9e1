//! Everything that anybody got to see, and what nobody was to.

use std::{
    collections::HashSet,
    error::Error,
    fmt::Debug,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::body::Body;
use bytes::Bytes;
use http::{Response, header, response::Parts};
use http_body_util::BodyExt;
use tracing_subscriber::{fmt::format::FmtSpan, util::SubscriberInitExt};

/// So many bytes in a row of a secret are a secret.
const PIECE: usize = 8;

#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    text: Vec<u8>,
    secrets: HashSet<String>,
}

/// What one answer may hold all the same, each once: it goes to the one to whom it belongs.
#[derive(Default)]
pub(crate) struct Own {
    /// In a `Set-Cookie` that is marked, so that nobody else shows it.
    pub(crate) cookie: Option<String>,
    /// In the body: of Better Auth's own answers, that the proxy passes on unread.
    pub(crate) body: Vec<String>,
}

impl Seen {
    /// Takes down every line that anybody in this process logs, from now on.
    pub(crate) fn listen(&self) {
        let writer = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
            .with_writer(move || writer.clone())
            .finish()
            .init();
    }

    /// Nobody is to see this, now or before.
    pub(crate) fn keep(&self, secret: impl Into<String>) {
        self.lock().secrets.insert(secret.into());
    }

    pub(crate) fn note(&self, what: &str) {
        let text = &mut self.lock().text;
        text.extend_from_slice(what.as_bytes());
        text.push(b'\n');
    }

    pub(crate) fn debug(&self, what: &dyn Debug) {
        self.note(&format!("{what:?} {what:#?}"));
    }

    pub(crate) fn error(&self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.note(&format!("{error} {error:?}"));
            next = error.source();
        }
    }

    pub(crate) fn outcome<T: Debug, E: Error + 'static>(&self, outcome: &Result<T, E>) {
        match outcome {
            Ok(it) => self.debug(it),
            Err(error) => self.error(error),
        }
    }

    pub(crate) async fn response(&self, response: Response<Body>, own: &Own) {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        self.answer(&head, &body, own);
    }

    pub(crate) fn answer(&self, head: &Parts, body: &Bytes, own: &Own) {
        self.debug(head);
        self.note(&without(&String::from_utf8_lossy(body), &own.body));
        // `Debug` of a header that is marked says nothing: what is sent says all.
        for (name, value) in &head.headers {
            let mut line = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if name == header::SET_COOKIE && value.is_sensitive() {
                line = without(&line, own.cookie.as_slice());
            }
            self.note(&line);
        }
    }

    /// What was to be said, and nobody said.
    pub(crate) fn unsaid<'a>(&self, spoken: &[&'a str]) -> Vec<&'a str> {
        let text = &self.lock().text;
        let is_missing = |what: &&&str| memchr::memmem::find(text, what.as_bytes()).is_none();
        spoken.iter().filter(is_missing).copied().collect()
    }

    /// Every piece of a secret, with what stands around it.
    pub(crate) fn pieces(&self) -> Vec<String> {
        let noted = self.lock();
        pieces(&noted.text, &noted.secrets)
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap()
    }
}

impl io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each of these taken out, where it stands first.
fn without(text: &str, own: &[String]) -> String {
    own.iter().fold(text.to_owned(), |text, own| {
        text.replacen(own, "(its owner's)", 1)
    })
}

fn pieces(text: &[u8], secrets: &HashSet<String>) -> Vec<String> {
    let windows = secrets
        .iter()
        .flat_map(|secret| secret.as_bytes().windows(PIECE));
    let windows: HashSet<&[u8]> = windows.collect();
    // The text is long, and hashing slow.
    let pair = |window: &[u8]| usize::from(window[0]) << 8 | usize::from(window[1]);
    let mut may_begin = vec![false; 1 << 16];
    for window in &windows {
        may_begin[pair(window)] = true;
    }
    let found = text
        .windows(PIECE)
        .enumerate()
        .filter(|(_, window)| may_begin[pair(window)] && windows.contains(window));
    found
        .map(|(at, _)| {
            let around = &text[at.saturating_sub(200)..(at + 50).min(text.len())];
            String::from_utf8_lossy(around).into_owned()
        })
        .collect()
}

#[test]
fn a_piece_of_a_secret_is_found() {
    let secrets = HashSet::from(["abcdefghijkl".to_owned()]);
    assert_eq!(pieces(b"x=cdefghij;", &secrets).len(), 1);
    assert_eq!(pieces(b"x=cdefghi;abcdefg;", &secrets).len(), 0);
}

#[test]
fn what_is_the_owners_own_is_left_out_once_and_whole() {
    let own = ["token=abc".to_owned()];
    assert_eq!(
        without("token=abc token=abc", &own),
        "(its owner's) token=abc"
    );
    assert_eq!(without("token=ab", &own), "token=ab");
}
