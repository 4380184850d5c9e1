//! The form that was chosen on a layer, and what it needs to know of a request.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};

use super::{
    Rejection, ResponseBody,
    complete::{complete, keep_from_caches, keep_what_was_added},
    grpc, json,
    respond::{KeptHead, Respond},
};

const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"better-auth\"");

/// How refusals are put into words on one layer.
#[derive(Clone)]
pub(crate) struct Form {
    respond: Option<Arc<Respond>>,
    /// Whether a bearer token would help.
    challenges_for_bearer: bool,
}

/// What is kept of a request, for a rejection that comes after it has gone on.
pub(crate) enum Asked {
    /// A gRPC call, with its content type.
    Grpc(HeaderValue),
    /// Nothing: the form does not look at the request.
    Nothing,
    Head(Box<KeptHead>),
}

/// In the extensions of a response: the nearest layer has given it its form, and layers further out leave it alone.
#[derive(Clone)]
struct Formed;

impl Form {
    /// JSON.
    pub(crate) fn new(challenges_for_bearer: bool) -> Self {
        let respond = None;
        Self {
            respond,
            challenges_for_bearer,
        }
    }

    pub(crate) fn with(&mut self, respond: Box<Respond>) {
        self.respond = Some(respond.into());
    }

    pub(crate) fn keep<B>(&self, request: &Request<B>) -> Asked {
        match (grpc::content_type(request), &self.respond) {
            (Some(content_type), _) => Asked::Grpc(content_type),
            (None, None) => Asked::Nothing,
            (None, Some(_)) => Asked::Head(Box::new(KeptHead::of(request))),
        }
    }

    pub(crate) fn render(&self, rejection: Rejection, asked: &Asked) -> Response<Bytes> {
        let mut response = match (asked, &self.respond) {
            (Asked::Grpc(content_type), _) => grpc::render(&rejection, content_type.clone()),
            (Asked::Head(head), Some(respond)) => respond(&rejection, &head.borrow()),
            (Asked::Nothing | Asked::Head(_), _) => json::respond(&rejection),
        };
        complete(rejection, &mut response);
        self.challenge(response)
    }

    /// Says what would help, and that the response has its form.
    fn challenge<B>(&self, mut response: Response<B>) -> Response<B> {
        if self.challenges_for_bearer && response.status() == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .append(header::WWW_AUTHENTICATE, BEARER);
        }
        response.extensions_mut().insert(Formed);
        response
    }

    /// Gives a rejection that came from within its form. Leaves all other responses alone, and those that became
    /// something else on their way.
    pub(crate) fn render_again<B>(
        &self,
        response: Response<B>,
        asked: &Asked,
    ) -> Response<ResponseBody<B>> {
        let extensions = response.extensions();
        let rejection = match extensions.get::<Rejection>() {
            Some(rejection) if extensions.get::<Formed>().is_none() => rejection,
            _ => return response.map(ResponseBody::inner),
        };
        if response.status() != rejection.status() {
            return response.map(ResponseBody::inner);
        }
        if matches!(asked, Asked::Nothing) {
            // It is in the default form already, or a layer in between has given it another.
            let mut response = self.challenge(response);
            keep_from_caches(response.headers_mut());
            return response.map(ResponseBody::inner);
        }
        let mut rendered = self.render(rejection.clone(), asked);
        let (mut head, _) = response.into_parts();
        keep_what_was_added(head.headers, &mut rendered);
        head.extensions
            .extend(std::mem::take(rendered.extensions_mut()));
        *rendered.extensions_mut() = head.extensions;
        rendered.map(ResponseBody::refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rejection::{RequestHead, render},
        verdict::Verdict,
    };

    fn signed_out() -> Rejection {
        Rejection::unless_active(Verdict::SignedOut).unwrap_err()
    }

    fn in_own_words() -> Form {
        let mut form = Form::new(false);
        form.with(Box::new(|rejection: &Rejection, _: &RequestHead<'_>| {
            let mut response = Response::new(Bytes::from_static(b"own words"));
            *response.status_mut() = rejection.status();
            response
        }));
        form
    }

    #[test]
    fn only_a_401_challenges_and_for_a_token_only_where_it_would_help() {
        for (challenges_for_bearer, rejection, expected) in [
            (true, signed_out(), 2),
            (false, signed_out(), 1),
            (true, Rejection::misconfigured(), 0),
            (false, Rejection::misconfigured(), 0),
        ] {
            let form = Form::new(challenges_for_bearer);
            let response = form.render(rejection, &Asked::Nothing);
            let lines = response.headers().get_all(header::WWW_AUTHENTICATE);
            assert_eq!(lines.iter().count(), expected, "{challenges_for_bearer}");
        }
    }

    #[test]
    fn a_rejection_from_within_is_put_into_the_form_of_the_nearest_layer() {
        let form = in_own_words();
        let asked = form.keep(&Request::new(()));
        let mut from_within = render(signed_out());
        let added = HeaderValue::from_static("1");
        from_within.headers_mut().insert("x-request-id", added);
        from_within.extensions_mut().insert(7_u8);

        let response = form.render_again(from_within, &asked);
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers().get(header::CONTENT_TYPE), None);
        assert_eq!(response.headers()["x-request-id"], "1");
        assert_eq!(response.extensions().get(), Some(&7_u8));
        assert_eq!(response.extensions().get(), Some(&signed_out()));

        // Whoever is further out leaves it alone.
        let before = response.headers().clone();
        let outer = Form::new(true);
        let response = outer.render_again(response, &Asked::Nothing);
        assert_eq!(response.headers(), &before);
    }

    #[test]
    fn what_is_no_rejection_or_no_longer_one_is_left_alone() {
        let form = in_own_words();
        let asked = form.keep(&Request::new(()));
        let mut became_another = render(signed_out());
        *became_another.status_mut() = StatusCode::NOT_FOUND;
        let mut unrelated = Response::new(Bytes::new());
        *unrelated.status_mut() = StatusCode::UNAUTHORIZED;
        for response in [became_another, unrelated] {
            let (status, headers) = (response.status(), response.headers().clone());
            let response = form.render_again(response, &asked);
            assert_eq!(response.status(), status);
            assert_eq!(response.headers(), &headers);
        }
    }
}
