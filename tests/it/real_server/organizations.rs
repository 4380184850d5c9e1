//! What somebody is in an organization, and what they may do there: as the server says it on the very next request.

use axum::{Router, routing::get};
use serde_json::{Value, json};
use tower_better_auth::{Require, SessionAuth};

use super::default_handle;
use crate::support::{
    node::{BetterAuthServer, Database, SignedIn},
    probe::{send, with_cookie},
};

const NO_MEMBER: &str = "403 NOT_AN_ORGANIZATION_MEMBER";
const NO_ROLE: &str = "403 INSUFFICIENT_ORGANIZATION_ROLE";
const NOT_PERMITTED: &str = "403 PERMISSION_REQUIRED";

/// An owner, a member, and their organization.
struct Company {
    server: BetterAuthServer,
    owner: SignedIn,
    member: SignedIn,
    organization: String,
    app: Router,
}

impl Company {
    async fn found() -> Self {
        let server = BetterAuthServer::start(json!({}));
        let (owner, member) = (
            server.sign_up("owner").await,
            server.sign_up("member").await,
        );
        let body = json!({"name": "Acme", "slug": "acme"});
        let founded = server
            .post("organization/create", &owner.cookie, &body)
            .await;
        let organization = founded.body["id"].as_str().unwrap().to_owned();
        let body = json!({"email": member.email, "role": "member", "organizationId": organization});
        let invited = server
            .post("organization/invite-member", &owner.cookie, &body)
            .await;
        let body = json!({"invitationId": invited.body["id"]});
        server
            .post("organization/accept-invitation", &member.cookie, &body)
            .await;
        Self {
            app: app(&server),
            server,
            owner,
            member,
            organization,
        }
    }

    /// What the member sees there.
    async fn seen(&self, path: &str) -> String {
        let uri = format!("/{path}/{}", self.organization);
        let request = with_cookie(&uri, &self.member.cookie);
        send(self.app.clone(), request).await.summary()
    }

    async fn all(&self) -> [String; 3] {
        [
            self.seen("member").await,
            self.seen("admin").await,
            self.seen("may").await,
        ]
    }

    async fn member_row(&self) -> Value {
        let path = format!(
            "organization/list-members?organizationId={}",
            self.organization
        );
        let answer = self.server.get(&path, &self.owner.cookie).await;
        let members = answer.body["members"].as_array().unwrap().clone();
        let is_member = |row: &Value| row["userId"] == self.member.user_id.as_str();
        members.into_iter().find(is_member).unwrap()
    }
}

fn app(server: &BetterAuthServer) -> Router {
    let handler = || get(async || ());
    let may = Require::organization_permission("org", "invitation", ["create"]);
    Router::new()
        .route(
            "/member/{org}",
            handler().route_layer(Require::organization_member("org")),
        )
        .route(
            "/admin/{org}",
            handler().route_layer(Require::organization_role("org", ["admin"])),
        )
        .route("/may/{org}", handler().route_layer(may))
        .layer(SessionAuth::new(default_handle(server)))
}

#[tokio::test]
async fn a_role_and_its_permissions_hold_from_the_next_request_on() {
    let company = Company::found().await;
    assert_eq!(company.all().await, ["200", NO_ROLE, NOT_PERMITTED]);

    let body = json!({
        "memberId": company.member_row().await["id"],
        "role": ["member", "admin"],
        "organizationId": company.organization,
    });
    let path = "organization/update-member-role";
    company
        .server
        .post(path, &company.owner.cookie, &body)
        .await;
    assert_eq!(company.all().await, ["200", "200", "200"]);
}

#[tokio::test]
async fn a_member_whom_somebody_else_removed_is_none_although_the_session_still_names_the_organization()
 {
    let company = Company::found().await;
    let organization = company.organization.as_str();
    let body = json!({"organizationId": organization});
    let path = "organization/set-active";
    company
        .server
        .post(path, &company.member.cookie, &body)
        .await;
    assert_eq!(company.seen("member").await, "200");

    let body = json!({"memberIdOrEmail": company.member.email, "organizationId": organization});
    let path = "organization/remove-member";
    company
        .server
        .post(path, &company.owner.cookie, &body)
        .await;
    assert_eq!(company.all().await, [NO_MEMBER, NO_MEMBER, NOT_PERMITTED]);
    let row = company.server.session_row(&company.member.token).await;
    assert_eq!(row["activeOrganizationId"], organization);
}

#[tokio::test]
async fn an_organization_that_is_not_there_has_no_members() {
    let mut company = Company::found().await;
    company.organization = "no-such-organization".to_owned();
    assert_eq!(company.all().await, [NO_MEMBER, NO_MEMBER, NOT_PERMITTED]);
}

#[tokio::test]
async fn a_database_that_fails_is_an_outage_and_no_missing_membership() {
    let company = Company::found().await;
    company.server.database(Database::Throw).await;
    for path in ["member", "admin", "may"] {
        assert_eq!(company.seen(path).await, "503 AUTH_SERVICE_UNAVAILABLE");
    }
}
