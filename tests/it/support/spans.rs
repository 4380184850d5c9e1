//! The spans that are opened while a piece of code runs.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{Arc, LazyLock, Mutex},
};

use tracing::{
    Dispatch, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

/// A span, with what was recorded on it by its end.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) parent: Option<u64>,
    pub(crate) follows: Vec<u64>,
    fields: BTreeMap<&'static str, String>,
}

impl Opened {
    /// As text; empty where nothing was recorded.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Opened>>>);

impl Collector {
    /// Ids are used again: the last one counts.
    fn with(&self, id: &Id, change: impl FnOnce(&mut Opened)) {
        let mut spans = self.0.lock().unwrap();
        let id = id.into_u64();
        change(spans.iter_mut().rfind(|span| span.id == id).unwrap());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let opened = Opened {
            id: id.into_u64(),
            name: attributes.metadata().name(),
            parent: context
                .span(id)
                .unwrap()
                .parent()
                .map(|it| it.id().into_u64()),
            follows: Vec::new(),
            fields: fields.0,
        };
        self.0.lock().unwrap().push(opened);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.with(id, |span| span.fields.extend(fields.0));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: Context<'_, S>) {
        self.with(id, |span| span.follows.push(follows.into_u64()));
    }
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// While only one subscriber is known to the process, `tracing` asks the one of the thread that comes by a span first
/// whether anybody listens to it, and remembers a no of a test that does not. With this one there are always two.
static LISTENS: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// So that no test's silence is remembered.
pub(super) fn listen() {
    LazyLock::force(&LISTENS);
}

/// Runs `future` on a runtime of one thread; gives its output and every span whose name begins with `prefix`.
pub(crate) fn of<T>(prefix: &str, future: impl Future<Output = T>) -> (T, Vec<Opened>) {
    listen();
    let collector = Collector::default();
    let subscriber = tracing_subscriber::registry().with(collector.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let output = tracing::subscriber::with_default(subscriber, || runtime.block_on(future));
    drop(runtime);
    let mut spans = collector.0.lock().unwrap().clone();
    spans.retain(|span| span.name.starts_with(prefix));
    (output, spans)
}
