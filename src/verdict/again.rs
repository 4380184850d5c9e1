//! What there is to ask with again, after the request is gone.

use std::sync::Arc;

use http::{Extensions, HeaderMap};

use super::{Ask, BoxFuture, Verdict, Watch};
use crate::{
    credential::{Companions, Inquiry},
    types::AuthSession,
};

/// A credential, and whom to ask about it.
#[derive(Clone)]
pub(crate) struct Again {
    asker: Arc<dyn Ask>,
    inquiry: Arc<Inquiry>,
    /// How much had been revoked before the session was looked at.
    seen: u64,
}

impl Again {
    /// With what the request shows here and now, but for what is about that one request.
    pub(crate) fn new(
        asker: Arc<dyn Ask>,
        seen: u64,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Self {
        let inquiry = asker.inquire(headers, extensions);
        let companions = Companions {
            client_ip: inquiry.companions.client_ip,
            ..Companions::default()
        };
        let inquiry = Arc::new(Inquiry {
            companions,
            ..inquiry
        });
        Self {
            asker,
            inquiry,
            seen,
        }
    }

    pub(crate) fn asker(&self) -> &dyn Ask {
        &*self.asker
    }

    /// To hear of what has been revoked since the session was looked at.
    pub(crate) fn watch(&self, session: &Arc<AuthSession>) -> Watch {
        self.asker.watchers().watch(session, self.seen)
    }

    /// The verdict of this moment, past every cache.
    pub(crate) fn ask_now(&self) -> BoxFuture<'static, Verdict> {
        let (asker, inquiry) = (Arc::clone(&self.asker), Arc::clone(&self.inquiry));
        Box::pin(async move { asker.ask_now(&inquiry).await })
    }
}
