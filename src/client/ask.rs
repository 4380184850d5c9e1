//! One call to the auth server, within its deadline.

use std::{sync::Arc, time::Duration};

use super::{
    Answer, Decoder, Questions, Transport,
    classify::{ApiKey, classify},
    error::Cause,
};
use crate::credential::{Companions, Credential};

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
    pub(crate) async fn ask(&self, credential: &Credential, companions: &Companions) -> Answer {
        let api_key = match credential.api_key {
            Some(_) => ApiKey::Sent,
            None => ApiKey::NotSent,
        };
        let request = self.questions.write(credential, companions);
        let exchange = self.transport.exchange(request, self.max_body);
        match tokio::time::timeout(self.deadline, exchange).await {
            Err(_) => Cause::Deadline(self.deadline).into(),
            Ok(Err(cause)) => cause.into(),
            Ok(Ok(response)) => {
                let (head, body) = response.into_parts();
                classify(head.status, &head.headers, &body, &self.decoder, api_key)
            }
        }
    }
}
