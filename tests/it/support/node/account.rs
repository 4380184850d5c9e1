use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{Answer, BetterAuthServer, Jar};

const PASSWORD: &str = "correct horse battery staple";

/// Somebody signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// The `Cookie` header of the browser: all cookies that the server set.
    pub(crate) cookie: String,
    pub(crate) user_id: String,
    /// The session token, which is what the database knows the session by.
    pub(crate) token: String,
    pub(crate) email: String,
    pub(crate) jar: Jar,
}

impl SignedIn {
    /// The value of one of the cookies, as it stands in the header.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.cookie
            .split("; ")
            .find_map(|crumb| crumb.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_else(|| panic!("no cookie {name}"))
    }

    /// The signed value of `better-auth.session_token`.
    pub(crate) fn session_token(&self) -> &str {
        self.value("better-auth.session_token")
    }

    fn of(email: &str, mut jar: Jar, answer: &Answer) -> Self {
        jar.apply(&answer.headers);
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        // Sign-in answers `token`, impersonation and `set-active` the whole session.
        let token = answer
            .body
            .get("token")
            .or_else(|| answer.body.pointer("/session/token"));
        Self {
            cookie: jar.header(),
            user_id: text(answer.body.pointer("/user/id")),
            token: text(token),
            email: email.to_owned(),
            jar,
        }
    }
}

impl BetterAuthServer {
    /// A new user with a session. Whose name begins with `admin` is an admin.
    pub(crate) async fn sign_up(&self, name: &str) -> SignedIn {
        self.sign_up_with(name, json!({})).await
    }

    /// A new user with further fields.
    pub(crate) async fn sign_up_with(&self, name: &str, fields: Value) -> SignedIn {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let email = format!("{name}{number}@example.com");
        let mut user = json!({"email": email, "password": PASSWORD, "name": name});
        for (field, value) in fields.as_object().expect("fields are an object") {
            user[field] = value.clone();
        }
        let answer = self.post("sign-up/email", "", &user).await;
        SignedIn::of(&email, Jar::default(), &answer)
    }

    /// A further session of a user, in a browser that may hold cookies already.
    pub(crate) async fn sign_in(&self, user: &SignedIn, jar: Jar) -> SignedIn {
        let credentials = json!({"email": user.email, "password": PASSWORD});
        let answer = self
            .post("sign-in/email", &jar.header(), &credentials)
            .await;
        SignedIn::of(&user.email, jar, &answer)
    }

    /// Calls an endpoint that changes who is signed in, and keeps the cookies that it sets.
    pub(crate) async fn switch(&self, who: &SignedIn, path: &str, body: &Value) -> SignedIn {
        let answer = self.post(path, &who.cookie, body).await;
        SignedIn::of(&who.email, who.jar.clone(), &answer)
    }
}
