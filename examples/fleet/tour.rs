//! Signs people in and out, and looks how long each process goes on knowing them.

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode, header};

use crate::{
    Result, TTL,
    better_auth::{AuthServerOfTheFleet, Member},
    child::Process,
    redis::{Redis, free_address},
};

const PROCESSES: usize = 3;
const PEOPLE: usize = 20;

/// A revocation that takes longer is not on its way.
const PATIENCE: Duration = Duration::from_secs(10);

struct Service {
    url: String,
    _process: Process,
}

pub(crate) async fn run() -> Result<()> {
    let http = Client::builder().no_proxy().build()?;
    let redis = Redis::start()?;
    let first = free_address()?.to_string();
    let receiver = format!("http://{first}/hooks/better-auth");
    let server = AuthServerOfTheFleet::start(&receiver).await?;
    let services = (0..PROCESSES)
        .map(|number| {
            let address = if number == 0 { &first } else { "127.0.0.1:0" };
            start_service(address, server.url(), &redis.url)
        })
        .collect::<Result<Vec<_>>>()?;
    println!(
        "{PROCESSES} processes remember sessions for {TTL:?}; {PEOPLE} people sign in and out.\n"
    );

    let mut delays = vec![Vec::new(); PROCESSES];
    for number in 0..PEOPLE {
        let member = server.sign_up(&http, &format!("person{number}")).await?;
        for service in &services {
            expect(&http, service, &member, StatusCode::OK).await?;
        }
        server.sign_out(&http, &member, &services[0].url).await?;
        let since = Instant::now();
        let waits = services
            .iter()
            .map(|service| refused(&http, service, &member, since));
        for (delays, delay) in delays
            .iter_mut()
            .zip(futures_util::future::join_all(waits).await)
        {
            delays.push(delay?);
        }
    }

    println!("until a session that ended is refused   median     worst");
    for (number, delays) in delays.iter_mut().enumerate() {
        delays.sort_unstable();
        let (median, worst) = (delays[PEOPLE / 2], delays[PEOPLE - 1]);
        println!(
            "process {}                           {median:>9.1?} {worst:>9.1?}",
            number + 1
        );
    }
    Ok(())
}

fn start_service(address: &str, better_auth: &str, redis: &str) -> Result<Service> {
    let mut command = Command::new(env::current_exe()?);
    command
        .env("FLEET_SERVICE", address)
        .env("BETTER_AUTH_URL", better_auth)
        .env("REDIS_URL", redis);
    let (process, url) = Process::start(&mut command)?;
    Ok(Service {
        url,
        _process: process,
    })
}

/// How long after `since` the process refuses the session.
async fn refused(
    http: &Client,
    service: &Service,
    member: &Member,
    since: Instant,
) -> Result<Duration> {
    while since.elapsed() < PATIENCE {
        if ask(http, service, member).await? == StatusCode::UNAUTHORIZED {
            return Ok(since.elapsed());
        }
    }
    Err(format!("{} still knows the session after {PATIENCE:?}", service.url).into())
}

async fn expect(
    http: &Client,
    service: &Service,
    member: &Member,
    expected: StatusCode,
) -> Result<()> {
    match ask(http, service, member).await? {
        status if status == expected => Ok(()),
        status => Err(format!("{} answers {status} instead of {expected}", service.url).into()),
    }
}

async fn ask(http: &Client, service: &Service, member: &Member) -> Result<StatusCode> {
    let request = http.get(format!("{}/me", service.url));
    let request = request.header(header::COOKIE, &member.cookie);
    Ok(request.send().await?.status())
}
