//! What is asked of every kind of server.

use std::time::{Duration, SystemTime};

use axum::{Router, routing::get};
use serde_json::{Value, json};
use tower_better_auth::{BetterAuth, Require, SessionAuth};

use super::{
    Outcome,
    cell::{Cell, Plugin, Version},
};
use crate::support::{
    app::App,
    node::{BetterAuthServer, Database, Jar, SignedIn},
    probe::{send, with_cookie},
};

/// The first one whose customSession plugin takes `disableRefresh` from a URL.
const CUSTOM_SESSION_IS_ASKED: Version = Version(1, 6, 6);

/// The first one whose customSession plugin does not answer `null` when the database is down.
const CUSTOM_SESSION_OUTAGE: Version = Version(1, 7, 10);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Probe {
    cell: Cell,
    version: Version,
    server: BetterAuthServer,
    app: App,
    ada: SignedIn,
}

pub(super) async fn probe(cell: Cell, version: Version) -> Outcome {
    let server = BetterAuthServer::start(cell.config());
    let app = App::required(BetterAuth::new(server.url()).unwrap());
    let ada = server.sign_up("ada").await;
    let probe = Probe {
        cell,
        version,
        server,
        app,
        ada,
    };
    probe.is_what_it_says();
    if cell.plugin == Plugin::CustomSession && version < CUSTOM_SESSION_IS_ASKED {
        probe.me(&probe.ada).await.assert_unavailable();
        return Outcome::Skipped("customSession before 1.6.6 refuses `disableRefresh`: 503");
    }
    probe.somebody_and_nobody().await;
    probe.what_the_plugin_is_for().await;
    probe.nothing_is_refreshed().await;
    probe.the_cookie_cache_is_not_asked().await;
    probe.an_outage().await;
    probe.the_end_of_a_session().await;
    Outcome::Passed
}

impl Probe {
    async fn me(&self, who: &SignedIn) -> crate::support::app::Seen {
        self.app.get_as(&who.cookie, "/me").await
    }

    /// The cookies of a browser show that the server is set up as the cell says.
    fn is_what_it_says(&self) {
        let (data, _) = self.cell.names("session_data");
        let has_data = self.ada.cookie.contains(&format!("{data}="))
            || self.ada.cookie.contains(&format!("{data}.0="));
        assert_eq!(has_data, self.cell.cache != "off", "{}", self.ada.cookie);
        let (name, other) = self.cell.names("session_token");
        assert!(!self.ada.value(&name).is_empty());
        assert!(!self.ada.jar.header().starts_with(&other));
    }

    async fn somebody_and_nobody(&self) {
        let (name, other) = self.cell.names("session_token");
        let value = self.ada.value(&name);
        self.me(&self.ada).await.assert_user(&self.ada.user_id);
        let again = self.server.sign_in(&self.ada, Jar::default()).await;
        self.me(&again).await.assert_user(&self.ada.user_id);

        let ask = async |cookie: &str| self.app.get_as(cookie, "/me").await;
        ask("theme=dark").await.assert_unauthenticated();
        let first = if value.starts_with('x') { "y" } else { "x" };
        let tampered = format!("{first}{}", &value[1..]);
        ask(&self.ada.cookie.replace(value, &tampered))
            .await
            .assert_invalid();
        ask(&format!("{other}={value}")).await.assert_invalid();
    }

    async fn what_the_plugin_is_for(&self) {
        match self.cell.plugin {
            Plugin::Plain => {}
            Plugin::Admin => self.admin().await,
            Plugin::Bearer => self.bearer().await,
            Plugin::CustomSession => {
                assert_eq!(self.me(&self.ada).await.body["newField"], "x");
            }
            Plugin::MultiSession => self.multi_session().await,
            Plugin::Organization => self.organization().await,
        }
    }

    async fn admin(&self) {
        let (admin, eve) = (
            self.server.sign_up("admin").await,
            self.server.sign_up("eve").await,
        );
        self.app.get_as(&admin.cookie, "/admin").await.assert_ok();
        let refused = self.app.get_as(&eve.cookie, "/admin").await;
        refused.assert_refused(403, "INSUFFICIENT_ROLE");
        let ban = json!({"userId": eve.user_id});
        self.server
            .post("admin/ban-user", &admin.cookie, &ban)
            .await;
        self.me(&eve).await.assert_invalid();
    }

