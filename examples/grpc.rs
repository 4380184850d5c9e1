//! A gRPC service for admins, with tonic.
//!
//! Serves tonic's health service behind `SessionAuth` and a guard, and calls it as nobody, as a user and as an admin:
//! refusals arrive as gRPC statuses. Starts an auth server of its own, because it needs an admin and an outage.
//!
//! ```sh
//! cargo run --example grpc   # fails if anything is not as expected
//! ```
//!
//! ```text
//! who                        expected           seen
//! nobody                     Unauthenticated    Unauthenticated
//! a user                     PermissionDenied   PermissionDenied
//! an admin                   Ok                 Ok
//! an admin, in an outage     Unavailable        Unavailable
//! ```
#![allow(clippy::print_stdout)]

use std::{error::Error, process::ExitCode};

use http::HeaderValue;
use tokio::net::TcpListener;
use tonic::{
    Code, Request,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower_better_auth::{
    BetterAuth, Require, SessionAuth,
    testing::{AuthServer, Fault, user},
};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let auth_server = AuthServer::start().await;
    let ada = auth_server.sign_in(user("ada").role("user")).cookie();
    let grace = auth_server.sign_in(user("grace").role("admin")).cookie();

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let auth = BetterAuth::new(auth_server.url())?;
    tokio::spawn(serve(listener, auth));
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .connect()
        .await?;
    let mut client = HealthClient::new(channel);

    println!("{:<26} {:<18} seen", "who", "expected");
    let mut is_as_expected = true;
    for (who, cookie, expected) in [
        ("nobody", None, Code::Unauthenticated),
        ("a user", Some(&ada), Code::PermissionDenied),
        ("an admin", Some(&grace), Code::Ok),
        ("an admin, in an outage", Some(&grace), Code::Unavailable),
    ] {
        if expected == Code::Unavailable {
            auth_server.fail_with(Fault::DatabaseDown);
        }
        let seen = call(&mut client, cookie).await?;
        println!("{who:<26} {:<18} {seen:?}", format!("{expected:?}"));
        is_as_expected &= seen == expected;
    }
    Ok(if is_as_expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The first layer is the outermost: the session is checked before the role.
async fn serve(listener: TcpListener, auth: BetterAuth) -> Result<(), tonic::transport::Error> {
    let (_, health) = tonic_health::server::health_reporter();
    Server::builder()
        .layer(SessionAuth::new(auth))
        .layer(Require::role("admin"))
        .add_service(health)
        .serve_with_incoming(TcpIncoming::from(listener))
        .await
}

/// Sends the cookie as metadata, which is what gRPC calls headers.
async fn call(
    client: &mut HealthClient<Channel>,
    cookie: Option<&HeaderValue>,
) -> Result<Code, Box<dyn Error>> {
    let mut request = Request::new(HealthCheckRequest::default());
    if let Some(cookie) = cookie {
        request
            .metadata_mut()
            .insert("cookie", cookie.to_str()?.parse()?);
    }
    Ok(match client.check(request).await {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    })
}
