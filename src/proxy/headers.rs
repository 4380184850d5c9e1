//! Which headers pass, there and back.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;

use super::refusal::Refusal;
use crate::{client::FORWARDED_FOR, credential::API_KEY};

/// The most that the headers of a request may take: 64 KiB. Node takes 16 KiB, unless it is told to take more.
const MOST: usize = 64 * 1024;

/// What a line takes beside its name and its value ([RFC 9113, 6.5.2](https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2)).
const LINE: usize = 32;

/// For the next hop only ([RFC 9110, 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)), beside what
/// `Connection` lists.
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
];

/// Written anew for the auth server. The length is that of the body itself, so that no two servers count differently.
const WRITTEN_ANEW: [HeaderName; 4] = [
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::HOST,
];

/// What is said to caches where the auth server says nothing, as Better Auth before 1.6.24: some CDNs keep what says nothing.
const PRIVATE: HeaderValue = HeaderValue::from_static("private");

/// Where balancers and CDNs write a client's address, and clients that come around them.
const ADDRESSES: [&str; 19] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fastly-client-ip",
    "do-connecting-ip",
    "fly-client-ip",
    "incap-client-ip",
    "cloudfront-viewer-address",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-envoy-external-address",
    "x-nf-client-connection-ip",
    "x-sucuri-clientip",
    "x-vercel-forwarded-for",
];
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the auth server is told about the client, and about the address that it used.
#[derive(Debug, Default)]
pub(super) struct Introduction<'a> {
    pub(super) cookie: Option<HeaderValue>,
    pub(super) client_ip: Option<IpAddr>,
    pub(super) public: Option<&'a PublicOrigin>,
}

/// Where browsers find the app.
#[derive(Clone, Debug)]
pub(super) struct PublicOrigin {
    pub(super) scheme: HeaderValue,
    pub(super) authority: HeaderValue,
}

/// Refuses what would take too much memory while it waits.
pub(super) fn check_size(headers: &HeaderMap) -> Result<(), Refusal> {
    let lines = headers.iter();
    let sizes = lines.map(|(name, value)| name.as_str().len() + value.len() + LINE);
    if sizes.sum::<usize>() > MOST {
        return Err(Refusal::HeadersTooLarge);
    }
    Ok(())
}

/// The headers of a request, for the auth server.
pub(super) fn there(headers: &HeaderMap, introduction: Introduction<'_>) -> HeaderMap {
    let mut headers = end_to_end(headers.clone());
    for name in &WRITTEN_ANEW {
        headers.remove(name);
    }
    let claims: SmallVec<[HeaderName; 4]> = headers
        .keys()
        .filter(|name| is_claim(name))
        .cloned()
        .collect();
    for name in &claims {
        headers.remove(name);
    }
    let Introduction {
        cookie,
        client_ip,
        public,
    } = introduction;
    let client_ip =
        client_ip.and_then(|ip| HeaderValue::from_str(&ip.to_canonical().to_string()).ok());
    for (name, value) in [
        (header::COOKIE, cookie),
        (FORWARDED_FOR, client_ip),
        (
            FORWARDED_HOST,
            public.map(|public| public.authority.clone()),
        ),
        (FORWARDED_PROTO, public.map(|public| public.scheme.clone())),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    hide(&mut headers, &[header::AUTHORIZATION, API_KEY]);
    headers
}

/// The headers of an answer, for the client.
pub(super) fn back(headers: HeaderMap) -> HeaderMap {
    let mut headers = end_to_end(headers);
    headers.entry(header::CACHE_CONTROL).or_insert(PRIVATE);
    hide(&mut headers, &[header::SET_COOKIE]);
    headers
}

/// Keeps credentials out of the logs of whoever comes to see them.
fn hide(headers: &mut HeaderMap, names: &[HeaderName]) {
    for (name, value) in headers.iter_mut() {
        if names.contains(name) {
            value.set_sensitive(true);
        }
    }
}

fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    let listed: SmallVec<[HeaderName; 4]> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in listed.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers
}