    async fn bearer(&self) {
        let accepting = BetterAuth::builder(self.server.url())
            .accept_bearer()
            .build();
        let bearer = format!("Bearer {}", self.ada.token);
        let headers = [("authorization", &bearer)];
        let accepting = App::required(accepting.unwrap());
        let me = accepting.get("/me", &headers).await;
        me.assert_user(&self.ada.user_id);
        let me = self.app.get("/me", &headers).await;
        me.assert_unauthenticated();
    }

    async fn multi_session(&self) {
        let eve = self.server.sign_up("eve").await;
        let both = self.server.sign_in(&eve, self.ada.jar.clone()).await;
        self.me(&both).await.assert_user(&eve.user_id);
        let token = json!({"sessionToken": self.ada.token});
        let switched = self
            .server
            .switch(&both, "multi-session/set-active", &token)
            .await;
        self.me(&switched).await.assert_user(&self.ada.user_id);
    }

    async fn organization(&self) {
        let eve = self.server.sign_up("eve").await;
        let body = json!({"name": "Org", "slug": "org"});
        let path = "organization/create";
        let organization = self.server.post(path, &self.ada.cookie, &body).await.body;
        let id = organization["id"].as_str().unwrap();
        let session = self.app.get_as(&self.ada.cookie, "/session").await;
        assert_eq!(session.body["session"]["activeOrganizationId"], id);

        let members = get(async || ()).route_layer(Require::organization_role("org", ["owner"]));
        let app = Router::new()
            .route("/{org}", members)
            .layer(SessionAuth::new(
                BetterAuth::new(self.server.url()).unwrap(),
            ));
        for (who, expected) in [(&self.ada, "200"), (&eve, "403 NOT_AN_ORGANIZATION_MEMBER")] {
            let request = with_cookie(&format!("/{id}"), &who.cookie);
            assert_eq!(send(app.clone(), request).await.summary(), expected);
        }
    }

    /// A session that is due for a refresh stays as it is: the browser would not hear of it.
    async fn nothing_is_refreshed(&self) {
        let due = self.leave(&self.ada, SystemTime::now() + DAY).await;
        let me = self.me(&self.ada).await;
        me.assert_ok();
        assert!(!me.headers.contains_key("set-cookie"), "{me:?}");
        let row = self.server.session_row(&self.ada.token).await;
        assert_eq!(row["expiresAt"], due);
    }

    async fn leave(&self, who: &SignedIn, until: SystemTime) -> Value {
        let until = json!(humantime::format_rfc3339_millis(until).to_string());
        let (found_by, set) = (json!({"token": who.token}), json!({"expiresAt": until}));
        self.server.update("session", found_by, set).await;
        until
    }

    async fn the_cookie_cache_is_not_asked(&self) {
        let (found_by, set) = (json!({"id": self.ada.user_id}), json!({"name": "Grace"}));
        self.server.update("user", found_by, set).await;
        assert_eq!(self.me(&self.ada).await.body["name"], "Grace");

        let revoked = self.server.sign_in(&self.ada, Jar::default()).await;
        self.me(&revoked).await.assert_ok();
        let token = json!({"token": revoked.token});
        self.server
            .post("revoke-session", &self.ada.cookie, &token)
            .await;
        self.me(&revoked).await.assert_invalid();
        self.me(&self.ada).await.assert_ok();
    }

    async fn an_outage(&self) {
        self.server.database(Database::Throw).await;
        let me = self.me(&self.ada).await;
        // Nobody can tell its answer from that about a session that has ended.
        if self.cell.plugin == Plugin::CustomSession && self.version < CUSTOM_SESSION_OUTAGE {
            me.assert_invalid();
        } else {
            me.assert_unavailable();
        }
        self.server.database(Database::Ok).await;
        self.me(&self.ada).await.assert_user(&self.ada.user_id);
    }

    async fn the_end_of_a_session(&self) {
        let old = self.server.sign_in(&self.ada, Jar::default()).await;
        self.leave(&old, SystemTime::now() - Duration::from_secs(1))
            .await;
        self.me(&old).await.assert_invalid();

        self.server
            .post("sign-out", &self.ada.cookie, &json!({}))
            .await;
        self.me(&self.ada).await.assert_invalid();
    }
}
