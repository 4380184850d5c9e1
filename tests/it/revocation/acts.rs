//! What people and admins do at Better Auth, and how long it takes until that counts in every application.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::get};
use futures_util::future::join_all;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tower_better_auth::{BetterAuth, CurrentSession, CurrentUser, Require, SessionAuth};

use crate::support::{
    node::{BetterAuthServer, Jar, SignedIn},
    probe::{send, with_cookie},
};

/// No act may take longer to count.
pub(crate) const BAR: Duration = Duration::from_secs(1);

/// Half of them may take no longer.
const TYPICALLY: Duration = Duration::from_millis(50);

/// A Better Auth server, and applications that remember its sessions.
pub(crate) struct World {
    pub(crate) server: BetterAuthServer,
    pub(crate) places: Vec<Place>,
    delays: Mutex<Vec<(&'static str, Duration)>>,
}

/// Where an application runs.
pub(crate) enum Place {
    Here(Router),
    /// In another process.
    There {
        http: reqwest::Client,
        url: String,
    },
}

/// What an application answered.
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

pub(crate) fn app(auth: BetterAuth) -> Router {
    let owners = Require::organization_role("org", ["owner"]);
    Router::new()
        .route("/me", get(async |user: CurrentUser| Json(user)))
        .route(
            "/session",
            get(async |session: CurrentSession| Json(session)),
        )
        .route(
            "/admin",
            get(async || ()).route_layer(Require::role("admin")),
        )
        .route("/organizations/{org}", get(async || ()).route_layer(owners))
        .route_layer(SessionAuth::new(auth))
}

impl Place {
    pub(crate) async fn get(&self, cookie: &str, path: &str) -> Seen {
        match self {
            Self::Here(app) => {
                let seen = send(app.clone(), with_cookie(path, cookie)).await;
                Seen {
                    status: seen.status,
                    body: serde_json::from_str(&seen.body).unwrap_or_default(),
                }
            }
            Self::There { http, url } => {
                let request = http.get(format!("{url}{path}"));
                let response = request.header(header::COOKIE, cookie).send().await.unwrap();
                Seen {
                    status: response.status(),
                    body: response.json().await.unwrap_or_default(),
                }
            }
        }
    }
}

impl Seen {
    fn summary(&self) -> String {
        let code = self.body["code"].as_str().unwrap_or_default();
        format!("{} {code}", self.status.as_u16())
            .trim_end()
            .to_owned()
    }
}

impl World {
    pub(crate) fn new(server: BetterAuthServer, places: Vec<Place>) -> Self {
        Self {
            server,
            places,
            delays: Mutex::default(),
        }
    }

    /// A new user, whose session is remembered.
    pub(crate) async fn remembered(&self, name: &str) -> SignedIn {
        let user = self.server.sign_up(name).await;
        self.remember(&user).await;
        user
    }

    async fn another_session(&self, user: &SignedIn) -> SignedIn {
        let session = self.server.sign_in(user, Jar::default()).await;
        self.remember(&session).await;
        session
    }

    pub(crate) async fn remember(&self, who: &SignedIn) {
        for place in &self.places {
            assert_eq!(place.get(&who.cookie, "/me").await.status, StatusCode::OK);
        }
    }