/// Whether it is a client's word about its own address, or about the one that it used. Some servers read `_` as `-`.
fn is_claim(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    name.starts_with("x-forwarded")
        || name.starts_with("x-original-")
        || ADDRESSES.contains(&&*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        headers
    }

    fn lines(headers: &HeaderMap) -> Vec<(&str, &str)> {
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        lines.sort_by_key(|(name, _)| *name);
        lines
    }

    #[test]
    fn what_is_for_the_next_hop_stays_here_both_ways() {
        let sent = headers(&[
            ("connection", "close, X-Internal"),
            ("connection", " x-other ,, é"),
            ("x-internal", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic x"),
            ("proxy-authenticate", "Basic"),
            ("te", "trailers"),
            ("trailer", "x-sum"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABkAAQAAP__"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, br"),
            ("x-a", "1"),
            ("x-a", "2"),
        ]);
        let passed = [
            ("accept", "application/json"),
            ("accept-encoding", "gzip, br"),
            ("x-a", "1"),
            ("x-a", "2"),
        ];
        assert_eq!(lines(&there(&sent, Introduction::default())), passed);
        let mut back = back(sent);
        back.remove("cache-control");
        assert_eq!(lines(&back), passed);
    }

    #[test]
    fn cookies_of_an_answer_pass_in_order_and_untouched() {
        let sent = headers(&[
            ("set-cookie", "b.session_token=; Max-Age=0"),
            ("content-length", "2"),
            ("set-cookie", "b.session_token=a%2Bb=, c; Path=/"),
            ("set-cookie", "b.session_token=a%2Bb=, c; Path=/"),
            ("location", "//elsewhere.example/"),
            ("cache-control", "no-store"),
        ]);
        assert_eq!(back(sent.clone()), sent);
    }

    /// Better Auth before 1.6.24 says nothing about caches, and some CDNs keep what says nothing.
    #[test]
    fn an_answer_that_says_nothing_about_caches_is_kept_out_of_shared_ones() {
        for (said, expected) in [
            (&[][..], "private"),
            (&[("cache-control", "no-store")], "no-store"),
            (
                &[("cache-control", "public, max-age=60")],
                "public, max-age=60",
            ),
        ] {
            assert_eq!(lines(&back(headers(said))), [("cache-control", expected)]);
        }
    }

    #[test]
    fn what_a_client_says_about_its_address_is_dropped_and_ours_is_sent() {
        let sent = headers(&[
            ("forwarded", "for=1.1.1.1"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2, 3.3.3.3"),
            ("x_forwarded_for", "1.1.1.1"),
            ("x-forwarded_for", "1.1.1.1"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-prefix", "/evil"),
            ("x-forwarded", "1.1.1.1"),
            ("x-real-ip", "1.1.1.1"),
            ("x_real_ip", "1.1.1.1"),
            ("x-client-ip", "1.1.1.1"),
            ("x-cluster-client-ip", "1.1.1.1"),
            ("true-client-ip", "1.1.1.1"),
            ("cf-connecting-ip", "1.1.1.1"),
            ("cf_connecting_ip", "1.1.1.1"),
            ("cf-connecting-ipv6", "::1"),
            ("fastly-client-ip", "1.1.1.1"),
            ("do-connecting-ip", "1.1.1.1"),
            ("fly-client-ip", "1.1.1.1"),
            ("incap-client-ip", "1.1.1.1"),
            ("cloudfront-viewer-address", "1.1.1.1"),
            ("x-appengine-user-ip", "1.1.1.1"),
            ("x-azure-clientip", "1.1.1.1"),
            ("x-azure-socketip", "1.1.1.1"),
            ("x-envoy-external-address", "1.1.1.1"),
            ("x-nf-client-connection-ip", "1.1.1.1"),
            ("x-sucuri-clientip", "1.1.1.1"),
            ("x-vercel-forwarded-for", "1.1.1.1"),
            ("x-original-forwarded-for", "1.1.1.1"),
            ("x-original-host", "evil.example"),
            ("host", "evil.example"),
            ("expect", "100-continue"),
            ("content-length", "7"),
            ("cookie", "theme=dark"),
            ("origin", "https://app.example"),
        ]);
        assert_eq!(
            lines(&there(&sent, Introduction::default())),
            [("origin", "https://app.example")]
        );
        let public = PublicOrigin {
            scheme: HeaderValue::from_static("https"),
            authority: HeaderValue::from_static("app.example"),
        };
        let introduction = Introduction {
            cookie: Some(HeaderValue::from_static("b.state=1")),
            client_ip: Some("::ffff:10.0.0.9".parse().unwrap()),
            public: Some(&public),
        };
        assert_eq!(
            lines(&there(&sent, introduction)),
            [
                ("cookie", "b.state=1"),
                ("origin", "https://app.example"),
                ("x-forwarded-for", "10.0.0.9"),
                ("x-forwarded-host", "app.example"),
                ("x-forwarded-proto", "https"),
            ]
        );
    }

    /// A client may list any header, and so take away its own, but none of ours.
    #[test]
    fn connection_cannot_take_away_what_is_added_here() {
        let sent = headers(&[("connection", "x-forwarded-for, cookie, host")]);
        let introduction = Introduction {
            client_ip: Some("10.0.0.9".parse().unwrap()),
            ..Introduction::default()
        };
        assert_eq!(
            lines(&there(&sent, introduction)),
            [("x-forwarded-for", "10.0.0.9")]
        );
    }
}
