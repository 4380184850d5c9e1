//! Against the server of `examples/better-auth` and its plugin: from the answer to an act to the moment when it counts
//! here, where sessions are remembered for five minutes.

use std::{
    future::Future,
    sync::Mutex,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_better_auth::{BetterAuth, Cache, Require, SessionAuth, webhooks::Revocations};

use super::{SECRET, TTL};
#[cfg(feature = "redis")]
use crate::support::own_redis::Redis;
use crate::support::{
    app::App,
    node::{BetterAuthServer, Jar, SignedIn},
    probe::{send, with_cookie},
};

/// No act may take longer to count.
const BAR: Duration = Duration::from_secs(1);

/// Half of them may take no longer.
const TYPICALLY: Duration = Duration::from_millis(50);

/// How often each act is measured.
const ROUNDS: usize = 10;

/// A Better Auth server, and an application that remembers its sessions.
struct World {
    server: BetterAuthServer,
    app: App,
    organizations: Router,
    delays: Mutex<Vec<(&'static str, Duration)>>,
}

impl World {
    /// One that is told by webhooks.
    async fn told() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = BetterAuthServer::example(&receiver(&listener), "");
        let builder = BetterAuth::builder(server.url()).cache(Cache::ttl(TTL));
        let auth = builder.build().unwrap();
        serve(listener, auth.revocations(SECRET).unwrap());
        Self::new(server, auth)
    }

    /// One that watches Better Auth's Redis.
    #[cfg(feature = "redis")]
    async fn watching(redis: &Redis) -> Self {
        let server = BetterAuthServer::example("", redis.url());
        let builder = BetterAuth::builder(server.url()).cache(Cache::ttl(TTL));
        let auth = builder.build().unwrap();
        let watch = auth.watch_secondary_storage(redis.url(), "better-auth:");
        tokio::spawn(watch.unwrap());
        redis.until_watched().await;
        Self::new(server, auth)
    }

    fn new(server: BetterAuthServer, auth: BetterAuth) -> Self {
        let owners = Require::organization_role("org", ["owner"]);
        let organizations = Router::new()
            .route("/organizations/{org}", get(async || ()).route_layer(owners))
            .layer(SessionAuth::new(auth.clone()));
        Self {
            server,
            app: App::required(auth),
            organizations,
            delays: Mutex::default(),
        }
    }

    /// A new user, whose session is remembered.
    async fn remembered(&self, name: &str) -> SignedIn {
        let user = self.server.sign_up(name).await;
        self.remember(&user).await;
        user
    }

    async fn another_session(&self, user: &SignedIn) -> SignedIn {
        let session = self.server.sign_in(user, Jar::default()).await;
        self.remember(&session).await;
        session
    }

    async fn remember(&self, who: &SignedIn) {
        self.app.get_as(&who.cookie, "/me").await.assert_ok();
    }

    async fn do_as(&self, who: &SignedIn, path: &str, body: Value) -> Value {
        self.server.post(path, &who.cookie, &body).await.body
    }

    /// Waits until it holds, and notes how long that was after the act's answer.
    async fn until<F: Future<Output = bool>>(&self, act: &'static str, holds: impl Fn() -> F) {
        let answered = Instant::now();
        while !holds().await {
            assert!(answered.elapsed() < 20 * BAR, "{act} is not noticed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut delays = self.delays.lock().unwrap();
        delays.push((act, answered.elapsed()));
    }

    async fn until_refused(&self, act: &'static str, who: &SignedIn) {
        let is_refused = async || self.app.get_as(&who.cookie, "/me").await.status == 401;
        self.until(act, is_refused).await;
        let me = self.app.get_as(&who.cookie, "/me").await;
        me.assert_invalid();
    }

    /// Prints typical and worst delays, and holds them against the bar.
    #[allow(clippy::print_stdout)]
    fn judge(&self, source: &str) {
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

    async fn every_act(&self) {
        let admin = self.server.sign_up("admin").await;
        for _ in 0..ROUNDS {
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
        let has_name = async || {
            let me = self.app.get_as(&ada.cookie, "/me").await;
            me.body["name"] == "Ada Lovelace"
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
        let is_admin = async || self.app.get_as(&ada.cookie, "/admin").await.status == 200;
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
        let is_active = async || {
            let session = self.app.get_as(&grace.cookie, "/session").await;
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
        let status = async || {
            let request = with_cookie(&path, &ada.cookie);
            send(self.organizations.clone(), request).await.summary()
        };
        assert_eq!(status().await, "403 INSUFFICIENT_ORGANIZATION_ROLE");
        let role =
            json!({"memberId": accepted["member"]["id"], "role": "owner", "organizationId": id});
        self.do_as(&grace, "organization/update-member-role", role)
            .await;
        let is_owner = async || status().await == "200";
        self.until("organization role changed", is_owner).await;
        let member = json!({"memberIdOrEmail": ada.email, "organizationId": id});
        self.do_as(&grace, "organization/remove-member", member)
            .await;
        let is_out = async || status().await == "403 NOT_AN_ORGANIZATION_MEMBER";
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

fn receiver(listener: &TcpListener) -> String {
    let address = listener.local_addr().unwrap();
    format!("http://{address}/hooks/better-auth")
}

fn serve(listener: TcpListener, revocations: Revocations) {
    let app = Router::new().route_service("/hooks/better-auth", revocations);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_or_changes_at_better_auth_counts_here_within_a_second() {
    let world = World::told().await;
    world.every_act().await;
    world.judge("webhooks");
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_or_changes_in_better_auths_redis_counts_here_within_a_second() {
    let redis = Redis::start();
    let world = World::watching(&redis).await;
    world.every_act().await;
    world.judge("redis");
}

#[tokio::test]
async fn a_receiver_that_is_away_holds_up_nobody_and_is_told_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, url) = (listener.local_addr().unwrap(), receiver(&listener));
    drop(listener);
    let server = BetterAuthServer::example(&url, "");
    let builder = BetterAuth::builder(server.url()).cache(Cache::ttl(TTL));
    let auth = builder.build().unwrap();
    let world = World::new(server, auth.clone());
    let ada = world.remembered("ada").await;
    let began = Instant::now();
    world.do_as(&ada, "sign-out", json!({})).await;
    assert!(began.elapsed() < BAR, "{:?}", began.elapsed());
    world.remember(&ada).await;
    let listener = TcpListener::bind(address).await.unwrap();
    serve(listener, auth.revocations(SECRET).unwrap());
    world.until_refused("sign-out", &ada).await;
}

#[tokio::test]
async fn a_server_that_starts_again_has_everything_forgotten() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = receiver(&listener);
    let server = BetterAuthServer::example(&url, "");
    let builder = BetterAuth::builder(server.url()).cache(Cache::ttl(TTL));
    let auth = builder.build().unwrap();
    serve(listener, auth.revocations(SECRET).unwrap());
    let world = World::new(server, auth);
    // What it is told at the start may come after the first session.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ada = world.remembered("ada").await;
    world.server.kill();
    world.remember(&ada).await;
    let _restarted = BetterAuthServer::example(&url, "");
    let is_forgotten = async || world.app.get_as(&ada.cookie, "/me").await.status == 503;
    world.until("everything", is_forgotten).await;
}