    /// Waits until it holds everywhere, and notes how long that was after the act's answer.
    pub(crate) async fn until(&self, act: &'static str, holds: impl AsyncFn(&Place) -> bool) {
        let answered = Instant::now();
        let waits = self.places.iter().map(async |place| {
            while !holds(place).await {
                assert!(answered.elapsed() < 20 * BAR, "{act} is not noticed");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            answered.elapsed()
        });
        let delays = join_all(waits).await.into_iter();
        self.delays
            .lock()
            .unwrap()
            .extend(delays.map(|delay| (act, delay)));
    }

    pub(crate) async fn until_refused(&self, act: &'static str, who: &SignedIn) {
        let is_refused = async |place: &Place| {
            let seen = place.get(&who.cookie, "/me").await;
            assert!(
                [200, 401].contains(&seen.status.as_u16()),
                "{act}: {}",
                seen.summary()
            );
            seen.status == StatusCode::UNAUTHORIZED
        };
        self.until(act, is_refused).await;
        for place in &self.places {
            assert_eq!(
                place.get(&who.cookie, "/me").await.summary(),
                "401 INVALID_SESSION"
            );
        }
    }

    /// The longest delay so far.
    pub(crate) fn longest(&self) -> Duration {
        let delays = self.delays.lock().unwrap();
        delays
            .iter()
            .map(|(_, delay)| *delay)
            .max()
            .unwrap_or_default()
    }

    pub(crate) async fn do_as(&self, who: &SignedIn, path: &str, body: Value) -> Value {
        self.server.post(path, &who.cookie, &body).await.body
    }

    /// Prints typical and worst delays, and holds them against the bar.
    #[allow(clippy::print_stdout)]
    pub(crate) fn judge(&self, source: &str) {
        let delays = self.delays.lock().unwrap();
        let mut acts: Vec<&str> = delays.iter().map(|(act, _)| *act).collect();
        acts.dedup();
        acts.sort_unstable();
        acts.dedup();
        for act in acts {
            let of_act = delays.iter().filter(|(one, _)| *one == act);
            let line = Line::of(of_act.map(|(_, delay)| *delay));
            println!("{source}: {act:<28} {line}");
        }
        let all = Line::of(delays.iter().map(|(_, delay)| *delay));
        println!("{source}: {:<28} {all}", "all");
        assert!(all.p99 < BAR && all.p50 < TYPICALLY, "{source}: {all}");
    }

    pub(crate) async fn every_act(&self, rounds: usize) {
        let admin = self.server.sign_up("admin").await;
        for _ in 0..rounds {
            self.of_ones_own().await;
            self.of_an_admin(&admin).await;
            self.in_an_organization().await;
        }
    }

    async fn of_ones_own(&self) {
        let ada = self.remembered("ada").await;
        self.do_as(&ada, "sign-out", json!({})).await;
        self.until_refused("sign-out", &ada).await;

        let ada = self.another_session(&ada).await;
        let second = self.another_session(&ada).await;
        let third = self.another_session(&ada).await;
        let token = json!({"token": second.token});
        self.do_as(&ada, "revoke-session", token).await;
        self.until_refused("revoke one", &second).await;
        self.do_as(&ada, "revoke-other-sessions", json!({})).await;
        self.until_refused("revoke others", &third).await;
        self.remember(&ada).await;
        self.do_as(&ada, "revoke-sessions", json!({})).await;
        self.until_refused("revoke all", &ada).await;

        let ada = self.another_session(&ada).await;
        let name = json!({"name": "Ada Lovelace"});
        self.do_as(&ada, "update-user", name).await;
        let has_name = async |place: &Place| {
            place.get(&ada.cookie, "/me").await.body["name"] == "Ada Lovelace"
        };
        self.until("user updated", has_name).await;
        let password = json!({"password": "correct horse battery staple"});
        self.do_as(&ada, "delete-user", password).await;
        self.until_refused("user deleted", &ada).await;
    }

    async fn of_an_admin(&self, admin: &SignedIn) {
        let ada = self.remembered("ada").await;
        let user = json!({"userId": ada.user_id});
        let role = json!({"userId": ada.user_id, "role": "admin"});
        self.do_as(admin, "admin/set-role", role).await;
        let is_admin =
            async |place: &Place| place.get(&ada.cookie, "/admin").await.status == StatusCode::OK;
        self.until("role changed", is_admin).await;

        self.do_as(admin, "admin/ban-user", user.clone()).await;
        self.until_refused("ban", &ada).await;
        self.do_as(admin, "admin/unban-user", user.clone()).await;
        let ada = self.another_session(&ada).await;
        let token = json!({"sessionToken": ada.token});
        self.do_as(admin, "admin/revoke-user-session", token).await;
        self.until_refused("admin revokes one", &ada).await;
        let ada = self.another_session(&ada).await;
        self.do_as(admin, "admin/revoke-user-sessions", user.clone())
            .await;
        self.until_refused("admin revokes all", &ada).await;

        // Nobody impersonates an admin, which ada is by now.
        let bob = json!({"userId": self.server.sign_up("bob").await.user_id});
        let impersonated = self
            .server
            .switch(admin, "admin/impersonate-user", &bob)
            .await;
        self.remember(&impersonated).await;
        self.do_as(&impersonated, "admin/stop-impersonating", json!({}))
            .await;
        self.until_refused("impersonation ends", &impersonated)
            .await;
        let ada = self.another_session(&ada).await;
        self.do_as(admin, "admin/remove-user", user).await;
        self.until_refused("admin removes user", &ada).await;
    }

    async fn in_an_organization(&self) {
        let (grace, ada) = (self.remembered("grace").await, self.remembered("ada").await);
        let slug = grace.user_id.to_lowercase();
        let organization =
            json!({"name": "Navy", "slug": slug, "keepCurrentActiveOrganization": true});
        let organization = self
            .do_as(&grace, "organization/create", organization)
            .await;
        let id = organization["id"].as_str().unwrap();
        self.remember(&grace).await;
        let active = json!({"organizationId": id});
        self.do_as(&grace, "organization/set-active", active.clone())
            .await;
        let is_active = async |place: &Place| {
            let session = place.get(&grace.cookie, "/session").await;
            session.body["session"]["activeOrganizationId"] == id
        };
        self.until("organization set active", is_active).await;

        let invitation = json!({"email": ada.email, "role": "member", "organizationId": id});
        let invitation = self
            .do_as(&grace, "organization/invite-member", invitation)
            .await;
        let invitation = json!({"invitationId": invitation["id"]});
        let accepted = self
            .do_as(&ada, "organization/accept-invitation", invitation)
            .await;
        let path = format!("/organizations/{id}");
        let status = async |place: &Place| place.get(&ada.cookie, &path).await.summary();
        for place in &self.places {
            assert_eq!(status(place).await, "403 INSUFFICIENT_ORGANIZATION_ROLE");
        }
        let role =
            json!({"memberId": accepted["member"]["id"], "role": "owner", "organizationId": id});
        self.do_as(&grace, "organization/update-member-role", role)
            .await;
        let is_owner = async |place: &Place| status(place).await == "200";
        self.until("organization role changed", is_owner).await;
        let member = json!({"memberIdOrEmail": ada.email, "organizationId": id});
        self.do_as(&grace, "organization/remove-member", member)
            .await;
        let is_out = async |place: &Place| status(place).await == "403 NOT_AN_ORGANIZATION_MEMBER";
        self.until("organization member removed", is_out).await;
    }
}

/// Milliseconds, over some delays.
struct Line {
    count: usize,
    p50: Duration,
    p99: Duration,
}

impl Line {
    fn of(delays: impl Iterator<Item = Duration>) -> Self {
        let mut delays: Vec<Duration> = delays.collect();
        delays.sort_unstable();
        let at = |percent: usize| delays[(delays.len() * percent).div_ceil(100) - 1];
        Self {
            count: delays.len(),
            p50: at(50),
            p99: at(99),
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { count, p50, p99 } = self;
        write!(
            f,
            "{count:>4} times, typically {p50:>9.1?}, p99 {p99:>9.1?}"
        )
    }
}
