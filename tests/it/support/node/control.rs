//! What the Node server offers beside Better Auth, so that tests can look behind it.

use std::time::Duration;

use serde_json::{Value, json};

use super::BetterAuthServer;

/// What the database does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Database {
    Ok,
    Throw,
    Hang,
}

/// A request that reached the server.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) url: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl Recorded {
    fn of(request: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let raw = request["rawHeaders"].as_array().expect("a flat list");
        let headers = raw
            .chunks(2)
            .map(|pair| (text(&pair[0]).to_ascii_lowercase(), text(&pair[1])));
        Self {
            method: text(&request["method"]),
            url: text(&request["url"]),
            headers: headers.collect(),
        }
    }

    /// The value of a header that came exactly once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} came twice");
        value
    }
}

impl BetterAuthServer {
    pub(crate) async fn database(&self, mode: Database) {
        let mode = format!("{mode:?}").to_ascii_lowercase();
        self.control("database", Some(json!({"mode": mode}))).await;
    }

    /// Lets every request wait that long.
    pub(crate) async fn delay(&self, delay: Duration) {
        let ms = json!({"ms": delay.as_millis()});
        self.control("delay", Some(ms)).await;
    }

    /// How many requests arrived since the last time that this was asked.
    pub(crate) async fn take_count(&self) -> u64 {
        let answer = self.control("requests/reset", Some(json!({}))).await;
        answer["reset"].as_u64().expect("a number")
    }

    /// Changes exactly one row behind Better Auth's back, as an administrator with SQL does.
    pub(crate) async fn update(&self, model: &str, found_by: Value, set: Value) {
        let change = json!({"model": model, "where": found_by, "set": set});
        let answer = self.control("update", Some(change)).await;
        assert_eq!(answer["updated"], 1);
    }

    /// Deletes exactly one row.
    pub(crate) async fn delete(&self, model: &str, found_by: Value) {
        let change = json!({"model": model, "where": found_by});
        let answer = self.control("delete", Some(change)).await;
        assert_eq!(answer["deleted"], 1);
    }

    /// The row of the session with this token.
    pub(crate) async fn session_row(&self, token: &str) -> Value {
        let rows = self.control("rows?model=session", None).await;
        let rows = rows.as_array().expect("rows are a list");
        let row = rows.iter().find(|row| row["token"] == token);
        row.expect("there is such a session").clone()
    }

    /// The session checks that arrived, oldest first.
    pub(crate) async fn checks(&self) -> Vec<Recorded> {
        let requests = self.control("requests", None).await;
        let requests = requests.as_array().expect("requests are a list");
        requests
            .iter()
            .map(Recorded::of)
            .filter(|request| request.method == "GET")
            .collect()
    }

    /// The session checks in which `needle` arrived, for servers that others ask as well.
    pub(crate) async fn checks_with(&self, needle: &str) -> Vec<Recorded> {
        let mut checks = self.checks().await;
        checks.retain(|check| {
            check
                .headers
                .iter()
                .any(|(_, value)| value.contains(needle))
        });
        checks
    }

    /// A cookie value with a good signature, for a token that need not exist.
    pub(crate) async fn sign(&self, token: &str) -> String {
        let answer = self
            .control("sign-cookie", Some(json!({"token": token})))
            .await;
        answer["value"].as_str().expect("a value").to_owned()
    }
}
