//! One call to the auth server, within its deadline.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header};

use super::{
    Answer, Decoder, Questions, Transport,
    classify::{ApiKey, classify},
    error::{Cause, Unavailable},
    reply::read_reply,
};
use crate::{
    credential::{Companions, Credential},
    question::{Question, Replied},
};

/// Asks one auth server.
pub(crate) struct Client {
    pub(crate) questions: Questions,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) decoder: Decoder,
    /// For the whole call: connect, headers and body.
    pub(crate) deadline: Duration,
    /// The most bytes of a body that are read.
    pub(crate) max_body: usize,
}

impl Client {
    /// Asks who it is.
    pub(crate) async fn ask(&self, credential: &Credential, companions: &Companions) -> Answer {
        let request = self.questions.session(credential, companions);
        self.ask_with(request, credential).await
    }

    /// Asks who it is at this moment, past the cookie cache.
    pub(crate) async fn ask_now(&self, credential: &Credential, companions: &Companions) -> Answer {
        let request = self.questions.session_now(credential, companions);
        self.ask_with(request, credential).await
    }

    async fn ask_with(&self, request: Request<Bytes>, credential: &Credential) -> Answer {
        let api_key = match credential.api_key {
            Some(_) => ApiKey::Sent,
            None => ApiKey::NotSent,
        };
        match self.exchange(request).await {
            Err(cause) => cause.into(),
            Ok(response) => {
                let (head, body) = response.into_parts();
                classify(head.status, &head.headers, &body, &self.decoder, api_key)
            }
        }
    }

    pub(crate) async fn ask_about(
        &self,
        question: &Question,
        credential: &Credential,
        companions: &Companions,
    ) -> Result<Replied, Unavailable> {
        let request = self.questions.about(question, credential, companions);
        let request = request.map_err(|error| Cause::Transport(error.into()))?;
        let (head, body) = self.exchange(request).await?.into_parts();
        let reply = read_reply(question, head.status, &head.headers, &body)?;
        let set_cookies = head.headers.get_all(header::SET_COOKIE).iter().cloned();
        Ok(Replied {
            reply,
            set_cookies: set_cookies.collect(),
        })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cause> {
        let exchange = self.transport.exchange(request, self.max_body);
        match tokio::time::timeout(self.deadline, exchange).await {
            Ok(result) => result,
            Err(_) => Err(Cause::Deadline(self.deadline)),
        }
    }
}
